"""Four years of the city against the statistics of four years of Beijing's stations."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from instruments.ambient.city import CityAir
from instruments.ambient.climate import POLLUTANTS, SEASONS, load_climate
from instruments.ambient.statistics import (
    anomaly,
    autocorrelation,
    clean_outs,
    correlations,
    daily_course,
    four_years,
    hourly,
)

TRUTH = json.loads((Path(__file__).parents[2] / "data" / "beijing_truth.json").read_text(encoding="utf-8"))
EPOCH = datetime(2013, 3, 1, tzinfo=timezone(timedelta(hours=8)))
AS_IN_THE_DATA = dict.fromkeys(POLLUTANTS, 1.0)
MATRIX = np.array(TRUTH["anomaly_corr"]["matrix"])

# physics notes section 6: computed from the same data
LAG_1 = {"PM2.5": 0.946, "PM10": 0.912, "SO2": 0.945, "NO2": 0.920, "CO": 0.937, "O3": 0.895}


@pytest.fixture(scope="module")
def hours():
    return hourly(CityAir(2, "ambient", EPOCH, levels=AS_IN_THE_DATA), EPOCH, four_years())


@pytest.mark.parametrize("pollutant", POLLUTANTS)
def test_an_hour_resembles_the_next_one(hours, pollutant):
    values = anomaly(hours, pollutant)
    assert autocorrelation(values, 1) == pytest.approx(LAG_1[pollutant], abs=0.03)
    assert 0.15 < autocorrelation(values, 24) < 0.45  # 0.24 to 0.38 in the data


def test_pollutants_and_wind_vary_together(hours):
    np.testing.assert_allclose(correlations(hours), MATRIX, atol=0.1)


def test_a_wrong_correlation_matrix_is_found():
    climate = load_climate("beijing")
    wrong = climate.correlation.model_copy(update={"stronger": [("NO2", "O3", 0.3), ("PM2.5", "CO", 0.4)]})
    air = CityAir(2, "ambient", EPOCH, climate=climate.model_copy(update={"correlation": wrong}), levels=AS_IN_THE_DATA)
    off = np.abs(correlations(hourly(air, EPOCH, four_years() // 4)) - MATRIX)
    assert off[3, 5] > 0.3
    assert off[0, 4] > 0.2


@pytest.mark.parametrize("pollutant", POLLUTANTS)
def test_the_day_has_its_shape_and_the_year_its_level(hours, pollutant):
    found = np.log([daily_course(hours, pollutant, season) for season in range(4)])
    truth = np.log([TRUTH["diurnal_geomean"][pollutant][season] for season in SEASONS])
    assert np.ptp(found.mean(axis=0)) == pytest.approx(np.ptp(truth.mean(axis=0)), rel=0.2)
    for one, other, season in zip(found, truth, SEASONS, strict=True):
        assert np.ptp(one) == pytest.approx(np.ptp(other), rel=0.2), season  # of 12 seeds: docs/ambient.md
        if np.ptp(other) > 0.4:
            assert np.corrcoef(one, other)[0, 1] > 0.93, season
    # the mean of four years of anomalies of 1.3 that last a day is known to 0.07
    assert found.mean() == pytest.approx(truth.mean(), abs=0.2)


@pytest.mark.parametrize("pollutant", POLLUTANTS)
def test_seasons_vary_as_much_as_in_the_data_and_no_hour_is_absurd(hours, pollutant):
    values = anomaly(hours, pollutant)
    for number, season in enumerate(SEASONS):
        there = np.isin(hours.month, [(3 * number - 1 + k) % 12 for k in range(3)])
        assert np.std(values[there]) == pytest.approx(TRUTH["log_anomaly_sd"][pollutant][season], rel=0.15), season
    most = {"PM2.5": 1000, "PM10": 1500, "SO2": 500, "NO2": 450, "CO": 20000, "O3": 650}
    assert hours.series[pollutant].max() < most[pollutant]


def test_fronts_clean_the_air_as_often_as_in_the_data(hours):
    fine = hours.series["PM2.5"]
    assert 0.025 < clean_outs(fine, 3) < 0.05  # 3.8 % in the data
    assert 0.055 < clean_outs(fine, 6) < 0.095  # 7.3 %
    falls = np.flatnonzero(fine[3:] < fine[:-3] / 4.0)
    winds = np.array([hours.series["wind"][k : k + 4].max() for k in falls])
    assert winds.mean() > 1.5 * hours.series["wind"].mean()
    # haze comes slower than it goes
    assert clean_outs(fine[::-1], 3) < 0.75 * clean_outs(fine, 3)
    steps = np.diff(anomaly(hours, "PM2.5"))
    assert np.mean(steps**4) / np.var(steps) ** 2 > 5.0  # 12 to 27 in the data; 3 if changes were normal


def test_particles_share_out_as_in_the_data_and_never_the_wrong_way_round(hours):
    ratio = hours.series["PM2.5"] / hours.series["PM10"]
    assert ratio.max() < 1.0
    quartiles = np.quantile(ratio, [0.25, 0.5, 0.75])
    # 0.53, 0.79, 1.00 measured; what lies at and above 1 there is the instruments' doing
    np.testing.assert_allclose(quartiles, [0.53, 0.79, 1.00], atol=0.1)


def test_nitrogen_oxides_stand_in_balance_with_ozone_and_light(hours):
    no, no2, o3 = (hours.series[label] for label in ("NO", "NO2 ppb", "O3 ppb"))
    noon = np.isin(hours.month, (4, 5, 6, 7)) & (hours.hour >= 11) & (hours.hour <= 14)
    apparent = np.quantile(4.4e-4 * no[noon] * o3[noon] / no2[noon], [0.1, 0.5, 0.9])
    # Marylebone Road: 0.005, 0.0095, 0.015 1/s
    assert 0.004 < apparent[0] < apparent[1] < apparent[2] < 0.015
    assert apparent[1] == pytest.approx(0.0090, abs=0.0015)
    night = (hours.hour <= 4) | (hours.hour >= 22)
    assert np.quantile(no[night & (o3 > 30.0)], 0.99) < 4.0
    assert np.quantile(no[night], 0.9) > 10.0
    oxidant = (o3 + no2)[(hours.hour >= 11) & (hours.hour <= 14)]
    months = hours.month[(hours.hour >= 11) & (hours.hour <= 14)]
    for season, months_of, expected in (("DJF", (11, 0, 1), 46.0), ("JJA", (5, 6, 7), 85.0)):
        assert oxidant[np.isin(months, months_of)].mean() == pytest.approx(expected, rel=0.15), season


def test_weather_has_its_seasons(hours):
    series = hours.series
    for season, months in (("DJF", (11, 0, 1)), ("JJA", (5, 6, 7))):
        there = np.isin(hours.month, months)
        for label, key in (("temperature", "TEMP"), ("pressure", "PRES"), ("wind", "WSPM")):
            found = np.array([series[label][there & (hours.hour == hour)].mean() for hour in range(24)])
            truth = np.array(TRUTH["met"][key][season])
            assert np.ptp(found) == pytest.approx(np.ptp(truth), rel=0.2), (season, label)
            assert found.mean() == pytest.approx(truth.mean(), abs=1.5), (season, label)
    assert series["humidity"][hours.hour == 5].mean() == pytest.approx(67.0, abs=5.0)
    assert series["humidity"][hours.hour == 14].mean() == pytest.approx(38.0, abs=5.0)
    assert series["humidity"].max() <= 100.0
    rain = series["rain"]
    assert 350.0 < rain.sum() / 4.0 < 800.0
    assert rain[np.isin(hours.month, (5, 6, 7))].sum() > 0.6 * rain.sum()
    assert series["humidity"][rain > 0.5].mean() > 85.0
    calm = np.mean(series["wind"] < 0.5)
    assert calm == pytest.approx(0.07, abs=0.035)


def test_at_a_kerb_no2_is_the_smaller_part_the_more_there_is():
    air = CityAir(2, "kerb", EPOCH, levels=AS_IN_THE_DATA, road_nox=70.0)
    hours = hourly(air, EPOCH, four_years() // 4)
    no, no2 = hours.series["NO"], hours.series["NO2 ppb"]
    nox = no + no2
    # London, Marylebone Road (physics notes section 6)
    for low, high, expected in ((20, 50, 0.58), (50, 100, 0.46), (100, 200, 0.32), (200, 400, 0.23), (400, 2000, 0.17)):
        there = (nox >= low) & (nox < high)
        assert np.median(no2[there] / nox[there]) == pytest.approx(expected, abs=0.15), (low, high)
