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
    lack_of_fit,
    linear_model,
    ordinary_least_squares,
    polynomial,
    through_origin,
    weighted_least_squares,
)

DATA = Path(__file__).parents[1] / "data"
CERTIFIED = json.loads((DATA / "nist_strd_other.certified.json").read_text())
ISO = json.loads((DATA / "iso_ts_28037_examples.json").read_text())
LEVELS = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])
RESPONSES = np.array([0.4, 50.9, 100.2, 203.1, 301.5, 404.0])

responses = st.lists(st.floats(-500, 500), min_size=6, max_size=6).filter(lambda values: np.ptp(values) > 1.0)


def columns(name):
    with (DATA / name).open() as file:
        rows = list(csv.reader(file))[1:]
    return np.array(rows, dtype=float).T


def test_pontius_to_eleven_certified_digits():
    load, deflection = columns("nist_pontius.csv")
    model, certified = polynomial(load, deflection, 2), CERTIFIED["pontius"]
    for index in range(3):
        assert model.coefficients[index] == pytest.approx(certified[f"B{index}"], rel=1e-11)
        assert model.standard_errors[index] == pytest.approx(certified[f"sd_B{index}"], rel=1e-11)
    assert model.residual_sd == pytest.approx(certified["resid_sd"], rel=1e-11)
    assert model.residual_sd**2 * model.dof == pytest.approx(certified["rss"], rel=1e-11)


def test_longley_to_ten_certified_digits():
    y, *causes = columns("nist_longley.csv")
    model, certified = linear_model(np.column_stack([np.ones(y.size), *causes]), y), CERTIFIED["longley"]
    for index in range(7):
        assert model.coefficients[index] == pytest.approx(certified[f"B{index}"], rel=1e-10)
        assert model.standard_errors[index] == pytest.approx(certified[f"sd_B{index}"], rel=1e-10)
    assert model.residual_sd == pytest.approx(certified["resid_sd"], rel=1e-10)
    assert model.r2 == pytest.approx(certified["r2"], rel=1e-12)


@pytest.mark.parametrize("name", ["noint1", "noint2"])
def test_lines_through_the_origin_to_the_certified_digits(name):
    x, y = columns(f"nist_{name}.csv")
    line, certified = through_origin(x, y), CERTIFIED[name]
    assert line.n == certified["n"]
    assert line.slope == pytest.approx(certified["B1"], rel=1e-13)
    assert line.se_slope == pytest.approx(certified["sd_B1"], rel=1e-13)
    assert line.residual_sd == pytest.approx(certified["resid_sd"], rel=1e-13)
    assert line.r2 == pytest.approx(certified["r2"], rel=1e-13)
    general = linear_model(x[:, np.newaxis], y)
    assert general.coefficients[0] == pytest.approx(line.slope, rel=1e-13)
    assert general.r2 == pytest.approx(line.r2, rel=1e-13)


@pytest.mark.parametrize(("name", "rel"), [("ex1_equal_weights", 1e-11), ("ex2_unequal_weights", 1e-11)])
def test_weighted_lines_of_iso_ts_28037(name, rel):
    example = ISO[name]
    line = weighted_least_squares(example["x"], example["y"], example["u_y"])
    assert line.intercept == pytest.approx(example["a"], rel=rel)
    assert line.slope == pytest.approx(example["b"], rel=rel)
    assert line.se_intercept == pytest.approx(example["u_a"], rel=rel)
    assert line.se_slope == pytest.approx(example["u_b"], rel=rel)
    assert line.covariance == pytest.approx(example["cov"], rel=rel)
    assert line.chi2 == pytest.approx(example["chi2"], rel=1e-9)
    assert line.p == pytest.approx(stats.chi2.sf(line.chi2, line.dof), rel=1e-12)


def test_inverse_and_forward_evaluation_of_iso_ts_28037():
    first, second = ISO["ex1_equal_weights"], ISO["ex2_unequal_weights"]
    line = weighted_least_squares(first["x"], first["y"], first["u_y"])
    inverse = line.inverse(first["inverse"]["y"], first["inverse"]["u_y"])
    assert inverse.value == pytest.approx(first["inverse"]["x"], rel=1e-12)
    assert inverse.u == pytest.approx(first["inverse"]["u_x"], rel=1e-12)
    assert math.isinf(inverse.dof)
    forward = line.forward(first["forward"]["x"], first["forward"]["u_x"])
    assert forward.value == pytest.approx(first["forward"]["y"], rel=1e-12)
    assert forward.u == pytest.approx(first["forward"]["u_y"], rel=1e-12)
    inverse = weighted_least_squares(second["x"], second["y"], second["u_y"]).inverse(10.5, 1.0)
    assert inverse.value == pytest.approx(second["inverse"]["x"], abs=5e-4)
    assert inverse.u == pytest.approx(second["inverse"]["u_x"], abs=5e-4)


def test_unknown_uncertainty_of_iso_ts_28037():
    example = ISO["ex4_unknown_uncertainty"]
    line = ordinary_least_squares(example["x"], example["y"])
    assert line.intercept == pytest.approx(example["a"], rel=1e-12)
    assert line.slope == pytest.approx(example["b"], rel=1e-12)
    assert line.se_intercept == pytest.approx(example["u_a"], rel=1e-12)
    assert line.se_slope == pytest.approx(example["u_b"], rel=1e-12)
    assert line.covariance == pytest.approx(example["cov"], rel=1e-12)
    assert line.residual_sd**2 * line.dof == pytest.approx(example["rss"], rel=1e-9)


def test_norris_to_twelve_certified_digits():
    # Ozone monitors against a photometer: the calibration of this house. Certified values of NIST StRD.
    y, x = columns("nist_norris.csv")
    line = ordinary_least_squares(x, y)
    assert line.n == 36
    assert line.intercept == pytest.approx(-0.262323073774029, rel=1e-12)
    assert line.slope == pytest.approx(1.00211681802045, rel=1e-12)
    assert line.se_intercept == pytest.approx(0.232818234301152, rel=1e-12)
    assert line.se_slope == pytest.approx(0.429796848199937e-3, rel=1e-12)
    assert line.residual_sd == pytest.approx(0.884796396144373, rel=1e-12)
    assert line.r2 == pytest.approx(0.999993745883712, rel=1e-12)


@pytest.mark.parametrize(("base", "digits"), [(1.0, 1e-9), (0.1, 1e-11)])
def test_wamplers_quintics(base, digits):
    # NIST StRD, Wampler 1 and 2: y = sum of (base x)^i over x = 0 to 20, certified coefficients base^i, no residual.
    x = np.arange(21.0)
    model = polynomial(x, sum((base * x) ** power for power in range(6)), 5)
    assert model.coefficients == pytest.approx([base**power for power in range(6)], rel=digits)
    assert model.residual_sd < 1e-8


def test_a_line_agrees_with_scipy():
    line, judge = ordinary_least_squares(LEVELS, RESPONSES), stats.linregress(LEVELS, RESPONSES)
    assert line.slope == pytest.approx(judge.slope, rel=1e-12)
    assert line.intercept == pytest.approx(judge.intercept, rel=1e-10)
    assert line.se_slope == pytest.approx(judge.stderr, rel=1e-9)
    assert line.se_intercept == pytest.approx(judge.intercept_stderr, rel=1e-9)
    assert line.r == pytest.approx(judge.rvalue, rel=1e-12)
    assert line.r2 == pytest.approx(judge.rvalue**2, rel=1e-12)
    assert line.residuals == pytest.approx(RESPONSES - judge.intercept - judge.slope * LEVELS, abs=1e-10)
    assert abs(line.largest_residual) == np.abs(line.residuals).max()


def test_bands_at_a_level():
    line = ordinary_least_squares(LEVELS, RESPONSES)
    at, t = 250.0, stats.t.ppf(0.975, 4)
    variance = 1 / 6 + (at - LEVELS.mean()) ** 2 / np.sum((LEVELS - LEVELS.mean()) ** 2)
    middle = line.intercept + line.slope * at
    band = line.confidence_band([at])
    assert (band.low[0] + band.high[0]) / 2 == pytest.approx(middle)
    assert (band.high[0] - band.low[0]) / 2 == pytest.approx(t * line.residual_sd * math.sqrt(variance))
    further = line.prediction_band([at], readings=4)
    assert (further.high[0] - further.low[0]) / 2 == pytest.approx(t * line.residual_sd * math.sqrt(variance + 1 / 4))


def test_bands_cover_the_line_and_the_next_reading():
    generator = np.random.default_rng(11)
    line_hits = next_hits = 0
    for _ in range(1500):
        line = ordinary_least_squares(LEVELS, 2.0 + 1.01 * LEVELS + generator.normal(0, 0.8, LEVELS.size))
        band, further = line.confidence_band([320.0]), line.prediction_band([320.0])
        truth = 2.0 + 1.01 * 320.0
        line_hits += band.low[0] <= truth <= band.high[0]
        next_hits += further.low[0] <= truth + generator.normal(0, 0.8) <= further.high[0]
    assert 0.93 < line_hits / 1500 < 0.97
    assert 0.93 < next_hits / 1500 < 0.97


def test_inverse_undoes_prediction_and_knows_its_degrees_of_freedom():
    line = ordinary_least_squares(LEVELS, RESPONSES)
    estimate = line.inverse(float(line.predict(250.0)[0]))
    assert estimate.value == pytest.approx(250.0)
    assert estimate.u == pytest.approx(line.standard_error(250.0)[0] / line.slope)
    assert estimate.dof == pytest.approx(4.0)
    assert line.inverse(250.0, u_y_0=100.0).dof > 1e6


@given(responses, st.floats(0.1, 50), st.floats(-200, 200))
def test_scaling_and_shifting_the_response_scales_and_shifts_the_line(y, factor, shift):
    line = ordinary_least_squares(LEVELS, y)
    other = ordinary_least_squares(LEVELS, factor * np.array(y) + shift)
    assert other.slope == pytest.approx(factor * line.slope, rel=1e-9, abs=1e-10)
    assert other.intercept == pytest.approx(factor * line.intercept + shift, rel=1e-9, abs=1e-7)
    assert other.se_slope == pytest.approx(factor * line.se_slope, rel=1e-9, abs=1e-10)
    assert other.r == pytest.approx(line.r, rel=1e-9, abs=1e-10)


@given(responses, st.floats(0.1, 50), st.floats(-200, 200))
def test_scaling_and_shifting_the_levels_leaves_the_points_about_the_line(y, factor, shift):
    line = ordinary_least_squares(LEVELS, y)
    other = ordinary_least_squares(factor * LEVELS + shift, y)
    assert other.slope == pytest.approx(line.slope / factor, rel=1e-8, abs=1e-10)
    assert other.residuals == pytest.approx(line.residuals, abs=1e-8)
    assert other.residual_sd == pytest.approx(line.residual_sd, rel=1e-8, abs=1e-10)


@given(responses)
def test_slopes_of_swapped_axes_multiply_to_r2(y):
    there, back = ordinary_least_squares(LEVELS, y), ordinary_least_squares(y, LEVELS)
    assert there.slope * back.slope == pytest.approx(there.r2, rel=1e-9, abs=1e-12)


@given(responses, st.permutations(range(6)))
def test_order_of_the_points_does_not_matter_to_a_single_bit(y, order):
    line = ordinary_least_squares(LEVELS, y)
    other = ordinary_least_squares(LEVELS[order], np.array(y)[order])
    assert (other.slope, other.intercept, other.residual_sd) == (line.slope, line.intercept, line.residual_sd)


@given(responses, st.floats(0.01, 100))
def test_equal_weights_give_the_ordinary_line_whatever_their_size(y, u):
    ordinary, weighted = ordinary_least_squares(LEVELS, y), weighted_least_squares(LEVELS, y, u)
    assert weighted.slope == pytest.approx(ordinary.slope, rel=1e-9, abs=1e-10)
    assert weighted.intercept == pytest.approx(ordinary.intercept, rel=1e-9, abs=1e-8)
    assert weighted.se_slope == pytest.approx(u / math.sqrt(ordinary.sxx))
    assert weighted.chi2 == pytest.approx(ordinary.dof * (ordinary.residual_sd / u) ** 2, rel=1e-9, abs=1e-12)


def test_weight_of_two_is_two_points():
    once = weighted_least_squares([0, 1, 2, 2], [0.0, 1.2, 1.9, 1.9], 1.0)
    heavy = weighted_least_squares([0, 1, 2], [0.0, 1.2, 1.9], [1.0, 1.0, 1.0 / math.sqrt(2.0)])
    assert heavy.slope == pytest.approx(once.slope)
    assert heavy.se_intercept == pytest.approx(once.se_intercept)


def test_lack_of_fit_against_the_textbook_split():
    x = np.repeat([0.0, 100.0, 200.0, 400.0], 3)
    y = np.array([0.1, -0.2, 0.3, 101.0, 100.2, 100.7, 203.0, 202.1, 202.8, 399.0, 398.4, 399.3])
    test, line = lack_of_fit(x, y), ordinary_least_squares(x, y)
    groups = y.reshape(4, 3)
    pure = np.sum((groups - groups.mean(axis=1, keepdims=True)) ** 2)
    total = line.residual_sd**2 * line.dof
    assert test.ss_pure_error == pytest.approx(pure)
    assert test.ss_lack_of_fit == pytest.approx(total - pure)
    assert (test.dof_lack_of_fit, test.dof_pure_error) == (2, 8)
    assert test.f == pytest.approx(((total - pure) / 2) / (pure / 8))
    assert test.p == pytest.approx(stats.f.sf(test.f, 2, 8))
    assert test.p < 0.001


def test_lack_of_fit_accuses_a_straight_response_only_as_often_as_it_should():
    generator, x = np.random.default_rng(5), np.repeat(LEVELS, 3)
    p = np.array([lack_of_fit(x, x + generator.normal(0, 1, x.size)).p for _ in range(600)])
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_lack_of_fit_says_so_where_nothing_can_be_tested():
    assert lack_of_fit(LEVELS, RESPONSES) is None
    assert lack_of_fit([0, 0, 1, 1], [0.0, 0.1, 1.0, 1.1]) is None
    same = lack_of_fit([0, 0, 1, 1, 2, 2], [0.1, 0.1, 1.3, 1.3, 2.0, 2.0])
    assert (same.f, same.p, same.ss_pure_error) == (None, None, 0.0)
    assert same.ss_lack_of_fit > 0


def test_constant_response_has_no_correlation():
    line = ordinary_least_squares([0, 1, 2], [5.1, 5.1, 5.1])
    assert (line.slope, line.r, line.r2) == (0.0, None, None)
    assert line.intercept == pytest.approx(5.1)
    with pytest.raises(ValueError, match="slope is zero"):
        line.inverse(5.1)


@pytest.mark.parametrize("fit", [ordinary_least_squares, lack_of_fit, through_origin])
@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1], [1], "at least"),
        ([1, 2, 3], [1, 2], "one length"),
        ([1, 2, math.nan], [1, 2, 3], r"x\[2\] is nan"),
        ([1, 2, 3], [1, math.inf, 3], r"y\[1\] is inf"),
        ([[1, 2, 3]], [1, 2, 3], "one-dimensional"),
        ([0, 0, 0], [1, 2, 3], "no slope"),
    ],
)
def test_points_that_make_no_line_are_refused(fit, x, y, words):
    with pytest.raises(ValueError, match=words):
        fit(x, y)


@pytest.mark.parametrize(("u_y", "words"), [(0.0, "above zero"), ([1, 1], "one value per point"), (-1, "above zero")])
def test_weights_that_make_no_sense_are_refused(u_y, words):
    with pytest.raises(ValueError, match=words):
        weighted_least_squares([1, 2, 3], [1, 2, 3], u_y)


def test_designs_that_determine_nothing_are_refused():
    with pytest.raises(ValueError, match="depends on the columns"):
        linear_model([[1, 1, 2], [1, 2, 4], [1, 3, 6], [1, 4, 8]], [1, 2, 3, 5])
    with pytest.raises(ValueError, match="at least 4 points"):
        polynomial([1, 2, 3], [1, 2, 3], 2)
    with pytest.raises(ValueError, match="column 1 of the design is zero"):
        linear_model([[1, 0], [1, 0], [1, 0]], [1, 2, 3])


def test_a_result_cannot_be_changed():
    line = ordinary_least_squares(LEVELS, RESPONSES)
    with pytest.raises(ValueError, match="read-only"):
        line.residuals[0] = 0.0
    with pytest.raises(AttributeError):
        line.slope = 1.0
