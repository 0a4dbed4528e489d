"""Errors that are remembered: covariance of means over windows of time of a quantity that wanders."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Matrix, not_negative, pair
from calibration.statistics.errors import BadArgument


def window_covariance(starts: ArrayLike, ends: ArrayLike, time: float) -> Matrix:
    """Return the covariance of means over windows of a wandering quantity of unit variance.

    The quantity forgets exponentially: two instants d apart have the correlation exp(-d / time). Averaging over a
    window takes out what is faster than the window; windows close to each other share what is slower than their
    distance. With ``time`` 0 every window has an independent value of its own, and averaging takes nothing out.
    Source: integral of exp(-d / time) over both windows (Papoulis, time averages of stationary processes; recalled).

    Args:
        starts: beginnings of the windows, seconds, shape (n,).
        ends: their ends, not before the beginnings, shape (n,). Two windows are the same or do not overlap.
        time: correlation time, seconds, not negative.

    Returns:
        shape (n, n).

    Raises:
        BadArgument: a window that ends before it begins, or a negative time.
    """
    begin, end = pair(starts, ends, least=1)
    length = end - begin
    if (length < 0.0).any():
        place = int(np.flatnonzero(length < 0.0)[0])
        raise BadArgument("ends", "windows that must not end before they begin", f"{end[place]} after {begin[place]}")
    if not_negative(time, "time") == 0.0:
        return np.eye(begin.size)
    own = np.array([_mean_square(float(span) / time) for span in length])
    factor = np.array([_smoothing(float(span) / time / 2.0) for span in length])
    distance = np.abs((begin + end)[:, None] - (begin + end)[None, :]) / 2.0
    same = (begin[:, None] == begin[None, :]) & (end[:, None] == end[None, :])
    return np.where(same, own[:, None], np.outer(factor, factor) * np.exp(-distance / time))


def _mean_square(ratio: float) -> float:
    """Variance of the mean over a window of ``ratio`` correlation times."""
    if ratio < 1e-4:
        return 1.0 - ratio / 3.0  # the closed form would lose its digits
    return 2.0 * (ratio + math.expm1(-ratio)) / ratio**2


def _smoothing(half: float) -> float:
    return 1.0 if half < 1e-8 else math.sinh(half) / half
