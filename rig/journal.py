"""The journal of a run: every request to the bench and its answer, written before the answer is used.

A plain SQLite file. Rows are only ever appended (triggers refuse anything else), and each carries the hash of the row
before it, so that no row can be altered, taken out or put in unseen (:mod:`rig.journal_check`). Resuming a run means
running its procedures again, answered from here until the rows end; so a row holds the whole request and the whole
answer.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from rig.errors import RigFault

VERSION = 2
"""Of the schema; version 1 had no hashes."""

GUARD = "guard"
"""Role of the process that makes the bench safe when its run has been killed."""

_GUARD_DONE_S, _LOOK_AGAIN_S = 120.0, 0.2
"""How long a guard is waited for, and how often it is looked at, wall seconds."""

NO_HASH = bytes(32)
"""What stands before the first row."""

_SCHEMA = f"""
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    t_us INTEGER NOT NULL,
    wall REAL NOT NULL,
    kind TEXT NOT NULL,
    request TEXT NOT NULL,
    answer TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER journal_keeps_rows BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: no row can be deleted'); END;
CREATE TRIGGER journal_keeps_words BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: no row can be changed'); END;
PRAGMA user_version = {VERSION};
"""
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)"


_json = json.JSONEncoder().encode


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return _json(text)


def _text(value: Any) -> str:
    """Return ``value`` as JSON.

    Nearly all are a device with a quantity, or a number with its unit: these are written here, as the encoder would
    write them, which is set up anew for each value that it gets.
    """
    if value is None:
        return "null"
    if type(value) is list and len(value) == 2 and type(value[1]) is str:
        first = value[0]
        if type(first) is str:
            return f"[{_quoted(first)}, {_quoted(value[1])}]"
        if type(first) is float and isfinite(first):
            return f"[{first!r}, {_quoted(value[1])}]"
    return _json(value)


class JournalTaken(RigFault):
    """Another process writes this run."""


Written = tuple[int, int, float, str, str, str]
"""A row as it is written, without its hash: number, bench time, wall time, kind, request and answer as JSON."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry: bench time, wall time, kind of call, what was asked, what came back."""

    seq: int
    t_us: int
    wall: float
    kind: str
    request: Any
    answer: Any

    @property
    def words(self) -> list[Any]:
        """What it says, whenever and as whichever row it was written."""
        return [self.t_us, self.kind, self.request, self.answer]


def chained(before: bytes, row: Written) -> bytes:
    """The hash of a row: SHA-256 over the hash of the row before it and over its own fields."""
    seq, t_us, wall, kind, request, answer = row
    # JSON has no control characters outside its escapes, so this separator cannot be forged.
    return hashlib.sha256(before + f"{seq}\x1f{t_us}\x1f{wall!r}\x1f{kind}\x1f{request}\x1f{answer}".encode()).digest()


class Journal:
    """A journal file open for writing, by this process alone.

    Args:
        path: file to create; it must not exist, unless an earlier run is taken up again.
        each_row: each row goes to the disk as it is appended (paced time), and has survived a power cut by then; or at
            :meth:`commit` only (virtual time: per level), which survives the end of the process. A power cut may take
            the last levels of a virtual run, which its seed gives again, to the bit; waiting for the disk at each
            would cost more than they did.
        wall: gives the wall time in seconds that rows are stamped with.
        again: append to a journal that is there; a guard that still makes its bench safe is waited for.
        role: who writes, as others are told.

    Raises:
        RigFault: there is one already, or none; another process writes it; the disk does not take it.
    """

    def __init__(
        self, path: Path, *, each_row: bool, wall: Callable[[], float], again: bool = False, role: str = "run",
    ) -> None:  # fmt: skip
        self.path = path
        self.rows_written = 0
        self.root = NO_HASH
        self._each_row = each_row
        self._wall = wall
        self._waiting: list[Written] = []
        if path.exists() and not again:
            raise RigFault(f"{path}: there is a journal already; each run writes its own")
        if again and not path.exists():
            raise RigFault(f"{path}: there is no journal to take up again")
        self._lock = _locked(path, role)
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(f"PRAGMA synchronous = {'FULL' if each_row else 'NORMAL'}")
            if again:
                last = self._database.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
                self.rows_written, self.root = last or (0, NO_HASH)
            else:
                self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            _release(self._lock)
            raise RigFault(f"{path}: the journal cannot be written: {error}") from error

    def append(self, t_us: int, kind: str, request: Any, answer: Any) -> None:
        """Write one row, or keep it for :meth:`commit`. Raises RigFault when the disk does not take it."""
        self._waiting.append(
            (self.rows_written + len(self._waiting) + 1, t_us, self._wall(), kind, _text(request), _text(answer))
        )
        if self._each_row:
            self.commit()

    def commit(self) -> None:
        """Make sure that everything appended so far is on the disk. Raises RigFault when it does not take it."""
        if not self._waiting:
            return
        root, rows = self.root, []
        for row in self._waiting:
            root = chained(root, row)
            rows.append((*row, root))
        try:
            if len(rows) == 1:
                self._database.execute(_INSERT, rows[0])  # a transaction of its own
            else:
                with self._database:  # which commits at the end, or rolls back
                    self._database.execute("BEGIN")
                    self._database.executemany(_INSERT, rows)
        except sqlite3.Error as error:
            raise RigFault(f"{self.path}: the journal cannot be written: {error}") from error
        self.rows_written, self.root = rows[-1][0], root
        self._waiting.clear()

    def rows(self, kind: str | None = None) -> Iterator[Row]:
        """All rows, or those of one kind, in order."""
        self.commit()
        yield from rows_of(self._database, kind)

    def close(self) -> None:
        """Commit and close; the file is then one single file."""
        try:
            self.commit()
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._database.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise RigFault(f"{self.path}: the journal cannot be written: {error}") from error
        finally:
            self._database.close()
            _release(self._lock)


def rows_of(database: sqlite3.Connection, kind: str | None = None) -> Iterator[Row]:
    """Rows of an open journal, or those of one kind, in order."""
    where, arguments = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
    cursor = database.execute(
        f"SELECT seq, t_us, wall, kind, request, answer FROM journal {where} ORDER BY seq", arguments
    )
    for seq, t_us, wall, row_kind, request, answer in cursor:
        yield Row(seq, t_us, wall, row_kind, json.loads(request), json.loads(answer))


def opened_to_read(path: Path) -> sqlite3.Connection:
    """A journal, opened so that nothing can be written. Raises sqlite3.Error if it cannot be."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def read_journal(path: Path) -> list[Row]:
    """All rows of a journal that may be in use elsewhere. Raises RigFault if it is none, or damaged."""
    try:
        with closing(opened_to_read(path)) as database:
            return list(rows_of(database))
    except (sqlite3.Error, ValueError) as error:
        raise RigFault(f"{path}: not a journal that can be read: {error}") from error


def lock_path(journal: Path) -> Path:
    """The file whose lock says that a process writes ``journal``."""
    return journal.with_suffix(".lock")


def _locked(journal: Path, role: str) -> TextIO:
    """Take the lock; it ends with this process, however that ends. Raises RigFault if somebody holds it."""
    path, waited = lock_path(journal), 0.0
    while True:
        try:
            lock = path.open("a+", encoding="ascii")
        except OSError as error:
            raise RigFault(f"{journal}: the journal cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            lock.close()
            if not holder.startswith(GUARD) or waited >= _GUARD_DONE_S:
                raise JournalTaken(f"{journal}: this run is being written by another process ({holder})") from None
            time.sleep(_LOOK_AGAIN_S)
            waited += _LOOK_AGAIN_S
            continue
        if path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
            break
        lock.close()  # it was let go, and taken away, between the two calls
    lock.truncate(0)
    lock.write(f"{role} {os.getpid()}\n")
    lock.flush()
    return lock


def _release(lock: TextIO) -> None:
    Path(lock.name).unlink(missing_ok=True)
    lock.close()
