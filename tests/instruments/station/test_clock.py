"""Clocks of instruments: drift with quartz and heat, wrong settings, jumps, and a flat battery."""

import pytest

from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Air
from instruments.station.clock import FACTORY_US, InstrumentClock

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_767_571_200 * SECOND  # 2026-01-05 00:00


def clock(**options):
    return InstrumentClock("so2/clock", START, **options)


def room(temperature_c):
    return Air(1, "room", {}, temperature_c=temperature_c, temperature_sd_c=0.0, pressure_hpa=1000.0,
               pressure_sd_hpa=0.0, log_sd=0.0, correlation_time_s=60.0)  # fmt: skip


def error(unit, t_us):
    return unit.read(t_us, "clock_error_s")


def test_a_good_clock_shows_the_calendar():
    assert clock().shown_us(5 * DAY) == START + 5 * DAY


def test_twenty_ppm_are_one_and_three_quarter_seconds_a_day():
    assert error(clock(hidden={"rate_ppm": 20.0}), DAY) == pytest.approx(1.728)


def test_heat_slows_it_by_the_square():
    unit = clock(room=room(37.0))  # 45 C inside: -13.6 ppm
    for quarter in range(1, 5):
        unit.advance(quarter * DAY // 4)
    assert error(unit, DAY) == pytest.approx(-0.034e-6 * 400.0 * 86_400.0, rel=0.02)
    cool = clock(room=room(17.0))
    for quarter in range(1, 5):
        cool.advance(quarter * DAY // 4)
    assert abs(error(cool, DAY)) < 0.01


def test_it_can_be_set_right_and_goes_on_drifting():
    unit = clock(hidden={"rate_ppm": 50.0})
    unit.apply(DAY, Command("clock_us", START + DAY))
    assert error(unit, DAY) == 0.0
    assert error(unit, 2 * DAY) == pytest.approx(4.32)
    unit.apply(2 * DAY, Command("hidden.rate_ppm", -50.0))
    assert error(unit, 3 * DAY) == pytest.approx(0.0, abs=1e-5)
    assert error(unit, 4 * DAY) == pytest.approx(-4.32, abs=1e-5)


def test_utc_for_local_time_jump_and_back():
    unit = clock()
    unit.apply(DAY, Command("hidden.zone_error_s", -28_800.0))
    assert error(unit, DAY + 1) == -28_800.0
    unit.apply(DAY + 10, Command("hidden.jump_s", 300.0))
    assert error(unit, DAY + 11) == -28_500.0
    unit.apply(DAY + 20, Command("hidden.zone_error_s", 0.0))
    assert error(unit, DAY + 21) == 300.0
    # set by hand, it is right, whatever made it wrong
    unit.apply(DAY + 30, Command("clock_us", START + DAY + 30))
    assert error(unit, 2 * DAY) == 0.0


@pytest.mark.parametrize(
    ("battery", "expected"), [(True, 0.0), (False, (FACTORY_US - START - DAY - 600 * SECOND) / SECOND)]
)
def test_a_cut_loses_the_setting_without_a_battery(battery, expected):
    unit = clock(hidden={"battery": battery})
    unit.apply(DAY, Command("power", False))
    unit.apply(DAY + 600 * SECOND, Command("power", True))
    assert error(unit, DAY + 900 * SECOND) == expected


def test_looking_changes_nothing():
    def play(looks):
        unit = clock(room=room(40.0), hidden={"rate_ppm": 5.0})
        for step in range(1, 600):
            t = step * 3600 * SECOND // 10
            if step in looks:
                unit.shown_us(t)
            if step == 200:
                unit.apply(t, Command("hidden.rate_ppm", 9.0))
            if step % 40 == 0:
                unit.advance(t)
        return unit.shown_us(60 * 3600 * SECOND)

    assert play(range(600)) == play(())


def test_what_it_cannot_have_is_refused():
    unit = clock()
    for name, value in [("clock_us", 1.5), ("power", 1), ("hidden.moon", 1.0), ("hidden.battery", "flat"), ("wind", 1)]:
        with pytest.raises(Refused):
            unit.apply(0, Command(name, value))
    with pytest.raises(KeyError):
        unit.read(0, "time")
