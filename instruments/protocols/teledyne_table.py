"""The table of a Teledyne box, checked and made ready for both sides.

A model's own rows are the ``[protocol.teledyne]`` part of its catalogue file; what all share stands in
``teledyne.toml`` beside this module: for analyzers and for calibrators.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.rows import Known, weakest, weakness
from instruments.protocols.teledyne_frame import Request
from instruments.protocols.teledyne_rows import (
    CommandRow,
    DataRow,
    SignalRow,
    TeledyneRows,
    TestRow,
    VariableRow,
    WarningRow,
)
from instruments.protocols.teledyne_values import Values
from instruments.reading import validate

MODE = "MODE"
"""Name of the variable that tells what the box is doing."""
ASK_MODE = f"V {MODE}"


class TeledyneTable:
    """A checked table.

    Attributes:
        rows: as written.
        tests, variables, warnings, signals, data: by their names, in the order in which they are listed.
        commands: longest request first.
        values: how values are written.
        entry: the model.
    """

    def __init__(self, rows: TeledyneRows, entry: CatalogueEntry, where: str) -> None:
        self.rows, self.entry = rows, entry
        self.tests: Mapping[str, TestRow] = {row.name: row for row in rows.test}
        self.variables: Mapping[str, VariableRow] = {row.name: row for row in rows.variable}
        self.warnings: Mapping[str, WarningRow] = {row.name: row for row in rows.warning}
        self.signals: Mapping[str, SignalRow] = {row.name: row for row in rows.signal}
        self.data: Mapping[str, Sequence[DataRow]] = {
            row.channel: [other for other in rows.data if other.channel == row.channel] for row in rows.data
        }
        self.commands = sorted(rows.command, key=lambda row: -len(row.request))
        self.values = Values(
            entry, {str(unit): decimals for unit, decimals in rows.gas_decimals.items()},
            {gas: float(row.value) for gas, row in rows.ug_per_ppb.items()},
        )  # fmt: skip
        mistakes = list(self._mistakes(where))
        if mistakes:
            raise ConfigurationErrors(mistakes)

    @classmethod
    def from_entry(cls, entry: CatalogueEntry) -> TeledyneTable:
        """Check a model's table together with what is common. Raises ConfigurationErrors with all mistakes."""
        where, common = f"{entry.name}.toml", _common()
        kind = "calibrator" if entry.kind == "calibrator" else "analyzer"
        merged: dict[str, Any] = {}
        for part in (common["all"], common[kind], entry.protocols["teledyne"]):
            for key, value in part.items():
                before = merged.get(key)
                if isinstance(before, list) and isinstance(value, list):
                    merged[key] = [*before, *value]
                elif isinstance(before, dict) and isinstance(value, dict):
                    merged[key] = {**before, **value}
                else:
                    merged[key] = value
        rows = validate(TeledyneRows, merged, where, "protocol.teledyne")
        return cls(rows, entry, where)

    def figure(self, name: str) -> float:
        """A figure of the protocol itself."""
        return float(self.rows.figure[name].value)

    def command(self, words: Sequence[str]) -> tuple[CommandRow, str] | None:
        """The command that ``words`` begin with, and the rest; the longest one. None if there is none."""
        text = " ".join(words)
        for row in self.commands:
            if text == row.request or (row.arguments and text.startswith(f"{row.request} ")):
                return row, text[len(row.request) :].strip()
        return None

    def actions(self) -> Iterator[tuple[tuple[str, Value], str]]:
        """Requests that carry out an action or set the mode, by setting and value; the plainest command of each."""
        mode = self.rows.mode.of
        seen: set[tuple[str, Value]] = set()
        for row in self.rows.command:
            wanted: list[tuple[str, Value]] = []
            request = f"C {row.request}"
            if row.set and not row.only_in:
                wanted, request = [(name, value) for name, value in row.set.items()], f"{request}\n{ASK_MODE}"
            elif row.compute:
                names = [getattr(channel, f"calibrate_{row.compute}") for channel in self.entry.channels.values()]
                wanted = [(name, True) for name in names if name]
            elif row.action == "standby":
                wanted, request = [(mode, "standby")], f"{request}\n{ASK_MODE}"
            for one in wanted:
                if one not in seen:
                    seen.add(one)
                    yield one, request

    def quantities(self) -> frozenset[str]:
        """Observables, settings and actions that a face must know for this table to work."""
        rows = self.rows
        names = {row.of for row in (*rows.test, *rows.variable) if row.of}
        names |= {name for row in rows.test for name in row.beside.values()}
        names |= {row.latch for row in rows.warning if row.latch}
        names |= {name for row in rows.command for name in row.set}
        names |= {row.action for row in rows.command if row.action}
        names |= {name for row in rows.signal for name in row.on}
        return frozenset(names | {rows.mode.of, "alarms", "powered", "instrument_id", "uptime_s"})

    def row(self, request: str) -> Known:
        """The row behind a request of one line. Raises KeyError if the box does not know it."""
        asked = Request.parse(request)
        if asked is None or not asked.words:
            raise KeyError(request)
        name = asked.words[0].partition("=")[0]
        found: Known | None = None
        if asked.type == "T":
            found = self.tests.get(name)
        elif asked.type == "V":
            found = self.rows.mode if name == MODE else self.variables.get(name)
        elif asked.type == "W" and asked.words == ("LIST",):
            found = max(self.rows.warning, key=lambda row: weakness(row.mark))
        elif asked.type == "C":
            command = self.command(asked.words)
            found = None if command is None else command[0]
        if found is None:
            raise KeyError(request)
        return found

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to requests, each of one line or more. KeyError, ValueError as told."""
        return weakest(self.row(line).mark for request in requests for line in request.split("\n"))

    def _mistakes(self, where: str) -> Iterator[ConfigurationError]:
        rows, key = self.rows, "protocol.teledyne"
        for what, names in (
            ("test", [row.name for row in rows.test]),
            ("variable", [row.name for row in rows.variable]),
            ("warning", [row.name for row in rows.warning]),
            ("command", [row.request for row in rows.command]),
        ):
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield ConfigurationError(where, f"{key}.{what}", "each name once", f"{name} twice")
        for data in rows.data:
            if data.test not in self.tests:
                yield ConfigurationError(where, f"{key}.data.{data.channel}", "the name of a test function", data.test)
        for variable in rows.variable:
            if variable.warn and variable.warn not in self.entry.alarms:
                known = ", ".join(self.entry.alarms)
                yield ConfigurationError(where, f"{key}.variable.{variable.name}.warn", f"an alarm ({known})",
                                         variable.warn)  # fmt: skip


@cache
def _common() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("teledyne.toml").read_text(encoding="utf-8"))
