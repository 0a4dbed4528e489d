"""Modbus, the device side: what a box answers by its map."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from instruments.device import Face, Value
from instruments.errors import RefusalReason, Refused
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.modbus import (
    DEVICE_FAILURE,
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    READ_BITS,
    READ_REGISTERS,
    WRITE_BITS,
    Message,
    ModbusFault,
    decode_request,
    encode_reply,
    number_of,
    registers_in,
    rtu_frame,
    tcp_frame,
)
from instruments.protocols.modbus_frames import Frame, Reader, RtuReader, TcpReader
from instruments.protocols.modbus_map import ANY, CLOCK, Bit, ModbusMap
from instruments.protocols.modbus_map import Value as MapValue
from instruments.protocols.modbus_orders import Orders

_SILENCE_CHARACTERS = 3.5
_FAST_SILENCE_US = 1750.0
"""Silence that ends a frame above 19200 baud (Modbus over serial line 1.02, recalled)."""
_FAST_BYTE_US = 11e6 / 19200
_REST_US = 1_000_000
"""Where a line has no pace of its own (TCP), half a request that has rested so long is forgotten (this project's)."""
_UNIT_OF_IQ = 255
_FAULTS: Mapping[RefusalReason, int] = {
    "unknown": ILLEGAL_ADDRESS, "no option": ILLEGAL_ADDRESS, "too high": ILLEGAL_VALUE, "too low": ILLEGAL_VALUE,
    "invalid": ILLEGAL_VALUE, "wrong settings": DEVICE_FAILURE, "service mode": DEVICE_FAILURE,
}  # fmt: skip


@dataclass
class ModbusMemory:
    """What one box keeps for all its lines: the parts of a clock that is being set."""

    clock: dict[str, int] = field(default_factory=dict)


class ModbusDevice(DeviceEnd):
    """The box's end of one line.

    Args:
        of: its map.
        face: the instrument.
        unit: its address; None: the instrument's ``instrument_id``.
        orders: of words and bytes.
        over_tcp: frames with a header instead of a sum.
        any_unit: on TCP, answers whatever address it is called by.
        echo_unit: answers with the address it was called by, otherwise with 255.
        memory: shared by the lines of one box.
    """

    def __init__(
        self, of: ModbusMap, face: Face, unit: int | None, orders: Orders, *, over_tcp: bool, any_unit: bool = True,
        echo_unit: bool = True, memory: ModbusMemory | None = None,
    ) -> None:  # fmt: skip
        self._map, self._face, self._unit, self._orders = of, face, unit, orders
        self._over_tcp, self._any_unit, self._echo_unit = over_tcp, any_unit, echo_unit
        self._memory = memory or ModbusMemory()
        self._reader: Reader = TcpReader() if over_tcp else RtuReader()
        self._byte_us = 0.0
        self._heard_us = 0

    def pace(self, byte_us: float) -> None:
        """Hear how long one byte takes on this line."""
        self._byte_us = byte_us

    def power_cycled(self) -> None:
        """Forget half a request, and a clock that was being set."""
        self._reader.clear()
        self._memory.clock.clear()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return one item for each request answered. Never raises, whatever comes."""
        now = self._face.now_us()
        if now - self._heard_us - len(data) * self._byte_us > self._longest_gap_us():
            self._reader.clear()
        self._heard_us = now
        replies = (self._answer(frame) for frame in self._reader.feed(data))
        return [reply for reply in replies if reply]

    def _longest_gap_us(self) -> float:
        if not self._byte_us or self._over_tcp:
            return _REST_US
        return _FAST_SILENCE_US if self._byte_us < _FAST_BYTE_US else _SILENCE_CHARACTERS * self._byte_us

    def _answer(self, frame: Frame) -> bytes:
        own = self._own_unit()
        broadcast = frame.unit == 0 and not self._over_tcp
        if not broadcast and frame.unit != own and not (self._over_tcp and self._any_unit):
            return b""
        try:
            request = decode_request(frame.pdu)
            if broadcast and request.function in (*READ_BITS, *READ_REGISTERS):
                return b""
            reply = self._done(request)
        except ModbusFault as fault:
            reply = Message(frame.pdu[0], exception=fault.code)
        except Refused as refusal:
            reply = Message(frame.pdu[0], exception=_FAULTS[refusal.reason])
        if broadcast:
            return b""
        pdu = encode_reply(reply)
        if self._over_tcp:
            return tcp_frame(frame.unit if self._echo_unit else _UNIT_OF_IQ, frame.transaction, pdu)
        return rtu_frame(frame.unit, pdu)

    def _own_unit(self) -> int:
        if self._unit is not None:
            return self._unit
        own = self._face.read("instrument_id")
        return own if isinstance(own, int) else 0

    def _done(self, request: Message) -> Message:
        addresses = range(request.address, request.address + request.count)
        if request.function in READ_BITS:
            return self._with(request, self._read_bits(request.function, addresses))
        if request.function in READ_REGISTERS:
            return self._with(request, self._read_registers(request.function, addresses))
        if request.function in WRITE_BITS:
            self._write_bits(addresses, request.values)
        else:
            self._write_registers(request)
        return request

    @staticmethod
    def _with(request: Message, values: Iterable[int]) -> Message:
        return Message(request.function, request.address, request.count, tuple(values))

    # -- bits -----------------------------------------------------------------------------------------------------

    def _read_bits(self, function: int, addresses: range) -> list[int]:
        flags = self._map.flags[function]
        found = [flags.get(address) for address in addresses]
        if None in found:
            raise ModbusFault(ILLEGAL_ADDRESS)
        told = any(bit is not None and (bit.row.alarm or bit.row.no_alarm) for bit in found)
        alarms = self._alarms() if told else frozenset()
        return [int(bit is not None and self._is_on(bit, alarms)) for bit in found]

    def _alarms(self) -> frozenset[str]:
        """What stands: each alarm with and without its side, and the sign for any of them."""
        standing = self._read("alarms")
        if not isinstance(standing, tuple) or not standing:
            return frozenset()
        return frozenset((ANY, *standing, *(text.split(":")[0] for text in standing)))

    def _is_on(self, bit: Bit, alarms: frozenset[str]) -> bool:
        if bit.row.no_alarm:
            return not alarms
        if bit.row.alarm:
            return not alarms.isdisjoint(bit.row.alarm)
        return bool(bit.row.when) and all(self._read(name) in values for name, values in bit.row.when.items())

    def _write_bits(self, addresses: range, values: tuple[int, ...]) -> None:
        flags = self._map.flags[1]
        coils = [flags.get(address) for address in addresses]
        for coil in coils:
            if coil is None or not (coil.row.on or coil.row.off):
                raise ModbusFault(ILLEGAL_ADDRESS)
        for coil, value in zip(coils, values, strict=True):
            assert coil is not None  # the loop above has seen to it
            if value and not coil.row.on:
                raise ModbusFault(DEVICE_FAILURE)  # an option that this box does not have
            if value:
                self._apply(coil.row.on)
            elif not coil.row.when or self._is_on(coil, frozenset()):
                self._apply(coil.row.off)

    def _apply(self, what: Mapping[str, Value]) -> None:
        for name, value in what.items():
            self._face.apply(name, value)

    # -- registers ------------------------------------------------------------------------------------------------

    def _read_registers(self, function: int, addresses: range) -> list[int]:
        words = self._map.words[function]
        packed: dict[int, tuple[int, ...]] = {}
        found = []
        for address in addresses:
            if address not in words:
                raise ModbusFault(ILLEGAL_ADDRESS)
            value, offset = words[address]
            if value.row.at not in packed:
                packed[value.row.at] = self._packed(value)
            found.append(packed[value.row.at][offset])
        return found

    def _packed(self, value: MapValue) -> tuple[int, ...]:
        row = value.row
        if value.form == "string":
            text = row.text or row.before + str(self._read(row.quantity))
            return self._orders.text_out(text, value.size)
        if row.alarm:
            return self._orders.out(registers_in(not self._alarms().isdisjoint(row.alarm), value.form))
        shown = self._read(row.quantity)
        if row.codes:
            return self._orders.out(registers_in(row.codes.get(str(shown), 0), value.form))
        if not isinstance(shown, int | float):
            raise ModbusFault(DEVICE_FAILURE)
        number = float(shown) * row.scale
        try:
            return self._orders.out(registers_in(number, value.form))
        except (struct.error, ValueError, OverflowError):
            # Beyond what the register holds, or nothing that is a number: a real box shows the end of its scale.
            bound = math.inf if math.isnan(number) else number
            return self._orders.out(self._orders.end_of_scale(value.form, bound))

    def _write_registers(self, request: Message) -> None:
        words = self._map.words[3]
        wanted: list[tuple[MapValue, tuple[int, ...]]] = []
        position = 0
        while position < request.count:
            value, offset = words.get(request.address + position, (None, 0))
            if value is None or not value.row.writable or offset or position + value.size > request.count:
                raise ModbusFault(ILLEGAL_ADDRESS)  # a hole, read-only, or half a number
            wanted.append((value, request.values[position : position + value.size]))
            position += value.size
        for value, registers in wanted:
            self._write(value, registers)

    def _write(self, value: MapValue, registers: tuple[int, ...]) -> None:
        row = value.row
        number = number_of(self._orders.into(registers), value.form)
        if not math.isfinite(number):
            raise ModbusFault(ILLEGAL_VALUE)
        if row.quantity.startswith(CLOCK):
            self._set_clock(row.quantity.removeprefix(CLOCK), int(number))
        elif row.codes:
            words = [word for word, code in row.codes.items() if code == number]
            if not words:
                raise ModbusFault(ILLEGAL_VALUE)
            self._face.apply(row.quantity, words[0])
        else:
            present = self._read(row.quantity)
            inside = number / row.scale
            # A setting that is a whole number takes no fraction of one.
            self._face.apply(row.quantity, round(inside) if isinstance(present, int) else inside)

    def _read(self, quantity: str) -> Value:
        if quantity.startswith(CLOCK):
            return self._clock_part(quantity.removeprefix(CLOCK))
        try:
            return self._face.read(quantity)
        except KeyError as error:
            raise ModbusFault(DEVICE_FAILURE) from error

    # -- the clock of the iQ series -------------------------------------------------------------------------------

    def _clock_part(self, part: str) -> int:
        if part in ("unlock", "take"):
            return self._memory.clock.get(part, 0)
        stands = datetime.fromtimestamp(self._face.clock_us() / 1e6, UTC)
        return int(getattr(stands, part))

    def _set_clock(self, part: str, number: int) -> None:
        """Parts are kept until the box is told to take them, which it does while it is unlocked."""
        kept = self._memory.clock
        kept[part] = number
        if part != "take" or number != 1:
            return
        kept["take"] = 0
        if kept.get("unlock") != 3:
            raise ModbusFault(DEVICE_FAILURE)
        stands = datetime.fromtimestamp(self._face.clock_us() / 1e6, UTC)
        parts = {name: kept.pop(name) for name in ("year", "month", "day", "hour", "minute", "second") if name in kept}
        try:
            wanted = stands.replace(**parts, microsecond=0)  # type: ignore[arg-type]
        except (ValueError, OverflowError) as error:
            raise ModbusFault(ILLEGAL_VALUE) from error
        self._face.apply("clock_us", round(wanted.timestamp()) * 1_000_000)
