"""Modbus by pymodbus's own codecs: the only module of this project that imports pymodbus.

Requests, replies and frames as plain bytes and numbers; servers and data stores of pymodbus are not used. A new
release of pymodbus touches this file alone. References: Modbus application protocol 1.1b3 and Modbus over serial line
1.02 (recalled, as pymodbus implements them).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits_of
from pymodbus.pdu import register_message as registers_of

READ_BITS, READ_REGISTERS, WRITE_BITS, WRITE_REGISTERS = (1, 2), (3, 4), (5, 15), (6, 16)
FUNCTIONS = (*READ_BITS, *READ_REGISTERS, *WRITE_BITS, *WRITE_REGISTERS)
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
RTU_LARGEST = 256
"""Bytes of the largest frame on a serial line (Modbus over serial line 1.02, recalled)."""
TCP_HEADER = 7
_TCP_LENGTHS = range(2, 255)
_COIL_VALUES = (b"\xff\x00", b"\x00\x00")
_REQUEST_BYTES = 5
_MOST_COILS_WRITTEN, _MOST_REGISTERS_WRITTEN = 1968, 123

_requests, _replies = DecodePDU(is_server=True), DecodePDU(is_server=False)
_rtu, _tcp = FramerRTU(_requests), FramerSocket(_requests)
_READ_REPLIES = {
    1: bits_of.ReadCoilsResponse, 2: bits_of.ReadDiscreteInputsResponse,
    3: registers_of.ReadHoldingRegistersResponse, 4: registers_of.ReadInputRegistersResponse,
}  # fmt: skip


class ModbusFault(Exception):
    """A request that is answered by an exception.

    Args:
        code: 1 illegal function, 2 illegal address, 3 illegal value, 4 device failure.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or a reply, without its frame.

    Attributes:
        function: its code.
        address: first coil or register of a request, or of a reply to a write.
        count: how many of them.
        values: what is written or was read: registers, or bits as 0 and 1.
        exception: code of a reply that is an exception; 0 otherwise.
    """

    function: int
    address: int = 0
    count: int = 0
    values: tuple[int, ...] = ()
    exception: int = 0


@lru_cache(maxsize=1024)
def decode_request(pdu: bytes) -> Message:
    """Understand a request. Raises ModbusFault: a function that is not served, or numbers that cannot be."""
    function = pdu[0]
    if function not in FUNCTIONS:
        raise ModbusFault(ILLEGAL_FUNCTION)
    message = _decoded(_requests, pdu)
    if message is None:
        raise ModbusFault(ILLEGAL_VALUE)
    values = tuple(int(bit) for bit in message.bits) or tuple(message.registers)
    if function in (15, 16):
        most = _MOST_COILS_WRITTEN if function == 15 else _MOST_REGISTERS_WRITTEN
        length = (message.count + 7) // 8 if function == 15 else 2 * message.count
        right = 1 <= message.count <= most and pdu[5] == length == len(pdu) - 6
        if not right:
            raise ModbusFault(ILLEGAL_VALUE)
        return Message(function, message.address, message.count, values)
    if len(pdu) != _REQUEST_BYTES or (function == 5 and pdu[3:] not in _COIL_VALUES):
        raise ModbusFault(ILLEGAL_VALUE)
    return Message(function, message.address, 1 if function in (5, 6) else message.count, values)


def encode_request(message: Message) -> bytes:
    """Bytes of a request. Raises ValueError for one that cannot be."""
    kind = _requests.lookupPduClass(bytes((0, message.function)))
    if kind is None:
        raise ValueError(f"function {message.function}")
    pdu = kind(address=message.address)
    if message.function in WRITE_BITS:
        pdu.bits = [bool(bit) for bit in message.values]
    elif message.function in WRITE_REGISTERS:
        pdu.registers = list(message.values)
    pdu.count = message.count
    return _encoded(pdu)


def encode_reply(message: Message) -> bytes:
    """Bytes of a reply: what was read, the echo of a write, or an exception."""
    if message.exception:
        return _encoded(ExceptionResponse(message.function, message.exception))
    if message.function in READ_BITS:
        return _encoded(_READ_REPLIES[message.function](bits=[bool(bit) for bit in message.values]))
    if message.function in READ_REGISTERS:
        return _encoded(_READ_REPLIES[message.function](registers=message.values))
    if message.function == 5:
        return _encoded(bits_of.WriteSingleCoilResponse(address=message.address, bits=[bool(message.values[0])]))
    if message.function == 6:
        return _encoded(registers_of.WriteSingleRegisterResponse(address=message.address, registers=message.values))
    kind = bits_of.WriteMultipleCoilsResponse if message.function == 15 else registers_of.WriteMultipleRegistersResponse
    return _encoded(kind(address=message.address, count=message.count))


def decode_reply(pdu: bytes) -> Message:
    """Understand a reply. Raises ValueError if it is none."""
    message = _decoded(_replies, pdu)
    if message is None:
        raise ValueError(f"no reply of Modbus: {pdu.hex(' ')}")
    if isinstance(message, ExceptionResponse):
        if len(pdu) != 2:
            raise ValueError(f"an exception has 2 bytes: {pdu.hex(' ')}")
        return Message(pdu[0] & 0x7F, exception=message.exception_code)
    if pdu[0] in (*READ_BITS, *READ_REGISTERS) and pdu[1] != len(pdu) - 2:
        raise ValueError(f"a reply that says {pdu[1]} bytes has {len(pdu) - 2}")
    if pdu[0] in (*WRITE_BITS, *WRITE_REGISTERS) and len(pdu) != _REQUEST_BYTES:
        raise ValueError(f"the echo of a write has {_REQUEST_BYTES} bytes: {pdu.hex(' ')}")
    values = tuple(int(bit) for bit in message.bits) or tuple(message.registers)
    return Message(pdu[0], message.address, message.count, values)


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Address, message and CRC-16, as on a serial line."""
    return _rtu.encode(pdu, unit, 0)


def tcp_frame(unit: int, transaction: int, pdu: bytes) -> bytes:
    """Header and message, as on TCP."""
    return _tcp.encode(pdu, unit, transaction)


def rtu_sum_is_right(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC-16 of all before them."""
    return len(frame) >= FramerRTU.MIN_SIZE and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


def rtu_request_size(start: bytes) -> int:
    """Bytes of the request that begins so: 0 as long as that cannot be told, -1 if the function tells no length."""
    if len(start) < FramerRTU.MIN_SIZE:
        return 0
    if start[1] & 0x80:
        return -1  # another box's exception
    try:
        kind = _requests.lookupPduClass(start)
        size = -1 if kind is None else kind.calculateRtuFrameSize(start)
    except (ModbusException, IndexError, struct.error):
        return -1
    return size if size <= RTU_LARGEST else -1


def tcp_length(start: bytes) -> int:
    """Bytes of the frame that begins so: 0 as long as that cannot be told, -1 if no frame begins so."""
    if len(start) > 3 and start[2:4] != b"\x00\x00":
        return -1
    if len(start) < TCP_HEADER:
        return 0
    length = int.from_bytes(start[4:6], "big")
    return 6 + length if length in _TCP_LENGTHS else -1


def tcp_split(frame: bytes) -> tuple[int, int, bytes]:
    """Unit, transaction and message of one whole frame."""
    _, unit, transaction, pdu = _tcp.decode(frame)
    return unit, transaction, pdu


def registers_in(value: float, form: str) -> tuple[int, ...]:
    """Registers of a number, high word first. Raises ValueError, struct.error for one that the form cannot hold."""
    packed = struct.pack(f">{_FORMS[form]}", value if form == "float32" else round(value))
    return struct.unpack(f">{len(packed) // 2}H", packed)


def number_of(registers: Sequence[int], form: str) -> float:
    """The number that registers hold, high word first."""
    found: tuple[float] = struct.unpack(f">{_FORMS[form]}", struct.pack(f">{len(registers)}H", *registers))
    return found[0]


_FORMS = {"float32": "f", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I"}


def _decoded(codec: DecodePDU, pdu: bytes) -> ModbusPDU | None:
    """A message, or None; pymodbus's own decode() would write a warning to the log for each bad one."""
    if pdu[0] & 0x80:
        kind: type[ModbusPDU] | None = ExceptionResponse
    else:
        kind = codec.lookupPduClass(b"\x00" + pdu)
    if kind is None:
        return None
    message = ExceptionResponse(pdu[0] & 0x7F) if kind is ExceptionResponse else kind()
    try:
        message.decode(pdu[1:])
    except (ModbusException, ValueError, IndexError, struct.error):
        return None
    return message


def _encoded(message: ModbusPDU) -> bytes:
    return bytes((message.function_code,)) + message.encode()
