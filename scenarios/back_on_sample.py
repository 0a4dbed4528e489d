"""After a run: do the analyzers that had gas measure the air again, and are the cylinders closed?

An analyzer whose valve stuck, or whose line still holds span gas, shows it by a reading that no air gives and that does
not fall. It is named in the notes; no result depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calibration.procedures.common.procedure import Unit
from calibration.record import Message
from instruments.errors import Refused
from rig.errors import RigError
from rig.run import Run

_LEAST_PCT, _MOST_PCT = -5.0, 40.0
"""Between these parts of full scale a reading may be the air's, %. Below the higher levels of every plan and above what
a city's air holds on the usual ranges (this project's choice)."""

_WITHIN_S, _LOOK_EVERY_S = 300.0, 20.0
"""How long a reading is waited for, and how often it is looked at, bench seconds (this project's choice)."""

_STILL_PCT, _STILL_LOOKS = 0.5, 3
"""A reading outside that moves by less than this part of full scale in so many looks will not come back by waiting."""


@dataclass
class _Watched:
    device: str
    quantity: str
    unit: str
    full_scale: float
    value: float = math.nan
    still: int = 0

    def look(self, run: Run) -> bool:
        """Read; whether it need not be looked at any more, for better or worse. Raises RigError."""
        before, self.value = self.value, run.read(self.device, self.quantity).value
        moved = abs(self.value - before) >= _STILL_PCT / 100.0 * self.full_scale
        self.still = 0 if moved or math.isnan(before) else self.still + 1
        return self.plausible or self.still >= _STILL_LOOKS

    @property
    def plausible(self) -> bool:
        """Whether air can read so."""
        return _LEAST_PCT <= 100.0 * self.value / self.full_scale <= _MOST_PCT


def look_at_air(run: Run, units: Sequence[Unit]) -> list[Message]:
    """Read each channel of ``units`` until it is plausible for air, a few minutes at the most.

    Returns a note for each that is not, or that does not answer; whoever interrupts is not kept waiting.
    """
    notes: list[Message] = []
    waiting = [
        _Watched(unit.name, channel.quantity, channel.unit, unit.full_scale)
        for unit in units for channel in unit.channels
    ]  # fmt: skip
    odd: list[_Watched] = []
    waited = 0.0
    try:
        while waiting:
            for watched in list(waiting):
                try:
                    over = watched.look(run)
                except (RigError, Refused) as error:
                    waiting = [one for one in waiting if one.device != watched.device]
                    notes.append(Message(key="safe.air_unseen", values={"device": watched.device, "error": str(error)}))
                    break
                if over or waited >= _WITHIN_S:
                    waiting.remove(watched)
                    if not watched.plausible:
                        odd.append(watched)
            else:
                if waiting:
                    run.wait(_LOOK_EVERY_S)
                    waited += _LOOK_EVERY_S
    except KeyboardInterrupt:
        odd += [one for one in waiting if not one.plausible and not math.isnan(one.value)]
    except RigError as error:  # the bench itself, while it is waited for
        notes.append(Message(key="safe.air_unseen", values={"device": "bench", "error": str(error)}))
    return notes + [
        Message(key="safe.air_implausible", values={"device": one.device, "quantity": one.quantity,
                                                   "value": round(one.value, 3), "unit": one.unit})
        for one in odd
    ]  # fmt: skip
