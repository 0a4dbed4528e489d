"""Flows of the calibrator against reference meters: one point of each controller, twenty where that is out of limits.

Q_display against Q_reference, both at the reference state that the calibrator counts at. Where the single point is out
of its limit, the controller is measured at 20 drives, the table of drive and flow that the firmware goes by is written
anew from what the meter showed, and the single point is checked again. The table before stays in the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from calibration.criteria import Subject
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.fits import stored_fit
from calibration.procedures.common.flows import FLOW_QUANTITIES, FlowPair, believable, compare_flow
from calibration.procedures.common.hands import command, put_down, told
from calibration.procedures.common.parameters import GasPlan, Parameters, Percent, Seconds
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Setting, Table, Test
from calibration.uncertainty import Budget, CommonError, LineBudgets, PointError, calibration_line_budgets
from instruments.errors import Refused
from rig.prompts import Prompt

NAME = "calibrator_flow"
_POINTS = 20
_FULL_DRIVE_MV = 5000.0
_PER_LPM = {"L/min": 1.0, "cc/min": 1e-3}
_BELIEVED_PCT = 30.0
"""Difference of display and meter that no controller has, but a meter at the wrong place (this project's choice)."""
_CONNECTING_S = 60.0
"""Least time that it takes to connect or take off a meter, for "time left"."""


class CalibratorFlowPlan(Parameters):
    """What a plan may set of a check of the calibrator's flows."""

    gas_meter: str = "small_flow_meter"
    zero_meter: str = "flow_meter"
    gas_point_pct: Percent = Field(default=50.0, gt=0, description="of the full scale of the gas controller")
    zero_point_pct: Percent = Field(default=50.0, gt=0, description="of the full scale of the zero-air controller")
    calibrator_reference_c: Literal[0, 20, 25] = Field(default=25, description="state that the calibrator counts at")
    settle: Seconds = 60.0
    readings: int = Field(default=10, ge=3)
    every: Seconds = Field(default=5.0, gt=0)
    adjust: Literal["never", "if-needed"] = "if-needed"

    def one_point_s(self) -> float:
        """Time that one flow takes."""
        return self.settle + (self.readings - 1) * self.every


@dataclass(frozen=True, slots=True)
class _Controller:
    """One of the two controllers: names of what belongs to it, its unit, its full scale in L/min."""

    name: str
    meter: str
    unit: str
    full_scale_lpm: float
    point_pct: float
    other_meters_place: str

    @property
    def full_scale(self) -> float:
        return self.full_scale_lpm / _PER_LPM[self.unit]

    @property
    def quantity(self) -> str:
        return f"{self.name}_flow"

    @property
    def table(self) -> str:
        return f"{self.name}_flow_table"

    @property
    def lpm_to_unit(self) -> float:
        return 1.0 / _PER_LPM[self.unit]


class CalibratorFlow(Procedure[CalibratorFlowPlan]):
    """Check both controllers of a calibrator, and write a new flow table where one is out of limits."""

    name = NAME
    parameters = CalibratorFlowPlan
    criteria: ClassVar[Mapping[str, str]] = {"single": "%", "slope": "1", "intercept": "quantity", "correlation": "1"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Calibrators."""
        return unit.kind == "calibrator"

    def rests_on(self, unit: Unit, parameters: CalibratorFlowPlan) -> list[Needed]:
        """A meter for each controller."""
        return [Needed("gas_meter", parameters.gas_meter, FLOW_QUANTITIES),
                Needed("zero_meter", parameters.zero_meter, FLOW_QUANTITIES)]  # fmt: skip

    def judged(self, unit: Unit, parameters: CalibratorFlowPlan) -> list[Judged]:
        """The single point of each; what twenty points say is judged where they were measured."""
        return [Judged("gas_flow", "%", ("single",)), Judged("zero_flow", "%", ("single",))]

    def stages(self, units: Sequence[Unit], parameters: CalibratorFlowPlan, gas: GasPlan) -> list[Stage]:
        """One point each, if all is well."""
        expected = 2.0 * _CONNECTING_S + parameters.one_point_s()
        return [Stage("gas_flow", "", expected), Stage("zero_flow", "", expected)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: CalibratorFlowPlan) -> list[Outcome]:
        """The gas controller with zero air through it, then the zero-air controller."""
        [unit] = units
        supply = context.run.supply
        controllers = (
            _Controller("gas", parameters.gas_meter, "cc/min", supply.gas_full_scale_lpm, parameters.gas_point_pct,
                        f"{unit.name}.zero"),
            _Controller("zero", parameters.zero_meter, "L/min", supply.zero_full_scale_lpm, parameters.zero_point_pct,
                        f"{unit.name}.gas"),
        )  # fmt: skip
        outcomes = []
        for controller in controllers:
            context.run.step(f"{unit.name}: {controller.quantity}")
            outcomes.append(_Check(context, unit.name, parameters, controller).carry_out())
        return outcomes


@dataclass
class _Check:
    """The check of one controller, step by step."""

    context: Context
    device: str
    plan: CalibratorFlowPlan
    controller: _Controller
    notes: list[Message] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    more: list[Test] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{self.device}.{self.controller.name}"

    @property
    def subject(self) -> Subject:
        return self.context.subject(self.device, self.controller.quantity, self.controller.unit,
                                    self.controller.full_scale)  # fmt: skip

    def carry_out(self) -> Outcome:
        controller = self.controller
        self._feed("zero")
        mistaken = (controller.other_meters_place, f"{self.device}.out")
        found, notes = believable(self.context, controller.meter, self.place, mistaken, self._single, _BELIEVED_PCT)
        self.notes += notes
        test = self._judged(found, None)
        left: dict[str, str] = {}
        after: FlowPair | None = None
        if test.verdict != "pass":
            written = self._twenty()
            if written is not None:
                self.more.clear()  # the line that was measured is that of the table before
                left[controller.table] = written
                after = self._single()
                test = self._judged(after, found)
        self._standby()
        put_down(self.context, controller.meter, self.place)
        self._feed("cylinder")
        self.tables.insert(0, self._points(found, after))
        data = MeasuredData(
            quantity=controller.quantity, unit=controller.unit, full_scale=controller.full_scale, tables=self.tables,
            charts=self.charts, settings=self.settings,
        )  # fmt: skip
        state = Message(
            key="flow.reference_state",
            values={"celsius": self.plan.calibrator_reference_c, "device": self.device, "meter": controller.meter},
        )
        return Outcome(self.device, controller.quantity, data, [test, *self.more], [state, *self.notes],
                       [found.standard.id], left)  # fmt: skip

    # -- gas and hands --------------------------------------------------------------------------------------------

    def _feed(self, what: Literal["zero", "cylinder"]) -> None:
        """Zero air or the cylinder at the input of the gas controller: a line that hands change."""
        if self.controller.name != "gas":
            return
        key = "prompt.zero_to_gas_controller" if what == "zero" else "prompt.cylinder_to_gas_controller"
        prompt = Prompt(key, {"device": self.device})
        command(self.context, self.device, {"gas_feed": what}, prompt, homes={"gas_feed": "cylinder"})

    def _flow(self, pct: float) -> None:
        """Let the controller make ``pct`` of its full scale, and the other nothing."""
        gas = self.controller.full_scale * pct / 100.0 if self.controller.name == "gas" else 0.0
        zero = self.controller.full_scale * pct / 100.0 if self.controller.name == "zero" else 0.0
        prompt = Prompt("prompt.set_flows", {"device": self.device, "gas": round(gas, 3), "zero": round(zero, 4)})
        self._set({"gas_flow_set": gas, "zero_flow_set": zero, "calibrator_mode": "flows"}, prompt)

    def _drive(self, millivolts: float) -> None:
        gas, zero = (millivolts, 0.0) if self.controller.name == "gas" else (0.0, millivolts)
        prompt = Prompt("prompt.set_drives", {"device": self.device, "gas": gas, "zero": zero})
        self._set({"gas_drive": gas, "zero_drive": zero, "calibrator_mode": "drives"}, prompt)

    def _standby(self) -> None:
        self._set({"calibrator_mode": "standby"}, Prompt("prompt.set_standby", {"device": self.device}))

    def _set(self, wanted: Mapping[str, float | str], prompt: Prompt) -> None:
        command(self.context, self.device, wanted, prompt, homes={"calibrator_mode": "standby"})

    def _display(self) -> float:
        reading = self.context.run.read(self.device, self.controller.quantity)
        return reading.value * _PER_LPM[reading.unit]

    def _compare(self) -> FlowPair:
        self.context.run.wait(self.plan.settle)
        return compare_flow(
            self.context, self.controller.meter, self._display, reference_c=self.plan.calibrator_reference_c,
            readings=self.plan.readings, every_s=self.plan.every,
        )  # fmt: skip

    def _single(self) -> FlowPair:
        self._flow(self.controller.point_pct)
        return self._compare()

    # -- twenty points --------------------------------------------------------------------------------------------

    def _twenty(self) -> str | None:
        """Measure the controller at 20 drives; the text of the new table if one was written."""
        self.context.run.step(f"{self.device}: {self.controller.table}")
        drives = [_FULL_DRIVE_MV * (number + 1) / _POINTS for number in range(_POINTS)]
        pairs = []
        for drive in drives:
            self._drive(drive)
            pairs.append(self._compare())
        self._keep_points(drives, pairs)
        measured = [pair.measured * self.controller.lpm_to_unit for pair in pairs]
        if any(later <= earlier for earlier, later in pairwise(measured)) or measured[0] <= 0.0:
            self.notes.append(Message(key="flow.table_not_rising", values={"table": self.controller.table}))
            return None
        if self.plan.adjust == "never":
            self.notes.append(Message(key="flow.not_adjusted", values={"device": self.device}))
            return None
        return self._write(" ".join(f"{drive:g}:{flow:.6g}" for drive, flow in zip(drives, measured, strict=True)))

    def _write(self, text: str) -> str | None:
        table = self.controller.table
        named = {"device": self.device, "table": table}
        before = told(self.context, self.device, table, Prompt("prompt.read_table", named))
        try:
            by_hand = command(self.context, self.device, {table: text},
                              Prompt("prompt.write_table", {**named, "pairs": text}), adjust=True)  # fmt: skip
        except Refused as refused:
            self.notes.append(
                Message(key="flow.table_refused", values={"device": self.device, "reason": refused.reason})
            )
            return None
        key = "flow.table_by_hand" if by_hand else "flow.table_written"
        self.notes.append(Message(key=key, values={**named}))
        self.settings.append(Setting(name=table, as_found=before, as_left=text))
        return text

    def _keep_points(self, drives: Sequence[float], pairs: Sequence[FlowPair]) -> None:
        """The 20 points as table and chart, and the line through them with its tests."""
        scale = self.controller.lpm_to_unit
        x, y = [pair.measured * scale for pair in pairs], [pair.display * scale for pair in pairs]
        unit = self.controller.unit
        self.tables.append(
            Table(
                key="flow_twenty_points",
                columns=[Column(key="drive", unit="mV", decimals=0), Column(key="display", unit=unit, decimals=3),
                         Column(key="reference", unit=unit, decimals=3), Column(key="error", unit="%", decimals=2)],
                rows=[[drive, pair.display * scale, pair.measured * scale, pair.error_pct]
                      for drive, pair in zip(drives, pairs, strict=True)],
            )
        )  # fmt: skip
        found = _line(pairs, x, y, scale)
        line = found.line
        numbers = f"Y = {line.slope:.4f} X {'+' if line.intercept >= 0 else '−'} {abs(line.intercept):.3g}"
        self._test("slope", line.slope, found.slope, line.n, numbers)
        self._test("intercept", line.intercept, found.intercept, line.n, numbers)
        if line.r is not None:
            self._test("correlation", line.r, None, line.n, f"r = {line.r:.6f}")
        low, high = self.context.judge.criterion(f"{NAME}.single").limits(
            self.controller.full_scale, self.controller.quantity
        )
        fit = stored_fit(found, max(x))
        self.charts += [
            Chart(key="flow_line", kind="line", x_unit=unit, y_unit=unit, names=["display"], x=[x], y=[y], fit=fit),
            Chart(key="flow_errors", kind="series", x_unit=unit, y_unit="%", names=["display"], x=[x],
                  y=[[pair.error_pct for pair in pairs]], limit_low=low, limit_high=high),
        ]  # fmt: skip

    def _test(self, short: str, value: float, budget: Budget | None, n: int, numbers: str) -> None:
        judge, name = self.context.judge, f"{NAME}.{short}"
        if name not in judge:
            return  # the plan's documents say nothing of twenty points
        remark = Message(key="multipoint.correlation_is_no_test") if budget is None else None
        self.more.append(
            judge.judge(name, self.subject, value=value, budget=budget, n=n, formula_numbers=numbers, message=remark)
        )

    # -- what came of it ------------------------------------------------------------------------------------------

    def _judged(self, pair: FlowPair, before: FlowPair | None) -> Test:
        scale = self.controller.lpm_to_unit
        shown, reference = pair.display * scale, pair.measured * scale
        return self.context.judge.judge(
            f"{NAME}.single", self.subject, value=pair.error_pct, budget=pair.budget(), n=pair.display_summary.n,
            formula_numbers=f"({shown:.4g} − {reference:.4g}) / {reference:.4g} × 100 %",
            as_found=pair.error_pct if before is None else before.error_pct,
            as_left=None if before is None else pair.error_pct,
        )  # fmt: skip

    def _points(self, found: FlowPair, after: FlowPair | None) -> Table:
        scale, unit = self.controller.lpm_to_unit, self.controller.unit
        at = self.controller.full_scale * self.controller.point_pct / 100.0
        rows: list[list[float | str | Message | None]] = [
            [Message(key=key), at, pair.display * scale, pair.measured * scale, pair.error_pct,
             pair.temperature_c, pair.pressure_hpa]
            for key, pair in (("flow.as_found", found), ("flow.as_left", after)) if pair is not None
        ]  # fmt: skip
        columns = [
            Column(key="state"), Column(key="set", unit=unit, decimals=2), Column(key="display", unit=unit, decimals=3),
            Column(key="reference", unit=unit, decimals=3), Column(key="error", unit="%", decimals=2),
            Column(key="temperature", unit="deg C", decimals=1), Column(key="pressure", unit="hPa", decimals=1),
        ]  # fmt: skip
        return Table(key="flow_single_point", columns=columns, rows=rows)


def _line(pairs: Sequence[FlowPair], x: Sequence[float], y: Sequence[float], scale: float) -> LineBudgets:
    """The display on the reference; the meter's certificate is common to all points."""
    standard = pairs[0].standard
    values = {"certificate": standard.certificate}
    common = [CommonError("reference_meter", standard.u_pct, "%", [value / 100.0 for value in x],
                          "basis.certificate", values)]  # fmt: skip
    if standard.u_offset > 0.0:
        common.append(CommonError("reference_meter", standard.u_offset, "L/min", [scale] * len(x),
                                  "basis.certificate", values))  # fmt: skip
    variances = [scale**2 * (p.display_summary.effective_standard_error**2
                             + p.measured_summary.effective_standard_error**2) for p in pairs]  # fmt: skip
    # A display that repeats itself scatters by less than its last digit: a floor keeps the covariance regular.
    floor = (1e-5 * max(x)) ** 2
    points = PointError("repeatability", np.diag(np.maximum(variances, floor)), "basis.repeatability_pooled",
                        {"n": len(x)})  # fmt: skip
    return calibration_line_budgets(x, y, common, [points])


PROCEDURE = CalibratorFlow()
