"""Indication error: the mean of some readings on gas in the middle of the range, against what the gas should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import (
    Asked,
    Windows,
    asked_of,
    keep,
    measure_together,
    refusal,
    request,
    trace_of,
)
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import as_read_by, reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table
from calibration.statistics.hj_gas import indication_error
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "indication_error"


class IndicationErrorPlan(Parameters):
    """What a plan may set of an indication error."""

    level_pct: float = Field(default=50.0, gt=0, le=100)
    repeats: int = Field(default=3, ge=1)


class IndicationError(Procedure[IndicationErrorPlan]):
    """Le = (mean - standard) / full scale; between the readings the units go back to zero gas.

    A zero and span calibration comes before it (a step of its own in the plan).
    """

    name = NAME
    parameters = IndicationErrorPlan
    criteria: ClassVar[Mapping[str, str]] = {"error": "%"}
    any_gas = True
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: IndicationErrorPlan, gas: GasPlan) -> list[Stage]:
        """Zero gas and the level in turn."""
        name = units[0].gas
        return [Stage(label_of(percent), name, gas.wait(name)) for percent in (0.0, parameters.level_pct)] * (
            parameters.repeats
        )

    def wanted(self, unit: Unit, parameters: IndicationErrorPlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        minutes = parameters.repeats * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: IndicationErrorPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        trace: list[Reading] = []
        windows: Windows = {}
        task = request(context, gas, parameters.level_pct * asked[0].scale / 100.0)
        for _ in range(parameters.repeats):
            measure_together(context, asked, "zero", request(context, gas, 0.0), trace)
            keep(windows, measure_together(context, asked, label_of(parameters.level_pct), task, trace))
        return [
            _outcome(context, unit.name, channel, its, windows[unit.name, channel.quantity], trace)
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]


def _outcome(
    context: Context, device: str, channel: Channel, asked: Asked, levels: list[Level], trace: list[Reading]
) -> Outcome:
    levels = [as_read_by(context, channel.quantity, level) for level in levels]
    nominal = sum(level.nominal for level in levels) / len(levels)
    means = [float(level.mean) for level in levels if level.mean is not None]
    rows: list[list[float | str | Message | None]] = [
        [float(number), level.nominal, level.mean, None if level.mean is None else level.mean - level.nominal]
        for number, level in enumerate(levels, start=1)
    ]
    columns = [
        Column(key="number", decimals=0),
        *(Column(key=key, unit=channel.unit, decimals=2) for key in ("nominal", "mean", "deviation")),
    ]
    data = MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, levels=levels,
        tables=[Table(key="repeats", columns=columns, rows=rows)],
        traces=[trace_of(channel.quantity, trace, device)],
    )  # fmt: skip
    subject = context.of_channel(device, channel, asked.scale)
    name = f"{NAME}.error"
    refused = refusal(levels)
    notes = [] if refused is None else [refused]
    references = reference_ids(context, channel.gas)
    if refused is not None:
        test = context.judge.no_result(name, subject, "void", refused)
        return Outcome(device, channel.quantity, data, [test], notes, references)
    value = indication_error(means, nominal, asked.scale)
    n = len(levels)
    budget = scaled(
        budget_of_means(context, channel.gas, levels, [1.0 / n] * n, channel.unit, same_gas=False), 100.0 / asked.scale
    )
    test = context.judge.judge(
        name, subject, value=value, budget=budget, n=n,
        formula_numbers=f"({sum(means) / n:.4g} − {nominal:.4g}) / {asked.scale:g} × 100 %",
    )  # fmt: skip
    return Outcome(device, channel.quantity, data, [test], notes, references)


PROCEDURE = IndicationError()
