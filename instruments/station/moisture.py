"""Water in air: saturation over water by the Magnus formula, dew point, relative humidity."""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray

MAGNUS_HPA, MAGNUS_A, MAGNUS_C = 6.112, 17.62, 243.12
"""e_s = 6.112 hPa exp(17.62 t / (243.12 C + t)), WMO-No. 8, annex 4.B (recalled)."""


def saturation_hpa(temperature_c: FloatArray) -> FloatArray:
    """Return the vapour pressure of water at saturation, hPa."""
    return np.asarray(MAGNUS_HPA * np.exp(MAGNUS_A * temperature_c / (MAGNUS_C + temperature_c)))


def saturation_at(temperature_c: float) -> float:
    """Return the same for one temperature."""
    return MAGNUS_HPA * math.exp(MAGNUS_A * temperature_c / (MAGNUS_C + temperature_c))


def saturated(temperature_c: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return the mole fraction of water at saturation, mmol/mol."""
    return np.asarray(1000.0 * saturation_hpa(temperature_c) / pressure_hpa)


def humidity_pct(water: FloatArray, temperature_c: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return the relative humidity of air that holds ``water`` mmol/mol, %."""
    return np.asarray(100.0 * water / saturated(temperature_c, pressure_hpa))


def dew_point_c(water: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return the dew point of air that holds ``water`` mmol/mol."""
    ratio = np.log(np.maximum(water, 1e-6) * 1e-3 * pressure_hpa / MAGNUS_HPA)
    return np.asarray(MAGNUS_C * ratio / (MAGNUS_A - ratio))
