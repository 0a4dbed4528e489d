"""A Modbus map made ready: which value stands at which address for which function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from instruments.catalogue import Mark
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.modbus_rows import (
    BitBlock,
    BitRow,
    ByteOrder,
    Form,
    MapRows,
    ModbusRows,
    RegisterBlock,
    RegisterRow,
    WordOrder,
)

CLOCK = "clock."
"""Names with this prefix are the box's clock: its parts, the key that unlocks it, the order to take them."""
ANY = "*"
"""Stands for the alarms of all observables."""
WARNING_OFF = "no source names this bit; it lies between bits that one does"


@dataclass(frozen=True, slots=True)
class Value:
    """One value in registers.

    Attributes:
        row: as written.
        form: how it is packed.
        size: registers that it takes.
        functions: that read it.
        mark, source: how it is known.
    """

    row: RegisterRow
    form: Form
    size: int
    functions: tuple[int, ...]
    mark: Mark
    source: str


@dataclass(frozen=True, slots=True)
class Bit:
    """One bit; attributes as of :class:`Value`."""

    row: BitRow
    functions: tuple[int, ...]
    mark: Mark
    source: str


class ModbusMap:
    """A checked map.

    Attributes:
        word_order, byte_order: of its numbers.
        order_mark: how well the orders are known. order_source: where from.
        values: all values, as written. bits: all bits.
        words: by function (3, 4) and address: a value, and which of its registers stands there.
        flags: by function (1, 2) and address: a bit.

    Raises:
        ConfigurationErrors: two values at one address.
    """

    def __init__(self, rows: MapRows, where: str, key: str = "protocol.modbus") -> None:
        self.word_order: WordOrder = rows.word_order
        self.byte_order: ByteOrder = rows.byte_order
        self.order_mark, self.order_source = rows.order_mark, rows.order_source
        self.values = tuple(value for block in rows.registers for value in _values(block))
        self.bits = tuple(bit for block in rows.bits for bit in _bits(block))
        self.words: dict[int, dict[int, tuple[Value, int]]] = {3: {}, 4: {}}
        self.flags: dict[int, dict[int, Bit]] = {1: {}, 2: {}}
        self._errors: list[ConfigurationError] = []
        for value in self.values:
            for offset in range(value.size):
                for function in value.functions:
                    self._put(self.words[function], value.row.at + offset, (value, offset), where, f"{key}.registers")
        for bit in self.bits:
            for function in bit.functions:
                self._put(self.flags[function], bit.row.at, bit, where, f"{key}.bits")
        if self._errors:
            raise ConfigurationErrors(self._errors)
        for block in rows.bits:
            if block.gaps_read_off:
                self._fill(block)

    def quantities(self) -> frozenset[str]:
        """Observables, settings and actions of the instrument that the map needs."""
        names = {name for value in self.values for name in (value.row.quantity, *value.row.alarm)}
        for bit in self.bits:
            names |= {*bit.row.alarm, *bit.row.when, *bit.row.on, *bit.row.off}
        names = {name.split(":")[0] for name in names if name and name != ANY and not name.startswith(CLOCK)}
        return frozenset(names)

    def _put(self, space: dict[int, Any], address: int, what: object, where: str, key: str) -> None:
        if address in space or address > 65535:
            expected = "addresses up to 65535, each with one value"
            self._errors.append(ConfigurationError(where, key, expected, f"a second one at {address}"))
        space[address] = what

    def _fill(self, block: BitBlock) -> None:
        addresses = [row.at for row in block.rows]
        for function in block.functions:
            space = self.flags[function]
            for at in range(min(addresses), max(addresses)):
                if at not in space:
                    row = BitRow(at=at, name="(not named)", healthy=WARNING_OFF)
                    space[at] = Bit(row, tuple(block.functions), "recalled", WARNING_OFF)


def maps_of(data: Mapping[str, Any], where: str) -> dict[str, ModbusMap]:
    """Maps of a model's ``[protocol.modbus]``: its own under the name "", further ones by theirs.

    Args:
        data: the table as read from TOML.
        where: name of the file, for messages.

    Raises:
        ConfigurationErrors: all mistakes of its form, or addresses that stand twice.
    """
    try:
        rows = ModbusRows.model_validate(dict(data))
    except ValidationError as error:
        raise ConfigurationErrors(
            [
                ConfigurationError(
                    where, ".".join(["protocol.modbus", *map(str, one["loc"])]), one["msg"], repr(one["input"])[:80]
                )
                for one in error.errors(include_url=False)
            ]
        ) from None
    further = {name: ModbusMap(its, where, f"protocol.modbus.map.{name}") for name, its in rows.map.items()}
    return {"": ModbusMap(rows, where), **further}


def _values(block: RegisterBlock) -> Iterator[Value]:
    for row in block.rows:
        size = row.registers or (1 if block.form in ("int16", "uint16") else 2)
        yield Value(
            row, block.form, size, tuple(block.functions), row.mark or block.mark, row.source or block.source
        )  # fmt: skip


def _bits(block: BitBlock) -> Iterator[Bit]:
    for row in (single for several in block.rows for single in _singly(several)):
        yield Bit(row, tuple(block.functions), row.mark or block.mark, row.source or block.source)


def _singly(row: BitRow) -> Iterator[BitRow]:
    """The bits of a row, each as a row of its own."""
    if row.count == 1:
        yield row
        return
    for place in range(row.count):
        on = {name: value + place if type(value) is int else value for name, value in row.on.items()}
        yield row.model_copy(update={"at": row.at + place, "count": 1, "name": f"{row.name} {place}", "on": on})


def told_of(bit: Bit) -> str:
    """What a bit tells or does, for people."""
    row = bit.row
    words = []
    if row.no_alarm:
        words.append("no alarm stands")
    if row.alarm:
        words.append(f"alarm of {', '.join(row.alarm)}")
    if row.when:
        words.append(" and ".join(f"{name} is {' or '.join(map(_plain, values))}" for name, values in row.when.items()))
    if row.healthy:
        words.append(f"always off: {row.healthy}")
    if row.on:
        words.append("on: " + ", ".join(f"{name} = {_plain(value)}" for name, value in row.on.items()))
    if row.off:
        words.append("off: " + ", ".join(f"{name} = {_plain(value)}" for name, value in row.off.items()))
    return "; ".join(words)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
