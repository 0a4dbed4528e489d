"""What the tables hold of one run, from its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from calibration.record import Record
from rig.archive.store import Store

UNFINISHED = "unfinished"
"""What stands for a verdict where a run has left a journal and no result."""

UNREADABLE = "unreadable"
"""Where it has left a result of another version, or none that can be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Rows for the tables ``run``, ``device`` and ``test``."""

    run: Sequence[Any]
    devices: Sequence[Sequence[Any]] = ()
    tests: Sequence[Sequence[Any]] = ()

    def put(self, store: Store) -> None:
        """Add the rows."""
        store.put("run", [self.run])
        store.put("device", self.devices)
        store.put("test", self.tests)


def entry_of(record: Record, name: str, stamp: str, *, text: str | None = None, seal: str | None = None) -> Entry:
    """The rows of a run.

    Args:
        record: of the run.
        name: by which the tables know it.
        stamp: of the file that it was read from; an index knows by it whether it must be read again.
        text: the record as JSON, where the tables keep the whole run.
        seal: its seal as JSON, where it has one.
    """
    run, wall = record.run, record.run.wall
    begun = datetime.fromisoformat(run.epoch) + timedelta(microseconds=run.started_us)
    failed = sum(test.verdict not in ("pass", "void", "not tested") for test in record.tests)
    row = (name, stamp, run.id, run.plan, run.bench, wall.started, wall.ended, begun.isoformat(timespec="seconds"),
           record.verdict, int(run.simulated), len(record.tests), failed, wall.journal_rows, wall.journal_root, text,
           seal)  # fmt: skip
    tested = {test.device for test in record.tests} | {entry.device for entry in record.procedures}
    devices = [
        (name, one.name, one.model, one.maker, one.serial, one.firmware, int(one.emulated), int(one.name in tested))
        for one in record.devices
    ]
    tests = [
        (name, place, test.id, test.device, test.criterion, test.quantity, test.unit, test.value, test.as_found,
         test.limit_low, test.limit_high, test.verdict)
        for place, test in enumerate(record.tests)
    ]  # fmt: skip
    return Entry(row, devices, tests)


def entry_without_record(name: str, stamp: str, verdict: str, about: Mapping[str, Any]) -> Entry:
    """The row of a run that has no record: one that was cut off (by the first row of its journal), or an unreadable."""
    row = (name, stamp, about.get("id", name), about.get("plan", ""), about.get("bench", ""), about.get("wall", ""),
           "", about.get("epoch", ""), verdict, int(about.get("simulated", 0)), 0, 0, 0, "", None, None)  # fmt: skip
    return Entry(row)
