"""``rig runs`` and ``rig archive``: many runs, in a folder or in a database."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rig.archive.index import open_index
from rig.archive.query import Difference, RunLine, Wanted, compared
from rig.archive.query import runs as query_runs
from rig.archive.store import Store, open_store
from rig.errors import EXIT_PASS, ConfigurationError

FOLDER = Path("out")
"""Where ``rig accept`` leaves its runs unless told otherwise."""


def open_runs(folder: Path | None, database: str | None) -> Store:
    """The runs of a folder, or of a database.

    Raises:
        ConfigurationError: both are given, or the folder is none. RigFault: the database cannot be reached.
    """
    if database is not None:
        if folder is not None:
            raise ConfigurationError("FOLDER", "", "either a folder or --database", "both")
        return open_store(database)
    folder = folder or FOLDER
    if not folder.is_dir():
        raise ConfigurationError("FOLDER", "", "a folder with runs in it", f"{folder}, which is none")
    return open_index(folder)


def runs(folder: Path | None, database: str | None, wanted: Wanted, compare: Sequence[str]) -> int:
    """List runs, or set two of them against each other; return 0.

    Raises:
        ConfigurationError: no folder, no database, a time that is none, or a run that is not there.
    """
    if wanted.since is not None:
        try:
            datetime.fromisoformat(wanted.since)
        except ValueError:
            raise ConfigurationError("--since", "", "a day or time, such as 2026-01-31", wanted.since) from None
    store = open_runs(folder, database)
    try:
        lines = _side_by_side(store, compare) if compare else _listed(query_runs(store, wanted))
    finally:
        store.close()
    sys.stdout.write("\n".join(lines) + "\n")
    return EXIT_PASS


def archive(folders: Sequence[Path], database: str, fetch: str | None, out: Path | None) -> int:
    """Keep runs in a database, or bring one back from it; return 0.

    Raises:
        ConfigurationError: no run, no database, or options that do not go together. RigFault: a run does not verify.
    """
    from rig.archive import database as whole

    if (fetch is None) == (not folders) or (fetch is None) != (out is None):
        raise ConfigurationError("rig archive", "", "RUN ..., or --fetch NAME --out FOLDER", "something else")
    store = open_store(database)
    try:
        if fetch is not None and out is not None:
            record = whole.fetch(store, fetch, out)
            sys.stdout.write(f"{out}: {record.run.id}, {record.run.wall.journal_rows} rows: as it was archived\n")
        for folder in folders:
            name = whole.archive(store, folder)
            sys.stdout.write(f"{folder}: " + ("is there already\n" if name is None else f"archived as {name}\n"))
    finally:
        store.close()
    return EXIT_PASS


def _listed(found: Sequence[RunLine]) -> list[str]:
    if not found:
        return ["no runs"]
    rows = [
        (one.name, one.started[:16], one.verdict, f"{one.tests - one.failed}/{one.tests}",
         "simulated" if one.simulated else "real", one.bench, one.plan, one.devices)
        for one in found
    ]  # fmt: skip
    return [*_table([("run", "began", "verdict", "not failed", "", "bench", "plan", "tested"), *rows]),
            f"{len(found)} runs"]  # fmt: skip


def _side_by_side(store: Store, names: Sequence[str]) -> list[str]:
    names = [Path(name).name for name in names]
    for name in names:
        if not store.select("SELECT name FROM run WHERE name = :name", {"name": name}):
            raise ConfigurationError("--compare", "", f"the name of a run in {store.where}", name)
    found = list(compared(store, names[0], names[1]))
    # What has another verdict is what the reader came for.
    found.sort(key=lambda one: not one.changed)
    rows = [
        (
            one.id,
            _number(one.values[0]),
            _number(one.values[1]),
            _shift(one),
            one.unit,
            *(v or "-" for v in one.verdicts),
        )
        for one in found
    ]
    changed = sum(one.changed for one in found)
    return [*_table([("test", *names, "difference", "unit", "verdict", "verdict"), *rows]),
            f"{len(found)} tests, {changed} with another verdict"]  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"


def _shift(one: Difference) -> str:
    first, second = one.values
    return "" if first is None or second is None else f"{second - first:+.3g}"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
