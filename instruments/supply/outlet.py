"""What leaves a dynamic calibrator: dilution of cylinder gas, ozone, gas-phase titration, on the one-second grid.

The transit time of the reaction chamber (about half a minute) counts for the chemistry, not as a delay of the gas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from instruments.air import FloatArray, Species
from instruments.filters import lag
from instruments.history import ROWS, GasSeries
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, interpolated
from instruments.supply.ozone import titrate
from instruments.supply.targets import Connected, State, controllers
from instruments.supply.zero_air import ZeroAir

MMHG_PER_HPA = 0.750061683
SHUT = 1e-6
"""L/min that count as no flow."""

GAS_SET, ZERO_SET, _GAS_TRUE, _ZERO_TRUE, _OZONE, _OFFERED = range(ROWS, ROWS + 6)
_COUNT = len(Species)
_FLOOR = 1e-30  # closed valves settle here: denormal numbers would be slow
_KEEP_S = 25 * 3600
_LAMP_TIME_S = 300.0
"""Correlation time of the lamp's fluctuation (assumed)."""


class Outlet(GasSeries):
    """The calibrator's outlet: gas, and the flow offered, with :attr:`state` as it stands.

    Args:
        figures: the model's figures by name.
        name: the calibrator's name on the bench; keys the random paths.
        seed: root seed.
        zero_air: what dilutes.
        pressure: slow path of the room's pressure, unit size.
        state: as the unit starts.
    """

    def __init__(
        self, figures: Mapping[str, float], name: str, seed: int, zero_air: ZeroAir, pressure: OrnsteinUhlenbeck,
        state: State,
    ) -> None:  # fmt: skip
        super().__init__(extra_rows=6)
        self._keep = _KEEP_S
        self._figures = figures
        self._zero = zero_air.composition()
        self._pressure = pressure
        repeat = figures["flow_repeatability_time"]
        self._scatter = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", repeat) for label in ("gas", "zero")}
        self._lamp = OrnsteinUhlenbeck(seed, f"{name}/ozone", _LAMP_TIME_S)
        self.state = state
        self.cylinders: Connected = {}

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Return the true total flow, L/min, grid points ``first`` to ``last``."""
        offered: FloatArray = self.values(first, last)[_OFFERED]
        return offered

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        before = None if self.history.stop == 0 else self.history.last()
        targets, figures = self.state.targets, self._figures
        inputs = self._inputs()
        start = inputs if before is None else before[GAS_SET : _OZONE + 1]
        steps = np.repeat(inputs[:, None], last - first, axis=1)
        rows[GAS_SET:_OZONE] = lag(steps[:4], start[:4], math.exp(-1.0 / figures["flow_settling"]))
        rows[_OZONE] = lag(steps[4:], start[4:], math.exp(-1.0 / figures["ozone_settling"]))[0]
        gas = self._scattered("gas", rows[_GAS_TRUE], first, last)
        zero = self._scattered("zero", rows[_ZERO_TRUE], first, last)
        total = gas + zero
        rows[_OFFERED] = np.where(total > SHUT, total, 0.0)
        pressure = figures["pressure"] + figures["pressure_sd"] * interpolated(self._pressure, first, last, MINUTE_S)
        rows[_COUNT], rows[_COUNT + 1] = figures["room_temp"], pressure / MMHG_PER_HPA
        mixture = self._mixture(gas, zero, self._fluctuating(rows[_OZONE], first, last))
        # nothing is blown out of the mixing volume while no gas flows
        flow = targets.gas + targets.zero
        decay = math.exp(-flow / 60.0 / figures["mixing_volume"])
        mixture = np.maximum(mixture, _FLOOR)
        rows[:_COUNT] = lag(mixture, mixture[:, 0] if before is None else before[:_COUNT], decay)

    def _inputs(self) -> FloatArray:
        """Where flows and ozone settle: set flow and true flow of both controllers (L/min), ozone (nmol/mol)."""
        targets, hidden = self.state.targets, self.state.hidden
        lamp = targets.ozone > 0.0
        gas_controller, zero_controller = controllers(self._figures, hidden)
        gas, zero = gas_controller.true_flow(targets.gas), zero_controller.true_flow(targets.zero)
        if lamp:
            zero += hidden.lamp_flow_change_pct / 100.0 * (gas + zero)
        error = hidden.photometer_error_pct if targets.mode == "ozone" else hidden.ozone_table_error_pct
        offset = hidden.photometer_offset if targets.mode == "ozone" and lamp else 0.0
        ozone = max(targets.ozone * (1.0 + error / 100.0) + offset, 0.0)
        return np.asarray(np.maximum(np.array([targets.gas, targets.zero, gas, zero, ozone]), _FLOOR))

    def _scattered(self, label: str, flow: FloatArray, first: int, last: int) -> FloatArray:
        """Flow with the controller's repeatability."""
        share = self.state.hidden.flow_repeatability_pct / 100.0
        return np.asarray(flow * (1.0 + share * interpolated(self._scatter[label], first, last, MINUTE_S)))

    def _fluctuating(self, ozone: FloatArray, first: int, last: int) -> FloatArray:
        """Ozone with the fluctuation of its lamp; as the lamp fades its fluctuation goes with it."""
        hidden = self.state.hidden
        size = np.maximum(ozone * hidden.ozone_fluctuation_pct / 200.0, hidden.ozone_fluctuation / 2.0)
        size = np.minimum(size, ozone)
        return np.asarray(np.maximum(ozone + size * interpolated(self._lamp, first, last, MINUTE_S), 0.0))

    def _mixture(self, gas: FloatArray, zero: FloatArray, ozone: FloatArray) -> FloatArray:
        targets, figures = self.state.targets, self._figures
        total = np.maximum(gas + zero, SHUT)
        residue = self._zero[:, None]
        port = self.state.settings.gas
        content = self.cylinders[port][0].composition()[:, None] if port in self.cylinders else residue
        if targets.mode != "gpt":
            mixed = residue + (content - residue) * (gas / total)
            if targets.mode == "ozone":
                mixed[Species.O3] += ozone
            return np.asarray(mixed)
        branch = zero * (figures["ozone_branch_flow"] / 1000.0 / targets.zero)
        chamber = np.maximum(gas + branch, SHUT)
        entering = residue + (content - residue) * (gas / chamber)
        # the lamp's table gives a dose: ozone asked for in the total flow asked for
        entering[Species.O3] += ozone * (targets.gas + targets.zero) / chamber
        leaving = titrate(
            entering, chamber, figures["chamber_volume"], figures["room_temp"], figures["pressure"] / MMHG_PER_HPA
        )
        return np.asarray(residue + (leaving - residue) * (chamber / total))
