"""Performance tests of 40 CFR 53 Subpart B as formulas; the sampling plan is :data:`.sampling_plans.PART_53`.

All formulas: 40 CFR 53.23, recalled (high); symbols as in Table B-5, read. Lag, rise and fall: :mod:`.response`.
Concentrations in ppm or any other unit, the same in all arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, exact_sum, finite, frozen, not_negative, pair, positive, vector
from calibration.statistics.errors import BadArgument
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


def zero_drift_24h(zeros: ArrayLike, adjusted: ArrayLike | None = None) -> Vector:
    """Return 24ZD_n = Z_n - Z_{n-1}, or Z_n - Z'_{n-1} where the day before ended with an adjustment.

    Args:
        zeros: daily zero readings before any adjustment, from day 0; shape (n,), n at least 2.
        adjusted: reading after the adjustment of each day, NaN on days without one; shape (n,). None for no adjustment.

    Returns:
        shape (n - 1,), read-only.

    Raises:
        BadArgument: fewer than 2 days, shapes that differ, or a reading that is NaN or infinite.
    """
    after, before = _days(zeros, adjusted)
    return frozen(after - before)


def span_drift_24h(spans: ArrayLike, adjusted: ArrayLike | None = None) -> Vector:
    """Return SD_n = 100 (S_n - S_{n-1}) / S_{n-1} in %, S'_{n-1} after an adjustment; arguments as
    :func:`zero_drift_24h`.

    Raises:
        BadArgument: as there, or a span reading not above zero.
    """  # noqa: D205 - one sentence over two lines
    after, before = _days(spans, adjusted)
    if not (before > 0.0).all():
        raise BadArgument("spans", "readings above zero", float(before.min()))
    return frozen(100.0 * (after - before) / before)


def precision(readings: ArrayLike, upper_range_limit: float) -> float:
    """Return P20 or P80: standard deviation of six alternated readings in % of the upper range limit (53.23 (e)).

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity, or a range limit not above zero.
    """
    return 100.0 * summarize(readings).sd / positive(upper_range_limit, "upper_range_limit")


def _days(readings: ArrayLike, adjusted: ArrayLike | None) -> tuple[Vector, Vector]:
    found = vector(readings, "readings", least=2)
    before = found[:-1].copy()
    if adjusted is not None:
        given = np.asarray(adjusted, dtype=np.float64)
        if given.shape != found.shape:
            raise BadArgument(
                "adjusted", f"shape {found.shape}, NaN on days without adjustment", f"shape {given.shape}"
            )
        if np.isinf(given).any():
            raise BadArgument("adjusted", "readings, or NaN on days without adjustment", math.inf)
        before = np.where(np.isnan(given[:-1]), before, given[:-1])
    return found[1:], before
