"""Lines where x is as uncertain as y, against published answers, odrpack, and what must not matter."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from odrpack import odr_fit

from calibration.statistics import (
    BadArgument,
    deming,
    ordinary_least_squares,
    orthogonal_regression,
    weighted_least_squares,
    york,
)

DATA = Path(__file__).parents[1] / "data"
DEMING = json.loads((DATA / "deming_examples.json").read_text())
ISO = json.loads((DATA / "iso_ts_28037_examples.json").read_text())["ex3_errors_in_x_and_y"]
X = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])

coordinates = st.lists(st.floats(-300, 300), min_size=6, max_size=6)
sizes = st.lists(st.floats(0.5, 5.0), min_size=6, max_size=6)
correlations = st.lists(st.floats(-0.8, 0.8), min_size=6, max_size=6)


def arsenate():
    with (DATA / DEMING["arsenate"]["file"]).open() as file:
        return np.array(list(csv.reader(file))[1:], dtype=float).T


def rising(y):
    """Points that rise steeply enough for swapped axes to have a slope."""
    return 1.5 * X + np.array(y) / 10.0


def odr(x, y, u_x, u_y, slope):
    return odr_fit(
        lambda at, beta: beta[0] + beta[1] * at, x, y, beta0=np.array([0.0, slope]),
        weight_x=1.0 / np.broadcast_to(u_x, x.shape) ** 2, weight_y=1.0 / np.broadcast_to(u_y, y.shape) ** 2,
        jac_beta=lambda at, beta: np.stack([np.ones_like(at), at]), jac_x=lambda at, beta: np.full_like(at, beta[1]),
        partol=1e-15, sstol=1e-15, maxit=500,
    )  # fmt: skip


def test_york_gives_the_printed_line_of_iso_ts_28037():
    line, printed = york(ISO["x"], ISO["y"], ISO["u_x"], ISO["u_y"]), ISO["published"]
    assert line.intercept == pytest.approx(printed["a"], abs=5e-5)
    assert line.se_intercept == pytest.approx(printed["u_a"], abs=5e-5)
    assert line.slope == pytest.approx(printed["b"], abs=5e-5)
    assert line.se_slope == pytest.approx(printed["u_b"], abs=5e-5)
    assert line.covariance == pytest.approx(printed["cov"], abs=5e-5)
    assert line.chi2 == pytest.approx(printed["chi2"], abs=5e-4)
    assert line.intercept == pytest.approx(ISO["gtc"]["a"], rel=1e-9)
    assert line.slope == pytest.approx(ISO["gtc"]["b"], rel=1e-9)


def test_york_gives_the_published_line_of_pearsons_points():
    data = json.loads((DATA / "pearson_york.json").read_text())
    u_x, u_y = np.array(data["weight_x"]) ** -0.5, np.array(data["weight_y"]) ** -0.5
    line, published = york(data["x"], data["y"], u_x, u_y), data["published"]
    assert line.intercept == pytest.approx(published["a"], abs=5e-5)
    assert line.slope == pytest.approx(published["b"], abs=5e-6)
    assert line.se_intercept == pytest.approx(published["u_a"], abs=5e-6)
    assert line.se_slope == pytest.approx(published["u_b"], abs=5e-7)
    assert line.chi2 / line.dof == pytest.approx(published["chi2_over_dof"], abs=5e-5)


def test_york_gives_the_published_line_of_arsenate():
    x, u_x, y, u_y = arsenate()
    line, published = york(x, y, u_x, u_y), DEMING["arsenate"]["published"]
    assert line.intercept == pytest.approx(published["a"], abs=5e-7)
    # Printed 0.973000; the least sum of squares lies 1.2e-5 lower, by odrpack as well.
    assert line.slope == pytest.approx(published["b"], abs=2e-5)
    assert [line.intercept, line.slope] == pytest.approx(odr(x, y, u_x, u_y, 1.0).beta, rel=1e-6)
    assert line.chi2 / line.n == pytest.approx(published["mean_scaled_sq_residual_over_n"], abs=5e-3)


def test_plain_and_weighted_lines_of_arsenate_are_those_of_the_paper():
    x, u_x, y, u_y = arsenate()
    published = DEMING["arsenate"]["published"]
    for line, printed in (
        (ordinary_least_squares(x, y), published["ols_aes_on_aas"]),
        (ordinary_least_squares(y, x), published["ols_aas_on_aes"]),
        (weighted_least_squares(x, y, u_y), published["wls_aes_on_aas"]),
        (weighted_least_squares(y, x, u_x), published["wls_aas_on_aes"]),
    ):
        assert [line.intercept, line.slope] == pytest.approx(printed, abs=5e-4)


def test_deming_gives_the_closed_form():
    case = DEMING["closed_form"]
    line = deming(case["x"], case["y"])
    assert line.slope == pytest.approx(case["slope"], rel=1e-14)
    assert line.intercept == pytest.approx(case["intercept"], rel=1e-13)
    assert orthogonal_regression(case["x"], case["y"]).slope == line.slope


@pytest.mark.parametrize("seed", range(4))
def test_york_agrees_with_odrpack(seed):
    generator = np.random.default_rng(seed)
    u_x, u_y = generator.uniform(0.5, 4.0, 12), generator.uniform(0.5, 4.0, 12)
    true = np.linspace(0.0, 60.0, 12)
    x, y = true + u_x * generator.normal(size=12), 3.0 - 0.8 * true + u_y * generator.normal(size=12)
    line, judge = york(x, y, u_x, u_y), odr(x, y, u_x, u_y, -0.8)
    assert [line.intercept, line.slope] == pytest.approx(judge.beta, rel=1e-6)
    assert line.chi2 == pytest.approx(judge.sum_square, rel=1e-9)
    # cov_beta takes the uncertainties as known, as York does; sd_beta would scale them.
    covariance = [line.se_intercept**2, line.covariance, line.covariance, line.se_slope**2]
    assert covariance == pytest.approx(judge.cov_beta.ravel(), rel=2e-4)


@pytest.mark.parametrize("ratio", [0.25, 1.0, 9.0])
def test_deming_agrees_with_odrpack(ratio):
    generator = np.random.default_rng(7)
    x, y = X + generator.normal(0, 4, 6), 5.0 + 1.1 * X + generator.normal(0, 4 * math.sqrt(ratio), 6)
    line, judge = deming(x, y, ratio), odr(x, y, 1.0, math.sqrt(ratio), 1.1)
    assert [line.intercept, line.slope] == pytest.approx(judge.beta, rel=1e-6)
    assert [line.se_intercept, line.se_slope] == pytest.approx(judge.sd_beta, rel=1e-3)
    assert line.sd_x**2 == pytest.approx(judge.res_var, rel=1e-6)
    assert line.sd_y == pytest.approx(line.sd_x * math.sqrt(ratio))


def test_correlated_errors_move_the_line_as_a_direct_search_says():
    x, u_x, y, u_y = arsenate()
    for r in (-0.7, 0.6):
        line = york(x, y, u_x, u_y, r)

        def cost(a, b, r=r):
            return np.sum((y - a - b * x) ** 2 / (u_y**2 + (b * u_x) ** 2 - 2.0 * b * r * u_x * u_y))

        best = cost(line.intercept, line.slope)
        assert best == pytest.approx(line.chi2, rel=1e-12)
        steps = [(da, db) for da in (-1, 0, 1) for db in (-1, 0, 1)]
        assert all(cost(line.intercept + 1e-4 * da, line.slope + 1e-4 * db) >= best for da, db in steps)


def test_standard_errors_are_the_scatter_of_repeated_fits():
    generator = np.random.default_rng(2)
    u_x, u_y, r = 6.0, 4.0, 0.5
    true, fits, york_errors, deming_hits = np.linspace(0, 400, 9), [], [], 0
    for _ in range(600):
        first, second = generator.normal(size=9), generator.normal(size=9)
        x = true + u_x * first
        y = 10.0 + 0.9 * true + u_y * (r * first + math.sqrt(1 - r * r) * second)
        line = york(x, y, u_x, u_y, r)
        fits.append((line.intercept, line.slope))
        york_errors.append((line.se_intercept, line.se_slope))
        plain = deming(true + u_x * first, 10.0 + 0.9 * true + u_y * second, (u_y / u_x) ** 2)
        deming_hits += abs(plain.slope - 0.9) < 2.365 * plain.se_slope  # Student's, 7 degrees of freedom
    assert np.mean(fits, axis=0) == pytest.approx([10.0, 0.9], abs=0.3)
    assert np.std(fits, axis=0) == pytest.approx(np.mean(york_errors, axis=0), rel=0.1)
    assert 0.92 < deming_hits / 600 < 0.975


def test_a_line_through_exact_points_is_that_line():
    for fit in (deming, lambda x, y: york(x, y, 1.0, 2.0, 0.3)):
        line = fit(X, 7.0 - 0.25 * X)
        assert (line.slope, line.intercept) == pytest.approx((-0.25, 7.0))
        assert line.se_slope < 1.0
    assert deming(X, np.full(6, 3.0)).slope == 0.0
    assert york(X, np.full(6, 3.0), 1.0, 1.0).slope == pytest.approx(0.0, abs=1e-12)


def test_a_line_of_york_evaluates_like_any_other():
    line = york(ISO["x"], ISO["y"], ISO["u_x"], ISO["u_y"])
    at = line.inverse(10.5, 0.5)
    assert at.value == pytest.approx((10.5 - line.intercept) / line.slope)
    variance = line.se_intercept**2 + 2 * at.value * line.covariance + (at.value * line.se_slope) ** 2
    assert at.u == pytest.approx(math.sqrt(variance + 0.25) / line.slope)
    assert line.y_adjusted == pytest.approx(line.intercept + line.slope * line.x_adjusted)


@given(coordinates, sizes, sizes, correlations)
def test_swapping_the_axes_turns_the_line_over(y, u_x, u_y, r):
    steep = rising(y)
    there, back = york(X, steep, u_x, u_y, r), york(steep, X, u_y, u_x, r)
    assert back.slope == pytest.approx(1.0 / there.slope, rel=1e-7)
    assert back.intercept == pytest.approx(-there.intercept / there.slope, rel=1e-6, abs=1e-5)
    assert back.chi2 == pytest.approx(there.chi2, rel=1e-7, abs=1e-9)
    there, back = deming(X, steep, 2.5), deming(steep, X, 1.0 / 2.5)
    assert back.slope == pytest.approx(1.0 / there.slope, rel=1e-10)
    assert back.sd_x == pytest.approx(there.sd_y, rel=1e-6, abs=1e-9)


@given(coordinates, sizes, sizes, st.floats(0.01, 100), st.floats(0.01, 100), st.floats(-500, 500))
def test_other_units_give_the_same_line_in_other_units(y, u_x, u_y, by_x, by_y, shift):
    steep, u_x, u_y = rising(y), np.array(u_x), np.array(u_y)
    line = york(X, steep, u_x, u_y)
    other = york(by_x * X + shift, by_y * steep, by_x * u_x, by_y * u_y)
    assert other.slope == pytest.approx(line.slope * by_y / by_x, rel=1e-7)
    assert other.se_slope == pytest.approx(line.se_slope * by_y / by_x, rel=1e-6)
    assert other.chi2 == pytest.approx(line.chi2, rel=1e-6, abs=1e-9)
    assert other.intercept == pytest.approx(
        by_y * line.intercept - other.slope * shift, rel=1e-6, abs=1e-5 * by_y * (1.0 + abs(shift))
    )


@given(coordinates, sizes, st.permutations(range(6)))
def test_order_does_not_matter_and_equal_uncertainties_are_demings(y, u, order):
    steep, u = rising(y), np.array(u)
    line, other = york(X, steep, u, 2.0 * u), york(X[order], steep[order], u[order], 2.0 * u[order])
    assert other.slope == pytest.approx(line.slope, rel=1e-9)
    equal, plain = york(X, steep, 1.5, 3.0), deming(X, steep, 4.0)
    assert equal.slope == pytest.approx(plain.slope, rel=1e-9)
    scale = math.sqrt(equal.chi2 / equal.dof)
    assert [plain.se_slope, plain.se_intercept] == pytest.approx(
        [scale * equal.se_slope, scale * equal.se_intercept], rel=1e-6, abs=1e-9
    )


@given(coordinates, sizes)
def test_exact_x_is_the_weighted_line(y, u):
    line, weighted = york(X, rising(y), 1e-7, u), weighted_least_squares(X, rising(y), u)
    assert line.slope == pytest.approx(weighted.slope, rel=1e-7)
    assert line.se_slope == pytest.approx(weighted.se_slope, rel=1e-6)
    assert line.chi2 == pytest.approx(weighted.chi2, rel=1e-6, abs=1e-9)


@given(coordinates)
def test_the_orthogonal_line_lies_between_both_ordinary_ones(y):
    assume(np.ptp(y) > 1.0)
    flat, steep = ordinary_least_squares(X, y), ordinary_least_squares(y, X)
    assume(abs(flat.slope) > 1e-6)
    slope = orthogonal_regression(X, y).slope
    low, high = sorted((abs(flat.slope), 1.0 / abs(steep.slope)))
    assert low * (1 - 1e-9) <= abs(slope) <= high * (1 + 1e-9)


@example([101.0, -35.0, 1.0, 30.0, 0.0, 0.0], [98.0, 0, 0, 0, 0, 148.0], [0.5, 2, 5, 3, 1, 0.5], [3, 3, 2, 0.5, 2, 1])
@given(coordinates, coordinates, sizes, sizes)
def test_no_points_however_wild_give_a_line_worse_than_a_neighbour(x, y, u_x, u_y):
    assume(np.ptp(x) > 1.0)
    x, y, u_x, u_y = map(np.array, (x, y, u_x, u_y))
    line = york(x, y, u_x, u_y)
    angles = np.arctan(line.slope) + np.linspace(-1.5, 1.5, 61)
    for angle in angles:
        s, c = math.sin(angle), math.cos(angle)
        weight = 1.0 / ((c * u_y) ** 2 + (s * u_x) ** 2)
        d = c * y - s * x
        assert line.chi2 <= np.sum(weight * (d - np.sum(weight * d) / np.sum(weight)) ** 2) * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize(
    ("x", "y", "u_x", "u_y", "r", "words"),
    [
        ([1, 2, 3], [1, 2, 3], 0.0, 1.0, 0.0, r"u_x: .*above zero"),
        ([1, 2, 3], [1, 2, 3], 1.0, [1, 1], 0.0, "u_y: expected one value per point"),
        ([1, 2, 3], [1, 2, 3], 1.0, 1.0, 1.0, "correlation: expected values above -1"),
        ([1, 2, 3], [1, 2, 3], 1.0, 1.0, [0, 0], "correlation: expected one value per point"),
        ([2, 2, 2], [1, 2, 3], 1.0, 1.0, 0.0, "no slope"),
        ([1, 2, math.nan], [1, 2, 3], 1.0, 1.0, 0.0, r"x\[2\] is nan"),
        ([1], [1], 1.0, 1.0, 0.0, "at least 2 points"),
    ],
)
def test_points_that_york_cannot_fit_are_refused(x, y, u_x, u_y, r, words):
    with pytest.raises(BadArgument, match=words):
        york(x, y, u_x, u_y, r)


def test_points_that_determine_no_direction_are_refused():
    with pytest.raises(BadArgument, match="determine a slope"):
        deming([0, 0, 1, 1], [0, 5, 0, 5])
    with pytest.raises(BadArgument, match="above zero"):
        deming([1, 2, 3], [1, 2, 3], 0.0)
