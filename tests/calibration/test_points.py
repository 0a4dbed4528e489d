"""What the points of a line know of each other: windows of a wandering quantity, pooled noise, known covariance."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import dblquad
from scipy.signal import lfilter

from calibration.statistics import lack_of_fit_known, weighted_least_squares, window_covariance
from calibration.statistics.summary import variance_by_level, variance_dof

ISO = json.loads((Path(__file__).parents[1] / "data" / "iso_ts_28037_examples.json").read_text())
LEVELS = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])


@pytest.mark.parametrize("time", [30.0, 400.0, 5000.0])
def test_covariance_of_window_means_is_the_double_integral(time):
    starts, ends = [0.0, 300.0, 1500.0], [300.0, 600.0, 1620.0]
    found = window_covariance(starts, ends, time)
    for i in range(3):
        for j in range(3):
            # the kink on the diagonal is cut out by symmetry
            low, high = (starts[i], None) if i == j else (starts[j], ends[j])
            whole, _ = dblquad(lambda t, s: np.exp(-abs(t - s) / time), starts[i], ends[i], low, high or (lambda s: s))
            area = (ends[i] - starts[i]) * (ends[j] - starts[j])
            assert found[i, j] == pytest.approx((2.0 if i == j else 1.0) * whole / area, rel=1e-6)


def test_covariance_of_window_means_agrees_with_simulated_paths():
    generator, time = np.random.default_rng(5), 120.0
    decay = np.exp(-1.0 / time)
    path = lfilter([np.sqrt(1 - decay**2)], [1.0, -decay], generator.normal(size=(4000, 1200)), axis=1)[:, 400:]
    first, second = path[:, :300].mean(axis=1), path[:, 360:660].mean(axis=1)
    expected = window_covariance([0.0, 360.0], [300.0, 660.0], time)
    assert np.var(first) == pytest.approx(expected[0, 0], rel=0.1)
    assert np.mean(first * second) == pytest.approx(expected[0, 1], rel=0.2)


def test_without_memory_windows_are_independent():
    assert np.array_equal(window_covariance([0, 5], [5, 9], 0.0), np.eye(2))


def test_windows_that_are_short_against_the_memory_share_everything():
    assert window_covariance([0, 10], [5, 15], 1e9) == pytest.approx(np.ones((2, 2)), abs=1e-7)


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="must not end"):
        window_covariance([5.0], [4.0], 10.0)


@pytest.mark.parametrize("name", ["ex1_equal_weights", "ex2_unequal_weights"])
def test_chi_square_of_iso_ts_28037(name):
    example = ISO[name]
    found = lack_of_fit_known(example["x"], example["y"], np.diag(np.square(example["u_y"])))
    assert found.chi2 == pytest.approx(example["chi2"], rel=1e-9)
    line = weighted_least_squares(example["x"], example["y"], example["u_y"])
    assert found.p == pytest.approx(line.p, rel=1e-9)
    assert found.f == pytest.approx(found.chi2 / line.dof)


def test_chi_square_with_covariance_accuses_a_straight_response_only_as_often_as_it_should():
    generator = np.random.default_rng(8)
    shared = np.outer(LEVELS, LEVELS) * 0.01**2 + np.outer(LEVELS > 0, LEVELS > 0) * 0.5**2
    covariance = np.diag((0.2 + 0.001 * LEVELS) ** 2) + shared
    root = np.linalg.cholesky(covariance)
    p = [lack_of_fit_known(LEVELS, LEVELS + root @ generator.normal(size=6), covariance).p for _ in range(2000)]
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_what_a_line_takes_up_costs_nothing():
    y = LEVELS + np.array([0.1, -0.2, 0.2, 0.1, -0.3, 0.1])
    plain = 0.04 * np.eye(6)
    lifted = plain + 100.0 * np.ones((6, 6)) + 0.01 * np.outer(LEVELS, LEVELS)
    assert lack_of_fit_known(LEVELS, y, lifted).chi2 == pytest.approx(
        lack_of_fit_known(LEVELS, y, plain).chi2, rel=1e-6
    )


@pytest.mark.parametrize(
    ("covariance", "words"), [(np.eye(5), "shape"), (np.zeros((6, 6)), "definite"), (-np.eye(6), "definite")]
)
def test_a_covariance_that_is_none_is_refused(covariance, words):
    with pytest.raises(ValueError, match=words):
        lack_of_fit_known(LEVELS, LEVELS, covariance)


def test_noise_that_grows_with_the_level_is_found():
    true = 0.04 + (0.002 * LEVELS) ** 2
    assert variance_by_level(LEVELS, true) == pytest.approx(true, rel=1e-6)


def test_pooled_noise_is_closer_to_the_truth_than_each_window():
    generator = np.random.default_rng(3)
    true = 0.04 + (0.002 * LEVELS) ** 2
    alone, pooled = [], []
    for _ in range(400):
        drawn = true * generator.chisquare(4, 6) / 4
        alone.append(np.log(drawn / true))
        pooled.append(np.log(variance_by_level(LEVELS, drawn) / true))
    assert np.std(pooled) < 0.7 * np.std(alone)
    assert abs(np.mean(np.exp(pooled)) - 1.0) < 0.1


@pytest.mark.parametrize(
    "variances", [np.zeros(6), np.full(6, 0.3), np.array([4.0, 3, 2, 1, 1, 1]), np.array([0, 0, 0, 0, 0, 1.0])]
)
def test_pooled_noise_is_never_below_the_calmest_window(variances):
    found = variance_by_level(LEVELS, variances)
    assert (found >= variances.min() - 1e-12).all()
    assert np.isfinite(found).all()


def test_degrees_of_freedom_of_overlapping_readings():
    assert variance_dof(31, 31.0) == pytest.approx(30.0)
    r = 0.8
    assert variance_dof(31, 31 * (1 - r) / (1 + r)) == pytest.approx(31 * (1 - r**2) / (1 + r**2) - 1)
    assert variance_dof(10, 1.0) >= 1.0
    with pytest.raises(ValueError, match="effective number"):
        variance_dof(10, 11.0)
