"""Air that a test has in hand: every quantity constant, or a day on which everything happens."""

import numpy as np
import pytest

from instruments import catalogue
from instruments.air import Gas, Species
from instruments.atmosphere import Aerosol, Site, Weather
from instruments.build import build_unit

CONSTANT = {
    "temperature_c": 15.0, "humidity_pct": 60.0, "pressure_hpa": 1010.0, "east_m_s": -3.0, "north_m_s": 0.0,
    "gust_m_s": 0.0, "rain_mm_h": 0.0, "sun_w_m2": 0.0, "extinction_per_km": 0.3,
}  # fmt: skip


class ScriptedAir:
    """An atmosphere whose weather is given: numbers, or functions of the minute."""

    def __init__(self, **fields):
        self.fields = {**CONSTANT, **fields}
        self.listeners = []

    def _line(self, name, minutes):
        field = self.fields[name]
        return np.asarray(field(minutes), dtype=float) if callable(field) else np.full(len(minutes), field)

    def weather(self, first, last):
        minutes = np.maximum(np.arange(first, last), 0)
        return Weather(first, **{name: self._line(name, minutes) for name in CONSTANT})

    def wind(self, first, last):
        seconds = np.maximum(np.arange(first, last), 0)
        minutes = seconds // 60
        gust = self._line("gust_m_s", minutes)
        return (
            self._line("east_m_s", minutes) + gust * np.sin(1.7 * seconds),
            self._line("north_m_s", minutes) + gust * np.cos(2.3 * seconds),
        )

    def gas(self, first, last):
        count = last - first
        return Gas(first, np.zeros((len(Species), count)), np.full(count, 15.0), np.full(count, 1010.0))

    def aerosol(self, first, last):
        return Aerosol(first, np.zeros((4, last - first)), np.full(last - first, 0.25))

    def on_change(self, listener):
        self.listeners.append(listener)


def rough_day():
    """Two hours of freezing rain, then a sunny day with a shower, calms, squalls and a wind that goes round."""

    def during(m, first, last, value):
        return np.where((m >= first) & (m < last), value, 0.0)

    return ScriptedAir(
        temperature_c=lambda m: np.where(m < 120, -3.0, 8.0 + 6.0 * np.sin((m - 120) / 200.0)),
        humidity_pct=lambda m: np.where(m < 120, 99.0, 55.0 + 10.0 * np.sin(m / 50.0)),
        rain_mm_h=lambda m: during(m, 0, 120, 1.5) + during(m, 300, 340, 6.0),
        sun_w_m2=lambda m: during(m, 150, 9999, 700.0),
        east_m_s=lambda m: (3.0 + 2.9 * np.sin(m / 23.0)) * np.cos(m / 61.0),
        north_m_s=lambda m: (3.0 + 2.9 * np.sin(m / 23.0)) * np.sin(m / 61.0),
        gust_m_s=0.4,
        extinction_per_km=lambda m: (
            0.3 + during(m, 60, 120, 4.0) + during(m, 200, 260, 3.5) + during(m, 400, 420, 12.0)
        ),
    )


def placed(model, air, *, name="met", seed=1, **options):
    unit = build_unit(catalogue.load(model), name, seed, **options)
    unit.place(Site(air, air))
    return unit


def at(seconds):
    return round(seconds * 1e6)


@pytest.fixture
def still():
    return ScriptedAir()
