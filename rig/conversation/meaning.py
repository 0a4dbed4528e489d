"""What a message means: two messages with one meaning may differ in case, blanks, line ends and transaction numbers.

Text: letters in lower case, runs of blanks as one, line ends and the sum at the end of a C-Link reply left out; an
address byte of 0x80 or more counts. Binary: as it is, but for the transaction number of Modbus TCP, which each client
makes up anew. Registers of Modbus are compared as 32-bit floats where they are plausible ones in either word order,
unless the model of the box is known (:mod:`rig.conversation.registers`).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_SUM = re.compile(rb"\n?\*?\nsum [0-9a-f]{4}\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Meaning:
    """A message by meaning: comparable, and printable."""

    key: bytes
    text: str


def is_modbus_tcp(data: bytes) -> bool:
    """Whether this is one whole Modbus TCP frame: protocol 0, and a length that is right."""
    return len(data) >= 8 and data[2:4] == b"\0\0" and int.from_bytes(data[4:6], "big") == len(data) - 6


def meaning(data: bytes) -> Meaning:
    """What a request means."""
    if is_modbus_tcp(data):
        return Meaning(b"modbus-tcp" + data[6:], f"Modbus TCP {data[6:].hex(' ')}")
    if not is_text(data):
        return Meaning(b"binary" + data, data.hex(" "))
    address = bytes(byte for byte in data[:1] if byte >= 0x80)
    words = b" ".join(data[len(address) :].lower().split())
    shown = words.decode("ascii")
    return Meaning(address + b"text" + words, f"<{address.hex()}> {shown}" if address else shown)


def is_text(data: bytes) -> bool:
    """Whether these are letters, blanks and line ends, but for an address in front."""
    body = data[1:] if data[:1] and data[0] >= 0x80 else data
    return all(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in body)


def is_line(data: bytes) -> bool:
    """Whether this is text up to a line end; in a binary message such a byte is a number like any other."""
    return data.endswith((b"\r", b"\n")) and is_text(data)


def addressed_again(reply: bytes, recorded: bytes, asked: bytes) -> bytes:
    """A recorded reply as an answer to ``asked`` instead of ``recorded``: with its transaction number."""
    if is_modbus_tcp(recorded) and is_modbus_tcp(asked) and is_modbus_tcp(reply):
        return asked[:2] + reply[2:]
    return reply


def difference(first: bytes, second: bytes, relative: float, absolute: float) -> str:
    """How two replies differ in meaning, in a few words; empty if they do not.

    Args:
        first: one reply.
        second: the other one.
        relative: numbers may differ by this part of the larger one,
        absolute: or by this, whichever is more.
    """
    if is_modbus_tcp(first) and is_modbus_tcp(second):
        first, second = first[6:], second[6:]
    if not (is_text(first) and is_text(second)):
        if first == second or _floats_agree(first, second, relative, absolute):
            return ""
        return f"{first.hex(' ')} became {second.hex(' ')}"
    one, other = _plain(first), _plain(second)
    if one == other:
        return ""
    words = _NUMBER.sub("#", one), _NUMBER.sub("#", other)
    if words[0] != words[1]:
        return f"{one!r} became {other!r}"
    for before, after in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True):
        old, new = float(before), float(after)
        if not agree(old, new, relative, absolute):
            return f"{before} became {after} in {one!r}"
    return ""


def agree(old: float, new: float, relative: float, absolute: float) -> bool:
    """Whether two numbers are within the tolerance of each other."""
    return abs(old - new) <= max(absolute, relative * max(abs(old), abs(new)))


def has_registers(reply: bytes) -> bool:
    """Whether it looks like a reply of Modbus with registers: then they are taken for floats where they may be some."""
    return bool(_registers(reply[6:] if is_modbus_tcp(reply) else reply))


def _floats_agree(first: bytes, second: bytes, relative: float, absolute: float) -> bool:
    """Whether two replies with registers hold the same floats, within the tolerance, in one of the two word orders."""
    one, other = _registers(first), _registers(second)
    if len(one) != len(other) or not one or len(one) % 4 or first[:3] != second[:3]:
        return False
    for swapped in (False, True):
        pairs = list(zip(_floats(one, swapped=swapped), _floats(other, swapped=swapped), strict=True))
        plausible = all(value == 0.0 or 1e-6 < abs(value) < 1e9 for pair in pairs for value in pair)
        if plausible and all(agree(a, b, relative, absolute) for a, b in pairs):
            return True
    return False


def _registers(data: bytes) -> bytes:
    """Registers of a reply to function 3 or 4, without its check sum; nothing if it is none."""
    if len(data) < 3 or data[1] not in (3, 4) or data[2] not in (len(data) - 3, len(data) - 5):
        return b""
    return data[3 : 3 + data[2]]


def _floats(registers: bytes, *, swapped: bool) -> list[float]:
    words = [registers[at : at + 2] for at in range(0, len(registers), 2)]
    pairs = [words[at + 1] + words[at] if swapped else words[at] + words[at + 1] for at in range(0, len(words), 2)]
    return [float(struct.unpack(">f", pair)[0]) for pair in pairs]


def _plain(data: bytes) -> str:
    return b" ".join(_SUM.sub(b"", data).lower().split()).decode("latin-1")
