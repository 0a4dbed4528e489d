"""C-Link as a dialect: both ends from a model's table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_host import ClinkHost
from instruments.protocols.clink_options import ClinkMemory, ClinkOptions
from instruments.protocols.clink_rows import CommandRow
from instruments.protocols.clink_table import ClinkTable
from instruments.protocols.ends import Box, Dialect, Told, Transport, limits_in_words


class ClinkDialect(Dialect):
    """C-Link as a model speaks it, by the ``[protocol.clink]`` table of its catalogue file."""

    options: ClassVar[Mapping[str, Value]] = {
        name: default for name, default in asdict(ClinkOptions()).items() if name != "state"
    }
    numbers = (0, 127)
    clients = 3  # 42i manual: up to three sessions at once
    shared_number = True

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = ClinkTable.from_data(entry.protocols["clink"], entry.name)
        self.default_number = self.table.default_id
        self.transports = ("serial", "tcp") if self.table.tcp else ("serial",)

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return ClinkBox(self.table, face)

    def host(self, number: int | None) -> ClinkHost:
        """The host side."""
        return ClinkHost(self.table, number)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        return self.table.weakest_mark(requests)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        return self.table.quantities()

    def told(self) -> Iterator[Told]:
        """Commands, flags and records."""
        table = self.table
        commands = f"commands ({len(table.rows)}; id at delivery {table.default_id})"
        for row in table.rows:
            yield Told(commands, row.request, _use(row), row.mark, row.source)
        for bit in table.flags:
            yield Told("flags", f"bit {bit.bit}", bit.alarm or "state", bit.mark, bit.source)
        for name, layout in table.records.items():
            what = f"{len(layout.row.field)} fields"
            yield Told("records", name, what, layout.row.mark, layout.row.source)


class ClinkBox(Box):
    """One box: the memory of its protocol is one for all its lines, with the options of its first line at start."""

    def __init__(self, table: ClinkTable, face: Face) -> None:
        self._table, self._face = table, face
        self._memory: ClinkMemory | None = None

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> ClinkDevice:
        """An end for one line; its address is the instrument's setting ``instrument_id``, whatever ``number`` says."""
        habits = ClinkOptions(**options)  # type: ignore[arg-type]  # keys and values are checked
        if self._memory is None:
            self._memory = ClinkMemory(self._table, habits)
        return ClinkDevice(self._table, self._face, transport, habits, self._memory)


def _use(row: CommandRow) -> str:
    """What the command does, in a few words."""
    if row.refuse is not None:
        return f"always refused: {row.refuse}"
    words = []
    if row.reply is not None or row.does in ("flags", "record", "coded record", "layout", "count", "list"):
        words.append("report")
    if row.apply or row.does in ("save", "acknowledge layout"):
        words.append("action")
    if row.set:
        limited = row.low is not None or row.high is not None
        words.append(f"set ({limits_in_words(row.low, row.high)})" if limited else "set")
    return ", ".join(words)
