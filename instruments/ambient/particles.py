"""Particles of a city: how PM2.5 and PM10 are made up, how much water they take, how far one sees."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Mode, growth

GIANT_SHARE = 0.3
"""Mass above 10 um over the mass between 2.5 and 10 um (choice of this project; more in wind)."""


def modes(
    pm2_5: FloatArray, pm10: FloatArray, temperature_c: FloatArray, humidity_pct: FloatArray, mood: FloatArray,
    speed_m_s: FloatArray, wetness: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return the masses of the modes, shape (len(Mode), n), and kappa of the fine ones.

    Args:
        pm2_5: ug/m3.
        pm10: ug/m3, as the statistics of measured values draw it; measured PM10 lies below measured PM2.5 now and then,
            true PM10 never does: what is above 2.5 um is bent to stay positive.
        temperature_c: of the air.
        humidity_pct: of the air.
        mood: a normal number that moves composition from day to day.
        speed_m_s: wind, which lifts dust.
        wetness: how far rain has washed the air, 0 to 1.
    """
    # x = PM10 / PM2.5 - 1 as drawn; (x + sqrt(x**2 + 0.02)) / 2 is x for x >> 0 and small for x < 0
    x = pm10 / pm2_5 - 1.0
    coarse = 0.5 * pm2_5 * (x + np.sqrt(x * x + 0.02)) * (1.0 - 0.4 * wetness)
    return modes_of_masses(pm2_5, coarse, volatile_share(temperature_c, humidity_pct, mood), speed_m_s, mood)


def volatile_share(temperature_c: FloatArray, humidity_pct: FloatArray, mood: FloatArray) -> FloatArray:
    """Return the share of ammonium nitrate and volatile organics in the fine mass.

    0.30 in winter, 0.08 on hot days (physics notes, 3: volatile loss of 5 to 20 %, relative loss highest in summer
    where tape is warm, recalled; the curve is this project's). ``mood`` is a normal number that moves it by a quarter.
    """
    share = 0.07 + 0.24 / (1.0 + np.exp((temperature_c - 17.0) / 7.0))
    return np.clip(share * np.exp(0.25 * mood) * (0.85 + 0.3 * humidity_pct / 100.0), 0.02, 0.5)


def modes_of_masses(
    fine: FloatArray, coarse: FloatArray, volatile: FloatArray, speed_m_s: FloatArray, mood: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the masses of the modes, shape (len(Mode), n), and kappa of the fine ones.

    Args:
        fine: below 2.5 um, ug/m3.
        coarse: 2.5 to 10 um, ug/m3.
        volatile: share of the fine mass.
        speed_m_s: wind, which lifts what is larger.
        mood: a normal number that moves composition from day to day.
    """
    mass = np.empty((len(Mode), len(fine)))
    mass[Mode.VOLATILE] = volatile * fine
    mass[Mode.FINE] = fine - mass[Mode.VOLATILE]
    mass[Mode.COARSE] = coarse
    mass[Mode.GIANT] = GIANT_SHARE * coarse * (0.6 + 0.2 * speed_m_s)
    return mass, np.clip(0.19 + 0.25 * volatile + 0.03 * mood, 0.08, 0.4)


def extinction(mass: FloatArray, kappa: FloatArray, humidity_pct: FloatArray, rain_mm_h: FloatArray) -> FloatArray:
    """Return the extinction of visible light, 1/km.

    3.5 m2/g of fine particles times their growth with humidity, 0.6 m2/g of coarse ones, 0.01 per km of air
    (physics notes section 6, recalled); rain 0.2 R**0.63 per km; fog above 97 % humidity, 13 per km (300 m) at 100 %
    (both recalled, rounded).
    """
    fine = mass[Mode.FINE] + mass[Mode.VOLATILE]
    coarse = mass[Mode.COARSE] + mass[Mode.GIANT]
    dry = 1e-3 * (3.5 * fine * growth(kappa, humidity_pct) + 0.6 * coarse) + 0.01
    fog = 13.0 * (np.clip(humidity_pct - 97.0, 0.0, 3.0) / 3.0) ** 2
    return np.asarray(dry + 0.2 * rain_mm_h**0.63 + fog)
