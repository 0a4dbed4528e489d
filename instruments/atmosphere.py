"""What particle monitors and weather sensors stand in: aerosol and weather on the minute grid, wind by the second.

Minute k is the mean over the seconds 60 k to 60 k + 59 since the bench's epoch. Masses are ug/m3 of dry particles at
the temperature and pressure of the outside air; what water they hold at an inlet's humidity follows from ``kappa``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np

from instruments.air import FloatArray, GasListener, GasSource

MINUTE_US = 60_000_000
"""Microseconds between two points of the minute grid."""


class Mode(IntEnum):
    """Row of :attr:`Aerosol.mass`: what the particles are and how large. Appending is allowed, reordering is not."""

    FINE = 0
    """Below 2.5 um, does not evaporate at 50 C."""
    VOLATILE = 1
    """Below 2.5 um, ammonium nitrate and organics: lost from a warm filter."""
    COARSE = 2
    """2.5 to 10 um."""
    GIANT = 3
    """Above 10 um."""


@dataclass(frozen=True, slots=True)
class Aerosol:
    """Particles outside, minutes ``first`` to ``first + n - 1``.

    Attributes:
        first: index of the first minute.
        mass: dry mass, ug/m3 at outside conditions, shape (len(Mode), n).
        kappa: hygroscopicity of the fine modes, shape (n,).
    """

    first: int
    mass: FloatArray
    kappa: FloatArray


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather outside, minute means, each of shape (n,).

    Attributes:
        first: index of the first minute.
        temperature_c, humidity_pct, pressure_hpa: the air.
        east_m_s, north_m_s: the vector mean of the wind, where it blows to.
        gust_m_s: standard deviation of each component within the minute.
        rain_mm_h: rain.
        sun_w_m2: global radiation.
        extinction_per_km: of visible light, by particles (with their water) and air.
    """

    first: int
    temperature_c: FloatArray
    humidity_pct: FloatArray
    pressure_hpa: FloatArray
    east_m_s: FloatArray
    north_m_s: FloatArray
    gust_m_s: FloatArray
    rain_mm_h: FloatArray
    sun_w_m2: FloatArray
    extinction_per_km: FloatArray


class Atmosphere(GasSource, Protocol):
    """The outside air: gas by the second, particles and weather by the minute, wind by the second."""

    def aerosol(self, first: int, last: int) -> Aerosol:
        """Return minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        ...

    def weather(self, first: int, last: int) -> Weather:
        """Return minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        ...

    def wind(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Return east and north components, m/s, of the seconds ``first`` to ``last`` (exclusive)."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Call ``listener.gas_changed(second)`` whenever anything from that second on is no longer what it was."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where a device stands: the outside air, and the air of the shelter around it."""

    outside: Atmosphere
    room: GasSource


def growth(kappa: FloatArray, humidity_pct: FloatArray) -> FloatArray:
    """Return wet over dry mass of hygroscopic particles at a relative humidity.

    1 + kappa (rho_w / rho_p) a / (1 - a) with rho_w / rho_p = 1 / 1.5 (physics.md section 3: 1.67 at 80 % for
    kappa 0.25, derived); a is held below 0.98, where the formula runs away.
    """
    activity = np.clip(humidity_pct / 100.0, 0.0, 0.98)
    return np.asarray(1.0 + kappa / 1.5 * activity / (1.0 - activity))
