"""Air made for the tests: every minute says what it is, so that every figure can be worked out by hand."""

import numpy as np
import pytest
from watching import Watching, watched

from instruments.air import Gas, Species
from instruments.atmosphere import Aerosol, Mode, Site, Weather
from instruments.build import build_unit
from instruments.catalogue import load
from instruments.device import Command

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000


class Outside:
    """Constant or stepwise air: a value, or a function of the minute's index that takes an array."""

    def __init__(self, **values):
        self.values = {
            "fine": 30.0, "volatile": 10.0, "coarse": 40.0, "giant": 20.0, "kappa": 0.25, "temperature": 20.0,
            "humidity": 50.0, "pressure": 1000.0, "rain": 0.0, "so2": 10.0, "temperature_room": 25.0, **values,
        }  # fmt: skip
        self.listeners = []

    def of(self, name, first, last):
        value = self.values[name]
        minutes = np.arange(first, last)
        return np.asarray(value(minutes), dtype=float) if callable(value) else np.full(last - first, float(value))

    def aerosol(self, first, last):
        mass = np.empty((len(Mode), last - first))
        for mode in Mode:
            mass[mode] = self.of(mode.name.lower(), first, last)
        return Aerosol(first, mass, self.of("kappa", first, last))

    def weather(self, first, last):
        zero = np.zeros(last - first)
        return Weather(first, self.of("temperature", first, last), self.of("humidity", first, last),
                       self.of("pressure", first, last), zero, zero, zero, self.of("rain", first, last), zero,
                       zero)  # fmt: skip

    def gas(self, first, last):
        count = last - first
        fractions = np.zeros((len(Species), count))
        fractions[Species.SO2] = self.values["so2"]
        return Gas(first, fractions, self.per_second("temperature", first, last),
                   self.per_second("pressure", first, last))  # fmt: skip

    def per_second(self, name, first, last):
        low = first // 60
        return np.repeat(self.of(name, low, -(-last // 60)), 60)[first - low * 60 : last - low * 60]

    def wind(self, first, last):
        return np.zeros(last - first), np.zeros(last - first)

    def on_change(self, listener):
        self.listeners.append(listener)

    def change(self, second, **values):
        self.values.update(values)
        for listener in self.listeners:
            listener.gas_changed(second)


class Room:
    def __init__(self, outside):
        self.outside = outside

    def gas(self, first, last):
        count = last - first
        return Gas(first, np.zeros((len(Species), count)), self.outside.per_second("temperature_room", first, last),
                   np.full(count, 1000.0))  # fmt: skip

    def on_change(self, listener):
        pass


@pytest.fixture
def make():
    """Build a unit of a model and stand it in air."""

    def build(model, outside=None, *, name="pm", seed=1, settings=None, hidden=None, **options):
        unit = build_unit(load(model), name, seed, serial=options.pop("serial", "SIM-1"), settings=settings,
                          hidden=hidden, **options)  # fmt: skip
        air = outside or Outside()
        unit.place(Site(air, Room(air)))
        return unit

    return build


@pytest.fixture
def hours():
    """Values of a quantity at the ends of hours ``first`` to ``last`` (inclusive), read within the next hour."""

    def read(unit, quantity, first, last):
        return np.array([unit.read(hour * HOUR_US + MINUTE_US, quantity) for hour in range(first, last + 1)])

    return read


@pytest.fixture
def do():
    """Let a command act on a unit at an hour of bench time."""

    def apply(unit, hour, name, value=True, by="panel"):
        unit.apply(round(hour * HOUR_US), Command(name, value, by))

    return apply


def unread(model, visit):
    """Parameters and settings of a model that nothing has read after ``visit`` has led a unit through its life."""
    entry = watched(model)
    left = entry.parameters.unread
    left.update(entry.settings)
    numbers = Watching(entry.numbers(), left)
    entry.numbers = lambda: numbers
    unit = build_unit(entry, "unit", 1)

    class WithWatchedSettings(type(unit)):
        @property
        def settings(self):
            return Watching(self.__dict__["settings"], left)

        @settings.setter
        def settings(self, values):
            self.__dict__["settings"] = dict(values)

    unit.__class__ = WithWatchedSettings
    outside = Outside()
    unit.place(Site(outside, Room(outside)))
    visit(unit)
    return left


def day_of_three(units, commands, quantity):
    """A day of three equal units under the same commands: one is polled, one computed ahead, one left alone.

    Gives all that each of them has computed, in this order.
    """
    polled, ahead, _ = units
    pending = list(commands)
    for minute in range(24 * 60):
        while pending and pending[0][0] * 60.0 <= minute:
            hour, name, value = pending.pop(0)
            for unit in units:
                unit.apply(round(hour * HOUR_US), Command(name, value))
        polled.read(minute * MINUTE_US + 17_000_000, quantity)
        if minute % 97 == 0 and minute < 1000:
            ahead.advance((minute + 400) * MINUTE_US)
    return [unit.steps.values(0, 24 * 60).copy() for unit in units]
