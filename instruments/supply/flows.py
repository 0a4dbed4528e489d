"""What a calibrator's controllers and its ozone lamp do, by the second: settings and causes only, no gas.

Cylinders and the zero-air generator take the flows asked for from here, so that what they give may depend on what has
been drawn, without a circle.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray
from instruments.filters import first_order, lag
from instruments.history import ToldSeries
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, interpolated
from instruments.supply.settings import PORTS
from instruments.supply.targets import FROM_ZERO, true_flows

if TYPE_CHECKING:
    from instruments.supply.calibrator import Calibrator

GAS_SET, ZERO_SET, _GAS_LAG, _ZERO_LAG, GAS_ASKED, ZERO_ASKED, PORT, _OZONE_SET, OZONE, _DOSE, LIGHT_USED = range(11)
_LEAK, _LEAK_PORT = 11, 12
SHUT = 1e-6
"""L/min that count as no flow."""
KEPT_S = 25 * 3600
_FLOOR = 1e-30  # closed valves settle here: denormal numbers would be slow
_YEAR_S = 365.25 * 86400.0
_CONDITIONED = 4000.0
"""nmol/mol min of ozone that take the wall loss to 1/e: 20 min at 200 nmol/mol (this project's choice)."""
_FORGOTTEN_S = 2 * 86400.0
"""How long walls remember ozone (this project's choice)."""
_LAMP_PER_C = 0.01
"""Ozone of a lamp at constant drive by its temperature: 1 % per degree (recalled, physics.md section 2)."""
ZERO_PORT = -2.0
NO_PORT = -1.0


class Flows(ToldSeries):
    """Flows that the controllers ask for and the ozone that the lamp makes, as the calibrator stands."""

    def __init__(self, box: Calibrator) -> None:
        super().__init__(13, KEPT_S)
        self._box = box
        repeat = box.figures["flow_repeatability_time"]
        self._scatter = {
            label: OrnsteinUhlenbeck(box.seed, f"{box.name}/{label}", repeat) for label in ("gas", "zero")
        }  # fmt: skip

    def zero_lpm(self, first: int, last: int) -> FloatArray:
        """Zero air asked for, L/min, also what goes through the gas controller in its place."""
        rows = self.values(first, last)
        asked = rows[ZERO_ASKED] + np.where(rows[PORT] == ZERO_PORT, rows[GAS_ASKED], 0.0)
        return np.where(asked > SHUT, asked, 0.0)

    def gas_lpm(self, port: str, first: int, last: int) -> FloatArray:
        """Gas asked for at ``port``, L/min, with what a leaking valve lets through."""
        rows = self.values(first, last)
        asked = np.where(rows[PORT] == PORTS.index(port), rows[GAS_ASKED], 0.0)
        asked += np.where(rows[_LEAK_PORT] == PORTS.index(port), rows[_LEAK], 0.0)
        return np.where(asked > SHUT, asked, 0.0)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        box, targets, hidden = self._box, self._box.targets, self._box.hidden
        begin = self.history.stop == 0
        before = None if begin else self.history.last()
        gas, zero = true_flows(targets, box.figures, hidden)
        if targets.ozone > 0.0:
            zero += hidden.lamp_flow_change_pct / 100.0 * (gas + zero)
        goals = np.maximum(np.array([targets.gas, targets.zero, gas, zero]), _FLOOR)
        start = goals if before is None else before[GAS_SET : _ZERO_LAG + 1]
        flows = rows[GAS_SET : _ZERO_LAG + 1]
        flows[:] = goals[:, None]
        lag(flows, start, math.exp(-1.0 / box.figures["flow_settling"]), out=flows)
        seconds = np.arange(first, last)
        change = None
        if hidden.flow_pct_per_c != 0.0:
            change = hidden.flow_pct_per_c / 100.0 * (box.room_c(first, last) - 25.0)
        for asked, lagged, label in ((GAS_ASKED, _GAS_LAG, "gas"), (ZERO_ASKED, _ZERO_LAG, "zero")):
            share = hidden.flow_repeatability_pct / 100.0
            since, drifted, rate = box.drift(label)
            wrong = 1.0 + share * interpolated(self._scatter[label], first, last, MINUTE_S)
            if rate != 0.0 or drifted != 0.0:
                wrong = wrong + (drifted + rate / 100.0 * (seconds - since) / _YEAR_S)
            if change is not None:
                wrong = wrong + change
            np.multiply(rows[lagged], wrong, out=rows[asked])
        rows[PORT] = (
            ZERO_PORT if targets.port == FROM_ZERO else PORTS.index(targets.port) if targets.port else NO_PORT
        )  # fmt: skip
        rows[_LEAK], rows[_LEAK_PORT] = hidden.solenoid_leak_cc_min / 1000.0, PORTS.index(hidden.solenoid_leak_port)
        self._ozone(first, last, rows, before)

    def _ozone(self, first: int, last: int, rows: FloatArray, before: FloatArray | None) -> None:
        """Ozone in the total flow, nmol/mol, by the way that the lamp is controlled."""
        box, targets, hidden = self._box, self._box.targets, self._box.hidden
        control = box.ozone_control()
        goal = max(box.ozone_goal(control), _FLOOR)
        start = np.array([goal if before is None else before[_OZONE_SET]])
        decay = math.exp(-1.0 / box.figures["ozone_settling"])
        rows[_OZONE_SET] = goal
        lag(rows[_OZONE_SET][None], start, decay, out=rows[_OZONE_SET][None])
        ozone, used = rows[_OZONE_SET].copy(), 0.0
        if before is None:
            dose = 20.0 * _CONDITIONED if box.warm_at_start else 0.0
        else:
            dose = float(before[_DOSE])
        if targets.ozone > 0.0:
            light = box.ozone_light(first, last)
            strongest = box.figures["ozone_dose_high"] * box.figures["ozone_headroom"]
            per_ozone = targets.total / strongest
            if control == "constant":
                ozone *= light * (1.0 + _LAMP_PER_C * (box.lamp_block(first, last) - box.figures["o3_lamp_temp"]))
            else:
                # A servo turns the lamp up as it fades, until there is no more.
                ozone = np.minimum(ozone, light / per_ozone)
            used = per_ozone
        rows[LIGHT_USED] = ozone * used
        rows[_DOSE] = first_order(
            (ozone / 60.0)[None], np.array([dose]), math.exp(-1.0 / _FORGOTTEN_S)
        )[0]  # fmt: skip
        if control != "photometer" and hidden.ozone_wall_loss_pct > 0.0:
            ozone = ozone * (1.0 - hidden.ozone_wall_loss_pct / 100.0 * np.exp(-rows[_DOSE] / _CONDITIONED))
        rows[OZONE] = ozone
