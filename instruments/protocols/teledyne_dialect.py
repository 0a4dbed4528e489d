"""Teledyne ASCII as a dialect: both ends from a model's table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.ends import Box, Dialect, Told, Transport, address
from instruments.protocols.teledyne import TeledyneDevice
from instruments.protocols.teledyne_host import TeledyneHost
from instruments.protocols.teledyne_options import TeledyneMemory, TeledyneOptions
from instruments.protocols.teledyne_rows import TestRow
from instruments.protocols.teledyne_table import TeledyneTable


class TeledyneDialect(Dialect):
    """Teledyne ASCII as a model speaks it, by the ``[protocol.teledyne]`` table of its catalogue file."""

    options: ClassVar[Mapping[str, Value]] = asdict(TeledyneOptions())
    numbers = (0, 9999)
    baud = 115200  # reported: a client opens the T series so
    shared_number = True

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = TeledyneTable.from_entry(entry)

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return TeledyneBox(self.table, face)

    def host(self, number: int | None) -> TeledyneHost:
        """The host side."""
        return TeledyneHost(self.table, address(self, number))

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        return self.table.weakest_mark(requests)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        return self.table.quantities()

    def told(self) -> Iterator[Told]:
        """Test functions, variables, warnings, commands, signals, stored data and sentences."""
        rows = self.table.rows
        for test in rows.test:
            yield Told("test functions (T)", test.name, _prints(test), test.mark, test.source)
        for variable in rows.variable:
            limits = self.table.values.limits(variable)
            what = (variable.of or f"{variable.fixed:g}") + (" (read only)" if variable.read_only else "")
            if limits.low is not None and limits.high is not None:
                what += f", {limits.low:g} to {limits.high:g}"
            yield Told("variables (V)", variable.name, what, variable.mark, variable.source)
        yield Told("variables (V)", "MODE", ", ".join(rows.mode.words.values()), rows.mode.mark, rows.mode.source)
        for warning in rows.warning:
            yield Told("warnings (W)", warning.name, warning.text, warning.mark, warning.source)
        for command in rows.command:
            what = command.arguments or command.report.replace("{left}", "ends what it finds") or "action"
            if command.refuse:
                what = f"always refused: {command.refuse}"
            yield Told("calibration commands (C)", command.request, what, command.mark, command.source)
        for signal in rows.signal:
            yield Told("signals (D)", signal.name, f"{signal.label or signal.name}=ON|OFF", signal.mark, signal.source)
        for data in rows.data:
            yield Told("stored data (D REPORT)", data.channel, f"{data.label}, {data.test}", data.mark, data.source)
        for name, sentence in (*rows.error.items(), *rows.say.items()):
            yield Told("sentences", name, sentence.text, sentence.mark, sentence.source)
        for name, figure in (*rows.figure.items(), *rows.ug_per_ppb.items()):
            yield Told("figures", name, str(figure.value), figure.mark, figure.source)


class TeledyneBox(Box):
    """One box; its lines share whether it is in diagnostic mode."""

    def __init__(self, table: TeledyneTable, face: Face) -> None:
        self._table, self._face = table, face
        self._memory = TeledyneMemory()

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> TeledyneDevice:
        """An end for one line; its address is the instrument's setting ``instrument_id``, whatever ``number`` says."""
        habits = TeledyneOptions(**options)  # type: ignore[arg-type]  # keys and values are checked
        return TeledyneDevice(self._table, self._face, habits, self._memory)


def _prints(row: TestRow) -> str:
    if row.fixed:
        return f"{row.printed}={row.fixed}, always"
    return f"{row.printed}={row.of or 'time of day'}{' ' + row.unit if row.unit else ''}"
