"""Present weather as an automatic station codes it: numbers of WMO table 4680.

The table is recalled; a station uses few of its codes: 0 nothing, 4 haze, 5 thick haze, 10 mist, 30 fog, 51 to 53
drizzle, 61 to 63 rain, 71 to 73 snow (light, moderate, heavy).
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray

HUMID = 80.0
"""From this relative humidity, %, poor visibility is mist or fog; below, haze (choice of this project)."""

_MODERATE, _HEAVY = 2.5, 10.0  # mm/h of rain
_SNOW_MODERATE, _SNOW_HEAVY = 1.0, 4.0  # mm/h of water
_DRIZZLE = 0.3


def weather_code(
    extinction_per_km: FloatArray, humidity_pct: FloatArray, rain_mm_h: FloatArray, temperature_c: FloatArray
) -> FloatArray:
    """Return the code of what an instrument sees: the extinction it believes in, and its precipitation."""
    seen_m = 3000.0 / np.maximum(extinction_per_km, 1e-6)
    humid = humidity_pct > HUMID
    code = np.zeros(len(seen_m))
    code[seen_m < 10000.0] = 4.0
    code[seen_m < 1000.0] = 5.0
    code[(seen_m < 10000.0) & humid] = 10.0
    code[(seen_m < 1000.0) & humid] = 30.0
    cold = temperature_c < 0.5
    falling = rain_mm_h > 0.0
    moderate, heavy = np.where(cold, _SNOW_MODERATE, _MODERATE), np.where(cold, _SNOW_HEAVY, _HEAVY)
    strength = 1.0 + (rain_mm_h > moderate) + (rain_mm_h > heavy)
    kind = np.where(cold, 70.0, np.where(rain_mm_h < _DRIZZLE, 50.0, 60.0))
    return np.where(falling, kind + strength, code)


def worst(windows: FloatArray) -> FloatArray:
    """Return the code of the most severe weather in each window, shape (n, steps); NaN where there was no step yet."""
    return np.asarray(np.nanmax(windows, axis=1))
