"""How many rows a second the journal takes: in batches, and one row per fully synchronous transaction.

Beside each stands the floor, by turns on the same disk: the same rows, made before, into the same table by ``sqlite3``
alone, without JSON, hashes or wall time. A batch is what a level on virtual time leaves (``--batch`` rows); one row at
a time is what a run on the wall clock does. Targets: 100,000 rows a second in batches; one row at a time at least two
thirds of the floor, which is the disk's own and differs from disk to disk (12 to 17 thousand a second was seen on an
idle one).

``python benchmarks/journal.py [--folder DIR]`` prints medians of wall time.
"""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import parser_of, rounds, verdict

from rig.journal import Journal

TARGET, SHARE = 100_000.0, 2.0 / 3.0
_ROW = ("read", '["so2", "so2"]', '[12.5, "nmol/mol"]', bytes(32))


def ours(folder: str | None, rows: int, batch: int, *, each_row: bool) -> float:
    """Rows per second of the journal: readings as ``Run.read`` leaves them."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        journal = Journal(Path(place) / "j.sqlite", each_row=each_row, wall=time.time)
        begun = time.perf_counter()
        for number in range(rows):
            journal.append(number * 2_000_000, "read", ["so2", "so2"], [12.5 + number * 0.01, "nmol/mol"])
            if number % batch == batch - 1:
                journal.commit()
        journal.commit()
        taken = time.perf_counter() - begun
        journal.close()
    return rows / taken


def bare(folder: str | None, rows: int, batch: int) -> float:
    """Rows per second of SQLite with the same table and the same guarantee."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "j.sqlite"
        Journal(path, each_row=False, wall=time.time).close()
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        insert = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)"
        made = [(number + 1, number * 2_000_000, 0.5, *_ROW) for number in range(rows)]
        begun = time.perf_counter()
        if batch == 1:
            for row in made:
                database.execute(insert, row)
        else:
            for first in range(0, rows, batch):
                database.execute("BEGIN")
                database.executemany(insert, itertools.islice(made, first, first + batch))
                database.execute("COMMIT")
        taken = time.perf_counter() - begun
        database.close()
    return rows / taken


def measure(folder: str | None, rows: int, batch: int, count: int) -> bool:
    """Print the figures; return whether both targets are met."""
    runners: list[Callable[[], float]] = [
        lambda: ours(folder, rows, batch, each_row=False),
        lambda: bare(folder, rows, batch),
        lambda: ours(folder, max(rows // 20, 1), 1, each_row=True),
        lambda: bare(folder, max(rows // 20, 1), 1),
    ]
    batches, batches_floor, single, single_floor = rounds(runners, count)
    print(f"batches of {batch}: {batches:,.0f} rows/s; sqlite3 alone {batches_floor:,.0f}")
    print(f"one row per transaction: {single:,.0f} rows/s; sqlite3 alone {single_floor:,.0f}")
    met = verdict("rows in batches", batches, TARGET, "/s")
    return verdict("one row per transaction, share of sqlite3 alone", single / single_floor, SHARE) and met


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--folder", help="a folder on the disk to be measured; a temporary one if not given")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    raise SystemExit(0 if measure(told.folder, told.rows, told.batch, told.rounds) else 1)


if __name__ == "__main__":
    main()
