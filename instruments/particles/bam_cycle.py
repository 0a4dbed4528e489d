"""The state of a BAM-1020 from minute to minute, and the phases of its hour."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from operator import attrgetter

MINUTES = 60
SLIP_MINUTE = 40
"""Minute of the cycle at which a clock that drifts makes it a minute shorter or longer: there only air is drawn, so
that no count is cut (this project's choice; the unit itself moves by seconds)."""


class Phase(IntEnum):
    """What the unit is at: row ``phase``."""

    WAITING = 0
    """For the full hour, or without power."""
    CLEAN_COUNT = 1
    MOVING = 2
    SAMPLING = 3
    LOADED_COUNT = 4
    MAINTENANCE = 5


@dataclass(slots=True)
class Cycle:
    """What goes on from minute to minute; each field is a row."""

    # what is shown
    concentration: float = 0.0
    qtot: float = 0.0
    flags: float = 0.0
    flags_now: float = 0.0
    phase: float = 0.0
    record_s: float = 0.0
    hour_temp: float = 0.0
    hour_pressure: float = 0.0
    hour_rh: float = 0.0
    hour_delta: float = 0.0
    membrane_abs: float = 0.0
    foil_reading: float = 0.0
    flow: float = 0.0
    pressure_drop: float = 0.0
    count_rate: float = 0.0
    # what only the next minute needs
    inlet_flow: float = 0.0
    ahead: float = 0.0
    piece: float = 0.0
    running: float = 0.0
    count_time: float = 8.0
    solid: float = 0.0
    volatile: float = 0.0
    hygroscopic: float = 0.0
    load: float = 0.0
    told_l: float = 0.0
    off_5: float = 0.0
    off_10: float = 0.0
    stopped: float = 0.0
    clean_counts: float = 0.0
    loaded_counts: float = 0.0
    out_counts: float = 0.0
    in_counts: float = 0.0
    foil_minutes: float = 0.0
    foil_before: float = 0.0
    foil_after: float = 0.0
    self_test_result: float = 0.0

    def begin(self, count_time: float) -> None:
        """A new hour: a clean spot, nothing counted yet."""
        self.running, self.count_time = 1.0, count_time
        self.solid = self.volatile = self.hygroscopic = self.load = self.told_l = 0.0
        self.off_5 = self.off_10 = self.stopped = 0.0
        self.clean_counts = self.loaded_counts = self.out_counts = self.in_counts = 0.0


FIELDS = tuple(field.name for field in fields(Cycle))
SHOWN = FIELDS[: FIELDS.index("inlet_flow")]
row = attrgetter(*FIELDS)
"""The fields of a cycle as a tuple, in the order of :data:`FIELDS`."""
DEFAULTS: dict[str, float] = dict(zip(FIELDS, row(Cycle()), strict=True))


@dataclass(frozen=True, slots=True)
class Run:
    """Minutes of one phase: their places in the stretch, the first one's minute of the cycle, the spot's number."""

    begin: int
    end: int
    minute: int
    spot: int

    @property
    def part(self) -> slice:
        """Their places in the stretch."""
        return slice(self.begin, self.end)

    def phase(self, count: int) -> Phase:
        """What a running cycle is at in these minutes."""
        if self.minute < count:
            return Phase.CLEAN_COUNT
        if self.minute >= MINUTES - count:
            return Phase.LOADED_COUNT
        return Phase.MOVING if self.minute in (count, MINUTES - 1 - count) else Phase.SAMPLING


@cache
def edges(count: int) -> tuple[int, ...]:
    """Minutes of the cycle at which a phase ends: count, move, without membrane, with it, air, move, count.

    The air is cut once, where the cycle follows a clock that drifts.
    """
    moved = MINUTES - 1 - count
    return (count, count + 1, 2 * count + 1, 3 * count + 1, SLIP_MINUTE, moved, moved + 1, MINUTES)
