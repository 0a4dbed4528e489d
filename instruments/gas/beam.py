"""The beam of an open-path instrument: how much of its light arrives, step by step.

light = lamp x alignment x optics x what is not blocked x exp(-extinction x path). The extinction is the weather's, from
which V = 3.912 / extinction (Koschmieder), and that of rain, 0.248 km-1 R^0.67 with R in mm/h (Carbonneau, 1.076 dB/km;
recalled). The alignment is that of a Gaussian beam: exp(-2 (angle / half angle)^2).
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Atmosphere

_RAIN_PER_KM, _RAIN_POWER = 0.248, 0.67
_MINUTE_S = 60
_ALIGNED_C = 20.0
"""Temperature at which the masts stand straight. This project's choice."""


def steady_minutes(seconds: FloatArray) -> FloatArray:
    """The last full minute before each bench second: what a minute's mean may be used for; 0 in the first."""
    return np.asarray(np.maximum(np.floor(seconds / _MINUTE_S).astype(np.int64) - 1, 0))


def transmission(
    outside: Atmosphere, seconds: FloatArray, path_m: float, angle_mrad: float, bend_mrad: float, sway_mrad: float,
    half_angle_mrad: float,
) -> FloatArray:  # fmt: skip
    """Return the part of the light that crosses the air and falls on the receiver.

    Args:
        outside: the air in which the beam lies.
        seconds: bench seconds, rising.
        path_m: length of the light's way.
        angle_mrad: angle by which the beam misses the receiver at rest.
        bend_mrad: angle by which its masts bend per kelvin away from 20 C.
        sway_mrad: angle by which its mast bends per m/s of wind.
        half_angle_mrad: angle at which a Gaussian beam has fallen to exp(-2).
    """
    minutes = steady_minutes(seconds)
    begin = int(minutes[0])
    weather = outside.weather(begin, int(minutes[-1]) + 1)
    wind = np.hypot(weather.east_m_s, weather.north_m_s)
    at_rest = angle_mrad + bend_mrad * (weather.temperature_c - _ALIGNED_C)
    angle = at_rest**2 + (sway_mrad * wind) ** 2
    extinction = weather.extinction_per_km + _RAIN_PER_KM * np.maximum(weather.rain_mm_h, 0.0) ** _RAIN_POWER
    arriving = np.exp(-extinction * path_m / 1000.0 - 2.0 * angle / half_angle_mrad**2)
    return np.asarray(arriving[minutes - begin])
