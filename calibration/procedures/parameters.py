"""What a plan may set, procedure by procedure. Each field is a plan parameter; its mark says where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from rig.units import parse_quantity


def _seconds(value: object) -> object:
    return parse_quantity(value, "time") if isinstance(value, str) else value


def _litres_per_minute(value: object) -> object:
    return parse_quantity(value, "flow") if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
LitresPerMinute = Annotated[float, BeforeValidator(_litres_per_minute), Field(gt=0)]


Percent = Annotated[float, Field(ge=0, le=100)]
"""A level, % of full scale."""


def _each_once(levels: list[float]) -> list[float]:
    twice = sorted({level for level in levels if levels.count(level) > 1})
    if twice:
        raise ValueError(f"each level once ({', '.join(f'{level:g}' for level in twice)} stands twice)")
    return levels


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


WaitKey = Literal["default", "so2", "no", "no2", "o3", "co"]
"""Gases that a shortest wait may be given for; ``no2`` is that of a titration."""


def _least_waits() -> dict[WaitKey, float]:
    return {"default": 120.0}


class Stability(_Parameters):
    """When a reading is stable (a window, by slope and scatter) and how long to wait for it."""

    window: Seconds = 300.0
    poll: Seconds = Field(default=10.0, gt=0)
    least: dict[WaitKey, Seconds] = Field(default_factory=_least_waits)
    most: Seconds = 3600.0
    drift_pct_full_scale: float = Field(default=0.15, gt=0)
    scatter_pct_full_scale: float = Field(default=0.6, gt=0)
    slow_noise: float = Field(
        default=0.5, ge=0, description="noise too slow for a window to see or average out, over the readings' scatter"
    )
    slow_noise_time: Seconds = Field(default=3600.0, description="how long the slow noise remembers where it was")

    def least_for(self, gas: str) -> float:
        """Shortest wait before a window begins, seconds."""
        waits: Mapping[str, float] = {str(key): seconds for key, seconds in self.least.items()}
        return waits.get(gas, waits.get("default", 0.0))

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.window < 2.0 * self.poll:
            raise ValueError(f"a window of at least two polls ({2.0 * self.poll:g} s), to hold three readings")
        longest = max(self.least.values(), default=0.0) + self.window
        if self.most < longest:
            raise ValueError(f"most of at least {longest:g} s, the longest least with its window")
        return self


class GasPlan(_Parameters):
    """How gas is made for every procedure."""

    total_flow: LitresPerMinute = 5.0
    stability: Stability = Stability()


class ZeroSpanPlan(_Parameters):
    """Zero/span check."""

    span_pct: float = Field(default=80.0, gt=0, le=100)
    adjust: Literal["never", "if-needed"] = "never"


class MultipointPlan(_Parameters):
    """Multipoint calibration."""

    levels_pct: Annotated[list[Percent], AfterValidator(_each_once)] = Field(
        default=[0.0, 10.0, 20.0, 40.0, 60.0, 80.0], min_length=3
    )
    order: Literal["ascending", "descending"] = "ascending"


class ConverterPlan(_Parameters):
    """NOx converter efficiency by gas-phase titration."""

    no_pct: float = Field(default=90.0, gt=0, le=100)
    ozone_pct: Annotated[list[Annotated[Percent, Field(gt=0)]], AfterValidator(_each_once)] = Field(
        default=[16.0, 32.0, 48.0, 64.0], min_length=1
    )
    total_flow: LitresPerMinute = 4.0
    least_no_remainder_pct: float = Field(default=10.0, ge=0)
    least_no2_made_pct: float = Field(default=5.0, gt=0, description="of the NO original")
    most_original_change_pct: float = Field(default=1.0, gt=0)
    most_residence_min: float = Field(default=2.0, gt=0)
    least_dynamic_parameter: float = Field(default=2.75, gt=0)
    repeats: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _leaves_no(self) -> Self:
        most = self.no_pct * (1.0 - self.least_no_remainder_pct / 100.0)
        if max(self.ozone_pct) > most:
            raise ValueError(f"ozone_pct up to {most:g}, so that {self.least_no_remainder_pct:g} % of the NO remain")
        return self

    @field_validator("ozone_pct")
    @classmethod
    def _a_point_or_a_line(cls, value: list[float]) -> list[float]:
        if len(value) == 2:
            raise ValueError("one titration (its own ratio), or three and more (a line)")
        return value
