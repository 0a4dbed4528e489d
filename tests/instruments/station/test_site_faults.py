"""Every fault of the station and of the open path: a twin run; what is declared moves, and nothing else does.

The twins stand where all that a fault can move does move: humid, windy, hardly any gas, poor mains.
"""

import numpy as np
import pytest

from instruments import catalogue
from instruments.air import Species
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.device import Command
from instruments.draw import Draw
from instruments.plumbing import Air, Tube
from instruments.station.room import OpenVent
from rig.fault_library import library
from tests.instruments.station.conftest import PlainAtmosphere, plain_site

MINUTE = 60_000_000
HOUR = 60 * MINUTE
AT, END = 2 * HOUR + 7 * MINUTE, 11 * HOUR
DESIGNS = ("shelter", "manifold", "ups", "doas", "chamber", "variac")
FAULTS = {name: fault for name, fault in library().items() if set(fault.kinds) <= set(DESIGNS)}


class Station:
    """Devices by design, and commands that befall both twins. Those in ``watched`` are held to what is declared."""

    def __init__(self):
        self.devices, self.watched, self.common = {}, set(), []
        self.every = 10 * MINUTE

    def add(self, design, device, *, watched=True):
        self.devices[design] = device
        if watched:
            self.watched.add(design)
        return device

    def run(self, acts=()):
        """Play both the common commands and ``acts``; return everything that is seen, by design and quantity."""
        seen = {}
        todo = sorted([*self.common, *acts], key=lambda one: one[0])
        for t in range(self.every, END, self.every):
            while todo and todo[0][0] <= t:
                due, design, make = todo.pop(0)
                self.devices[design].apply(due, make(self.devices[design], due))
            for design, device in self.devices.items():
                device.advance(t)
                quantities = (
                    device.quantities() if hasattr(device, "quantities") else (*device.reported(), *device.diagnostics)
                )
                for quantity in quantities:
                    seen.setdefault((design, quantity), []).append(device.read(t, quantity))
        return seen


def quantities(device):
    if hasattr(device, "quantities"):
        return device.quantities()
    return (*device.reported(), *device.diagnostics)


def commands(design, fault, severity):
    """The commands of a fault's acts."""

    def made(one):
        return lambda device, t: Command(one.command, one.value(device.read(t, one.command), severity), by=one.by)

    return [(AT, design, made(one)) for one in fault.acts]


def hands(name, value):
    return lambda device, t: Command(name, value)


def analyzers(into, room, source, **hidden):
    """Let the four analyzers breathe what ``source`` gives."""
    for model in ("43i", "42i", "49i", "48i"):
        entry = catalogue.load(model)
        unit = build_unit(entry, entry.kind, 1, hidden=hidden)
        unit.connect("room", room)
        unit.connect("sample", source(unit, entry))
        into.add(entry.kind, unit)


def station(design):
    """Where faults of ``design`` can be seen."""
    made = Station()
    if design == "shelter":
        air = PlainAtmosphere(temperature_c=30.0, humidity_pct=75.0)
        unit = made.add("shelter", build_unit(catalogue.load("shelter"), "shelter", 1,
                                              settings={"humidify_below": 46.0}))  # fmt: skip
        unit.place(Site(air, None))
        supply = Air(1, "span", {Species.SO2: 400.0}, temperature_c=25.0, temperature_sd_c=0.0,
                     pressure_hpa=1000.0, pressure_sd_hpa=0.0, log_sd=0.0, correlation_time_s=60.0)  # fmt: skip
        supply.offered_lpm = lambda first, last: np.full(last - first, 8.0)
        supply.demand_lpm = lambda first, last: np.full(last - first, 2.0)
        unit.add_vent(OpenVent(supply, supply))
        # an analyzer that leaks: all that befalls the room befalls it too, so it is not held to the declaration
        leaking = build_unit(catalogue.load("43i"), "so2", 1, hidden={"leak_fraction": 0.3})
        leaking.connect("room", unit.room)
        leaking.connect("sample", air)
        made.add("so2", leaking, watched=False)
    elif design == "manifold":
        place = plain_site(temperature_c=30.0, humidity_pct=88.0, rain=((200, 260),), rain_mm_h=20.0)
        unit = made.add("manifold", build_unit(catalogue.load("manifold"), "manifold", 1))
        unit.place(place)

        def tube(analyzer, entry):
            unit.add_consumer(analyzer, "sample")
            return Tube(unit.outlet, length_m=2.0, bore_m=0.004, flow_lpm=entry.parameter("sample_flow"))

        analyzers(made, place.room, tube)
    elif design == "ups":
        unit = made.add("ups", build_unit(catalogue.load("ups"), "ups", 7, hidden={"disturbances": 45.0}))
        unit.feed("rack", ups=True, draw=Draw.steady(1800.0))
        unit.feed("ac", ups=False, draw=Draw.steady(1200.0))
        made.every = 10_000_000
        made.common = [
            (4 * HOUR, "ups", hands("hidden.mains", False)), (5 * HOUR, "ups", hands("hidden.mains", True)),
        ]  # fmt: skip
    elif design == "chamber":
        unit = made.add("chamber", build_unit(catalogue.load("chamber"), "chamber", 1))
        unit.place(plain_site(temperature_c=30.0))
        made.common = [(4 * HOUR, "chamber", hands("setpoint", 35.0)), (7 * HOUR, "chamber", hands("setpoint", 0.0))]
    elif design == "variac":
        made.add("variac", build_unit(catalogue.load("variac"), "variac", 1))
        made.common = [(4 * HOUR, "variac", hands("voltage", 242.0))]
    else:
        unit = made.add("doas", build_unit(catalogue.load("doas-generic"), "doas", 1, settings={
            "so2_bkg": 0.3, "no2_bkg": 0.4, "o3_bkg": 0.8}))  # fmt: skip
        little = {Species.SO2: 0.6, Species.NO2: 1.0, Species.O3: 2.0, Species.CO: 0.3}
        unit.place(plain_site(visibility_km=3.0, wind_m_s=6.0, gas=little, log_sd=0.6))
    return made


def typical(fault):
    return fault.severity.typical if fault.severity else 0.0


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_declared_moves_and_nothing_else(name):
    fault = FAULTS[name]
    (design,) = fault.kinds
    good, bad = station(design), station(design)
    before, after = good.run(), bad.run(commands(design, fault, typical(fault)))
    declared = {(owner, quantity) for owner, quantities in fault.reveals.items() for quantity in quantities}
    assert declared
    moved = {key for key, values in before.items() if values != after[key]}
    assert declared <= moved
    assert {key for key in moved - declared if key[0] in good.watched} == set()
    until = AT // good.every
    assert all(values[:until] == after[key][:until] for key, values in before.items())


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.severity])
def test_both_ends_of_the_severity_can_be_had(name, end):
    fault = FAULTS[name]
    (design,) = fault.kinds
    device = station(design).devices[design]
    for t, _, make in commands(design, fault, getattr(fault.severity, end)):
        device.advance(t)
        device.apply(t, make(device, t))


def test_texts_are_in_both_languages():
    assert len(FAULTS) > 45
    for fault in FAULTS.values():
        assert any("一" <= sign <= "鿿" for sign in fault.text_zh)
        assert fault.text_en
