"""A cylinder of certified gas: what its certificate says, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from instruments.air import FloatArray, Species


@dataclass(frozen=True)
class Cylinder:
    """A cylinder with one main species in nitrogen.

    Attributes:
        species: the main species.
        certified: certified mole fraction, unit of the species (nmol/mol; CO: umol/mol).
        u_pct: expanded uncertainty of the certificate (k = 2), per cent of the value.
        impurities: true mole fractions of other species, own units.
        deviation_pct: hidden truth: how far the content lies from the certificate, per cent.
    """

    species: Species
    certified: float
    u_pct: float
    impurities: Mapping[Species, float] = field(default_factory=dict)
    deviation_pct: float = 0.0

    def __post_init__(self) -> None:
        if self.certified <= 0.0 or self.u_pct < 0.0:
            raise ValueError("a cylinder needs a positive certified value and an uncertainty that is not negative")
        if self.species in self.impurities:
            raise ValueError(f"{self.species.name} is the cylinder's main species, not an impurity")

    @property
    def standard_uncertainty(self) -> float:
        """Standard uncertainty (k = 1) of the certified value, in its unit."""
        return self.certified * self.u_pct / 200.0

    def composition(self) -> FloatArray:
        """Return the true mole fractions, shape (len(Species),)."""
        fractions = np.zeros(len(Species))
        for species, value in self.impurities.items():
            fractions[species] = value
        fractions[self.species] = self.certified * (1.0 + self.deviation_pct / 100.0)
        return fractions
