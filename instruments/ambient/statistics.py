"""Hourly statistics of an ambient air, of the kind that climates are made from: to hold one against the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from instruments.air import FloatArray, Species
from instruments.ambient.city import MINUTES, CityAir
from instruments.ambient.climate import POLLUTANTS
from instruments.ambient.units import STANDARD_PRESSURE_PA, ug_m3_per_ppb
from instruments.atmosphere import Mode

_DATA_K = 273.15
_SEASON_OF_MONTH = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0])
_LEAST = 0.01
"""Least value whose logarithm is taken, in the unit of each series: an hour of calm is no minus infinity."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hourly means, each of shape (n,), and where in the calendar they lie.

    Attributes:
        month: 0 to 11. hour: 0 to 23 of the day at the place.
        series: ``PM2.5`` ... ``O3`` in ug/m3 at 273.15 K, ``NO``, ``NO2 ppb``, ``O3 ppb`` in nmol/mol, ``wind`` in m/s,
            ``temperature``, ``humidity``, ``pressure``, ``rain``, ``sun``, ``extinction``.
    """

    month: FloatArray
    hour: FloatArray
    series: Mapping[str, FloatArray]


def hourly(air: CityAir, epoch: datetime, count: int) -> Hours:
    """Return ``count`` hours from the epoch on, which begins an hour."""
    pieces: dict[str, list[FloatArray]] = {}
    for first in range(0, count * 60, MINUTES):
        last = min(first + MINUTES, count * 60)
        gas, dust, sky = air.gas_by_minute(first, last), air.aerosol(first, last), air.weather(first, last)
        # particles at outside conditions to the reference state of the data
        state = (sky.temperature_c + 273.15) / _DATA_K * STANDARD_PRESSURE_PA / 100.0 / sky.pressure_hpa
        fine = (dust.mass[Mode.FINE] + dust.mass[Mode.VOLATILE]) * state
        minutes = {
            "PM2.5": fine,
            "PM10": fine + dust.mass[Mode.COARSE] * state,
            "SO2": gas[Species.SO2] * ug_m3_per_ppb("SO2", _DATA_K),
            "NO2": gas[Species.NO2] * ug_m3_per_ppb("NO2", _DATA_K),
            "CO": gas[Species.CO] * 1e3 * ug_m3_per_ppb("CO", _DATA_K),
            "O3": gas[Species.O3] * ug_m3_per_ppb("O3", _DATA_K),
            "wind": np.hypot(sky.east_m_s, sky.north_m_s),
            "NO": gas[Species.NO],
            "NO2 ppb": gas[Species.NO2],
            "O3 ppb": gas[Species.O3],
            "temperature": sky.temperature_c,
            "humidity": sky.humidity_pct,
            "pressure": sky.pressure_hpa,
            "rain": sky.rain_mm_h,
            "sun": sky.sun_w_m2,
            "extinction": sky.extinction_per_km,
        }
        for label, values in minutes.items():
            pieces.setdefault(label, []).append(values.reshape(-1, 60).mean(axis=1))
    begin = np.datetime64(epoch.replace(tzinfo=None), "h")
    times = begin + np.arange(count) * np.timedelta64(1, "h")
    month = times.astype("datetime64[M]").astype(int) % 12
    hour = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "h")
    return Hours(month, hour.astype(int), {label: np.concatenate(parts) for label, parts in pieces.items()})


def anomaly(hours: Hours, label: str) -> FloatArray:
    """Return the logarithm of a series less its mean in that month at that hour."""
    values = np.log(np.maximum(hours.series[label], _LEAST))
    cell = (hours.month * 24 + hours.hour).astype(int)
    means = np.bincount(cell, values, 288) / np.maximum(np.bincount(cell, minlength=288), 1)
    return np.asarray(values - means[cell])


def autocorrelation(values: FloatArray, lag: int) -> float:
    """Return the correlation of a series of mean 0 with itself ``lag`` points later."""
    return float(np.mean(values[lag:] * values[:-lag]) / np.mean(values**2))


def correlations(hours: Hours) -> FloatArray:
    """Return the correlations of the anomalies of the six pollutants and of the wind speed, shape (7, 7)."""
    return np.asarray(np.corrcoef([anomaly(hours, label) for label in (*POLLUTANTS, "wind")]))


def daily_course(hours: Hours, label: str, season: int) -> FloatArray:
    """Return the geometric mean at each hour of the day in a season (index of ``SEASONS``), shape (24,)."""
    there = _SEASON_OF_MONTH[hours.month.astype(int)] == season
    hour = hours.hour[there].astype(int)
    logs = np.log(np.maximum(hours.series[label][there], _LEAST))
    return np.asarray(np.exp(np.bincount(hour, logs, 24) / np.bincount(hour, minlength=24)))


def clean_outs(values: FloatArray, span_h: int, factor: float = 3.0) -> float:
    """Return the share of hours after which ``span_h`` hours leave less than 1/``factor`` of the concentration."""
    return float(np.mean(values[span_h:] < values[:-span_h] / factor))


def four_years() -> int:
    """Return the hours of four years, a leap day among them."""
    return round(timedelta(days=4 * 365 + 1) / timedelta(hours=1))
