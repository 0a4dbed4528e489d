"""What leaves a dynamic calibrator: dilution of cylinder gas, ozone, gas-phase titration, on the one-second grid.

The transit time of the reaction chamber (about half a minute) counts for the chemistry, not as a delay of the gas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray, Species
from instruments.filters import lag
from instruments.history import ROWS, GasSeries
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.supply.flows import (
    GAS_ASKED,
    GAS_SET,
    KEPT_S,
    OZONE,
    SHUT,
    ZERO_ASKED,
    ZERO_PORT,
    ZERO_SET,
)
from instruments.supply.flows import PORT as PORT_ROW
from instruments.supply.ozone import titrate
from instruments.supply.settings import PORTS

if TYPE_CHECKING:
    from instruments.supply.calibrator import Calibrator

MMHG_PER_HPA = 0.750061683
OFFERED, GAS_SHOWN, ZERO_SHOWN, GAS_TRUE, ZERO_TRUE, PHOTOMETER, VENT, OZONE_MADE = range(ROWS, ROWS + 8)
_COUNT = len(Species)
_FLOOR = 1e-30  # closed valves settle here: denormal numbers would be slow
_LAMP_TIME_S = 300.0
"""Correlation time of the lamp's fluctuation (assumed)."""
CYCLE_S = 6
"""Photometer: 2 s wait, 1 s measure, 3 s for the reference (Teledyne T700 manual pp. 273, 299; read)."""
_MEASURED_AT = 2


class Outlet(GasSeries):
    """The calibrator's outlet: gas, the flow offered, and what its own photometer reads of it."""

    def __init__(self, box: Calibrator) -> None:
        super().__init__(extra_rows=8)
        self._keep = KEPT_S
        self._box = box
        self._lamp = OrnsteinUhlenbeck(box.seed, f"{box.name}/ozone", _LAMP_TIME_S)
        self._photometer = WhiteNoise(box.seed, f"{box.name}/photometer")

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Return the true total flow, L/min, grid points ``first`` to ``last``."""
        offered: FloatArray = self.values(first, last)[OFFERED]
        return offered

    def vent_hpa_per_lpm(self, first: int, last: int) -> FloatArray:
        """Pressure that flow which nobody draws makes at the outlet, hPa for each L/min; 0: the vent is free."""
        stiffness: FloatArray = self.values(first, last)[VENT]
        return stiffness

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        box = self._box
        before = None if self.history.stop == 0 else self.history.last()
        flows = box.flows.values(first, last)
        residue = box.zero_air.fractions(first, last)
        limit = box.zero_air.limit_lpm(first, last)
        asked = flows[ZERO_ASKED]
        part = np.ones(last - first) if limit is None else np.minimum(limit / np.maximum(asked, SHUT), 1.0)
        zero, rows[ZERO_SHOWN] = asked * part, flows[ZERO_SET] * part
        content, share = self._content(residue, flows[PORT_ROW], first, last)
        gas, rows[GAS_SHOWN] = flows[GAS_ASKED] * share, flows[GAS_SET] * share
        total = gas + zero
        mixture = self._mixture(gas, zero, residue, content, self._fluctuating(flows[OZONE], first, last))
        if box.hidden.solenoid_leak_cc_min > 0.0:
            mixture, total = self._with_leak(mixture, total, residue, first, last)
        rows[OFFERED] = np.where(total > SHUT, total, 0.0)
        rows[GAS_TRUE], rows[ZERO_TRUE], rows[VENT] = gas, zero, box.hidden.vent_hpa_per_lpm
        rows[_COUNT], rows[_COUNT + 1] = box.room_c(first, last), box.room_hpa(first, last)
        # nothing is blown out of the mixing volume while no gas flows
        flow = box.targets.total
        decay = math.exp(-flow / 60.0 / box.figures["mixing_volume"])
        np.maximum(mixture, _FLOOR, out=mixture)
        start = mixture[:, 0].copy()
        if before is not None:
            start = before[:_COUNT]
            start[Species.O3] = before[OZONE_MADE]
        lag(mixture, start, decay, out=rows[:_COUNT])
        rows[OZONE_MADE] = rows[Species.O3]
        rows[Species.O3] *= 1.0 - box.hidden.ozone_line_loss_pct / 100.0
        rows[PHOTOMETER] = self._read(first, last, rows[OZONE_MADE])

    def _content(
        self, residue: FloatArray, ports: FloatArray, first: int, last: int
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Gas before the controller for cylinder gas, and what flows over what is asked for."""
        box, index = self._box, int(ports[-1])
        if index == ZERO_PORT:
            limit = box.zero_air.limit_lpm(first, last)
            return residue, np.ones(last - first) if limit is None else np.where(limit > SHUT, 1.0, 0.0)
        port = PORTS[index] if index >= 0 else str(box.settings["gas"])
        return box.gas_at(port, residue, first, last)

    def _with_leak(
        self, mixture: FloatArray, total: FloatArray, residue: FloatArray, first: int, last: int
    ) -> tuple[FloatArray, FloatArray]:
        hidden = self._box.hidden
        content, share = self._box.gas_at(hidden.solenoid_leak_port, residue, first, last)
        leak = hidden.solenoid_leak_cc_min / 1000.0 * share
        return mixture + (content - mixture) * (leak / np.maximum(total + leak, SHUT)), total + leak

    def _fluctuating(self, ozone: FloatArray, first: int, last: int) -> FloatArray:
        """Ozone with the fluctuation of its lamp; as the lamp fades its fluctuation goes with it."""
        hidden = self._box.hidden
        size = np.maximum(ozone * hidden.ozone_fluctuation_pct / 200.0, hidden.ozone_fluctuation / 2.0)
        size = np.minimum(size, ozone)
        return np.asarray(np.maximum(ozone + size * interpolated(self._lamp, first, last, MINUTE_S), 0.0))

    def _mixture(
        self, gas: FloatArray, zero: FloatArray, residue: FloatArray, content: FloatArray, ozone: FloatArray
    ) -> FloatArray:
        box = self._box
        targets, figures = box.targets, box.figures
        total = np.maximum(gas + zero, SHUT)
        if targets.mode != "gpt":
            mixed = residue + (content - residue) * (gas / total)
            if targets.mode in ("ozone", "gptps"):
                mixed[Species.O3] += ozone
            return np.asarray(mixed)
        branch = zero * (figures["ozone_branch_flow"] / 1000.0 / targets.zero)
        chamber = np.maximum(gas + branch, SHUT)
        entering = residue + (content - residue) * (gas / chamber)
        # the lamp's table gives a dose: ozone asked for in the total flow asked for
        entering[Species.O3] += ozone * targets.total / chamber
        leaving = titrate(
            entering, chamber, figures["chamber_volume"], figures["room_temp"], figures["pressure"] / MMHG_PER_HPA
        )
        return np.asarray(residue + (leaving - residue) * (chamber / total))

    def _read(self, first: int, last: int, ozone: FloatArray) -> FloatArray:
        """What the photometer shows: its last complete cycle, with its noise."""
        box = self._box
        low, high = first // CYCLE_S - 1, (last - 1) // CYCLE_S
        measured_at = np.arange(low, high) * CYCLE_S + _MEASURED_AT
        earlier = max(measured_at[0], 0)
        past = self.history.view(earlier, first)[OZONE_MADE] if earlier < first else ozone[:0]
        known = np.concatenate((past, ozone))
        seen = known[np.maximum(measured_at, 0) - (earlier if earlier < first else first)]
        numbers = np.maximum(np.arange(low, high), 0)
        noise = self._photometer.values(int(numbers[0]), int(numbers[-1]) + 1)[numbers - numbers[0]]
        reading = box.photometer_reading(seen) + box.photometer_noise(measured_at) * noise
        return np.repeat(reading, CYCLE_S)[first - (low + 1) * CYCLE_S :][: last - first]
