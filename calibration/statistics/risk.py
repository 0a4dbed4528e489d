"""What a decision rule risks over many units: consumer's and producer's risk for a normal process.

The true values of the units scatter normally about a process mean, the measurement adds an independent normal error.
True and measured value are then bivariate normal, and every risk is the probability of a rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from calibration.statistics._arrays import finite
from calibration.statistics.distributions import normal_probability


@dataclass(frozen=True, slots=True)
class GlobalRisk:
    """Shares of all units that are measured.

    Attributes:
        consumer: accepted although the true value does not conform (false acceptance).
        producer: rejected although it conforms (false rejection).
        conditional_consumer: not conforming among the accepted ones; None if none is accepted.
        nonconforming: not conforming, whatever is decided.
    """

    consumer: float
    producer: float
    conditional_consumer: float | None
    nonconforming: float


def global_risk(
    process_mean: float,
    process_sd: float,
    u: float,
    low: float | None,
    high: float | None,
    guard: float = 0.0,
) -> GlobalRisk:
    """Return the global risks of accepting what measures inside the limits by ``guard``.

    Source: JCGM 106:2012, 9.5; recalled. The rectangles come from Owen's T function (Owen, Ann. Math. Stat. 27
    (1956) 1075; recalled) and are good to about 1e-15.

    Args:
        process_mean: mean of the true values.
        process_sd: their standard deviation, above zero.
        u: standard uncertainty of the measurement, above zero.
        low: lower limit of the true value, or None.
        high: upper limit of the true value, or None.
        guard: guard band; negative to accept beyond the limits.

    Raises:
        ValueError: a standard deviation not above zero, no limit, limits crossed, or numbers not finite.
    """
    mean, sd, measurement = finite(process_mean, "process_mean"), finite(process_sd, "process_sd"), finite(u, "u")
    if not (sd > 0.0 and measurement > 0.0):
        raise ValueError(f"process_sd and u must be above zero, but are {sd} and {measurement}")
    if low is None and high is None:
        raise ValueError("at least one limit is needed")
    lower = -math.inf if low is None else (finite(low, "low") - mean)
    upper = math.inf if high is None else (finite(high, "high") - mean)
    if lower > upper:
        raise ValueError(f"the lower limit {low} lies above the upper limit {high}")
    band = finite(guard, "guard")
    seen_sd = math.hypot(sd, measurement)
    true_low, true_high = lower / sd, upper / sd
    seen_low, seen_high = (lower + band) / seen_sd, (upper - band) / seen_sd
    conforming = normal_probability(true_high) - normal_probability(true_low)
    if seen_low > seen_high:
        accepted = both = 0.0
    else:
        accepted = normal_probability(seen_high) - normal_probability(seen_low)
        rho = sd / seen_sd
        rho_rest = measurement / seen_sd
        both = (
            _quadrant(true_high, seen_high, rho, rho_rest)
            - _quadrant(true_low, seen_high, rho, rho_rest)
            - _quadrant(true_high, seen_low, rho, rho_rest)
            + _quadrant(true_low, seen_low, rho, rho_rest)
        )
    consumer = max(0.0, accepted - both)
    return GlobalRisk(
        consumer=consumer,
        producer=max(0.0, conforming - both),
        conditional_consumer=consumer / accepted if accepted > 0.0 else None,
        nonconforming=1.0 - conforming,
    )


def _quadrant(h: float, k: float, rho: float, rho_rest: float) -> float:
    """Return P(X <= h, Y <= k) for standard normal X, Y of correlation ``rho``; ``rho_rest`` = sqrt(1 - rho^2)."""
    if math.isinf(h) or math.isinf(k):
        if h == -math.inf or k == -math.inf:
            return 0.0
        return normal_probability(k) if h == math.inf else normal_probability(h)
    if h == 0.0 and k == 0.0:
        return 0.25 + math.asin(rho) / (2.0 * math.pi)
    apart = 0.0 if h * k > 0.0 or (h * k == 0.0 and h + k >= 0.0) else 0.5
    return (
        0.5 * (normal_probability(h) + normal_probability(k))
        - _owen(h, k - rho * h, rho_rest)
        - _owen(k, h - rho * k, rho_rest)
        - apart
    )


def _owen(h: float, numerator: float, rho_rest: float) -> float:
    if h == 0.0:
        return math.copysign(0.25, numerator)
    return float(special.owens_t(h, numerator / (h * rho_rest)))
