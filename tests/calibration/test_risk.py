"""Guard bands, decision rules, sample sizes, and whether a stated probability is what happens."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics import (
    BadArgument,
    acceptance_guard_band,
    conformance_probability,
    conformance_probability_of_deviation,
    decide,
    decide_four_ways,
    deviation_acceptance_limit,
    deviation_ratio,
    deviation_test_risk,
    global_risk,
    guard_band_factor,
    ilac_guard_band,
    mean_test_risk,
    readings_for_deviation,
    repeats_for_mean,
)

DATA = json.loads((Path(__file__).parents[1] / "data" / "conformity_risk_examples.json").read_text())


@pytest.mark.parametrize(
    ("rule", "most"),
    [("6 sigma", 1e-6), ("3 sigma", 0.0016), ("ILAC-G8:2009", 0.025), ("ISO 14253-1", 0.05), ("simple", 0.5)],
)
def test_rules_of_ilac_g8_keep_the_risk_that_their_table_states(rule, most):
    # Table 1 of ILAC-G8:09/2019 (recalled): risk of accepting what lies just at the acceptance limit; U = 2 u.
    band = ilac_guard_band(2.0, rule)
    risk = 1.0 - conformance_probability(100.0 - band, 1.0, high=100.0)
    assert risk <= most * (1 + 1e-9)
    assert risk > 0.35 * most or rule == "6 sigma"


def test_four_ways_to_decide():
    found = [decide_four_ways(value, 90.0, 110.0, 2.0) for value in (108.0, 108.1, 110.0, 110.1, 112.0, 112.1, 91.0)]
    assert found == ["pass", "conditional pass", "conditional pass", "conditional fail", "conditional fail", "fail",
                     "conditional pass"]  # fmt: skip
    assert decide_four_ways(87.0, 90.0, None, 2.0) == "fail"


@given(st.floats(-20, 20), st.floats(0, 5))
def test_four_ways_joined_are_the_three_ways(value, band):
    four, three = decide_four_ways(value, -10.0, 10.0, band), decide(value, -10.0, 10.0, "guarded", band)
    assert {"pass": "pass", "fail": "fail"}.get(four, "undecided") == three
    assert (four in ("pass", "conditional pass")) == (decide(value, -10.0, 10.0) == "pass")


@given(st.floats(0.01, 5), st.floats(0.5, 0.999), st.one_of(st.just(math.inf), st.floats(1, 60)))
def test_at_the_acceptance_limit_the_probability_is_the_one_asked_for(u, p, dof):
    band = acceptance_guard_band(u, p, dof)
    assert conformance_probability(50.0 - band, u, high=50.0, dof=dof) == pytest.approx(p, abs=1e-9)


@given(st.floats(0.1, 10), st.floats(1, 60), st.floats(0.01, 0.99))
def test_so_it_is_for_a_standard_deviation(high, dof, p):
    limit = deviation_acceptance_limit(high, dof, p)
    assert conformance_probability_of_deviation(limit, dof, high) == pytest.approx(p, abs=1e-9)


def test_guard_band_factors_of_suncal():
    assert guard_band_factor(4.0, "rss") == pytest.approx(math.sqrt(1 - 1 / 16))
    assert guard_band_factor(4.0, "test 95 %") == pytest.approx(0.75)
    assert guard_band_factor(4.0, "RP-10") == pytest.approx(1.0)
    assert guard_band_factor(2.0, "RP-10") == pytest.approx(0.75)
    # Dobbert's factor keeps the false-accept risk at 2 % in the worst case of any process (its design).
    factor = guard_band_factor(2.0, "Dobbert")
    assert factor == pytest.approx(1 - (1.04 - math.exp(0.38 * math.log(2) - 0.54)) / 2)
    worst = max(global_risk(-1, 1, sd, 0.25, 1.0 - factor).consumer for sd in np.geomspace(0.3, 3, 15))
    assert 0.015 < worst < 0.0205


def test_a_deaver_guard_factor_restores_the_risk():
    case = DATA["deaver"]["cases"][2]
    guard = case["limit_sigma"] * (1.0 - case["guard_factor"])
    without = global_risk(-2, 2, 1.0, 0.5).consumer
    assert global_risk(-2, 2, 1.0, 0.5, guard).consumer == pytest.approx(case["PFA"], abs=5e-4)
    assert without > 1.3 * case["PFA"]


@pytest.mark.parametrize(("n", "s", "p"), [(25, 0.9, 0.73), (6, 0.8, 0.67)])
def test_probability_behind_the_standards_own_number_of_readings(n, s, p):
    assert conformance_probability_of_deviation(s, n - 1, 1.0) == pytest.approx(p, abs=0.005)


def test_stated_probability_is_what_happens_to_a_mean():
    """Flat prior over limit +- 6 u: of those given about p, a share p truly conforms."""
    generator = np.random.default_rng(106)
    for dof in (math.inf, 5.0):
        true = generator.uniform(94.0, 106.0, 12_000)
        scale = np.ones(true.size) if math.isinf(dof) else np.sqrt(generator.chisquare(dof, true.size) / dof)
        measured = true + generator.normal(size=true.size)
        p = np.array([
            conformance_probability(value, u, high=100.0, dof=dof) for value, u in zip(measured, scale, strict=True)
        ])  # fmt: skip
        assert_calibrated(p, true <= 100.0)


def test_stated_probability_is_what_happens_to_a_standard_deviation():
    """Prior flat in the logarithm, as a scale's is; over a range much wider than 25 readings tell."""
    generator = np.random.default_rng(107)
    for dof in (24, 5):
        true = np.exp(generator.uniform(math.log(0.05), math.log(20.0), 12_000))
        estimate = true * np.sqrt(generator.chisquare(dof, true.size) / dof)
        p = np.array([conformance_probability_of_deviation(s, dof, 1.0) for s in estimate])
        assert_calibrated(p, true <= 1.0)


def assert_calibrated(p, conforms):
    for low, high in ((0.05, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95)):
        chosen = (p >= low) & (p < high)
        assert chosen.sum() > 100
        share, stated = conforms[chosen].mean(), p[chosen].mean()
        assert abs(share - stated) < 3.5 * math.sqrt(stated * (1 - stated) / chosen.sum())


def test_risks_of_a_noise_test_are_what_drawing_gives():
    generator = np.random.default_rng(25)
    found = deviation_test_risk(25, 0.9, 1.1)
    s = np.sqrt(generator.chisquare(24, 40_000) / 24)
    assert found.producer == pytest.approx(np.mean(0.9 * s > 1.0), abs=0.01)
    assert found.consumer == pytest.approx(np.mean(1.1 * s <= 1.0), abs=0.01)
    assert found.larger == found.consumer


def test_risks_of_an_error_test_are_those_of_the_normal_distribution():
    found = mean_test_risk(4, 0.5, 1.5, 0.6, 1.0, u_common=0.4)
    u = math.hypot(0.4, 0.3)
    assert found.producer == pytest.approx(1 - (stats.norm.cdf(0.5 / u) - stats.norm.cdf(-1.5 / u)))
    assert found.consumer == pytest.approx(stats.norm.cdf(-0.5 / u) - stats.norm.cdf(-2.5 / u))


@given(st.floats(0.4, 0.93), st.floats(1.07, 2.5), st.sampled_from([0.05, 0.1]))
def test_readings_that_are_enough_are_the_fewest(good, bad, risk):
    n = readings_for_deviation(good, bad, risk=risk)
    assert deviation_test_risk(n, good, bad).larger <= risk
    if n > 2:
        assert deviation_test_risk(n - 1, good, bad).larger > risk


@given(st.floats(0.0, 0.9), st.floats(1.1, 2.0), st.floats(0.01, 1.0))
def test_repeats_that_are_enough_are_the_fewest(good, bad, sd):
    n = repeats_for_mean(good, bad, sd)
    assert mean_test_risk(n, good, bad, sd).larger <= 0.05
    if n > 1:
        assert mean_test_risk(n - 1, good, bad, sd).larger > 0.05


def test_no_number_of_repeats_mends_a_poor_cylinder():
    assert repeats_for_mean(0.5, 1.5, 0.6) == 4
    assert repeats_for_mean(0.5, 1.5, 0.6, u_common=0.4) is None
    assert readings_for_deviation(0.999, 1.001, most=1000) is None


def test_deviations_that_a_number_of_readings_tells_apart():
    better, worse = deviation_ratio(25)
    assert (better, worse) == (pytest.approx(0.81, abs=0.005), pytest.approx(1.32, abs=0.005))
    found = deviation_test_risk(25, better, worse)
    assert (found.producer, found.consumer) == (pytest.approx(0.05), pytest.approx(0.05))


def test_impossible_rules_and_sizes_are_refused():
    for call, words in (
        (lambda: ilac_guard_band(1.0, "guess"), "rule: expected one of 6 sigma"),
        (lambda: ilac_guard_band(-1.0, "simple"), "expanded"),
        (lambda: decide_four_ways(1.0, None, None, 0.1), "at least one limit"),
        (lambda: decide_four_ways(math.nan, 0.0, None, 0.1), "value"),
        (lambda: decide(math.nan, 0.0, None), "value"),
        (lambda: acceptance_guard_band(1.0, 1.0), "conforming"),
        (lambda: acceptance_guard_band(1.0, 0.9, 0.0), "dof"),
        (lambda: deviation_acceptance_limit(0.0, 5.0), "high"),
        (lambda: guard_band_factor(0.5, "rss"), "at least 1 for this rule"),
        (lambda: guard_band_factor(2.0, "guess"), "rule"),
        (lambda: deviation_test_risk(1, 0.5, 2.0), "n: expected a whole number of at least 2"),
        (lambda: deviation_test_risk(25, 1.5, 2.0), "good: expected a value below the limit"),
        (lambda: mean_test_risk(3, 0.5, 0.9, 0.1), "bad: expected a value above the limit"),
        (lambda: mean_test_risk(3, 0.5, 1.5, 0.0), "sd and u_common"),
        (lambda: readings_for_deviation(0.5, 2.0, risk=0.0), "risk"),
        (lambda: deviation_ratio(1), "n"),
        (lambda: conformance_probability_of_deviation(-1.0, 5, 1.0), "s: expected"),
        (lambda: global_risk(-1, 1, 0.0, 1.0), "process_sd"),
        (lambda: global_risk(1, -1, 1.0, 1.0), "low"),
    ):
        with pytest.raises(BadArgument, match=words):
            call()
