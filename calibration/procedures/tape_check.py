"""Tape, spots and nozzle of a beta monitor, as a person sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.monitors import BETA, shown
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit
from calibration.record import MeasuredData, Message, PrepareCheck
from rig.prompts import Prompt, Sight

NAME = "tape_check"
QUANTITY = "tape"
_LOOKS = ("even", "uneven", "torn")


class TapeCheckPlan(Parameters):
    """What a plan may set of a look at the tape."""

    least_pct: float = Field(default=10.0, ge=0, le=100, description="tape that must be left, %")


class TapeCheck(Procedure[TapeCheckPlan]):
    """Open the door, look at the last spots (even, round, no tail, no hole), and see how much tape is left."""

    name = NAME
    parameters = TapeCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"faults": "1"}
    gas = False

    def serves(self, unit: Unit) -> bool:
        """Beta monitors."""
        return unit.weighing == BETA

    def judged(self, unit: Unit, parameters: TapeCheckPlan) -> list[Judged]:
        """A count."""
        return [Judged(QUANTITY, "1", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: TapeCheckPlan, gas: GasPlan) -> list[Stage]:
        """A look."""
        return [Stage(NAME, "", 0.0, hands=Message(key="prompt.look_at_spots", values={"device": units[0].name}))]

    def perform(self, context: Context, units: Sequence[Unit], parameters: TapeCheckPlan) -> list[Outcome]:
        """Look, and count."""
        [unit] = units
        device = unit.name
        spots = context.run.prompt(
            Prompt("prompt.look_at_spots", {"device": device}, expected="even", choices=_LOOKS,
                   sight=Sight(device, "spot_look"))
        )  # fmt: skip
        left = shown(context, device, "tape_left", "%", 0.0, 100.0, 1)
        checks = [
            PrepareCheck(name="spots", found=spots, expected="even", ok=spots == "even"),
            PrepareCheck(name="tape_left", found=f"{left:.0f} %", expected=f"≥ {parameters.least_pct:g} %",
                         ok=left >= parameters.least_pct),
        ]  # fmt: skip
        bad = sum(not check.ok for check in checks)
        subject = context.subject(device, QUANTITY, "1", 1.0)
        test = context.judge.judge(f"{NAME}.faults", subject, value=float(bad), budget=None, n=len(checks))
        data = MeasuredData(quantity=QUANTITY, unit="1", full_scale=1.0, checks=checks)
        return [Outcome(device, None, data, [test])]


PROCEDURE = TapeCheck()
