"""Drift from day to day of readings that may have been adjusted in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, frozen, vector
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True, eq=False)
class DailyDrift:
    """Change of a reading from each day to the next.

    Attributes:
        differences: X_n - X_{n-1}, unit of the readings; shape (days - 1,), read-only.
        percent: the same in % of X_{n-1}; read-only; None if one of these is not above zero (zero gas).
    """

    differences: Vector
    percent: Vector | None

    @property
    def largest(self) -> float:
        """The difference of largest magnitude, with its sign."""
        return float(self.differences[np.argmax(np.abs(self.differences))])


def daily_drift(readings: ArrayLike, adjusted: ArrayLike | None = None) -> DailyDrift:
    """Return the change from each day's reading to the next: ZD, MSD and USD of HJ 193 and HJ 654, 24ZD of 40 CFR 53.

    Where a day ended with an adjustment, the reading after it is the next day's start.
    Source: HJ 193-2013, 6.2, by an older procedure close to HJ 654 (reported); 40 CFR 53.23 (e), where span drift is
    ``percent`` (recalled, high).

    Args:
        readings: as found, one per day from day 0 on, before any adjustment; shape (n,), n at least 2.
        adjusted: as left, NaN on days without adjustment; shape (n,). None if there was none at all.

    Raises:
        BadArgument: fewer than 2 days, shapes that differ, or a reading that is NaN or infinite.
    """
    found = vector(readings, "readings", least=2)
    before = found[:-1]
    if adjusted is not None:
        given = np.asarray(adjusted, dtype=np.float64)
        if given.shape != found.shape:
            raise BadArgument(
                "adjusted", f"shape {found.shape}, NaN on days without adjustment", f"shape {given.shape}"
            )
        if np.isinf(given).any():
            raise BadArgument("adjusted", "readings, or NaN on days without adjustment", math.inf)
        before = np.where(np.isnan(given[:-1]), before, given[:-1])
    differences = found[1:] - before
    percent = frozen(100.0 * differences / before) if (before > 0.0).all() else None
    return DailyDrift(frozen(differences), percent)
