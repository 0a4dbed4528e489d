"""Every fault of supply.toml: with it and without it, what is declared moves, and nothing else by one bit."""

import tomllib
from importlib import resources

import numpy as np
import pytest

from instruments.air import Species
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Tube, VentedManifold
from instruments.supply.points import BranchPoint
from rig.fault_library import library

from .conftest import Supply

ROWS = tomllib.loads((resources.files("rig.fault_library") / "supply.toml").read_text(encoding="utf-8"))
MODEL = {"zero_air": "701", "cylinder": "cylinder-8l", "calibrator": "146i", "t700": "T700", "photometer": "49i-PS",
         "flow_meter": "alicat-m-10slpm", "climate_meter": "reference-climate"}  # fmt: skip
CASES = [(name, design) for name in ROWS for design in ROWS[name]["kinds"]]
HOURS = 8
AT = 2 * 3600 + 17.3


class Bench(Supply):
    """A day's work of everything: span, zero, ozone, a preset and a titration, again and again.

    An SO2 analyzer breathes what the calibrator makes, through the vented span line.
    """

    def __init__(self, design):
        super().__init__(model="T700" if design == "t700" else "146i", seed=9)
        self.design = design
        self.extra = None
        self.neighbour = build_unit(load("43i"), "so2", 9, settings={"gas_mode": "span"})
        self.neighbour.place(self.site)
        line = VentedManifold(self.box.outlet, self.room)
        line.add_consumer(self.neighbour, "span")
        self.neighbour.connect("span", Tube(line, length_m=2.0, bore_m=0.004, flow_lpm=0.5))
        if design == "photometer":
            self.extra = build_unit(load("49i-PS"), "standard", 9)
            self.extra.place(self.site)
            self.extra.apply(0, Command("ozone", 200.0))
            self.extra.apply(0, Command("gas_mode", "span"))
        elif design in ("flow_meter", "climate_meter"):
            self.extra = build_unit(load(MODEL[design]), "meter", 9)
            self.extra.place(self.site)
            if design == "flow_meter":
                self.extra.offer("out", BranchPoint(self.box, "out"))
                self.extra.apply(0, Command("connected_to", "out"))

    @property
    def unit(self):
        return {"zero_air": self.zero, "cylinder": self.bottles["a"]}.get(self.design, self.extra or self.box)

    def work(self, acts):
        steps = [
            {"gas": "a", "concentration": 400.0, "calibrator_mode": "span"}, {"calibrator_mode": "zero"},
            {"ozone": 200.0, "calibrator_mode": "ozone"},
            {"calibrator_mode": "standby"},
            {"gas": "b", "concentration": 450.0, "ozone": 160.0, "calibrator_mode": "gpt"},
            {"calibrator_mode": "standby"},
        ]  # fmt: skip
        timed = [(second, self.box, name, value)
                 for number, second in enumerate(range(60, HOURS * 3600, 1200))
                 for name, value in steps[number % len(steps)].items()]  # fmt: skip
        timed += [(AT, self.unit, name, value) for name, value in acts]
        for second, unit, name, value in sorted(timed, key=lambda one: one[0]):
            unit.apply(round(second * 1e6), Command(name, value))
        for unit in (self.zero, *self.bottles.values(), self.box, self.unit, self.neighbour):
            unit.advance(HOURS * 3600 * 1_000_000)
        return self

    def seen(self):
        steps = HOURS * 3600 // self.unit.step_s
        table = self.unit.recording(0, steps)
        return {**table, "alarms": self.unit.alarm_texts(table)}

    def seen_beside(self):
        """What the analyzer shows."""
        return self.neighbour.recording(0, HOURS * 3600 // self.neighbour.step_s)


def acts_of(name, unit):
    fault = library()[name]
    severity = fault.severity.typical if fault.severity else 0.0
    return [(act.command, act.value(unit.read(0, act.command) if act.command not in unit.actions else True, severity))
            for act in fault.acts]  # fmt: skip


_HEALTHY = {}


def healthy(design):
    if design not in _HEALTHY:
        bench = Bench(design).work([])
        _HEALTHY[design] = (bench, bench.seen(), bench.seen_beside())
    return _HEALTHY[design]


@pytest.mark.parametrize(("name", "design"), CASES)
def test_twin_run(name, design):
    well, seen, beside = healthy(design)
    bench = Bench(design)
    ill = bench.work(acts_of(name, bench.unit))
    moved = {label for label, values in ill.seen().items() if values.tobytes() != seen[label].tobytes()}
    declared = set(ROWS[name]["reveals"][design])
    assert moved - {"alarms"} == declared - {"alarms"}
    assert ("alarms" in moved) <= ("alarms" in declared)
    shown = {label for label, values in ill.seen_beside().items() if values.tobytes() != beside[label].tobytes()}
    assert shown == set(ROWS[name]["reveals"].get("so2", []))
    # before it strikes nothing moves, after it something does: on the unit or in its gas
    last = round(AT) // ill.unit.step_s * ill.unit.step_s
    before = ill.box.outlet.gas(0, last).fractions, well.box.outlet.gas(0, last).fractions
    assert before[0].tobytes() == before[1].tobytes()
    gas = [bench.box.outlet.gas(0, HOURS * 3600).fractions for bench in (ill, well)]
    assert declared or shown or not np.array_equal(*gas)


def test_every_row_is_one_that_its_devices_can_have():
    for name, design in CASES:
        entry = load(MODEL[design])
        assert library()[name].befalls(entry.design)
        unit = build_unit(entry, "unit", 1)
        for command, value in acts_of(name, unit):
            unit.checked(command, value) if command in unit.settings else None
            assert command.startswith("hidden.") or command in (*unit.settings, *unit.actions)


def test_a_blocked_vent_presses_gas_into_the_analyzer():
    shown = {}
    for stiffness in (0.0, 40.0):
        bench = Bench("calibrator")
        station = build_unit(load("43i"), "so2", 9)
        station.place(Site(bench.room, bench.room))
        manifold = VentedManifold(bench.box.outlet, bench.room)
        manifold.add_consumer(station, "span")
        station.connect("span", Tube(manifold, length_m=2.0, bore_m=0.004, flow_lpm=0.5))
        bench.tell(10, concentration=400.0, calibrator_mode="span", hidden__vent_hpa_per_lpm=stiffness)
        station.apply(10_000_000, Command("gas_mode", "span"))
        shown[stiffness] = station.read(3_600_000_000, "pressure")
    assert shown[40.0] - shown[0.0] == pytest.approx(40.0 * 4.5 * 0.750, rel=0.1)


def test_wrong_gas_reaches_the_outlet():
    bench = Bench("cylinder")
    bench.work([("hidden.really", "no")])
    span = bench.box.outlet.gas(7260 + 1000, 7260 + 1001).fractions[:, 0]
    assert span[Species.NO] == pytest.approx(400.0, rel=0.01)
    assert span[Species.SO2] < 1.0
