"""The whole station in one: supply, shelter, manifold, calibrator with its vent, analyzer and open path together."""

import random

import numpy as np
import pytest

from instruments import catalogue
from instruments.air import Species
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.device import Command
from instruments.draw import Draw
from instruments.gas.calibration_cell import CalibrationCell
from instruments.plumbing import Tube, VentedManifold
from instruments.station.room import OpenVent
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from instruments.supply.zero_air import ZeroAir

SECOND = 1_000_000
HOUR = 3600 * SECOND
COMMANDS = [
    ("ups", "hidden.mains", (True, False)), ("ups", "hidden.battery_health", (0.2, 1.0)),
    ("shelter", "hidden.ac_capacity", (0.0, 0.5, 1.0)), ("shelter", "hidden.door_open", (0.0, 1.0)),
    ("shelter", "hidden.vent_into_room", (0.0, 1.0)), ("shelter", "setpoint", (20.0, 25.0)),
    ("shelter", "power", (True, False)), ("manifold", "hidden.blower", (0.0, 0.1, 1.0)),
    ("manifold", "hidden.heater", (0.0, 1.0)), ("manifold", "hidden.leak_fraction", (0.0, 0.3)),
    ("manifold", "hidden.mist", (0.0, 1.0)), ("manifold", "power", (True, False)),
    ("so2", "gas_mode", ("sample", "span")),
    ("so2", "hidden.leak_fraction", (0.0, 0.2)), ("so2", "power", (True, False)), ("so2", "averaging_time", (10, 300)),
    ("calibrator", "calibrator_mode", ("span", "standby", "zero")), ("doas", "gas_mode", ("sample", "span", "zero")),
    ("doas", "hidden.blocked", (0.0, 0.999, 1.0)), ("doas", "integration_o3", (30, 180)),
    ("doas", "power", (True, False)),
]  # fmt: skip
LOOKS = [
    ("ups", "battery_charge"), ("shelter", "temperature"), ("shelter", "humidity"), ("manifold", "humidity"),
    ("manifold", "residence_time"), ("so2", "so2"), ("so2", "internal_temp"), ("so2", "inlet_so2"), ("doas", "so2"),
    ("doas", "o3_dev"), ("doas", "internal_temp"), ("doas", "no2_status"),
]  # fmt: skip


@pytest.fixture
def station(outside):
    def make():
        air = outside(temperature_c=31.0, humidity_pct=85.0, log_sd=0.5, rain=((100, 130),), rain_mm_h=10.0)
        models = {"shelter": "shelter", "manifold": "manifold", "ups": "ups", "doas": "doas-generic"}
        units = {name: build_unit(catalogue.load(model), name, 1) for name, model in models.items()}
        units["shelter"].place(Site(air, None))
        place = Site(air, units["shelter"].room)
        for name in ("manifold", "ups", "doas"):
            units[name].place(place)
        for order, name in enumerate(("so2", "doas", "shelter")):
            units["ups"].feed(name, ups=name != "shelter", draw=Draw.steady(800.0), order=order)
        units["shelter"].heated_by(units["ups"])
        calibrator = Calibrator(catalogue.load("146i"), "calibrator", 1, zero_air=ZeroAir())
        calibrator.place(Site(air, units["shelter"].room_of_supplies))
        calibrator.connect_cylinder("a", Cylinder(Species.SO2, 50_000.0, 1.0))
        calibrator.apply(0, Command("concentration", 400.0))
        vented = VentedManifold(calibrator.outlet, place.room)
        analyzer = build_unit(catalogue.load("43i"), "so2", 1)
        analyzer.connect("room", place.room)
        for port, source in (("sample", units["manifold"].outlet), ("span", vented)):
            analyzer.connect(port, Tube(source, length_m=2.0, bore_m=0.004, flow_lpm=0.5))
        vented.add_consumer(analyzer, "span")
        units["manifold"].add_consumer(analyzer, "sample")
        units["shelter"].add_vent(OpenVent(calibrator.outlet, vented))
        content = np.array([100_000.0 * (species is Species.SO2) for species in Species])
        units["doas"].offer_cell("a", CalibrationCell(1.0, {Species.SO2: 100_000.0}, content))
        units["doas"].apply(0, Command("cell", "a"))
        return {**units, "so2": analyzer, "calibrator": calibrator}

    return make


def events(seed, hours, count):
    rng = random.Random(seed)
    times = sorted(rng.randrange(hours * HOUR) for _ in range(count))
    return [(t, device, name, rng.choice(values)) for t in times for device, name, values in [rng.choice(COMMANDS)]]


def play(units, todo, polls, hours):
    keep_house = [(t, "house", "", None) for t in range(HOUR, hours * HOUR, 3 * HOUR)]
    looks = [(t, "look", "", None) for t in polls]
    seen = []
    for t, device, name, value in sorted([*todo, *keep_house, *looks], key=lambda one: one[0]):
        if device == "house":
            for unit in units.values():
                unit.advance(t)
            seen.append([units[d].read(t, q) for d, q in LOOKS])
        elif device == "look":
            seen_now = [units[d].read(t, q) for d, q in LOOKS]
            polls[t] = seen_now
        else:
            units[device].apply(t, Command(name, value))
    seen.append([units[d].read(t * SECOND, q) for d, q in LOOKS if q != "inlet_so2"
                 for t in range((hours - 5) * 3600, hours * 3600, 37)])  # fmt: skip
    return seen


@pytest.mark.parametrize("seed", range(3))
def test_polls_change_nothing_in_the_whole_chain(station, seed):
    todo, rng = events(seed, 8, 25), random.Random(seed)
    polls = {rng.randrange(8 * HOUR): None for _ in range(60)}
    quiet, polled = play(station(), todo, {}, 8), play(station(), todo, polls, 8)
    assert polled == quiet
    # what was seen at the time is what is found when one looks back
    again = station()
    play(again, todo, {}, 8)
    late = [t for t in polls if t > 3 * HOUR]
    for t in late:
        found = [again[d].read(t, q) for d, q in LOOKS if q != "inlet_so2"]
        assert found == [v for v, (_, q) in zip(polls[t], LOOKS, strict=True) if q != "inlet_so2"]


def test_days_go_by_with_nobody_looking(station):
    units = station()
    units["shelter"].apply(0, Command("hidden.vent_into_room", 1.0))
    for hour in range(5, 72, 5):
        for unit in units.values():
            unit.advance(hour * HOUR)
    assert 20.0 < units["shelter"].read(70 * HOUR, "temperature") < 30.0
    assert units["manifold"].read(70 * HOUR, "residence_time") < 20.0
