"""Advice beside a marginal verdict, held against simulated repeats."""

import numpy as np
import pytest
from general_record import build_general

from calibration.advice import advised
from calibration.record import BudgetLine, Message

RECORD = build_general()
ERROR = next(t for t in RECORD.tests if t.id == "so2/drift/so2/zero_24h")
NOISE = next(t for t in RECORD.tests if t.id == "so2/noise/so2/zero_noise")


def marginal(shared, own, value, low=-2.0, high=2.0):
    lines = [
        BudgetLine(source=source, type="B", u=u, unit="%", sensitivity=1.0, contribution=u, basis=Message(key=basis))
        for source, u, basis in (
            ("cylinder", shared, "basis.certificate"),
            ("repeatability", own, "basis.flow_repeatability"),
        )
    ]
    verdict = "pass" if (low is None or low <= value) and (high is None or value <= high) else "fail"
    return ERROR.model_copy(update={
        "budget": lines, "u": float(np.hypot(shared, own)), "value": value, "limit_low": low, "limit_high": high,
        "assurance": "marginal", "verdict": verdict, "distribution": "normal",
    })  # fmt: skip


@pytest.mark.parametrize(
    ("value", "low", "high"), [(1.7, -2.0, 2.0), (2.25, -2.0, 2.0), (1.7, None, 2.0), (96.4, 96.0, None)]
)
def test_with_the_advised_repeats_the_other_verdict_is_rare_and_with_half_of_them_it_is_not(value, low, high):
    test = advised(marginal(0.08, 0.6, value, low, high))
    assert test.advice.repeats == "tests"
    assert test.advice.more > 1
    random = np.random.default_rng(4)

    def other_verdict(repeats):
        means = value + random.normal(0, 0.08, 20_000) + random.normal(0, 0.6, (20_000, repeats)).mean(axis=1)
        passes = (means >= (-np.inf if low is None else low)) & (means <= (np.inf if high is None else high))
        return float(np.mean(passes != (test.verdict == "pass")))

    assert other_verdict(test.advice.more + 1) <= 0.056
    assert other_verdict(max(1, (test.advice.more + 1) // 2)) > 0.07


@pytest.mark.parametrize("ratio", [0.85, 1.2])
def test_readings_of_a_deviation(ratio):
    n, limit = 25, NOISE.limit_high
    test = NOISE.model_copy(update={"value": ratio * limit, "n": n, "dof": n - 1.0, "assurance": "marginal",
                                    "verdict": "pass" if ratio < 1 else "fail"})  # fmt: skip
    advice = advised(test).advice
    assert advice.repeats == "readings"
    random = np.random.default_rng(5)
    s = random.normal(0.0, ratio * limit, (8000, n + advice.more)).std(axis=1, ddof=1)
    assert np.mean((s <= limit) != (ratio < 1)) <= 0.058


def test_better_references_where_repeats_would_do_nothing():
    assert advised(marginal(0.6, 0.1, 1.7)).advice.model_dump() == {
        "repeats": "tests", "more": None, "references": True,
    }  # fmt: skip
    assert advised(marginal(0.001, 0.6, 1.99)).advice.model_dump() == {
        "repeats": "tests", "more": None, "references": False,
    }  # fmt: skip


def test_a_firm_or_void_test_has_none():
    assert advised(marginal(0.1, 0.6, 1.7).model_copy(update={"assurance": "firm"})).advice is None
    assert advised(marginal(0.1, 0.6, 1.7).model_copy(update={"verdict": "void"})).advice is None
