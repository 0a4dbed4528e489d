"""Zero air: what its scrubbers leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from instruments.air import FloatArray, Species


@dataclass(frozen=True)
class ZeroAir:
    """Zero air with constant residues.

    Attributes:
        residuals: mole fractions left, own units; species left out are absent.
    """

    residuals: Mapping[Species, float] = field(default_factory=dict)

    def composition(self) -> FloatArray:
        """Return the true mole fractions, shape (len(Species),)."""
        fractions = np.zeros(len(Species))
        for species, value in self.residuals.items():
            fractions[species] = value
        return fractions
