"""Factors by which loggers are known to be off: ppb, ppm, and mass at 0, 20 or 25 C."""

from __future__ import annotations

from dataclasses import dataclass

from instruments.ambient.units import GAS_CONSTANT, MOLAR_MASS, STANDARD_PRESSURE_PA

FREE = "a factor of {factor:.4g} that no change of unit explains"

_NAMES = {"so2": "SO2", "no": "NO", "no2": "NO2", "nox": "NOx", "o3": "O3", "co": "CO"}
_STATES = {"273 K": 273.15, "293 K": 293.15, "298 K": 298.15}


@dataclass(frozen=True, slots=True)
class Scale:
    """A factor on what was shown, and what it means."""

    factor: float
    text: str


def scales_of(quantity: str) -> list[Scale]:
    """Factors that a log of ``quantity`` may have, the plain one first.

    Mass concentrations: c M p / (R T) with M of the gas (NOx as NO2), p 1013.25 hPa.
    """
    found = [Scale(1.0, ""), Scale(1000.0, "1000 times too high: another unit"),
             Scale(0.001, "1000 times too low: another unit")]  # fmt: skip
    gas = _NAMES.get(quantity)
    if gas is None:
        return found
    ratio, mass = ("ppm", "mg/m3") if quantity == "co" else ("ppb", "ug/m3")
    for state, kelvin in _STATES.items():
        factor = MOLAR_MASS[gas] * STANDARD_PRESSURE_PA / (GAS_CONSTANT * kelvin) * 1e-3
        found.append(Scale(factor, f"x {factor:.4g}: {mass} at {state} instead of {ratio}"))
        found.append(Scale(1.0 / factor, f"x {1.0 / factor:.4g}: divided by the factor to {mass} at {state}"))
    if quantity == "nox":
        found.append(Scale(MOLAR_MASS["NO"] / MOLAR_MASS["NO2"], "NOx as NO instead of NO2"))
    return found
