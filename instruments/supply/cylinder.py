"""A cylinder of certified gas: what its certificate says, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from instruments.air import FloatArray, Species


@dataclass(frozen=True)
class Cylinder:
    """A certified gas in nitrogen: one main species, and further certified ones in a mixture.

    Attributes:
        species: the main species.
        certified: certified mole fraction, unit of the species (nmol/mol; CO: umol/mol).
        u_pct: expanded uncertainty of the certificate (k = 2), per cent of the value, of every component.
        impurities: true mole fractions of other species, own units.
        deviation_pct: hidden truth: how far the certified content lies from the certificate, per cent.
        others: certified mole fractions of the further components of a mixture, own units.
    """

    species: Species
    certified: float
    u_pct: float
    impurities: Mapping[Species, float] = field(default_factory=dict)
    deviation_pct: float = 0.0
    others: Mapping[Species, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.components.values()) <= 0.0 or self.u_pct < 0.0:
            raise ValueError("a cylinder needs a positive certified value and an uncertainty that is not negative")
        if self.species in self.others:
            raise ValueError(f"{self.species.name} is the cylinder's main species, not a further component")
        for species in self.impurities:
            if species in self.components:
                what = "main species" if species is self.species else "certified components"
                raise ValueError(f"{species.name} is one of the cylinder's {what}, not an impurity")

    @property
    def components(self) -> Mapping[Species, float]:
        """All certified components, the main one first."""
        return {self.species: self.certified, **self.others}

    @property
    def standard_uncertainty(self) -> float:
        """Standard uncertainty (k = 1) of the certified value, in its unit."""
        return self.certified * self.u_pct / 200.0

    def composition(self) -> FloatArray:
        """Return the true mole fractions, shape (len(Species),)."""
        fractions = np.zeros(len(Species))
        for species, value in self.impurities.items():
            fractions[species] = value
        for species, value in self.components.items():
            fractions[species] = value * (1.0 + self.deviation_pct / 100.0)
        return fractions
