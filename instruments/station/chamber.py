"""A climatic chamber: the air around the instruments that stand in it has the temperature that it is set to.

Its set point is reached at a steady rate, as the standards ask (1 K/min at the most), and held with a small wander.
Gases and pressure are those of the room that the chamber stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.atmosphere import Site
from instruments.history import GasSeries, put
from instruments.plumbing import TEMPERATURE
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, interpolated
from instruments.steps import SECOND_US, Hidden
from instruments.unit import Unit

_WANDER_S = 900.0
"""Time in which a chamber's wander forgets itself: the period of its controller (this project's choice)."""


class ChamberHidden(Hidden):
    """What is wrong with a chamber.

    Attributes:
        capacity: power of its heater and its cooler over that of a good one: how fast it moves and how far it gets.
        sensor_error_c: what the sensor that it is controlled by reads too high.
    """

    capacity: float = Field(default=1.0, ge=0.0, le=1.5)
    sensor_error_c: float = Field(default=0.0, ge=-20.0, le=20.0)


@dataclass(frozen=True, slots=True)
class _Leg:
    """From ``second`` on the air goes from ``begin`` to ``end`` (degrees C) at ``rate`` K/s, and stays."""

    second: int
    begin: float
    end: float
    rate: float

    def at(self, seconds: FloatArray) -> FloatArray:
        """Temperature at these seconds, none before the leg's own."""
        left = np.maximum(abs(self.end - self.begin) - self.rate * (seconds - self.second), 0.0)
        return np.asarray(self.end - np.sign(self.end - self.begin) * left)


class _Inside(GasSeries):
    """The air in the chamber."""

    def __init__(self, chamber: Chamber, site: Site) -> None:
        super().__init__()
        self._chamber, self._room = chamber, site.room
        site.room.on_change(self)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        put(rows, self._room.gas(first, last))
        rows[TEMPERATURE] = self._chamber.temperature(first, last)


class Chamber(Unit):
    """The chamber with its sensor. Instruments stand in :attr:`inside`."""

    step_s = 10
    hidden_model = ChamberHidden
    hidden: ChamberHidden
    diagnostics = ("temperature",)
    report_only: ClassVar[frozenset[str]] = frozenset({"instrument_id"})
    firmware = "1.0"
    inside: _Inside

    def _equip(self) -> None:
        super()._equip()
        self._wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/wander", _WANDER_S)
        self._legs: list[_Leg] = []

    def place(self, site: Site) -> None:
        """Stand in ``site.room``; at the epoch the chamber is at its set point, or as warm as the room."""
        super().place(site)
        self.inside = _Inside(self, site)
        self.made = (self.inside,)
        begin = self.number("setpoint") - self.hidden.sensor_error_c if self.warm_at_start else self._room_c(0)
        self._legs = [self._leg(0, begin)]

    def temperature(self, first: int, last: int) -> FloatArray:
        """Temperature inside, degrees C, seconds ``first`` to ``last`` (exclusive)."""
        seconds = np.arange(first, last, dtype=np.float64)
        mean = np.empty(last - first)
        ends = [leg.second for leg in self._legs[1:]] + [last]
        for leg, end in zip(self._legs, ends, strict=True):
            low, high = max(leg.second, first) - first, min(end, last) - first
            if low < high:
                mean[low:high] = leg.at(seconds[low:high])
        wander = interpolated(self._wander, first, last, MINUTE_S)
        return np.asarray(mean + self.entry.parameter("wander") * wander)

    def recompute(self, t_us: int) -> None:
        """The air goes another way from the next second on."""
        second = t_us // SECOND_US + 1
        self._legs = [leg for leg in self._legs if leg.second <= second] or self._legs[:1]
        present = float(self._legs[-1].at(np.array([float(second)]))[0])
        self._legs.append(self._leg(second, present))
        super().recompute(t_us)

    def _leg(self, second: int, begin: float) -> _Leg:
        """The way from ``begin`` on, as set point, power and capacity are now."""
        room, hidden, figures = self._room_c(second), self.hidden, self.entry.parameter
        if not self.powered:
            return _Leg(second, begin, room, figures("idle_rate") / 60.0)
        reach = figures("reach") * hidden.capacity
        wanted = self.number("setpoint") - hidden.sensor_error_c
        end = min(max(wanted, room - reach), room + reach)
        rate = max(figures("ramp") * hidden.capacity, figures("idle_rate"))
        return _Leg(second, begin, end, rate / 60.0)

    def _room_c(self, second: int) -> float:
        return float(self.site.room.gas(second, second + 1).temperature_c[0])

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the ten-second steps: what its sensor shows."""
        air = self.inside.gas(first * self.step_s, last * self.step_s).temperature_c[self.step_s - 1 :: self.step_s]
        step = self.entry.parameter("temperature_step")
        return np.asarray(np.round((air + self.hidden.sensor_error_c) / step) * step)[None, :]
