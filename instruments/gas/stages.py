"""Gas in an analyzer's cell, and the conditions of a measuring step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from instruments.air import GRID_US, FloatArray, Species
from instruments.filters import lag
from instruments.history import GasSeries, as_gas, as_rows

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
        inlet = self._analyzer.inlet(first, last)
        leak = 1.0 if self._analyzer.capped else self._analyzer.leak()
        if leak > 0.0:
            tight = as_rows(inlet)
            inlet = as_gas(first, tight + leak * (as_rows(self._analyzer.room(first, last)) - tight))
        passes = self._analyzer.filter_passes(first)
        if passes < 1.0:
            filtered = as_rows(inlet)
            filtered[[Species.SO2, Species.O3]] *= passes
            inlet = as_gas(first, filtered)
        previous = inlet.fractions[:, 0] if first == 0 else self.history.last()[: len(Species)]
        cell = as_gas(first, rows)
        cell.fractions[:] = lag(inlet.fractions, previous, self._analyzer.cell_decay(first))
        cell.temperature_c[:], cell.pressure_hpa[:] = inlet.temperature_c, inlet.pressure_hpa
        if self._analyzer.capped:
            # The orifice behind the cell passes a flow in proportion to the pressure before it: what leaks in sets it.
            cell.pressure_hpa[:] *= max(self._analyzer.let_in(), _VACUUM)


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
