"""What a dynamic calibrator is told, and what is wrong with this one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instruments.device import Value
from instruments.errors import Refused

MODES = ("standby", "zero", "span", "ozone", "gpt")
PORTS = ("a", "b", "c", "d", "e", "f")


class Hidden(BaseModel):
    """The unit's hidden truth; all per cent, of reading unless named full scale (fs); offset in nmol/mol.

    The ozone of a lamp fluctuates by 0.5 to 1 % or 1 nmol/mol, whichever is more (recalled); these are two standard
    deviations here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    gas_flow_span_pct: float = 0.0
    gas_flow_offset_pct_fs: float = 0.0
    gas_flow_nonlinearity_pct_fs: float = 0.0
    zero_flow_span_pct: float = 0.0
    zero_flow_offset_pct_fs: float = 0.0
    flow_repeatability_pct: float = 0.1
    photometer_error_pct: float = 0.0
    photometer_offset: float = 0.0
    ozone_table_error_pct: float = 0.0
    ozone_fluctuation_pct: float = Field(default=0.5, ge=0.0)
    ozone_fluctuation: float = Field(default=1.0, ge=0.0)
    lamp_flow_change_pct: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the calibrator as they stand; see the catalogue for units."""

    calibrator_mode: str = "standby"
    gas: str = "a"
    concentration: float = 0.0
    ozone: float = 0.0
    total_flow: float = 5.0
    mode: str = "remote"
    gas_unit: str = "ppb"
    instrument_id: int = 51
    power: bool = True


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "calibrator_mode": MODES,
    "gas": PORTS,
    "mode": ("local", "remote", "service"),
    "gas_unit": ("ppb", "ppm"),
}


def with_setting(settings: Settings, key: str, value: Value) -> Settings:
    """Return ``settings`` with one changed. Raises Refused if there is none such, or not with that value."""
    if key not in Settings.__dataclass_fields__:
        raise Refused("unknown", key)
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise Refused("invalid", f"{key}: expected one of {', '.join(_CHOICES[key])}")
    elif key == "power":
        if not isinstance(value, bool):
            raise Refused("invalid", "power is true or false")
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("invalid", f"{key} is a number")
    elif key == "instrument_id":
        if not 0 <= value <= 127 or value != int(value):
            raise Refused("invalid", "instrument_id is a whole number from 0 to 127")
        value = int(value)
    elif value < 0.0:
        raise Refused("too low", f"{key} is not negative")
    else:
        value = float(value)
    return replace(settings, **{key: value})  # type: ignore[arg-type]


def with_hidden(hidden: Hidden, key: str, value: Value) -> Hidden:
    """Return ``hidden`` with one cause changed. Raises Refused if there is none such, or not with that value."""
    if key not in Hidden.model_fields:
        raise Refused("unknown", f"hidden.{key}")
    try:
        return Hidden.model_validate({**hidden.model_dump(), key: value})
    except ValidationError as error:
        raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None
