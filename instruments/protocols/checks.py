"""Checks of bytes that several makers' text protocols share."""

from __future__ import annotations

from functools import reduce
from operator import xor


def xor_of(data: bytes) -> int:
    """Return the exclusive or of all bytes (NMEA 0183 and many others)."""
    return reduce(xor, data, 0)


def crc16(data: bytes) -> int:
    """Return CRC-16/ARC: polynomial 0xA001 reflected, beginning with 0 (SDI-12, Vaisala)."""
    register = 0
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


def printable(crc: int) -> str:
    """Return a CRC-16 as three printable characters, as SDI-12 writes it."""
    return "".join(chr(0x40 | crc >> shift & 0x3F) for shift in (12, 6, 0))
