"""Outlier rules against published critical values, scipy, and how often they accuse where nothing is wrong."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.statistics import (
    BadArgument,
    cochran,
    cochran_critical,
    dixon,
    dixon_survival,
    grubbs,
    grubbs_critical,
)


@pytest.mark.parametrize(
    ("n", "level", "printed"),
    [(3, 0.05, 1.155), (6, 0.05, 1.887), (10, 0.05, 2.290), (20, 0.05, 2.709), (10, 0.01, 2.482), (30, 0.01, 3.236)],
)
def test_critical_values_of_grubbs(n, level, printed):
    # Two-sided table (ISO 5725-2 table 5, upper 2.5 % and 0.5 %; recalled); it is rounded upwards.
    assert grubbs_critical(n, level) == pytest.approx(printed, abs=1.1e-3)


@pytest.mark.parametrize(
    ("rows", "n", "level", "printed"),
    [(5, 3, 0.05, 0.684), (10, 2, 0.05, 0.602), (10, 2, 0.01, 0.718), (6, 4, 0.05, 0.532), (20, 3, 0.01, 0.330)],
)
def test_critical_values_of_cochran(rows, n, level, printed):
    # ISO 5725-2 table 4; recalled.
    assert cochran_critical(rows, n, level) == pytest.approx(printed, abs=1.5e-3)


@pytest.mark.parametrize(
    ("n", "printed"), [(3, 0.970), (4, 0.829), (5, 0.710), (6, 0.625), (7, 0.568), (8, 0.526), (10, 0.466)]
)
def test_critical_values_of_dixon(n, printed):
    # Two-sided 95 %: Rorabacher, Anal. Chem. 63 (1991) 139, table 1; recalled.
    assert dixon_survival(printed, n) == pytest.approx(0.05, abs=2e-3)


def test_dixon_of_three_values_is_what_drawing_gives():
    for r in (0.6, 0.8, 0.95):
        drawn = np.sort(np.random.default_rng(3).normal(size=(200_000, 3)), axis=1)
        gaps = np.diff(drawn, axis=1)
        ratio = gaps.max(axis=1) / gaps.sum(axis=1)
        assert dixon_survival(r, 3) == pytest.approx(np.mean(ratio > r), abs=4e-3)


def test_dixon_survival_goes_from_one_to_nothing():
    assert dixon_survival(0.0, 5) == pytest.approx(1.0, abs=1e-9)
    assert dixon_survival(1.0, 5) == pytest.approx(0.0, abs=1e-9)
    values = [dixon_survival(r, 8) for r in np.linspace(0, 1, 21)]
    assert all(earlier >= later for earlier, later in pairwise(values))


def test_a_wild_value_is_named():
    readings = [400.1, 399.8, 400.3, 400.0, 412.0, 399.9]
    for rule in (grubbs, dixon):
        found = rule(readings)
        assert (found.index, found.value) == (4, 412.0)
        assert found.significant(0.01)
    found = cochran([[1.0, 1.1, 0.9], [2.0, 2.1, 2.0], [5.0, 9.0, 1.0]])
    assert found.index == 2
    assert found.value == pytest.approx(16.0)
    assert found.significant(0.01)
    assert not grubbs([400.1, 399.8, 400.3, 400.0, 400.4, 399.9]).significant(0.05)


def test_p_of_grubbs_and_cochran_are_those_of_t_and_f():
    readings = [1.0, 2.0, 3.0, 4.0, 9.0]
    g = (9.0 - 3.8) / np.std(readings, ddof=1)
    found = grubbs(readings)
    assert found.statistic == pytest.approx(g)
    t = math.sqrt(5 * 3 * g * g / (16 - 5 * g * g))
    assert found.p == pytest.approx(min(1.0, 10 * stats.t.sf(t, 3)))
    groups = np.array([[1.0, 2.0], [5.0, 5.5], [3.0, 7.0]])
    found = cochran(groups)
    share = np.var(groups, axis=1, ddof=1).max() / np.var(groups, axis=1, ddof=1).sum()
    assert found.p == pytest.approx(3 * stats.f.sf(2 * share / (1 - share), 1, 2))


@pytest.mark.parametrize("n", [4, 8, 15])
def test_rules_accuse_normal_readings_as_often_as_they_say(n):
    generator = np.random.default_rng(n)
    drawn = generator.normal(50, 3, (1200, n))
    by_grubbs = np.mean([grubbs(row).significant(0.05) for row in drawn])
    extent = np.sort(drawn, axis=1)
    ratios = np.maximum(extent[:, 1] - extent[:, 0], extent[:, -1] - extent[:, -2]) / np.ptp(extent, axis=1)
    limit = np.quantile(ratios, 0.95)
    assert 0.035 < by_grubbs < 0.066
    assert 0.03 < dixon_survival(float(limit), n) < 0.07
    assert dixon(drawn[0]).statistic == pytest.approx(ratios[0])


def test_cochran_accuses_equal_scatter_as_often_as_it_says():
    generator = np.random.default_rng(2)
    found = np.mean([cochran(generator.normal(0, 1, (6, 4))).significant(0.05) for _ in range(1200)])
    assert 0.03 < found < 0.067


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=12).filter(lambda v: np.ptp(v) > 0.1), st.floats(0.1, 50))
def test_unit_and_offset_do_not_matter(values, factor):
    for rule in (grubbs, dixon):
        found, other = rule(values), rule(factor * np.array(values) - 30.0)
        assert other.statistic == pytest.approx(found.statistic, rel=1e-6)
        assert other.p == pytest.approx(found.p, rel=1e-4, abs=1e-9)


def test_one_value_apart_from_equal_ones_is_as_far_as_can_be():
    found = grubbs([5.0, 5.0, 5.0, 6.0])
    assert found.statistic == pytest.approx(1.5)
    assert found.p == 0.0
    assert dixon([5.0, 5.0, 5.0, 6.0]).p == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("rule", [grubbs, dixon])
def test_values_without_an_outlier_rule_are_refused(rule):
    for values, words in (
        ([1.0, 2.0], "values: expected at least 3"), ([2.0] * 5, "not all equal"), ([1, 2, math.nan], r"values\[2\]"),
    ):  # fmt: skip
        with pytest.raises(BadArgument, match=words):
            rule(values)
    with pytest.raises(BadArgument, match="level"):
        rule([1.0, 2.0, 5.0]).significant(0.0)


def test_groups_without_scatter_are_refused():
    with pytest.raises(BadArgument, match="no scatter"):
        cochran([[1.0, 1.0], [2.0, 2.0]])
    with pytest.raises(BadArgument, match="groups: expected at least 2 rows"):
        cochran([[1.0, 2.0]])
    with pytest.raises(BadArgument, match=r"groups\[0, 1\] is nan"):
        cochran([[1.0, math.nan], [1.0, 2.0]])
    with pytest.raises(BadArgument, match="two-dimensional"):
        cochran([1.0, 2.0])
