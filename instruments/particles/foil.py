"""Calibration foils: each belongs to one monitor and carries that monitor's serial number on its certificate."""

from __future__ import annotations

from instruments.device import Value
from instruments.errors import Refused
from instruments.signal import WhiteNoise

_SPREAD = 0.04
"""Relative spread of foils about their nominal mass: this project's choice; two foils differ by some per cent."""


def foil_density(value: Value, serial: str, nominal_mg_cm2: float) -> float:
    """Mass per area of the foil that is placed, mg/cm2.

    Args:
        value: True for the unit's own foil, the serial number of the unit that a foil belongs to, or its mass per area.
        serial: the unit's own serial number.
        nominal_mg_cm2: nominal mass per area of this kind of foil.

    Raises:
        Refused: ``value`` is no foil.
    """
    if isinstance(value, bool):
        if not value:
            raise Refused("invalid", "place_foil: true, a serial number or a mass per area")
        return foil_density(serial, serial, nominal_mg_cm2)
    if isinstance(value, int | float):
        if not 0.0 < value < 10.0:
            raise Refused("invalid", f"place_foil: {value!r} mg/cm2 is no foil")
        return float(value)
    if not isinstance(value, str):
        raise Refused("invalid", f"place_foil: {value!r} is no foil")
    normal = float(WhiteNoise(0, f"foil of {value}").values(0, 1)[0])
    return nominal_mg_cm2 * (1.0 + _SPREAD * max(min(normal, 2.0), -2.0))
