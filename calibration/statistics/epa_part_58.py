"""Precision and bias of a year's checks: 40 CFR 58 Appendix A, section 4.

All formulas of this module are recalled; no worked example of the agency could be read. The quantiles are checked
against scipy, and the bounds by how often they hold a simulated analyzer's true values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from calibration.statistics._arrays import Vector, exact_sum, frozen, pair, vector
from calibration.statistics.errors import BadArgument
from calibration.statistics.summary import summarize

PRECISION_PERCENTILE = 0.10
"""Chi-square percentile of the upper bound of the coefficient of variation (equation 2): 90 % confidence."""

BIAS_CONFIDENCE = 0.95
"""One-sided confidence of the upper bound of the bias (equation 3)."""

AUDIT_REACH = 1.96
"""Standard deviations within which 95 % of the audits are to lie (equations 6 and 7)."""


@dataclass(frozen=True, slots=True)
class PrecisionAndBias:
    """What the one-point checks of a site say of its analyzer, in %.

    Attributes:
        precision: upper bound of the coefficient of variation, 90 % confidence.
        bias: upper bound of the absolute bias, 95 % confidence.
        sign: of the bias: "+" if both quartiles of the differences are above zero, "-" if both are below, else "".
        mean: of the differences.
        sd: of the differences.
        mean_absolute: of their magnitudes (AB).
        sd_absolute: of their magnitudes (AS).
        audit_low, audit_high: mean -+ 1.96 sd, within which 95 % of the annual audits' differences should lie.
        n: number of checks.
    """

    precision: float
    bias: float
    sign: Literal["+", "-", ""]
    mean: float
    sd: float
    mean_absolute: float
    sd_absolute: float
    audit_low: float
    audit_high: float
    n: int

    def audits_inside(self, differences: ArrayLike) -> float:
        """Return the share of the audits' percent differences that lies between the limits.

        Raises:
            BadArgument: no difference, NaN or infinity.
        """
        found = vector(differences, "differences", least=1)
        return float(np.mean((found >= self.audit_low) & (found <= self.audit_high)))


def percent_differences(measured: ArrayLike, audit: ArrayLike) -> Vector:
    """Return d = 100 (measured - audit) / audit of each check (equation 1).

    Raises:
        BadArgument: lengths that differ, none, NaN or infinity, or an audit value not above zero.
    """
    found, given = pair(measured, audit, 1, "measured", "audit")
    if not (given > 0.0).all():
        raise BadArgument("audit", "concentrations above zero", float(given.min()))
    return frozen(100.0 * (found - given) / given)


def precision_and_bias(differences: ArrayLike) -> PrecisionAndBias:
    """Return upper bounds of precision and bias from percent differences (equations 2 to 5).

    CV_ub = s sqrt((n - 1) / chi2_{0.10, n-1});  |bias| = AB + t_{0.95, n-1} AS / sqrt(n). Quartiles by linear
    interpolation between order statistics, as spreadsheets do; the text names no method.

    Args:
        differences: percent differences of the one-point checks, :func:`percent_differences`; shape (n,), n at least 2.

    Raises:
        BadArgument: fewer than 2, NaN or infinity.
    """
    found = vector(differences, "differences", least=2)
    plain, absolute = summarize(found), summarize(np.abs(found))
    n = found.size
    t = float(special.stdtrit(n - 1, BIAS_CONFIDENCE))
    low, high = np.percentile(found, [25.0, 75.0])
    return PrecisionAndBias(
        precision=plain.sd * _inflation(n),
        bias=absolute.mean + t * absolute.standard_error,
        sign="+" if low > 0.0 and high > 0.0 else "-" if low < 0.0 and high < 0.0 else "",
        mean=plain.mean,
        sd=plain.sd,
        mean_absolute=absolute.mean,
        sd_absolute=absolute.sd,
        audit_low=plain.mean - AUDIT_REACH * plain.sd,
        audit_high=plain.mean + AUDIT_REACH * plain.sd,
        n=n,
    )


def collocated_precision(primary: ArrayLike, collocated: ArrayLike) -> float:
    """Return the upper bound of the coefficient of variation, %, of two monitors side by side (equations 10 and 11).

    d = 100 (X - Y) / [(X + Y) / 2];  CV_ub = sqrt{[n sum d^2 - (sum d)^2] / [2 n (n - 1)]} sqrt((n - 1) / chi2_{0.10}).

    Raises:
        BadArgument: fewer than 2 pairs, lengths that differ, NaN or infinity, or a pair whose mean is not above zero.
    """
    x, y = pair(primary, collocated, 2, "primary", "collocated")
    mean = 0.5 * (x + y)
    if not (mean > 0.0).all():
        raise BadArgument("primary and collocated", "pairs with a mean above zero", float(mean.min()))
    return summarize(100.0 * (x - y) / mean).sd / math.sqrt(2.0) * _inflation(x.size)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Agreement with a reference value: 40 CFR 1065.602 (c) to (e).

    Attributes:
        accuracy: magnitude of the mean's difference from the reference, unit of the readings.
        root_mean_square: of the readings.
    """

    accuracy: float
    root_mean_square: float


def accuracy(readings: ArrayLike, reference: float) -> Accuracy:
    """Return abs(reference - mean) and the root mean square of the readings.

    Source: 40 CFR 1065.602 (d) and (e); read.

    Raises:
        BadArgument: no reading, NaN or infinity.
    """
    found = vector(readings, "readings", least=1)
    mean = exact_sum(found) / found.size
    return Accuracy(abs(float(reference) - mean), math.sqrt(exact_sum(found * found) / found.size))


def _inflation(n: int) -> float:
    # chdtri takes the probability above.
    return math.sqrt((n - 1) / float(special.chdtri(n - 1, 1.0 - PRECISION_PERCENTILE)))
