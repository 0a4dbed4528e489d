"""Concentrations on the C-Link wire: the box's gas unit against the units inside, and the forms of exponents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from instruments.device import Value
from instruments.errors import Refused

Read = Callable[[str], Value]
"""Gives the value of a quantity by its name."""

NumberForm = Literal["E+00", "E+0", "0123E+0"]
"""How a box writes exponents: ``1.234E+01`` and ``1.234E+1`` (iSeries), ``0123E-1`` (older firmware, C-series)."""

LITRES_PER_MOL = 22.414 * 293.15 / 273.15
"""Molar volume at 20 deg C and 760 mmHg, for which the iSeries states mass concentrations (recalled)."""

_PPB_PER: Mapping[str, float] = {"ppb": 1.0, "ppm": 1000.0, "nmol/mol": 1.0, "umol/mol": 1000.0}
_MICROGRAMS_PER: Mapping[str, float] = {"ug/m3": 1.0, "mg/m3": 1000.0}
INNER_DIGITS: Mapping[str, int] = {"nmol/mol": 0, "umol/mol": 3, "ppb": 0, "ug/m3": 0, "ppm": 3, "mg/m3": 3}
"""Decimals that a unit needs more than ppb does."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """What must be known of a quantity that is a concentration.

    Attributes:
        unit: its unit inside: ``nmol/mol``, ``umol/mol``, of particles ``ug/m3``; empty if another quantity tells it.
        unit_from: that other quantity.
        molar_mass: g/mol, for the mass units.
    """

    unit: str
    molar_mass: float
    unit_from: str = ""

    def inner_unit(self, read: Read) -> str:
        """Return the unit of the value inside. Raises Refused if it is none that can be converted."""
        unit = self.unit or str(read(self.unit_from))
        if unit not in _PPB_PER and unit not in _MICROGRAMS_PER:
            raise Refused("no option", f"no concentration in {unit!r} on this wire")
        return unit

    def to_wire(self, value: float, inner: str, wire: str) -> float:
        """Convert from the unit inside to the box's gas unit. Raises Refused if particles are to be a mole fraction."""
        if inner in _MICROGRAMS_PER:
            if wire not in _MICROGRAMS_PER:
                raise Refused("invalid", f"particles cannot be told in {wire}")
            return value / _MICROGRAMS_PER[wire]
        ppb = value * _PPB_PER[inner]
        if wire in _PPB_PER:
            return ppb if wire == "ppb" else ppb / _PPB_PER[wire]
        micrograms = ppb * self.molar_mass / LITRES_PER_MOL
        return micrograms if wire == "ug/m3" else micrograms / 1000.0

    def from_wire(self, value: float, inner: str, wire: str) -> float:
        """Convert from the box's gas unit to the unit inside."""
        return value / self.to_wire(1.0, inner, wire)


def exponent_form(value: float, form: NumberForm) -> str:
    """Write ``value`` with four digits and an exponent, as boxes of that firmware do."""
    if not math.isfinite(value):
        value = 0.0
    text = f"{value:.3E}"
    if form == "E+00":
        return text
    mantissa, _, exponent = text.partition("E")
    power = int(exponent)
    if form == "E+0":
        return f"{mantissa}E{power:+d}"
    if value == 0.0:
        return "0000E+0"
    # Old boxes keep the point inside the four digits while they can: 12.34 is 1234E-2, 0.5 is 0500E-3.
    power = max(power - 3, -3)
    return f"{round(value / 10.0**power):0{5 if value < 0 else 4}d}E{power:+d}"
