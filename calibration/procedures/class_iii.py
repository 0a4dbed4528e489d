"""A monitor of PM2.5 as a Class III equivalent method: slope, intercept within its slope's bounds, correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.pairs import CampaignData, pairs_of_step, scatter_chart
from calibration.procedures.common.parameters import Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Unit
from calibration.record import Column, MeasuredData, Message, Table
from calibration.statistics.class_iii import concentration_variation, intercept_bounds, least_correlation
from calibration.statistics.regression import ordinary_least_squares
from calibration.uncertainty import Budget, Component
from rig.host.kinds import MONITOR

NAME = "class_iii"
UNIT = "ug/m3"
QUANTITY = "pm25"


class ClassIiiPlan(Parameters):
    """What a plan may set of it: the step whose days count, and campaigns elsewhere as data."""

    step: str = "manual_comparison"
    campaigns: list[CampaignData] = Field(default_factory=list)
    least_pairs: int = Field(default=23, ge=3)


class ClassIii(Procedure[ClassIiiPlan]):
    """Reckon from the days that an earlier step measured, with those of other campaigns."""

    name = NAME
    parameters = ClassIiiPlan
    criteria: ClassVar[Mapping[str, str]] = {"slope": "1", "intercept": UNIT, "correlation": "1"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """A particle monitor."""
        return unit.kind == MONITOR

    def judged(self, unit: Unit, parameters: ClassIiiPlan) -> list[Judged]:
        """PM2.5."""
        return [Judged(QUANTITY, UNIT, tuple(self.criteria))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ClassIiiPlan) -> list[Outcome]:
        """Reckon, and judge."""
        [unit] = units
        pairs = pairs_of_step(context, unit.name, parameters.step)
        pairs += [pair for campaign in parameters.campaigns for pair in campaign.pairs()]
        judge, subject, n = context.judge, context.subject(unit.name, QUANTITY, UNIT, 0.0), len(pairs)
        if n < parameters.least_pairs:
            missing = Message(key="comparison.too_few_days", values={"found": n, "least": parameters.least_pairs})
            tests = [judge.no_result(f"{NAME}.{short}", subject, "not tested", missing) for short in self.criteria]
            return [Outcome(unit.name, QUANTITY, None, tests, [missing])]
        x = [pair.x for pair in pairs]
        line = ordinary_least_squares(x, [pair.y for pair in pairs])
        low, high = intercept_bounds(line.slope)
        room = min(line.intercept - low, high - line.intercept)
        variation = concentration_variation(x)
        least, r = least_correlation(variation), line.r or 0.0
        basis: dict[str, float | int | str] = {"n": n}
        of_slope = Component("residual_scatter", "A", line.se_slope, "1", 1.0, line.dof,
                             basis_key="basis.residual_scatter", basis_values=basis)  # fmt: skip
        of_intercept = Component("residual_scatter", "A", line.se_intercept, UNIT, 1.0, line.dof,
                                 basis_key="basis.residual_scatter", basis_values=basis)  # fmt: skip
        tests = [
            judge.judge(f"{NAME}.slope", subject, value=line.slope, budget=Budget((of_slope,)), n=n),
            judge.judge(f"{NAME}.intercept", subject, value=room, budget=Budget((of_intercept,)), n=n,
                        formula_numbers=f"{low:.2f} ≤ {line.intercept:.2f} ≤ {high:.2f}"),
            judge.judge(f"{NAME}.correlation", subject, value=r - least, budget=None, n=n,
                        formula_numbers=f"{r:.3f} − {least:.3f}"),
        ]  # fmt: skip
        table = Table(
            key=NAME,
            columns=[Column(key="slope", decimals=3), Column(key="intercept", unit=UNIT, decimals=2),
                     Column(key="intercept_low", unit=UNIT, decimals=2),
                     Column(key="intercept_high", unit=UNIT, decimals=2), Column(key="correlation", decimals=3),
                     Column(key="concentration_variation", decimals=2), Column(key="least_correlation", decimals=3)],
            rows=[[line.slope, line.intercept, low, high, r, variation, least]],
        )  # fmt: skip
        data = MeasuredData(quantity=QUANTITY, unit=UNIT, full_scale=0.0, tables=[table],
                            charts=[scatter_chart(pairs, line, None)])  # fmt: skip
        return [Outcome(unit.name, QUANTITY, data, tests)]


PROCEDURE = ClassIii()
