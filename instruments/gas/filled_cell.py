"""A cell that is filled by hand with certified gas and closed: a source of constant gas until it is filled anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from instruments.air import GRID_US, FloatArray, GasSource, Species
from instruments.history import GasSeries, as_rows
from instruments.plumbing import COUNT


class FilledCell(GasSeries):
    """A closed calibration cell at the temperature and pressure of the room it lies in.

    Args:
        room: the air around it.
        filling: mole fractions, units of :data:`~instruments.air.UNIT_OF`; species left out are absent.
    """

    def __init__(self, room: GasSource, filling: Mapping[Species, float]) -> None:
        super().__init__()
        self._room = room
        self._filling = _column(filling)
        room.on_change(self)

    def fill(self, t_us: int, filling: Mapping[Species, float]) -> None:
        """Empty the cell and fill it anew at ``t_us``."""
        point = t_us // GRID_US + 1
        self.ensure(point)
        self._filling = _column(filling)
        self.gas_changed(point)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        rows[COUNT:] = as_rows(self._room.gas(first, last))[COUNT:]
        rows[:COUNT] = self._filling[:, None]


def _column(filling: Mapping[Species, float]) -> FloatArray:
    if any(value < 0.0 for value in filling.values()):
        raise ValueError("a cell cannot be filled with less than nothing")
    return np.array([filling.get(species, 0.0) for species in Species])
