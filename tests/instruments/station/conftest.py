"""A plain atmosphere whose weather is a function of the minute, to stand shelters, manifolds and beams in."""

from __future__ import annotations

import numpy as np
import pytest

from instruments.air import Species
from instruments.atmosphere import Aerosol, Site, Weather
from instruments.plumbing import Air
from instruments.station.moisture import saturated


class PlainAtmosphere:
    """Gas as of :class:`Air`; weather with a day's wave of temperature and sun. Times of rain: (first, last minute)."""

    def __init__(self, *, temperature_c=28.0, swing_c=5.0, humidity_pct=65.0, sun_w_m2=800.0, visibility_km=20.0,
                 rain=(), rain_mm_h=0.0, wind_m_s=2.0, log_sd=0.3, seed=1, gas=None):  # fmt: skip
        self.t, self.swing, self.rh, self.sun = temperature_c, swing_c, humidity_pct, sun_w_m2
        self.visibility, self.rain, self.rain_mm_h, self.wind_m_s = visibility_km, rain, rain_mm_h, wind_m_s
        water = 10.0 * humidity_pct * float(saturated(np.array([temperature_c]), np.array([1000.0]))[0]) / 1000.0
        means = {Species.SO2: 5.0, Species.NO: 10.0, Species.NO2: 20.0, Species.O3: 40.0, Species.CO: 0.5}
        means = {**means, Species.H2O: water, **(gas or {})}
        self.air = Air(seed, "outside", means, temperature_c=temperature_c, temperature_sd_c=1.0,
                       pressure_hpa=1000.0, pressure_sd_hpa=1.0, log_sd=log_sd, correlation_time_s=1800.0)  # fmt: skip

    def gas(self, first, last):
        return self.air.gas(first, last)

    def on_change(self, listener):
        self.air.on_change(listener)

    def aerosol(self, first, last):
        count = last - first
        return Aerosol(first, np.full((4, count), 10.0), np.full(count, 0.25))

    def weather(self, first, last):
        minute = np.arange(first, last)
        hour = minute / 60.0 % 24.0
        ones = np.ones(last - first)
        temperature = self.t + self.swing * np.sin((hour - 9.0) / 12.0 * np.pi)
        rain = sum(((minute >= a) & (minute < b) for a, b in self.rain), np.zeros(last - first, bool))
        return Weather(
            first, temperature, self.rh * ones, 1000.0 * ones, 0.0 * ones, self.wind_m_s * ones, 0.5 * ones,
            self.rain_mm_h * rain, self.sun * np.maximum(np.sin((hour - 6.0) / 12.0 * np.pi), 0.0),
            3.912 / self.visibility * ones,
        )  # fmt: skip

    def wind(self, first, last):
        return np.zeros(last - first), np.full(last - first, self.wind_m_s)


@pytest.fixture
def outside():
    return PlainAtmosphere


def plain_site(room=None, **weather):
    """A site whose room is plain air at 25 C, unless it is given."""
    if room is None:
        room = Air(1, "plain-room", {Species.H2O: 12.0, Species.O3: 5.0}, temperature_c=25.0,
                   temperature_sd_c=0.3, pressure_hpa=1000.0, pressure_sd_hpa=0.0, log_sd=0.0,
                   correlation_time_s=1800.0)  # fmt: skip
    return Site(PlainAtmosphere(**weather), room)


@pytest.fixture
def site():
    return plain_site
