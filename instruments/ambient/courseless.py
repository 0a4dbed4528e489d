"""Anomalies that have no daily course of their own: what is left when the daily course is taken out, as the word says.

By chance the anomalies of a season are higher at some hours of the day than at others, by a tenth or two of their
standard deviation: a small daily swing drowns in that. So from a path its mean course by time of day is taken, over
windows of 32 days that overlap by half and add up to 1 (raised cosines), counted from the epoch. The mean over the day
stays: haze and seasons are no matter of the hour. That takes about a twentieth of what varies within a day.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from instruments.air import FloatArray
from instruments.signal import Path

HALF_WINDOW_D = 16
"""Days by which each window begins after the one before it (choice of this project)."""

_KEPT = 8


class Courseless:
    """A path of several columns without the mean course by time of day of the first ``columns``.

    A function of (seed, name, time), as the path itself is. The first window begins at the epoch with its full weight.

    Args:
        path: the path; shape (n, ...).
        columns: how many of its columns are meant.
        steps_per_day: points of a day.
    """

    def __init__(self, path: Path, columns: int, steps_per_day: int) -> None:
        self._path, self._columns, self._day = path, columns, steps_per_day
        self._half = HALF_WINDOW_D * steps_per_day
        share = (np.arange(self._half) + 0.5) / self._half
        self._rise: FloatArray = 0.5 - 0.5 * np.cos(math.pi * share)
        self._weights = self._by_slot(np.ones((self._half, 1)))
        self._sums: dict[int, FloatArray] = {}
        self._courses: dict[int, FloatArray] = {}

    def values(self, first: int, last: int) -> FloatArray:
        """Return points ``first`` (inclusive) to ``last`` (exclusive), shape (n, columns of the path).

        Raises:
            ValueError: ``first`` lies before the epoch.
        """
        found = self._path.values(first, last).copy()
        for half in range(first // self._half, (last - 1) // self._half + 1):
            begin, end = max(first, half * self._half), min(last, (half + 1) * self._half)
            at = np.arange(begin, end)
            slot, rise = at % self._day, self._rise[at - half * self._half][:, None]
            new, old = self._course(half), self._course(max(half - 1, 0))
            found[begin - first : end - first, : self._columns] -= rise * new[slot] + (1.0 - rise) * old[slot]
        return found

    def _course(self, window: int) -> FloatArray:
        """The mean course of a window, less its mean, shape (points of a day, columns)."""
        return _kept(self._courses, window, self._made_course)

    def _made_course(self, window: int) -> FloatArray:
        (rising, before), (_, falling) = self._sum(window), self._sum(window + 1)
        up, down = self._weights
        if window == 0:  # nothing lies before it
            rising, up = rising + before, up + down
        course = (rising + falling) / (up + down)
        return np.asarray(course - course.mean(axis=0))

    def _sum(self, half: int) -> FloatArray:
        """Sums over the days of half a window by point of the day, with rising and with falling weights."""
        return _kept(self._sums, half, self._made_sum)

    def _made_sum(self, half: int) -> FloatArray:
        return self._by_slot(self._path.values(half * self._half, (half + 1) * self._half)[:, : self._columns])

    def _by_slot(self, points: FloatArray) -> FloatArray:
        days = (HALF_WINDOW_D, self._day, -1)
        rise = self._rise.reshape(days)
        by_day = points.reshape(days)
        return np.array([(rise * by_day).sum(axis=0), ((1.0 - rise) * by_day).sum(axis=0)])


def _kept(known: dict[int, FloatArray], number: int, make: Callable[[int], FloatArray]) -> FloatArray:
    found = known.get(number)
    if found is None:
        found = make(number)
        while len(known) >= _KEPT:
            del known[next(iter(known))]
        known[number] = found
    return found
