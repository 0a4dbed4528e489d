"""Condition of an oscillating balance: its flows against their set points, its noise, the load of its filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import OSCILLATION, in_turn, scatter, shown
from calibration.procedures.common.parameters import GasPlan, LitresPerMinute, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Column, MeasuredData, Message, Table, Test
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget

NAME = "teom_condition"
_SEEN: Mapping[str, tuple[str, str, float, int]] = {
    "main_flow": ("main_flow", "L/min", 30.0, 3),
    "bypass_flow": ("bypass_flow", "L/min", 30.0, 3),
    "noise": ("noise", "1", 1000.0, 4),
    "filter_load": ("filter_load", "%", 200.0, 1),
}
"""By criterion: what is read, its unit, the most that is believed, decimals."""


class TeomConditionPlan(Parameters):
    """What a plan may set of a look at the condition."""

    main_flow: LitresPerMinute = Field(default=3.0, description="set main flow")
    bypass_flow: LitresPerMinute = Field(default=13.67, description="set bypass flow")
    readings: int = Field(default=12, ge=2)
    every: Seconds = Field(default=300.0, gt=0)


class TeomCondition(Procedure[TeomConditionPlan]):
    """Read what the unit shows for an hour, while it samples."""

    name = NAME
    parameters = TeomConditionPlan
    criteria: ClassVar[Mapping[str, str]] = {"main_flow": "%", "bypass_flow": "%", "noise": "1", "filter_load": "%"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Oscillating balances."""
        return unit.weighing == OSCILLATION

    def judged(self, unit: Unit, parameters: TeomConditionPlan) -> list[Judged]:
        """Each by its own criterion."""
        return [Judged(short, unit_name, (short,)) for short, unit_name in self.criteria.items()]

    def stages(self, units: Sequence[Unit], parameters: TeomConditionPlan, gas: GasPlan) -> list[Stage]:
        """Readings."""
        return [Stage(NAME, "", (parameters.readings - 1) * parameters.every)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: TeomConditionPlan) -> list[Outcome]:
        """Read, and judge the means."""
        [unit] = units
        device = unit.name
        found: dict[str, list[float]] = {short: [] for short in _SEEN}

        def read() -> None:
            for short, (quantity, unit_name, most, decimals) in _SEEN.items():
                found[short].append(shown(context, device, quantity, unit_name, -1.0, most, decimals))

        in_turn(context, parameters.readings, parameters.every, read)
        tests: list[Test] = []
        rows: list[list[float | str | Message | None]] = []
        for short, values in found.items():
            summary = summarize(values)
            rows.append([short, _SEEN[short][1], summary.mean])
            name = f"{NAME}.{short}"
            if name not in context.judge:
                continue
            value, factor = summary.mean, 1.0
            if short in ("main_flow", "bypass_flow"):
                at = parameters.main_flow if short == "main_flow" else parameters.bypass_flow
                value, factor = 100.0 * (summary.mean - at) / at, 100.0 / at
            budget = Budget((scatter("repeatability", summary, _SEEN[short][1], factor),))
            subject = context.subject(device, short, self.criteria[short], 100.0)
            has_one = context.judge.criterion(name).distribution != "none"
            tests.append(context.judge.judge(name, subject, value=value, budget=budget if has_one else None,
                                             n=summary.n))  # fmt: skip
        table = Table(key=NAME, columns=[Column(key="quantity"), Column(key="unit"), Column(key="mean", decimals=4)],
                      rows=rows)  # fmt: skip
        return [Outcome(device, None, MeasuredData(quantity=NAME, unit="1", full_scale=1.0, tables=[table]), tests)]


PROCEDURE = TeomCondition()
