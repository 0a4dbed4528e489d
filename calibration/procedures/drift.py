"""Drift from day to day: zero, and two levels of span gas, 24 h apart, without adjustment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, measure_together, request
from calibration.procedures.common.noise import asked_of
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Gap, Procedure, Stage, Takes, Unit, Wanted, by_gas, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.day_to_day import daily_drift
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "drift"
_DAY_S = 86_400.0


class DriftPlan(Parameters):
    """What a plan may set of a drift test: how many days lie between the first and the last look, and the levels."""

    days: int = Field(default=3, ge=1)
    low_pct: float = Field(default=20.0, gt=0, le=100)
    high_pct: float = Field(default=80.0, gt=0, le=100)

    def levels(self) -> dict[str, float]:
        """Level of each criterion, % of full scale, in the order in which they are offered."""
        return {"zero": 0.0, "low": self.low_pct, "high": self.high_pct}


class Drift(Procedure[DriftPlan]):
    """Stable readings on zero gas and two levels, in this order, and the same again each day.

    The drift of each day is the change since the day before; the largest one counts. Both days read the same gas, so
    cylinder and flow calibration cancel, while the repeatability of the flows stays. In between the units sample as
    always. All units of the bench are looked at on the same visit: zero gas together, span gases one after the other.
    """

    name = NAME
    parameters = DriftPlan
    criteria: ClassVar[Mapping[str, str]] = {"zero": "quantity", "low": "quantity", "high": "quantity"}
    takes: ClassVar[Takes] = "all"
    after_a_gap: ClassVar[Gap] = "day"

    def stages(self, units: Sequence[Unit], parameters: DriftPlan, gas: GasPlan) -> list[Stage]:
        """A visit a day, and the time between."""
        visit = [Stage("zero", "", max(gas.wait(unit.gas) for unit in units))]
        for name, _ in by_gas(units):
            visit += [
                Stage(label_of(percent), name, gas.wait(name)) for percent in parameters.levels().values() if percent
            ]
        rest = Stage("until_tomorrow", "", max(0.0, _DAY_S - sum(stage.expected_s for stage in visit)), sampling=True)
        return [*visit, *[rest, *visit] * parameters.days]

    def wanted(self, unit: Unit, parameters: DriftPlan, gas: GasPlan) -> list[Wanted]:
        """Both levels of span gas, once a day."""
        minutes = (parameters.days + 1) * gas.wait(unit.gas) / 60.0
        return [
            Wanted(f"{short}_pct", percent, unit.gas, percent * unit.full_scale / 100.0, None, gas.total_flow, minutes)
            for short, percent in parameters.levels().items()
            if percent
        ]

    def perform(self, context: Context, units: Sequence[Unit], parameters: DriftPlan) -> list[Outcome]:
        """Look at all units once a day."""
        run = context.run
        asked = {unit.name: asked_of(context, unit) for unit in units}
        windows: dict[tuple[str, str, str], list[Level]] = {}
        begun = run.now()
        for day in range(parameters.days + 1):
            if day:
                run.rest()
                run.step(f"{', '.join(asked)}: until_tomorrow")
                run.wait(max(0.0, begun + day * _DAY_S - run.now()))
                for unit in units:
                    run.enter_gas(unit.name)
            for key, level in _visit(context, units, asked, parameters).items():
                windows.setdefault(key, []).append(level)
        return [
            _outcome(context, channel, asked[unit.name],
                     {short: windows[unit.name, channel.quantity, short] for short in parameters.levels()})
            for unit in units
            for channel in unit.channels
        ]  # fmt: skip


def _visit(
    context: Context, units: Sequence[Unit], asked: Mapping[str, Asked], parameters: DriftPlan
) -> dict[tuple[str, str, str], Level]:
    """Zero for all, then the span gases one after the other; the level of each unit, quantity and criterion."""
    found: dict[tuple[str, str, str], Level] = {}
    trace: list[Reading] = []
    for device, made in measure_together(
        context, list(asked.values()), "zero", request(context, "", 0.0), trace
    ).items():
        for quantity, level in made.levels.items():
            found[device, quantity, "zero"] = level
    for gas, group in by_gas(units):
        some = [asked[unit.name] for unit in group]
        for short, percent in parameters.levels().items():
            if not percent:
                continue
            task = request(context, gas, percent * some[0].scale / 100.0)
            for device, made in measure_together(context, some, label_of(percent), task, trace).items():
                for quantity, level in made.levels.items():
                    found[device, quantity, short] = level
    return found


def _outcome(context: Context, channel: Channel, asked: Asked, levels: Mapping[str, list[Level]]) -> Outcome:
    subject = context.of_channel(asked.device, channel, asked.scale)
    tests: list[Test] = []
    notes: list[Message] = []
    for short, some in levels.items():
        name = f"{NAME}.{short}"
        if name not in context.judge:
            continue
        refused = next((level.refused for level in some if level.refused is not None), None)
        if refused is not None:
            notes.append(refused)
            tests.append(context.judge.no_result(name, subject, "void", refused))
            continue
        # What the calibrator says that it made differs a little from day to day; that is not the unit's drift.
        excess = [(level.mean or 0.0) - (level.nominal - some[0].nominal) for level in some]
        drift = daily_drift(excess)
        day = int(abs(drift.differences).argmax()) + 1
        pair = [some[day - 1], some[day]]
        budget = budget_of_means(context, channel.gas, pair, [-1.0, 1.0], channel.unit, same_gas=True)
        numbers = f"{excess[day]:.4g} − {excess[day - 1]:.4g}"
        remark = Message(key="drift.largest", values={"day": day, "n": len(drift.differences)})
        tests.append(
            context.judge.judge(name, subject, value=drift.largest, budget=budget, n=len(drift.differences),
                                formula_numbers=numbers, message=remark)
        )  # fmt: skip
    data = _data(channel, asked.scale, levels)
    return Outcome(asked.device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


def _data(channel: Channel, scale: float, levels: Mapping[str, list[Level]]) -> MeasuredData:
    rows: list[list[float | str | Message | None]] = []
    for day in range(len(levels["zero"])):
        row: list[float | str | Message | None] = [float(day)]
        for some in levels.values():
            level, before = some[day], some[day - 1] if day else None
            change = None
            if before is not None and level.mean is not None and before.mean is not None:
                change = (level.mean - level.nominal) - (before.mean - before.nominal)
            row += [level.mean, change]
        rows.append(row)
    unit = channel.unit
    columns = [Column(key="day", decimals=0)]
    for short in levels:
        columns += [Column(key=short, unit=unit, decimals=2), Column(key=f"{short}_drift", unit=unit, decimals=2)]
    chart = Chart(
        key="drift", kind="series", x_unit="d", y_unit=unit, names=list(levels),
        x=[[float(day) for day in range(len(some))] for some in levels.values()],
        y=[[(its.mean or 0.0) - its.nominal - ((some[0].mean or 0.0) - some[0].nominal) for its in some]
           for some in levels.values()],
    )  # fmt: skip
    return MeasuredData(
        quantity=channel.quantity, unit=unit, full_scale=scale,
        levels=[level for some in levels.values() for level in some],
        tables=[Table(key="drift", columns=columns, rows=rows)], charts=[chart],
    )  # fmt: skip


PROCEDURE = Drift()
