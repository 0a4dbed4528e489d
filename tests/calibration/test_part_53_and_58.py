"""EPA's bounds, tests and sampling plan, and ozone transfer standards."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics import (
    PART_53,
    BadArgument,
    SamplingPlan,
    accuracy,
    collocated_precision,
    epa_part_53,
    ordinary_least_squares,
    percent_differences,
    precision_and_bias,
    qualify,
    reverify,
    summarize,
)

DATA = Path(__file__).parents[1] / "data"
CHECKS = json.loads((DATA / "constructed_checks.json").read_text())
EPA = json.loads((DATA / "epa_1065_602_examples.json").read_text())
DIFFERENCES = np.array([3.1, -2.0, 1.5, 4.2, 0.3, 2.2, -1.0, 5.5, 2.8, 1.1])


def test_precision_bound_by_the_regulations_own_sums():
    found, n = precision_and_bias(DIFFERENCES), DIFFERENCES.size
    sums = (n * np.sum(DIFFERENCES**2) - np.sum(DIFFERENCES) ** 2) / (n * (n - 1))
    # 4.168159: tenth percentile of chi-square with 9 degrees of freedom, from the reference's table.
    assert found.precision == pytest.approx(math.sqrt(sums) * math.sqrt((n - 1) / 4.168159), rel=1e-7)


def test_bias_bound_by_the_regulations_own_sums():
    found, d = precision_and_bias(DIFFERENCES), np.abs(DIFFERENCES)
    n = d.size
    spread = math.sqrt((n * np.sum(d**2) - np.sum(d) ** 2) / (n * (n - 1)))
    assert found.mean_absolute == pytest.approx(d.mean())
    assert found.sd_absolute == pytest.approx(spread)
    assert found.bias == pytest.approx(d.mean() + 1.833113 * spread / math.sqrt(n), rel=1e-7)


@pytest.mark.parametrize("n_less_1", ["2", "5", "9", "11", "23", "25"])
def test_bounds_use_the_quantiles_of_the_reference(n_less_1):
    n = int(n_less_1) + 1
    d = np.linspace(1.0, 2.0, n)
    found = precision_and_bias(d)
    chi2, t = CHECKS["quantiles"]["chi2_10pct"][n_less_1], CHECKS["quantiles"]["t95_one_sided"][n_less_1]
    assert found.precision == pytest.approx(d.std(ddof=1) * math.sqrt((n - 1) / chi2), rel=1e-12)
    assert found.bias == pytest.approx(d.mean() + t * d.std(ddof=1) / math.sqrt(n), rel=1e-12)


@pytest.mark.parametrize(
    ("shift", "sign"), [(4.0, "+"), (-6.0, "-"), (0.0, "+"), (-1.5, "")]
)  # quartiles of the ten differences: 0.5 and 3.025
def test_sign_of_the_bias_by_both_quartiles(shift, sign):
    assert np.percentile(DIFFERENCES, [25, 75]) == pytest.approx([0.5, 3.025])
    assert precision_and_bias(DIFFERENCES + shift).sign == sign


def test_bounds_hold_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(58)
    precise = biased = 0
    for _ in range(1500):
        found = precision_and_bias(generator.normal(6.0, 2.0, 26))
        precise += found.precision >= 2.0
        biased += found.bias >= 6.0
    assert precise / 1500 == pytest.approx(0.90, abs=0.025)
    assert biased / 1500 == pytest.approx(0.95, abs=0.02)


def test_audits_lie_between_the_limits_of_the_checks():
    found = precision_and_bias(DIFFERENCES)
    assert found.audit_low == pytest.approx(DIFFERENCES.mean() - 1.96 * DIFFERENCES.std(ddof=1))
    assert found.audits_inside([found.mean, found.audit_high + 0.01, found.audit_low, 0.0]) == 0.75


def test_percent_differences_and_collocated_monitors():
    assert percent_differences([81.0, 76.0], [80.0, 80.0]) == pytest.approx([1.25, -5.0])
    x, y = np.array([10.0, 22.0, 31.0]), np.array([11.0, 20.0, 30.0])
    d = (x - y) / ((x + y) / 2) * 100
    sums = (3 * np.sum(d**2) - np.sum(d) ** 2) / (2 * 3 * 2)
    assert collocated_precision(x, y) == pytest.approx(math.sqrt(sums) * math.sqrt(2 / stats.chi2.ppf(0.1, 2)))


def test_worked_examples_of_40_cfr_1065_602():
    summary = summarize(EPA["mean_sd"]["y"])
    assert summary.mean == pytest.approx(EPA["mean_sd"]["mean"], abs=5e-3)
    assert summary.sd == pytest.approx(EPA["mean_sd"]["sd"], abs=5e-5)
    assert accuracy(EPA["mean_sd"]["y"], 11.0).root_mean_square == pytest.approx(EPA["mean_sd"]["rms"], abs=5e-3)
    found = accuracy(EPA["accuracy"]["y"], EPA["accuracy"]["y_ref"])
    assert found.accuracy == pytest.approx(EPA["accuracy"]["accuracy"], abs=0.05)


def test_operating_curve_of_the_seven_and_eight():
    curve = CHECKS["part53_double_sampling"]["P_pass"]
    found = PART_53.operating_curve([float(p) for p in curve])
    assert found == pytest.approx(list(curve.values()), rel=1e-12)


def test_operating_curve_is_what_carrying_out_the_plan_gives():
    generator, p = np.random.default_rng(53), 0.15
    accepted = tests = 0
    for _ in range(4000):
        first = int(generator.binomial(7, p))
        verdict = PART_53.decide(first)
        tests += 7
        if verdict is None:
            tests += 8
            verdict = PART_53.decide(first, int(generator.binomial(8, p)))
        accepted += verdict
    assert accepted / 4000 == pytest.approx(PART_53.operating_curve(p)[0], abs=0.025)
    assert tests / 4000 == pytest.approx(PART_53.expected_tests(p)[0], abs=0.2)


def test_decisions_of_the_plan_at_its_edges():
    assert [PART_53.decide(failures) for failures in range(5)] == [True, None, None, False, False]
    assert [PART_53.decide(1, second) for second in (0, 1, 2)] == [True, True, False]
    assert [PART_53.decide(2, second) for second in (0, 1)] == [True, False]
    with pytest.raises(BadArgument, match="second_failures: expected none"):
        PART_53.decide(0, 0)
    with pytest.raises(BadArgument, match="first_failures: expected a number from 0 to 7"):
        PART_53.decide(8)
    with pytest.raises(BadArgument, match="second_failures"):
        PART_53.decide(1, 9)


@given(st.floats(0.01, 0.99))
def test_a_plans_points_lie_on_its_curve(accepted):
    share = PART_53.failing_share(accepted)
    assert PART_53.operating_curve(share)[0] == pytest.approx(accepted, abs=1e-9)


def test_a_single_plan_is_the_binomial():
    plan = SamplingPlan(first=20, accept=1, reject=2)
    assert plan.operating_curve(0.1)[0] == pytest.approx(stats.binom.cdf(1, 20, 0.1))
    assert plan.expected_tests(0.1)[0] == 20


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 0, 1), "first"),
        ((7, 0, 0), "reject: expected a number from 1 to 8"),
        ((7, 0, 3), "second: expected a second sample"),
        ((7, 0, 3, 8, 0), "accept_total"),
    ],
)
def test_plans_that_cannot_be_carried_out_are_refused(numbers, words):
    with pytest.raises(BadArgument, match=words):
        SamplingPlan(*numbers)
    with pytest.raises(BadArgument, match="failing: expected probabilities"):
        PART_53.operating_curve([0.5, 1.5])


def test_formulas_of_part_53():
    readings = [0.1, 0.4, -0.2, 0.3, 0.0]
    assert epa_part_53.noise(readings) == pytest.approx(np.std(readings, ddof=1))
    assert epa_part_53.zero_drift_12h(readings) == pytest.approx(0.6)
    limit = epa_part_53.lower_detectable_limit(1.9, 0.1, 0.8)
    assert (limit.value, limit.least, limit.reached) == (pytest.approx(1.8), 1.6, True)
    assert not epa_part_53.lower_detectable_limit(1.5, 0.1, 0.8).reached
    found = epa_part_53.interference_equivalent([10.2, 9.5], [10.0, 10.0])
    assert found.each == pytest.approx([0.2, -0.5])
    assert found.total == pytest.approx(0.7)
    assert epa_part_53.precision([400.0, 404.0], 500.0) == pytest.approx(100 * math.sqrt(8) / 500)
    with pytest.raises(BadArgument, match="zero_noise"):
        epa_part_53.lower_detectable_limit(1.0, 0.0, -1.0)


def days(generator, n):
    reference = np.array([0.0, 80.0, 160.0, 240.0, 320.0, 450.0])
    return [(reference, 1.2 + 1.012 * reference + generator.normal(0, 0.4, 6)) for _ in range(n)]


def test_the_six_by_six_by_the_guidances_own_sums():
    comparisons = days(np.random.default_rng(66), 6)
    found = qualify(comparisons)
    lines = [ordinary_least_squares(reference, indicated) for reference, indicated in comparisons]
    m, i = np.array([line.slope for line in lines]), np.array([line.intercept for line in lines])
    s_m = 100 / m.mean() * math.sqrt((np.sum(m**2) - np.sum(m) ** 2 / 6) / 5)
    s_i = math.sqrt((np.sum(i**2) - np.sum(i) ** 2 / 6) / 5)
    assert found.slope_rsd_percent == pytest.approx(s_m, rel=1e-6)
    assert found.intercept_sd == pytest.approx(s_i, rel=1e-9)
    assert (found.mean_slope, found.mean_intercept) == (pytest.approx(m.mean()), pytest.approx(i.mean()))
    indicated = found.mean_intercept + found.mean_slope * 200.0
    assert found.standard_concentration(indicated) == pytest.approx(200.0)


def test_a_reverification_replaces_the_oldest_day():
    generator = np.random.default_rng(67)
    comparisons = days(generator, 7)
    first = qualify(comparisons[:6])
    found = reverify(first, *comparisons[6])
    assert found.qualification.mean_slope == pytest.approx(qualify(comparisons[1:]).mean_slope)
    assert found.slope_change_percent == pytest.approx(100 * (found.line.slope / first.mean_slope - 1))
    reference, indicated = comparisons[0]
    assert reverify(first, reference, 1.08 * indicated).slope_change_percent > 5.0


def test_a_qualification_of_too_little_is_refused():
    comparisons = days(np.random.default_rng(68), 6)
    with pytest.raises(BadArgument, match="comparisons: expected 6 days, found 5"):
        qualify(comparisons[:5])
    with pytest.raises(BadArgument, match="at least 6 levels"):
        qualify([*comparisons[:5], ([0, 100, 200, 300, 400], [0, 100, 200, 300, 400])])
    with pytest.raises(BadArgument, match="no slope"):
        qualify([*comparisons[:5], ([7.0] * 6, range(6))])


def test_checks_that_say_nothing_are_refused():
    for call, words in (
        (lambda: percent_differences([1.0], [0.0]), "audit: expected concentrations above zero"),
        (lambda: precision_and_bias([1.0]), "differences: expected at least 2"),
        (lambda: precision_and_bias([1.0, math.nan]), r"differences\[1\] is nan"),
        (lambda: collocated_precision([1.0, 2.0], [-1.0, 2.0]), "above zero"),
        (lambda: accuracy([], 1.0), "at least 1"),
    ):
        with pytest.raises(BadArgument, match=words):
            call()
