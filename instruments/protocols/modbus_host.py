"""Modbus, the host side: quantities to registers, registers to values, by the same map that the device answers by."""

from __future__ import annotations

import math
import struct
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from instruments.device import Value
from instruments.errors import RefusalReason, Refused
from instruments.protocols.ends import HostEnd
from instruments.protocols.modbus import (
    READ_BITS,
    READ_REGISTERS,
    Message,
    decode_reply,
    encode_request,
    number_of,
    registers_in,
    rtu_frame,
    rtu_sum_is_right,
    tcp_frame,
    tcp_length,
    tcp_split,
)
from instruments.protocols.modbus_map import CLOCK, ModbusMap
from instruments.protocols.modbus_map import Value as MapValue
from instruments.protocols.modbus_orders import Orders
from instruments.protocols.modbus_states import States
from instruments.protocols.modbus_text import message_of, read_text, reply_bytes, space_of, write_text

_REFUSALS: Mapping[int, tuple[RefusalReason, str]] = {
    1: ("unknown", "illegal function"), 2: ("no option", "illegal address"), 3: ("invalid", "illegal value"),
    4: ("wrong settings", "device failure"),
}  # fmt: skip
_EXCEPTION = 2
_RTU_AROUND = 3
_TCP_AROUND = 7
_MOST_BYTES = 4096
"""Bytes of late replies to earlier requests that a host reads off before it gives up."""
_PER: Mapping[str, float] = {"nmol/mol": 1.0, "umol/mol": 1000.0}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is what was asked for: the request, and the registers or bits that came."""

    request: Message
    values: tuple[int, ...]


class ModbusHost(HostEnd):
    """The host's end of one line.

    Args:
        of: map of the box at the other end.
        unit: its address.
        orders: of words and bytes.
        choices: values that each setting of the model can have, where they are words.
        units: gives the units inside, by quantity.
    """

    def __init__(
        self, of: ModbusMap, unit: int, orders: Orders, choices: Mapping[str, tuple[Value, ...]],
        units: Callable[[], Mapping[str, str]],
    ) -> None:  # fmt: skip
        self._map, self._unit, self._orders, self._units = of, unit, orders, units
        self._values: dict[str, MapValue] = {}
        for value in of.values:
            if value.row.quantity and not value.row.quantity.startswith(CLOCK):
                self._values.setdefault(value.row.quantity, value)
        self._states = States(of, choices)

    def request(self, text: str) -> bytes:
        """Bytes of a request. Raises ValueError for a text that is none."""
        return self._framed(encode_request(message_of(text)))

    def parse(self, text: str, raw: bytes) -> Reply:
        """Understand the reply ``raw`` to the request ``text``.

        Raises:
            Refused: the box answered by an exception.
            ValueError: it is no proper reply to that request: sum, address, function or length wrong.
        """
        request = message_of(text)
        pdu = self._unframed(raw)
        reply = decode_reply(pdu)
        if reply.function != request.function:
            raise ValueError(f"asked function {request.function}, answered {reply.function}")
        if reply.exception:
            if reply.exception not in _REFUSALS:
                raise ValueError(f"exception {reply.exception}")
            reason, words = _REFUSALS[reply.exception]
            raise Refused(reason, f"{text}: exception {reply.exception}, {words}")
        if len(pdu) != reply_bytes(request):
            raise ValueError(f"{text!r} was answered by {len(pdu)} bytes, not {reply_bytes(request)}")
        if request.function in (*READ_BITS, *READ_REGISTERS):
            return Reply(request, reply.values[: request.count])
        single = request.function in (5, 6)
        if reply.address != request.address or (reply.values if single else reply.count) != (
            request.values if single else request.count
        ):
            raise ValueError(f"{text!r} was answered by the echo of another request")
        return Reply(request, request.values)

    def read_request(self, quantity: str) -> str:
        """Request that asks for ``quantity``. Raises KeyError if the map does not have it."""
        value = self._values.get(quantity)
        if value is not None:
            return read_text(max(value.functions), value.row.at, value.size)
        return self._states.read_request(quantity)

    def value(self, quantity: str, reply: Reply, unit: str = "") -> tuple[Value, str]:
        """Value and unit inside of ``quantity`` in a parsed reply. Raises ValueError if the reply does not tell it."""
        value = self._values.get(quantity)
        request = reply.request
        if value is None or request.function not in value.functions:
            return self._states.value(quantity, request, reply.values), ""
        first = value.row.at - request.address
        registers = reply.values[first : first + value.size] if first >= 0 else ()
        if len(registers) != value.size:
            raise ValueError(f"{read_text(request.function, request.address, request.count)} does not tell {quantity}")
        found = self._meaning(value, registers)
        inner = self._units().get(quantity, "")
        if unit and inner and unit != inner and isinstance(found, int | float):
            if unit not in _PER or inner not in _PER:
                raise ValueError(f"{quantity} is in {inner}, which is no {unit}")
            return found * _PER[inner] / _PER[unit], unit
        return found, inner

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting``. Raises KeyError: the map cannot. Refused: it can, but not to this value."""
        row = self._values.get(setting)
        if row is None or not row.row.writable:
            return self._states.set_request(setting, value)
        if row.row.codes:
            if str(value) not in row.row.codes:
                raise Refused("invalid", f"{setting}: one of {', '.join(row.row.codes)}, not {value!r}")
            number: float = row.row.codes[str(value)]
        elif isinstance(value, int | float):
            inner = self._units().get(setting, "")
            factor = _PER[unit] / _PER[inner] if unit in _PER and inner in _PER else 1.0
            number = float(value) * factor * row.row.scale
        else:
            raise Refused("invalid", f"{setting}: {value!r} is no number")
        try:
            registers = self._orders.out(registers_in(number, row.form))
        except (struct.error, ValueError, OverflowError):
            raise Refused("invalid", f"{setting}: {value!r} does not go into {row.form}") from None
        return write_text(6 if row.size == 1 else 16, row.row.at, registers)

    def _meaning(self, value: MapValue, registers: tuple[int, ...]) -> Value:
        if value.form == "string":
            return self._orders.text_in(registers).removeprefix(value.row.before)
        number = number_of(self._orders.into(registers), value.form)
        if value.row.codes:
            words = [word for word, code in value.row.codes.items() if code == number]
            if not words:
                raise ValueError(f"{number:g} stands for no {value.row.quantity}")
            return words[0]
        if not math.isfinite(number):
            raise ValueError(f"{value.row.quantity}: the registers hold no number")
        return number / value.row.scale

    @abstractmethod
    def _framed(self, pdu: bytes) -> bytes: ...

    @abstractmethod
    def _unframed(self, raw: bytes) -> bytes: ...


class ModbusRtuHost(ModbusHost):
    """On a serial line: address before, CRC-16 after; a reply ends where its length says.

    A reply does not say which registers it answers. So two requests whose replies would have the same form never follow
    each other: a probe of another length stands between them, and a reply that is one too late has the wrong length.
    """

    pause_s = 0.02  # more than the 3.5 characters that end a frame, and than an adapter keeps bytes back (16 ms)
    anonymous = True
    _last = ""

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        self._last = text
        return super().request(text)

    def probe(self, text: str) -> str | None:
        """A read of another length, if the reply to ``text`` could be mistaken for one to the last request."""
        if self._last in ("", text):
            return None
        last, wanted = message_of(self._last), message_of(text)
        reads = wanted.function in (*READ_BITS, *READ_REGISTERS)
        if not reads or last.function != wanted.function or reply_bytes(last) != reply_bytes(wanted):
            return None
        one = 8 if wanted.function in READ_BITS else 1
        count = wanted.count - one if wanted.count > one else wanted.count + one
        return read_text(wanted.function, wanted.address, count)

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that the reply still lacks: an exception is 5 long, any other as long as the request says."""
        shortest = _EXCEPTION + _RTU_AROUND
        if len(raw) < shortest:
            return shortest - len(raw)
        if raw[1] & 0x80:
            return 0
        return max(0, reply_bytes(message_of(text)) + _RTU_AROUND - len(raw))

    def _framed(self, pdu: bytes) -> bytes:
        return rtu_frame(self._unit, pdu)

    def _unframed(self, raw: bytes) -> bytes:
        if not rtu_sum_is_right(raw):
            raise ValueError("the sum is wrong")
        if raw[0] != self._unit:
            raise ValueError(f"asked unit {self._unit}, unit {raw[0]} answered")
        return raw[1:-2]


class ModbusTcpHost(ModbusHost):
    """On TCP: a header with a number of its own for each request; late replies to earlier ones are passed over."""

    _transaction = 0

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that the reply still lacks; frames with another request's number do not count."""
        rest = raw
        while len(rest) >= _EXCEPTION + _TCP_AROUND:
            length = tcp_length(rest[:8])
            if length <= 0 or len(raw) > _MOST_BYTES:
                return 0
            if len(rest) < length:
                return length - len(rest)
            if tcp_split(rest[:length])[1] == self._transaction:
                return 0
            rest = rest[length:]
        return _EXCEPTION + _TCP_AROUND - len(rest)

    def _framed(self, pdu: bytes) -> bytes:
        self._transaction = self._transaction % 0xFFFF + 1
        return tcp_frame(self._unit, self._transaction, pdu)

    def _unframed(self, raw: bytes) -> bytes:
        rest = raw
        while rest:
            length = tcp_length(rest[:8])
            if length <= 0 or len(rest) < length:
                break
            _, transaction, pdu = tcp_split(rest[:length])
            if transaction == self._transaction:
                # The unit id is not compared: boxes on TCP answer with whatever they like there.
                return pdu
            rest = rest[length:]
        raise ValueError(f"no frame with number {self._transaction}: {raw[:64].hex(' ')}")


def marks_behind(maps: Iterable[ModbusMap], text: str) -> list[str]:
    """Marks of all that stands behind the reply to ``text``, by the first map that has it. Raises KeyError: none."""
    request = message_of(text)
    space = space_of(request)
    addresses = range(request.address, request.address + request.count)
    for of in maps:
        if space in (1, 2) and all(address in of.flags[space] for address in addresses):
            return [of.flags[space][address].mark for address in addresses]
        if space in (3, 4) and all(address in of.words[space] for address in addresses):
            values = [of.words[space][address][0] for address in addresses]
            ordered = any(value.size > 1 and value.form != "string" for value in values)
            return [*(value.mark for value in values), *([of.order_mark] if ordered else [])]
    raise KeyError(text)
