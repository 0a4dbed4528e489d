import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics import coverage_factor, summarize
from calibration.statistics.summary import (
    compare_means,
    effective_sample_size,
    lag1_autocorrelation,
    mean,
    standard_deviation,
)

DATA = Path(__file__).parents[1] / "data"
CERTIFIED = json.loads((DATA / "nist_univariate.certified.json").read_text())
EPA = json.loads((DATA / "epa_1065_602_examples.json").read_text())
NUMACC4 = [10000000.2] + [10000000.1, 10000000.3] * 500

runs = st.lists(st.floats(-1000, 1000), min_size=3, max_size=40).filter(lambda values: np.ptp(values) > 1e-3)


@pytest.mark.parametrize("name", ["michelso", "mavro", "lew"])
def test_nist_certified_summaries(name):
    readings, certified = np.loadtxt(DATA / f"nist_{name}.csv", skiprows=1), CERTIFIED[name]
    summary = summarize(readings)
    assert summary.n == certified["n"]
    assert summary.mean == pytest.approx(certified["mean"], rel=1e-15)
    # The last two digits are not the sums' to lose: 2.0018 itself is not a binary number.
    assert summary.sd == pytest.approx(certified["sd_n_minus_1"], rel=1e-12)
    assert summary.lag1_autocorrelation == pytest.approx(certified["lag1_autocorrelation"], rel=1e-12)


def test_readings_that_agree_in_seven_digits():
    summary, certified = summarize(NUMACC4), CERTIFIED["numacc4"]
    assert summary.mean == certified["mean"]
    # 10000000.1 in binary is off by 1e-9, so the certified 0.1 cannot be had to more than eight digits ...
    assert summary.sd == pytest.approx(certified["sd_n_minus_1"], rel=1e-8)
    assert summary.lag1_autocorrelation == pytest.approx(certified["lag1_autocorrelation"], rel=1e-10)
    # ... but of the binary numbers themselves the result is exact to the last bits.
    exact = [Fraction(value) for value in NUMACC4]
    middle = sum(exact) / len(exact)
    variance = sum((value - middle) ** 2 for value in exact) / (len(exact) - 1)
    assert summary.sd == pytest.approx(math.sqrt(variance), rel=1e-15)


def test_epa_mean_and_standard_deviation():
    example = EPA["mean_sd"]
    assert round(mean(example["y"]), 1) == example["mean"]
    assert round(standard_deviation(example["y"]), 4) == example["sd"]


def test_epa_unpaired_t():
    e = EPA["unpaired_t"]
    test = compare_means(e["mean_ref"], e["sd_ref"], e["n_ref"], e["mean"], e["sd"], e["n"])
    assert round(test.t, 2) == pytest.approx(e["t"], abs=0.0051)
    assert round(test.dof, 2) == e["nu"]
    judge = stats.ttest_ind_from_stats(
        e["mean_ref"], e["sd_ref"], e["n_ref"], e["mean"], e["sd"], e["n"], equal_var=False
    )
    assert test.t == pytest.approx(judge.statistic)
    assert test.p == pytest.approx(judge.pvalue, rel=1e-9)


def test_epa_table_of_student_quantiles():
    table = EPA["t_table_two_sided"]
    for nu, t90, t95 in zip(table["nu"], table["t90"], table["t95"], strict=True):
        assert coverage_factor(0.90, nu) == pytest.approx(t90, abs=5.01e-4)
        assert coverage_factor(0.95, nu) == pytest.approx(t95, abs=5.01e-4)
    assert coverage_factor(0.95) == pytest.approx(1.959963984540054)
    assert coverage_factor(0.95, 4.5) == pytest.approx(stats.t.ppf(0.975, 4.5))


def test_a_drifting_detector_has_few_independent_readings():
    mavro = summarize(np.loadtxt(DATA / "nist_mavro.csv", skiprows=1))
    assert 1.0 < mavro.effective_n < 2.0
    assert mavro.effective_standard_error == pytest.approx(mavro.sd / math.sqrt(mavro.effective_n))
    assert mavro.effective_standard_error > 5 * mavro.standard_error
    assert summarize(np.loadtxt(DATA / "nist_lew.csv", skiprows=1)).effective_n == 200


def test_effective_number_predicts_the_scatter_of_means():
    generator, r, n = np.random.default_rng(3), 0.6, 200
    noise = generator.normal(0, 1, (2000, n))
    path = np.empty_like(noise)
    path[:, 0] = noise[:, 0] / math.sqrt(1 - r * r)
    for i in range(1, n):
        path[:, i] = r * path[:, i - 1] + noise[:, i]
    predicted = np.median([summarize(row).effective_standard_error for row in path[:300]])
    assert predicted == pytest.approx(path.mean(axis=1).std(), rel=0.1)


def test_effective_number_stays_between_one_and_n():
    assert effective_sample_size(10, 0.5) == pytest.approx(10 / 3)
    assert effective_sample_size(10, 1.0) == 1.0
    assert effective_sample_size(10, -0.9) == 10.0
    assert effective_sample_size(10, None) == 10.0


@given(runs, st.floats(0.1, 20), st.floats(-500, 500))
def test_scale_and_shift(readings, factor, shift):
    one, other = summarize(readings), summarize(factor * np.array(readings) + shift)
    assert other.mean == pytest.approx(factor * one.mean + shift, rel=1e-9, abs=1e-8)
    assert other.sd == pytest.approx(factor * one.sd, rel=1e-7)
    assert other.lag1_autocorrelation == pytest.approx(one.lag1_autocorrelation, abs=1e-6)


@given(runs)
def test_time_may_run_backwards(readings):
    assert lag1_autocorrelation(readings[::-1]) == pytest.approx(lag1_autocorrelation(readings), abs=1e-12)
    assert standard_deviation(readings[::-1]) == standard_deviation(readings)


def test_constant_readings_have_no_autocorrelation():
    summary = summarize([400.1] * 5)
    assert (summary.mean, summary.sd, summary.lag1_autocorrelation) == (400.1, 0.0, None)
    assert (summary.minimum, summary.maximum, summary.effective_n) == (400.1, 400.1, 5.0)


@pytest.mark.parametrize(
    ("readings", "words"),
    [([1.0], "at least 2"), ([1.0, math.nan], r"readings\[1\] is nan"), ([1.0, None], "finite"), (3.0, "dimensional")],
)
def test_readings_without_a_summary_are_refused(readings, words):
    with pytest.raises(ValueError, match=words):
        summarize(readings)


def test_comparisons_without_an_answer_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        compare_means(1, 0.1, 1, 2, 0.1, 5)
    with pytest.raises(ValueError, match="both standard deviations are zero"):
        compare_means(1, 0.0, 5, 2, 0.0, 5)
    with pytest.raises(ValueError, match="between -1 and 1"):
        effective_sample_size(5, 1.5)
    with pytest.raises(ValueError, match="coverage: expected a number between 0 and 1"):
        coverage_factor(1.0)
