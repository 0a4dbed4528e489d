"""What a procedure is given, and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from calibration.criteria import Judge, Subject
from calibration.procedures.common.parameters import GasPlan
from calibration.record import Level, Message, ProcedureData, ProcedureRun, Record, Test
from rig.host.kinds import Channel
from rig.run import Run


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a procedure needs beside its own parameters.

    Attributes:
        run: the bench, as far as a procedure may touch it.
        judge: the plan's criteria.
        gas: how gas is made and waited for.
        step: name of the plan's step that is carried out; part of every identifier in the record.
        tests: results of the steps before, in their order.
        entries: what the steps before measured.
        last: record of an earlier run, for comparison; None if the run was given none.
        seen: the latest level that each unit and quantity was read on in this step.
    """

    run: Run
    judge: Judge
    gas: GasPlan
    step: str = ""
    tests: Sequence[Test] = ()
    entries: Sequence[ProcedureRun] = ()
    last: Record | None = None
    seen: dict[tuple[str, str], Level] = field(default_factory=dict)

    def subject(self, device: str, quantity: str, unit: str, scale: float) -> Subject:
        """What a result of this step belongs to; ``scale`` is the full scale of the device, in ``unit``."""
        return Subject(device, f"{device}/{self.step}/{quantity}", quantity, unit, scale, self.step)

    def of_channel(self, device: str, channel: Channel, scale: float) -> Subject:
        """What a result on one channel belongs to."""
        return self.subject(device, channel.quantity, channel.unit, scale)


@dataclass
class Outcome:
    """What a procedure leaves of one unit: its data, the tests that follow from it, notes.

    Attributes:
        device: the unit.
        quantity: the measured component, where the procedure has an entry of the record for each.
        left: settings that the procedure changed for good, as it left them (text as in a snapshot).
        hold: why nothing more is to be tested on this unit; None if it may go on.
        headlines: what the run as a whole has to say first (until when a unit is ready, what is left of a deadline).
    """

    device: str
    quantity: str | None = None
    data: ProcedureData | None = None
    tests: list[Test] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    hold: Message | None = None
    headlines: list[Message] = field(default_factory=list)
