"""Sources of gas, put together: a room, an outside, a generator, cylinders and a calibrator."""

from __future__ import annotations

import pytest

from instruments.air import Species
from instruments.atmosphere import Site
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.plumbing import Air
from instruments.supply.cylinder import Cylinder

ROOM = {Species.SO2: 4.0, Species.NO: 10.0, Species.NO2: 20.0, Species.O3: 30.0, Species.CO: 0.5, Species.H2O: 12.0}
CONTENTS = {
    "a": Cylinder(Species.SO2, 50_000.0, 1.0),
    "b": Cylinder(Species.NO, 50_000.0, 1.0, {Species.NO2: 100.0}),
    "c": Cylinder(Species.CO, 3_000.0, 1.0),
}


def still_air(name="room", **composition):
    gas = {**ROOM, **{Species[key.upper()]: value for key, value in composition.items()}}
    return Air(1, name, gas, temperature_c=25.0, temperature_sd_c=0.0, pressure_hpa=1013.25, pressure_sd_hpa=0.0,
               log_sd=0.0, correlation_time_s=1800.0)  # fmt: skip


class Supply:
    """A calibrator with everything that feeds it. Times are seconds."""

    def __init__(self, model="146i", seed=3, generator=True, **hidden):
        self.room = still_air()
        self.site = Site(self.room, self.room)
        quiet = {"flow_repeatability_pct": 0.0, "ozone_fluctuation_pct": 0.0, "ozone_fluctuation": 0.0,
                 "photometer_noise_factor": 0.0}  # fmt: skip
        self.box = build_unit(load(model), "cal", seed, hidden={**quiet, **hidden})
        self.box.place(self.site)
        self.bottles = {}
        for port, content in CONTENTS.items():
            bottle = build_unit(load("cylinder-8l"), f"bottle_{port}", seed)
            bottle.place(self.site)
            bottle.fill(content)
            self.box.connect_cylinder(port, bottle)
            self.bottles[port] = bottle
        self.zero = build_unit(load("701"), "zero", seed)
        self.zero.place(self.site)
        if generator:
            self.box.connect_zero_air(self.zero)

    def tell(self, at, unit=None, **settings):
        for name, value in settings.items():
            (unit or self.box).apply(round(at * 1e6), Command(name.replace("__", "."), value))

    def gas(self, second):
        return {
            s: float(v) for s, v in zip(Species, self.box.outlet.gas(second, second + 1).fractions[:, 0], strict=True)
        }

    def read(self, second, quantity, unit=None):
        return (unit or self.box).read(round(second * 1e6), quantity)


def play(commands, cuts, look, look_last=None):
    """Let timed commands act. Before each of them comes a look at every cut up to it, in the end one at all cuts."""
    for second, unit, name, value in commands:
        for cut in [c for c in cuts if c <= second]:
            look(cut)
        unit.apply(round(second * 1e6), Command(name, value))
    for cut in cuts:
        (look_last or look)(cut)


@pytest.fixture
def supply():
    return Supply
