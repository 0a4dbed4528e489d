"""A quiet world for tapered-element monitors, steered by the test, and ways to look at a unit over hours."""

from __future__ import annotations

import numpy as np

from instruments import catalogue
from instruments.air import Gas, Species
from instruments.atmosphere import Aerosol, Mode, Site, Weather
from instruments.build import build_unit
from instruments.device import Command

STEP_S = 10


def at(seconds):
    return round(seconds * 1e6)


class World:
    """Outside air of given minutes: numbers, or functions of the minute (arrays in, arrays out)."""

    def __init__(self, fine=30.0, volatile=10.0, coarse=25.0, giant=5.0, temperature=15.0, humidity=50.0,
                 pressure=1010.0, kappa=0.25):  # fmt: skip
        self.mass = {Mode.FINE: fine, Mode.VOLATILE: volatile, Mode.COARSE: coarse, Mode.GIANT: giant}
        self.temperature, self.humidity, self.pressure, self.kappa = temperature, humidity, pressure, kappa
        self.listeners = []

    def _row(self, value, first, last):
        minutes = np.arange(first, last)
        return np.array(np.broadcast_to(value(minutes) if callable(value) else value, minutes.shape), dtype=np.float64)

    def aerosol(self, first, last):
        mass = np.array([self._row(self.mass[mode], first, last) for mode in Mode])
        return Aerosol(first, mass, self._row(self.kappa, first, last))

    def weather(self, first, last):
        zeros = np.zeros(last - first)
        return Weather(first, self._row(self.temperature, first, last), self._row(self.humidity, first, last),
                       self._row(self.pressure, first, last), zeros, zeros, zeros, zeros, zeros, zeros)  # fmt: skip

    def wind(self, first, last):
        return np.zeros(last - first), np.zeros(last - first)

    def gas(self, first, last):
        count = last - first
        return Gas(first, np.zeros((len(Species), count)), np.full(count, 15.0), np.full(count, 1010.0))

    def on_change(self, listener):
        self.listeners.append(listener)


class Room:
    """Air of the shelter at a given temperature: a number, or a function of the second."""

    def __init__(self, temperature=25.0):
        self.temperature = temperature

    def gas(self, first, last):
        count = last - first
        seconds = np.arange(first, last)
        celsius = self.temperature(seconds) if callable(self.temperature) else self.temperature
        return Gas(first, np.zeros((len(Species), count)), np.array(np.broadcast_to(celsius, count), dtype=float),
                   np.full(count, 1010.0))  # fmt: skip

    def on_change(self, listener):
        pass


def unit(model="1405-F", world=None, room=None, seed=1, **options):
    """A unit that stands in ``world``."""
    built = build_unit(catalogue.load(model), options.pop("name", "pm"), seed, **options)
    built.place(Site(world or World(), room or Room()))
    return built


def apply(device, seconds, name, value=True, by="panel"):
    device.apply(at(seconds), Command(name, value, by))


def series(device, begin, end, quantity, every=360):
    """Values at ``begin + every``, ..., ``end`` seconds; hours are computed as the bench would."""
    return np.array([device.read(at(t), quantity) for t in range(begin + every, end + 1, every)])


def recorded(device, begin_h, end_h):
    """Everything that the unit shows at the end of each step between two hours, six hours at a time as a bench does."""
    parts = []
    for begin in range(begin_h * 360, end_h * 360, 6 * 360):
        end = min(begin + 6 * 360, end_h * 360)
        device.advance(at(end * STEP_S))
        parts.append(device.recording(begin, end))
    return {label: np.concatenate([part[label] for part in parts]) for label in parts[0]}
