"""Temperature, humidity and pressure in a radiation shield, as weather stations measure them.

The shield lets the air in slowly and warms in the sun when there is no wind, more so when it is dirty. The humidity
chip gathers dirt and drifts upwards, the pressure sensor drifts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.ambient.vapour import vapour_hpa
from instruments.signal import WhiteNoise
from instruments.steps import Hidden
from instruments.weather.surroundings import Around, lagged

_NEWTON = 6
_PSYCHROMETER = 6.62e-4
"""Coefficient of a ventilated psychrometer, 1/K (WMO guide no. 8; recalled)."""


def sprayed(air: Around, share: float) -> tuple[FloatArray, FloatArray]:
    """Return temperature (deg C) and vapour pressure (hPa) of air in which water has evaporated.

    The air goes towards its wet-bulb temperature Tw, of which e = es(Tw) - A p (T - Tw) holds (psychrometer formula).

    Args:
        air: as it comes.
        share: part of the way to saturation.
    """
    vapour = air.humidity_pct / 100.0 * vapour_hpa(air.temperature_c)
    if share == 0.0:
        return air.temperature_c, vapour
    per_kelvin = _PSYCHROMETER * air.pressure_hpa
    wet = air.temperature_c.copy()
    for _ in range(_NEWTON):
        excess = vapour_hpa(wet) - per_kelvin * (air.temperature_c - wet) - vapour
        slope = (vapour_hpa(wet + 0.01) - vapour_hpa(wet - 0.01)) / 0.02 + per_kelvin
        wet = wet - excess / slope
    return air.temperature_c + share * (wet - air.temperature_c), vapour + share * (vapour_hpa(wet) - vapour)


class ClimateHidden(Hidden):
    """Causes of wrong temperature, humidity and pressure.

    Attributes:
        temperature_error_c: error of the temperature sensor.
        humidity_error_pct: error of the humidity sensor at 100 %; dirt reads high.
        pressure_error_hpa: error of the pressure sensor.
        shield_dirt: 0 clean and white, 1 black.
        mist: part of the way to saturation that a mist cannon's spray brings the air at the mast.
    """

    temperature_error_c: float = Field(default=0.0, ge=-20.0, le=20.0)
    humidity_error_pct: float = Field(default=0.0, ge=-50.0, le=50.0)
    pressure_error_hpa: float = Field(default=0.0, ge=-50.0, le=50.0)
    shield_dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    mist: float = Field(default=0.0, ge=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class ClimateFigures:
    """Nominal figures of a model's climate sensors.

    Attributes:
        shield_time: time constant of the air in the shield, s.
        radiation_error: error in full sun (1000 W/m2) and a wind of 1 m/s with a clean shield, K.
        temperature_noise, humidity_noise, pressure_noise: standard deviation of a reading.
        humidity_drift, pressure_drift: what a chip that has lost its whole share reads too high.
    """

    shield_time: float
    radiation_error: float
    temperature_noise: float
    humidity_noise: float
    pressure_noise: float
    humidity_drift: float
    pressure_drift: float

    @classmethod
    def of(cls, parameter: Callable[[str], float]) -> ClimateFigures:
        """Read them from a catalogue entry."""
        return cls(*(parameter(name) for name in cls.__slots__))


class ClimateSensors:
    """Sensors of one station.

    Args:
        seed: root seed.
        name: the unit's name.
        figures: its nominal figures.
        step_s: step of the unit.
    """

    def __init__(self, seed: int, name: str, figures: ClimateFigures, step_s: int) -> None:
        self._figures = figures
        self._decay = math.exp(-step_s / figures.shield_time)
        self._hold = max(10 // step_s, 1)
        self._noise = [WhiteNoise(seed, f"{name}/{label}") for label in ("temperature", "humidity", "pressure")]

    def sensed(
        self, hidden: ClimateHidden, air: Around, first: int, last: int, before: tuple[float, float], share: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return the shield's air (temperature, vapour pressure) and, with all errors, humidity and pressure.

        Args:
            hidden: the causes.
            air: outside, at the steps.
            first: first step.
            last: end (exclusive).
            before: temperature (deg C) and vapour pressure (hPa) in the shield at the step before.
            share: what is left of the chips, 1 new.
        """
        figures = self._figures
        dirt = 1.0 + 3.0 * hidden.shield_dirt
        warmed = figures.radiation_error * dirt * air.sun_w_m2 / 1000.0 / np.sqrt(np.maximum(air.speed_m_s, 0.25))
        outside, moist = sprayed(air, hidden.mist)
        shield = lagged(outside + warmed, before[0], self._decay)
        vapour = lagged(moist, before[1], self._decay)
        relative = 100.0 * vapour / vapour_hpa(shield)
        slope = 1.0 + (hidden.humidity_error_pct + figures.humidity_drift * (1.0 - share)) / 100.0
        humidity = np.clip(relative * slope + figures.humidity_noise * self._held(1, first, last), 0.0, 100.0)
        pressure = (
            air.pressure_hpa + hidden.pressure_error_hpa + figures.pressure_drift * (1.0 - share)
            + figures.pressure_noise * self._held(2, first, last)
        )  # fmt: skip
        return shield, vapour, humidity, pressure

    def thermometer(self, hidden: ClimateHidden, shield: FloatArray, first: int, last: int) -> FloatArray:
        """Return what the thermometer in the shield says."""
        noise = self._figures.temperature_noise * self._held(0, first, last)
        return np.asarray(shield + hidden.temperature_error_c + noise)

    def _held(self, number: int, first: int, last: int) -> FloatArray:
        """Noise of a sensor, which converts anew every ten seconds."""
        low, high = first // self._hold, -(-last // self._hold)
        values = np.repeat(self._noise[number].values(low, high), self._hold)
        return np.asarray(values[first - low * self._hold : last - low * self._hold])
