"""Demonstration of equivalence: orthogonal line, significance, correction, expanded uncertainty, subsets."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odrpack import odr_fit

from calibration.statistics import (
    BadArgument,
    between_sampler_uncertainty,
    equivalence,
    equivalence_line,
    equivalence_subsets,
    orthogonal_regression,
)

LIMIT, THRESHOLD = 30.0, 17.0


def campaign(seed, slope=1.0, intercept=0.0, scatter=1.5, n=60):
    """Daily means of a reference and a candidate; both scatter, the reference by 0.5 ug/m3."""
    generator = np.random.default_rng(seed)
    true = generator.lognormal(2.8, 0.6, n)
    return true + generator.normal(0, 0.5, n), intercept + slope * true + generator.normal(0, scatter, n)


def test_between_sampler_uncertainty_by_hand():
    found = between_sampler_uncertainty([10.0, 20.0, 30.0], [11.0, 18.0, 32.0])
    assert found.u == pytest.approx(math.sqrt((1 + 4 + 4) / 6))
    assert found.n == 3


def test_between_sampler_uncertainty_is_the_scatter_of_one_sampler():
    generator = np.random.default_rng(1)
    true = generator.uniform(5, 80, 4000)
    found = between_sampler_uncertainty(true + generator.normal(0, 1.2, 4000), true + generator.normal(0, 1.2, 4000))
    assert found.u == pytest.approx(1.2, rel=0.03)


def test_the_line_is_the_main_axis_of_the_points_and_odrpacks():
    x, y = campaign(3, 1.2, 2.0)
    line = equivalence_line(x, y)
    values, axes = np.linalg.eigh(np.cov(x, y))
    main = axes[:, np.argmax(values)]
    assert line.slope == pytest.approx(main[1] / main[0], rel=1e-12)
    assert line.intercept == pytest.approx(y.mean() - line.slope * x.mean(), rel=1e-12)
    judge = odr_fit(lambda at, b: b[0] + b[1] * at, x, y, beta0=np.array([0.0, 1.0]),
                    jac_beta=lambda at, b: np.stack([np.ones_like(at), at]), jac_x=lambda at, b: np.full_like(at, b[1]),
                    partol=1e-15, sstol=1e-15)  # fmt: skip
    assert [line.intercept, line.slope] == pytest.approx(judge.beta, rel=1e-7)
    assert line.slope == orthogonal_regression(x, y).slope


def test_uncertainties_are_the_guides_formulas_written_out():
    x, y = campaign(4, 0.9, -1.0)
    line, n = equivalence_line(x, y), x.size
    sxx, syy = np.sum((x - x.mean()) ** 2), np.sum((y - y.mean()) ** 2)
    sxy = np.sum((x - x.mean()) * (y - y.mean()))
    b = (syy - sxx + math.sqrt((syy - sxx) ** 2 + 4 * sxy**2)) / (2 * sxy)
    u_b = math.sqrt((syy - sxy**2 / sxx) / ((n - 2) * sxx))
    u_a = u_b * math.sqrt(np.sum(x**2) / n)
    a = y.mean() - b * x.mean()
    assert [line.slope, line.intercept] == pytest.approx([b, a])
    assert [line.u_slope, line.u_intercept] == pytest.approx([u_b, u_a])
    assert line.residual_sum == pytest.approx(np.sum((y - a - b * x) ** 2))
    found = equivalence(x, y, 0.6, LIMIT).uncertainty
    expected = math.sqrt(np.sum((y - a - b * x) ** 2) / (n - 2) - 0.36 + (a + (b - 1) * LIMIT) ** 2)
    assert found.combined == pytest.approx(expected)
    assert found.relative_expanded_percent == pytest.approx(200 * expected / LIMIT)


def test_a_steep_candidate_is_corrected_and_then_equivalent():
    x, y = campaign(5, slope=1.35)
    found = equivalence(x, y, 0.5, LIMIT, THRESHOLD)
    assert found.correction == "slope"
    assert found.uncertainty.relative_expanded_percent > 50
    assert found.corrected_line.slope == pytest.approx(1.0, abs=0.02)
    assert found.corrected_uncertainty.correction == pytest.approx(LIMIT * found.line.u_slope)
    assert found.relative_expanded_percent == found.corrected_uncertainty.relative_expanded_percent < 25
    assert found.share_above == pytest.approx(np.mean(x >= THRESHOLD))


@pytest.mark.parametrize(
    ("slope", "intercept", "correction"),
    [(1.0, 0.0, "none"), (1.0, 6.0, "intercept"), (1.4, 9.0, "slope and intercept")],
)
def test_what_is_significant_is_corrected_and_paid_for(slope, intercept, correction):
    x, y = campaign(8, slope, intercept, scatter=0.8, n=120)
    found = equivalence(x, y, 0.5, LIMIT)
    assert found.correction == correction
    line = found.line
    if correction == "none":
        assert found.corrected_line is None
        assert found.relative_expanded_percent == found.uncertainty.relative_expanded_percent
        return
    paid = math.hypot(line.u_intercept, LIMIT * line.u_slope if "slope" in correction else 0.0)
    assert found.corrected_uncertainty.correction == pytest.approx(paid)
    by_hand = (y - line.intercept) / (line.slope if "slope" in correction else 1.0)
    assert found.corrected_line.slope == equivalence_line(x, by_hand).slope
    assert abs(found.corrected_uncertainty.bias) < abs(found.uncertainty.bias)


def test_a_true_line_is_called_significant_about_as_often_as_two_sigma_says():
    wrong = [0, 0]
    for seed in range(400):
        generator = np.random.default_rng(seed)
        # Without errors of x: the guide's uncertainty of the slope is that of an ordinary line.
        x = generator.uniform(5, 60, 60)
        line = equivalence_line(x, x + generator.normal(0, 1.0, 60))
        wrong[0] += line.slope_significant
        wrong[1] += line.intercept_significant
    assert all(0.02 < count / 400 < 0.09 for count in wrong)


def test_a_reference_worse_than_the_scatter_counts_as_nothing_and_is_said():
    x, y = campaign(9, scatter=0.4)
    found = equivalence(x, y, 5.0, LIMIT).uncertainty
    assert found.reference_exceeds_scatter
    assert found.random == 0.0
    assert found.combined == pytest.approx(math.hypot(found.bias, found.correction))
    assert not equivalence(x, y, 0.1, LIMIT).uncertainty.reference_exceeds_scatter


def test_subsets_are_the_whole_the_high_values_and_each_site():
    x, y = campaign(10, n=80)
    sites = ["north"] * 40 + ["south"] * 38 + ["attic"] * 2
    found = equivalence_subsets(x, y, sites, 0.5, LIMIT, THRESHOLD)
    assert [part.name for part in found] == ["all", "above threshold", "north", "south"]
    assert [part.n for part in found] == [80, int(np.sum(x >= THRESHOLD)), 40, 38]
    assert found[2].result.line.slope == equivalence(x[:40], y[:40], 0.5, LIMIT).line.slope
    assert found[1].result.share_above == 1.0


@given(st.floats(0.2, 20), st.floats(-30, 30), st.integers(0, 50))
def test_other_units_change_no_percentage(factor, shift, seed):
    x, y = campaign(seed, 1.1, 1.0, n=30)
    found, scaled = equivalence(x, y, 0.5, LIMIT), equivalence(factor * x, factor * y, 0.5 * factor, LIMIT * factor)
    assert scaled.relative_expanded_percent == pytest.approx(found.relative_expanded_percent, rel=1e-9)
    assert scaled.correction == found.correction
    moved = equivalence_line(x + shift, y + shift)
    assert moved.slope == pytest.approx(found.line.slope, rel=1e-9)
    assert moved.u_slope == pytest.approx(found.line.u_slope, rel=1e-9)


def test_pairs_that_prove_nothing_are_refused():
    with pytest.raises(BadArgument, match="reference and candidate: expected at least 3"):
        equivalence([1, 2], [1, 2], 0.5, LIMIT)
    with pytest.raises(BadArgument, match="limit_value: expected a number above zero"):
        equivalence([1, 2, 3], [1, 2, 3], 0.5, 0.0)
    with pytest.raises(BadArgument, match="u_reference"):
        equivalence([1, 2, 3], [1, 2, 3], -0.5, LIMIT)
    with pytest.raises(BadArgument, match="rise with the reference"):
        equivalence([1, 2, 3, 4], [4, 3, 2, 1.01], 0.5, LIMIT)
    with pytest.raises(BadArgument, match="sites: expected one name per pair"):
        equivalence_subsets([1, 2, 3], [1, 2, 3], ["a"], 0.5, LIMIT, THRESHOLD)
    with pytest.raises(BadArgument, match="no slope"):
        equivalence_line([5, 5, 5], [1, 2, 3])
    with pytest.raises(BadArgument, match="first and second"):
        between_sampler_uncertainty([1, 2], [1])
