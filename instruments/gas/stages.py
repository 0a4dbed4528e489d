"""Gas in an analyzer's cell, and the conditions of a measuring step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import GRID_US, FloatArray, Species
from instruments.filters import lag
from instruments.history import KEEP_S, ToldSeries

if TYPE_CHECKING:
    from instruments.gas.detector import Detector

STEP_S = 10
"""Length of a measuring step where a kind has no other, seconds."""

STEP_US = STEP_S * GRID_US
MMHG_PER_HPA = 0.750061683
_DAY_S = 86_400
_HELD_BY_DUST = {Species.SO2, Species.O3}
_VACUUM = 0.2
"""Pressure over that of the air to which a pump evacuates a cell whose inlet is capped: diaphragm pumps of analyzers
reach 150 to 250 mmHg (recalled)."""


class Cell(ToldSeries):
    """Gas in the cell: what the open port gives, diluted by the leak, after the cell's lag.

    Followed are the species to which the detector answers (:attr:`Detector.answers_to`), a row each, and the pressure
    in the last row. Nothing else of a cell is ever seen.
    """

    def __init__(self, analyzer: Detector) -> None:
        super().__init__(len(analyzer.answers_to) + 1, KEEP_S)
        self._analyzer = analyzer
        self._row = {species: row for row, species in enumerate(analyzer.answers_to)}

    def fraction(self, species: Species, first: int, last: int) -> FloatArray:
        """Mole fraction, grid points ``first`` to ``last`` (exclusive). Raises KeyError for one not followed."""
        fraction: FloatArray = self.values(first, last)[self._row[species]]
        return fraction

    def pressure_hpa(self, first: int, last: int) -> FloatArray:
        """Pressure, grid points ``first`` to ``last`` (exclusive)."""
        pressure: FloatArray = self.values(first, last)[-1]
        return pressure

    def gas_changed(self, index: int) -> None:
        """Forget gas and detector from grid point ``index`` on."""
        super().gas_changed(index)
        self._analyzer.gas_changed(index)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        analyzer, species = self._analyzer, self._row
        leak = 1.0 if analyzer.capped else analyzer.leak()
        if leak > 0.0:
            analyzer.room(first, last)  # computed first: what it draws on must not grow under the views below
        inlet = analyzer.inlet(first, last)
        given = (*(inlet.fractions[one] for one in species), inlet.pressure_hpa)
        if leak > 0.0:
            room = analyzer.room(first, last)
            around = (*(room.fractions[one] for one in species), room.pressure_hpa)
            for row, tight, air in zip(rows, given, around, strict=True):
                np.subtract(air, tight, out=row)
                row *= leak
                row += tight
        else:
            for row, tight in zip(rows, given, strict=True):
                row[:] = tight
        passes = analyzer.filter_passes(first)
        if passes < 1.0:
            for held in _HELD_BY_DUST & species.keys():
                rows[species[held]] *= passes
        gas = rows[:-1]
        previous = gas[:, 0].copy() if first == 0 else self.history.last()[:-1]
        lag(gas, previous, analyzer.cell_decay(first), out=gas)
        if analyzer.capped:
            # The orifice behind the cell passes a flow in proportion to the pressure before it: what leaks in sets it.
            rows[-1] *= max(analyzer.let_in(), _VACUUM)


class Surroundings:
    """Paths and conditions that a detector works under, for steps ``first`` to ``last``."""

    def __init__(self, analyzer: Detector, first: int, last: int) -> None:
        self._step_s = step = analyzer.step_s
        self._cell, self._second, self._end = analyzer.cell, first * step, last * step
        pressure_hpa = analyzer.cell.pressure_hpa(first * step, last * step)
        shape = (-1, step)
        room = analyzer.room(first * step, last * step)
        self.room_c = room.temperature_c.reshape(shape)[:, -1].copy()
        self.room_water = room.fractions[Species.H2O].reshape(shape)[:, -1].copy()
        before_the_filter = pressure_hpa.reshape(shape)[:, -1] * MMHG_PER_HPA
        self.pressure_mmhg = before_the_filter - analyzer.filter_drop_mmhg(first * step)
        self.days = np.arange(first, last) / (_DAY_S / step)
        self.volts_off = analyzer.volts_off(first, last)
        cabinet = analyzer.cabinet
        self.box_c = cabinet.inside_c(self.room_c, first)
        self.box_off_c = self.box_c - cabinet.adjusted_at_c
        self.box_shown_c = cabinet.measured_c(self.box_c)

    def mean(self, species: Species, begin: int = 0) -> FloatArray:
        """Mean over each step's seconds from ``begin`` on of a species in the cell. Sums in a fixed order."""
        table = self._cell.fraction(species, self._second, self._end).reshape(-1, self._step_s)
        total = table[:, begin].copy()
        for second in range(begin + 1, self._step_s):
            total += table[:, second]
        return np.asarray(total / (self._step_s - begin))
