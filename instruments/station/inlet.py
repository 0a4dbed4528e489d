"""What really enters the sampling line: the outside air, or what somebody makes of it at the inlet.

Mist makes air wetter and cooler along the line of adiabatic saturation and washes some SO2 out; a filter takes gases
away; tempered air is the room's. All of them act at the inlet: gas that has passed it stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray, Gas, Species
from instruments.atmosphere import Site
from instruments.history import GasSeries, as_rows, put
from instruments.plumbing import PRESSURE, TEMPERATURE
from instruments.station.moisture import MAGNUS_A, MAGNUS_C, saturated

if TYPE_CHECKING:
    from instruments.station.manifold import Manifold

_COOLING_K = 1.52
"""Cooling by evaporating 1 mmol of water into 1 mol of air: 44 kJ/mol over 29 J/(mol K)."""

_FILTERED = {Species.SO2: 1.0, Species.NO: 0.1, Species.NO2: 0.9, Species.O3: 1.0}
"""What activated carbon takes of what passes it: NO and CO hardly. This project's choice."""

_GAUZE_UPTAKE = {Species.SO2: 0.03, Species.NO2: 0.01, Species.O3: 0.06}
"""What a dirty gauze over the inlet takes. This project's choice: it is there for the particles."""

_MIST_WASHES_SO2 = 0.3
"""Part of the SO2 that the full mist takes. This project's choice: SO2 dissolves, the other gases do not."""


class Inlet(GasSeries):
    """The air that enters."""

    def __init__(self, manifold: Manifold, site: Site) -> None:
        super().__init__()
        self._manifold, self._site = manifold, site

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        hidden = self._manifold.hidden
        put(rows, self._site.outside.gas(first, last))
        if hidden.mist > 0.0:
            _moisten(rows, hidden.mist)
        if hidden.tempered_air > 0.0:
            mix(rows, self._site.room.gas(first, last), hidden.tempered_air)
        for taken, share in ((_FILTERED, hidden.filtered_air), (_GAUZE_UPTAKE, hidden.gauze)):
            if share > 0.0:
                for species, part in taken.items():
                    rows[species] *= 1.0 - share * part


def mix(rows: FloatArray, other: Gas, share: float) -> None:
    """Let ``share`` of the gas in ``rows`` be ``other``; the pressure stays that of the place."""
    added = as_rows(other)
    rows[:PRESSURE] += share * (added[:PRESSURE] - rows[:PRESSURE])


def _moisten(rows: FloatArray, share: float) -> None:
    """Let ``share`` of the water evaporate that would bring the air to adiabatic saturation."""
    added = np.zeros_like(rows[TEMPERATURE])
    for _ in range(3):  # Newton's steps to the wet bulb: water + added = saturated(temperature - cooling x added)
        cooled = rows[TEMPERATURE] - _COOLING_K * added
        full = saturated(cooled, rows[PRESSURE])
        slope = full * MAGNUS_A * MAGNUS_C / (MAGNUS_C + cooled) ** 2
        added += (full - rows[Species.H2O] - added) / (1.0 + _COOLING_K * slope)
    added = share * np.maximum(added, 0.0)
    rows[Species.H2O] += added
    rows[TEMPERATURE] -= _COOLING_K * added
    rows[Species.SO2] *= 1.0 - _MIST_WASHES_SO2 * share
