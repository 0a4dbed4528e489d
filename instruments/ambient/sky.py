"""Sun, cloud and photolysis: solar geometry, clear-sky radiation, and the rate at which light splits NO2."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray

YEAR_D = 365.2425


def sun_height(days: FloatArray, latitude: float, longitude: float) -> FloatArray:
    """Return the sine of the sun's elevation.

    Args:
        days: days since 2000-01-01 00:00 UTC.
        latitude: degrees north.
        longitude: degrees east.

    Declination and equation of time by Spencer's series (1971), recalled: 0.0006 rad and 0.5 min are enough here.
    """
    angle = 2.0 * np.pi * np.mod(days / YEAR_D, 1.0)
    declination = (
        0.006918 - 0.399912 * np.cos(angle) + 0.070257 * np.sin(angle)
        - 0.006758 * np.cos(2.0 * angle) + 0.000907 * np.sin(2.0 * angle)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(angle) - 0.032077 * np.sin(angle)
        - 0.014615 * np.cos(2.0 * angle) - 0.040849 * np.sin(2.0 * angle)
    )  # fmt: skip
    hour_angle = 2.0 * np.pi * (days + minutes / 1440.0 + longitude / 360.0 - 0.5)
    phi = np.radians(latitude)
    return np.asarray(
        np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    )  # fmt: skip


def global_radiation(height: FloatArray, cover: FloatArray, optical_depth: FloatArray) -> FloatArray:
    """Return global radiation, W/m2, at a sun of sine ``height`` under a cloud ``cover`` (0 to 1) and haze.

    Clear sky: 1098 h exp(-0.057 / h), Haurwitz (1945); cloud: 1 - 0.75 cover**3.4, Kasten and Czeplak (1980); both
    recalled. Haze takes a quarter of its optical depth from the global radiation: most of what it scatters still comes
    down (choice of this project).
    """
    h = np.maximum(height, 1e-3)
    clear = 1098.0 * h * np.exp(-0.057 / h)
    haze = np.exp(-0.25 * optical_depth / np.maximum(h, 0.25))
    return np.asarray(np.where(height > 0.0, clear * (1.0 - 0.75 * cover**3.4) * haze, 0.0))


def photolysis(sun_w_m2: FloatArray) -> FloatArray:
    """Return j(NO2), 1/s: 1.47e-5 G - 4.84e-9 G**2 (Trebs et al. 2009, recalled); 9e-3 under a clear noon sun."""
    return np.asarray(1.47e-5 * sun_w_m2 - 4.84e-9 * sun_w_m2**2)
