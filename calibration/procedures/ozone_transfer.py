"""Ozone transfer: the station's working standard (the calibrator's photometer) against a transfer standard.

Both are warm and have drunk high ozone; they see the same zero air, for the one makes what the other measures. Pressure
and temperature of their cells, and the absorption coefficients that they reckon with, are compared first. Nothing is
adjusted: a slope that somebody changes meanwhile voids the transfer. Then the station's analyzer is checked against the
standard that has just been given its value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from calibration.criteria import Subject
from calibration.procedures.common.budgets import scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.fits import stored_fit
from calibration.procedures.common.levels import Asked, full_scale, measure_together, refusal, request, trace_of
from calibration.procedures.common.ozone import (
    OZONE,
    WORKING,
    Comparison,
    compare,
    condition,
    disconnect,
)
from calibration.procedures.common.ozone_checks import changed, first_checks, slopes_of
from calibration.procedures.common.ozone_plan import NAME, LastTransfer, OzoneTransferPlan
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Judged, Needed, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.record import Chart, Level, MeasuredData, Message, Setting, Test
from calibration.uncertainty import Budget, Component, LineBudgets
from rig.run import Reading

_OF_THE_CALIBRATOR = ("slope", "intercept", "correlation", "change")
_OF_THE_ANALYZER = ("analyzer",)


class OzoneTransfer(Procedure[OzoneTransferPlan]):
    """Compare the calibrator's ozone with a transfer standard, then the station's analyzers with the calibrator."""

    name = NAME
    parameters = OzoneTransferPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "slope": "1", "intercept": "quantity", "correlation": "1", "change": "%", "analyzer": "%",
    }  # fmt: skip
    takes: ClassVar[Takes] = "all"

    def serves(self, unit: Unit) -> bool:
        """The calibrator, and what measures ozone."""
        return unit.kind in ("calibrator", OZONE)

    def rests_on(self, unit: Unit, parameters: OzoneTransferPlan) -> list[Needed]:
        """The transfer standard and a barometer."""
        if unit.kind != "calibrator":
            return []
        found = [Needed("standard", parameters.standard, (OZONE,))]
        return [*found, Needed("barometer", parameters.barometer, ("pressure",))] if parameters.barometer else found

    def judged(self, unit: Unit, parameters: OzoneTransferPlan) -> list[Judged]:
        """The line and its change for the calibrator, one deviation for an analyzer."""
        if unit.kind == OZONE:
            return [Judged(OZONE, "nmol/mol", _OF_THE_ANALYZER)]
        known = parameters.previous() is not None
        return [Judged(OZONE, "nmol/mol", _OF_THE_CALIBRATOR if known else _OF_THE_CALIBRATOR[:-1])]

    def stages(self, units: Sequence[Unit], parameters: OzoneTransferPlan, gas: GasPlan) -> list[Stage]:
        """Conditioning, six levels; zero and one level for the analyzers."""
        wait = gas.wait(OZONE)
        after = [Stage("zero", OZONE, wait), Stage(label_of(parameters.analyzer_pct), OZONE, wait)]
        analyzers = sum(unit.kind == OZONE for unit in units)
        return [*parameters.stages_of_a_comparison(gas), *after * analyzers]

    def wanted(self, unit: Unit, parameters: OzoneTransferPlan, gas: GasPlan) -> list[Wanted]:
        """The levels above zero."""
        if unit.kind != "calibrator":
            return []
        return [
            Wanted("levels_pct", percent, OZONE, percent * parameters.full_scale / 100.0, None, gas.total_flow,
                   gas.wait(OZONE) / 60.0)
            for percent in (*parameters.levels_pct, parameters.analyzer_pct) if percent > 0.0
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: OzoneTransferPlan) -> list[Outcome]:
        """Transfer, then check the analyzers."""
        calibrator = next((unit for unit in units if unit.kind == "calibrator"), None)
        analyzers = [unit for unit in units if unit.kind == OZONE]
        if calibrator is None:
            reason = Message(key="ozone.calibrator_left_out")
            return [_untested(context, unit, reason) for unit in analyzers]
        trace: list[Reading] = []
        notes: list[Message] = []
        checks, trouble = first_checks(context, calibrator.name, parameters)
        before = slopes_of(context, calibrator.name, parameters)
        condition(context, calibrator.name, parameters, notes)
        found = compare(context, calibrator.name, parameters, trace)
        after = slopes_of(context, calibrator.name, parameters)
        if after != before:  # a person may have misread it: once more
            after = slopes_of(context, calibrator.name, parameters)
        disconnect(context, parameters.standard)
        void = trouble or changed(before, after, calibrator.name, parameters) or next(iter(found.unstable), None)
        outcome, line = _transferred(context, calibrator, parameters, found, void)
        data = outcome.data
        assert isinstance(data, MeasuredData)  # made above
        settings = [Setting(name=name, as_found=text, as_left=after[name]) for name, text in before.items()]
        traces = [trace_of(OZONE, trace, parameters.standard), trace_of(WORKING, trace, calibrator.name)]
        outcome.data = data.model_copy(update={"checks": checks, "settings": settings, "traces": traces})
        outcome.notes = [*notes, *outcome.notes]
        return [outcome, *(_analyzer(context, unit, parameters, line, found, void) for unit in analyzers)]


# -- what came of it --------------------------------------------------------------------------------------------------


def _transferred(
    context: Context, unit: Unit, plan: OzoneTransferPlan, found: Comparison, void: Message | None
) -> tuple[Outcome, LineBudgets]:
    result = found.line(context)
    line = result.line
    subject = context.subject(unit.name, OZONE, "nmol/mol", plan.full_scale)
    numbers = f"Y = {line.slope:.4f} X {'+' if line.intercept >= 0 else '−'} {abs(line.intercept):.3g}"
    judge, previous = context.judge, plan.previous()
    remark = Message(key="multipoint.correlation_is_no_test")
    tests = [
        judge.judge(f"{NAME}.slope", subject, value=line.slope, budget=result.slope, n=line.n, formula_numbers=numbers),
        judge.judge(f"{NAME}.intercept", subject, value=line.intercept, budget=result.intercept, n=line.n,
                    formula_numbers=numbers),
        judge.judge(f"{NAME}.correlation", subject, value=line.r or 0.0, budget=None, n=line.n,
                    formula_numbers=f"r = {line.r or 0.0:.5f}", message=remark),
    ]  # fmt: skip
    today = context.run.today()
    notes: list[Message] = []
    if previous is None:
        notes.append(Message(key="ozone.no_last_transfer"))
    else:
        tests.append(_change(context, subject, line.slope, result.slope, previous))
        if previous.on + timedelta(days=plan.valid_days) < today:
            notes.append(Message(key="ozone.overdue", values={"on": previous.on.isoformat(), "days": plan.valid_days}))
    if void is not None:
        tests = [_voided(test, void) for test in tests]
        notes.append(void)
    elif all(test.verdict == "pass" for test in tests):
        until = min(today + timedelta(days=plan.valid_days), found.standard.expires)
        notes.append(Message(key="ozone.valid_until", values={"until": until.isoformat(),
                                                              "certificate": found.standard.certificate}))  # fmt: skip
    notes.append(Message(key="ozone.same_zero_air"))
    levels = [
        level.model_copy(update={"nominal": x, "u_nominal": math.hypot(found.standard.u_offset, found.standard.u_pct
                                                                       * x / 100.0)})
        for level, x in zip(found.working, found.x, strict=True)
    ]  # fmt: skip
    data = MeasuredData(
        quantity=OZONE, unit="nmol/mol", full_scale=plan.full_scale, levels=levels, tables=[found.table()],
        charts=[Chart(key="ozone_transfer", kind="line", x_unit="nmol/mol", y_unit="nmol/mol", names=["working"],
                      x=[list(found.x)], y=[list(found.y)], fit=stored_fit(result, max(found.x)))],
    )  # fmt: skip
    return Outcome(unit.name, OZONE, data, tests, notes, [found.standard.id]), result


def _change(context: Context, subject: Subject, slope: float, budget: Budget, previous: LastTransfer) -> Test:
    """Change of the slope; the certificate of the same standard cancels, the scatter of both transfers does not."""
    own = Budget(tuple(
        Component(c.source, c.type, c.u, c.unit, c.sensitivity, c.dof, c.source == "reference_certificate", c.scale,
                  "basis.cancels_same_standard" if c.source == "reference_certificate" else c.basis_key, c.basis_values)
        for c in budget.components
    ))  # fmt: skip
    factor = 100.0 / previous.slope
    before = Component("last_transfer", "B", previous.u_slope, "1", -factor * slope / previous.slope,
                       basis_key="basis.last_transfer", basis_values={"on": previous.on.isoformat()})  # fmt: skip
    return context.judge.judge(
        f"{NAME}.change", subject, value=factor * slope - 100.0,
        budget=Budget((*scaled(own, factor).components, before)), n=2,
        formula_numbers=f"({slope:.4f} / {previous.slope:.4f} − 1) × 100 %",
    )  # fmt: skip


def _analyzer(
    context: Context, unit: Unit, plan: OzoneTransferPlan, transfer: LineBudgets, found: Comparison,
    void: Message | None,
) -> Outcome:  # fmt: skip
    """Zero and one level of the calibrator's ozone, its value what its photometer reads by the line: (read - b) / a."""
    run, line = context.run, transfer.line
    scale = full_scale(run, unit.name)
    trace: list[Reading] = []
    levels = []
    asked = [Asked(unit.name, (OZONE,), scale, OZONE), Asked(run.source.name, (WORKING,), scale, OZONE)]
    for percent in (0.0, plan.analyzer_pct):
        task = request(context, OZONE, percent * scale / 100.0)
        measured = measure_together(context, asked, label_of(percent), task, trace)
        working = measured[run.source.name].levels[WORKING]
        true, u_true = ((working.mean or 0.0) - line.intercept) / line.slope, (working.u_mean or 0.0) / line.slope
        levels.append(measured[unit.name].levels[OZONE].model_copy(update={"nominal": true, "u_nominal": u_true}))
    zero, span = levels
    rise, given = (span.mean or 0.0) - (zero.mean or 0.0), span.nominal - zero.nominal
    subject = context.subject(unit.name, OZONE, "nmol/mol", scale)
    test = context.judge.judge(
        f"{NAME}.analyzer", subject, value=100.0 * rise / given - 100.0,
        budget=_budget_of_analyzer(rise, given, zero, span, transfer, found), n=span.n,
        formula_numbers=f"{rise:.2f} / {given:.2f} × 100 % − 100 %",
    )  # fmt: skip
    reason = void or refusal(levels)
    if reason is not None:
        test = _voided(test, reason)
    data = MeasuredData(quantity=OZONE, unit="nmol/mol", full_scale=scale, levels=levels,
                        traces=[trace_of(OZONE, trace, unit.name)])  # fmt: skip
    notes = [Message(key="ozone.by_transferred", values={"slope": round(line.slope, 4),
                                                         "intercept": round(line.intercept, 2)})]  # fmt: skip
    return Outcome(unit.name, OZONE, data, [test], notes, [found.standard.id])


def _budget_of_analyzer(
    rise: float, given: float, zero: Level, span: Level, transfer: LineBudgets, found: Comparison
) -> Budget:
    by_reading, by_given = 100.0 / given, -100.0 * rise / given**2
    scatter = math.hypot(zero.u_mean or 0.0, span.u_mean or 0.0)
    made = math.hypot(zero.u_nominal, span.u_nominal)
    return Budget((
        Component("repeatability", "A", scatter, "nmol/mol", by_reading, basis_key="basis.repeatability",
                  basis_values={"n": span.n, "s": span.sd or 0.0, "unit": "nmol/mol"}),
        Component("photometer", "A", made, "nmol/mol", by_given, basis_key="basis.flow_display"),
        # The slope's own budget holds the certificate of the transfer standard.
        Component("transfer", "B", transfer.slope.combined / transfer.line.slope * given, "nmol/mol", by_given,
                  transfer.slope.dof, basis_key="basis.certificate",
                  basis_values={"certificate": found.standard.certificate}),
    ))  # fmt: skip


def _untested(context: Context, unit: Unit, reason: Message) -> Outcome:
    subject = context.subject(unit.name, OZONE, "nmol/mol", unit.full_scale)
    return Outcome(unit.name, OZONE, None, [context.judge.no_result(f"{NAME}.analyzer", subject, "not tested", reason)])


def _voided(test: Test, reason: Message) -> Test:
    return test.model_copy(
        update={"verdict": "void", "p_conform": None, "assurance": "not applicable", "message": reason}
    )


PROCEDURE = OzoneTransfer()
