import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from calibration.statistics import (
    assurance,
    conformance_probability,
    conformance_probability_of_deviation,
    decide,
    global_risk,
)

DATA = json.loads((Path(__file__).parents[1] / "data" / "conformity_risk_examples.json").read_text())


@pytest.mark.parametrize("row", DATA["rp19"]["rows"])
def test_false_accepts_of_rp19(row):
    process_sd = 1.0 / ndtri((1.0 + row["in_tolerance_probability"]) / 2.0)
    risk = global_risk(-1.0, 1.0, process_sd, process_sd / 4.0)
    assert 100 * risk.consumer == pytest.approx(row["PFA_percent"], abs=2e-6)
    assert 100 * risk.conditional_consumer == pytest.approx(row["conditional_PFA_percent"], abs=3e-4)
    assert 100 * risk.producer == pytest.approx(row["PFR_here_percent"], abs=1e-6)


@pytest.mark.parametrize("case", DATA["deaver"]["cases"])
def test_risks_of_deaver(case):
    limit = case["limit_sigma"]
    guard = limit * (1.0 - case.get("guard_factor", 1.0))
    risk = global_risk(-limit, limit, 1.0, case["measurement_sd_in_process_sd"], guard)
    digits = 1e-4 if case["PFA"] == 0.0025 else 5e-4
    assert risk.consumer == pytest.approx(case["PFA"], abs=digits)
    if "PFR" in case:
        assert risk.producer == pytest.approx(case["PFR"], abs=5e-4)


def test_risks_of_the_resistor():
    for row in DATA["jcgm106_resistor"]["rows"]:
        risk = global_risk(-0.2, 0.2, 0.12, 0.04, row["guard_band"])
        assert risk.consumer == pytest.approx(row["R_C"], rel=1e-6)
        assert risk.producer == pytest.approx(row["R_P"], rel=1e-6)


@pytest.mark.parametrize("case", DATA["specific"]["cases"])
def test_specific_risk(case):
    p = conformance_probability(case["mean"], case["sd"], case["LL"], case["UL"])
    assert 1.0 - p == pytest.approx(case["risk"], abs=6e-6)


def test_probability_of_a_standard_deviation():
    assert conformance_probability_of_deviation(0.9, 24, 1.0) == pytest.approx(0.73, abs=0.005)
    assert conformance_probability_of_deviation(0.8, 5, 1.0) == pytest.approx(0.67, abs=0.005)


def test_on_the_limit_half_conforms_and_is_marginal():
    p = conformance_probability(1.05, 0.01, 0.95, 1.05)
    assert p == pytest.approx(0.5)
    assert assurance(p) == "marginal"
    assert assurance(0.999) == "firm" == assurance(0.001)
    assert assurance(None) == "not applicable"


def test_simple_and_guarded_rule():
    assert decide(1.05, 0.95, 1.05) == "pass"
    assert decide(1.0500001, 0.95, 1.05) == "fail"
    assert decide(1.05, 0.95, 1.05, "guarded", 0.02) == "undecided"
    assert decide(1.02, 0.95, 1.05, "guarded", 0.02) == "pass"
    assert decide(1.08, 0.95, 1.05, "guarded", 0.02) == "fail"


@given(st.floats(0, 10), st.floats(0, 10), st.floats(0.01, 3))
def test_further_from_an_upper_limit_is_never_less_probable(a, b, u):
    near, far = max(a, b), min(a, b)
    assert conformance_probability(far, u, high=5.0) >= conformance_probability(near, u, high=5.0)


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="at least one limit"):
        conformance_probability(1.0, 0.1)
    with pytest.raises(ValueError, match="above the upper"):
        conformance_probability(1.0, 0.1, 2.0, 1.0)
    with pytest.raises(ValueError, match="finite"):
        conformance_probability(float("nan"), 0.1, high=1.0)
