"""Two methods side by side (beta rays against an oscillating balance): line and correlation of their daily means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from calibration.procedures.common.campaign import day_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.pairs import HERE, Pair, scatter_chart, table_of_days
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Equipment, Judged, Missing, Procedure, Stage, Unit
from calibration.procedures.common.side_by_side import SideBySidePlan, days_beside
from calibration.record import MeasuredData, Message
from calibration.statistics.equivalence_to_reference import equivalence_line
from calibration.statistics.regression import ordinary_least_squares
from calibration.uncertainty import Budget, Component
from rig.host.kinds import MONITOR

NAME = "between_methods"
UNIT = "ug/m3"


class BetweenMethodsPlan(SideBySidePlan):
    """What a plan may set of it: the unit that the others are held against, beside the days."""

    against: str


class BetweenMethods(Procedure[BetweenMethodsPlan]):
    """All monitors but one are compared with that one."""

    name = NAME
    parameters = BetweenMethodsPlan
    criteria: ClassVar[Mapping[str, str]] = {"slope": "1", "intercept": UNIT, "correlation": "1"}
    takes: ClassVar[Literal["all"]] = "all"
    gas = False
    after_a_gap: ClassVar[Literal["day"]] = "day"

    def serves(self, unit: Unit) -> bool:
        """A particle monitor."""
        return unit.kind == MONITOR

    def judged(self, unit: Unit, parameters: BetweenMethodsPlan) -> list[Judged]:
        """The size; the one that the others are held against is not judged."""
        if unit.name == parameters.against:
            return []
        return [Judged(parameters.quantity, UNIT, tuple(self.criteria))]

    def missing(self, units: Sequence[Unit], parameters: BetweenMethodsPlan, bench: Equipment) -> list[Missing]:
        """Two methods, one of them the one that is named."""
        named = {unit.name: unit.weighing for unit in units}
        if parameters.against in named and len(set(named.values())) > 1:
            return []
        return [Missing("device", f"{parameters.against} and a monitor of another method", ", ".join(named))]

    def stages(self, units: Sequence[Unit], parameters: BetweenMethodsPlan, gas: GasPlan) -> list[Stage]:
        """Day by day."""
        return [Stage("day", "", 86400.0)] * parameters.days

    def perform(self, context: Context, units: Sequence[Unit], parameters: BetweenMethodsPlan) -> list[Outcome]:
        """Read, and judge."""
        days = days_beside(context, [unit.name for unit in units], parameters.days)
        means = {unit.name: day_means(days, unit.name, parameters.least_hours) for unit in units}
        return [_outcome(context, unit, parameters, means) for unit in units if unit.name != parameters.against]


def _outcome(
    context: Context, unit: Unit, plan: BetweenMethodsPlan, means: Mapping[str, Sequence[float | None]]
) -> Outcome:  # fmt: skip
    both = list(zip(means[plan.against], means[unit.name], strict=True))
    rows = [(number, x, None, y, "" if x is not None and y is not None else "too few hours")
            for number, (x, y) in enumerate(both, 1)]  # fmt: skip
    pairs = [Pair(HERE, x, y) for x, y in both if x is not None and y is not None]
    judge, subject, n = context.judge, context.subject(unit.name, plan.quantity, UNIT, 0.0), len(pairs)
    data = MeasuredData(quantity=plan.quantity, unit=UNIT, full_scale=0.0, tables=[table_of_days(rows)])
    if n < plan.least_days:
        reason = Message(key="comparison.too_few_days", values={"found": n, "least": plan.least_days})
        tests = [judge.no_result(f"{NAME}.{short}", subject, "void", reason) for short in BetweenMethods.criteria]
        return Outcome(unit.name, plan.quantity, data, tests, [reason])
    x, y = [pair.x for pair in pairs], [pair.y for pair in pairs]
    line = ordinary_least_squares(x, y)

    def known(u: float, of: str) -> Budget:
        return Budget((Component("residual_scatter", "A", u, of, 1.0, line.dof, basis_key="basis.residual_scatter",
                                 basis_values={"n": n}),))  # fmt: skip

    tests = [
        judge.judge(f"{NAME}.slope", subject, value=line.slope, budget=known(line.se_slope, "1"), n=n),
        judge.judge(f"{NAME}.intercept", subject, value=line.intercept, budget=known(line.se_intercept, UNIT), n=n),
        judge.judge(f"{NAME}.correlation", subject, value=line.r or 0.0, budget=None, n=n),
    ]
    data = data.model_copy(update={"charts": [scatter_chart(pairs, line, equivalence_line(x, y))]})
    return Outcome(unit.name, plan.quantity, data, tests)


PROCEDURE = BetweenMethods()
