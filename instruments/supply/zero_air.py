"""Zero air: what its scrubbers leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from instruments.air import FloatArray, Species


class ZeroSource(Protocol):
    """What a calibrator dilutes with."""

    def fractions(self, first: int, last: int) -> FloatArray:
        """Return true mole fractions, shape (len(Species), n) or (len(Species), 1), seconds ``first`` to ``last``."""
        ...

    def limit_lpm(self, first: int, last: int) -> FloatArray | None:
        """Return the flow beyond which there is no more, L/min, shape (n,); None: there always is."""
        ...


@dataclass(frozen=True)
class ZeroAir:
    """Zero air with constant residues, as much as is wanted.

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

    def fractions(self, first: int, last: int) -> FloatArray:
        """Return the true mole fractions, shape (len(Species), 1)."""
        return self.composition()[:, None]

    def limit_lpm(self, first: int, last: int) -> None:
        """There is always enough."""
        return
