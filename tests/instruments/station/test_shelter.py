"""The shelter: the air conditioner's cycle, what its failure does, moisture, gases; no poll changes anything."""

import random
import time

import numpy as np
import pytest

from instruments.air import Species
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Air
from instruments.station.room import OpenVent

HOUR = 3600


@pytest.fixture
def shelter(outside):
    def make(name="shelter", seed=1, air=None, hidden=None, **weather):
        unit = build_unit(load("shelter"), name, seed, hidden=hidden)
        unit.place(Site(air or outside(**weather), None))
        return unit

    return make


def us(hours):
    return round(hours * HOUR * 1e6)


def series(unit, quantity, begin_h, end_h, every_s=10):
    values = []
    for second in range(round(begin_h * HOUR), round(end_h * HOUR), every_s):
        if second % 7200 == 0:
            unit.advance(second * 1_000_000)
        values.append(unit.read(second * 1_000_000, quantity))
    return np.array(values)


def advanced(unit, hours):
    for hour in range(4, int(hours), 4):
        unit.advance(us(hour))
    return unit


@pytest.mark.parametrize("temperature_c", [18.0, 28.0, 34.0])
def test_the_air_conditioner_cycles_in_ten_to_thirty_minutes_within_two_degrees(shelter, temperature_c):
    unit = advanced(shelter(temperature_c=temperature_c), 24)
    state = series(unit, "ac_state", 24, 48)
    starts = np.flatnonzero(np.diff((state == 1.0).astype(int)) > 0)
    periods = np.diff(starts) / 6.0
    assert len(periods) > 20
    assert 10.0 < np.median(periods) < 30.0
    temperature = np.array([unit.read(us(24) + k * 10_000_000, "temperature") for k in range(0, 8640)])
    assert 1.0 < (temperature.max() - temperature.min()) / 2.0 < 2.0
    assert temperature.mean() == pytest.approx(25.0, abs=0.4)
    assert unit.read(us(47), "alarms") == ()


def test_it_heats_in_winter_and_stays_within_the_rules(shelter):
    unit = advanced(shelter(temperature_c=-12.0, humidity_pct=40.0, sun_w_m2=200.0), 24)
    assert 2.0 in series(unit, "ac_state", 24, 36)
    temperature = series(unit, "temperature", 36, 47)
    assert 20.0 < temperature.min() < temperature.max() < 30.0


def test_a_failed_air_conditioner_in_summer_drifts_three_to_eight_degrees_an_hour(shelter):
    unit = advanced(shelter(temperature_c=32.0), 12)
    unit.apply(us(12), Command("hidden.ac_capacity", 0.0))
    at = [unit.read(us(12 + hour), "temperature") for hour in (0.0, 1.0, 2.0)]
    assert 3.0 < at[1] - at[0] < 8.0
    assert 3.0 < at[2] - at[1] < 8.0
    assert "temperature:high" in unit.read(us(14), "alarms")
    # its thermostat calls for cooling, but only the fan draws power
    assert unit.read(us(13), "ac_state") == 1.0
    assert unit.read(us(13), "ac_power") == pytest.approx(60.0)


def test_a_dip_stops_the_compressor(shelter):
    unit, other = (advanced(shelter(temperature_c=34.0), 10) for _ in range(2))
    start = next(k for k in range(0, 3600, 10) if unit.read(us(10) + k * 1_000_000, "ac_state") == 0.0
                 and unit.read(us(10) + (k + 10) * 1_000_000, "ac_state") == 1.0)  # fmt: skip
    cut = us(10) + (start + 120) * 1_000_000
    unit.apply(cut, Command("power", False))
    unit.apply(cut + 500_000, Command("power", True))
    times = [cut + second * 1_000_000 for second in range(70, 250, 10)]
    assert {unit.read(t, "ac_state") for t in times} == {0.0}
    assert {other.read(t, "ac_state") for t in times} == {1.0}
    assert unit.read(times[-1], "temperature") > other.read(times[-1], "temperature")


def test_moisture_is_kept_below_fifty_percent_and_rises_without_the_driers(shelter):
    good = advanced(shelter(temperature_c=30.0, humidity_pct=75.0), 30)
    assert series(good, "humidity", 30, 36).max() < 50.0
    bad = advanced(shelter(temperature_c=22.0, humidity_pct=85.0, hidden={"dehumidifier": 0.0}), 30)
    assert series(bad, "humidity", 30, 40).max() > 55.0
    assert any("humidity:high" in bad.read(us(30 + k / 10), "alarms") for k in range(0, 100))


def test_an_open_door_lets_the_outside_in(shelter, outside):
    air = outside(temperature_c=33.0, log_sd=0.0)
    unit = advanced(shelter(air=air), 8)
    ozone = unit.room.gas(8 * HOUR, 8 * HOUR + 1).fractions[Species.O3, 0]
    # inside over outside = exchange / (exchange + loss) = 0.5 / 3.5
    assert ozone == pytest.approx(40.0 * 0.5 / 3.5, rel=0.05)
    unit.apply(us(8), Command("hidden.door_open", 1.0))
    unit.advance(us(8.5))
    later = unit.room.gas(8 * HOUR + 1800, 8 * HOUR + 1801)
    assert later.fractions[Species.O3, 0] > 25.0
    inside, water = (float(unit.room.gas(8 * HOUR, 8 * HOUR + 1).fractions[Species.H2O, 0]),
                     float(later.fractions[Species.H2O, 0]))  # fmt: skip
    assert water - inside > 3.0
    assert unit.read(us(8.4), "door") == 1.0
    assert unit.read(us(7.9), "door") == 0.0


class _Supply:
    """8 L/min with 400 nmol/mol SO2, of which a manifold's consumers draw 3."""

    def __init__(self):
        self.air = Air(1, "supply", {Species.SO2: 400.0}, temperature_c=25.0, temperature_sd_c=0.0,
                       pressure_hpa=1000.0, pressure_sd_hpa=0.0, log_sd=0.0, correlation_time_s=60.0)  # fmt: skip
        self.gas, self.on_change = self.air.gas, self.air.on_change

    def offered_lpm(self, first, last):
        return np.full(last - first, 8.0)

    def demand_lpm(self, first, last):
        return np.full(last - first, 3.0)


def test_a_vent_line_that_has_come_off_fills_the_room(shelter):
    unit = shelter(gas={Species.SO2: 1.0})
    supply = _Supply()
    unit.add_vent(OpenVent(supply, supply))
    advanced(unit, 6)
    before = unit.room.gas(6 * HOUR, 6 * HOUR + 1).fractions[Species.SO2, 0]
    assert before < 1.0
    unit.apply(us(6), Command("hidden.vent_into_room", 1.0))
    unit.advance(us(7))
    gained = unit.room.gas(7 * HOUR, 7 * HOUR + 1).fractions[Species.SO2, 0] - before
    # 5 L/min of 400 into 25 m3 with 1.3 per hour lost: 400 x 0.3 / 25 / 1.3 x (1 - exp(-1.3))
    assert gained == pytest.approx(400.0 * 0.3 / 25.0 / 1.3 * (1.0 - np.exp(-1.3)), rel=0.1)


def test_an_analyzer_in_the_room_shows_the_cycle(shelter, outside):
    air = outside(temperature_c=33.0)
    unit = shelter(air=air)
    analyzer = build_unit(load("43i"), "so2", 1)
    analyzer.connect("room", unit.room)
    analyzer.connect("sample", air)
    box, room = [], []
    for second in range(0, 8 * HOUR, 60):
        if second % HOUR == 0:
            unit.advance(second * 1_000_000)
        if second >= 2 * HOUR:
            box.append(analyzer.read(second * 1_000_000, "internal_temp"))
            room.append(unit.read(second * 1_000_000, "temperature"))
    assert 0.8 < np.ptp(box) < 0.8 * np.ptp(room), "damped"
    late = [np.corrcoef(box[lag:], room[: len(room) - lag])[0, 1] for lag in range(15)]
    assert 2 <= np.argmax(late) <= 8, "and late, by minutes"
    assert max(late) > 0.9
    spectrum = np.abs(np.fft.rfft(np.array(box) - np.mean(box)))
    period_min = len(box) / (1 + np.argmax(spectrum[1:]))
    assert 10.0 < period_min < 30.0


SCHEDULE = [
    (1.01, "hidden.ac_capacity", 0.3), (1.5003, "setpoint", 23.0), (2.2, "hidden.door_open", 0.4),
    (2.2, "hidden.thermostat_error_c", 1.5), (3.0, "clean_ac_filter", True), (3.4, "power", False),
    (3.7, "power", True), (4.111, "hidden.door_open", 0.0), (4.2, "hidden.vent_into_room", 0.5),
    (5.0, "ac_enabled", False), (5.3, "ac_enabled", True),
]  # fmt: skip


def play(unit, polls):
    todo = [(hour, "poll", None) for hour in polls] + SCHEDULE
    for hour, name, value in sorted(todo, key=lambda one: one[0]):
        if name == "poll":
            unit.read(us(hour), "temperature")
            second = round(hour * HOUR)
            unit.room.gas(second, second + 900)
        else:
            unit.apply(us(hour), Command(name, value))
    rows = [unit.read(us(0.1 * k), q) for k in range(3, 60) for q in unit.quantities()]
    return rows, unit.room.gas(3 * HOUR, 6 * HOUR).fractions.tobytes()


@pytest.mark.parametrize("case", range(3))
def test_polls_change_nothing(shelter, case):
    rng = random.Random(case)

    def unit():
        made = shelter(log_sd=0.5)
        supply = _Supply()
        made.add_vent(OpenVent(supply, supply))
        return made

    assert play(unit(), [rng.uniform(0.0, 6.0) for _ in range(60)]) == play(unit(), [])


def test_what_was_seen_before_a_command_stays_seen(shelter):
    unit = shelter()
    seen = []
    for second in range(0, 2 * HOUR, 5):
        if second % 600 == 35:
            unit.apply(second * 1_000_000, Command("hidden.ac_capacity", (second % 1200) / 1200.0))
        seen.append(float(unit.room.gas(second, second + 1).temperature_c[0]))
    now = unit.room.gas(0, 2 * HOUR).temperature_c[::5]
    assert np.array_equal(now, seen)


def test_what_it_cannot_have_is_refused(shelter):
    unit = shelter()
    for name, value in [("hidden.door_open", 2.0), ("setpoint", 50.0), ("hidden.window", 1.0), ("ac_enabled", 1.0)]:
        with pytest.raises(Refused):
            unit.apply(0, Command(name, value))


def test_a_week_of_climate_takes_a_fraction_of_a_second(shelter):
    unit = shelter()
    begin = time.process_time()
    for minute in range(0, 7 * 1440, 60):
        unit.climate.values(minute, minute + 60)
    assert time.process_time() - begin < 0.3  # 0.04 s on a quiet machine
