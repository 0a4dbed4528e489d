"""What a serial receiver makes of bytes whose sender has other settings: the bits on the wire, sampled at its own rate.

A UART waits for a falling edge, looks at each bit in its middle by its own clock, and counts. So a wrong rate gives
other bytes, and another number of them; a wrong parity or number of data bits gives the same bits, read otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from instruments.protocols.ends import Parity


@dataclass(frozen=True)
class LineSettings:
    """How a byte stands on a serial line.

    Attributes:
        baud: bits per second.
        data_bits: 7 or 8.
        parity: of data bits and parity bit together.
        stop_bits: 1 or 2.
    """

    baud: int = 9600
    data_bits: int = 8
    parity: Parity = "none"
    stop_bits: int = 1

    @cached_property
    def bits_per_byte(self) -> int:
        """Start, data, parity and stop bits together."""
        return 1 + self.data_bits + (self.parity != "none") + self.stop_bits

    def __str__(self) -> str:
        """In the short form of the field: ``9600 8N1``."""
        return f"{self.baud} {self.data_bits}{self.parity[0].upper()}{self.stop_bits}"


def _parity_bit(value: int, parity: Parity) -> int:
    odd = value.bit_count() & 1
    return odd if parity == "even" else 1 - odd


def _bits(data: bytes, settings: LineSettings) -> list[int]:
    """Levels of the line, one to a bit time, the least significant data bit first; 1 is idle."""
    levels: list[int] = []
    for byte in data:
        value = byte & ((1 << settings.data_bits) - 1)
        levels.append(0)
        levels += [(value >> place) & 1 for place in range(settings.data_bits)]
        if settings.parity != "none":
            levels.append(_parity_bit(value, settings.parity))
        levels += [1] * settings.stop_bits
    return levels


def as_heard(data: bytes, sent: LineSettings, heard: LineSettings) -> bytes:
    """Bytes that a receiver set to ``heard`` makes of ``data`` that left in one go with the settings ``sent``.

    A character with a bad parity reads as NUL, as a Linux port hands it over; without parity nothing is checked, and
    a character whose stop bit is missing reads as its data bits came.
    """
    if sent == heard and sent.data_bits == 8:
        return data
    levels = _bits(data, sent)
    count = len(levels)
    step = sent.baud / heard.baud  # a bit time of the receiver, in bit times of the sender

    def level(place: float) -> int:
        return levels[int(place)] if place < count else 1

    out = bytearray()
    place = 0
    frame_bits = 1 + heard.data_bits + (heard.parity != "none")
    while True:
        # The next falling edge: a line that is still low must have risen before.
        while place < count and not (levels[place] == 0 and (place == 0 or levels[place - 1] == 1)):
            place += 1
        if place >= count:
            return bytes(out)
        sampled = [level(place + step * (bit + 0.5)) for bit in range(frame_bits)]
        if sampled[0] == 1:
            place += 1  # too short for a start bit: a glitch
            continue
        value = sum(bit << index for index, bit in enumerate(sampled[1 : 1 + heard.data_bits]))
        if heard.parity != "none" and sampled[-1] != _parity_bit(value, heard.parity):
            value = 0
        out.append(value)
        place = max(place + 1, int(place + step * (frame_bits + 0.5)))
