"""The outside air by the minute as columns for people: what recordings and pictures show of it beside the gases."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Atmosphere, Mode

MOR = 3.0
"""Meteorological optical range times extinction: -ln 0.05 as makers round it (WMO, recalled). What people see of dark
objects (2 % contrast, 3.912) is farther."""


def minute_table(air: Atmosphere, first: int, last: int) -> dict[str, tuple[FloatArray, str]]:
    """Return columns of the minutes ``first`` (inclusive) to ``last`` (exclusive), each with its unit.

    Particle masses are dry, at outside conditions; the wind is where it comes from.
    """
    mass, sky = air.aerosol(first, last).mass, air.weather(first, last)
    fine = mass[Mode.FINE] + mass[Mode.VOLATILE]
    return {
        "pm2_5": (fine, "ug/m3"),
        "pm10": (fine + mass[Mode.COARSE], "ug/m3"),
        "volatile": (mass[Mode.VOLATILE].copy(), "ug/m3"),
        "humidity": (sky.humidity_pct, "%"),
        "wind_speed": (np.hypot(sky.east_m_s, sky.north_m_s), "m/s"),
        "wind_direction": (np.mod(np.degrees(np.arctan2(-sky.east_m_s, -sky.north_m_s)), 360.0), "deg"),
        "rain": (sky.rain_mm_h, "mm/h"),
        "sun": (sky.sun_w_m2, "W/m2"),
        "visibility": (MOR / sky.extinction_per_km, "km"),
    }
