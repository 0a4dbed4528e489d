"""Clock of a monitor against a reference clock: over hours, and through interruptions of its power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import interrupt_power, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit
from calibration.record import Column, MeasuredData, Message, Table
from calibration.uncertainty import Budget, Component

NAME = "clock_error"
QUANTITY = "clock_error"
_FAR_S = 1.0e9
"""A clock that has lost its battery may show a year of the last century."""


class ClockErrorPlan(Parameters):
    """What a plan may set of a test of the clock."""

    hours: float = Field(default=6.0, gt=0)
    power_cuts: int = Field(default=3, ge=0)
    off: Seconds = Field(default=300.0, gt=0, description="how long each interruption lasts")
    on: Seconds = Field(default=600.0, description="from each to the next, or to the reading")
    warm_up: Seconds = Field(default=10_800.0, description="after the last one, until the units are used again")
    reads_within: float = Field(default=1.0, gt=0, description="to how many seconds a person can read two clocks")


class ClockError(Procedure[ClockErrorPlan]):
    """A person compares the display with a reference clock: now, after the hours, and after the interruptions."""

    name = NAME
    parameters = ClockErrorPlan
    criteria: ClassVar[Mapping[str, str]] = {"offset": "s", "error": "s", "interrupted": "s"}
    takes: ClassVar[Takes] = "all"
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Particle monitors."""
        return bool(unit.weighing)

    def judged(self, unit: Unit, parameters: ClockErrorPlan) -> list[Judged]:
        """The clock."""
        shorts = tuple(self.criteria) if parameters.power_cuts else ("offset", "error")
        return [Judged(QUANTITY, "s", shorts)]

    def stages(self, units: Sequence[Unit], parameters: ClockErrorPlan, gas: GasPlan) -> list[Stage]:
        """Hours, interruptions, warming up."""
        cuts = parameters.power_cuts * (parameters.off + parameters.on)
        after = parameters.warm_up if parameters.power_cuts else 0.0
        wanted = Message(key="prompt.read_display",
                         values={"device": units[0].name, "quantity": QUANTITY, "unit": "s"})  # fmt: skip
        return [Stage(NAME, "", parameters.hours * 3600.0 + cuts + after, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ClockErrorPlan) -> list[Outcome]:
        """Read, wait, read, interrupt, read."""
        names = [unit.name for unit in units]
        first = {name: _ahead(context, name) for name in names}
        context.run.wait(parameters.hours * 3600.0)
        second = {name: _ahead(context, name) for name in names}
        third = second
        if parameters.power_cuts:
            interrupt_power(context, names, parameters.power_cuts, parameters.off, parameters.on)
            third = {name: _ahead(context, name) for name in names}
            context.run.wait(parameters.warm_up)
        outcomes = []
        for name in names:
            readings = {"offset": (first[name], 0.0), "error": (second[name], first[name]),
                        "interrupted": (third[name], second[name])}  # fmt: skip
            outcomes.append(_outcome(context, name, readings, parameters))
        return outcomes


def _ahead(context: Context, device: str) -> float:
    return shown(context, device, "clock_error", "s", -_FAR_S, _FAR_S, 0)


def _outcome(
    context: Context, device: str, readings: Mapping[str, tuple[float, float]], plan: ClockErrorPlan
) -> Outcome:
    subject = context.subject(device, QUANTITY, "s", 1.0)
    tests = []
    rows: list[list[float | str | Message | None]] = []
    for short, (now, before) in readings.items():
        if short == "interrupted" and not plan.power_cuts:
            continue
        rows.append([short, now, now - before])
        u = plan.reads_within / 3.0**0.5
        parts = tuple(
            Component("reading_clocks", "B", u, "s", sensitivity, basis_key="basis.reading_clocks",
                      basis_values={"s": plan.reads_within})
            for sensitivity in ((1.0,) if short == "offset" else (1.0, -1.0))
        )  # fmt: skip
        if f"{NAME}.{short}" in context.judge:
            tests.append(context.judge.judge(f"{NAME}.{short}", subject, value=now - before, budget=Budget(parts), n=1))
    table = Table(
        key=NAME,
        columns=[Column(key="event"), *(Column(key=key, unit="s", decimals=0) for key in ("clock_ahead", "change"))],
        rows=rows,
    )
    data = MeasuredData(quantity=QUANTITY, unit="s", full_scale=1.0, tables=[table])
    return Outcome(device, None, data, tests)


PROCEDURE = ClockError()
