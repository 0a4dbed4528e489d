"""The 6 x 6 qualification of a calibrator as an ozone transfer standard: six comparisons on six days.

EPA-454/B-13-004 (recalled): each comparison has six levels or more with zero and 90 % of the range among them; s_m is
the relative standard deviation of the six slopes, s_I the standard deviation of the six intercepts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Self

from pydantic import Field, model_validator

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.ozone import (
    OZONE,
    Comparison,
    OzonePlan,
    compare,
    condition,
    connect,
    disconnect,
    warm,
)
from calibration.procedures.common.parameters import GasPlan, Seconds
from calibration.procedures.common.procedure import Gap, Judged, Needed, Procedure, Stage, Unit, Wanted
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics import Qualification, qualify
from rig.run import Reading

NAME = "ozone_qualification"
_DAYS = 6
_UPPER_PCT, _UPPER_SLACK_PCT = 90.0, 5.0


class OzoneQualificationPlan(OzonePlan):
    """What a plan may set of a qualification."""

    from_day_to_day: Seconds = Field(
        default=86400.0, gt=0, description="from the start of a day's comparison to the next"
    )

    @model_validator(mode="after")
    def _zero_and_upper(self) -> Self:
        if 0.0 not in self.levels_pct or abs(max(self.levels_pct) - _UPPER_PCT) > _UPPER_SLACK_PCT:
            raise ValueError("levels_pct with 0 and with 85 to 95 as its highest")
        return self


class OzoneQualification(Procedure[OzoneQualificationPlan]):
    """Compare on six days, and judge how slopes and intercepts scatter from day to day."""

    name = NAME
    parameters = OzoneQualificationPlan
    criteria: ClassVar[Mapping[str, str]] = {"slopes": "%", "intercepts": "quantity"}
    after_a_gap: ClassVar[Gap] = "day"

    def serves(self, unit: Unit) -> bool:
        """Calibrators."""
        return unit.kind == "calibrator"

    def rests_on(self, unit: Unit, parameters: OzoneQualificationPlan) -> list[Needed]:
        """The standard that it is qualified against."""
        return [Needed("standard", parameters.standard, (OZONE,))]

    def judged(self, unit: Unit, parameters: OzoneQualificationPlan) -> list[Judged]:
        """Both scatters."""
        return [Judged(OZONE, "nmol/mol", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: OzoneQualificationPlan, gas: GasPlan) -> list[Stage]:
        """Six comparisons and five nights."""
        first = parameters.stages_of_a_comparison(gas)
        day = [replace(stage, hands=None) for stage in first]  # the standard stays connected
        rest = max(parameters.from_day_to_day - sum(stage.expected_s for stage in day), 0.0)
        night = Stage("wait", "", rest, sampling=True)
        return [*first, *[night, *day] * (_DAYS - 1)]

    def wanted(self, unit: Unit, parameters: OzoneQualificationPlan, gas: GasPlan) -> list[Wanted]:
        """The levels above zero, on each of six days."""
        return [
            Wanted("levels_pct", percent, OZONE, percent * parameters.full_scale / 100.0, None, gas.total_flow,
                   _DAYS * gas.wait(OZONE) / 60.0)
            for percent in parameters.levels_pct if percent > 0.0
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: OzoneQualificationPlan) -> list[Outcome]:
        """Six days."""
        [unit] = units
        run, device = context.run, unit.name
        trace: list[Reading] = []
        notes: list[Message] = []
        days: list[Comparison] = []
        connect(context, parameters.standard)
        warm(context, (parameters.standard, device))
        for number in range(_DAYS):
            run.begin("day", context.step)
            begun = run.now()
            condition(context, device, parameters, notes)
            days.append(compare(context, device, parameters, trace))
            run.rest()
            if number < _DAYS - 1:
                run.step(f"{device}: wait")
                run.wait(max(parameters.from_day_to_day - (run.now() - begun), 0.0))
        disconnect(context, parameters.standard)
        return [_judged(context, device, parameters, days, notes)]


def _judged(
    context: Context, device: str, plan: OzoneQualificationPlan, days: Sequence[Comparison], notes: list[Message]
) -> Outcome:
    found = qualify([(day.x, day.y) for day in days])
    subject = context.subject(device, OZONE, "nmol/mol", plan.full_scale)
    judge, dof = context.judge, _DAYS - 1.0
    slopes = [line.slope for line in found.lines]
    intercepts = [line.intercept for line in found.lines]
    tests = [
        judge.judge_deviation(f"{NAME}.slopes", subject, s=found.slope_rsd_percent, dof=dof, n=_DAYS,
                              formula_numbers=", ".join(f"{slope:.4f}" for slope in slopes)),
        judge.judge_deviation(f"{NAME}.intercepts", subject, s=found.intercept_sd, dof=dof, n=_DAYS,
                              formula_numbers=", ".join(f"{value:.2f}" for value in intercepts)),
    ]  # fmt: skip
    unstable = [reason for day in days for reason in day.unstable]
    if unstable:
        tests = [test.model_copy(update={"verdict": "void", "p_conform": None, "assurance": "not applicable",
                                         "message": unstable[0]}) for test in tests]  # fmt: skip
    notes = [*notes, *unstable,
             Message(key="ozone.qualified_line", values={"slope": round(found.mean_slope, 4),
                                                         "intercept": round(found.mean_intercept, 2)})]  # fmt: skip
    data = MeasuredData(
        quantity=OZONE, unit="nmol/mol", full_scale=plan.full_scale, levels=[], tables=[_table(found)],
        charts=[Chart(key="ozone_slopes", kind="series", x_unit="d", y_unit="1", names=["slope"],
                      x=[[float(number + 1) for number in range(_DAYS)]], y=[slopes])],
    )  # fmt: skip
    return Outcome(device, OZONE, data, tests, notes, [days[0].standard.id])


def _table(found: Qualification) -> Table:
    rows: list[list[float | str | Message | None]] = [
        [float(number), line.slope, line.intercept, line.r] for number, line in enumerate(found.lines, start=1)
    ]
    columns = [Column(key="day", decimals=0), Column(key="slope", decimals=4),
               Column(key="intercept", unit="nmol/mol", decimals=2), Column(key="correlation", decimals=5)]  # fmt: skip
    return Table(key="ozone_days", columns=columns, rows=rows)


PROCEDURE = OzoneQualification()
