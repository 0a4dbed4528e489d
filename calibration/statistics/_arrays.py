"""Reading arrays from callers, and sums that do not depend on the machine.

Sums go through :func:`math.fsum`, which is correctly rounded: the same readings give the same bits whatever the
length of the vector registers, and the mean of a long run of nearly equal readings loses nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.statistics.errors import BadArgument

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def array(values: ArrayLike, name: str, dimensions: int) -> NDArray[np.float64]:
    """Return ``values`` as an array of finite floats with so many dimensions.

    Raises:
        BadArgument: if it has another number of dimensions, holds what is no number, NaN, an infinity, or masked values
            (numpy would drop the mask and count them); ``name`` is in the message.
    """
    if np.ma.is_masked(values):
        raise BadArgument(name, "finite numbers", "masked values")
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadArgument(name, f"a {_SHAPES[dimensions]} sequence of finite numbers", repr(values)[:80]) from None
    if found.ndim != dimensions:
        raise BadArgument(name, f"a {_SHAPES[dimensions]} sequence", f"{found.ndim} dimensions")
    if not np.isfinite(found).all():
        place = tuple(int(index) for index in np.argwhere(~np.isfinite(found))[0])
        raise BadArgument(name, "finite numbers", f"{name}[{', '.join(map(str, place))}] is {found[place]}")
    return found


_SHAPES = {1: "one-dimensional", 2: "two-dimensional"}


def vector(values: ArrayLike, name: str, least: int = 0) -> Vector:
    """Return ``values`` as a one-dimensional array of finite floats, at least ``least`` long.

    Raises:
        BadArgument: as :func:`array`, or if there are fewer.
    """
    found = array(values, name, 1)
    if found.size < least:
        raise BadArgument(name, f"at least {least} values", str(found.size))
    return found


def table(values: ArrayLike, name: str, rows: int, columns: int) -> Matrix:
    """Return ``values`` as an array of finite floats with at least so many rows and columns.

    Raises:
        BadArgument: as :func:`array`, or if there are fewer.
    """
    found = array(values, name, 2)
    if found.shape[0] < rows or found.shape[1] < columns:
        raise BadArgument(name, f"at least {rows} rows and {columns} columns", f"shape {found.shape}")
    return found


def same_length(first: Vector, first_name: str, second: Vector, second_name: str) -> None:
    """Raise BadArgument if the two are not of one length."""
    if first.size != second.size:
        raise BadArgument(
            f"{first_name} and {second_name}", "sequences of one length", f"{first.size} and {second.size} values"
        )


def pair(x: ArrayLike, y: ArrayLike, least: int, x_name: str = "x", y_name: str = "y") -> tuple[Vector, Vector]:
    """Return ``x`` and ``y`` as vectors of one length, at least ``least`` long.

    Raises:
        BadArgument: if they are not, or if either is refused by :func:`vector`.
    """
    xs, ys = vector(x, x_name), vector(y, y_name)
    same_length(xs, x_name, ys, y_name)
    if xs.size < least:
        raise BadArgument(f"{x_name} and {y_name}", f"at least {least} points", str(xs.size))
    return xs, ys


def uncertainties(u: ArrayLike, name: str, n: int) -> Vector:
    """Return standard uncertainties above zero, one per point; one number stands for all.

    Raises:
        BadArgument: another number of them, or one that is not above zero.
    """
    found = vector(np.full(n, u) if np.ndim(u) == 0 else u, name)
    if found.size != n:
        raise BadArgument(name, f"one value per point ({n})", str(found.size))
    if not (found > 0.0).all():
        place = int(np.flatnonzero(found <= 0.0)[0])
        raise BadArgument(name, "values above zero", f"{name}[{place}] is {found[place]}")
    return found


def finite(value: float, name: str) -> float:
    """Return ``value`` as a float, or raise BadArgument if it is NaN or infinite."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadArgument(name, "a finite number", repr(value)) from None
    if not math.isfinite(number):
        raise BadArgument(name, "a finite number", number)
    return number


def not_negative(value: float, name: str) -> float:
    """Return ``value`` as a finite float, or raise BadArgument if it is below zero."""
    number = finite(value, name)
    if number < 0.0:
        raise BadArgument(name, "a number not negative", number)
    return number


def positive(value: float, name: str) -> float:
    """Return ``value`` as a finite float, or raise BadArgument if it is not above zero."""
    number = finite(value, name)
    if not number > 0.0:
        raise BadArgument(name, "a number above zero", number)
    return number


def probability(value: float, name: str) -> float:
    """Return ``value`` as a float strictly between 0 and 1, or raise BadArgument."""
    number = finite(value, name)
    if not 0.0 < number < 1.0:
        raise BadArgument(name, "a number between 0 and 1", number)
    return number


def count(value: int, name: str, least: int) -> int:
    """Return ``value`` as a whole number of at least ``least``, or raise BadArgument."""
    if int(value) != value or value < least:
        raise BadArgument(name, f"a whole number of at least {least}", value)
    return int(value)


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
