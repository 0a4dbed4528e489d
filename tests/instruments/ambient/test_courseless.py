"""What is left of anomalies when their daily course is taken out."""

import numpy as np
import pytest

from instruments.ambient.anomalies import FRONT, STEP_S, anomalies
from instruments.ambient.climate import VARIABLES, load_climate
from instruments.ambient.courseless import HALF_WINDOW_D, Courseless

DAY = 86400 // STEP_S
DAYS = 6 * HALF_WINDOW_D


def path():
    return anomalies(5, "air", load_climate("beijing"))


def courseless():
    return Courseless(path(), len(VARIABLES), DAY)


@pytest.fixture(scope="module")
def both():
    return path().values(0, DAYS * DAY), courseless().values(0, DAYS * DAY)


def by_hour(points):
    """Mean at each hour of the day less that of the day, shape (24, columns)."""
    course = points.reshape(-1, 24, DAY // 24, points.shape[1]).mean(axis=(0, 2))
    return course - course.mean(axis=0)


def test_months_of_it_have_next_to_no_course_by_hour(both):
    raw, left = (by_hour(each[:, : len(VARIABLES)]) for each in both)
    assert np.ptp(raw, axis=0).max() > 0.3  # by chance
    assert np.ptp(left, axis=0).max() < 0.08  # of the anomalies' standard deviation
    assert np.ptp(left, axis=0).mean() < 0.3 * np.ptp(raw, axis=0).mean()


def test_days_keep_their_means_and_fronts_stay_as_they_are(both):
    raw, left = both
    np.testing.assert_array_equal(left[:, FRONT], raw[:, FRONT])
    change = (left - raw)[:, :FRONT].reshape(DAYS, DAY, -1)
    assert np.abs(change.mean(axis=1)).max() < 0.02  # where one window takes over from the next
    assert np.abs(change).max() > 0.2
    assert np.var(left) / np.var(raw) > 0.95


def test_it_is_the_same_however_one_comes_there(both):
    late = courseless()
    begin = 3 * HALF_WINDOW_D * DAY - 7
    np.testing.assert_array_equal(late.values(begin, begin + 20), both[1][begin : begin + 20])
    np.testing.assert_array_equal(late.values(0, 20), both[1][:20])
    with pytest.raises(ValueError, match="epoch"):
        late.values(-1, 1)
