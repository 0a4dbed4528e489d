"""Undisturbed running: the hours that a new unit must run without failure before it is tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.alarms import standing_alarms
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.flows import FLOW_QUANTITIES, FlowPair
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Judged, Needed, Procedure, Stage, Takes, Unit
from calibration.procedures.sample_flow import SampleFlowPlan, measure_sample_flow
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.hj_gas import flow_stability
from calibration.uncertainty import Budget, Component
from rig.errors import DeviceTimeout

NAME = "undisturbed_run"


class UndisturbedRunPlan(Parameters):
    """What a plan may set of undisturbed running."""

    hours: float = Field(default=168.0, gt=0)
    look_every: Seconds = Field(default=3600.0, gt=0)
    most_hours: float = Field(default=504.0, gt=0, description="give up after this")
    flow_every: Seconds = Field(default=86_400.0, gt=0, description="time between two measurements of the sample flow")
    flow: SampleFlowPlan | None = Field(default=None, description="how the flow is measured; None: it is not")


class UndisturbedRun(Procedure[UndisturbedRunPlan]):
    """All units sample as they would on duty; they are looked at now and then, and nothing is touched.

    A unit that shows an alarm, or does not answer, has been interrupted: its hours begin anew. One that does not reach
    its hours in the longest time is not tested further. Once a day a reference meter is held into each sample line: how
    far the flow goes from its mean is its stability.
    """

    name = NAME
    parameters = UndisturbedRunPlan
    criteria: ClassVar[Mapping[str, str]] = {"hours": "h", "flow_stability": "%"}
    takes: ClassVar[Takes] = "all"
    gas: ClassVar[bool] = False
    after_a_gap: ClassVar[Gap] = "sequence"

    def rests_on(self, unit: Unit, parameters: UndisturbedRunPlan) -> list[Needed]:
        """The meter, if the flow is measured."""
        return [] if parameters.flow is None else [Needed("meter", parameters.flow.meter, FLOW_QUANTITIES)]

    def judged(self, unit: Unit, parameters: UndisturbedRunPlan) -> list[Judged]:
        """Hours of the unit as a whole, and its flow."""
        hours = Judged("running_time", "h", ("hours",))
        return [hours] if parameters.flow is None else [hours, Judged("sample_flow", "%", ("flow_stability",))]

    def stages(self, units: Sequence[Unit], parameters: UndisturbedRunPlan, gas: GasPlan) -> list[Stage]:
        """The hours, and a round with the meter each time that the flow is measured."""
        whole, visits = parameters.hours * 3600.0, []
        if parameters.flow is not None:
            for number in range(math.ceil(whole / parameters.flow_every)):
                at = max(parameters.look_every, number * parameters.flow_every)
                for unit in units:
                    values: dict[str, float | int | str | None] = {
                        "meter": parameters.flow.meter, "place": f"{unit.name}.sample",
                    }  # fmt: skip
                    visits.append((at, Message(key="prompt.hold_meter", values=values)))
        return [Stage("running", "", whole, visits=tuple(visits))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: UndisturbedRunPlan) -> list[Outcome]:
        """Wait, and look."""
        run = context.run
        run.step(f"{', '.join(unit.name for unit in units)}: running")
        begun = run.now()
        since = {unit.name: begun for unit in units}
        interruptions: dict[str, list[tuple[float, str]]] = {unit.name: [] for unit in units}
        flows: dict[str, list[tuple[float, FlowPair]]] = {unit.name: [] for unit in units}
        notes: dict[str, list[Message]] = {unit.name: [] for unit in units}
        flow_due = begun
        least_s, most_s = parameters.hours * 3600.0, parameters.most_hours * 3600.0
        while run.now() - max(since.values()) < least_s and run.now() - begun < most_s:
            run.wait(min(parameters.look_every, max(1.0, max(since.values()) + least_s - run.now())))
            if parameters.flow is not None and run.now() >= flow_due:
                flow_due += parameters.flow_every
                for unit in units:
                    pair, told = measure_sample_flow(context, unit.name, parameters.flow)
                    flows[unit.name].append(((run.now() - begun) / 3600.0, pair))
                    notes[unit.name] += [note for note in told if note not in notes[unit.name]]
            for unit in units:
                why = interrupted(context, unit.name)
                if why:
                    since[unit.name] = run.now()
                    seen = interruptions[unit.name]
                    if not seen or seen[-1][1] != why:
                        seen.append(((run.now() - begun) / 3600.0, why))
        outcomes = []
        for unit in units:
            hours = (run.now() - since[unit.name]) / 3600.0
            outcomes.append(self._outcome(context, unit, hours, interruptions[unit.name], parameters))
            if len(flows[unit.name]) > 1:
                outcomes.append(_flow_outcome(context, unit, flows[unit.name], notes[unit.name]))
        return outcomes

    def _outcome(
        self, context: Context, unit: Unit, hours: float, interruptions: list[tuple[float, str]],
        parameters: UndisturbedRunPlan,
    ) -> Outcome:  # fmt: skip
        name = f"{NAME}.hours"
        subject = context.subject(unit.name, "running_time", "h", unit.full_scale)
        notes = [
            Message(
                key="undisturbed_run.interrupted", values={"device": unit.name, "hours": round(at, 1), "reason": why}
            )
            for at, why in interruptions
        ]
        tests = []
        if name in context.judge:
            tests = [context.judge.judge(name, subject, value=hours, budget=None, n=1 + len(interruptions))]
        hold = None
        if hours < parameters.hours:
            told: dict[str, float | int | str | None] = {
                "device": unit.name,
                "hours": round(hours, 1),
                "limit": parameters.hours,
            }
            hold = Message(key="undisturbed_run.not_reached", values=told)
        rows: list[list[float | str | Message | None]] = [[at, why] for at, why in interruptions]
        table = Table(key="interruptions", columns=[Column(key="hours", unit="h", decimals=1), Column(key="reason")],
                      rows=rows)  # fmt: skip
        data = MeasuredData(quantity="running_time", unit="h", full_scale=parameters.hours,
                            tables=[table] if rows else [])  # fmt: skip
        return Outcome(unit.name, None, data, tests, notes, hold=hold)


def _flow_outcome(
    context: Context, unit: Unit, flows: list[tuple[float, FlowPair]], notes: list[Message]
) -> Outcome:  # fmt: skip
    """The flow that goes farthest from the mean of all; the meter is the same each day, so its certificate cancels."""
    name = f"{NAME}.flow_stability"
    measured = [pair.measured for _, pair in flows]
    away = flow_stability(measured)
    at = int(abs(away).argmax())
    mean = sum(measured) / len(measured)
    pair = flows[at][1]
    tests = []
    if name in context.judge:
        subject = context.subject(unit.name, "sample_flow", "L/min", 1.0)
        parts = [
            Component(c.source, c.type, c.u, c.unit, c.sensitivity, c.dof, cancels=c.type == "B",
                      basis_key="basis.cancels_same_meter" if c.type == "B" else c.basis_key,
                      basis_values={} if c.type == "B" else c.basis_values)
            for c in pair.budget().components
        ]  # fmt: skip
        numbers = f"({measured[at]:.4g} − {mean:.4g}) / {mean:.4g} × 100 %"
        tests = [
            context.judge.judge(name, subject, value=float(away[at]), budget=Budget(tuple(parts)), n=len(flows),
                                formula_numbers=numbers)
        ]  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [hours, its.display, its.measured, float(deviation)]
        for (hours, its), deviation in zip(flows, away, strict=True)
    ]
    columns = [
        Column(key="hours", unit="h", decimals=1),
        *(Column(key=key, unit="L/min", decimals=3) for key in ("display", "reference")),
        Column(key="deviation", unit="%", decimals=2),
    ]
    chart = Chart(
        key="flow_stability", kind="series", x_unit="h", y_unit="%", names=["sample_flow"],
        x=[[hours for hours, _ in flows]], y=[[float(deviation) for deviation in away]],
        limit_low=tests[0].limit_low if tests else None, limit_high=tests[0].limit_high if tests else None,
    )  # fmt: skip
    data = MeasuredData(quantity="sample_flow", unit="L/min", full_scale=1.0,
                        tables=[Table(key="flow_stability", columns=columns, rows=rows)], charts=[chart])  # fmt: skip
    return Outcome(unit.name, "sample_flow", data, tests, notes, [pair.standard.id])


def interrupted(context: Context, device: str) -> str:
    """Why a unit does not run undisturbed at the moment; empty if it does."""
    try:
        return ", ".join(standing_alarms(context, device))
    except DeviceTimeout:
        return "no answer"


PROCEDURE = UndisturbedRun()
