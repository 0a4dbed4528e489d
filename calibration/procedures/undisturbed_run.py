"""Undisturbed running: the hours that a new unit must run without failure before it is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Gap, Judged, Procedure, Stage, Takes, Unit
from calibration.procedures.prepare import standing_alarms
from calibration.record import Column, MeasuredData, Message, Table
from rig.errors import DeviceTimeout

NAME = "undisturbed_run"


class UndisturbedRunPlan(Parameters):
    """What a plan may set of undisturbed running."""

    hours: float = Field(default=168.0, gt=0)
    look_every: Seconds = Field(default=3600.0, gt=0)
    most_hours: float = Field(default=504.0, gt=0, description="give up after this")


class UndisturbedRun(Procedure[UndisturbedRunPlan]):
    """All units sample as they would on duty; they are looked at now and then, and nothing is touched.

    A unit that shows an alarm, or does not answer, has been interrupted: its hours begin anew. One that does not reach
    its hours in the longest time is not tested further.
    """

    name = NAME
    parameters = UndisturbedRunPlan
    criteria: ClassVar[Mapping[str, str]] = {"hours": "h"}
    takes: ClassVar[Takes] = "all"
    gas: ClassVar[bool] = False
    after_a_gap: ClassVar[Gap] = "sequence"

    def judged(self, unit: Unit, parameters: UndisturbedRunPlan) -> list[Judged]:
        """Hours of the unit as a whole."""
        return [Judged("running_time", "h", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: UndisturbedRunPlan, gas: GasPlan) -> list[Stage]:
        """The hours."""
        return [Stage("running", "", parameters.hours * 3600.0)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: UndisturbedRunPlan) -> list[Outcome]:
        """Wait, and look."""
        run = context.run
        run.step(f"{', '.join(unit.name for unit in units)}: running")
        begun = run.now()
        since = {unit.name: begun for unit in units}
        interruptions: dict[str, list[tuple[float, str]]] = {unit.name: [] for unit in units}
        least_s, most_s = parameters.hours * 3600.0, parameters.most_hours * 3600.0
        while run.now() - max(since.values()) < least_s and run.now() - begun < most_s:
            run.wait(min(parameters.look_every, max(1.0, max(since.values()) + least_s - run.now())))
            for unit in units:
                why = interrupted(context, unit.name)
                if why:
                    since[unit.name] = run.now()
                    seen = interruptions[unit.name]
                    if not seen or seen[-1][1] != why:
                        seen.append(((run.now() - begun) / 3600.0, why))
        return [
            self._outcome(context, unit, (run.now() - since[unit.name]) / 3600.0, interruptions[unit.name], parameters)
            for unit in units
        ]

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


def interrupted(context: Context, device: str) -> str:
    """Why a unit does not run undisturbed at the moment; empty if it does."""
    try:
        return ", ".join(standing_alarms(context, device))
    except DeviceTimeout:
        return "no answer"


PROCEDURE = UndisturbedRun()
