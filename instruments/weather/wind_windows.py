"""Minimum, mean and maximum of wind over a window, as transmitters and loggers form them.

Directions are never averaged as plain numbers. ``scalar``: each sample is turned by whole circles so that it lies
within 180 degrees of the one before, then averaged (the maker's way); ``vector``: components are averaged.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from instruments.air import FloatArray
from instruments.weather.surroundings import IntArray, direction_deg, trailing

Method = Literal["scalar", "vector"]

WIND_QUANTITIES = (
    "wind_direction_min", "wind_direction_avg", "wind_direction_max", "wind_speed_min", "wind_speed_avg",
    "wind_speed_max",
)  # fmt: skip


def wind_statistic(
    quantity: str, east: FloatArray, north: FloatArray, ends: IntArray, length: int, *, method: Method = "vector",
    gust_s: int = 1,
) -> FloatArray:  # fmt: skip
    """Return one of :data:`WIND_QUANTITIES` over the ``length`` samples that end at each index of ``ends``.

    Args:
        quantity: its name.
        east: components of the samples, m/s; NaN where a sample is not valid.
        north: of the same samples.
        ends: indices of the last samples of the windows.
        length: samples in a window.
        method: how the mean is formed.
        gust_s: extremes of speed are those of running means over so many samples.

    A window of which more than half is not valid gives NaN.
    """
    if quantity in ("wind_speed_min", "wind_speed_max"):
        speed = _running(np.hypot(east, north), gust_s)
        window = trailing(speed, ends, length)
        lowest = quantity == "wind_speed_min"
        filled = np.where(np.isnan(window), np.inf if lowest else -np.inf, window)
        found = filled.min(axis=1) if lowest else filled.max(axis=1)
        return _valid(found, np.isnan(window))
    u, v = trailing(east, ends, length), trailing(north, ends, length)
    lost = np.isnan(u)
    count = np.maximum(length - lost.sum(axis=1), 1)
    if quantity == "wind_speed_avg":
        if method == "vector":
            speed = np.hypot(_sum(u, lost), _sum(v, lost)) / count
        else:
            speed = _sum(np.hypot(u, v), lost) / count
        return _valid(speed, lost)
    if quantity == "wind_direction_avg" and method == "vector":
        return _valid(direction_deg(_sum(u, lost), _sum(v, lost)), lost)
    angles = _unwound(direction_deg(np.where(lost, 0.0, u), np.where(lost, -1.0, v)), lost)
    if quantity == "wind_direction_avg":
        found = _sum(angles, lost) / count
    elif quantity == "wind_direction_min":
        found = np.where(lost, np.inf, angles).min(axis=1)
    else:
        found = np.where(lost, -np.inf, angles).max(axis=1)
    return _valid(np.mod(np.where(np.isfinite(found), found, 0.0), 360.0), lost)


def _sum(values: FloatArray, lost: FloatArray) -> FloatArray:
    return np.asarray(np.where(lost, 0.0, values).sum(axis=1))


def _valid(found: FloatArray, lost: FloatArray) -> FloatArray:
    return np.asarray(np.where(2 * lost.sum(axis=1) > lost.shape[1], np.nan, found))


def _unwound(angles: FloatArray, lost: FloatArray) -> FloatArray:
    """Turn each valid angle by whole circles to within half a circle of the last valid one."""
    place = np.maximum.accumulate(np.where(lost, 0, np.arange(angles.shape[1])), axis=1)
    held = np.take_along_axis(angles, place, axis=1)
    return np.asarray(np.unwrap(held, period=360.0, axis=1))


def _running(values: FloatArray, length: int) -> FloatArray:
    if length == 1:
        return values
    means = np.full_like(values, np.nan)
    total = values[length - 1 :].copy()
    for back in range(1, length):
        total += values[length - 1 - back : len(values) - back]
    means[length - 1 :] = total / length
    return means
