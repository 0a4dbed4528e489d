"""Modbus RTU and TCP as dialects: both ends from a model's map, or from the generic one.

Nothing of pymodbus is imported before a line is made: a bench without Modbus does without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.ends import Box, Dialect, Told, Transport
from instruments.protocols.modbus_map import ModbusMap, maps_of, told_of
from instruments.protocols.modbus_map import Value as MapValue
from instruments.protocols.modbus_orders import Orders
from instruments.protocols.modbus_rows import ByteOrder, WordOrder
from instruments.protocols.rows import weakest

if TYPE_CHECKING:
    from instruments.protocols.modbus_device import ModbusDevice, ModbusMemory
    from instruments.protocols.modbus_host import ModbusHost

GENERIC = "generic"
"""Name of the map that every model has beside its maker's."""
_ORDERS: Mapping[str, tuple[str, ...]] = {
    "word_order": ("", "high first", "low first"), "byte_order": ("", "big", "swapped"),
}  # fmt: skip


class ModbusDialect(Dialect):
    """Modbus as a model speaks it, by ``[protocol.modbus]`` of its catalogue file, or by the generic map."""

    options: ClassVar[Mapping[str, Value]] = {"map": "", "word_order": "", "byte_order": ""}
    over_tcp: ClassVar[bool]

    def __init__(self, entry: CatalogueEntry) -> None:
        self._entry = entry
        # Only what a bench must know of every model: the rest of the map is made when somebody speaks Modbus.
        raw = entry.protocols.get("modbus", {})
        self.shared_number = bool(raw.get("shared_id", False))
        self.clients = 3 if self.shared_number else None  # Thermo 42i manual: up to three sessions at once
        unit = raw.get("unit_id", 1)
        self.unit_id = self.default_number = unit if isinstance(unit, int) else 1  # the maps tell what is wrong with it

    @cached_property
    def maps(self) -> Mapping[str, ModbusMap]:
        """Maps by name; "" is the model's own. Raises ConfigurationErrors for mistakes in them."""
        from instruments.protocols.modbus_generic import generic_map

        generic = generic_map(self._entry)
        table = self._entry.protocols.get("modbus")
        return {"": generic, GENERIC: generic, **(maps_of(table, f"{self._entry.name}.toml") if table else {})}

    def wrong_options(self, options: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
        """Options with a value that they cannot have, each with what was expected. Raises as :attr:`maps`."""
        maps = tuple(self.maps)  # a port that speaks Modbus: now is the time for mistakes in the model's own map
        for name, value in options.items():
            known = maps if name == "map" else _ORDERS.get(name)
            if known is not None and value not in known:
                yield name, f"one of {', '.join(repr(word) for word in known)}"

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return ModbusBox(self, face)

    def host(self, number: int | None) -> ModbusHost:
        """The host side, by the model's own map."""
        return self.host_with(number, {})

    def host_with(self, number: int | None, options: Mapping[str, Value]) -> ModbusHost:
        """The host side of a line whose box has these habits."""
        from instruments.protocols.modbus_generic import choices_of, units_inside
        from instruments.protocols.modbus_host import ModbusRtuHost, ModbusTcpHost

        of = self.map_of(options)
        kind = ModbusTcpHost if self.over_tcp else ModbusRtuHost
        unit = self.unit_id if number is None else number
        units: dict[str, str] = {}

        def inside() -> Mapping[str, str]:
            if not units:
                units.update(units_inside(self._entry))
            return units

        return kind(of, unit, self.orders_of(of, options), choices_of(self._entry), inside)

    def map_of(self, options: Mapping[str, Value]) -> ModbusMap:
        """The map that the options ask for."""
        return self.maps[str(options.get("map", ""))]

    @staticmethod
    def orders_of(of: ModbusMap, options: Mapping[str, Value]) -> Orders:
        """Orders of the map, or those that the options ask for instead."""
        words = cast(WordOrder, options.get("word_order") or of.word_order)
        return Orders(words, cast(ByteOrder, options.get("byte_order") or of.byte_order))

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        from instruments.protocols.modbus_host import marks_behind

        own = [of for name, of in self.maps.items() if name != GENERIC]
        marks: list[Any] = [mark for request in requests for mark in marks_behind(own, request)]
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the map needs of an instrument."""
        return self.maps[""].quantities()

    def told(self) -> Iterator[Told]:
        """Registers, bits, orders."""
        for name, of in self.maps.items():
            if name == GENERIC:
                continue
            which = f" of the map {name!r}" if name else ""
            yield Told(f"numbers{which}", "words", of.word_order, of.order_mark, of.order_source)
            yield Told(f"numbers{which}", "bytes of a word", of.byte_order, of.order_mark, of.order_source)
            for value in of.values:
                section = f"registers{which}, functions {', '.join(map(str, value.functions))}"
                yield Told(section, str(value.row.at), _told_value(value), value.mark, value.source)
            for bit in of.bits:
                section = f"bits{which}, functions {', '.join(map(str, bit.functions))}"
                yield Told(section, str(bit.row.at), f"{bit.row.name}: {told_of(bit)}", bit.mark, bit.source)


class ModbusRtuDialect(ModbusDialect):
    """Modbus RTU, on a serial line or through a device server."""

    over_tcp = False
    numbers = (0, 247)


class ModbusTcpDialect(ModbusDialect):
    """Modbus TCP.

    Options:
        any_unit: the box answers whatever unit id it is called by; otherwise it is silent to other ids than its own.
        echo_unit: it answers with the id it was called by; otherwise with 255.
    """

    options: ClassVar[Mapping[str, Value]] = {**ModbusDialect.options, "any_unit": True, "echo_unit": True}
    over_tcp = True
    numbers = (0, 255)
    transports = ("tcp",)

    def told(self) -> Iterator[Told]:
        """The registers are those of Modbus RTU; here is what TCP adds."""
        source = "49iQ: client and simulator of forge (protocols reference 1.13)"
        yield Told("habits", "registers and bits", "those of modbus-rtu", "read", "Modbus application protocol")
        yield Told("habits", "unit id", "any is answered and echoed (options any_unit, echo_unit)", "reported", source)


class ModbusBox(Box):
    """One box: a clock that is being set is one for all its lines."""

    def __init__(self, dialect: ModbusDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face
        self._memory: ModbusMemory | None = None

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> ModbusDevice:
        """An end for one line; where the box has one instrument id, that is its address whatever ``number`` says."""
        from instruments.protocols.modbus_device import ModbusDevice, ModbusMemory

        dialect = self._dialect
        if self._memory is None:
            self._memory = ModbusMemory()
        of = dialect.map_of(options)
        unit = None if dialect.shared_number else dialect.unit_id if number is None else number
        return ModbusDevice(
            of, self._face, unit, dialect.orders_of(of, options), over_tcp=dialect.over_tcp,
            any_unit=options.get("any_unit") is not False, echo_unit=options.get("echo_unit") is not False,
            memory=self._memory,
        )  # fmt: skip


def _told_value(value: MapValue) -> str:
    row = value.row
    unit = f" {row.unit}" if row.unit not in ("", "1") else ""
    told = f"alarm of {', '.join(row.alarm)}" if row.alarm else row.quantity or repr(row.text)
    words = [f"{told}{unit}, {value.form}"]
    if row.scale != 1.0:
        words.append(f"{row.scale:g} to one inside")
    if row.codes:
        words.append(", ".join(f"{code} {word}" for word, code in row.codes.items()))
    if row.writable:
        words.append("can be set")
    return "; ".join(words)
