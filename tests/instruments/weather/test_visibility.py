"""The visibility meter: means, contamination, slashes, what people do to it."""

import numpy as np
import pytest

from instruments.device import Command
from instruments.errors import Refused
from instruments.wear import Service
from instruments.weather.present_weather import weather_code
from tests.instruments.weather.conftest import ScriptedAir, at, placed

HOUR = 3600


def meter(air, **options):
    return placed("PWD22", air, **options)


@pytest.mark.parametrize("extinction", [30.0, 3.0, 0.5, 0.2])
def test_visibility_is_three_over_the_extinction(extinction):
    unit = meter(ScriptedAir(extinction_per_km=extinction))
    t = at(HOUR)
    assert unit.read(t, "visibility_10min") == pytest.approx(3000.0 / extinction, rel=0.05)
    assert unit.read(t, "visibility_1min") == pytest.approx(3000.0 / extinction, rel=0.10)
    assert unit.read(t, "status") == 0.0


def test_beyond_twenty_kilometres_it_says_twenty():
    assert meter(ScriptedAir(extinction_per_km=0.03)).read(at(HOUR), "visibility_10min") == 20000.0


def test_fog_shows_in_one_minute_and_in_ten():
    air = ScriptedAir(extinction_per_km=lambda m: np.where(m < 60, 0.3, 10.0))
    unit = meter(air)
    soon = at(HOUR + 120)
    assert unit.read(soon, "visibility_1min") == pytest.approx(300.0, rel=0.1)
    assert 1000.0 < unit.read(soon, "visibility_10min") < 3000.0
    assert unit.read(at(HOUR + 900), "visibility_10min") == pytest.approx(300.0, rel=0.05)
    assert unit.read(soon, "visibility_alarm") == 1.0
    assert [meter(ScriptedAir(extinction_per_km=k)).read(at(HOUR), "visibility_alarm") for k in (1.0, 5.0, 20.0, 40.0)
            ] == [0.0, 1.0, 2.0, 3.0]  # fmt: skip


def test_dirt_reads_too_far_warns_alarms_and_sets_slashes():
    air = ScriptedAir(extinction_per_km=1.0)
    dirty = meter(air, hidden={"lens_dirt": 0.05})
    t = at(HOUR)
    assert dirty.read(t, "visibility_10min") == pytest.approx(3000.0 / 0.95**2, rel=0.03)
    assert dirty.read(t, "rec_change") == pytest.approx(250.0, abs=15.0)
    assert dirty.read(t, "tr_change") == pytest.approx(-2.5, abs=0.15)
    assert dirty.read(t, "status") == 4.0
    assert dirty.read(t, "alarms") == ()
    filthy = meter(air, hidden={"lens_dirt": 0.12})
    assert filthy.read(t, "status") == 3.0
    assert np.isnan(filthy.read(t, "visibility_1min"))
    assert np.isnan(filthy.read(t, "visibility_10min"))
    assert filthy.read(t, "alarms") == ("rec_change:high", "tr_change:low")
    filthy.apply(t, Command("hidden.lens_dirt", 0.0))
    assert filthy.read(at(HOUR + 900), "visibility_10min") == pytest.approx(3000.0, rel=0.05)


def test_half_a_year_brings_the_warning_and_cleaning_takes_it_away():
    air = ScriptedAir(extinction_per_km=1.0)
    unit = meter(air, service=Service(hours=0.0, parts={"lenses": 8766.0}))
    assert unit.read(at(HOUR), "status") == 4.0
    unit.apply(at(HOUR), Command("clean_lenses", True))
    assert unit.read(at(HOUR + 60), "status") == 0.0
    assert unit.read(at(HOUR + 60), "lenses_hours") == pytest.approx(60.0 / 3600.0)


def test_the_command_clean_hides_dirt_from_the_unit_and_leaves_a_trace():
    unit = meter(ScriptedAir(extinction_per_km=1.0), hidden={"lens_dirt": 0.12})
    unit.apply(at(HOUR), Command("set_clean_reference", True, by="service"))
    later = at(HOUR + 120)
    assert unit.read(later, "status") == 0.0
    assert unit.read(later, "visibility_10min") == pytest.approx(3000.0 / 0.88**2, rel=0.03)
    assert unit.read(later, "clean_rec") == pytest.approx(935.0 + 600.0, abs=15.0)
    assert sum("clean_" in line for line in unit.read(later, "audit_log")) == 2


def test_a_plate_calibrates_and_a_cover_is_zero():
    unit = meter(ScriptedAir(extinction_per_km=1.0), hidden={"alignment": 0.7})
    unit.apply(at(HOUR), Command("place_plate", 48.5))
    unit.apply(at(HOUR + 300), Command("calibrate", 48.5, by="service"))
    unit.apply(at(HOUR + 300), Command("place_plate", -1.0))
    assert unit.read(at(HOUR + 1200), "calibration") == pytest.approx(1.0 / 0.7, rel=0.05)
    assert unit.read(at(HOUR + 1200), "visibility_10min") == pytest.approx(3000.0, rel=0.07)
    unit.apply(at(HOUR + 1200), Command("place_plate", 0.0))
    assert unit.read(at(HOUR + 2400), "visibility_10min") == 20000.0
    for wrong in (True, "x", -1.0, 0.0):
        with pytest.raises(Refused):
            unit.apply(at(HOUR + 2400), Command("calibrate", wrong))
    # calibrated with nothing in the beam: far beyond what a coefficient may be
    unit.apply(at(HOUR + 2400), Command("place_plate", -1.0))
    with pytest.raises(Refused):
        unit.apply(at(HOUR + 3000), Command("calibrate", 48.5))


def test_after_power_comes_back_the_means_fill_first():
    unit = meter(ScriptedAir(extinction_per_km=1.0))
    unit.apply(at(HOUR), Command("power", False))
    unit.apply(at(HOUR + 600), Command("power", True))
    assert np.isnan(unit.read(at(HOUR + 645), "visibility_1min"))
    assert unit.read(at(HOUR + 675), "visibility_1min") > 2500.0
    assert np.isnan(unit.read(at(HOUR + 900), "visibility_10min"))
    assert unit.read(at(HOUR + 1260), "visibility_10min") > 2500.0


def test_the_led_is_held_until_its_loop_ends():
    air = ScriptedAir(extinction_per_km=1.0)
    t = at(HOUR)
    good, aged, dead = (meter(air, hidden={"led": led}) for led in (1.0, 0.55, 0.3))
    assert aged.read(t, "visibility_10min") == pytest.approx(good.read(t, "visibility_10min"), rel=1e-3)
    assert aged.read(t, "ledi") == pytest.approx(2.6 - 20.0 * 0.45, abs=0.1)
    assert aged.read(t, "status") == 2.0
    assert dead.read(t, "status") == 1.0
    assert np.isnan(dead.read(t, "visibility_10min"))
    assert "ledi:low" in dead.read(t, "alarms")


def test_codes_of_present_weather():
    def code(extinction=0.1, humidity=50.0, rain=0.0, temperature=15.0):
        return weather_code(*(np.array([value]) for value in (extinction, humidity, rain, temperature)))[0]

    assert code() == 0.0
    assert code(1.0) == 4.0
    assert code(5.0) == 5.0
    assert code(1.0, 95.0) == 10.0
    assert code(5.0, 95.0) == 30.0
    assert [code(rain=rain) for rain in (0.1, 1.0, 5.0, 20.0)] == [51.0, 61.0, 62.0, 63.0]
    assert [code(rain=rain, temperature=-2.0) for rain in (0.2, 2.0, 6.0)] == [71.0, 72.0, 73.0]


def test_snow_and_water_are_summed_and_the_hour_remembers():
    unit = meter(ScriptedAir(extinction_per_km=0.2, temperature_c=-3.0, rain_mm_h=lambda m: np.where(m < 60, 2.0, 0.0)))
    assert unit.read(at(HOUR), "water_sum") == pytest.approx(2.0, abs=0.05)
    assert unit.read(at(HOUR), "snow_sum") == pytest.approx(20.0, abs=1.0)
    assert unit.read(at(HOUR), "weather_now") == 72.0
    later = at(HOUR + 1800)
    assert unit.read(later, "weather_now") == 0.0
    assert unit.read(later, "weather_15min") == 0.0
    assert unit.read(later, "weather_1h") == 72.0
    unit.apply(later, Command("reset_sums", True))
    assert unit.read(at(HOUR + 1900), "water_sum") == 0.0
