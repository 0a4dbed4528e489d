"""Performance tests of 40 CFR 53 Subpart B as formulas; the sampling plan is :data:`.sampling_plans.PART_53`.

All formulas: 40 CFR 53.23, recalled (high); symbols as in Table B-5, read. Lag, rise and fall: :mod:`.response`;
24 h drift: :func:`.day_to_day.daily_drift`.
Concentrations in ppm or any other unit, the same in all arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, exact_sum, finite, frozen, not_negative, pair, positive
from calibration.statistics.summary import summarize


def noise(readings: ArrayLike) -> float:
    """Return S = sqrt{[sum r^2 - (sum r)^2 / n] / (n - 1)}; the rule takes n = 25 readings 2 min apart (53.23 (b)).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity.
    """
    return summarize(readings).sd


@dataclass(frozen=True, slots=True)
class LowerDetectableLimit:
    """Attributes: ``value`` is BL - BZ, ``least`` is twice the zero noise, which it must reach (53.23 (c))."""

    value: float
    least: float

    @property
    def reached(self) -> bool:
        """Is the signal at least twice the noise?"""
        return self.value >= self.least


def lower_detectable_limit(low: float, zero: float, zero_noise: float) -> LowerDetectableLimit:
    """Return LDL = BL - BZ beside 2 S0.

    Args:
        low: reading at the LDL concentration of Table B-1.
        zero: reading of zero air.
        zero_noise: S0.

    Raises:
        BadArgument: NaN or infinity, or a negative noise.
    """
    signal = finite(low, "low") - finite(zero, "zero")
    return LowerDetectableLimit(signal, 2.0 * not_negative(zero_noise, "zero_noise"))


@dataclass(frozen=True, slots=True, eq=False)
class InterferenceEquivalent:
    """Attributes: ``each`` is R1 - R per interferent, read-only; ``total`` the sum of their magnitudes (53.23 (d))."""

    each: Vector
    total: float


def interference_equivalent(with_interferent: ArrayLike, without: ArrayLike) -> InterferenceEquivalent:
    """Return IE = R1 - R of each interferent and the sum of the magnitudes.

    Raises:
        BadArgument: lengths that differ, none, NaN or infinity.
    """
    loud, quiet = pair(with_interferent, without, 1, "with_interferent", "without")
    each = loud - quiet
    return InterferenceEquivalent(frozen(each), exact_sum(np.abs(each)))


def zero_drift_12h(readings: ArrayLike) -> float:
    """Return 12ZD = Cmax - Cmin over 12 h of zero air (53.23 (e)).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity.
    """
    summary = summarize(readings)
    return summary.maximum - summary.minimum


def precision(readings: ArrayLike, upper_range_limit: float) -> float:
    """Return P20 or P80: standard deviation of six alternated readings in % of the upper range limit (53.23 (e)).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity, or a range limit not above zero.
    """
    return 100.0 * summarize(readings).sd / positive(upper_range_limit, "upper_range_limit")
