"""Advice beside a marginal verdict: how many repeats would settle it.

The question of :mod:`calibration.statistics.sample_size`, asked of the value as it came out: were that the true one,
how many readings (of a deviation) or repeated tests (of anything else) would give the other verdict with a probability
of 5 % at the most? What all repeats share, the references, is not averaged away.
"""

from __future__ import annotations

import math

from calibration.record import Advice, Test
from calibration.statistics.sample_size import readings_for_deviation, repeats_for_mean

RISK = 0.05
"""Risk of the other verdict that the advice aims at: this project's choice."""

MOST = 1000
"""Repeats beyond which a plan is not worth the gas."""

_SHARED = ("basis.certificate", "basis.flow_calibration", "basis.photometer")
"""Bases of errors that are the same in every repeat: those of the references."""

_FAR = 20.0
"""Standard uncertainties at which the other limit no longer matters."""


def shared_and_own(test: Test) -> tuple[float, float]:
    """Standard uncertainty of what all repeats of a test share, and of what each has of its own."""
    counted = [line for line in test.budget if not line.cancels]
    shared = math.sqrt(sum(line.contribution**2 for line in counted if line.basis.key in _SHARED))
    return shared, math.sqrt(max(0.0, (test.u or 0.0) ** 2 - shared**2))


def independent_readings(test: Test) -> int:
    """Readings of a deviation, those that remember each other counted for fewer: as its degrees of freedom say."""
    return max(2, round(test.dof or 0.0) + 1)


def advised(test: Test) -> Test:
    """The test, with advice where its verdict is marginal and repeats are what it lacks."""
    if test.assurance != "marginal" or test.value is None or test.verdict not in ("pass", "fail", "undecided"):
        return test
    found = _of_deviation(test) if test.distribution == "chi-square" else _of_value(test)
    return test if found is None else test.model_copy(update={"advice": found})


def _of_deviation(test: Test) -> Advice | None:
    limit, value = test.limit_high, test.value
    if not limit or not value or value == limit or test.dof is None:
        return None
    ratio = min(value / limit, limit / value)
    enough = readings_for_deviation(ratio, 1.0 / ratio, risk=RISK, most=MOST)
    if enough is None:
        return Advice(repeats="readings", more=None)
    more = math.ceil(enough * max(1.0, test.n / independent_readings(test))) - test.n
    return Advice(repeats="readings", more=more) if more > 0 else None


def _of_value(test: Test) -> Advice | None:
    value, u = test.value, test.u
    limits = [limit for limit in (test.limit_low, test.limit_high) if limit is not None]
    if value is None or not u or not limits:
        return None
    distance = min(abs(value - limit) for limit in limits)
    half = (limits[1] - limits[0]) / 2.0 if len(limits) == 2 else distance + _FAR * u
    if distance == 0.0 or distance > half:
        return Advice(repeats="tests", more=None)  # on the limit, where every number of repeats errs every second time
    shared, own = shared_and_own(test)
    enough = repeats_for_mean(half - distance, half + distance, own, half, shared, RISK, MOST)
    if enough is None:
        alone = repeats_for_mean(half - distance, half + distance, 0.0, half, shared, RISK, 1) if shared > 0.0 else 1
        return Advice(repeats="tests", more=None, references=alone is None)
    return Advice(repeats="tests", more=enough - 1) if enough > 1 else None
