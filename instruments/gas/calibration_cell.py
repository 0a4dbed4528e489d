"""A closed cell of certified gas, which somebody puts into the light of an open-path unit's calibration lamp.

A column is a column: a cell of length l with the mole fraction c_cell looks like

    c = c_cell l / L

on a path of length L (1 m of 100 umol/mol is 200 nmol/mol on 500 m).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from instruments.air import FloatArray, Species


@dataclass(frozen=True)
class CalibrationCell:
    """A cell, filled at the pressure and temperature of the room that it lies in.

    Attributes:
        length_m: length between its windows.
        certified: what is in it by its certificate, or by that of the cylinder that it was filled from, nmol/mol
            (CO umol/mol); species left out are absent.
        content: what truly is in it, shape (len(Species),), same units.
    """

    length_m: float
    certified: Mapping[Species, float]
    content: FloatArray

    def __post_init__(self) -> None:
        if self.length_m <= 0.0 or (self.content < 0.0).any():
            raise ValueError("a cell has a length, and no less than nothing in it")

    def equivalent(self, species: Species, path_m: float) -> float:
        """What the cell is on a path of ``path_m`` by its certificate, unit of the species."""
        return self.certified.get(species, 0.0) * self.length_m / path_m
