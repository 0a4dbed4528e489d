"""Tolerance intervals: limits that hold a stated share of all future readings, with a stated confidence.

A confidence interval is about the mean; what a station's readings will do, or what share of units conforms, is a
tolerance interval's to say. Normal ones are exact; Wilks's assume no distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from calibration.statistics._arrays import count, probability, vector
from calibration.statistics._quadrature import legendre
from calibration.statistics.distributions import normal_probability
from calibration.statistics.errors import BadArgument
from calibration.statistics.summary import summarize

Sides = Literal[1, 2]


@dataclass(frozen=True, slots=True)
class ToleranceInterval:
    """An interval that holds at least ``content`` of the population with probability ``confidence``.

    Attributes:
        low, high: its ends; infinite on the open side.
        content: share of the population.
        confidence: with which it holds that share.
        factor: k of mean +- k s; None without a normal distribution.
        n: number of readings.
    """

    low: float
    high: float
    content: float
    confidence: float
    factor: float | None
    n: int


def tolerance_factor(n: int, content: float = 0.95, confidence: float = 0.95, sides: Sides = 2) -> float:
    """Return k such that mean + k s (one side) or mean +- k s (two) holds the content with the confidence.

    One side: the quantile of the noncentral t with n - 1 degrees of freedom and noncentrality z sqrt(n), over sqrt(n).
    Two sides: k that solves E[P(chi2 > (n - 1) r^2 / k^2)] = confidence, r the half-width about a mean off by
    z / sqrt(n) that holds the content.
    Source: ISO 16269-6:2014, annexes; Odeh and Owen (1980); recalled.

    Raises:
        BadArgument: n below 2, content or confidence not between 0 and 1, or another number of sides.
    """
    count(n, "n", 2)
    content, confidence = probability(content, "content"), probability(confidence, "confidence")
    if sides == 1:
        noncentrality = float(special.ndtri(content)) * math.sqrt(n)
        return float(special.nctdtrit(n - 1, noncentrality, confidence)) / math.sqrt(n)
    if sides != 2:
        raise BadArgument("sides", "1 or 2", sides)
    nodes, weights = legendre(48)
    # The mean's error, 0 to 8.5 of its standard errors; the other half is its mirror.
    z = 4.25 + 4.25 * nodes
    density = 2.0 * 4.25 * weights * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    half = np.array([_half_width(offset / math.sqrt(n), content) for offset in z])

    def confidence_of(k: float) -> float:
        return float(np.sum(density * special.chdtrc(n - 1, (n - 1) * (half / k) ** 2)))

    low = high = float(special.ndtri(0.5 + content / 2.0))
    while confidence_of(high) < confidence:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if confidence_of(middle) < confidence else (low, middle)
    return 0.5 * (low + high)


def tolerance_interval(
    readings: ArrayLike,
    content: float = 0.95,
    confidence: float = 0.95,
    side: Literal["both", "upper", "lower"] = "both",
) -> ToleranceInterval:
    """Return the tolerance interval of independent normal readings.

    Args:
        readings: at least 2; shape (n,).
        content: share of the population.
        confidence: with which the interval holds it.
        side: "upper" bounds from above only, "lower" from below only.

    Raises:
        BadArgument: too few readings, NaN or infinity, or content or confidence not between 0 and 1.
    """
    summary = summarize(readings)
    k = tolerance_factor(summary.n, content, confidence, 2 if side == "both" else 1)
    low = -math.inf if side == "upper" else summary.mean - k * summary.sd
    high = math.inf if side == "lower" else summary.mean + k * summary.sd
    return ToleranceInterval(low, high, content, confidence, k, summary.n)


def wilks_confidence(n: int, content: float, discarded: int = 1) -> float:
    """Return the confidence that the readings' own ends hold the content, whatever the distribution.

    P = I_content-complement: the content between two order statistics is beta with n - r + 1 and r, r the number of
    values cut off at both ends together: 1 for the largest alone as an upper limit, 2 for smallest and largest.
    Source: Wilks, Ann. Math. Stat. 12 (1941) 91; recalled.

    Raises:
        BadArgument: ``discarded`` not from 1 to n, or ``content`` not between 0 and 1.
    """
    count(n, "n", 1)
    if not 1 <= discarded <= n:
        raise BadArgument("discarded", f"a number from 1 to {n}", discarded)
    return float(1.0 - special.betainc(n - discarded + 1, discarded, probability(content, "content")))


def wilks_sample_size(content: float = 0.95, confidence: float = 0.95, sides: Sides = 2) -> int:
    """Return the least number of readings whose own ends hold the content with the confidence (59 and 93 at 95/95).

    Raises:
        BadArgument: content or confidence not between 0 and 1, or another number of sides.
    """
    probability(confidence, "confidence")
    if sides not in (1, 2):
        raise BadArgument("sides", "1 or 2", sides)
    low, high = sides - 1, int(sides)
    while wilks_confidence(high, content, sides) < confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wilks_confidence(middle, content, sides) < confidence else (low, middle)
    return high


def distribution_free_interval(
    readings: ArrayLike, content: float = 0.95, side: Literal["both", "upper", "lower"] = "both"
) -> ToleranceInterval:
    """Return the readings' own ends and the confidence with which they hold the content.

    Raises:
        BadArgument: fewer than 2 readings, NaN or infinity, or ``content`` not between 0 and 1.
    """
    values = vector(readings, "readings", least=2)
    confidence = wilks_confidence(values.size, content, 2 if side == "both" else 1)
    low = -math.inf if side == "upper" else float(values.min())
    high = math.inf if side == "lower" else float(values.max())
    return ToleranceInterval(low, high, content, confidence, None, values.size)


def _half_width(offset: float, content: float) -> float:
    """Half-width about ``offset`` of the interval that holds the content of a standard normal variable (Newton)."""
    r = float(special.ndtri(0.5 + content / 2.0)) + offset
    for _ in range(60):
        held = normal_probability(offset + r) - normal_probability(offset - r)
        slope = (math.exp(-0.5 * (offset + r) ** 2) + math.exp(-0.5 * (offset - r) ** 2)) / math.sqrt(2.0 * math.pi)
        step = (held - content) / slope
        r -= step
        if abs(step) < 1e-14 * r:
            break
    return r
