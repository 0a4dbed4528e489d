"""What a shelf has done to a unit: zero and span as found, before anything is adjusted, over the time on the shelf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, full_scale, measure_level, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.references import as_read_by, reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table, Test
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "shelf_ageing"
DAYS_A_MONTH = 30.4375
RATE = "per_month"
"""Column of the table with what a month on the shelf has done, in the unit of the row."""


class ShelfAgeingPlan(Parameters):
    """What a plan may set of the look at what a shelf has done."""

    span_pct: float = Field(default=80.0, gt=0, le=100)


class ShelfAgeing(Procedure[ShelfAgeingPlan]):
    """Zero and span gas as the unit comes from the shelf.

    A unit within the control limits may be calibrated and go on; one beyond them is repaired first and is not tested
    further. Where the bench file tells how long it lay, the deviations are also given per month.
    """

    name = NAME
    parameters = ShelfAgeingPlan
    criteria: ClassVar[Mapping[str, str]] = {"zero": "quantity", "span": "%"}

    def stages(self, units: Sequence[Unit], parameters: ShelfAgeingPlan, gas: GasPlan) -> list[Stage]:
        """Zero and span."""
        return [
            Stage(label_of(percent), unit.gas, gas.wait(unit.gas))
            for unit in units
            for percent in (0.0, parameters.span_pct)
        ]

    def wanted(self, unit: Unit, parameters: ShelfAgeingPlan, gas: GasPlan) -> list[Wanted]:
        """The span gas."""
        minutes = gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "span_pct", parameters.span_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ShelfAgeingPlan) -> list[Outcome]:
        """Both levels, all channels together."""
        [unit] = units
        scale = full_scale(context.run, unit.name)
        asked = Asked(unit.name, tuple(channel.quantity for channel in unit.channels), scale, unit.gas)
        trace: list[Reading] = []
        made: dict[str, dict[str, Level]] = {}
        for short, percent in (("zero", 0.0), ("span", parameters.span_pct)):
            task = request(context, unit.gas, percent * scale / 100.0)
            made[short] = measure_level(
                context, unit.name, asked.quantities, label_of(percent), task, scale, trace, unit.gas
            ).levels
        outcomes = [
            _outcome(context, unit.name, channel, scale, {s: made[s][channel.quantity] for s in made}, trace)
            for channel in unit.channels
        ]
        failed = any(test.verdict == "fail" for outcome in outcomes for test in outcome.tests)
        if failed:
            repair = Message(key="shelf_ageing.repair", values={"device": unit.name})
            outcomes[0].hold = repair
            outcomes[0].headlines.append(repair)
        return outcomes


def _outcome(
    context: Context, device: str, channel: Channel, scale: float, levels: Mapping[str, Level], trace: list[Reading]
) -> Outcome:
    found = {short: as_read_by(context, channel.quantity, its) for short, its in levels.items()}
    subject = context.of_channel(device, channel, scale)
    days = context.run.identity(device).plate.shelf_days
    months = None if not days else days / DAYS_A_MONTH
    tests: list[Test] = []
    notes: list[Message] = []
    rows: list[list[float | str | Message | None]] = []
    for short, level in found.items():
        name = f"{NAME}.{short}"
        if level.refused is not None or level.mean is None:
            assert level.refused is not None  # a level that was read has a mean
            notes.append(level.refused)
            tests.append(context.judge.no_result(name, subject, "void", level.refused))
            continue
        factor = 1.0 if short == "zero" else 100.0 / level.nominal
        value = factor * (level.mean - level.nominal)
        budget = scaled(
            budget_of_means(context, channel.gas, [level], [1.0], channel.unit, same_gas=False), factor
        )  # fmt: skip
        numbers = f"{level.mean:.4g} − {level.nominal:.4g}"
        if short == "span":
            numbers = f"({numbers}) / {level.nominal:.4g} × 100 %"
        tests.append(context.judge.judge(name, subject, value=value, budget=budget, n=level.n, formula_numbers=numbers))
        rate = None if months is None else value / months
        rows.append([short, level.nominal, level.mean, value,
                     "%" if short == "span" else channel.unit, rate])  # fmt: skip
    if months is None:
        notes.append(Message(key="shelf_ageing.time_not_known", values={"device": device}))
    unit = channel.unit
    table = Table(
        key=NAME,
        columns=[Column(key="level"), Column(key="nominal", unit=unit, decimals=1),
                 Column(key="reading", unit=unit, decimals=2), Column(key="deviation", decimals=2), Column(key="unit"),
                 Column(key=RATE, decimals=3)],
        rows=rows,
    )  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=unit, full_scale=scale, levels=list(found.values()),
                        tables=[table], traces=[trace_of(channel.quantity, trace, device)])  # fmt: skip
    return Outcome(device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


PROCEDURE = ShelfAgeing()
