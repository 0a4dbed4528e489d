"""Wind: Weibull speeds, a direction that persists and turns by day and night and behind fronts, gusts."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr

from instruments.air import FloatArray
from instruments.ambient.climate import Wind
from instruments.ambient.paths import ShortMemory

EDDY_S = 4.0
"""Correlation time of gusts within a minute, seconds (choice of this project)."""

_NOISE_S = 60.0


class Gusts:
    """Gusts by the second.

    Args:
        seed: root seed.
        name: full name.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._eddies = [ShortMemory(seed, f"{name}/wind/{axis}", EDDY_S, 1.0) for axis in ("east", "north")]

    @staticmethod
    def strength(speed_m_s: FloatArray) -> FloatArray:
        """Return the standard deviation of each component, m/s: a quarter of the speed in town (recalled)."""
        return 0.08 + 0.25 * speed_m_s

    def seconds(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Return gusts by the second, of whole minutes: mean 0 and (on average) variance 1 in each minute."""
        width = 60.0 / EDDY_S
        left = 1.0 - 2.0 / width * (1.0 - (1.0 - math.exp(-width)) / width)  # variance within a minute
        east, north = (self._within(path, first, last) / math.sqrt(left) for path in self._eddies)
        return east, north

    @staticmethod
    def _within(path: ShortMemory, first: int, last: int) -> FloatArray:
        values = path.values(first, last).reshape(-1, 60)
        return np.asarray((values - values.mean(axis=1, keepdims=True)).ravel())


class Winds:
    """Wind by the minute, from anomalies, and by the second.

    Args:
        seed: root seed.
        name: full name.
        data: the climate's wind.
    """

    def __init__(self, seed: int, name: str, data: Wind) -> None:
        self._k, self._share = data.weibull_k, data.share
        self._night, self._day = _towards(data.night_towards), _towards(data.day_towards)
        self._gamma = math.gamma(1.0 + 1.0 / data.weibull_k)
        self._speed = ShortMemory(seed, f"{name}/wind/speed", 300.0, _NOISE_S)
        self._veer = ShortMemory(seed, f"{name}/wind/direction", 480.0, _NOISE_S)
        self.gusts = Gusts(seed, name)

    def minutes(
        self, first: int, last: int, mean: FloatArray, anomaly: FloatArray, large: tuple[FloatArray, FloatArray],
        front: FloatArray, hour: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
        """Return east, north (m/s) and gusts of minutes ``first`` to ``last``.

        Args:
            first: first minute.
            last: end (exclusive).
            mean: mean speed at that hour of that season, m/s.
            anomaly: the logarithm of the speed, as a normal number.
            large: eastward and northward part of the large-scale wind's direction.
            front: how much of a front's wind stands.
            hour: local hour.
        """
        # the quantile of a Weibull distribution for the rank of a normal number
        speed = mean / self._gamma * (-np.log(ndtr(-np.minimum(anomaly, 6.0)))) ** (1.0 / self._k)
        speed = speed * np.exp(0.2 * self._speed.values(first, last) - 0.02)
        day = 0.5 - 0.5 * np.cos(2.0 * np.pi * (hour - 2.0) / 24.0)  # 0 at 2 h, 1 at 14 h
        calm = 1.0 / (1.0 + 0.5 * front)
        east = large[0] + calm * self._share * (day * self._day[0] + (1.0 - day) * self._night[0])
        north = large[1] + calm * self._share * (day * self._day[1] + (1.0 - day) * self._night[1])
        angle = np.arctan2(north, east) + np.radians(12.0 + 20.0 / (speed + 0.5)) * self._veer.values(first, last)
        return speed * np.cos(angle), speed * np.sin(angle), self.gusts.strength(speed)


def _towards(degrees: float) -> tuple[float, float]:
    return math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
