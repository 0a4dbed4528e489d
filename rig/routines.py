"""What a station does by itself on the bench's clock: settings of its devices, at their times, again and again."""

from __future__ import annotations

from collections.abc import Callable

from instruments.device import Command
from instruments.errors import Refused
from rig.bench_file import RoutineSection, StepSection
from rig.clock import Clock, to_us


def schedule(routine: RoutineSection, clock: Clock, command: Callable[[str, Command], None]) -> None:
    """Let ``routine`` happen on ``clock``, from its first time on. Refusals pass, as they do on a real station.

    Args:
        routine: what happens.
        clock: the bench's.
        command: applies a command to a device now.
    """

    def begin() -> None:
        for step in routine.steps:
            clock.after(to_us(step.after), lambda step=step: _carry_out(step, command))  # type: ignore[misc]
        if routine.every is not None:
            clock.after(to_us(routine.every), begin)

    clock.after(to_us(routine.at), begin)


def _carry_out(step: StepSection, command: Callable[[str, Command], None]) -> None:
    for setting, value in step.set.items():
        try:
            command(step.device, Command(setting, value))
        except Refused:
            continue  # the station's program goes on; the device stays as it is
