"""Comparability of a Class III method of PM2.5 with the reference method: 40 CFR 53 Subpart C (recalled).

Slope 1 +/- 0.10. The intercept's bounds depend on the slope, and the correlation's bound on how far the concentrations
spread. The figures are those of table C-4 and figures C-2 and C-4 as remembered (medium confidence); only a title was
read.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from calibration.statistics._arrays import finite, positive, vector
from calibration.statistics.summary import summarize

_AT, _LOW, _HIGH, _MOST = 15.05, 17.32, 13.20, 2.0
"""Lines of the intercept's bounds, ug/m3, and the most that it may be on either side (table C-4; recalled)."""


def intercept_bounds(slope: float) -> tuple[float, float]:
    """Return the lowest and highest intercept that go with a slope, ug/m3.

    Lowest: 15.05 - 17.32 slope, but not below -2; highest: 15.05 - 13.20 slope, but not above 2. Away from a slope of
    1 the lower bound may exceed the upper one: no intercept is good enough then.

    Raises:
        BadArgument: a slope that is no finite number.
    """
    a = finite(slope, "slope")
    return max(_AT - _LOW * a, -_MOST), min(_AT - _HIGH * a, _MOST)


def concentration_variation(reference: ArrayLike) -> float:
    """Return the coefficient of variation of the reference's concentrations, CCV = s / mean.

    Raises:
        BadArgument: fewer than two, NaN or infinity, or a mean not above zero.
    """
    summary = summarize(vector(reference, "reference", least=2))
    return summary.sd / positive(summary.mean, "mean of reference")


def least_correlation(variation: float) -> float:
    """Return the least correlation for a CCV: 0.93 up to 0.4, 0.95 from 0.5, 0.85 + 0.2 CCV between.

    Raises:
        BadArgument: NaN or infinity.
    """
    return min(max(0.85 + 0.2 * finite(variation, "variation"), 0.93), 0.95)
