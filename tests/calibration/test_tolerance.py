"""Tolerance intervals and one-way analysis of variance against published and certified answers."""

import csv
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
    distribution_free_interval,
    one_way_anova,
    tolerance_factor,
    tolerance_interval,
    wilks_confidence,
    wilks_sample_size,
)

DATA = Path(__file__).parents[1] / "data"
ANOVA = json.loads((DATA / "nist_anova.certified.json").read_text())


@pytest.mark.parametrize(("n", "printed"), [(5, 4.203), (10, 2.911), (20, 2.396), (30, 2.220)])
def test_one_sided_factors_of_the_tables(n, printed):
    # 95 % content, 95 % confidence: ISO 16269-6, Odeh and Owen; recalled.
    assert tolerance_factor(n, sides=1) == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize(("n", "printed"), [(2, 36.519), (5, 5.077), (10, 3.393), (20, 2.760), (30, 2.555)])
def test_two_sided_factors_of_the_tables(n, printed):
    # 95/95, exact: Hahn and Meeker, Statistical Intervals, table J.1; recalled.
    assert tolerance_factor(n) == pytest.approx(printed, abs=6e-4)


@pytest.mark.parametrize(("n", "content", "confidence"), [(3, 0.9, 0.9), (12, 0.8, 0.99), (25, 0.99, 0.5)])
def test_two_sided_intervals_hold_their_content_as_often_as_they_say(n, content, confidence):
    k, generator = tolerance_factor(n, content, confidence), np.random.default_rng(n)
    means = generator.normal(0, 1 / math.sqrt(n), 40_000)
    sds = np.sqrt(generator.chisquare(n - 1, 40_000) / (n - 1))
    held = stats.norm.cdf(means + k * sds) - stats.norm.cdf(means - k * sds)
    assert np.mean(held >= content) == pytest.approx(confidence, abs=0.01)


def test_many_readings_come_down_to_the_normal_quantile():
    assert tolerance_factor(1_000_000, 0.95, 0.95) == pytest.approx(1.95996, abs=0.004)
    assert tolerance_factor(1_000_000, 0.95, 0.95, 1) == pytest.approx(1.64485, abs=0.004)


def test_an_interval_of_readings():
    readings = [400.2, 399.1, 401.0, 400.4, 398.9, 400.8]
    both = tolerance_interval(readings)
    assert (both.high - both.low) / 2 == pytest.approx(tolerance_factor(6) * np.std(readings, ddof=1))
    assert (both.high + both.low) / 2 == pytest.approx(np.mean(readings))
    upper = tolerance_interval(readings, 0.9, 0.95, "upper")
    assert upper.low == -math.inf
    assert both.high > upper.high > np.mean(readings)
    lower = tolerance_interval(readings, 0.9, 0.95, "lower")
    assert lower.high == math.inf
    assert np.mean(readings) - lower.low == pytest.approx(upper.high - np.mean(readings))


def test_wilks_numbers_that_everybody_knows():
    assert wilks_sample_size(0.95, 0.95, 1) == 59
    assert wilks_sample_size(0.95, 0.95, 2) == 93
    assert wilks_sample_size(0.90, 0.95, 2) == 46
    assert wilks_sample_size(0.99, 0.95, 1) == 299
    assert wilks_confidence(59, 0.95) == pytest.approx(1 - 0.95**59)
    assert wilks_confidence(93, 0.95, 2) == pytest.approx(1 - 0.95**93 - 93 * 0.05 * 0.95**92)


@given(st.floats(0.2, 0.99), st.floats(0.2, 0.999), st.sampled_from([1, 2]))
def test_wilks_size_is_the_least_that_will_do(content, confidence, sides):
    n = wilks_sample_size(content, confidence, sides)
    assert wilks_confidence(n, content, sides) >= confidence
    if n > sides:
        assert wilks_confidence(n - 1, content, sides) < confidence


def test_an_interval_of_any_distribution_is_the_readings_own_ends():
    readings = np.random.default_rng(1).exponential(size=100)
    found = distribution_free_interval(readings)
    assert (found.low, found.high, found.factor) == (readings.min(), readings.max(), None)
    assert found.confidence == pytest.approx(wilks_confidence(100, 0.95, 2))
    assert distribution_free_interval(readings, side="upper").low == -math.inf


def test_questions_without_a_tolerance_interval_are_refused():
    for call, words in (
        (lambda: tolerance_factor(1), "n: expected a whole number of at least 2"),
        (lambda: tolerance_factor(5, 1.0), "content"),
        (lambda: tolerance_factor(5, sides=3), "sides: expected 1 or 2"),
        (lambda: tolerance_interval([1.0]), "at least 2"),
        (lambda: wilks_confidence(5, 0.9, 6), "discarded: expected a number from 1 to 5"),
        (lambda: wilks_sample_size(0.9, 1.0), "confidence"),
        (lambda: wilks_sample_size(0.9, 0.9, 0), "sides"),
    ):
        with pytest.raises(BadArgument, match=words):
            call()


def instruments(name):
    with (DATA / f"nist_{name}.csv").open() as file:
        rows = np.array(list(csv.reader(file))[1:], dtype=float)
    return [rows[rows[:, 0] == number, 1] for number in np.unique(rows[:, 0])]


@pytest.mark.parametrize(("name", "digits"), [("sirstv", 1e-12), ("atmwtag", 1e-9)])
def test_certified_analyses_of_variance(name, digits):
    # AtmWtAg agrees in seven of its ten digits: what the ninth decimal loses in binary shows at 1e-10 of F.
    found, certified = one_way_anova(instruments(name)), ANOVA[name]
    assert (found.dof_between, found.dof_within) == (certified["df_between"], certified["df_within"])
    assert found.f == pytest.approx(certified["F"], rel=digits)
    assert found.ss_between == pytest.approx(certified["ss_between"], rel=digits)
    assert found.ss_within == pytest.approx(certified["ss_within"], rel=digits)
    assert found.r2 == pytest.approx(certified["r2"], rel=digits)
    assert found.sd_within == pytest.approx(certified["resid_sd"], rel=digits)
    assert found.p == pytest.approx(stats.f.sf(found.f, found.dof_between, found.dof_within))


def test_variance_components_are_found_again():
    generator = np.random.default_rng(3)
    found = one_way_anova([generator.normal(generator.normal(0, 2.0), 0.5, 5) for _ in range(400)])
    assert found.sd_between == pytest.approx(2.0, rel=0.1)
    assert found.sd_within == pytest.approx(0.5, rel=0.05)
    assert found.reproducibility == pytest.approx(math.hypot(found.sd_between, found.sd_within))
    assert one_way_anova([[1.0, 3.0], [2.0, 2.0]]).sd_between == 0.0


def test_groups_without_an_analysis_are_refused():
    assert one_way_anova([[1.0, 1.0], [2.0, 2.0]]).f is None
    for groups, words in (
        ([[1.0, 2.0]], "groups: expected a whole number of at least 2"),
        ([[1.0], [2.0]], "more than one reading"),
        ([[1.0, 1.0], [1.0]], "not all equal"),
        ([[1.0, math.nan], [1.0]], r"groups\[0\]\[1\] is nan"),
        ([[], [1.0, 2.0]], r"groups\[0\]: expected at least 1"),
    ):
        with pytest.raises(BadArgument, match=words):
            one_way_anova(groups)
