"""The preparation of all devices as one table: a row per device, a column per check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.record import PrepareCheck, PrepareData, ProcedureRun
from reports.messages import Words
from reports.phrases import Phrases


@dataclass(frozen=True)
class Column:
    """One kind of check: its name and what every device was expected to show (empty if they differ)."""

    name: str
    expected: str


@dataclass(frozen=True)
class Row:
    """One device: a check or nothing per column, the notes, and whether all was in order."""

    procedure: ProcedureRun
    anchor: str
    checks: tuple[PrepareCheck | None, ...]
    notes: tuple[str, ...]
    ready: bool

    def found(self, check: PrepareCheck, words: Words) -> str:
        """Return what a check found; a range stands in the unit of gas that the same device showed."""
        unit = next((other.found for other in self.checks if other is not None and other.name == "gas_unit"), "")
        return f"{check.found} {unit}".strip() if check.name == "range" else words.term("state", check.found)


@dataclass(frozen=True)
class Preparation:
    """The table."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def preparation(procedures: Sequence[ProcedureRun], phrases: Phrases) -> Preparation | None:
    """Return the table of every entry of ``procedures`` that holds checks, or None where there is none.

    Anchors are those of the entries' places in ``procedures``, as for sections.
    """
    found = [(n, p, p.data.checks) for n, p in enumerate(procedures) if isinstance(p.data, PrepareData)]
    if not found:
        return None
    names = list(dict.fromkeys(check.name for _, _, checks in found for check in checks))
    columns = []
    for name in names:
        expected = {check.expected for _, _, checks in found for check in checks if check.name == name}
        columns.append(Column(name, expected.pop() if len(expected) == 1 else ""))
    rows = []
    for number, procedure, checks in found:
        by_name = {check.name: check for check in checks}
        rows.append(
            Row(
                procedure=procedure,
                anchor=f"p{number}",
                checks=tuple(by_name.get(name) for name in names),
                notes=tuple(phrases.say(note) for note in procedure.notes),
                ready=procedure.status == "done" and all(check.ok for check in checks),
            )
        )
    return Preparation(tuple(columns), tuple(rows))
