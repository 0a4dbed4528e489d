"""Gas mixtures: which species are followed, in which units, and how a stretch of gas on the one-second grid looks.

Units inside the whole project: nmol/mol for SO2, NO, NO2, O3 and PAN, umol/mol for CO, mmol/mol for water vapour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

GRID_US = 1_000_000
"""Microseconds between two points of the gas grid: point k is the instant k * GRID_US since the bench's epoch."""


class Species(IntEnum):
    """Row of a species in :attr:`Gas.fractions`. Appending is allowed, reordering is not."""

    SO2 = 0
    NO = 1
    NO2 = 2
    O3 = 3
    CO = 4
    H2O = 5
    PAN = 6
    """Peroxyacetyl nitrate, for all that a converter takes for NO2."""


UNIT_OF: Mapping[Species, str] = {
    Species.SO2: "nmol/mol",
    Species.NO: "nmol/mol",
    Species.NO2: "nmol/mol",
    Species.O3: "nmol/mol",
    Species.CO: "umol/mol",
    Species.H2O: "mmol/mol",
    Species.PAN: "nmol/mol",
}


@dataclass(frozen=True, slots=True)
class Gas:
    """A stretch of gas at one place: grid points ``first`` to ``first + n - 1``.

    Attributes:
        first: grid index of the first point.
        fractions: mole fractions, shape (len(Species), n), units as in :data:`UNIT_OF`, C-contiguous.
        temperature_c: gas temperature, shape (n,).
        pressure_hpa: gas pressure, shape (n,).
    """

    first: int
    fractions: FloatArray
    temperature_c: FloatArray
    pressure_hpa: FloatArray

    def __len__(self) -> int:
        return int(self.fractions.shape[1])


class GasSource(Protocol):
    """Anything that gas can be drawn from: room air, a cylinder's outlet, a calibrator, the end of a tube."""

    def gas(self, first: int, last: int) -> Gas:
        """Return grid points ``first`` (inclusive) to ``last`` (exclusive), computing what is missing."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Call ``listener.gas_changed(k)`` whenever points from grid index k on are no longer what they were."""
        ...


class GasListener(Protocol):
    """Somebody downstream who has computed ahead and must forget it when the gas changes."""

    def gas_changed(self, index: int) -> None:
        """Points from grid index ``index`` on are void."""
        ...
