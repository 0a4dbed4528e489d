"""Ozone transfer standards: the 6 x 6 qualification and its later re-verifications.

EPA-454/B-13-004 (2013), recalled (high): six comparisons on six different days, each at six or more concentrations with
zero and 90 % of the range among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from calibration.statistics._arrays import finite
from calibration.statistics.errors import BadArgument
from calibration.statistics.lines import OrdinaryLine
from calibration.statistics.regression import ordinary_least_squares
from calibration.statistics.summary import summarize

COMPARISONS = 6
"""Comparisons of a qualification, and those that the running mean is made of; also the fewest levels of each."""


@dataclass(frozen=True, slots=True)
class Qualification:
    """Result of six comparisons.

    Attributes:
        lines: one per day, transfer standard (y) on the reference (x).
        mean_slope, mean_intercept: over the days.
        slope_rsd_percent: s_m = 100/mean x standard deviation of the slopes (limit 3.7 %).
        intercept_sd: s_I, unit of the readings (limit 1.5 ppb).
    """

    lines: tuple[OrdinaryLine, ...]
    mean_slope: float
    mean_intercept: float
    slope_rsd_percent: float
    intercept_sd: float

    def standard_concentration(self, indicated: float) -> float:
        """Return the concentration that an indicated one stands for: (indicated - mean intercept) / mean slope."""
        return (finite(indicated, "indicated") - self.mean_intercept) / self.mean_slope


@dataclass(frozen=True, slots=True)
class Reverification:
    """One new comparison against the running mean.

    Attributes:
        line: of the new day.
        slope_change_percent: new slope against the running mean of slopes (limit +-5 %).
        qualification: of the newest six days, the oldest having made room.
    """

    line: OrdinaryLine
    slope_change_percent: float
    qualification: Qualification


def qualify(comparisons: Sequence[tuple[ArrayLike, ArrayLike]]) -> Qualification:
    """Return means and scatter of the slopes and intercepts of six days' comparisons.

    Args:
        comparisons: per day the reference's readings and the transfer standard's, each of shape (levels,), 6 levels at
            least.

    Raises:
        BadArgument: other than six days, a day of fewer levels, or readings that make no line.
    """
    if len(comparisons) != COMPARISONS:
        raise BadArgument("comparisons", f"{COMPARISONS} days", len(comparisons))
    return _qualification([_line(reference, indicated) for reference, indicated in comparisons])


def reverify(qualification: Qualification, reference: ArrayLike, indicated: ArrayLike) -> Reverification:
    """Return a new day's comparison, and the qualification of the newest six days.

    Raises:
        BadArgument: fewer than 6 levels, or readings that make no line.
    """
    line = _line(reference, indicated)
    change = 100.0 * (line.slope / qualification.mean_slope - 1.0)
    return Reverification(line, change, _qualification([*qualification.lines[1:], line]))


def _line(reference: ArrayLike, indicated: ArrayLike) -> OrdinaryLine:
    line = ordinary_least_squares(reference, indicated)
    if line.n < COMPARISONS:
        raise BadArgument("reference", f"at least {COMPARISONS} levels", line.n)
    return line


def _qualification(lines: Sequence[OrdinaryLine]) -> Qualification:
    slopes, intercepts = summarize([line.slope for line in lines]), summarize([line.intercept for line in lines])
    if math.isclose(slopes.mean, 0.0, abs_tol=1e-12):
        raise BadArgument("comparisons", "readings that follow the reference", "a mean slope of zero")
    return Qualification(
        lines=tuple(lines),
        mean_slope=slopes.mean,
        mean_intercept=intercepts.mean,
        slope_rsd_percent=100.0 * slopes.sd / abs(slopes.mean),
        intercept_sd=intercepts.sd,
    )
