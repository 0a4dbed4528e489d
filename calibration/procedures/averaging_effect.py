"""Averaging effect: does a gas that comes and goes read half of the gas that stays?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, MeasuredLevel, Switch, asked_of, measure_together, request, turn
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table
from calibration.statistics.en_gas import averaging_effect
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "averaging_effect"


class AveragingPlan(Parameters):
    """What a plan may set of it."""

    level_pct: float = Field(default=80.0, gt=0, le=100)
    switch: Switch = Field(default="calibrator", description="what turns the gas on and off")
    half: Seconds = Field(default=45.0, gt=0, description="how long each gas of an alternation flows")
    first: int = Field(default=8, ge=1, description="alternations before the readings count")
    alternations: int = Field(default=20, ge=4, description="alternations that count")
    poll: Seconds = Field(default=5.0, gt=0)


class AveragingEffect(Procedure[AveragingPlan]):
    """E = (C_const - 2 C_var) / C_const: the mean over whole alternations of zero and test gas against constant gas.

    With the units' own valves the other gas is that of their zero port; what it reads is taken from both.
    """

    name = NAME
    parameters = AveragingPlan
    criteria: ClassVar[Mapping[str, str]] = {"effect": "%"}
    takes: ClassVar[Takes] = "same gas"

    def judged(self, unit: Unit, parameters: AveragingPlan) -> list[Judged]:
        """Per cent, whatever the gas."""
        return [Judged(channel.quantity, "%", tuple(self.criteria)) for channel in unit.channels]

    def stages(self, units: Sequence[Unit], parameters: AveragingPlan, gas: GasPlan) -> list[Stage]:
        """Constant gas, then the alternations."""
        name, all_of_them = units[0].gas, parameters.first + parameters.alternations
        return [Stage(label_of(parameters.level_pct), name, gas.wait(name)),
                Stage("alternating", "", 2.0 * parameters.half * all_of_them)]  # fmt: skip

    def wanted(self, unit: Unit, parameters: AveragingPlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        minutes = (gas.wait(unit.gas) + parameters.half * (parameters.first + parameters.alternations)) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: AveragingPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        run, gas = context.run, units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        task = request(context, gas, parameters.level_pct * asked[0].scale / 100.0)
        steady = measure_together(context, asked, label_of(parameters.level_pct), task, [])
        names, by_port = [unit.name for unit in units], parameters.switch == "port"
        low: dict[str, MeasuredLevel] = {}
        if by_port:
            turn(context, names, gas=False)
            low = measure_together(context, asked, "zero", task, [], flows=True)
        run.step(f"{', '.join(names)}: alternating")
        begun = run.now()
        readings: list[Reading] = []
        for number in range(2 * (parameters.first + parameters.alternations)):
            if by_port:
                turn(context, names, gas=number % 2 == 1)
            else:
                run.offer(request(context, gas, 0.0) if number % 2 == 0 else task)
            ends = begun + (number + 1) * parameters.half
            while (left := ends - run.now()) > 1e-3:
                run.wait(min(parameters.poll, left))
                if number >= 2 * parameters.first:
                    readings += [run.read(its.device, quantity) for its in asked for quantity in its.quantities]
        turn(context, names, gas=True)
        return [
            _outcome(context, channel, its, parameters, steady[unit.name].levels[channel.quantity],
                     low[unit.name].levels[channel.quantity].mean or 0.0 if low else 0.0,
                     [r for r in readings if (r.device, r.quantity) == (unit.name, channel.quantity)])
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context,
    channel: Channel,
    asked: Asked,
    plan: AveragingPlan,
    steady: Level,
    low: float,
    readings: Sequence[Reading],
) -> Outcome:
    name = f"{NAME}.effect"
    subject = context.subject(asked.device, channel.quantity, "%", asked.scale)
    begun = readings[0].t_s
    per_alternation: list[list[float]] = [[] for _ in range(plan.alternations)]
    for reading in readings:
        at = min(int((reading.t_s - begun) / (2.0 * plan.half)), plan.alternations - 1)
        per_alternation[at].append(reading.value)
    means = [sum(some) / len(some) for some in per_alternation if some]
    # Above what the zero port gives, which may be air of the room.
    alternating, constant = summarize([mean - low for mean in means]), (steady.mean or 0.0) - low
    shown = readings[: int(4.0 * plan.half / plan.poll)]
    chart = Chart(key="averaging", kind="trace", x_unit="min", y_unit=channel.unit, names=[channel.quantity],
                  x=[[(r.t_s - begun) / 60.0 for r in shown]], y=[[r.value for r in shown]])  # fmt: skip
    rows: list[list[float | str | Message | None]] = [[constant, alternating.mean, 2.0 * alternating.mean - constant]]
    columns = [Column(key=key, unit=channel.unit, decimals=2) for key in ("constant", "alternating", "deviation")]
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, levels=[steady],
                        tables=[Table(key="averaging", columns=columns, rows=rows)], charts=[chart])  # fmt: skip
    references = reference_ids(context, channel.gas)
    if steady.refused is not None:
        test = context.judge.no_result(name, subject, "void", steady.refused)
        return Outcome(asked.device, channel.quantity, data, [test], [steady.refused], references)
    value = averaging_effect([constant], [alternating.mean])
    parts = [
        Component("repeatability", "A", math.hypot(steady.u_mean or 0.0, 2.0 * alternating.standard_error),
                  channel.unit, 100.0 / constant, alternating.n - 1.0, basis_key="basis.repeatability",
                  basis_values={"n": alternating.n, "s": alternating.sd, "unit": channel.unit})
    ]  # fmt: skip
    test = context.judge.judge(
        name, subject, value=value, budget=Budget(tuple(parts)), n=alternating.n,
        formula_numbers=f"({constant:.4g} − 2 × {alternating.mean:.4g}) / {constant:.4g} × 100 %",
    )  # fmt: skip
    return Outcome(asked.device, channel.quantity, data, [test], [], references)


PROCEDURE = AveragingEffect()
