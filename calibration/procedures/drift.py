"""Drift: zero, and two levels of span gas, at equal intervals (a day, if a plan says nothing), without adjustment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Windows, asked_of, refusal
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Procedure, Stage, Takes, Unit, Wanted
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.visits import excess, visit, visit_gases, visit_stages
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.day_to_day import daily_drift
from calibration.statistics.en_gas import zero_span_drift
from calibration.uncertainty import Budget
from rig.host.kinds import Channel

_DAY_S = 86_400.0


class DriftPlan(Parameters):
    """What a plan may set of a drift test: how many intervals it looks at, how long they are, and the levels."""

    days: int = Field(default=3, ge=1, description="intervals, each of them a day unless every says otherwise")
    every: Seconds = Field(default=_DAY_S, gt=0, description="from one visit to the next")
    low_pct: float = Field(default=20.0, ge=0, le=100, description="0: no lower level")
    high_pct: float = Field(default=80.0, gt=0, le=100)

    def levels(self) -> dict[str, float]:
        """Level of each criterion, % of full scale, in the order in which they are offered."""
        low = {"low": self.low_pct} if self.low_pct else {}
        return {"zero": 0.0, **low, "high": self.high_pct}


class Drift(Procedure[DriftPlan]):
    """Stable readings on zero gas and two levels, in this order, and the same again after each interval.

    The drift of an interval is the change since the visit before; the largest one counts. All visits read the same gas,
    so cylinder and flow calibration cancel, while the repeatability of the flows stays. In between the units sample as
    always. All units of the bench are looked at on the same visit: zero gas together, span gases one after the other.

    ``zero``, ``low`` and ``high`` are the changes themselves, ``*_relative`` are in % of the reading before (40 CFR
    53); ``high_net`` has the change of zero taken out, ``high_net_relative`` is that in % of the later reading (EN).
    """

    name = "drift"
    parameters = DriftPlan
    criteria: ClassVar[Mapping[str, str]] = {
        "zero": "quantity", "low": "quantity", "high": "quantity", "low_relative": "%", "high_relative": "%",
        "high_net": "quantity", "high_net_relative": "%",
    }  # fmt: skip
    any_gas = True
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "day"

    def stages(self, units: Sequence[Unit], parameters: DriftPlan, gas: GasPlan) -> list[Stage]:
        """A visit a day, and the time between."""
        way = visit_stages(units, parameters.levels(), gas)
        rest = Stage(
            "until_tomorrow", "", max(0.0, parameters.every - sum(stage.expected_s for stage in way)), sampling=True
        )
        return [*way, *[rest, *way] * parameters.days]

    def wanted(self, unit: Unit, parameters: DriftPlan, gas: GasPlan) -> list[Wanted]:
        """Both levels of span gas, once a day."""
        return list(visit_gases(unit, parameters.levels(), gas, parameters.days + 1))

    def perform(self, context: Context, units: Sequence[Unit], parameters: DriftPlan) -> list[Outcome]:
        """Look at all units once a day."""
        run = context.run
        asked = {unit.name: asked_of(context, unit) for unit in units}
        windows: Windows = {}
        begun = run.now()
        for day in range(parameters.days + 1):
            if day:
                run.rest()
                run.step(f"{', '.join(asked)}: until_tomorrow")
                run.wait(max(0.0, begun + day * parameters.every - run.now()))
                for unit in units:
                    run.enter_gas(unit.name)
            visit(context, units, asked, parameters.levels(), windows)
        return [
            _outcome(context, self.name, channel, asked[unit.name], parameters,
                     {short: windows[unit.name, channel.quantity, short] for short in parameters.levels()})
            for unit in units
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context, procedure: str, channel: Channel, asked: Asked, plan: DriftPlan, levels: Mapping[str, list[Level]]
) -> Outcome:
    subject = context.of_channel(asked.device, channel, asked.scale)
    tests: list[Test] = []
    notes: list[Message] = []
    refused = refusal(level for some in levels.values() for level in some)
    for short in Drift.criteria:
        name = f"{procedure}.{short}"
        if name not in context.judge or short.split("_", 1)[0] not in levels:
            continue
        if refused is not None:
            tests.append(context.judge.no_result(name, subject, "void", refused))
            continue
        values = _changes(short, levels)
        at = int(np.abs(values).argmax()) + 1
        budget = _budget(context, channel, short, levels, at)
        remark = Message(key="drift.largest", values={"day": at, "n": len(values)})
        tests.append(
            context.judge.judge(name, subject, value=values[at - 1], budget=budget, n=len(values),
                                formula_numbers=_numbers(short, levels, at), message=remark)
        )  # fmt: skip
    if refused is not None:
        notes.append(refused)
    data = _data(channel, asked.scale, plan, levels)
    return Outcome(asked.device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


def _changes(short: str, levels: Mapping[str, list[Level]]) -> list[float]:
    """The change of each interval that a criterion is about."""
    level, _, form = short.partition("_")
    readings = excess(levels[level])
    if form.startswith("net"):
        zero = excess(levels["zero"])
        found = [
            zero_span_drift([zero[i]], [readings[i]], [zero[i + 1]], [readings[i + 1]])
            for i in range(len(readings) - 1)
        ]
        return [one.span_percent if form.endswith("relative") else one.span for one in found]
    drift = daily_drift(readings)
    if form == "relative" and drift.percent is not None:
        return [float(value) for value in drift.percent]
    return [float(value) for value in drift.differences]


def _numbers(short: str, levels: Mapping[str, list[Level]], at: int) -> str:
    level, _, form = short.partition("_")
    before, after = excess(levels[level])[at - 1 : at + 1]
    told = f"{after:.4g} − {before:.4g}"
    if form.startswith("net"):
        zero_before, zero_after = excess(levels["zero"])[at - 1 : at + 1]
        told = f"({told}) − ({zero_after:.4g} − {zero_before:.4g})"
    if not form.endswith("relative"):
        return told
    return f"({told}) / {after if form.startswith('net') else before:.4g} × 100 %"


def _budget(context: Context, channel: Channel, short: str, levels: Mapping[str, list[Level]], at: int) -> Budget:
    level, _, form = short.partition("_")
    pair = levels[level][at - 1 : at + 1]
    budget = budget_of_means(context, channel.gas, pair, [-1.0, 1.0], channel.unit, same_gas=True)
    if form.startswith("net"):
        zero = budget_of_means(context, channel.gas, levels["zero"][at - 1 : at + 1], [1.0, -1.0], channel.unit,
                               same_gas=True)  # fmt: skip
        budget = Budget((*budget.components, *(part for part in zero.components if not part.cancels)))
    return scaled(budget, 100.0 / (pair[0].mean or 1.0)) if form.endswith("relative") else budget


def _data(channel: Channel, scale: float, plan: DriftPlan, levels: Mapping[str, list[Level]]) -> MeasuredData:
    days = [number * plan.every / _DAY_S for number in range(plan.days + 1)]
    rows: list[list[float | str | Message | None]] = []
    for number, day in enumerate(days):
        row: list[float | str | Message | None] = [day]
        for some in levels.values():
            level, before = some[number], some[number - 1] if number else None
            change = None
            if before is not None and level.mean is not None and before.mean is not None:
                change = (level.mean - level.nominal) - (before.mean - before.nominal)
            row += [level.mean, change]
        rows.append(row)
    unit = channel.unit
    columns = [Column(key="day", decimals=0 if plan.every % _DAY_S == 0.0 else 1)]
    for short in levels:
        columns += [Column(key=short, unit=unit, decimals=2), Column(key=f"{short}_drift", unit=unit, decimals=2)]
    chart = Chart(
        key="drift", kind="series", x_unit="d", y_unit=unit, names=list(levels), x=[days for _ in levels],
        y=[[(its.mean or 0.0) - its.nominal - ((some[0].mean or 0.0) - some[0].nominal) for its in some]
           for some in levels.values()],
    )  # fmt: skip
    return MeasuredData(
        quantity=channel.quantity, unit=unit, full_scale=scale,
        levels=[level for some in levels.values() for level in some],
        tables=[Table(key="drift", columns=columns, rows=rows)], charts=[chart],
    )  # fmt: skip


PROCEDURE = Drift()
