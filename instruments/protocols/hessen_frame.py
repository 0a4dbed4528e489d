"""Frames of Bayern-Hessen: STX, text, and either ETX with a block check or CR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

STX, ETX, CR = b"\x02", b"\x03", b"\r"
TEXT_LIMIT = 64
"""Characters of a request that a box keeps; whoever sends more gets no answer (this project's)."""

_WHOLE = re.compile(rb"\x02[^\x02\x03\r]{0,%d}\r" % TEXT_LIMIT)


def block_check(framed: bytes) -> bytes:
    """Two hex digits: every byte from STX to ETX, both included, by exclusive or (Thermo appendix D, Ecotech: read)."""
    return b"%02X" % reduce(xor, framed, 0)


def frame(text: bytes, *, with_check: bool) -> bytes:
    """A text in its frame."""
    if not with_check:
        return STX + text + CR
    framed = STX + text + ETX
    return framed + block_check(framed)


@dataclass(frozen=True, slots=True)
class Request:
    """A text that has come, and whether a right block check came with it."""

    text: bytes
    with_check: bool


class RequestBuffer:
    """Finds requests in a stream of bytes; STX begins a new one wherever it comes."""

    def __init__(self) -> None:
        self._text: bytearray | None = None
        self._check: bytearray | None = None

    def clear(self) -> None:
        """Forget half a request."""
        self._text = self._check = None

    def feed(self, data: bytes) -> list[Request]:
        """Take bytes, return the requests that they complete."""
        found: list[Request] = []
        if self._text is None and _WHOLE.fullmatch(data):
            return [Request(data[1:-1], False)]  # what nearly every client sends, without a look at each byte
        for byte in data:
            request = self._take(byte)
            if request is not None:
                found.append(request)
        return found

    def _take(self, byte: int) -> Request | None:
        if byte == STX[0]:
            self._text, self._check = bytearray(), None
        elif self._text is None:
            return None
        elif self._check is not None:
            self._check.append(byte)
            if len(self._check) == 2:
                text, check = bytes(self._text), bytes(self._check)
                self.clear()
                return Request(text, True) if check.upper() == block_check(STX + text + ETX) else None
        elif byte == ETX[0]:
            self._check = bytearray()
        elif byte == CR[0]:
            text = bytes(self._text)
            self.clear()
            return Request(text, False)
        elif len(self._text) == TEXT_LIMIT:
            self.clear()
        else:
            self._text.append(byte)
        return None
