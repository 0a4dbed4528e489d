"""AK as a dialect: both ends from a model's table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.ak import AkDevice, AkMemory, AkOptions
from instruments.protocols.ak_host import AkHost
from instruments.protocols.ak_table import CLOCK_TIME, AkTable, Register
from instruments.protocols.ends import Box, Dialect, Told, Transport, address
from instruments.protocols.rows import weakest


class AkDialect(Dialect):
    """AK as a model speaks it, by the ``[protocol.ak]`` table of its catalogue file. An address is RS-Para 1."""

    options: ClassVar[Mapping[str, Value]] = asdict(AkOptions())
    numbers = (33, 126)
    clients = 1

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = AkTable.from_data(entry.protocols["ak"], entry.name)
        self.default_number = self.table.station

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return AkBox(self, face)

    def station(self, number: int | None) -> int:
        """RS-Para 1 of a port. Raises ValueError for one that no unit can have."""
        chosen = address(self, number)
        return self.table.station if chosen is None else chosen

    def host(self, number: int | None) -> AkHost:
        """The host side."""
        return AkHost(self.table, self.station(number))

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark of functions and registers behind the replies; of the status word also its bits."""
        marks: list[Mark] = []
        for request in requests:
            function, *rest = request.split()
            marks.append(self.table.functions[function].mark)
            if self.table.functions[function].does in ("ask register", "enter register"):
                register = self.table.registers[int(rest[0])]
                marks.append(register.mark)
                if register.code == self.table.status:
                    marks += [bit.mark for bit in self.table.bits]
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        names = {row.quantity for row in self.table.registers.values()} - {CLOCK_TIME}
        return frozenset(names | {"alarms", "powered", "firmware", "run"})

    def told(self) -> Iterator[Told]:
        """Functions, registers, bits of the status word, errors, and what comes unasked."""
        table = self.table
        frame = f"functions (station {table.station}, {chr(table.station)!r}; channel {table.channel}; no checksum)"
        for function in table.functions.values():
            yield Told(frame, function.code, function.what, function.mark, function.source)
        for row in table.registers.values():
            yield Told("registers", str(row.code), _use(row), row.mark, row.source)
        for bit in table.bits:
            yield Told(f"bits of the status word (register {table.status})", f"bit {bit.bit}", bit.alarm, bit.mark,
                       bit.source)  # fmt: skip
        for error in table.errors.values():
            yield Told("errors", error.code, error.what, error.mark, error.source)
        stored = f"every {table.storage.every_min} min: registers {', '.join(map(str, table.storage.registers))}"
        yield Told("records", "storage", stored, table.storage.mark, table.storage.source)
        if table.printed is not None:
            line = ", ".join(item.quantity for item in table.printed.item)
            yield Told("records", "print on line", line, table.printed.mark, table.printed.source)


class AkBox(Box):
    """One unit: its lines share the storage pointer."""

    def __init__(self, dialect: AkDialect, face: Face) -> None:
        self._dialect, self._face, self._memory = dialect, face, AkMemory()

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> AkDevice:
        """An end for one line; ``number`` is its RS-Para 1."""
        habits = AkOptions(**options)  # type: ignore[arg-type]  # keys and values are checked
        return AkDevice(self._dialect.table, self._face, self._dialect.station(number), habits, self._memory)


def _use(row: Register) -> str:
    unit = f" ({row.unit})" if row.unit else ""
    entered = ", entered while stopped" if row.stopped else ", entered" if row.enter else ""
    return f"{row.quantity}{unit}{entered}"
