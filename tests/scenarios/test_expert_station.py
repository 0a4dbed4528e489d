"""Mistakes by which an expert knows a poor simulation of a station, looked for in the embedded one.

Each test says what a station with that mistake would show.
"""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from instruments.air import Species
from instruments.ambient.city import CityAir
from rig.bench import Bench
from rig.clock import VirtualClock
from rig.recording import record
from scenarios.opening import load_bench

DAYS = 4
EVERY_S = 60
HOURS = 24 * DAYS


@pytest.fixture(scope="module")
def week():
    """Columns of some days of the embedded station by the minute."""
    file, path = load_bench("station")
    bench = Bench(file, str(path), VirtualClock(), 1)
    chunks = list(record(bench, DAYS * 86400, EVERY_S))
    bench.close()
    return {name: np.concatenate([chunk.numbers[name] for chunk in chunks]) for name in chunks[0].numbers}


def last_of_hour(column):
    return column.reshape(HOURS, -1)[:, -1]


def test_nitric_oxide_and_ozone_do_not_stand_side_by_side_at_night():
    """They eat each other within minutes. Drawn apart, hundreds of a month's night minutes would have much of both."""
    air = CityAir(2, "ambient", datetime(2026, 1, 5, tzinfo=timezone(timedelta(hours=8))))
    minutes = 30 * 1440
    gas, sun = air.gas_by_minute(0, minutes), air.weather(0, minutes).sun_w_m2
    no, ozone = (gas[species][sun < 1.0] for species in (Species.NO, Species.O3))
    much_no, much_ozone = no > 10.0, ozone > 20.0
    expected = much_no.mean() * much_ozone.mean() * len(no)
    assert expected > 500.0
    assert (much_no & much_ozone).sum() < 0.02 * expected


def test_analyzers_see_that_too(week):
    night = week["outside.sun"].reshape(HOURS, -1).max(axis=1) < 1.0
    hour = np.arange(HOURS) % 24
    free = night & ~np.isin(hour, (1, 2, 3, 4, 5))  # no check, and none just over
    no, ozone = (week[name].reshape(HOURS, -1).mean(axis=1) for name in ("nox.no", "o3.o3"))
    assert (ozone[free] > 25.0).sum() > 5
    assert no[free & (ozone > 25.0)].max() < 3.0


def test_every_gas_analyzer_is_checked_each_night_with_span_and_zero(week):
    """Hours that are missing at night in the data are those of the checks: SO2 at 1, CO at 2, O3 at 3, NO2 at 4 h."""
    for column, hour, span in (("so2.so2", 1, 400.0), ("co.co", 2, 40.0), ("o3.o3", 3, 400.0), ("nox.no", 4, 400.0)):
        for day in range(DAYS):
            begin = (day * 24 + hour) * 60
            assert week[column][begin + 15 : begin + 20].mean() == pytest.approx(span, rel=0.03), column
            assert abs(week[column][begin + 35 : begin + 40].mean()) < 0.01 * span, column


def test_pan_makes_no2_read_high_on_summer_afternoons_and_not_in_winter_nights(week):
    """A molybdenum converter takes PAN for NO2: a bias of about a ppb beside ozone, nothing where there is none."""
    hour = np.arange(DAYS * 1440) // 60 % 24
    bias = (week["nox.no2"] - week["outside.no2"]).reshape(-1, 60).mean(axis=1)
    pan = week["outside.pan"].reshape(-1, 60).mean(axis=1)
    free = ~np.isin(hour.reshape(-1, 60)[:, 0], (4, 5))
    assert week["outside.pan"][(hour >= 13) & (hour < 17)].mean() > 0.5
    assert week["outside.pan"][hour < 6].mean() < 0.3 * week["outside.pan"][(hour >= 13) & (hour < 17)].mean()
    slope = np.polyfit(pan[free], bias[free], 1)[0]
    assert slope == pytest.approx(0.95, abs=0.25)


def test_pm25_above_pm10_happens_now_and_then(week):
    """Of the data's hours 5 % have it. Two monitors with noise of their own cannot but have it; true air never has."""
    first = 3  # the first full hours of both
    ten, fine = (last_of_hour(week[name])[first:] for name in ("pm10.concentration", "pm25.concentration_1h"))
    assert 0.0 < (fine > ten).mean() < 0.2
    assert (week["outside.pm2_5"] <= week["outside.pm10"]).all()


@pytest.mark.parametrize(
    "column",
    ["so2.internal_temp", "nox.internal_temp", "o3.bench_temp", "co.internal_temp", "path.internal_temp",
     "teom.enclosure_temp"],
)  # fmt: skip
def test_the_air_conditioner_s_cycle_is_in_every_cabinet(week, column):
    """An immune cabinet has no line in its spectrum at the conditioner's 10 to 30 minutes."""
    swings = week[column] - week[column].mean()
    power = np.abs(np.fft.rfft(swings)) ** 2
    period_min = len(swings) / np.maximum(np.arange(len(power)), 1)
    cycle = (period_min >= 10.0) & (period_min <= 30.0)
    room = np.abs(np.fft.rfft(week["room.temperature"] - week["room.temperature"].mean())) ** 2
    assert power[cycle].sum() > 0.5 * power[1:].sum()
    assert cycle[np.argmax(power)]
    assert abs(np.argmax(power) - np.argmax(room)) <= 3
    assert 0.1 < swings.std() < 2.0


def test_every_cabinet_has_its_own_heat_and_lag(week):
    """One and the same line in all of them is a shelter's temperature with a number added."""
    room = week["room.temperature"]
    cabinets = {name: week[name] for name in ("so2.internal_temp", "nox.internal_temp", "co.internal_temp",
                                              "o3.bench_temp", "path.internal_temp")}  # fmt: skip
    warmer = np.array([values.mean() - room.mean() for values in cabinets.values()])
    swings = np.array([values.std() for values in cabinets.values()])
    assert ((warmer > 4.0) & (warmer < 12.0)).all()
    assert np.diff(np.sort(warmer)).min() > 0.05
    assert (swings < 0.95 * room.std()).all()
    assert np.ptp(swings) > 0.2 * room.std()
    late = [
        np.argmax([np.corrcoef(values[lag:], room[: len(room) - lag])[0, 1] for lag in range(12)])
        for values in cabinets.values()
    ]
    assert min(late) >= 1, "behind the room by minutes"
    assert np.ptp(late) >= 1


def test_heated_and_cooled_parts_keep_out_of_it(week):
    """What has a thermostat of its own moves by hundredths."""
    for column in ("so2.chamber_temp", "nox.chamber_temp", "teom.case_temp", "teom.cooler_temp"):
        assert week[column].std() < 0.1


def test_the_element_s_frequency_falls_as_the_filter_loads(week):
    """Day by day, like phase with like phase; a spring with the wrong sign would rise by 0.2 Hz in four days."""
    daily = week["teom.frequency"].reshape(DAYS, -1).mean(axis=1)
    load = week["teom.filter_load"].reshape(DAYS, -1).mean(axis=1)
    assert (np.diff(daily) < 0.0).all()
    assert (np.diff(load) > 0.0).all()
    # df/dm = -f / 2m, -0.000576 Hz/ug at 258 Hz (1405-F data)
    mass = week["teom.total_mass"].reshape(DAYS, -1).mean(axis=1)
    slope = (daily[-1] - daily[0]) / (mass[-1] - mass[0])
    assert slope == pytest.approx(-0.000576 * (269.2 / 258.44) ** 3, rel=0.05)


def test_a_wind_that_plays_about_north_is_north(week):
    """Plain averages of 350 and 10 degrees are 180: where the true wind is within 20 degrees of north none is south."""
    shown, true = week["weather.wind_direction_avg"], week["outside.wind_direction"]
    windy = week["outside.wind_speed"] > 1.0
    northern = windy & (np.minimum(true, 360.0 - true) < 20.0)
    assert northern.sum() > 60
    away = np.abs((shown - true + 180.0) % 360.0 - 180.0)[northern]
    assert np.median(away) < 10.0
    assert away.max() < 90.0
    # and hours are averaged as vectors by the recording, too
    file, path = load_bench("station")
    bench = Bench(file, str(path), VirtualClock(), 1)
    hourly = np.concatenate([chunk.numbers["weather.wind_direction_avg"] for chunk in record(bench, 86400, 3600)])
    bench.close()
    minutes = np.deg2rad(shown[:1440].reshape(24, 60))
    vector = np.rad2deg(np.arctan2(np.sin(minutes).mean(axis=1), np.cos(minutes).mean(axis=1)))
    assert np.abs((hourly - vector + 180.0) % 360.0 - 180.0).max() < 5.0
