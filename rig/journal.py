"""The journal of a run: every request to the bench and its answer, written before the answer is used.

A plain SQLite file. Rows are only ever appended. Resuming a run means running its procedures again, answered from here
until the rows end; so a row holds the whole request and the whole answer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.errors import RigFault

_SCHEMA = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    t_us INTEGER NOT NULL,
    wall REAL NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL
) STRICT;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
"""
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)"
_json = json.JSONEncoder().encode


@dataclass(frozen=True, slots=True)
class Row:
    """One entry: bench time, kind of call, what was asked, what came back."""

    seq: int
    t_us: int
    kind: str
    request: Any
    answer: Any


class Journal:
    """A journal file open for writing.

    Args:
        path: file to create; it must not exist.
        each_row: each row goes to the disk as it is appended (paced time), or only at :meth:`commit` (virtual time: per
            level).
        wall: gives the wall time in seconds that rows are stamped with.
    """

    def __init__(self, path: Path, *, each_row: bool, wall: Callable[[], float]) -> None:
        self.path = path
        self._each_row = each_row
        self._wall = wall
        if path.exists():
            raise RigFault(f"{path}: there is a journal already; each run writes its own")
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(f"PRAGMA synchronous = {'FULL' if each_row else 'NORMAL'}")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise RigFault(f"{path}: the journal cannot be written: {error}") from error
        self._seq = 0
        self._waiting: list[tuple[int, int, float, str, str, str]] = []

    def about(self, **facts: str) -> None:
        """Note what this run is (id, plan, bench, seed)."""
        with self._faults():
            self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", sorted(facts.items()))

    def append(self, t_us: int, kind: str, request: Any, answer: Any) -> None:
        """Write one row, or keep it for :meth:`commit`. Raises RigFault when the disk does not take it."""
        self._seq += 1
        row = (self._seq, t_us, self._wall(), kind, _json(request), _json(answer))
        if self._each_row:
            with self._faults():
                self._database.execute(_INSERT, row)
        else:
            self._waiting.append(row)

    def commit(self) -> None:
        """Make sure that everything appended so far is on the disk. Raises RigFault when it does not take it."""
        if self._waiting:
            with self._faults(), self._database:  # which commits at the end, or rolls back
                self._database.execute("BEGIN")
                self._database.executemany(_INSERT, self._waiting)
            self._waiting.clear()

    def rows(self, kind: str | None = None) -> Iterator[Row]:
        """All rows, or those of one kind, in order."""
        self.commit()
        where, arguments = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        cursor = self._database.execute(
            f"SELECT seq, t_us, kind, request, answer FROM journal {where} ORDER BY seq", arguments
        )
        for seq, t_us, row_kind, request, answer in cursor:
            yield Row(seq, t_us, row_kind, json.loads(request), json.loads(answer))

    def close(self) -> None:
        """Commit and close; the file is then one single file."""
        self.commit()
        with self._faults():
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    def _faults(self) -> _AsRigFault:
        return _AsRigFault(self.path)


class _AsRigFault:
    """Turns a database error into a RigFault that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise RigFault(f"{self._path}: the journal cannot be written: {error}") from error
