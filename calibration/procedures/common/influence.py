"""Readings under one condition after another: what temperature, voltage and other influences share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Windows, asked_of, refusal
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Equipment, Missing, Stage, Unit
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.visits import excess, visit, visit_stages
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.uncertainty import Budget
from rig.host.kinds import Channel


class InfluencePlan(Parameters):
    """What a plan may set of a test of an influence: at which levels the units read."""

    zero: bool = Field(default=False, description="zero gas too")
    span_pct: float = Field(default=80.0, gt=0, le=100)

    def levels(self) -> dict[str, float]:
        """Level of each criterion, % of full scale."""
        return {**({"zero": 0.0} if self.zero else {}), "span": self.span_pct}


def lacking(bench: Equipment, kind: str, why: str) -> list[Missing]:
    """That a bench has no device of this kind."""
    return [] if kind in bench.kinds else [Missing("device", f"a device of kind {kind}, {why}", "none")]


def influence_stages(
    units: Sequence[Unit], plan: InfluencePlan, gas: GasPlan, conditions: Sequence[float], each_s: float
) -> list[Stage]:
    """The way: to each condition, and a visit there."""
    way = visit_stages(units, plan.levels(), gas)
    found: list[Stage] = []
    for value in conditions:
        found += [Stage(f"{value:g}", "", each_s), *way]
    return found


def read_under(
    context: Context, units: Sequence[Unit], levels: Mapping[str, float], conditions: Sequence[float],
    arrive: Callable[[float], Message | None],
) -> tuple[dict[str, Asked], Windows, Message | None]:  # fmt: skip
    """Read all levels under each condition.

    Args:
        context: of the procedure.
        units: all of them.
        levels: % of full scale, by name.
        conditions: values of the influence, in order.
        arrive: brings the condition about; no gas flows meanwhile. Returns why that was not possible.

    Returns:
        what was asked of each unit; the windows, one per condition; why the test ended early, or None.
    """
    asked = {unit.name: asked_of(context, unit) for unit in units}
    windows: Windows = {}
    for value in conditions:
        context.run.rest()
        context.run.step(f"{', '.join(asked)}: {value:g}")
        refused = arrive(value)
        if refused is not None:
            return asked, windows, refused
        for unit in units:
            context.run.enter_gas(unit.name)
        visit(context, units, asked, levels, windows)
    return asked, windows, None


Judged = Callable[[Sequence[Level]], tuple[float, Budget, str]]
"""From the windows of one level to the value, its budget, and the formula with numbers."""


def influence_outcome(
    context: Context, procedure: str, channel: Channel, asked: Asked, conditions: Sequence[float], unit: str,
    levels: Mapping[str, list[Level]], criteria: Mapping[str, tuple[str, Judged]], refused: Message | None,
) -> Outcome:  # fmt: skip
    """Hold what one channel read under the conditions against its criteria.

    Args:
        context: of the procedure.
        procedure: its name.
        channel: what was read.
        asked: of its unit.
        conditions: values of the influence, in order, in ``unit``.
        unit: of the influence.
        levels: windows by the name of the level, one per condition.
        criteria: by short name, the level that each is about and how its value is found.
        refused: why there is none.
    """
    subject = context.of_channel(asked.device, channel, asked.scale)
    tests: list[Test] = []
    why = refused or refusal(lv for some in levels.values() for lv in some)
    for short, (level, judged) in criteria.items():
        name = f"{procedure}.{short}"
        if name not in context.judge or level not in levels:
            continue
        if why is not None:
            tests.append(context.judge.no_result(name, subject, "void", why))
            continue
        value, budget, numbers = judged(levels[level])
        tests.append(
            context.judge.judge(
                name, subject, value=value, budget=budget, n=len(levels[level]), formula_numbers=numbers
            )
        )
    data = _data(channel, asked.scale, conditions, unit, levels)
    notes = [] if why is None else [why]
    return Outcome(asked.device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


def _data(
    channel: Channel, scale: float, conditions: Sequence[float], unit: str, levels: Mapping[str, list[Level]]
) -> MeasuredData:
    count = min((len(some) for some in levels.values()), default=0)
    rows: list[list[float | str | Message | None]] = [
        [conditions[i], *(some[i].mean for some in levels.values())] for i in range(count)
    ]
    columns = [Column(key="condition", unit=unit, decimals=0),
               *(Column(key=short, unit=channel.unit, decimals=2) for short in levels)]  # fmt: skip
    numbers = [float(i + 1) for i in range(count)]
    changes = [[reading - some[0] for reading in some] for some in map(excess, levels.values()) if some]
    chart = Chart(key="influence", kind="series", x_unit="", y_unit=channel.unit, names=list(levels),
                  x=[numbers for _ in changes], y=[some[:count] for some in changes])  # fmt: skip
    return MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=scale,
        levels=[level for some in levels.values() for level in some],
        tables=[Table(key="influence", columns=columns, rows=rows)], charts=[chart],
    )  # fmt: skip
