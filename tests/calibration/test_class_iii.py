"""Bounds of a Class III method: corners of the printed figures, and their joints."""

import numpy as np
import pytest

from calibration.statistics.class_iii import concentration_variation, intercept_bounds, least_correlation


def test_the_intercepts_bounds_go_by_the_slope():
    low, high = intercept_bounds(1.0)
    assert low == pytest.approx(-2.0)
    assert high == pytest.approx(1.85)
    assert intercept_bounds(0.9) == pytest.approx((15.05 - 17.32 * 0.9, 2.0))
    low, high = intercept_bounds(1.1)
    assert (low, high) == pytest.approx((-2.0, 15.05 - 13.20 * 1.1))
    assert np.diff(intercept_bounds(1.4))[0] < 0.0  # no intercept goes with it


def test_the_correlation_goes_by_the_spread():
    assert [least_correlation(ccv) for ccv in (0.1, 0.4, 0.45, 0.5, 0.9)] == pytest.approx(
        [0.93, 0.93, 0.94, 0.95, 0.95]
    )
    assert concentration_variation([10.0, 20.0, 30.0]) == pytest.approx(0.5)
