"""The log that a unit keeps of its own settings, as a person reads it from the unit's display."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from instruments.audit import CAPACITY

ON_THE_DISPLAY = ("audit_log", "parameter_writes", "service_hours")
"""What a unit shows on its display and no protocol here tells: it can be read where somebody stands before the unit."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of a setting.

    Attributes:
        at: when, by the unit's own clock, local calendar without a zone.
        by: through what: remote, panel, calibration or service.
        setting: its name.
        old, new: its value before and after, as shown.
    """

    at: datetime
    by: str
    setting: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class AuditReading:
    """A unit's log as it was read.

    Attributes:
        entries: oldest first; the unit holds :data:`~instruments.audit.CAPACITY` of them, older ones have fallen out.
        writes: how often the memory of its settings was written, also past the log.
    """

    entries: tuple[LogEntry, ...]
    writes: int

    @property
    def unlogged(self) -> int | None:
        """Changes that left no entry: somebody wrote past the log. None once entries may have fallen out."""
        return self.writes - len(self.entries) if len(self.entries) < CAPACITY else None


def read_log(lines: Iterable[str]) -> tuple[LogEntry, ...]:
    """Understand the lines of a log. Raises ValueError for a line that is none."""
    found = []
    for line in lines:
        parts = line.split(" ", 4)
        old, arrow, new = parts[-1].rpartition(" -> ")
        if len(parts) != 5 or not arrow:
            raise ValueError(f"{line!r} is no line of a log: date time by setting old -> new")
        found.append(LogEntry(datetime.fromisoformat(f"{parts[0]} {parts[1]}"), parts[2], parts[3], old, new))
    return tuple(found)
