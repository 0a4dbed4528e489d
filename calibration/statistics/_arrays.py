"""Reading arrays from callers, and sums that do not depend on the machine.

Sums go through :func:`math.fsum`, which is correctly rounded: the same readings give the same bits whatever the
length of the vector registers, and the mean of a long run of nearly equal readings loses nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def vector(values: ArrayLike, name: str) -> Vector:
    """Return ``values`` as a one-dimensional array of finite floats.

    Raises:
        ValueError: if it has another number of dimensions, or holds NaN or an infinity; ``name`` is in the message.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must be a one-dimensional sequence, but has {array.ndim} dimensions")
    if not np.isfinite(array).all():
        position = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, but {name}[{position}] is {array[position]}")
    return array


def pair(x: ArrayLike, y: ArrayLike, least: int) -> tuple[Vector, Vector]:
    """Return ``x`` and ``y`` as vectors of one length, at least ``least`` long.

    Raises:
        ValueError: if they are not, or if either is refused by :func:`vector`.
    """
    xs, ys = vector(x, "x"), vector(y, "y")
    if xs.size != ys.size:
        raise ValueError(f"x and y must be of one length, but have {xs.size} and {ys.size} values")
    if xs.size < least:
        raise ValueError(f"at least {least} points are needed, but there are {xs.size}")
    return xs, ys


def finite(value: float, name: str) -> float:
    """Return ``value`` as a float, or raise ValueError if it is NaN or infinite."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but is {number}")
    return number


def not_negative(value: float, name: str) -> float:
    """Return ``value`` as a finite float, or raise ValueError if it is below zero."""
    number = finite(value, name)
    if number < 0.0:
        raise ValueError(f"{name} must not be negative, but is {number}")
    return number


def exact_sum(values: Vector) -> float:
    """Return the correctly rounded sum."""
    return math.fsum(values.tolist())


def centre(values: Vector) -> tuple[float, Vector]:
    """Return the mean and the deviations from it.

    The mean is rounded to a float, so the deviations from it have a small common rest; it is taken out of them, which
    is what keeps the standard deviation right when the readings agree in their first seven digits (NIST NumAcc4).
    """
    mean = exact_sum(values) / values.size
    deviations = values - mean
    rest = exact_sum(deviations) / values.size
    return mean + rest, deviations - rest


def frozen(values: Vector) -> Vector:
    """Return a copy that cannot be written to, for a result object to hold."""
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy
