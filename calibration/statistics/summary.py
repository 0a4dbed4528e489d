"""Mean, scatter and memory of a run of readings.

A plain standard deviation fools a noise or zero test when the readings drift or were taken faster than the instrument
forgets; the lag-1 autocorrelation says so, and the effective number of readings carries it into the standard error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, centre, count, exact_sum, finite, not_negative, pair, vector
from calibration.statistics.distributions import student_probability
from calibration.statistics.errors import BadArgument

_ROUNDS = 20
"""Rounds of reweighting; six levels stand still after five."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of readings says, in the unit of the readings.

    Attributes:
        n: number of readings.
        mean: their mean.
        sd: standard deviation with n - 1.
        standard_error: sd / sqrt(n): right only if the readings are independent.
        lag1_autocorrelation: NIST's r1; None if all readings are equal.
        effective_n: number of independent readings that would know the mean as well.
        effective_standard_error: sd / sqrt(effective_n).
        minimum: smallest reading.
        maximum: largest reading.
    """

    n: int
    mean: float
    sd: float
    standard_error: float
    lag1_autocorrelation: float | None
    effective_n: float
    effective_standard_error: float
    minimum: float
    maximum: float


def summarize(readings: ArrayLike) -> Summary:
    """Summarise a run of readings, taken at equal intervals and given in their order of time.

    Args:
        readings: at least two finite numbers, one-dimensional.

    Raises:
        BadArgument: if there are fewer, or one is NaN or infinite.
    """
    values = vector(readings, "readings", least=2)
    average, deviations = centre(values)
    sd = math.sqrt(exact_sum(deviations * deviations) / (values.size - 1))
    r1 = _lag1(values, deviations)
    effective = effective_sample_size(values.size, r1)
    return Summary(
        n=values.size,
        mean=average,
        sd=sd,
        standard_error=sd / math.sqrt(values.size),
        lag1_autocorrelation=r1,
        effective_n=effective,
        effective_standard_error=sd / math.sqrt(effective),
        minimum=float(values.min()),
        maximum=float(values.max()),
    )


def mean(readings: ArrayLike) -> float:
    """Return the mean of at least one finite reading.

    Raises:
        BadArgument: if there is none, or one is NaN or infinite.
    """
    return centre(vector(readings, "readings", least=1))[0]


def standard_deviation(readings: ArrayLike) -> float:
    """Return the standard deviation with n - 1 of at least two finite readings, in their unit."""
    return summarize(readings).sd


def lag1_autocorrelation(readings: ArrayLike) -> float | None:
    """Return NIST's lag-1 autocorrelation of readings in order of time, or None if all are equal.

    r1 = sum_{i=2..n} (y_i - m)(y_{i-1} - m) / sum_{i=1..n} (y_i - m)^2.
    Source: NIST Statistical Reference Datasets, univariate summary statistics.
    """
    return summarize(readings).lag1_autocorrelation


def effective_sample_size(n: int, r1: float | None) -> float:
    """Return n (1 - r1) / (1 + r1), kept between 1 and n.

    The formula is that of a first-order autoregressive process. A negative r1 would give more than n readings; it is
    as a rule the work of chance or of a regulation cycle, and claiming knowledge that was not measured is the worse
    mistake, so n is the most. With r1 unknown (None: all readings equal) nothing speaks against n; the scatter is then
    below the resolution, and the resolution must enter the budget.

    Raises:
        BadArgument: if n is below 1 or r1 outside -1 to 1.
    """
    count(n, "n", 1)
    if r1 is None:
        return float(n)
    if not -1.0 <= r1 <= 1.0:
        raise BadArgument("r1", "an autocorrelation between -1 and 1", r1)
    if r1 <= 0.0:
        return float(n)
    return max(1.0, n * (1.0 - r1) / (1.0 + r1))


def variance_dof(n: int, effective_n: float) -> float:
    """Return the degrees of freedom of the variance of n readings that know of each other.

    n (1 - r^2) / (1 + r^2) - 1, at least 1, with r the lag-1 autocorrelation that belongs to ``effective_n``: readings
    that overlap tell their scatter less well than their number says, though better than they tell their mean.
    Source: Bayley and Hammersley, J. R. Stat. Soc. Suppl. 8, 184 (1946), for a first-order process; recalled.

    Raises:
        BadArgument: ``effective_n`` not between 1 and n.
    """
    if not 1.0 <= effective_n <= n:
        raise BadArgument("effective_n", f"an effective number between 1 and {n}", effective_n)
    r = (n - effective_n) / (n + effective_n)
    return max(1.0, n * (1.0 - r * r) / (1.0 + r * r) - 1.0)


def variance_by_level(levels: ArrayLike, variances: ArrayLike) -> Vector:
    """Return the variances smoothed over the levels as a + b level^2, a and b not negative.

    Analyzers' noise has a part that is always there and one that grows with the signal. Each window alone tells its
    variance only roughly; together they tell both parts better. Weighted least squares, each variance weighing by the
    inverse square of its fitted value (its own scatter is in proportion to it), repeated until it stands; no level is
    given less than the smallest variance seen.

    Args:
        levels: shape (n,).
        variances: not negative, shape (n,).

    Raises:
        BadArgument: lengths that differ, NaN or infinity, or a negative variance.
    """
    x, v = pair(levels, variances, least=1)
    if (v < 0.0).any():
        raise BadArgument("variances", "numbers not negative", float(v.min()))
    floor = float(v.min())
    fitted = np.full(v.size, exact_sum(v) / v.size)
    if fitted[0] == 0.0:
        return fitted
    square = x * x
    for _ in range(_ROUNDS):
        w = (fitted.max() / fitted) ** 2
        s0, s1, s2 = exact_sum(w), exact_sum(w * square), exact_sum(w * square * square)
        t0, t1 = exact_sum(w * v), exact_sum(w * square * v)
        determinant = s0 * s2 - s1 * s1
        constant = (t0 * s2 - t1 * s1) / determinant if determinant > 1e-12 * s0 * s2 else t0 / s0
        growth = (s0 * t1 - s1 * t0) / determinant if determinant > 1e-12 * s0 * s2 else 0.0
        if growth < 0.0:
            constant, growth = t0 / s0, 0.0
        elif constant < 0.0:
            constant, growth = 0.0, t1 / s2
        fitted = np.maximum(constant + growth * square, max(floor, 1e-6 * float(v.max())))
    return fitted


@dataclass(frozen=True, slots=True)
class MeanComparison:
    """Welch's comparison of two means.

    Attributes:
        difference: first mean less the second.
        t: the difference over its standard error.
        dof: effective degrees of freedom.
        p: probability of a larger abs(t) if the true means are equal.
    """

    difference: float
    t: float
    dof: float
    p: float


def compare_means(mean_1: float, sd_1: float, n_1: int, mean_2: float, sd_2: float, n_2: int) -> MeanComparison:
    """Compare two means of independent readings whose standard deviations may differ (unpaired t-test).

    Source: 40 CFR 1065.602 (f)(1), equations 1065.602-5 and -6; read.

    Raises:
        BadArgument: if a number is not finite, an n below 2, or both standard deviations are zero.
    """
    count(n_1, "n_1", 2)
    count(n_2, "n_2", 2)
    variance_1 = not_negative(sd_1, "sd_1") ** 2 / n_1
    variance_2 = not_negative(sd_2, "sd_2") ** 2 / n_2
    variance = variance_1 + variance_2
    if variance == 0.0:
        raise BadArgument(
            "sd_1 and sd_2", "one above zero, to compare the means by", "both standard deviations are zero"
        )
    difference = finite(mean_1, "mean_1") - finite(mean_2, "mean_2")
    t = difference / math.sqrt(variance)
    # Shares instead of the variances themselves: the fourth power of a small standard deviation would underflow.
    share_1, share_2 = variance_1 / variance, variance_2 / variance
    dof = 1.0 / (share_1**2 / (n_1 - 1) + share_2**2 / (n_2 - 1))
    return MeanComparison(difference=difference, t=t, dof=dof, p=2.0 * student_probability(-abs(t), dof))


def _lag1(values: Vector, deviations: Vector) -> float | None:
    if values.min() == values.max():
        return None
    total = exact_sum(deviations * deviations)
    # Deviations so small that their squares vanish say as little as none.
    return exact_sum(deviations[1:] * deviations[:-1]) / total if total > 0.0 else None
