"""Minima, means and maxima of wind: around north, with invalid samples, vectors against scalars."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.weather.surroundings import direction_deg
from instruments.weather.wind_windows import wind_statistic


def samples(directions, speeds):
    angle, speed = np.radians(np.asarray(directions, dtype=float)), np.asarray(speeds, dtype=float)
    return -speed * np.sin(angle), -speed * np.cos(angle)


def statistic(quantity, directions, speeds, **options):
    east, north = samples(directions, speeds)
    return wind_statistic(quantity, east, north, np.array([len(east) - 1]), len(east), **options)[0]


@pytest.mark.parametrize("method", ["scalar", "vector"])
def test_the_mean_of_355_and_15_degrees_is_north_and_not_south(method):
    mean = statistic("wind_direction_avg", [355.0, 15.0], [2.0, 2.0], method=method)
    assert mean == pytest.approx(5.0)
    assert statistic("wind_direction_min", [355.0, 15.0, 5.0], [2.0] * 3) == pytest.approx(355.0)
    assert statistic("wind_direction_max", [355.0, 15.0, 5.0], [2.0] * 3) == pytest.approx(15.0)


def test_vectors_weigh_directions_by_speed_and_opposite_winds_cancel():
    assert statistic("wind_direction_avg", [0.0, 90.0], [3.0, 1.0], method="vector") == pytest.approx(18.43, abs=0.01)
    assert statistic("wind_direction_avg", [0.0, 90.0], [3.0, 1.0], method="scalar") == pytest.approx(45.0)
    assert statistic("wind_speed_avg", [0.0, 180.0], [3.0, 1.0], method="vector") == pytest.approx(1.0)
    assert statistic("wind_speed_avg", [0.0, 180.0], [3.0, 1.0], method="scalar") == pytest.approx(2.0)


def test_gusts_are_three_second_means():
    speeds = [1.0, 1.0, 1.0, 7.0, 1.0, 1.0, 1.0]
    assert statistic("wind_speed_max", [0.0] * 7, speeds) == 7.0
    assert statistic("wind_speed_max", [0.0] * 7, speeds, gust_s=3) == pytest.approx(3.0)
    assert statistic("wind_speed_min", [0.0] * 7, speeds, gust_s=3) == pytest.approx(1.0)


def test_lost_samples_are_left_out_and_more_than_half_void_the_window():
    east, north = samples([350.0, 10.0, 180.0, 20.0], [2.0] * 4)
    east[2] = north[2] = np.nan
    end = np.array([3])
    assert wind_statistic("wind_direction_avg", east, north, end, 4, method="scalar")[0] == pytest.approx(20.0 / 3.0)
    assert wind_statistic("wind_speed_avg", east, north, end, 4)[0] == pytest.approx(2.0, abs=0.2)
    east[:3] = north[:3] = np.nan
    for quantity in ("wind_direction_avg", "wind_direction_min", "wind_speed_avg", "wind_speed_max"):
        assert np.isnan(wind_statistic(quantity, east, north, end, 4)[0])


@given(st.floats(0.0, 359.9), st.lists(st.floats(-60.0, 60.0), min_size=1, max_size=20))
def test_turning_everything_turns_the_mean(turn, swings):
    still = statistic("wind_direction_avg", swings, [2.0] * len(swings), method="scalar")
    turned = statistic("wind_direction_avg", [swing + turn for swing in swings], [2.0] * len(swings), method="scalar")
    assert (turned - still - turn + 180.0) % 360.0 == pytest.approx(180.0, abs=1e-6)


def test_directions_are_where_it_comes_from():
    assert direction_deg(np.array([0.0, -1.0, 0.0, 1.0]), np.array([-1.0, 0.0, 1.0, 0.0])).tolist() == [0, 90, 180, 270]
