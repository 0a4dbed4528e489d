"""The sampling manifold: residence, reaction, condensation and what dries, leak, dirt, what is done at the inlet."""

import random
import time

import numpy as np
import pytest

from instruments import catalogue
from instruments.air import Species
from instruments.build import build_unit
from instruments.chemistry import titrated
from instruments.device import Command
from instruments.errors import Refused
from instruments.plumbing import Tube
from instruments.station.moisture import humidity_pct

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
VOLUME_L = 1000.0 * 0.25 * np.pi * 0.05**2 * 3.0
HUMID = {"temperature_c": 30.0, "humidity_pct": 90.0, "swing_c": 0.0, "log_sd": 0.0}
"""Dew point 28 C, in a room of 25 C."""


@pytest.fixture
def manifold(site):
    def make(hidden=None, settings=None, place=None, warm=True, **weather):
        unit = build_unit(catalogue.load("manifold"), "manifold", 1, hidden=hidden, settings=settings, warm=warm)
        unit.place(place or site(**weather))
        return unit

    return make


class Draw:
    """An analyzer that draws 3.5 L/min until it is told otherwise."""

    def __init__(self):
        self.changes, self.listener = [(0, 3.5)], None

    def demand_at(self, port, first, last):
        flow = np.zeros(last - first)
        for index, lpm in self.changes:
            if index < last:
                flow[max(0, index - first) :] = lpm
        return flow

    def on_demand_change(self, listener):
        self.listener = listener

    def draw(self, second, lpm):
        self.changes.append((second, lpm))
        self.listener.gas_changed(second)


def out(unit, second, species):
    return float(unit.outlet.gas(second, second + 1).fractions[species, 0])


def through(unit, hours):
    for quarter in range(1, int(4 * hours) + 1):
        unit.advance(quarter * HOUR // 4)
    return unit


def test_air_is_four_seconds_old_warm_and_hardly_changed(manifold):
    unit = manifold(log_sd=0.0)
    assert unit.read(HOUR, "residence_time") == pytest.approx(VOLUME_L / 90.0 * 60.0, rel=0.02)
    assert unit.read(HOUR, "temperature") == pytest.approx(40.0, abs=0.1)
    assert unit.read(HOUR, "alarms") == ()
    gas, outside = unit.outlet.gas(3000, 3001), unit.site.outside.gas(3000, 3001)
    for species in (Species.SO2, Species.CO, Species.H2O):
        assert gas.fractions[species, 0] == pytest.approx(outside.fractions[species, 0], rel=0.002)
    made = titrated(np.array([10.0]), np.array([40.0]), np.array([3.93]), np.array([38.0]), np.array([1000.0]))[0]
    assert gas.fractions[Species.NO2, 0] - 20.0 == pytest.approx(made, rel=0.05)
    assert outside.pressure_hpa[0] - gas.pressure_hpa[0] == pytest.approx(0.15, abs=0.1)


def test_a_change_outside_comes_out_after_the_residence_time(manifold):
    unit = manifold(log_sd=0.5)
    second = np.arange(600, 1200)
    outside = unit.site.outside.gas(580, 1200).fractions[Species.CO]
    at = second - VOLUME_L / 90.0 * 60.0
    expected = np.interp(at, np.arange(580, 1200), outside)
    assert unit.outlet.gas(600, 1200).fractions[Species.CO] == pytest.approx(expected, rel=1e-4)


def test_a_blower_that_stops_leaves_what_the_analyzers_draw(manifold):
    unit = manifold(log_sd=0.0, gas={Species.NO: 30.0})
    unit.add_consumer(Draw(), "sample")
    fresh = out(unit, 3590, Species.O3)
    unit.apply(HOUR, Command("hidden.blower", 0.0))
    # in plug flow the gas is older by the second, until it is the whole pipe over the analyzers' flow
    ages = [unit.read(HOUR + k * MINUTE, "residence_time") for k in (1, 2, 5)]
    assert ages == pytest.approx([VOLUME_L / 3.5 * 60.0] * 3, rel=0.02)
    assert {"flow:low", "residence_time:high"} <= set(unit.read(HOUR + 5 * MINUTE, "alarms"))
    later = [out(unit, 3600 + k, Species.O3) for k in (10, 40, 80, 150, 300)]
    assert fresh > later[0] > later[1] > later[2] > later[3]
    assert later[3] == pytest.approx(later[4], rel=0.02)
    unit.apply(HOUR + 6 * MINUTE, Command("hidden.blower", 1.0))
    assert out(unit, 3600 + 370, Species.O3) == pytest.approx(fresh, rel=0.01)


def test_a_consumer_that_stops_drawing_changes_the_flow(manifold):
    unit, draw = manifold(hidden={"blower": 0.0}), Draw()
    unit.add_consumer(draw, "sample")
    assert unit.read(HOUR, "flow") == pytest.approx(3.5, abs=0.1)
    draw.draw(3600, 7.0)
    assert unit.read(HOUR + MINUTE, "flow") == pytest.approx(7.0, abs=0.2)


def test_a_cold_wall_in_humid_weather_loses_so2_and_gives_a_spike_as_it_dries(manifold):
    warm, cold = manifold(**HUMID), manifold({"heater": 0.0}, **HUMID)
    through(warm, 3), through(cold, 3)
    assert cold.read(3 * HOUR, "humidity") > 97.0
    assert "temperature:low" in cold.read(3 * HOUR, "alarms")
    assert out(warm, 10_000, Species.SO2) == pytest.approx(5.0, rel=0.01)
    assert out(cold, 10_000, Species.SO2) == pytest.approx(5.0 * np.exp(-0.15 * VOLUME_L / 90.0 * 60.0), rel=0.02)
    loss = 1.0 - out(cold, 10_000, Species.NO2) / out(warm, 10_000, Species.NO2)
    assert 0.01 < loss < 0.06
    assert out(cold, 10_000, Species.CO) == pytest.approx(out(warm, 10_000, Species.CO), rel=1e-6)
    assert out(cold, 10_000, Species.H2O) < out(warm, 10_000, Species.H2O)
    cold.apply(3 * HOUR, Command("hidden.heater", 1.0))
    drying = [out(cold, second, Species.SO2) for second in range(3 * 3600, 5 * 3600, 10)]
    assert max(drying) > 8.0
    assert drying[-1] == pytest.approx(5.0, rel=0.01)
    # what is given back is less than what was taken: the rest has oxidised
    taken = np.sum(np.full(3 * 360, 5.0) - [out(cold, second, Species.SO2) for second in range(0, 3 * 3600, 10)])
    given = np.sum(np.maximum(np.array(drying) - 5.0, 0.0))
    assert 0.1 * taken < given < 0.35 * taken


def test_dry_weather_needs_no_heater(manifold):
    unit = through(manifold({"heater": 0.0}, humidity_pct=40.0, log_sd=0.0), 2)
    assert out(unit, 7000, Species.SO2) == pytest.approx(5.0, rel=0.01)


def test_draught_of_the_air_conditioner_makes_a_wall_wet(manifold):
    mild = {**HUMID, "humidity_pct": 72.0}  # dew point 24.4 C
    dry, wet = (
        through(manifold({"heater": 0.0}, **mild), 2),
        through(manifold({"heater": 0.0, "draught_c": 6.0}, **mild), 2),
    )
    assert out(dry, 7000, Species.SO2) == pytest.approx(5.0, rel=0.01)
    assert out(wet, 7000, Species.SO2) < 4.0


def test_rain_that_gets_in_wets_a_warm_pipe(manifold):
    rain = {"rain": ((60, 120),), "rain_mm_h": 30.0, "log_sd": 0.0}
    good, bad = through(manifold(**rain), 3), through(manifold({"rain_ingress": 1.0}, **rain), 3)
    assert out(good, 6000, Species.SO2) == pytest.approx(5.0, rel=0.01)
    assert out(bad, 6000, Species.SO2) < 4.0
    assert out(bad, 10_000, Species.SO2) == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize(
    ("hidden", "so2", "no", "o3"),
    [
        ({"leak_fraction": 0.3}, 3.5, 0.7, None), ({"dirt": 1.0}, 4.8, 1.0, None),
        ({"filtered_air": 0.5}, 2.5, 0.95, None), ({"tempered_air": 0.4}, 3.0, 0.6, None),
        ({"mist": 1.0}, 3.5, 1.0, None), ({"gauze": 1.0}, 4.85, 1.0, None),
    ],
)  # fmt: skip
def test_what_takes_gas_away(manifold, hidden, so2, no, o3):
    calm = {"log_sd": 0.0, "humidity_pct": 40.0, "gas": {Species.O3: 1e-6}}
    good, bad = manifold(**calm), manifold(hidden, **calm)
    assert out(bad, 5000, Species.SO2) == pytest.approx(so2, rel=0.02)
    assert out(bad, 5000, Species.NO) / out(good, 5000, Species.NO) == pytest.approx(no, rel=0.02)


def test_mist_is_wet_and_cold(manifold):
    good, bad = manifold(log_sd=0.0, humidity_pct=40.0), manifold({"mist": 1.0}, log_sd=0.0, humidity_pct=40.0)
    entering, plain = bad.inlet.gas(5000, 5001), good.inlet.gas(5000, 5001)
    # wet bulb of 28 C and 40 %: 18.6 C
    assert plain.temperature_c[0] - entering.temperature_c[0] == pytest.approx(9.4, abs=1.0)
    wet = humidity_pct(entering.fractions[Species.H2O], entering.temperature_c, entering.pressure_hpa)
    assert wet == pytest.approx(100.0, abs=0.1)
    assert entering.fractions[Species.H2O, 0] > plain.fractions[Species.H2O, 0] + 5.0


def test_a_blocked_inlet_is_seen_in_flow_and_suction_and_cleaned(manifold):
    unit = manifold()
    before = [unit.read(MINUTE, q) for q in ("flow", "static_pressure")]
    unit.apply(HOUR, Command("hidden.inlet_blockage", 0.8))
    after = [unit.read(HOUR + MINUTE, q) for q in ("flow", "static_pressure")]
    assert after[0] < 0.6 * before[0]
    assert after[1] < 1.1 * before[1]
    unit.apply(2 * HOUR, Command("clean", True))
    assert unit.read(2 * HOUR + MINUTE, "flow") == pytest.approx(before[0], rel=0.03)


def test_gas_that_has_passed_the_inlet_stays_as_it_was(manifold):
    unit = manifold({"blower": 0.05}, log_sd=0.0)  # a residence of 79 s
    unit.apply(HOUR, Command("hidden.filtered_air", 1.0))
    assert out(unit, 3600 + 70, Species.SO2) > 4.5
    assert out(unit, 3600 + 90, Species.SO2) < 0.1


def test_power_takes_blower_and_heater(manifold):
    unit = manifold()
    unit.apply(HOUR, Command("power", False))
    assert unit.read(HOUR + 30 * MINUTE, "flow") < 1.0
    assert 24.0 < unit.read(HOUR + 60 * MINUTE, "temperature") < 28.0
    unit.apply(2 * HOUR, Command("power", True))
    assert unit.read(2 * HOUR + 5 * MINUTE, "temperature") < 35.0
    assert unit.read(3 * HOUR, "temperature") == pytest.approx(40.0, abs=0.3)


def test_analyzers_hang_on_it_by_tubes(manifold):
    unit = manifold({"leak_fraction": 0.5}, log_sd=0.0)
    analyzer = build_unit(catalogue.load("43i"), "so2", 1)
    unit.add_consumer(analyzer, "sample")
    analyzer.connect("room", unit.site.room)
    analyzer.connect("sample", Tube(unit.outlet, length_m=2.0, bore_m=0.004, flow_lpm=0.5))
    readings = [analyzer.read(HOUR + k * MINUTE, "so2") - analyzer.read(HOUR, "so2_bkg") for k in range(20)]
    true = [analyzer.read(HOUR + k * MINUTE, "inlet_so2") for k in range(20)]
    assert np.mean(true) == pytest.approx(2.5, abs=0.1)
    assert np.ptp(readings) < 5.0


SCHEDULE = [
    (5.013, "hidden.blower", 0.03), (11.7, "hidden.leak_fraction", 0.2), (20.02, "hidden.blower", 1.0),
    (31.0, "hidden.heater", 0.0), (42.42, "hidden.mist", 0.7), (75.0, "power", False), (81.5, "power", True),
    (88.8, "hidden.heater", 1.0), (90.0, "clean", True), (99.9, "set_temperature", 50.0), (110.0, "hidden.gauze", 1.0),
]  # fmt: skip


@pytest.mark.parametrize("case", range(4))
def test_polls_change_nothing(manifold, case):
    rng = random.Random(case)

    def play(polls):
        unit, draw = manifold(humidity_pct=85.0, log_sd=0.5), Draw()
        unit.add_consumer(draw, "sample")
        for minute, name, value in sorted([*SCHEDULE, *((t, "poll", None) for t in polls)], key=lambda one: one[0]):
            t = round(minute * MINUTE)
            if name == "poll":
                unit.read(t, "humidity")
                out(unit, t // SECOND, Species.SO2)
            else:
                unit.apply(t, Command(name, value))
        rows = [unit.read(k * 10 * SECOND, q) for k in range(1, 720) for q in (*unit.quantities(), "alarms")]
        return rows, unit.outlet.gas(0, 7200).fractions.tobytes()

    assert play([rng.uniform(0.0, 120.0) for _ in range(60)]) == play([])


def test_what_was_seen_before_a_command_stays_seen(manifold):
    unit, seen = manifold(humidity_pct=85.0), []
    names = ("hidden.blower", "hidden.heater", "hidden.filtered_air", "hidden.leak_fraction", "hidden.rain_ingress")
    for second in range(0, 4000, 5):
        if second % 700 == 35:
            unit.apply(second * SECOND, Command(names[second // 700 % len(names)], second % 1400 / 1400.0))
        seen.append(unit.outlet.gas(second, second + 1).fractions[:, 0].tolist())
    assert unit.outlet.gas(0, 4000).fractions[:, ::5].T.tolist() == seen


def test_what_it_cannot_have_is_refused(manifold):
    unit = manifold()
    for name, value in [("hidden.blower", -1.0), ("set_temperature", 90.0), ("hidden.fan", 1.0), ("heating", 1)]:
        with pytest.raises(Refused):
            unit.apply(0, Command(name, value))


def test_a_week_takes_a_fraction_of_a_second(manifold):
    unit, begin = manifold(), time.process_time()
    for hour in range(6, 169, 6):
        unit.advance(hour * HOUR)
    assert time.process_time() - begin < 1.0  # 0.25 s on a quiet machine, a quarter of it the outside air
