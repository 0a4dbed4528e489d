"""Gas in an analyzer's cell, and the conditions of a measuring step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import GRID_US, FloatArray, Gas, Species
from instruments.filters import lag
from instruments.history import GasSeries, as_gas, put

if TYPE_CHECKING:
    from instruments.gas.detector import Detector

STEP_S = 10
"""Length of a measuring step where a kind has no other, seconds."""

STEP_US = STEP_S * GRID_US
MMHG_PER_HPA = 0.750061683
_DAY_S = 86_400
_VACUUM = 0.2
"""Pressure over that of the air to which a pump evacuates a cell whose inlet is capped: diaphragm pumps of analyzers
reach 150 to 250 mmHg (recalled)."""


class Cell(GasSeries):
    """Gas in the cell: what the open port gives, diluted by the leak, after the cell's lag."""

    def __init__(self, analyzer: Detector) -> None:
        super().__init__()
        self._analyzer = analyzer

    def gas_changed(self, index: int) -> None:
        """Forget gas and detector from grid point ``index`` on."""
        super().gas_changed(index)
        self._analyzer.gas_changed(index)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        analyzer = self._analyzer
        leak = 1.0 if analyzer.capped else analyzer.leak()
        if leak > 0.0:
            analyzer.room(first, last)  # computed first: what it draws on must not grow under the views below
        inlet = analyzer.inlet(first, last)
        if leak > 0.0:
            room = analyzer.room(first, last)
            for row, tight, air in zip(rows, _rows_of(inlet), _rows_of(room), strict=True):
                np.subtract(air, tight, out=row)
                row *= leak
                row += tight
            inlet = as_gas(first, rows)
        passes = analyzer.filter_passes(first)
        if passes < 1.0:
            if leak <= 0.0:
                put(rows, inlet)
                inlet = as_gas(first, rows)
            rows[Species.SO2] *= passes
            rows[Species.O3] *= passes
        previous = inlet.fractions[:, 0].copy() if first == 0 else self.history.last()[: len(Species)]
        cell = as_gas(first, rows)
        lag(inlet.fractions, previous, analyzer.cell_decay(first), out=cell.fractions)
        cell.temperature_c[:], cell.pressure_hpa[:] = inlet.temperature_c, inlet.pressure_hpa
        if analyzer.capped:
            # The orifice behind the cell passes a flow in proportion to the pressure before it: what leaks in sets it.
            cell.pressure_hpa[:] *= max(analyzer.let_in(), _VACUUM)


def _rows_of(gas: Gas) -> tuple[FloatArray, ...]:
    """Views of ``gas`` in the order of a series' rows."""
    return (*gas.fractions, gas.temperature_c, gas.pressure_hpa)


class Surroundings:
    """Paths and conditions that a detector works under, for steps ``first`` to ``last``."""

    def __init__(self, analyzer: Detector, first: int, last: int) -> None:
        self._step_s = step = analyzer.step_s
        cell = analyzer.cell.gas(first * step, last * step)
        self.cell = cell
        shape = (-1, step)
        room = analyzer.room(first * step, last * step)
        self.room_c = room.temperature_c.reshape(shape)[:, -1].copy()
        self.room_water = room.fractions[Species.H2O].reshape(shape)[:, -1].copy()
        before_the_filter = cell.pressure_hpa.reshape(shape)[:, -1] * MMHG_PER_HPA
        self.pressure_mmhg = before_the_filter - analyzer.filter_drop_mmhg(first * step)
        self.days = np.arange(first, last) / (_DAY_S / step)
        self.volts_off = analyzer.volts_off(first, last)
        cabinet = analyzer.cabinet
        self.box_c = cabinet.inside_c(self.room_c, first)
        self.box_off_c = self.box_c - cabinet.adjusted_at_c
        self.box_shown_c = cabinet.measured_c(self.box_c)

    def mean(self, species: Species, begin: int = 0) -> FloatArray:
        """Mean over each step's seconds from ``begin`` on of a species in the cell. Sums in a fixed order."""
        table = self.cell.fractions[species].reshape(-1, self._step_s)
        total = table[:, begin].copy()
        for second in range(begin + 1, self._step_s):
            total += table[:, second]
        return np.asarray(total / (self._step_s - begin))
