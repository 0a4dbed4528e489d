"""What risk a number of repeats leaves, and how many would bring it down.

A test has two ways to be wrong: a good unit fails (producer's risk), a bad one passes (consumer's risk). How often
depends on how good and how bad: ``good`` and ``bad`` are true values, one inside of the limit and one outside. The rule
judged is the standards' own, simple acceptance of the value as it comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import special

from calibration.statistics._arrays import count, finite, not_negative, positive, probability
from calibration.statistics.distributions import chi_square_survival, normal_probability
from calibration.statistics.errors import BadArgument

MOST = 1_000_000
"""Repeats beyond which no plan goes."""


@dataclass(frozen=True, slots=True)
class TestRisk:
    """Risks of one test with ``n`` repeats.

    Attributes:
        n: repeats.
        consumer: probability that the bad unit passes.
        producer: probability that the good unit fails.
    """

    __test__ = False  # pytest takes every class called Test... for its own

    n: int
    consumer: float
    producer: float

    @property
    def larger(self) -> float:
        """The larger of both risks."""
        return max(self.consumer, self.producer)


def deviation_test_risk(n: int, good: float, bad: float, limit: float = 1.0) -> TestRisk:
    """Return the risks of a limit on a standard deviation (noise, detection limit, precision) from n readings.

    Of a unit of true deviation sigma, (n - 1) s^2 / sigma^2 is chi-square: P(s <= limit) = F((n - 1) limit^2 /
    sigma^2). The detection limit and a limit on twice the noise are the same test in other units.

    Args:
        n: independent readings, at least 2.
        good: true deviation of a unit that should pass, above zero and below the limit.
        bad: of one that should fail, above the limit.
        limit: in the unit of both.

    Raises:
        BadArgument: fewer readings, or values on the wrong side of the limit.
    """
    count(n, "n", 2)
    _sides(positive(good, "good"), positive(bad, "bad"), positive(limit, "limit"))

    def fails(sigma: float) -> float:
        return chi_square_survival((n - 1) * (limit / sigma) ** 2, n - 1)

    return TestRisk(n, 1.0 - fails(bad), fails(good))


def mean_test_risk(n: int, good: float, bad: float, sd: float, limit: float = 1.0, u_common: float = 0.0) -> TestRisk:
    """Return the risks of limits +- ``limit`` on an error (indication, drift, a slope) from n repeats.

    The estimate is normal with variance u_common^2 + sd^2 / n: repeats do nothing against the cylinder and the flows.

    Args:
        n: independent repeats, at least 1.
        good: magnitude of the true error of a unit that should pass, below the limit.
        bad: of one that should fail, above it.
        sd: standard deviation of one repeat, not negative.
        limit: above zero.
        u_common: standard uncertainty of what all repeats share.

    Raises:
        BadArgument: fewer repeats, values on the wrong side of the limit, or no uncertainty at all.
    """
    count(n, "n", 1)
    _sides(not_negative(good, "good"), positive(bad, "bad"), positive(limit, "limit"))
    u = math.hypot(not_negative(u_common, "u_common"), not_negative(sd, "sd") / math.sqrt(n))
    if u == 0.0:
        raise BadArgument("sd and u_common", "one above zero", "both are zero: no test is ever wrong")

    def passes(error: float) -> float:
        return normal_probability((limit - error) / u) - normal_probability((-limit - error) / u)

    return TestRisk(n, passes(bad), 1.0 - passes(good))


def readings_for_deviation(
    good: float, bad: float, limit: float = 1.0, risk: float = 0.05, most: int = MOST
) -> int | None:
    """Return the least number of readings with which neither risk of :func:`deviation_test_risk` exceeds ``risk``.

    None if ``most`` are not enough.

    Raises:
        BadArgument: as :func:`deviation_test_risk`, or ``risk`` not between 0 and 1.
    """
    return _least(lambda n: deviation_test_risk(n, good, bad, limit).larger, 2, most, risk)


def repeats_for_mean(
    good: float, bad: float, sd: float, limit: float = 1.0, u_common: float = 0.0, risk: float = 0.05, most: int = MOST
) -> int | None:
    """Return the least number of repeats with which neither risk of :func:`mean_test_risk` exceeds ``risk``.

    None if ``most`` are not enough: as a rule because what all repeats share is too uncertain, which none of them
    mends.

    Raises:
        BadArgument: as :func:`mean_test_risk`, or ``risk`` not between 0 and 1.
    """
    return _least(lambda n: mean_test_risk(n, good, bad, sd, limit, u_common).larger, 1, most, risk)


def deviation_ratio(n: int, risk: float = 0.05) -> tuple[float, float]:
    """Return, in units of the limit, the deviations that n readings tell apart from it at this risk.

    A unit better than the first fails with less than ``risk``, one worse than the second passes with less. With 25
    readings 0.81 and 1.32 at 5 %: a pass by 25 readings does not exclude a noise a third above the limit.

    Raises:
        BadArgument: n below 2, or ``risk`` not between 0 and 1.
    """
    count(n, "n", 2)
    p = probability(risk, "risk")
    return (
        math.sqrt((n - 1) / float(special.chdtri(n - 1, p))),
        math.sqrt((n - 1) / float(special.chdtri(n - 1, 1.0 - p))),
    )


def _sides(good: float, bad: float, limit: float) -> None:
    if not good < limit:
        raise BadArgument("good", f"a value below the limit {limit}", good)
    if not finite(bad, "bad") > limit:
        raise BadArgument("bad", f"a value above the limit {limit}", bad)


def _least(larger_risk: Callable[[int], float], least: int, most: int, risk: float) -> int | None:
    """The least n whose risk is small enough.

    Both risks fall with n but where a risk above one half grows first: a deviation's, with a handful of readings. So
    the doubling looks for a small risk, and the halving between keeps one end that has it and one that has not.
    """
    probability(risk, "risk")
    count(most, "most", least)
    low, high = least - 1, least
    while larger_risk(high) > risk:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if larger_risk(middle) > risk else (low, middle)
    return high
