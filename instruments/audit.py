"""The log that an instrument keeps of its own settings: who changed what, when, from which value to which."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from instruments.device import Origin, Value

CAPACITY = 500
"""Entries that the log holds; the oldest fall out. This project's choice."""

_CALENDAR = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry.

    Attributes:
        clock_us: the instrument's own clock, microseconds since 1970-01-01 of its local calendar.
        by: through what it was changed.
        setting: its name.
        old, new: its value before and after.
    """

    clock_us: int
    by: Origin
    setting: str
    old: Value
    new: Value

    @property
    def at(self) -> str:
        """The instrument's own clock, as it shows it."""
        return f"{_CALENDAR + timedelta(microseconds=self.clock_us):%Y-%m-%d %H:%M:%S}"

    def __str__(self) -> str:
        return f"{self.at} {self.by} {self.setting} {_shown(self.old)} -> {_shown(self.new)}"


class AuditLog:
    """Entries in the order of the changes, and how often the settings' memory was written.

    A change that is made past the log (``by="unlogged"``: service software, a swapped memory) leaves no entry, but the
    memory counts its writes all the same: :attr:`writes` is then larger than the number of entries ever made.
    """

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=CAPACITY)
        self.writes = 0

    def note(self, change: Change) -> None:
        """Count a change and, unless it was made past the log, keep it."""
        self.writes += 1
        if change.by != "unlogged":
            self._changes.append(change)

    def changes(self) -> tuple[Change, ...]:
        """All entries, oldest first."""
        return tuple(self._changes)

    def lines(self) -> tuple[str, ...]:
        """All entries, oldest first, a line each."""
        return tuple(str(change) for change in self._changes)


def _shown(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
