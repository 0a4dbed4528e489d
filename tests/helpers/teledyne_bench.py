"""A unit of the T series that breathes what it is told, for tests."""

from __future__ import annotations

import numpy as np

from instruments.air import Gas, Species
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command
from instruments.wear import Service

MODELS = ("T100", "T200", "T300", "T400")
GAS = {"T100": Species.SO2, "T200": Species.NO, "T300": Species.CO, "T400": Species.O3}
CHANNEL = {"T100": "so2", "T200": "no", "T300": "co", "T400": "o3"}
FULL = {"T100": 400.0, "T200": 400.0, "T300": 40.0, "T400": 400.0}
HOUR = 3600.0


class Breath:
    """Gas whose species change at stated seconds and stand between."""

    def __init__(self, temperature_c=25.0, pressure_hpa=1013.25, **given):
        self.plan = {Species[name.upper()]: value for name, value in given.items()}
        self.temperature_c, self.pressure_hpa = temperature_c, pressure_hpa

    def gas(self, first, last):
        seconds = np.arange(first, last)
        fractions = np.zeros((len(Species), last - first))
        for species, plan in self.plan.items():
            steps = [(0, plan)] if isinstance(plan, int | float) else plan
            for start, value in steps:
                fractions[species, seconds >= start] = value
        even = np.ones(last - first)
        return Gas(first, fractions, self.temperature_c * even, self.pressure_hpa * even)

    def on_change(self, listener):
        pass


def unit(model, sample=None, *, seed=1, room=None, settings=None, hours=0.0, parts=None, warm=True, **hidden):
    """A unit that draws ``sample`` (a Breath, or nothing at all) at its sample port."""
    service = Service(hours=hours, parts=parts or {})
    made = build_unit(load(model), model, seed, settings=settings, hidden=hidden, warm=warm, service=service)
    made.connect("room", room or Breath())
    made.connect("sample", sample or Breath())
    return made


def tell(made, at, **commands):
    for name, value in commands.items():
        made.apply(round(at * 1e6), Command(name.replace("__", "."), value))


def read(made, quantity, at):
    return made.read(round(at * 1e6), quantity)


def series(made, quantity, start, count, every=60.0):
    return np.array([read(made, quantity, start + i * every) for i in range(count)])


def advance(made, until):
    for hour in range(6, int(until // HOUR) + 1, 6):
        made.advance(hour * 3_600_000_000)
