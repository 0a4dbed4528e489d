"""The BAM-1020's serial port as a dialect: both ends from the model's table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.bam import BamDevice, BamOptions
from instruments.protocols.bam_escape import BamPointers
from instruments.protocols.bam_host import BamHost
from instruments.protocols.bam_table import BamTable
from instruments.protocols.ends import Box, Dialect, Told, Transport, address
from instruments.protocols.rows import weakest


class BamDialect(Dialect):
    """Menu, reports and escape commands, by the ``[protocol.bam]`` table of the model's catalogue file."""

    options: ClassVar[Mapping[str, Value]] = asdict(BamOptions())
    clients = 1

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = BamTable.from_data(entry.protocols["bam"], entry.name)

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return BamBox(self.table, face)

    def host(self, number: int | None) -> BamHost:
        """The host side; units have no address."""
        address(self, number)
        return BamHost(self.table)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark of commands, columns, flags and parameters behind the replies."""
        marks: list[Mark] = []
        for request in requests:
            code, *words = request.split()
            row = self.table.escapes[code]
            marks.append(row.mark)
            if row.does in ("last", "array", "all", "new"):
                marks += [column.mark for column in self.table.columns if column.quantity]
                marks += [flag.mark for flag in self.table.flags]
            elif row.does == "last flow":
                marks += [column.mark for column in self.table.flow_columns]
            elif row.does == "parameter":
                marks.append(self.table.parameters[int(words[0])].mark)
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        table = self.table
        names = {row.quantity for row in (*table.columns, *table.flow_columns, *table.parameters.values())} - {""}
        own = {"record_s", "flags", "phase", "maintenance", "firmware", "model"}
        return frozenset(names | own)

    def told(self) -> Iterator[Told]:
        """Keys, commands, columns, flags, parameters."""
        table = self.table
        for name, keys in table.menus.items():
            title = "keys at the prompt *" if name == "main" else "keys of the CSV reports (after 6)"
            for key in keys.values():
                yield Told(title, key.key, key.what, key.mark, key.source)
        for row in table.escapes.values():
            yield Told("escape commands (<ESC>code<CR>, with or without *checksum)", row.code, row.what, row.mark,
                       row.source)  # fmt: skip
        for column in table.columns:
            yield Told("columns of an hour", column.name, column.quantity or "not connected: 0", column.mark,
                       column.source)  # fmt: skip
        for flag in table.flags:
            what = f"{flag.meaning}{'; closes the INVALID DATA relay' if flag.relay else ''}"
            yield Told("flags", flag.letter, what, flag.mark, flag.source)
        for parameter in table.parameters.values():
            what = f"{parameter.title} ({parameter.quantity})"
            yield Told("parameters", f"PR {parameter.number}", what, parameter.mark, parameter.source)
        yield Told(
            "bounds", "prompt", f"after {table.wake_returns} CR, for {table.prompt_s:g} s", table.mark, table.source
        )


class BamBox(Box):
    """One unit: its lines share the pointers to new data, but for the REPORT port."""

    def __init__(self, table: BamTable, face: Face) -> None:
        self._table, self._face = table, face
        self._main, self._report = BamPointers(), BamPointers()

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> BamDevice:
        """An end for one line."""
        habits = BamOptions(**options)  # type: ignore[arg-type]  # keys and values are checked
        return BamDevice(self._table, self._face, habits, self._report if habits.report_port else self._main)
