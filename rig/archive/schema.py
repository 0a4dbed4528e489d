"""The tables of an index or a database of runs: one text, as SQLite and PostgreSQL both read it.

Times are ISO 8601 in UTC as text, hashes hexadecimal, the record JSON: text that any database gives back as it came.
"""

from __future__ import annotations

VERSION = 1
"""Of the tables; an index of another version is made anew."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS rig_schema (version INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS run (
        name TEXT PRIMARY KEY, stamp TEXT NOT NULL, id TEXT NOT NULL, plan TEXT NOT NULL, bench TEXT NOT NULL,
        started TEXT NOT NULL, ended TEXT NOT NULL, bench_time TEXT NOT NULL, verdict TEXT NOT NULL,
        simulated INTEGER NOT NULL, tests INTEGER NOT NULL, failed INTEGER NOT NULL, journal_rows INTEGER NOT NULL,
        journal_root TEXT NOT NULL, record TEXT, seal TEXT)""",
    """CREATE TABLE IF NOT EXISTS device (
        run TEXT NOT NULL REFERENCES run (name), name TEXT NOT NULL, model TEXT NOT NULL, maker TEXT NOT NULL,
        serial TEXT NOT NULL, firmware TEXT NOT NULL, emulated INTEGER NOT NULL, tested INTEGER NOT NULL,
        PRIMARY KEY (run, name))""",
    "CREATE INDEX IF NOT EXISTS device_by_serial ON device (serial)",
    """CREATE TABLE IF NOT EXISTS test (
        run TEXT NOT NULL REFERENCES run (name), place INTEGER NOT NULL, id TEXT NOT NULL, device TEXT NOT NULL,
        criterion TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL, value DOUBLE PRECISION,
        as_found DOUBLE PRECISION, limit_low DOUBLE PRECISION, limit_high DOUBLE PRECISION, verdict TEXT NOT NULL,
        PRIMARY KEY (run, place))""",
    """CREATE TABLE IF NOT EXISTS journal (
        run TEXT NOT NULL REFERENCES run (name), seq INTEGER NOT NULL, t_us BIGINT NOT NULL,
        wall DOUBLE PRECISION NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL,
        hash TEXT NOT NULL, PRIMARY KEY (run, seq))""",
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "run": ("name", "stamp", "id", "plan", "bench", "started", "ended", "bench_time", "verdict", "simulated", "tests",
            "failed", "journal_rows", "journal_root", "record", "seal"),
    "device": ("run", "name", "model", "maker", "serial", "firmware", "emulated", "tested"),
    "test": ("run", "place", "id", "device", "criterion", "quantity", "unit", "value", "as_found", "limit_low",
             "limit_high", "verdict"),
    "journal": ("run", "seq", "t_us", "wall", "kind", "request", "answer", "hash"),
}  # fmt: skip
"""Of each table, in the order in which rows are given."""


def insert(table: str) -> str:
    """The statement that puts a row into a table, its values by name."""
    columns = COLUMNS[table]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
