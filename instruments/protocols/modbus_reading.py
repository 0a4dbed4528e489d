"""What registers and bits of a reply say, by a map: for a host, and for who holds two replies against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from instruments.device import Value
from instruments.protocols.modbus import READ_BITS, Message, number_of
from instruments.protocols.modbus_map import ModbusMap
from instruments.protocols.modbus_map import Value as MapValue
from instruments.protocols.modbus_orders import Orders


def meaning_of(value: MapValue, registers: tuple[int, ...], orders: Orders) -> Value:
    """Value, in its unit inside, that its registers hold as they have come.

    Raises:
        ValueError: they hold no number, or one that stands for nothing.
    """
    if value.form == "string":
        return orders.text_in(registers).removeprefix(value.row.before)
    number = number_of(orders.into(registers), value.form)
    if value.row.codes:
        words = [word for word, code in value.row.codes.items() if code == number]
        if not words:
            raise ValueError(f"{number:g} stands for no {value.row.quantity}")
        return words[0]
    if not math.isfinite(number):
        raise ValueError(f"{value.row.quantity}: the registers hold no number")
    return number / value.row.scale


def read_off(of: ModbusMap, orders: Orders, request: Message, values: tuple[int, ...]) -> Iterator[tuple[str, Value]]:
    """Name and value of everything in ``values``, the reply to a request that reads.

    A bit is told as on or off. What the map does not have, has in part only, or what holds no number, is told by its
    address and in hexadecimal.
    """
    if request.function in READ_BITS:
        for offset, bit in enumerate(values):
            known = of.flags[request.function].get(request.address + offset)
            name = f" ({known.row.name})" if known else ""
            yield f"bit {request.address + offset}{name}", "on" if bit else "off"
        return
    words = of.words[request.function]
    place = 0
    while place < len(values):
        at = request.address + place
        found = words.get(at)
        if found is not None and found[1] == 0 and place + found[0].size <= len(values):
            value = found[0]
            registers = values[place : place + value.size]
            name = value.row.quantity or ", ".join(value.row.alarm) or value.row.text
            try:
                yield f"register {at} ({name})", meaning_of(value, registers, orders)
            except ValueError:
                yield f"register {at} ({name})", " ".join(f"{word:04x}" for word in registers)
            place += value.size
        else:
            yield f"register {at}", f"{values[place]:04x}"
            place += 1
