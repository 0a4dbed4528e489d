"""Warm-up: how long a cold unit takes after power on until it reads as it will read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.alarms import standing_alarms
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.influence import lacking
from calibration.procedures.common.levels import asked_of, request
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import (
    Equipment,
    Judged,
    Missing,
    Procedure,
    Stage,
    Takes,
    Unit,
    Wanted,
    label_of,
)
from calibration.procedures.common.references import reference_ids
from calibration.record import Chart, MeasuredData, Message, Trace
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "warm_up"


class WarmUpPlan(Parameters):
    """What a plan may set of it."""

    level_pct: float = Field(default=80.0, gt=0, le=100)
    off: Seconds = Field(default=14400.0, gt=0, description="without power, until everything is cold")
    boot: Seconds = Field(default=60.0, ge=0, description="after power on, before the first question")
    poll: Seconds = Field(default=60.0, gt=0)
    watch: Seconds = Field(default=7200.0, gt=0, description="how long the reading is watched")
    final: Seconds = Field(default=1800.0, gt=0, description="the last part of it, whose mean is the final reading")
    tolerance_pct: float = Field(default=2.0, gt=0, description="% of full scale about the final reading")


class WarmUp(Procedure[WarmUpPlan]):
    """Power off until cold, power on with gas at the port: minutes until the reading stays by its final value.

    The last reading farther from the mean of the final part than the tolerance, or the last alarm if that is later,
    ends the warm-up. The supply of all units is switched; units of one gas are read together.
    """

    name = NAME
    parameters = WarmUpPlan
    criteria: ClassVar[Mapping[str, str]] = {"minutes": "min"}
    takes: ClassVar[Takes] = "same gas"

    def judged(self, unit: Unit, parameters: WarmUpPlan) -> list[Judged]:
        """Minutes, whatever the gas."""
        return [Judged(channel.quantity, "min", tuple(self.criteria)) for channel in unit.channels]

    def missing(self, units: Sequence[Unit], parameters: WarmUpPlan, bench: Equipment) -> list[Missing]:
        """A supply that can be switched."""
        return lacking(bench, "variac", "on which the units hang")

    def stages(self, units: Sequence[Unit], parameters: WarmUpPlan, gas: GasPlan) -> list[Stage]:
        """Cold, then warm."""
        return [
            Stage("without_power", "", parameters.off),
            Stage(label_of(parameters.level_pct), units[0].gas, parameters.watch),
        ]

    def wanted(self, unit: Unit, parameters: WarmUpPlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, parameters.watch / 60.0)]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: WarmUpPlan) -> list[Outcome]:
        """Switch off, wait, switch on, watch."""
        run, gas = context.run, units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        supply = run.of_kind("variac")[0]
        run.rest()
        run.step(f"{', '.join(unit.name for unit in units)}: without_power")
        run.set(supply, "output", False)
        run.wait(parameters.off)
        run.restore(supply, "output")
        on = run.now()
        run.step(f"{', '.join(unit.name for unit in units)}: {label_of(parameters.level_pct)}")
        run.offer(request(context, gas, parameters.level_pct * asked[0].scale / 100.0))
        run.wait(parameters.boot)
        for unit in units:
            run.enter_gas(unit.name)
        readings: list[Reading] = []
        alarms: dict[str, float] = {}
        while run.now() - on < parameters.watch:
            for its in asked:
                readings += [run.read(its.device, quantity) for quantity in its.quantities]
                if standing_alarms(context, its.device):
                    alarms[its.device] = run.now()
            run.wait(parameters.poll)
        return [
            _outcome(context, unit, channel, its.scale, parameters, on, alarms.get(unit.name, on),
                     [r for r in readings if (r.device, r.quantity) == (unit.name, channel.quantity)])
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]  # fmt: skip


def _outcome(
    context: Context, unit: Unit, channel: Channel, scale: float, plan: WarmUpPlan, on: float, alarm: float,
    readings: Sequence[Reading],
) -> Outcome:  # fmt: skip
    name = f"{NAME}.minutes"
    subject = context.subject(unit.name, channel.quantity, "min", scale)
    final = summarize([r.value for r in readings if r.t_s >= on + plan.watch - plan.final]).mean
    band = plan.tolerance_pct * scale / 100.0
    outside = [r.t_s for r in readings if abs(r.value - final) > band]
    ready = max([alarm, *outside])
    trace = Trace(quantity=channel.quantity, unit=channel.unit, t_s=[r.t_s for r in readings],
                  value=[r.value for r in readings])  # fmt: skip
    minutes = (ready - on + plan.poll) / 60.0
    chart = Chart(
        key="warm_up", kind="trace", x_unit="min", y_unit=channel.unit, names=[channel.quantity],
        x=[[(r.t_s - on) / 60.0 for r in readings]], y=[[r.value for r in readings]],
        limit_low=final - band, limit_high=final + band, marks={"ready": minutes},
    )  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=scale, charts=[chart], traces=[trace])
    references = reference_ids(context, channel.gas)
    if ready >= on + plan.watch - plan.final:
        why = Message(key="warm_up.not_ready", values={"minutes": round(plan.watch / 60.0)})
        test = context.judge.no_result(name, subject, "void", why)
        return Outcome(unit.name, channel.quantity, data, [test], [why], references)
    budget = Budget((
        Component("poll", "B", plan.poll / 60.0 / 12.0**0.5, "min", 1.0, basis_key="basis.poll",
                  basis_values={"poll": plan.poll}),
    ))  # fmt: skip
    test = context.judge.judge(name, subject, value=minutes, budget=budget, n=1,
                               formula_numbers=f"±{band:.4g} of {final:.4g} from {minutes:.0f} min on")  # fmt: skip
    return Outcome(unit.name, channel.quantity, data, [test], [], references)


PROCEDURE = WarmUp()
