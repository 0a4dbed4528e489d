"""Water vapour: saturation pressure, dew point, relative humidity.

Magnus formula over water, e = 6.112 hPa exp(17.62 t / (243.12 + t)) (WMO-No. 8; recalled).
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray

STANDARD_HPA = 1013.25


def saturation_hpa(temperature_c: FloatArray) -> FloatArray:
    """Return the saturation pressure of water vapour, hPa."""
    return np.asarray(6.112 * np.exp(17.62 * temperature_c / (243.12 + temperature_c)))


def dew_point(water: FloatArray) -> FloatArray:
    """Return the dew point, deg C, of air at 1013.25 hPa with ``water`` mmol/mol."""
    ratio = np.log(np.maximum(water, 1e-6) * STANDARD_HPA / 1000.0 / 6.112)
    return np.asarray(243.12 * ratio / (17.62 - ratio))


def relative_humidity(water: FloatArray, temperature_c: FloatArray, pressure_hpa: FloatArray) -> FloatArray:
    """Return relative humidity, %, of air with ``water`` mmol/mol."""
    return np.asarray(100.0 * water * pressure_hpa / 1000.0 / saturation_hpa(temperature_c))
