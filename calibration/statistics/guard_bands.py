"""Guard bands and the decision rules of ILAC-G8:09/2019.

A guard band w keeps acceptance inside the tolerance: AL = TL - w. The rule must be agreed before anything is measured
(ISO/IEC 17025:2017, 7.1.3); where a regulation prescribes one, further risk need not be considered (7.8.6.1 note,
read).
"""

from __future__ import annotations

import math
from typing import Literal

from scipy import special

from calibration.statistics._arrays import finite, not_negative, positive, probability
from calibration.statistics.errors import BadArgument

IlacRule = Literal["6 sigma", "3 sigma", "ILAC-G8:2009", "ISO 14253-1", "simple", "uncritical"]

GUARD_BAND_IN_U: dict[IlacRule, float] = {
    "6 sigma": 3.0,
    "3 sigma": 1.5,
    "ILAC-G8:2009": 1.0,
    "ISO 14253-1": 0.83,
    "simple": 0.0,
    "uncritical": -1.0,
}
"""Guard band of each rule in expanded uncertainties: ILAC-G8:09/2019, Table 1; recalled (high)."""

FourWay = Literal["pass", "conditional pass", "conditional fail", "fail"]

TurRule = Literal["rss", "test 95 %", "RP-10", "Dobbert"]


def ilac_guard_band(expanded: float, rule: IlacRule) -> float:
    """Return the guard band of a rule, unit of the expanded uncertainty (95 %, k = 2).

    Raises:
        BadArgument: an unknown rule, or an uncertainty that is negative, NaN or infinite.
    """
    if rule not in GUARD_BAND_IN_U:
        raise BadArgument("rule", f"one of {', '.join(GUARD_BAND_IN_U)}", repr(rule))
    return GUARD_BAND_IN_U[rule] * not_negative(expanded, "expanded")


def decide_four_ways(value: float, low: float | None, high: float | None, guard_band: float) -> FourWay:
    """Return the non-binary decision of ILAC-G8:09/2019, 4.2.3 (read on the pages of a copy).

    Pass up to the acceptance limit, conditional pass up to the tolerance limit, conditional fail up to a guard band
    beyond it, fail further out. The nearer limit decides.

    Raises:
        BadArgument: no limit, NaN or infinity, or a negative guard band.
    """
    if low is None and high is None:
        raise BadArgument("low and high", "at least one limit", "neither")
    measured, band = finite(value, "value"), not_negative(guard_band, "guard_band")
    margin = math.inf
    if low is not None:
        margin = min(margin, measured - finite(low, "low"))
    if high is not None:
        margin = min(margin, finite(high, "high") - measured)
    if margin >= 0.0:
        return "pass" if margin >= band else "conditional pass"
    return "conditional fail" if margin >= -band else "fail"


def acceptance_guard_band(u: float, conforming: float = 0.95, dof: float = math.inf) -> float:
    """Return the guard band with which what is just accepted conforms with probability ``conforming`` (one limit near).

    w = z u, z the normal quantile, or Student's with ``dof`` degrees of freedom. JCGM 106:2012, 8.3.2; recalled.

    Raises:
        BadArgument: ``conforming`` not between 0 and 1, ``dof`` not above zero, or an uncertainty that is negative.
    """
    p = probability(conforming, "conforming")
    if not dof > 0.0:
        raise BadArgument("dof", "degrees of freedom above zero", dof)
    quantile = float(special.ndtri(p) if math.isinf(dof) else special.stdtrit(dof, p))
    return quantile * not_negative(u, "u")


def deviation_acceptance_limit(high: float, dof: float, conforming: float = 0.95) -> float:
    """Return the largest estimate s for which the true deviation is at most ``high`` with probability ``conforming``.

    s = high sqrt(chi2 / dof), chi2 the (1 - conforming) quantile: noise, detection limit and precision have no
    symmetric guard band, and few readings leave little of the limit.

    Raises:
        BadArgument: a limit or ``dof`` not above zero, or ``conforming`` not between 0 and 1.
    """
    freedom = positive(dof, "dof")
    quantile = float(special.chdtri(freedom, probability(conforming, "conforming")))
    return positive(high, "high") * math.sqrt(quantile / freedom)


def guard_band_factor(test_uncertainty_ratio: float, rule: TurRule) -> float:
    """Return the fraction of the tolerance that acceptance keeps, by the ratio of tolerance to expanded uncertainty.

    rss sqrt(1 - 1/T^2); test 95 % 1 - 1/T; RP-10 1.25 - 1/T (not above 1); Dobbert 1 - (1.04 - exp(0.38 ln T - 0.54)) /
    T (not above 1). Source: sandialabs/suncal, risk/guardband_tur.py; reported.

    Raises:
        BadArgument: a ratio not above zero (above 1 for rss), or an unknown rule.
    """
    ratio = positive(test_uncertainty_ratio, "test_uncertainty_ratio")
    if rule == "rss":
        if ratio < 1.0:
            raise BadArgument("test_uncertainty_ratio", "a ratio of at least 1 for this rule", ratio)
        return math.sqrt(1.0 - 1.0 / ratio**2)
    if rule == "test 95 %":
        return max(0.0, 1.0 - 1.0 / ratio)
    if rule == "RP-10":
        return min(1.0, max(0.0, 1.25 - 1.0 / ratio))
    if rule == "Dobbert":
        return min(1.0, max(0.0, 1.0 - (1.04 - math.exp(0.38 * math.log(ratio) - 0.54)) / ratio))
    raise BadArgument("rule", "one of rss, test 95 %, RP-10, Dobbert", repr(rule))
