"""A particle monitor beside manual samplers: slope, intercept and correlation of daily means, and their deviation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.criteria import Subject
from calibration.procedures.common.campaign import CampaignPlan, conduct_campaign, day_means, state_of
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.pairs import HERE, Pair, scatter_chart, table_of_days
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.statistics.equivalence_to_reference import equivalence_line
from calibration.statistics.regression import ordinary_least_squares
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from rig.host.kinds import MONITOR

NAME = "manual_comparison"
UNIT = "ug/m3"
_OF_VOLUME = {"beta": "flow_control", "oscillation": "volume_state"}
"""Setting of a monitor that says in which state it counts its volume, by how it weighs."""


class ManualComparisonPlan(CampaignPlan):
    """What a plan may set of it, beside the campaign: what is compared, and how well the samplers' flow is known."""

    quantity: Literal["pm10", "pm25"] = "pm25"
    least_days: int = Field(default=5, ge=3, description="of days that count")
    sampler_flow_u_pct: float = Field(default=1.0, ge=0)


class ManualComparison(Procedure[ManualComparisonPlan]):
    """Days of manual sampling beside monitors; all that are named are compared with the same samples."""

    name = NAME
    parameters = ManualComparisonPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "slope": "1", "intercept": UNIT, "correlation": "1", "deviation": "%",
    }  # fmt: skip
    takes: ClassVar[Literal["all"]] = "all"
    gas = False
    after_a_gap: ClassVar[Literal["day"]] = "day"

    def serves(self, unit: Unit) -> bool:
        """A particle monitor."""
        return unit.kind == MONITOR

    def judged(self, unit: Unit, parameters: ManualComparisonPlan) -> list[Judged]:
        """The size that is sampled."""
        return [Judged(parameters.quantity, UNIT, tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ManualComparisonPlan, gas: GasPlan) -> list[Stage]:
        """Weighing, days, weighing."""
        values: dict[str, float | int | str | None] = {
            "sampler": ", ".join(parameters.samplers),
            "filter": parameters.first_filter,
        }
        weighing = Message(key="prompt.weigh_filter",
                           values={"filter": parameters.first_filter, "balance": parameters.balance})  # fmt: skip
        day = Stage("day", "", 25.0 * 3600.0, hands=Message(key="prompt.fit_filter", values=values))
        return [Stage("weighing before", "", parameters.conditioning, hands=weighing), *[day] * parameters.days,
                Stage("weighing after", "", parameters.conditioning, hands=weighing)]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: ManualComparisonPlan) -> list[Outcome]:
        """Compare all monitors whose volumes are of the samplers' state."""
        states = {sampler: state_of(context, sampler, "volume_state") for sampler in parameters.samplers}
        able, outcomes = [], []
        for unit in units:
            own = state_of(context, unit.name, _OF_VOLUME[unit.weighing])
            other = next((sampler for sampler, state in states.items() if state != own), None)
            if other is None:
                able.append(unit)
                continue
            reason = Message(key="comparison.states_differ", values={
                "device": unit.name, "own": own, "sampler": other, "other": states[other]})  # fmt: skip
            outcomes.append(_refused(context, unit, parameters, reason))
        if not able:
            return outcomes
        notes: list[Message] = []
        campaign = conduct_campaign(context, [unit.name for unit in able], parameters, notes)
        for unit in able:
            means = day_means(campaign.days, unit.name, parameters.least_hours)
            rows = []
            for day, candidate in zip(campaign.days, means, strict=True):
                values = [campaign.reference(day, sampler) for sampler in parameters.samplers]
                against = campaign.excluded(day) or ("" if candidate is not None else "too few hours")
                rows.append((day.number, values[0], values[1] if len(values) > 1 else None, candidate, against))
            outcomes.append(_outcome(context, unit, parameters, rows, [*notes], campaign.blanks_mg))
        return outcomes


def _subject(context: Context, unit: Unit, plan: ManualComparisonPlan) -> Subject:
    return context.subject(unit.name, plan.quantity, UNIT, 0.0)


def _refused(context: Context, unit: Unit, plan: ManualComparisonPlan, reason: Message) -> Outcome:
    subject = _subject(context, unit, plan)
    tests = [context.judge.no_result(f"{NAME}.{short}", subject, "not tested", reason)
             for short in ManualComparison.criteria if f"{NAME}.{short}" in context.judge]  # fmt: skip
    return Outcome(unit.name, plan.quantity, None, tests, [reason])


def _outcome(
    context: Context, unit: Unit, plan: ManualComparisonPlan,
    rows: Sequence[tuple[int, float | None, float | None, float | None, str]], notes: list[Message],
    blanks_mg: Sequence[float],
) -> Outcome:  # fmt: skip
    pairs = [Pair(HERE, first, candidate, second) for _, first, second, candidate, reason in rows
             if not reason and first is not None and candidate is not None]  # fmt: skip
    notes += [Message(key="comparison.day_excluded", values={"day": number, "reason": reason})
              for number, _, _, _, reason in rows if reason]  # fmt: skip
    columns = [Column(key="blank", decimals=0), Column(key="gain", unit="mg", decimals=3)]
    blanks = Table(key="field_blanks", columns=columns,
                   rows=[[float(place), gain] for place, gain in enumerate(blanks_mg, 1)])  # fmt: skip
    data = MeasuredData(quantity=plan.quantity, unit=UNIT, full_scale=0.0, tables=[table_of_days(rows), blanks])
    x, y = [pair.x for pair in pairs], [pair.y for pair in pairs]
    if len(pairs) < plan.least_days or len(set(x)) < 3:
        missing = Message(key="comparison.too_few_days", values={"found": len(pairs), "least": plan.least_days})
        refused = _refused(context, unit, plan, missing)
        return Outcome(unit.name, plan.quantity, data, [test.model_copy(update={"verdict": "void"})
                                                        for test in refused.tests], [*notes, missing])  # fmt: skip
    line = ordinary_least_squares(x, y)
    data = data.model_copy(update={"charts": [scatter_chart(pairs, line, equivalence_line(x, y))]})
    judge, subject, n = context.judge, _subject(context, unit, plan), len(pairs)
    flow = Component("sampler_flow", "B", plan.sampler_flow_u_pct, "%", line.slope / 100.0,
                     basis_key="basis.plan_parameter", basis_values={"name": "sampler_flow_u_pct"})  # fmt: skip
    scatter = ("basis.residual_scatter", {"n": n})
    differences = [100.0 * (pair.y - pair.x) / pair.x for pair in pairs]
    spread = summarize(differences)
    known: dict[str, tuple[float, Budget | None]] = {
        "slope": (line.slope, Budget((
            Component("residual_scatter", "A", line.se_slope, "1", 1.0, line.dof, basis_key=scatter[0],
                      basis_values=scatter[1]), flow))),
        "intercept": (line.intercept, Budget((
            Component("residual_scatter", "A", line.se_intercept, UNIT, 1.0, line.dof, basis_key=scatter[0],
                      basis_values=scatter[1]),))),
        "correlation": (line.r or 0.0, None),
        "deviation": (spread.mean, Budget((
            Component("repeatability", "A", spread.effective_standard_error, "%", 1.0, n - 1,
                      basis_key="basis.repeatability", basis_values={"n": n, "s": spread.sd, "unit": "%"}),
            Component("sampler_flow", "B", plan.sampler_flow_u_pct, "%", 1.0, basis_key="basis.plan_parameter",
                      basis_values={"name": "sampler_flow_u_pct"})))),
    }  # fmt: skip
    tests: list[Test] = [
        judge.judge(f"{NAME}.{short}", subject, value=value, budget=budget, n=n)
        for short, (value, budget) in known.items() if f"{NAME}.{short}" in judge
    ]  # fmt: skip
    return Outcome(unit.name, plan.quantity, data, tests, notes)


PROCEDURE = ManualComparison()
