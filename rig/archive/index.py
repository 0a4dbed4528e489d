"""The index of a folder of runs: kept beside them, put right whenever a folder came, went or changed."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from rig.archive.entry import UNFINISHED, UNREADABLE, Entry, entry_of, entry_without_record
from rig.archive.schema import VERSION
from rig.archive.store import Store, sqlite_store
from rig.errors import RigFault
from rig.journal import opened_to_read
from rig.run_folder import JOURNAL, RESULT, wall_text

INDEX = f".rig-index-{VERSION}.sqlite"
"""Name of the index; it can be deleted at any time, and is made anew."""

_AT_ONCE = 200
"""Runs that are taken in between two commits."""


def open_index(folder: Path) -> Store:
    """The index of the runs in ``folder``, as they are now; in memory only where the folder cannot be written.

    Raises:
        RigFault: the folder cannot be read.
    """
    try:
        found = _stamps(folder)
    except OSError as error:
        raise RigFault(f"{folder}: {error.strerror}") from error
    try:
        store = sqlite_store(folder / INDEX)
        _put_right(store, folder, found)
    except RigFault:  # a folder that is only lent, an index that is damaged or in another's hands
        store = sqlite_store(None)
        _put_right(store, folder, found)
    return store


def _stamps(folder: Path) -> dict[str, str]:
    """Of each run its stamp: what the file that its entry is made of looks like from outside."""
    stamps: dict[str, str] = {}
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=True)]
    for name in names:
        for file in (RESULT, JOURNAL):
            try:
                seen = os.stat(os.path.join(folder, name, file))  # noqa: PTH116, PTH118 - ten thousand of them
            except OSError:
                continue
            stamps[name] = f"{file} {seen.st_mtime_ns} {seen.st_size}"
            break
    return stamps


def _put_right(store: Store, folder: Path, found: dict[str, str]) -> None:
    known: dict[str, str] = dict(store.select("SELECT name, stamp FROM run"))
    gone = known.keys() - found.keys()
    new = sorted(name for name, stamp in found.items() if known.get(name) != stamp)
    if gone:
        with store.transaction():
            for name in gone:
                store.forget(name)
    for first in range(0, len(new), _AT_ONCE):
        with store.transaction():
            for name in new[first : first + _AT_ONCE]:
                if name in known:
                    store.forget(name)
                _entry(folder / name, name, found[name]).put(store)


def _entry(run: Path, name: str, stamp: str) -> Entry:
    if stamp.startswith(JOURNAL):
        return entry_without_record(name, stamp, UNFINISHED, _about(run / JOURNAL))
    from calibration.record import load  # only where there is something new: it takes longer than all the rest

    try:
        return entry_of(load(run / RESULT), name, stamp)
    except (OSError, ValueError):
        return entry_without_record(name, stamp, UNREADABLE, _about(run / JOURNAL))


def _about(journal: Path) -> dict[str, Any]:
    """What the first row of a journal says of its run; nothing where that cannot be read."""
    try:
        with closing(opened_to_read(journal)) as database:
            [(request,)] = database.execute("SELECT request FROM journal WHERE seq = 1").fetchall()
        about = json.loads(request)
        return {**about, "wall": wall_text(about["started"])}
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        return {}
