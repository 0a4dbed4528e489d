"""Is an automatic monitor equivalent to the reference method: Guide to the Demonstration of Equivalence (GDE, 2010).

EN 16450:2017, Annex B, takes the same algorithms. All formulas of this module: GDE, January 2010, chapter 9; recalled.
x is the reference method's daily mean, y the candidate's, both in ug/m3 and for the same state of the sampled volume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, centre, exact_sum, frozen, not_negative, pair, positive
from calibration.statistics.errors import BadArgument
from calibration.statistics.errors_in_variables import deming_slope
from calibration.statistics.regression import no_slope

SIGNIFICANT = 2.0
"""A slope or intercept is significant if it lies more than so many standard uncertainties from 1 or 0 (GDE 9.5)."""

COVERAGE = 2.0
"""Coverage factor of the expanded uncertainty (GDE 9.5.3): 40 and more pairs make it 95 %."""

Correction = Literal["none", "slope", "intercept", "slope and intercept"]


@dataclass(frozen=True, slots=True)
class BetweenSampler:
    """Scatter between two identical units side by side.

    Attributes:
        u: between-sampler uncertainty, unit of the readings.
        n: number of pairs.
    """

    u: float
    n: int


def between_sampler_uncertainty(first: ArrayLike, second: ArrayLike) -> BetweenSampler:
    """Return u_bs = sqrt(sum (y1 - y2)^2 / (2 n)) of two units of one method (GDE 9.3).

    Raises:
        BadArgument: no pairs, lengths that differ, NaN or infinity.
    """
    a, b = pair(first, second, 1, "first", "second")
    return BetweenSampler(math.sqrt(exact_sum((a - b) ** 2) / (2 * a.size)), a.size)


@dataclass(frozen=True, slots=True, eq=False)
class EquivalenceLine:
    """Orthogonal line y = intercept + slope x with the uncertainties that the guide gives it.

    Attributes:
        slope, intercept: of the line of least perpendicular distances.
        u_slope, u_intercept: their standard uncertainties, by the guide's formula (not those of :func:`deming`).
        residual_sum: sum of squared vertical residuals, unit of y squared.
        residuals: y less the line; read-only.
        n: number of pairs.
    """

    slope: float
    intercept: float
    u_slope: float
    u_intercept: float
    residual_sum: float
    residuals: Vector
    n: int

    @property
    def slope_significant(self) -> bool:
        """Does the slope differ from 1 by more than twice its standard uncertainty?"""
        return abs(self.slope - 1.0) > SIGNIFICANT * self.u_slope

    @property
    def intercept_significant(self) -> bool:
        """Does the intercept differ from 0 by more than twice its standard uncertainty?"""
        return abs(self.intercept) > SIGNIFICANT * self.u_intercept


def equivalence_line(x: ArrayLike, y: ArrayLike) -> EquivalenceLine:
    """Fit the orthogonal line of GDE 9.5.2 / EN 16450 Annex B.

    b = [Syy - Sxx + sqrt((Syy - Sxx)^2 + 4 Sxy^2)] / (2 Sxy), a = ym - b xm,
    u^2(b) = [Syy - Sxy^2/Sxx] / [(n - 2) Sxx], u^2(a) = u^2(b) sum(x^2) / n.

    Raises:
        BadArgument: fewer than 3 pairs, lengths that differ, NaN or infinity, all x equal, or x and y that do not vary
            together.
    """
    xs, ys = pair(x, y, least=3)
    if xs.min() == xs.max():
        raise no_slope(xs)
    (x_mean, dx), (y_mean, dy) = centre(xs), centre(ys)
    sxx, syy, sxy = exact_sum(dx * dx), exact_sum(dy * dy), exact_sum(dx * dy)
    slope = deming_slope(sxx, syy, sxy)
    residuals = dy - slope * dx
    # Syy - Sxy^2/Sxx as the residuals of the ordinary line: points on a line give zero, not the rest of a difference.
    ordinary = dy - sxy / sxx * dx
    u_slope = math.sqrt(exact_sum(ordinary * ordinary) / (xs.size - 2) / sxx)
    return EquivalenceLine(
        slope=slope,
        intercept=y_mean - slope * x_mean,
        u_slope=u_slope,
        u_intercept=u_slope * math.sqrt(exact_sum(xs * xs) / xs.size),
        residual_sum=exact_sum(residuals * residuals),
        residuals=frozen(residuals),
        n=xs.size,
    )


@dataclass(frozen=True, slots=True)
class ExpandedUncertainty:
    """Uncertainty of a candidate's results at the limit value.

    Attributes:
        random: part of the scatter about the line, unit of the readings.
        bias: intercept + (slope - 1) x limit value, with its sign.
        correction: part that the correction brings in; 0 without one.
        combined: root of the sum of their squares.
        relative_expanded_percent: 100 x 2 x combined / limit value.
        reference_exceeds_scatter: the reference's own uncertainty is larger than the scatter; the difference counts
            as zero (and the reference's uncertainty is doubtful).
    """

    random: float
    bias: float
    correction: float
    combined: float
    relative_expanded_percent: float
    reference_exceeds_scatter: bool


@dataclass(frozen=True, slots=True)
class Equivalence:
    """A candidate against the reference method.

    Attributes:
        line: as found.
        uncertainty: at the limit value, as found.
        correction: what of slope and intercept is significant, and was corrected.
        corrected_line: refit after the correction; None without one.
        corrected_uncertainty: at the limit value, after it; None without one.
        limit_value: unit of the readings.
        share_above: fraction of the pairs whose reference value reaches the threshold; None if none was given.
    """

    line: EquivalenceLine
    uncertainty: ExpandedUncertainty
    correction: Correction
    corrected_line: EquivalenceLine | None
    corrected_uncertainty: ExpandedUncertainty | None
    limit_value: float
    share_above: float | None

    @property
    def relative_expanded_percent(self) -> float:
        """Expanded uncertainty that counts: after correction where there is one."""
        return (self.corrected_uncertainty or self.uncertainty).relative_expanded_percent


def equivalence(
    reference: ArrayLike,
    candidate: ArrayLike,
    u_reference: float,
    limit_value: float,
    threshold: float | None = None,
) -> Equivalence:
    """Return the expanded uncertainty of a candidate method at the limit value, as found and after correction.

    u^2 = RSS/(n - 2) - u_ref^2 + [a + (b - 1) L]^2. Where slope or intercept is significant the candidate is corrected,
    (y - a)/b, y/b or y - a, fitted again, and u^2(a) and L^2 u^2(b) of what was corrected are added (GDE 9.5, 9.7).

    Args:
        reference: daily means of the reference method, shape (n,), n at least 3.
        candidate: of the candidate, shape (n,).
        u_reference: random uncertainty of one reference value. For the mean of two reference samplers EN 16450 takes
            their between-sampler uncertainty over sqrt(2); recalled, to be checked.
        limit_value: above zero.
        threshold: reference value from which a pair counts as a high one.

    Raises:
        BadArgument: as :func:`equivalence_line`; a slope not above zero, which no correction repairs.
    """
    x, y = pair(reference, candidate, 3, "reference", "candidate")
    limit, u_ref = positive(limit_value, "limit_value"), not_negative(u_reference, "u_reference")
    line = equivalence_line(x, y)
    correction = _correction(line)
    corrected_line = corrected = None
    if correction != "none":
        if line.slope <= 0.0:
            raise BadArgument("candidate", "values that rise with the reference", f"slope {line.slope:.6g}")
        by_slope, by_intercept = "slope" in correction, "intercept" in correction
        y_corrected = (y - (line.intercept if by_intercept else 0.0)) / (line.slope if by_slope else 1.0)
        corrected_line = equivalence_line(x, y_corrected)
        added = math.hypot(limit * line.u_slope if by_slope else 0.0, line.u_intercept if by_intercept else 0.0)
        corrected = _at_limit(corrected_line, u_ref, limit, added)
    return Equivalence(
        line=line,
        uncertainty=_at_limit(line, u_ref, limit, 0.0),
        correction=correction,
        corrected_line=corrected_line,
        corrected_uncertainty=corrected,
        limit_value=limit,
        share_above=None if threshold is None else float(np.mean(x >= threshold)),
    )


@dataclass(frozen=True, slots=True)
class EquivalenceSubset:
    """Result of one part of the pairs: ``name`` is "all", "above threshold", or that of a site."""

    name: str
    n: int
    result: Equivalence


def equivalence_subsets(
    reference: ArrayLike,
    candidate: ArrayLike,
    sites: Sequence[str],
    u_reference: float,
    limit_value: float,
    threshold: float,
    least: int = 3,
) -> list[EquivalenceSubset]:
    """Return :func:`equivalence` of all pairs, of those at or above the threshold, and of each site in its order.

    The guide asks each of them to keep the quality objective (GDE 9.6). A subset of fewer than ``least`` pairs,
    or whose reference values are all equal, determines no line and is left out: the caller sees by the names what is
    missing.

    Raises:
        BadArgument: as :func:`equivalence` for all pairs; as many ``sites`` as there are pairs are needed.
    """
    x, y = pair(reference, candidate, 3, "reference", "candidate")
    if len(sites) != x.size:
        raise BadArgument("sites", f"one name per pair ({x.size})", len(sites))
    names = np.asarray(list(sites), dtype=object)
    parts = [("all", np.ones(x.size, dtype=bool)), ("above threshold", x >= threshold)]
    parts += [(site, names == site) for site in dict.fromkeys(sites)]
    found = []
    for name, chosen in parts:
        if name != "all" and (chosen.sum() < least or np.ptp(x[chosen]) == 0.0):
            continue
        result = equivalence(x[chosen], y[chosen], u_reference, limit_value, threshold)
        found.append(EquivalenceSubset(name, int(chosen.sum()), result))
    return found


def _correction(line: EquivalenceLine) -> Correction:
    if line.slope_significant:
        return "slope and intercept" if line.intercept_significant else "slope"
    return "intercept" if line.intercept_significant else "none"


def _at_limit(line: EquivalenceLine, u_reference: float, limit: float, correction: float) -> ExpandedUncertainty:
    scatter = line.residual_sum / (line.n - 2) - u_reference**2
    random = math.sqrt(max(scatter, 0.0))
    bias = line.intercept + (line.slope - 1.0) * limit
    combined = math.hypot(random, bias, correction)
    return ExpandedUncertainty(
        random=random,
        bias=bias,
        correction=correction,
        combined=combined,
        relative_expanded_percent=100.0 * COVERAGE * combined / limit,
        reference_exceeds_scatter=scatter < 0.0,
    )
