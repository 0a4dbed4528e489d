"""Concentrations as networks publish them, and as this project keeps them: nmol/mol, and mass at outside conditions."""

from __future__ import annotations

from collections.abc import Mapping

MOLAR_MASS: Mapping[str, float] = {"SO2": 64.06, "NO": 30.01, "NO2": 46.006, "NOx": 46.006, "O3": 47.998, "CO": 28.01}
"""g/mol; NOx counts as NO2 (IUPAC atomic weights, recalled)."""

GAS_CONSTANT = 8.314462618
"""J/(mol K), exact in the SI."""

STANDARD_PRESSURE_PA = 101325.0


def ug_m3_per_ppb(gas: str, reference_k: float) -> float:
    """Return ug/m3 at ``reference_k`` and 1013.25 hPa that 1 nmol/mol of ``gas`` is. Raises KeyError."""
    return MOLAR_MASS[gas] * STANDARD_PRESSURE_PA / (GAS_CONSTANT * reference_k) * 1e-3
