"""Mains and supply: how often they fail, what the battery bridges, in which order devices come back."""

import random

import numpy as np
import pytest

from instruments import catalogue
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.device import Command
from instruments.draw import Draw
from instruments.errors import Refused
from instruments.station.mains import HOUR_US, Grid
from instruments.station.power import Switching
from instruments.wear import Service

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.fixture
def supply():
    def make(hidden=None, seed=1, service=None, **settings):
        unit = build_unit(catalogue.load("ups"), "ups", seed, hidden={"disturbances": 0.0, **(hidden or {})},
                          settings=settings, service=service)  # fmt: skip
        unit.place(None)
        unit.feed("so2", ups=True, draw=Draw.steady(200.0), order=1)
        unit.feed("pc", ups=True, draw=Draw.steady(1600.0), order=0)
        unit.feed("ac", ups=False, draw=Draw.steady(1200.0), order=2)
        return unit

    return make


def test_a_city_has_some_sags_a_month_and_a_cut_or_two_a_year():
    years = 40
    sags, cuts = [], []
    for seed in range(4):
        for outage in Grid(seed, "mains", 1.7).outages(0, years // 4 * 8766, 4.0, 2.0):
            (cuts if outage.left == 0.0 else sags).append(outage)
    assert len(sags) / years / 12 == pytest.approx(4.0, rel=0.1)
    assert len(cuts) / years == pytest.approx(2.0, rel=0.25)
    lengths = np.array([o.end_us - o.start_us for o in sags]) / 1e6
    assert 0.1 <= lengths.min() < 0.12 < 0.9 < lengths.max() <= 1.0
    hours = np.array([o.end_us - o.start_us for o in cuts]).sum() / HOUR_US / years
    assert 2.0 < hours < 5.0


def test_outages_do_not_depend_on_how_they_are_asked_for():
    whole = Grid(3, "mains", 1.7).outages(0, 20_000, 4.0, 2.0)
    pieces, other = [], Grid(3, "mains", 1.7)
    for hour in range(0, 20_000, 50):
        pieces += other.outages(hour, hour + 50, 4.0, 2.0)
    assert pieces == whole
    assert Grid(4, "mains", 1.7).outages(0, 20_000, 4.0, 2.0) != whole


def test_a_cut_is_bridged_for_half_an_hour_and_devices_come_back_in_order(supply):
    unit = supply()
    cut, back = 10 * HOUR, 12 * HOUR
    unit.apply(cut, Command("hidden.mains", False))
    assert unit.read(cut + MINUTE, "on_battery") == 1.0
    assert unit.read(cut + MINUTE, "mains_voltage") == 0.0
    assert "mains_voltage:low" in unit.read(cut + MINUTE, "alarms")
    # 900 Wh feed 1.8 kW for 30 min
    assert unit.read(cut + 15 * MINUTE, "battery_charge") == pytest.approx(50.0, abs=0.5)
    unit.apply(back, Command("hidden.mains", True))
    seen = unit.switchings(cut, back + HOUR)
    empty = next(s.t_us for s in seen if s.device == "pc")
    assert empty - cut == pytest.approx(30 * MINUTE, rel=2e-4)  # a battery of ten hours' age
    assert seen == (
        Switching(cut, 0, "ac", False), Switching(empty, 0, "pc", False), Switching(empty, 0, "so2", False),
        Switching(back + 5 * SECOND, 0, "pc", True), Switching(back + 15 * SECOND, 1, "so2", True),
        Switching(back + 25 * SECOND, 2, "ac", True),
    )  # fmt: skip
    assert unit.read(back - MINUTE, "output") == 0.0
    assert unit.read(back + MINUTE, "output") == 1.0
    assert unit.read(back + 4 * HOUR, "battery_charge") == pytest.approx(50.0, abs=1.0)
    assert unit.read(back, "transfers") == 1.0


def test_a_battery_that_is_old_or_half_charged_bridges_less(supply):
    def minutes(unit, cuts):
        for begin, end in cuts:
            unit.apply(begin, Command("hidden.mains", False))
            unit.apply(end, Command("hidden.mains", True)) if end else None
        last = cuts[-1][0]
        gone = [s.t_us for s in unit.switchings(last, last + 2 * HOUR) if s.device == "so2" and not s.on]
        return (gone[0] - last) / MINUTE

    assert minutes(supply(), [(HOUR, None)]) == pytest.approx(30.0, abs=0.1)
    assert minutes(supply({"battery_health": 0.3}), [(HOUR, None)]) == pytest.approx(9.0, abs=0.1)
    assert minutes(supply(service=Service(hours=22_000.0)), [(HOUR, None)]) < 20.0
    assert minutes(supply(), [(HOUR, HOUR + 20 * MINUTE), (HOUR + 50 * MINUTE, None)]) == pytest.approx(11.9, abs=0.2)
    assert minutes(supply({"bypass": True}), [(HOUR, None)]) == 0.0
    renewed = supply({"battery_health": 1.0}, service=Service(hours=30_000.0))
    renewed.apply(MINUTE, Command("replace_battery", True))
    assert minutes(renewed, [(HOUR, None)]) == pytest.approx(30.0, abs=0.1)


def test_a_device_that_is_still_waiting_does_not_come_back_for_a_moment(supply):
    unit = supply(restart_stagger=60.0)
    for t, mains in [(HOUR, False), (HOUR + MINUTE, True), (HOUR + 2 * MINUTE, False), (HOUR + 3 * MINUTE, True)]:
        unit.apply(t, Command("hidden.mains", mains))
    seen = [(s.t_us, s.on) for s in unit.switchings(0, 2 * HOUR) if s.device == "ac"]
    assert seen == [(HOUR, False), (HOUR + 3 * MINUTE + 125 * SECOND, True)]
    assert [s for s in unit.switchings(0, 2 * HOUR) if s.device == "pc"] == []


def test_low_voltage_is_taken_for_a_cut(supply):
    unit = supply()
    unit.apply(HOUR, Command("hidden.voltage_factor", 0.88))
    assert unit.switchings(0, 2 * HOUR) == ()
    assert "mains_voltage:low" in unit.read(HOUR + MINUTE, "alarms")
    unit.apply(2 * HOUR, Command("hidden.voltage_factor", 0.8))
    assert [s.device for s in unit.switchings(0, 2 * HOUR + 1)] == ["ac"]


def test_sags_reach_only_what_hangs_on_the_mains_and_are_seen(supply):
    unit = supply({"disturbances": 10.0})
    seen = unit.switchings(0, 30 * 24 * HOUR)
    offs = [s for s in seen if s.device == "ac" and not s.on]
    assert len(offs) > 20
    sag = offs[0]
    assert not any(s.device == "pc" for s in seen if s.t_us < sag.t_us + MINUTE)
    step_end = (sag.t_us // (10 * SECOND) + 1) * 10 * SECOND
    unit.advance(step_end)
    assert unit.read(step_end, "mains_voltage_min") < 170.0
    assert unit.read(step_end, "transfers") == unit.read(step_end - 10 * SECOND, "transfers") + 1.0
    assert unit.read(step_end, "output") == 1.0


def test_the_bench_is_told_the_next_switching(supply):
    quiet = supply()
    assert quiet.next_event_us() is None
    unit = supply({"disturbances": 1.0}, seed=5)
    handled, all_of_them = [], unit.switchings(0, 50 * 24 * HOUR)
    fresh = supply({"disturbances": 1.0}, seed=5)
    while (due := fresh.next_event_us()) is not None and due < 50 * 24 * HOUR:
        handled += fresh.switchings(due, due + 1)
        fresh.advance(due)
    assert tuple(handled) == all_of_them
    assert len(handled) > 6


def test_a_dip_restarts_an_analyzer_that_hangs_on_the_mains_and_a_cut_makes_it_cold(supply, site):
    place = site()
    unit = supply()
    unit.feed("o3", ups=False, draw=Draw.steady(150.0), order=0)
    analyzer = build_unit(catalogue.load("43i"), "o3", 1, settings={"so2_coef": 1.05, "averaging_time": 300})
    analyzer.connect("room", place.room)
    analyzer.connect("sample", place.outside)
    assert analyzer.read(HOUR, "uptime_s") > 3600.0
    dip, back = HOUR, HOUR + SECOND // 2
    for t, mains in [(dip, False), (back, True), (2 * HOUR, False), (4 * HOUR, True)]:
        unit.apply(t, Command("hidden.mains", mains))
    for switching in unit.switchings(0, 5 * HOUR):
        if switching.device == "o3":
            analyzer.apply(switching.t_us, Command("power", switching.on))
    assert analyzer.read(back + 2 * SECOND, "powered") is False
    assert analyzer.read(back + MINUTE, "uptime_s") == pytest.approx(55.0, abs=6.0)
    assert analyzer.read(back + MINUTE, "so2_coef") == 1.05
    assert analyzer.read(back + 5 * MINUTE, "warming_up") is False
    assert analyzer.read(4 * HOUR + 2 * MINUTE, "warming_up") is True
    assert analyzer.read(4 * HOUR + 50 * MINUTE, "warming_up") is False


def test_the_shelter_is_not_heated_by_what_has_no_power(supply, outside):
    unit = supply()
    shelter = build_unit(catalogue.load("shelter"), "shelter", 1)
    shelter.place(Site(outside(temperature_c=10.0), None))
    shelter.heated_by(unit)
    unit.feed(
        "conditioner", ups=False, draw=Draw.steady(2500.0), heats=False
    )  # its heat is no part of that of the devices
    unit.apply(4 * HOUR, Command("hidden.mains", False))
    heat = shelter.heat_w(230, 300)
    assert heat[0] == pytest.approx(1200.0)
    assert heat[20] == pytest.approx(1200.0 * 0.6)  # the battery still feeds 1.8 of 3 kW
    assert heat[69] == 0.0


SCHEDULE = [
    (30.0, "hidden.mains", False), (75.5, "hidden.mains", True), (100.0, "hidden.battery_health", 0.4),
    (130.0, "power", False), (150.0, "power", True), (160.0, "hidden.disturbances", 90.0),
    (170.0, "replace_battery", True),
    (200.0, "hidden.mains", False), (400.0, "hidden.mains", True), (500.0, "restart_stagger", 33.0),
]  # fmt: skip


@pytest.mark.parametrize("case", range(4))
def test_looking_changes_nothing(supply, case):
    rng = random.Random(case)

    def play(polls):
        unit = supply({"disturbances": 50.0})
        for minute, name, value in sorted([*SCHEDULE, *((t, "poll", None) for t in polls)], key=lambda one: one[0]):
            t = round(minute * MINUTE)
            if name == "poll":
                unit.read(t, "battery_charge")
                unit.switchings(t, t + rng.randrange(40 * HOUR))
                unit.next_event_us()
            else:
                unit.apply(t, Command(name, value))
        rows = [unit.read(k * MINUTE, q) for k in range(1, 700) for q in (*unit.quantities(), "alarms")]
        return rows, unit.switchings(0, 100 * HOUR)

    assert play([rng.uniform(0.0, 600.0) for _ in range(40)]) == play([])


def test_what_it_cannot_have_is_refused(supply):
    unit = supply()
    with pytest.raises(Refused):
        unit.apply(0, Command("hidden.mains", 2.0))
    with pytest.raises(ValueError, match="so2"):
        unit.feed("so2", ups=True, draw=Draw.steady(10.0))


def test_a_device_that_somebody_switches_off_leaves_the_battery_longer(supply):
    def empty_after_min(off):
        unit = supply()
        if off:
            unit.switched("pc", HOUR, False)
            assert unit.read(2 * HOUR, "load") == pytest.approx(100.0 * 200.0 / 3000.0)
        unit.apply(4 * HOUR, Command("hidden.mains", False))
        return (
            next(s.t_us for s in unit.switchings(4 * HOUR, 20 * HOUR) if s.device == "so2" and not s.on) / MINUTE - 240
        )

    assert empty_after_min(False) == pytest.approx(30.0, abs=0.1)  # 900 Wh at 1800 W
    assert empty_after_min(True) == pytest.approx(270.0, abs=0.5)  # at 200 W


def test_devices_that_have_just_started_draw_more_until_they_are_warm(supply):
    unit = supply()
    unit.feed("co", ups=True, draw=Draw(180.0, 900.0, 600.0), order=3)
    unit.switched("co", HOUR, False)
    assert unit.read(HOUR + MINUTE, "load") == pytest.approx(60.0)
    unit.switched("co", 2 * HOUR, True)
    assert unit.read(2 * HOUR + MINUTE, "load") == pytest.approx(90.0)
    unit.apply(2 * HOUR + 5 * MINUTE, Command("hidden.mains", False))
    assert unit.read(2 * HOUR + 20 * MINUTE, "load") == pytest.approx(66.0)
    # 5 min at 2700 W, the rest of 900 Wh at 1980 W
    lasts = next(s.t_us for s in unit.switchings(2 * HOUR, 9 * HOUR) if not s.on and s.device == "co") / MINUTE - 125
    assert lasts == pytest.approx(5.0 + (900.0 - 225.0) / 1980.0 * 60.0, abs=0.1)
