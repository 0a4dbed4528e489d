"""What weather instruments are made of in common: the air at their steps, counters, windows over samples of wind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.atmosphere import Atmosphere
from instruments.device import Value
from instruments.filters import first_order, lag

IntArray = NDArray[np.int64]

_MIDDLE_S = 30.0


@dataclass(frozen=True, slots=True)
class Around:
    """The air around an instrument at its steps, each of shape (n,).

    Attributes:
        temperature_c, humidity_pct, pressure_hpa, rain_mm_h, sun_w_m2, extinction_per_km: of the outside air.
        speed_m_s: mean wind of the minute.
    """

    temperature_c: FloatArray
    humidity_pct: FloatArray
    pressure_hpa: FloatArray
    rain_mm_h: FloatArray
    sun_w_m2: FloatArray
    extinction_per_km: FloatArray
    speed_m_s: FloatArray


def around(outside: Atmosphere, times: FloatArray) -> Around:
    """Return the air at rising bench seconds ``times``: lines between the middles of the minutes."""
    low = int((times[0] - _MIDDLE_S) // 60)
    high = int((times[-1] - _MIDDLE_S) // 60) + 1
    weather = outside.weather(low, high + 1)
    position = (times - _MIDDLE_S) / 60.0 - low
    index = position.astype(np.intp)
    share = position - index

    def line(values: FloatArray) -> FloatArray:
        result = np.diff(values).take(index)
        result *= share
        result += values.take(index)
        return result

    return Around(
        line(weather.temperature_c), line(weather.humidity_pct), line(weather.pressure_hpa), line(weather.rain_mm_h),
        line(weather.sun_w_m2), line(weather.extinction_per_km), line(np.hypot(weather.east_m_s, weather.north_m_s)),
    )  # fmt: skip


def counted(increments: FloatArray, before: float) -> FloatArray:
    """Return a counter that stood at ``before``: the same to the last digit however the steps are cut."""
    return np.asarray(first_order(increments[None, :], np.array([before]), 1.0)[0])


def lagged(values: FloatArray, before: float, decay: float) -> FloatArray:
    """Return a first-order lag of ``values`` that stood at ``before``; ``decay`` is exp(-step / time constant)."""
    return np.asarray(lag(values[None, :], np.array([before]), decay)[0])


def trailing(values: FloatArray, ends: IntArray, length: int) -> FloatArray:
    """Return for each index of ``ends`` the ``length`` values up to and with it, shape (len(ends), length).

    Values before the first one are NaN.
    """
    padded = np.concatenate((np.full(length - 1, np.nan), values))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, length)[ends])


def direction_deg(east: FloatArray, north: FloatArray) -> FloatArray:
    """Return where a wind comes from, degrees from north by east, 0 to 360."""
    return np.asarray(np.mod(np.degrees(np.arctan2(-east, -north)), 360.0))


def number(settings: Mapping[str, Value], key: str) -> float:
    """Return a setting that is a number. Raises TypeError for one that is none."""
    value = settings[key]
    if not isinstance(value, int | float):
        raise TypeError(f"setting {key} is no number: {value!r}")
    return float(value)


def whole(settings: Mapping[str, Value], key: str) -> int:
    """Return a setting that is a whole number of seconds. Raises TypeError for one that is no number."""
    return round(number(settings, key))


def step_middles(first: int, last: int, step_s: int) -> FloatArray:
    """Return bench seconds at the middles of the steps ``first`` to ``last``."""
    return np.asarray((np.arange(first, last, dtype=np.float64) + 0.5) * step_s)


def updates(first: int, last: int, every: int) -> tuple[IntArray, IntArray]:
    """Return the steps at which results were formed that stand during ``first`` to ``last``, and which stands when.

    A result is formed at the end of every ``every`` steps; before the first one the first step's stands.
    """
    ends = np.maximum((np.arange(first, last) + 1) // every * every - 1, 0)
    new = np.append(True, np.diff(ends) > 0)  # they never go back, so no sorting is needed
    return ends[new], np.cumsum(new) - 1


def rounded(values: FloatArray, step: float) -> FloatArray:
    """Return ``values`` in whole steps of the instrument's resolution."""
    per_unit = round(1.0 / step)
    if step < 1.0 and math.isclose(per_unit * step, 1.0):
        return np.asarray(np.round(values * per_unit) / per_unit)  # 12.2 and not 12.200000000000001
    return np.asarray(np.round(values / step) * step)


def turned(degrees: FloatArray, step: float = 1.0) -> FloatArray:
    """Return directions in whole steps, from 0 to below 360."""
    return np.asarray(np.mod(np.round(degrees / step) * step, 360.0))
