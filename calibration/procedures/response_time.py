"""Response time: how long a unit takes to show a part of a step of gas, up and down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Switch, asked_of, measure_together, request, turn
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Chart, Column, MeasuredData, Message, Table, Test, Trace
from calibration.statistics.response import response_time, step_response
from calibration.statistics.summary import mean, summarize
from calibration.uncertainty import Budget, Component
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "response_time"
_COARSE, _LATE = 0.25, 4.0
"""Readings farther apart than this part of the time that is measured, and than so many polls, cannot tell it."""


class ResponsePlan(Parameters):
    """What a plan may set of a response test."""

    level_pct: float = Field(default=80.0, gt=0, le=100)
    fraction: float = Field(default=0.9, gt=0, lt=1, description="of the step that is waited for")
    repeats: int = Field(default=3, ge=1)
    poll: Seconds = Field(default=2.0, gt=0, description="time between readings while the step passes")
    switch: Switch = Field(default="calibrator", description="what makes the step")
    after_lag: bool = Field(default=False, description="rise and fall begin at the first observable change")
    observable_pct: float = Field(default=1.0, gt=0, lt=50, description="% of full scale that is a change")
    difference_share: float = Field(default=0.1, gt=0, description="allowed difference, of the longer time")
    difference_least: Seconds = Field(default=10.0, gt=0, description="allowed difference at the least")
    watch: Seconds = Field(default=600.0, gt=0, description="how long the step is read at this pace")


class ResponseTime(Procedure[ResponsePlan]):
    """From the command for a gas to the reading that shows ``fraction`` of the step, on the way up and on the way down.

    Dead time of the tube between calibrator and unit counts, as on site; with ``after_lag`` (40 CFR 53) rise and fall
    begin where the reading begins to move, and ``lag`` is the time before. ``difference`` is that of rise and fall over
    what is allowed of it (EN 14211). Before each step the unit is stable.
    """

    name = NAME
    parameters = ResponsePlan
    criteria: ClassVar[Mapping[str, str]] = {
        "rise": "min", "fall": "min", "lag": "min", "difference": "1",
    }  # fmt: skip
    any_gas = True
    takes: ClassVar[Takes] = "same gas"

    def judged(self, unit: Unit, parameters: ResponsePlan) -> list[Judged]:
        """Minutes, whatever the gas."""
        times = tuple(short for short, its in self.criteria.items() if its == "min")
        return [
            Judged(channel.quantity, unit_of, criteria)
            for channel in unit.channels
            for unit_of, criteria in (("min", times), ("1", ("difference",)))
        ]

    def stages(self, units: Sequence[Unit], parameters: ResponsePlan, gas: GasPlan) -> list[Stage]:
        """Zero gas and the level in turn, ending on zero gas."""
        name = units[0].gas
        way = [Stage(label_of(percent), name, gas.wait(name)) for percent in (0.0, parameters.level_pct)]
        return [*way * parameters.repeats, way[0]]

    def wanted(self, unit: Unit, parameters: ResponsePlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        minutes = parameters.repeats * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ResponsePlan) -> list[Outcome]:
        """Step units of one gas together."""
        gas = units[0].gas
        # Every few seconds, so that the crossing is seen.
        pace = {"first": parameters.watch, "first_poll": parameters.poll}
        stability = context.gas.stability.model_copy(update=pace)
        quick = replace(context, gas=context.gas.model_copy(update={"stability": stability}))
        asked = [asked_of(context, unit) for unit in units]
        steps: list[_Step] = []
        names = [unit.name for unit in units]
        by_port = parameters.switch == "port"
        level = request(context, gas, parameters.level_pct * asked[0].scale / 100.0)
        if by_port:
            measure_together(context, asked, label_of(parameters.level_pct), level, [])
            turn(context, names, gas=False)
        before = measure_together(context, asked, "zero", level if by_port else request(context, gas, 0.0), [],
                                  flows=by_port)  # fmt: skip
        for _ in range(parameters.repeats):
            for way, percent in (("rise", parameters.level_pct), ("fall", 0.0)):
                trace: list[Reading] = []
                begun = context.run.now()
                task = level if by_port or percent else request(context, gas, 0.0)
                if by_port:
                    turn(context, names, gas=percent > 0.0)
                after = measure_together(quick, asked, label_of(percent), task, trace, flows=by_port)
                for its in asked:
                    for quantity in its.quantities:
                        start, end = (made[its.device].levels[quantity] for made in (before, after))
                        own = [r for r in trace if r.device == its.device and r.quantity == quantity]
                        steps.append(_Step(its.device, quantity, way, begun, start.mean or 0.0, end.mean or 0.0,
                                           end.refused, own))  # fmt: skip
                before = after
        turn(context, names, gas=True)
        return [
            _outcome(context, channel, its, parameters,
                     [step for step in steps if (step.device, step.quantity) == (unit.name, channel.quantity)])
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]  # fmt: skip


class _Step:
    """One step up or down, as one quantity of one unit followed it."""

    def __init__(
        self, device: str, quantity: str, way: str, begun: float, initial: float, final: float,
        refused: Message | None, readings: list[Reading],
    ) -> None:  # fmt: skip
        self.device, self.quantity, self.way, self.begun = device, quantity, way, begun
        self.initial, self.final, self.refused, self.readings = initial, final, refused, readings

    def minutes(self, plan: ResponsePlan, scale: float, part: str = "") -> float | None:
        """Time to the fraction of the step (``lag``: to its first sign), min; None if there was none or not so far."""
        if self.refused is not None or abs(self.final - self.initial) < 1e-9 or len(self.readings) < 2:
            return None
        times = [self.begun, *(reading.t_s for reading in self.readings if reading.t_s > self.begun)]
        values = [self.initial, *(reading.value for reading in self.readings if reading.t_s > self.begun)]
        found = step_response(times, values, self.begun, self.initial, self.final, plan.fraction,
                              noise=plan.observable_pct * scale / 100.0)  # fmt: skip
        seconds = found.lag if part == "lag" else found.travel if plan.after_lag else found.total
        return None if seconds is None else seconds / 60.0

    def spacing_s(self, fraction: float) -> tuple[float, float]:
        """How well the instant of the fraction is known, s: between two readings, and between two different readings.

        A unit that renews its display every ten seconds, or holds it while it looks at the dark, shows the same number
        to several polls; a slow wire gives fewer polls than were asked for.
        """
        way = self.final - self.initial
        last, changed, earlier = self.begun, self.begun, self.initial
        for reading in self.readings:
            if reading.t_s <= self.begun:
                continue
            if reading.value != earlier:
                if (reading.value - self.initial) / way >= fraction:
                    return reading.t_s - last, reading.t_s - changed
                changed, earlier = reading.t_s, reading.value
            last = reading.t_s
        return 0.0, 0.0


def _outcome(context: Context, channel: Channel, asked: Asked, plan: ResponsePlan, steps: list[_Step]) -> Outcome:
    subject = context.subject(asked.device, channel.quantity, "min", asked.scale)
    scale = asked.scale
    times = {way: [step.minutes(plan, scale) for step in steps if step.way == way] for way in ("rise", "fall")}
    times["lag"] = [step.minutes(plan, scale, "lag") for step in steps]
    tests: list[Test] = []
    notes: list[Message] = []
    for way, found in times.items():
        name = f"{NAME}.{way}"
        if name not in context.judge:
            continue
        minutes = [value for value in found if value is not None]
        if len(minutes) < len(found):
            why = next((step.refused for step in steps if step.refused is not None), None) or Message(
                key="response.not_reached", values={"percent": 100.0 * plan.fraction}
            )
            notes.append(why)
            tests.append(context.judge.no_result(name, subject, "void", why))
            continue
        apart = [step.spacing_s(plan.fraction) for step in steps if step.way == way]
        late, spacing = (max([plan.poll, *(pair[which] for pair in apart)]) for which in (0, 1))
        if late > _COARSE * 60.0 * max(minutes) and late > _LATE * plan.poll:
            why = Message(key="response.readings_too_rare", values={"spacing": round(late, 1), "poll": plan.poll})
            notes.append(why)
            tests.append(context.judge.no_result(name, subject, "void", why))
            continue
        parts = [
            Component("poll", "B", spacing / 60.0 / math.sqrt(12.0), "min", 1.0, basis_key="basis.poll",
                      basis_values={"poll": round(spacing, 1)})
        ]  # fmt: skip
        if len(minutes) > 1:
            summary = summarize(minutes)
            parts.insert(0, Component("repeatability", "A", summary.sd / math.sqrt(len(minutes)), "min", 1.0,
                                      len(minutes) - 1.0, basis_key="basis.repeatability",
                                      basis_values={"n": len(minutes), "s": summary.sd, "unit": "min"}))  # fmt: skip
        shown = " + ".join(f"{value:.2f}" for value in minutes)
        tests.append(
            context.judge.judge(name, subject, value=mean(minutes), budget=Budget(tuple(parts)), n=len(minutes),
                                formula_numbers=f"({shown}) / {len(minutes)}")
        )  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [float(i + 1), *pair, *times["lag"][2 * i : 2 * i + 2]]
        for i, pair in enumerate(zip(times["rise"], times["fall"], strict=True))
    ]
    shown_times = [Column(key=key, unit="min", decimals=2) for key in ("rise", "fall", "lag_up", "lag_down")]
    table = Table(key="response", columns=[Column(key="number", decimals=0), *shown_times], rows=rows)
    tests += _difference(context, channel, asked, plan, times)
    first = steps[:2]
    chart = Chart(
        key="response", kind="trace", x_unit="min", y_unit=channel.unit, names=[step.way for step in first],
        x=[[(reading.t_s - step.begun) / 60.0 for reading in step.readings] for step in first],
        y=[[reading.value for reading in step.readings] for step in first],
        marks={step.way: at for step in first if (at := step.minutes(plan, scale)) is not None},
    )  # fmt: skip
    trace = Trace(
        quantity=channel.quantity, unit=channel.unit, t_s=[r.t_s for step in steps for r in step.readings],
        value=[r.value for step in steps for r in step.readings],
    )  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, tables=[table],
                        charts=[chart], traces=[trace])  # fmt: skip
    return Outcome(asked.device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


def _difference(
    context: Context, channel: Channel, asked: Asked, plan: ResponsePlan, times: Mapping[str, list[float | None]]
) -> list[Test]:
    """Difference of rise and fall over what is allowed of it."""
    name = f"{NAME}.difference"
    rises, falls = ([value for value in times[way] if value is not None] for way in ("rise", "fall"))
    if name not in context.judge:
        return []
    subject = context.subject(asked.device, channel.quantity, "1", asked.scale)
    if len(rises) + len(falls) < len(times["rise"]) + len(times["fall"]):
        why = Message(key="response.not_reached", values={"percent": 100.0 * plan.fraction})
        return [context.judge.no_result(name, subject, "void", why)]
    found = response_time(rises, falls)
    allowed = max(plan.difference_share * max(found.rise, found.fall), plan.difference_least / 60.0)
    u = summarize([a - b for a, b in zip(rises, falls, strict=True)]).standard_error if len(rises) > 1 else 0.0
    parts = [Component("poll", "B", plan.poll / 60.0 / math.sqrt(6.0), "min", 1.0 / allowed, basis_key="basis.poll",
                       basis_values={"poll": plan.poll})]  # fmt: skip
    if u > 0.0:
        values: dict[str, float | int | str] = {"n": len(rises), "s": u * math.sqrt(len(rises)), "unit": "min"}
        parts.append(Component("repeatability", "A", u, "min", 1.0 / allowed, len(rises) - 1.0,
                               basis_key="basis.repeatability", basis_values=values))  # fmt: skip
    numbers = f"|{found.rise:.3g} − {found.fall:.3g}| / {allowed:.3g}"
    value = abs(found.difference) / allowed
    return [context.judge.judge(name, subject, value=value, budget=Budget(tuple(parts)), n=len(rises),
                                formula_numbers=numbers)]  # fmt: skip


PROCEDURE = ResponseTime()
