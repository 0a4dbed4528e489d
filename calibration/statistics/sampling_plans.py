"""Sampling plans by attributes: test some, count failures, accept, reject, or test more; and what a pass is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from calibration.statistics._arrays import Vector, count, frozen, probability, vector
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """A double sampling plan; with ``reject`` = ``accept`` + 1 and no second sample it is a single one.

    Attributes:
        first: tests of the first sample.
        accept: most failures of the first sample that accept at once.
        reject: fewest failures of the first sample that reject at once.
        second: tests of the second sample, made where the first decides nothing.
        accept_total: most failures of both samples that accept.
    """

    first: int
    accept: int
    reject: int
    second: int = 0
    accept_total: int = 0

    def __post_init__(self) -> None:
        """Refuse a plan that cannot be carried out."""
        count(self.first, "first", 1)
        count(self.accept, "accept", 0)
        if not self.accept < self.reject <= self.first + 1:
            raise BadArgument("reject", f"a number from {self.accept + 1} to {self.first + 1}", self.reject)
        undecided = self.reject > self.accept + 1
        if undecided and self.second < 1:
            raise BadArgument("second", "a second sample, since the first may decide nothing", self.second)
        if undecided and not self.accept < self.accept_total < self.first + self.second:
            raise BadArgument("accept_total", f"above {self.accept}, below all tests", self.accept_total)

    def decide(self, first_failures: int, second_failures: int | None = None) -> bool | None:
        """Return whether so many failures are accepted; None if the second sample has yet to be tested.

        Raises:
            BadArgument: more failures than tests, or a second sample that the plan does not ask for.
        """
        if not 0 <= first_failures <= self.first:
            raise BadArgument("first_failures", f"a number from 0 to {self.first}", first_failures)
        decided = first_failures <= self.accept or first_failures >= self.reject
        if second_failures is None:
            return first_failures <= self.accept if decided else None
        if decided:
            raise BadArgument("second_failures", "none: the first sample decides", second_failures)
        if not 0 <= second_failures <= self.second:
            raise BadArgument("second_failures", f"a number from 0 to {self.second}", second_failures)
        return first_failures + second_failures <= self.accept_total

    def operating_curve(self, failing: ArrayLike) -> Vector:
        """Return the probability of acceptance where each test fails independently with probability ``failing``.

        Args:
            failing: probabilities from 0 to 1, shape (n,) or one number.

        Returns:
            shape (n,), read-only.

        Raises:
            BadArgument: a probability below 0 or above 1.
        """
        p = _probabilities(failing)
        accepted = special.bdtr(self.accept, self.first, p)
        for failures in range(self.accept + 1, self.reject):
            rest = self.accept_total - failures
            if rest >= 0:
                at_second = special.bdtr(min(rest, self.second), self.second, p)
                accepted = accepted + _binomial(failures, self.first, p) * at_second
        return frozen(accepted)

    def expected_tests(self, failing: ArrayLike) -> Vector:
        """Return how many tests the plan takes on average; shape (n,), read-only.

        Raises:
            BadArgument: a probability below 0 or above 1.
        """
        p = _probabilities(failing)
        undecided = sum(_binomial(failures, self.first, p) for failures in range(self.accept + 1, self.reject))
        return frozen(self.first + self.second * np.asarray(undecided, dtype=np.float64) * np.ones_like(p))

    def failing_share(self, accepted: float) -> float:
        """Return the probability of failure at which the plan accepts with probability ``accepted``.

        0.95 gives what the plan hardly rejects (producer's point), 0.05 what it hardly accepts (consumer's point).

        Raises:
            BadArgument: ``accepted`` not between 0 and 1.
        """
        wanted = probability(accepted, "accepted")
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.operating_curve([middle])[0] > wanted else (low, middle)
        return 0.5 * (low + high)


PART_53 = SamplingPlan(first=7, accept=0, reject=3, second=8, accept_total=2)
"""Each parameter of an analyzer: 7 tests, 0 failures accept, 3 reject; else 8 more, and at most 2 of all 15 accept.

40 CFR 53.20 and Table B-1; recalled (numbers high, paragraph medium)."""


def _probabilities(failing: ArrayLike) -> Vector:
    p = vector(np.atleast_1d(failing), "failing")
    if not ((p >= 0.0) & (p <= 1.0)).all():
        raise BadArgument("failing", "probabilities from 0 to 1", p.tolist())
    return p


def _binomial(failures: int, tests: int, p: Vector) -> Vector:
    return np.asarray(math.comb(tests, failures) * p**failures * (1.0 - p) ** (tests - failures))
