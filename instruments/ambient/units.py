"""Concentrations as networks publish them, and as this project keeps them: nmol/mol, and mass at outside conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MOLAR_MASS: Mapping[str, float] = {
    "SO2": 64.06,
    "NO": 30.01,
    "NO2": 46.006,
    "NOx": 46.006,
    "O3": 47.998,
    "CO": 28.01,
    "PAN": 121.05,
}
"""g/mol; NOx counts as NO2 (IUPAC atomic weights, recalled)."""

GAS_CONSTANT = 8.314462618
"""J/(mol K), exact in the SI."""

STANDARD_PRESSURE_PA = 101325.0

Quantity = Literal[
    "so2", "no", "no2", "o3", "co", "pan", "h2o", "pm2_5", "pm10", "temperature", "humidity", "pressure", "wind_speed",
    "wind_direction", "rain", "sun", "visibility",
]  # fmt: skip
"""What a recorded air may hold."""

Reference = Literal["273 K", "293 K", "298 K", "outside"]
"""State to which a mass concentration is referred, at 1013.25 hPa; ``outside``: at outside temperature and pressure."""

REFERENCE_K: Mapping[str, float] = {"273 K": 273.15, "293 K": 293.15, "298 K": 298.15}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a quantity is measured in.

    Attributes:
        unit: unit inside.
        scale: factor from each accepted unit to it; mass units of gases stand in :data:`MASS_UNITS`.
        low, high: values inside these are plausible, in the unit inside; beyond, the unit is likely to be wrong.
        offset: added after scaling, by unit.
    """

    unit: str
    scale: Mapping[str, float]
    low: float
    high: float
    offset: Mapping[str, float]


MASS_UNITS: Mapping[str, float] = {"ug/m3": 1.0, "mg/m3": 1e3}
"""Mass concentrations, in ug/m3."""

_PPB = {"ppb": 1.0, "nmol/mol": 1.0, "ppm": 1e3, "umol/mol": 1e3}
_PPM = {"ppb": 1e-3, "nmol/mol": 1e-3, "ppm": 1.0, "umol/mol": 1.0}


def _kind(unit: str, scale: Mapping[str, float], low: float, high: float, **offset: float) -> Kind:
    return Kind(unit, scale, low, high, {key.replace("_", " "): value for key, value in offset.items()})


KINDS: Mapping[Quantity, Kind] = {
    "so2": _kind("nmol/mol", _PPB, -20.0, 5000.0),
    "no": _kind("nmol/mol", _PPB, -20.0, 5000.0),
    "no2": _kind("nmol/mol", _PPB, -20.0, 2000.0),
    "o3": _kind("nmol/mol", _PPB, -20.0, 1000.0),
    "co": _kind("umol/mol", _PPM, -2.0, 200.0),
    "pan": _kind("nmol/mol", _PPB, -5.0, 200.0),
    "h2o": _kind("mmol/mol", {"mmol/mol": 1.0}, 0.0, 60.0),
    "pm2_5": _kind("ug/m3", MASS_UNITS, -20.0, 5000.0),
    "pm10": _kind("ug/m3", MASS_UNITS, -20.0, 20000.0),
    "temperature": _kind("deg C", {"deg C": 1.0, "K": 1.0}, -60.0, 60.0, K=-273.15),
    "humidity": _kind("%", {"%": 1.0}, 0.0, 105.0),
    "pressure": _kind("hPa", {"hPa": 1.0, "kPa": 10.0, "Pa": 0.01, "mmHg": 1.333224}, 500.0, 1100.0),
    "wind_speed": _kind("m/s", {"m/s": 1.0, "km/h": 1.0 / 3.6, "knot": 0.514444}, 0.0, 80.0),
    "wind_direction": _kind("deg", {"deg": 1.0}, 0.0, 360.0),
    "rain": _kind("mm/h", {"mm/h": 1.0}, 0.0, 300.0),
    "sun": _kind("W/m2", {"W/m2": 1.0}, -20.0, 1500.0),
    "visibility": _kind("km", {"km": 1.0, "m": 1e-3}, 0.005, 400.0),
}
"""Every quantity's units; plausible ranges are this project's choice, wide of any record."""

GASES: Mapping[Quantity, str] = {"so2": "SO2", "no": "NO", "no2": "NO2", "o3": "O3", "co": "CO", "pan": "PAN"}
"""Quantities that may come as a mass concentration, with their names in :data:`MOLAR_MASS`."""


def ug_m3_per_ppb(gas: str, reference_k: float) -> float:
    """Return ug/m3 at ``reference_k`` and 1013.25 hPa that 1 nmol/mol of ``gas`` is. Raises KeyError."""
    return MOLAR_MASS[gas] * STANDARD_PRESSURE_PA / (GAS_CONSTANT * reference_k) * 1e-3


def units_of(quantity: Quantity) -> tuple[str, ...]:
    """Return all units in which ``quantity`` may come."""
    more = tuple(MASS_UNITS) if quantity in GASES else ()
    return (*KINDS[quantity].scale, *more)


def is_mass(quantity: Quantity, unit: str) -> bool:
    """Whether ``quantity`` in ``unit`` is a mass concentration, which needs a reference state."""
    return unit in MASS_UNITS and (quantity in GASES or quantity in ("pm2_5", "pm10"))


def factor(quantity: Quantity, unit: str, reference: Reference | None) -> float:
    """Return what a value in ``unit`` is multiplied by to get the unit inside.

    Masses of particles stay referred to ``reference``: their way outside needs temperature and pressure.
    """
    if quantity in GASES and unit in MASS_UNITS:
        ppb = MASS_UNITS[unit] / ug_m3_per_ppb(GASES[quantity], REFERENCE_K[reference or ""])
        return ppb * _PPM["ppb"] if quantity == "co" else ppb
    return KINDS[quantity].scale[unit]
