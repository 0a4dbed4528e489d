"""A connection to an index or a database of runs: SQLite needs nothing, any other URL goes through SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rig.archive.schema import COLUMNS, TABLES, VERSION, insert
from rig.errors import ConfigurationError, RigFault

OPTION = "--database"
_SQLITE = "sqlite:///"

Values = Mapping[str, Any]


class _Connection(Protocol):
    """What both libraries can do, their own errors told as RigFault."""

    def execute(self, statement: str, values: Values) -> list[tuple[Any, ...]]: ...

    def many(self, statement: str, rows: Sequence[Values]) -> None: ...

    @contextmanager
    def transaction(self) -> Iterator[None]: ...

    def close(self) -> None: ...


class Store:
    """The tables of :mod:`rig.archive.schema`, made where they are not there yet.

    Raises:
        RigFault: the database cannot be reached, or its tables are of another version.
    """

    def __init__(self, connection: _Connection, where: str) -> None:
        self.where = where
        self._connection = connection
        with connection.transaction():
            for statement in TABLES:
                connection.execute(statement, {})
            found = connection.execute("SELECT version FROM rig_schema", {})
            if not found:
                connection.execute("INSERT INTO rig_schema VALUES (:version)", {"version": VERSION})
        if found and found[0][0] != VERSION:
            raise RigFault(f"{where}: its tables are of version {found[0][0]}, this rig's of version {VERSION}")

    def select(self, statement: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        """Rows that a SELECT gives; values stand in it as ``:name``."""
        return self._connection.execute(statement, values or {})

    def put(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows, each with the values of all columns in order."""
        if rows:
            names = COLUMNS[table]
            self._connection.many(insert(table), [dict(zip(names, row, strict=True)) for row in rows])

    def forget(self, run: str) -> None:
        """Take a run out."""
        for table, column in (("journal", "run"), ("test", "run"), ("device", "run"), ("run", "name")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} = :run", {"run": run})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is done inside, or nothing of it."""
        with self._connection.transaction():
            yield

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def open_store(url: str) -> Store:
    """The database at a URL, such as ``sqlite:////srv/runs.sqlite`` or ``postgresql+psycopg://user@host/runs``.

    Raises:
        ConfigurationError: no URL, or SQLAlchemy or the driver is not installed. RigFault: it cannot be reached.
    """
    if url.startswith(_SQLITE):
        return sqlite_store(Path(url.removeprefix(_SQLITE)))
    if "://" not in url:
        expected = "a URL, such as sqlite:////srv/runs.sqlite or postgresql+psycopg://user@host/runs"
        raise ConfigurationError(OPTION, "", expected, url)
    return Store(_Alchemy(url), _without_password(url))


def sqlite_store(path: Path | None) -> Store:
    """An SQLite file; in memory only if None. Raises RigFault if it cannot be opened."""
    where = ":memory:" if path is None else str(path)
    return Store(_Sqlite(where), where)


class _Sqlite:
    def __init__(self, where: str) -> None:
        self._where = where
        with self._told():
            self._database = sqlite3.connect(where, isolation_level=None)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise RigFault(f"{self._where}: the database of runs: {error}") from error

    def execute(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        with self._told():
            return self._database.execute(statement, values).fetchall()

    def many(self, statement: str, rows: Sequence[Values]) -> None:
        with self._told():
            self._database.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._told():
            self._database.execute("BEGIN")
            with self._database:
                yield

    def close(self) -> None:
        self._database.close()


class _Alchemy:
    def __init__(self, url: str) -> None:
        self._where = _without_password(url)
        try:
            import sqlalchemy
        except ImportError:
            expected = "the library SQLAlchemy for this database: pip install 'air-station-rig[sql]'"
            raise ConfigurationError(OPTION, "", expected, "none") from None
        self._library = sqlalchemy
        try:
            self._engine = sqlalchemy.create_engine(url)
        except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(OPTION, "", "a URL of SQLAlchemy whose driver is installed", str(error)) from None
        with self._told():
            self._database = self._engine.connect()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._library.exc.SQLAlchemyError as error:
            words = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise RigFault(f"{self._where}: the database of runs: {words}") from error

    def execute(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        with self._told(), self.transaction():
            result = self._database.execute(self._library.text(statement), dict(values))
            return [tuple(row) for row in result] if result.returns_rows else []

    def many(self, statement: str, rows: Sequence[Values]) -> None:
        with self._told(), self.transaction():
            self._database.execute(self._library.text(statement), [dict(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._database.in_transaction():
            yield  # part of the one that is open
            return
        with self._told(), self._database.begin():
            yield

    def close(self) -> None:
        self._database.close()
        self._engine.dispose()


def _without_password(url: str) -> str:
    """A URL as it may be shown."""
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    return f"{scheme}://{login.split(':')[0]}{at}{place}"
