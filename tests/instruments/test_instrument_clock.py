"""Clocks of instruments: drift with quartz and heat, wrong settings, jumps, a flat battery; and what goes by them."""

import numpy as np
import pytest

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.clock import FACTORY_US, QUARTZ_PPM
from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Air

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_767_571_200 * SECOND  # 2026-01-05 00:00
EXACT = {"clock_rate_ppm": 0.0}


def air(temperature_c=25.0):
    return Air(1, "room", {}, temperature_c=temperature_c, temperature_sd_c=0.0, pressure_hpa=1000.0,
               pressure_sd_hpa=0.0, log_sd=0.0, correlation_time_s=60.0)  # fmt: skip


def analyzer(room_c=None, name="so2", seed=1, **hidden):
    unit = build_unit(load("43i"), name, seed, hidden={**EXACT, **hidden})
    for port in ("room", "sample"):
        unit.connect(port, air(room_c or 25.0))
    unit.clock.begin(START)
    if room_c is not None:
        unit.clock.stand_in(air(room_c))
    return unit


def error(unit, t_us):
    return unit.read(t_us, "clock_error")


def test_a_good_clock_shows_the_calendar():
    assert analyzer().read(DAY, "clock_us") == START + DAY


def test_twenty_ppm_are_one_and_three_quarter_seconds_a_day():
    assert error(analyzer(clock_rate_ppm=20.0), DAY) == pytest.approx(1.728)


def test_every_unit_has_a_quartz_of_its_own_and_always_the_same():
    def rate(name, seed=1):
        return build_unit(load("43i"), name, seed).read(0, "hidden.clock_rate_ppm")

    rates = [rate(f"unit{number}") for number in range(200)]
    assert rates == [rate(f"unit{number}") for number in range(200)]
    assert len(set(rates)) > 150
    assert rate("so2", 1) != rate("so2", 2)
    assert max(map(abs, rates)) <= QUARTZ_PPM
    assert np.std(rates) == pytest.approx(QUARTZ_PPM / 2.0, rel=0.15)


def test_heat_slows_it_by_the_square():
    hot, cool = analyzer(37.0), analyzer(17.0)  # 45 and 25 C inside: -13.6 ppm and none
    for quarter in range(1, 5):
        hot.advance(quarter * DAY // 4)
        cool.advance(quarter * DAY // 4)
    assert error(hot, DAY) == pytest.approx(-0.034e-6 * 400.0 * 86_400.0, rel=0.02)
    assert abs(error(cool, DAY)) < 0.01


def test_it_can_be_set_right_and_goes_on_drifting():
    unit = analyzer(clock_rate_ppm=50.0)
    unit.apply(DAY, Command("clock_us", START + DAY))
    assert error(unit, DAY) == 0.0
    assert error(unit, 2 * DAY) == pytest.approx(4.32)
    unit.apply(2 * DAY, Command("hidden.clock_rate_ppm", -50.0))
    assert error(unit, 3 * DAY) == pytest.approx(0.0, abs=1e-5)
    assert error(unit, 4 * DAY) == pytest.approx(-4.32, abs=1e-5)


def test_utc_for_local_time_jump_and_back():
    unit = analyzer()
    unit.apply(DAY, Command("hidden.clock_zone_error_s", -28_800.0))
    assert error(unit, DAY + 1) == -28_800.0
    unit.apply(DAY + 10, Command("hidden.clock_jump_s", 300.0))
    assert error(unit, DAY + 11) == -28_500.0
    unit.apply(DAY + 20, Command("hidden.clock_zone_error_s", 0.0))
    assert error(unit, DAY + 21) == 300.0
    # set by hand, it is right, whatever made it wrong
    unit.apply(DAY + 30, Command("clock_us", START + DAY + 30))
    assert error(unit, 2 * DAY) == 0.0


@pytest.mark.parametrize(
    ("flat", "expected"), [(False, 0.0), (True, (FACTORY_US - START - DAY - 600 * SECOND) / SECOND)]
)
def test_a_cut_loses_the_setting_without_a_battery(flat, expected):
    unit = analyzer(battery_flat=flat)
    unit.apply(DAY, Command("power", False))
    unit.apply(DAY + 600 * SECOND, Command("power", True))
    assert error(unit, DAY + 900 * SECOND) == expected
    assert error(unit, DAY - SECOND) == 0.0  # what it showed before the cut stands in the records


def test_a_recording_holds_the_error_through_what_befell_it():
    unit = analyzer(clock_rate_ppm=100.0)
    unit.apply(3000 * SECOND, Command("hidden.clock_jump_s", 60.0))
    table = unit.recording(0, 600)
    expected = 1e-4 * np.arange(10.0, 6001.0, 10.0) + np.where(np.arange(10, 6001, 10) >= 3000, 60.0, 0.0)
    assert table["clock_error"] == pytest.approx(expected, abs=1e-9)


def test_the_units_own_log_goes_by_its_clock():
    unit = analyzer(clock_zone_error_s=-28_800.0)
    unit.apply(12 * 3600 * SECOND, Command("averaging_time", 10))
    assert unit.read(13 * 3600 * SECOND, "audit_log") == ("2026-01-05 04:00:00 remote averaging_time 60 -> 10",)


def test_looking_changes_nothing():
    def play(looks):
        unit = analyzer(40.0, clock_rate_ppm=5.0)
        for step in range(1, 600):
            t = step * 3600 * SECOND // 10
            if step in looks:
                unit.read(t, "clock_us")
            if step == 200:
                unit.apply(t, Command("hidden.clock_rate_ppm", 9.0))
            if step % 40 == 0:
                unit.advance(t)
        return unit.read(60 * 3600 * SECOND, "clock_error")

    assert play(range(600)) == play(())


def test_a_clock_changes_no_reading_of_an_analyzer():
    one, other = analyzer(), analyzer()
    other.apply(777 * SECOND, Command("hidden.clock_jump_s", 5.0))
    other.apply(1777 * SECOND, Command("clock_us", START))
    tables = [unit.recording(0, 1000) for unit in (one, other)]
    assert {name for name in tables[0] if not np.array_equal(tables[0][name], tables[1][name])} == {"clock_error"}


def test_a_flat_battery_moves_nothing_as_long_as_there_is_power():
    one, other = analyzer(clock_rate_ppm=7.3), analyzer(clock_rate_ppm=7.3)
    other.apply(777 * SECOND, Command("hidden.battery_flat", True))
    tables = [unit.recording(0, 1000) for unit in (one, other)]
    assert all(np.array_equal(tables[0][name], tables[1][name]) for name in tables[0])


def test_what_it_cannot_have_is_refused():
    unit = analyzer()
    for name, value in [("clock_us", 1.5), ("clock_us", True), ("hidden.clock_moon", 1.0),
                        ("hidden.battery_flat", "flat"), ("hidden.clock_rate_ppm", 1e9)]:  # fmt: skip
        with pytest.raises(Refused):
            unit.apply(0, Command(name, value))
    bottle = build_unit(load("cylinder-8l"), "bottle", 1)
    with pytest.raises(Refused):
        bottle.apply(0, Command("clock_us", START))
    with pytest.raises(KeyError):
        bottle.read(0, "clock_us")
