"""Does a value conform to its limits, and how sure is that: JCGM 106:2012, recalled; checked against published risks.

A regulator's rule is simple acceptance: the measured value against the limit. What stands here beside it (probability
of conformance, guard bands, consumer's and producer's risk) never changes that verdict unless a plan names a guarded
rule before gas flows (ISO/IEC 17025:2017, 7.1.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy import special

from calibration.statistics._arrays import finite, not_negative, positive
from calibration.statistics._quadrature import legendre
from calibration.statistics.distributions import chi_square_survival, normal_probability, student_probability
from calibration.statistics.errors import BadArgument

Assurance = Literal["firm", "marginal", "not applicable"]

MARGINAL = (0.025, 0.975)
"""A probability of conformance between these two is marginal: the limit lies inside the 95 % interval's reach."""


def conformance_probability(
    value: float, u: float, low: float | None = None, high: float | None = None, dof: float | None = None
) -> float:
    """Return the probability that the true value lies within the limits, for a flat prior.

    Args:
        value: measured value.
        u: its standard uncertainty, not negative; 0 gives 0 or 1.
        low: lower limit, or None.
        high: upper limit, or None.
        dof: degrees of freedom of ``u``; None or infinite takes the normal distribution.

    Raises:
        BadArgument: no limit at all, limits that cross, a negative or non-finite ``u``.
    """
    if low is None and high is None:
        raise BadArgument("low and high", "at least one limit", "neither")
    if low is not None and high is not None and low > high:
        raise BadArgument("low", f"a limit not above the upper limit {high}", low)
    value, u = finite(value, "value"), not_negative(u, "u")
    if u == 0.0:
        inside = (low is None or value >= low) and (high is None or value <= high)
        return 1.0 if inside else 0.0

    def below(limit: float) -> float:
        z = (limit - value) / u
        return normal_probability(z) if dof is None else student_probability(z, dof)

    return (1.0 if high is None else below(high)) - (0.0 if low is None else below(low))


def conformance_probability_of_deviation(s: float, dof: float, high: float) -> float:
    """Return the probability that a true standard deviation is at most ``high``, given its estimate ``s``.

    For noise, detection limit and precision: dof s^2 / sigma^2 is chi-square, so
    p = P(chi2 > dof s^2 / high^2).

    Raises:
        BadArgument: ``dof`` or ``high`` not above zero, ``s`` negative.
    """
    ratio = not_negative(s, "s") / positive(high, "high")
    return chi_square_survival(positive(dof, "dof") * ratio**2, dof)


def assurance(p_conform: float | None) -> Assurance:
    """Return how firmly a verdict stands: marginal where neither conformance nor the opposite is sure at 97.5 %."""
    if p_conform is None:
        return "not applicable"
    return "marginal" if MARGINAL[0] < p_conform < MARGINAL[1] else "firm"


def decide(
    value: float,
    low: float | None,
    high: float | None,
    rule: Literal["simple", "guarded"] = "simple",
    guard_band: float = 0.0,
) -> Literal["pass", "fail", "undecided"]:
    """Return the verdict on ``value``.

    ``simple`` compares with the limits and nothing else. ``guarded`` passes what is inside by ``guard_band`` at
    least, fails what is outside by more than it, and leaves the rest undecided (ILAC-G8:09/2019, non-binary, with
    both conditional bands joined).

    Raises:
        BadArgument: no limit, or a negative guard band.
    """
    if low is None and high is None:
        raise BadArgument("low and high", "at least one limit", "neither")
    value, guard_band = finite(value, "value"), not_negative(guard_band, "guard_band")
    margins = []
    if low is not None:
        margins.append(value - low)
    if high is not None:
        margins.append(high - value)
    margin = min(margins)
    if rule == "simple":
        return "pass" if margin >= 0.0 else "fail"
    if margin >= guard_band:
        return "pass"
    return "fail" if margin < -guard_band else "undecided"


@dataclass(frozen=True, slots=True)
class GlobalRisk:
    """Risks over a population of items, before any of them is measured.

    Attributes:
        consumer: probability that an item does not conform and is accepted.
        producer: probability that an item conforms and is rejected.
        conditional_consumer: probability that an accepted item does not conform.
    """

    consumer: float
    producer: float
    conditional_consumer: float


def global_risk(
    low: float,
    high: float,
    process_sd: float,
    measurement_sd: float,
    guard_band: float = 0.0,
    process_mean: float = 0.0,
) -> GlobalRisk:
    """Return consumer's and producer's risk for a normal process and a normal measurement.

    JCGM 106:2012, 9.5.2 and 9.5.3 (recalled): integral over the true value of its density times the probability that
    the measured value falls on the wrong side of the acceptance limits, by Gauss-Legendre quadrature.

    Raises:
        BadArgument: a standard deviation not above zero, or limits that cross.
    """
    process_sd, measurement_sd = positive(process_sd, "process_sd"), positive(measurement_sd, "measurement_sd")
    if not low < high:
        raise BadArgument("low", f"a limit below the upper limit {high}", low)
    reach = process_mean - 10.0 * process_sd, process_mean + 10.0 * process_sd
    nodes, weights = legendre(128)

    def integral(begin: float, end: float, *, want_accepted: bool) -> float:
        begin, end = max(begin, reach[0]), min(end, reach[1])
        if begin >= end:
            return 0.0
        # The steep part of the integrand lies within a few measurement sd of a limit: cut there.
        cuts = sorted({begin, end, *(
            cut for limit in (low, high) for k in (-8, -3, 0, 3, 8)
            if begin < (cut := limit + k * measurement_sd) < end
        )})  # fmt: skip
        total = 0.0
        for left, right in pairwise(cuts):
            true = 0.5 * (right - left) * nodes + 0.5 * (right + left)
            density = np.exp(-0.5 * ((true - process_mean) / process_sd) ** 2) / (process_sd * math.sqrt(2 * math.pi))
            accepted = special.ndtr((high - guard_band - true) / measurement_sd) - special.ndtr(
                (low + guard_band - true) / measurement_sd
            )
            chosen = accepted if want_accepted else 1.0 - accepted
            total += 0.5 * (right - left) * float(np.sum(weights * density * chosen))
        return total

    inf = math.inf
    consumer = integral(-inf, low, want_accepted=True) + integral(high, inf, want_accepted=True)
    producer = integral(low, high, want_accepted=False)
    accepted_good = integral(low, high, want_accepted=True)
    return GlobalRisk(consumer, producer, consumer / (consumer + accepted_good))
