"""Whether a journal is as it was written: its chain of hashes from the first row to the last."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.errors import RigFault
from rig.journal import NO_HASH, VERSION, chained, opened_to_read

BACKWARDS_S = 1.0
"""The computer's clock may be put right by less than this without a word, s."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at a journal found.

    Attributes:
        rows: how many of its rows hold.
        root: hash of the last of them.
        broken_at: the first row that does not follow from those before it; None if all do.
        reason: what is wrong with it, or with the file behind it.
        ended: what its last row says of the run's end; None if the run has not come to one.
        remarks: what is no fault but worth knowing, such as a clock of the computer that was set back.
    """

    rows: int
    root: bytes
    broken_at: int | None
    reason: str
    ended: dict[str, Any] | None
    remarks: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every row follows from the one before."""
        return self.broken_at is None


def check_journal(path: Path) -> Checked:
    """Follow the chain of hashes. Raises RigFault if the file is no journal at all."""
    rows, root, wall = 0, NO_HASH, 0.0
    remarks: list[str] = []
    ended: dict[str, Any] | None = None

    def broken(reason: str) -> Checked:
        return Checked(rows, root, rows + 1, reason, None, remarks)

    try:
        database = opened_to_read(path)
    except sqlite3.Error as error:
        raise RigFault(f"{path}: not a journal that can be read: {error}") from error
    try:
        _require_journal(path, database)
        for row in database.execute(
            "SELECT seq, t_us, wall, kind, request, answer, hash FROM journal ORDER BY seq"
        ):  # fmt: skip
            if row[0] != rows + 1:
                return broken(f"row {rows + 1} is missing; row {row[0]} is there in its place")
            root_here = chained(root, row[:6])
            if root_here != row[6]:
                return broken("its words do not give its hash: it, or the hash before it, has been altered")
            if row[2] < wall - BACKWARDS_S:
                remarks.append(f"the computer's clock went back by {wall - row[2]:.0f} s before row {row[0]}")
            rows, root, wall = row[0], root_here, row[2]
            ended = json.loads(row[5]) if row[3] == "end" else None
    except sqlite3.DatabaseError as error:
        return broken(f"the file is damaged there: {error}")
    except (TypeError, ValueError) as error:
        return broken(f"it cannot be read: {error}")
    finally:
        database.close()
    return Checked(rows, root, None, "", ended, remarks)


def _require_journal(path: Path, database: sqlite3.Connection) -> None:
    try:
        [version] = database.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise RigFault(f"{path}: not a journal that can be read: {error}") from error
    if "journal" not in tables or version != VERSION:
        raise RigFault(f"{path}: not a journal of this version of the rig (schema {version}, expected {VERSION})")
