"""What plans set: units of their values, and how gas is made and waited for. Each procedure has its own beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rig.units import parse_quantity


def _seconds(value: object) -> object:
    return parse_quantity(value, "time") if isinstance(value, str) else value


def _litres_per_minute(value: object) -> object:
    return parse_quantity(value, "flow") if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
LitresPerMinute = Annotated[float, BeforeValidator(_litres_per_minute), Field(gt=0)]


Percent = Annotated[float, Field(ge=0, le=100)]
"""A level, % of full scale."""


def each_level_once(levels: list[float]) -> list[float]:
    """Validator: no level stands twice."""
    twice = sorted({level for level in levels if levels.count(level) > 1})
    if twice:
        raise ValueError(f"each level once ({', '.join(f'{level:g}' for level in twice)} stands twice)")
    return levels


Levels = Annotated[list[Percent], AfterValidator(each_level_once)]
"""Levels, % of full scale, each once."""


class Parameters(BaseModel):
    """What a plan may set of one procedure."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


WaitKey = Literal["default", "so2", "no", "no2", "o3", "co"]
"""Gases that a shortest wait may be given for; ``no2`` is that of a titration."""


def _least_waits() -> dict[WaitKey, float]:
    return {"default": 120.0}


class Stability(Parameters):
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
    settling_poll: Seconds = Field(default=0.0, description="time between readings before any can count; 0: as later")
    first: Seconds = Field(default=0.0, description="for this long after a gas is offered, readings come more often")
    first_poll: Seconds = Field(default=2.0, gt=0, description="time between them")

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


class GasPlan(Parameters):
    """How gas is made for every procedure."""

    total_flow: LitresPerMinute = 5.0
    stability: Stability = Stability()

    def wait(self, gas: str) -> float:
        """Least time that a level of ``gas`` takes, s: shortest wait and one window."""
        return self.stability.least_for(gas) + self.stability.window
