"""What risk the tests of a plan leave, and how many repeats would bring it down.

Learned from a record of the plan: how much a value scatters and what all its repeats share is in its budgets. Of a
standard deviation the repeats are readings; of anything else the whole test as the plan does it, done again.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from calibration.advice import MOST, independent_readings, shared_and_own
from calibration.record import Record, Test
from calibration.statistics.distributions import chi_square_survival
from calibration.statistics.sample_size import (
    deviation_test_risk,
    mean_test_risk,
    readings_for_deviation,
    repeats_for_mean,
)


class Power(BaseModel):
    """The risk of one test of a plan, for simple acceptance.

    Good and bad are units at ``good`` and at 1/``good`` of the limit (of the distance from the middle to a limit, where
    there are two). ``needed`` is the number of repeats with which neither is judged wrongly more often than ``risk``;
    None where no number up to 1000 does that, or nothing can be said (``why``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    criterion: str
    document: str
    device: str
    quantity: str
    repeats: Literal["readings", "tests"]
    planned: int = Field(description="as the plan has it")
    at_limit_passes: float | None = None
    good_fails: float | None = None
    bad_passes: float | None = None
    needed: int | None = None
    why: Literal["", "no distribution", "no uncertainty", "no value", "references"] = ""

    @property
    def larger(self) -> float:
        """The larger risk of both; 0 where none is known."""
        return max(self.good_fails or 0.0, self.bad_passes or 0.0)


def power(record: Record, good: float = 0.8, risk: float = 0.05) -> list[Power]:
    """Return the power of every test of ``record``.

    Args:
        record: a run of the plan.
        good: true value of a unit that should pass, as part of the limit, between 0 and 1.
        risk: what is wanted of both risks, between 0 and 0.5.

    Raises:
        ValueError: ``good`` or ``risk`` out of its range.
    """
    if not 0.0 < good < 1.0:
        raise ValueError(f"good: expected a part of the limit between 0 and 1, found {good:g}")
    if not 0.0 < risk < 0.5:
        raise ValueError(f"risk: expected a probability between 0 and 0.5, found {risk:g}")
    return [_of_deviation(t, good, risk) if t.distribution == "chi-square" else _of_value(t, good, risk)
            for t in record.tests]  # fmt: skip


def worst_by_criterion(found: list[Power]) -> list[Power]:
    """Return of each criterion the test with the largest risk, in the order of the record."""
    worst: dict[str, Power] = {}
    for one in found:
        if one.criterion not in worst or one.larger > worst[one.criterion].larger:
            worst[one.criterion] = one
    return list(worst.values())


def _blank(test: Test, repeats: Literal["readings", "tests"], planned: int) -> Power:
    return Power(id=test.id, criterion=test.criterion, document=test.document, device=test.device,
                 quantity=test.quantity, repeats=repeats, planned=planned)  # fmt: skip


def _of_deviation(test: Test, good: float, risk: float) -> Power:
    """Readings that remember each other count for fewer: as many as their degrees of freedom say."""
    blank = _blank(test, "readings", test.n)
    if test.value is None or test.dof is None:
        return blank.model_copy(update={"why": "no value"})
    independent = independent_readings(test)
    risks = deviation_test_risk(independent, good, 1.0 / good)
    enough = readings_for_deviation(good, 1.0 / good, risk=risk, most=MOST)
    return blank.model_copy(update={
        "at_limit_passes": 1.0 - chi_square_survival(independent - 1.0, independent - 1.0),
        "good_fails": risks.producer, "bad_passes": risks.consumer,
        "needed": None if enough is None else math.ceil(enough * max(1.0, test.n / independent)),
    })  # fmt: skip


def _of_value(test: Test, good: float, risk: float) -> Power:
    blank = _blank(test, "tests", 1)
    limit = _half_width(test)
    if test.value is None:
        return blank.model_copy(update={"why": "no value"})
    if test.distribution == "none":
        return blank.model_copy(update={"why": "no distribution"})
    if not test.u or not limit:
        return blank.model_copy(update={"why": "no uncertainty"})
    shared, own = shared_and_own(test)
    two_sided = test.limit_low is not None and test.limit_high is not None
    risks = mean_test_risk(1, good * limit, limit / good, own, limit, shared)
    needed = repeats_for_mean(good * limit, limit / good, own, limit, shared, risk, MOST)
    far = math.erf(math.sqrt(2.0) * limit / test.u) if two_sided else 1.0
    return blank.model_copy(update={
        "at_limit_passes": 0.5 * far, "good_fails": risks.producer, "bad_passes": risks.consumer, "needed": needed,
        "why": "references" if needed is None else "",
    })  # fmt: skip


def _half_width(test: Test) -> float:
    """The distance from the middle to a limit; of one limit its magnitude; 0 where there is none."""
    low, high = test.limit_low, test.limit_high
    if low is not None and high is not None:
        return (high - low) / 2.0
    return abs(low if low is not None else high or 0.0)
