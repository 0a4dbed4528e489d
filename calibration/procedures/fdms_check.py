"""Valve and purge filter of an oscillating balance that takes turns between air and filtered air."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import OSCILLATION, hands, in_turn, is_fdms, scatter, shown
from calibration.procedures.common.parameters import GasPlan, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import Chart, Column, MeasuredData, Message, Table
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget
from rig.prompts import Deed

NAME = "fdms_check"
TRAVEL, REFERENCE = "valve_position", "reference_concentration"
_UNIT = "ug/m3"


class FdmsCheckPlan(Parameters):
    """What a plan may set of the check."""

    turn: Seconds = Field(default=120.0, gt=0, description="from the wizard's order to the look at the position")
    settle: Seconds = Field(default=7200.0, description="until base and reference are right again")
    readings: int = Field(default=12, ge=2)
    every: Seconds = Field(default=1800.0, gt=0)


class FdmsCheck(Procedure[FdmsCheckPlan]):
    """Let the wizard turn the valve to both ends, and look at hours of base and reference while the unit samples.

    On filtered air the filter only loses: a reference well above zero means that particles pass the purge filter or
    that the valve does not leave the air. A balance without such a valve leaves no entry.
    """

    name = NAME
    parameters = FdmsCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"travel": "1", "reference": "ug/m3"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Oscillating balances."""
        return unit.weighing == OSCILLATION

    def judged(self, unit: Unit, parameters: FdmsCheckPlan) -> list[Judged]:
        """The valve, and the reference."""
        return [Judged(TRAVEL, "1", ("travel",)), Judged(REFERENCE, _UNIT, ("reference",))]

    def stages(self, units: Sequence[Unit], parameters: FdmsCheckPlan, gas: GasPlan) -> list[Stage]:
        """Both positions, then hours."""
        wanted = Message(key="prompt.turn_valve", values={"device": units[0].name, "position": "reference"})
        hours = parameters.settle + (parameters.readings - 1) * parameters.every
        return [Stage(NAME, "", 2.0 * parameters.turn + hours, hands=wanted)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: FdmsCheckPlan) -> list[Outcome]:
        """Turn, look, wait, read."""
        [unit] = units
        device, run = unit.name, context.run
        if not is_fdms(context, device):
            return []
        positions = {}
        for position in ("base", "reference"):
            hands(context, "prompt.turn_valve", device, Deed(device, "valve", position, home="auto"), position=position)
            run.wait(parameters.turn)
            positions[position] = shown(context, device, TRAVEL, "1", 0.0, 1.0, 2)
        hands(context, "prompt.valve_auto", device, Deed(device, "valve", "auto", home="auto"))
        run.wait(parameters.settle)
        read: list[tuple[float, float, float]] = []
        begun = run.now()
        in_turn(context, parameters.readings, parameters.every, lambda: read.append((
            (run.now() - begun) / 3600.0,
            shown(context, device, "base_concentration", _UNIT, -1e4, 1e4),
            shown(context, device, REFERENCE, _UNIT, -1e4, 1e4),
        )))  # fmt: skip
        tests = []
        if f"{NAME}.travel" in context.judge:
            subject = context.subject(device, TRAVEL, "1", 1.0)
            stroke = positions["reference"] - positions["base"]
            tests.append(context.judge.judge(f"{NAME}.travel", subject, value=stroke, budget=None, n=2))
        if f"{NAME}.reference" in context.judge:
            summary = summarize([its for _, _, its in read])
            subject = context.subject(device, REFERENCE, _UNIT, 1.0)
            tests.append(context.judge.judge(f"{NAME}.reference", subject, value=summary.mean, n=summary.n,
                                             budget=Budget((scatter("repeatability", summary, _UNIT, 1.0),)),
                                             ))  # fmt: skip
        table = Table(key=NAME, columns=[Column(key="state"), Column(key="valve_position", decimals=2)],
                      rows=[[position, at] for position, at in positions.items()])  # fmt: skip
        hours = [hour for hour, _, _ in read]
        chart = Chart(key=NAME, kind="series", x_unit="h", y_unit=_UNIT, names=["base", "reference"],
                      x=[hours, hours], y=[[its for _, its, _ in read], [its for _, _, its in read]])  # fmt: skip
        data = MeasuredData(quantity=REFERENCE, unit=_UNIT, full_scale=1.0, tables=[table], charts=[chart])
        return [Outcome(device, None, data, tests)]


PROCEDURE = FdmsCheck()
