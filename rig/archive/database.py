"""Whole runs in a database: record, journal and seal go in as they are, and come out as they were.

What goes in must verify; what comes out is verified again, so that a database cannot alter a run unseen either.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from calibration.record import Record, text_hash
from rig.archive.entry import entry_of
from rig.archive.store import Store
from rig.errors import ConfigurationError, RigFault
from rig.files import write_atomically
from rig.journal import Journal, Written, chained, opened_to_read
from rig.journal_check import check_journal
from rig.run_folder import JOURNAL, RESULT, journal_in
from rig.seal import SEAL


def archive(store: Store, folder: Path) -> str | None:
    """Keep the run in ``folder``; return the name by which the database knows it, None if it has it already.

    Raises:
        ConfigurationError: there is no run in the folder, or one that has not come to its end. RigFault: it does not
            verify, or the database does not take it.
    """
    record = _verified(folder)
    # Two benches can begin the same plan in the same second; their journals differ from the first row on.
    name = f"{record.run.id}-{record.run.wall.journal_root[:8]}"
    if store.select("SELECT name FROM run WHERE name = :name", {"name": name}):
        return None
    seal = folder / SEAL
    entry = entry_of(record, name, "", text=(folder / RESULT).read_text(encoding="utf-8"),
                     seal=seal.read_text(encoding="utf-8") if seal.exists() else None)  # fmt: skip
    with closing(opened_to_read(folder / JOURNAL)) as database:
        rows = database.execute(
            "SELECT seq, t_us, wall, kind, request, answer, lower(hex(hash)) FROM journal ORDER BY seq"
        ).fetchall()
    with store.transaction():
        entry.put(store)
        store.put("journal", [(name, *row) for row in rows])
    return name


def fetch(store: Store, name: str, folder: Path) -> Record:
    """Write a run's journal, result and seal into ``folder`` as they were, and return its record.

    Raises:
        ConfigurationError: the database has no such run, or the folder holds one. RigFault: what the database holds is
            not what was archived, or cannot be written.
    """
    found = store.select("SELECT record, seal FROM run WHERE name = :name", {"name": name})
    if not found:
        raise ConfigurationError(
            "RUN", "", f"the name of a run in {store.where}, as rig runs --database lists it", name
        )
    if (folder / JOURNAL).exists() or (folder / RESULT).exists():
        raise ConfigurationError("--out", "", "a folder without a run in it", f"{folder}, which has one")
    [(text, seal)] = found
    rows: list[Written] = [
        (seq, t_us, wall, kind, request, answer)
        for seq, t_us, wall, kind, request, answer in store.select(
            "SELECT seq, t_us, wall, kind, request, answer FROM journal WHERE run = :name ORDER BY seq", {"name": name}
        )
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigFault(f"{folder}: {error.strerror}") from error
    _write_journal(folder / JOURNAL, rows)
    write_atomically(folder / RESULT, text)
    if seal is not None:
        write_atomically(folder / SEAL, seal)
    return _verified(folder, f"{store.where}: {name}")


def _write_journal(path: Path, rows: list[Written]) -> None:
    """A journal with these rows, hashes computed anew: they are held against the record's root afterwards."""
    Journal(path, each_row=False, wall=lambda: 0.0).close()  # the tables and triggers of an empty one
    root, hashed = bytes(32), []
    for row in rows:
        root = chained(root, row)
        hashed.append((*row, root))
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", hashed)
    except sqlite3.Error as error:
        raise RigFault(f"{path}: the journal cannot be written: {error}") from error


def _verified(folder: Path, source: str | None = None) -> Record:
    """The record of a run that has ended and whose journal and result are of each other."""
    where = source or str(folder)
    journal = journal_in(folder, "RUN")
    checked = check_journal(journal)
    try:
        text = (folder / RESULT).read_text(encoding="utf-8")
        record = Record.model_validate_json(text)
    except FileNotFoundError:
        raise ConfigurationError("RUN", "", "a run that has come to its end", f"{folder}, without a result") from None
    except (OSError, ValueError) as error:
        raise RigFault(f"{where}: its result cannot be read: {error}") from error
    wall = record.run.wall
    altered = (
        not checked.holds
        or (checked.rows, checked.root.hex()) != (wall.journal_rows, wall.journal_root)
        or checked.ended is None
        or checked.ended["record"] != text_hash(text)
    )
    if altered:
        raise RigFault(f"{where}: not as the run left it: see rig verify {folder}")
    return record
