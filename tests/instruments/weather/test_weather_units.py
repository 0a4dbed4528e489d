"""The weather transmitter and the cup-and-vane set against the air that they stand in."""

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from watching import Watching, watched

from instruments.ambient.city import CityAir
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.device import Command
from instruments.errors import Refused
from instruments.wear import Service
from tests.instruments.weather.conftest import ScriptedAir, at, placed, rough_day

HOUR = 3600


def same(one, other):
    return one == other or (one != one and other != other)


@pytest.mark.parametrize("model", ["WXT536", "CV-6", "PWD22"])
def test_polling_and_cuts_change_nothing(model):
    polled, quiet = (placed(model, rough_day()) for _ in range(2))
    part = next(iter(polled.entry.wear.values())).replaced_by
    reset = "reset_sums" if model == "PWD22" else "reset_rain"
    commands = [(5000.0, reset, True), (9005.0, part, True), (19500.0, "power", False), (21000.0, "power", True)]
    commands.append((12345.0, "hidden.supply_v", 11.0))
    commands.sort()
    for second in range(0, 26000, 41):
        while commands and commands[0][0] <= second:
            t, name, value = commands.pop(0)
            for unit in (polled, quiet):
                unit.apply(at(t), Command(name, value))
        for quantity in polled.quantities():
            polled.read(at(second), quantity)
    step = polled.step_s
    one, other = (unit.recording(0, 26000 // step) for unit in (polled, quiet))
    for quantity in polled.quantities():
        assert one[quantity].tobytes() == other[quantity].tobytes(), quantity
        for second in (4000, 8000, 12350, 25990):
            assert same(polled.read(at(second), quantity), quiet.read(at(second), quantity)), quantity


@pytest.mark.parametrize("model", ["WXT536", "CV-6", "PWD22"])
def test_every_parameter_is_read_and_key_parameters_exist(model):
    entry = watched(model)
    unit = build_unit(entry, "unit", 1)
    unit.place(Site(ScriptedAir(), ScriptedAir()))
    unit.read(at(60), "alarms")
    assert entry.parameters.unread == set()
    unread_settings = set(entry.settings)
    unit.settings = Watching(unit.settings, unread_settings)
    unit.steps.forget(0)
    unit.recording(0, 20)
    assert unread_settings == set()
    assert set(unit.units()) >= set(unit.quantities())
    for label in entry.alarms:
        assert label in unit.quantities()


@pytest.mark.parametrize("model", ["WXT536", "CV-6", "PWD22"])
def test_a_new_unit_in_fair_weather_has_no_alarm(model, still):
    unit = placed(model, still)
    assert unit.read(at(2 * HOUR), "alarms") == ()


def test_the_transmitter_says_what_the_air_is(still):
    still.fields |= {"east_m_s": -3.0, "north_m_s": 0.0, "sun_w_m2": 0.0}
    unit = placed("WXT536", still, settings={"wind_update": 60, "wind_averaging": 60})
    t = at(2 * HOUR)
    assert unit.read(t, "wind_direction_avg") == pytest.approx(90.0, abs=1.0)
    assert unit.read(t, "wind_speed_avg") == pytest.approx(3.0, abs=0.1)
    assert unit.read(t, "wind_speed_min") <= unit.read(t, "wind_speed_avg") <= unit.read(t, "wind_speed_max")
    assert unit.read(t, "air_temperature") == pytest.approx(15.0, abs=0.2)
    assert unit.read(t, "relative_humidity") == pytest.approx(60.0, abs=1.0)
    assert unit.read(t, "air_pressure") == pytest.approx(1010.0, abs=0.2)
    assert unit.read(t, "supply_voltage") == 12.2
    assert unit.read(t, "heating_power") == 0.0


def test_results_stand_until_the_next_update():
    air = ScriptedAir(east_m_s=lambda m: -(m % 7.0))
    unit = placed("WXT536", air, settings={"wind_update": 60, "wind_averaging": 10})
    values = [unit.read(at(600 + second), "wind_speed_avg") for second in range(61)]
    assert len(set(values[:60])) == 1
    assert values[60] != values[0]
    # the ten seconds before the update: minute 10, not the mean of it and of minute 9
    assert values[60] == pytest.approx(3.0, abs=0.15)


def test_a_settings_change_shows_at_once_and_is_logged(still):
    unit = placed("WXT536", still)
    unit.apply(at(100), Command("wind_direction_offset", 30, by="panel"))
    assert unit.read(at(101), "wind_direction_avg") == pytest.approx(120.0, abs=2.0)
    assert unit.read(at(99), "wind_direction_avg") == pytest.approx(90.0, abs=2.0)
    assert unit.read(at(101), "audit_log") == ("1970-01-01 00:01:40 panel wind_direction_offset 0 -> 30",)
    with pytest.raises(Refused):
        unit.apply(at(101), Command("wind_averaging", 0))


def test_rain_is_counted_reset_and_lost_with_the_power():
    unit = placed("WXT536", ScriptedAir(rain_mm_h=6.0))
    assert unit.read(at(HOUR), "rain_amount") == pytest.approx(6.0, rel=0.05)
    assert unit.read(at(HOUR), "rain_duration") == pytest.approx(3600.0, abs=60.0)
    assert unit.read(at(HOUR), "rain_intensity") == pytest.approx(6.0, rel=0.15)
    assert unit.read(at(HOUR), "rain_peak_intensity") >= unit.read(at(HOUR), "rain_intensity")
    unit.apply(at(HOUR), Command("reset_rain", True))
    assert unit.read(at(HOUR + 600), "rain_amount") == pytest.approx(1.0, rel=0.1)
    unit.apply(at(HOUR + 600), Command("power", False))
    unit.apply(at(HOUR + 1200), Command("power", True))
    assert unit.read(at(HOUR + 1800), "rain_amount") == pytest.approx(1.0, rel=0.1)
    limited = placed("WXT536", ScriptedAir(rain_mm_h=6.0), settings={"rain_limit": 1.0})
    assert limited.read(at(HOUR + 1200), "rain_amount") < 1.0


def test_heating_keeps_ice_away_and_without_it_the_wind_is_void():
    frost = ScriptedAir(temperature_c=-5.0, humidity_pct=99.0)
    heated, cold = placed("WXT536", frost), placed("WXT536", frost, hidden={"heater": 0.0})
    t = at(2 * HOUR)
    assert heated.read(t, "heating_temperature") == pytest.approx(4.5, abs=0.1)
    assert heated.read(t, "heating_power") == 100.0
    assert heated.read(t, "wind_speed_avg") == pytest.approx(3.0, abs=0.2)
    assert cold.read(t, "heating_temperature") == pytest.approx(-5.0, abs=0.1)
    assert np.isnan(cold.read(t, "wind_speed_avg"))
    assert cold.read(t, "alarms") == ("heating_temperature:low",)
    deep = placed("WXT536", ScriptedAir(temperature_c=-25.0))
    assert deep.read(t, "heating_temperature") == pytest.approx(-10.0, abs=0.1)


def test_a_dirty_shield_is_warm_and_dry_in_the_sun_and_only_there():
    sunny, night = ScriptedAir(sun_w_m2=800.0, east_m_s=-1.0), ScriptedAir(east_m_s=-1.0)
    t = at(HOUR)
    found = {
        (dirt, air is sunny): placed("WXT536", air, hidden={"shield_dirt": dirt}).read(t, "air_temperature")
        for dirt in (0.0, 1.0)
        for air in (sunny, night)
    }
    assert 0.2 < found[0.0, True] - 15.0 < 0.8
    assert 1.0 < found[1.0, True] - 15.0 < 2.5
    assert found[0.0, False] == found[1.0, False] == pytest.approx(15.0, abs=0.15)


def test_humidity_drifts_three_per_cent_a_year_and_a_new_module_ends_it():
    wet = ScriptedAir(humidity_pct=80.0)
    new, old = placed("WXT536", wet), placed("WXT536", wet, service=Service(hours=8766.0))
    t = at(HOUR)
    assert old.read(t, "relative_humidity") - new.read(t, "relative_humidity") == pytest.approx(0.8 * 3.0, abs=0.4)
    assert old.read(t, "air_pressure") - new.read(t, "air_pressure") == pytest.approx(0.1, abs=0.11)
    old.apply(t, Command("replace_ptu", True))
    later = at(2 * HOUR)
    assert old.read(later, "relative_humidity") == pytest.approx(new.read(later, "relative_humidity"), abs=0.11)


def test_cups_need_wind_to_start_and_more_when_worn():
    light = ScriptedAir(east_m_s=-0.9)
    new = placed("CV-6", light)
    worn = placed("CV-6", light, service=Service(hours=22000.0))
    fresh = ScriptedAir(east_m_s=-8.0)
    t = at(HOUR)
    assert new.read(t, "wind_speed") == pytest.approx(np.sqrt(0.9**2 - 0.4**2), abs=0.1)
    assert worn.read(t, "wind_speed") == 0.0
    assert placed("CV-6", ScriptedAir(east_m_s=-0.35)).read(t, "wind_speed") == 0.0
    assert placed("CV-6", fresh, service=Service(hours=22000.0)).read(t, "wind_speed") == pytest.approx(8.0, abs=0.2)
    worn.apply(t, Command("replace_bearing", True))
    assert worn.read(at(2 * HOUR), "wind_speed") == pytest.approx(0.8, abs=0.1)


def test_a_vane_keeps_its_direction_in_a_calm_and_a_stuck_one_for_ever():
    air = ScriptedAir(east_m_s=lambda m: np.where(m < 60, -3.0, -0.1), north_m_s=lambda m: np.where(m < 60, 0.0, 0.1))
    unit = placed("CV-6", air)
    assert unit.read(at(2 * HOUR), "wind_direction") == pytest.approx(90.0, abs=6.0)
    turning = ScriptedAir(
        east_m_s=lambda m: -4.0 * np.sin(m / 30.0), north_m_s=lambda m: -4.0 * np.cos(m / 30.0)
    )  # fmt: skip
    free, stuck = placed("CV-6", turning), placed("CV-6", turning)
    stuck.apply(at(600), Command("hidden.vane_friction", 30.0))
    assert free.read(at(HOUR), "wind_direction") != pytest.approx(free.read(at(660), "wind_direction"), abs=20.0)
    assert stuck.read(at(HOUR), "wind_direction") == pytest.approx(stuck.read(at(720), "wind_direction"), abs=1.0)


def test_tips_are_whole_and_a_blocked_funnel_lets_less_through():
    rain = ScriptedAir(rain_mm_h=5.0)
    free, blocked = placed("CV-6", rain), placed("CV-6", rain, hidden={"rain_blocked": 0.8})
    t = at(HOUR)
    assert free.read(t, "rain_amount") == pytest.approx(5.0, abs=0.21)
    assert (free.read(t, "rain_amount") / 0.2) % 1.0 == pytest.approx(0.0, abs=1e-9)
    assert blocked.read(t, "rain_amount") == pytest.approx(1.0, abs=0.21)


def test_the_two_agree_in_a_city_and_the_mean_direction_is_no_plain_mean():
    epoch = datetime(2026, 4, 10, tzinfo=timezone(timedelta(hours=8)))
    air = CityAir(1, "ambient", epoch)
    sonic = placed("WXT536", air, name="a", settings={"wind_update": 60, "wind_averaging": 60, "wind_method": "vector"})
    cups = placed("CV-6", air, name="b")
    one, other = sonic.recording(0, 12 * HOUR), cups.recording(0, 12 * HOUR)
    steps = np.arange(59, 12 * HOUR, 60)
    blow = one["wind_speed_avg"][steps] > 2.0
    apart = (one["wind_direction_avg"][steps] - other["wind_direction"][steps] + 180.0) % 360.0 - 180.0
    assert np.abs(apart[blow]).max() < 15.0
    truth = np.hypot(air.weather(0, 720).east_m_s, air.weather(0, 720).north_m_s)
    assert np.mean(np.abs(one["wind_speed_avg"][steps] - truth)) < 0.06
    np.testing.assert_allclose(one["air_temperature"][steps], air.weather(0, 720).temperature_c, atol=1.2)
