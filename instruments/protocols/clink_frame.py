"""C-Link on the wire: how a request is framed, how a reply is ended and summed. Shared by both sides.

Request: ``[0x80 + id] text CR``. Reply: ``text CR``, or ``text LF "sum " hhhh CR`` with hhhh the 16-bit sum, in
lower-case hexadecimal, of every byte before that LF. A ``*`` at the end of the text (part of the text and of the sum)
says that the layout of the ``erec`` record has changed since it was last asked for.
Sources: 42i Low Source manual pp. 286-287, 42i Trace Level manual p. 288; the sums of the replies of a 49i-PS recorded
by github.com/joergklausen/mkndaq agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from instruments.errors import RefusalReason

TERMINATOR = b"\r"
REQUEST_LIMIT = 256
"""Longest request text in bytes; what is longer is dropped up to its CR. The longest documented one has 45."""

ERROR_TEXTS: Mapping[RefusalReason, str] = {
    "unknown": " bad cmd",
    "too high": " too high",
    "too low": " too low",
    "invalid": " data not valid",
    "wrong settings": " can't, wrong settings",
    "service mode": " can't, mode is service",
    "no option": " feature not enabled",
}
"""What follows the echo when the box says no (15i manual p. 221, 410i manual p. 243)."""

NOT_A_NUMBER = " invalid string"
"""What follows the echo where a number is due and letters came."""

_NOT_TEXT = bytes(range(0x20)) + b"\x7f"
LOCAL_MODE = " can't, mode is local"
"""Answer of a strict box to a set command in local mode (recalled)."""

_WHOLE_REQUEST = re.compile(rb"([\x80-\xff]?)([\x20-\x7e]{1,%d})\r" % REQUEST_LIMIT)
_TAIL = re.compile(rb"(?s)(?P<text>.*?)(?:\n|\x80)sum ?(?P<sum>[0-9A-Fa-f]{4})")

FaultReason = Literal["incomplete", "checksum", "echo", "not text", "form", "unit", "no command", "value"]


class ClinkError(ValueError):
    """The host side cannot go on: a reply that is not what was asked for, or a wish that the table has no command for.

    Args:
        reason: what kind of fault, in one of a few fixed words.
        detail: a sentence for people.
    """

    def __init__(self, reason: FaultReason, detail: str) -> None:
        self.reason: FaultReason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


def checksum(data: bytes) -> int:
    """Return the 16-bit sum of the bytes of ``data``."""
    return sum(data) & 0xFFFF


def ended(text: str, *, star: bool, with_sum: bool) -> bytes:
    """Return a reply's bytes: the text, its ``*`` if the layout is stale, its sum if asked for, and CR."""
    data = text.encode("ascii", "replace")
    if star:
        data += b"*"
    if with_sum:
        data += b"\nsum %04x" % checksum(data)
    return data + TERMINATOR


@dataclass(frozen=True, slots=True)
class Frame:
    """One reply taken apart.

    Attributes:
        text: echo and body, without star, sum and terminator.
        summed: whether a sum was present (it was then right).
        stale: whether the stale-layout star was present.
    """

    text: str
    summed: bool
    stale: bool


def split_reply(raw: bytes) -> Frame:
    """Take a reply apart and verify its sum, if it has one.

    Accepted tails, as real boxes have them: ``CR``, ``*CR``, ``LF sum hhhh CR``, ``*LF sum hhhh CR`` and the C-series'
    ``0x80 sum hhhh CR``; a missing CR is accepted where the port has cut it off; line feeds, NUL, 0xFF and 0x80 around
    the reply are junk.

    Raises:
        ClinkError: the sum is wrong, nothing is left, or a byte is not ASCII.
    """
    data = raw.strip(b"\r\n\x00\xff\x80")
    if not data:
        raise ClinkError("incomplete", "the reply is empty")
    tail = _TAIL.fullmatch(data) if b"sum" in data else None
    if tail:
        data = tail["text"]
        stated = int(tail["sum"], 16)
        if stated != checksum(data):
            raise ClinkError("checksum", f"the reply states {stated:04x}, its bytes add up to {checksum(data):04x}")
    stale = data.endswith(b"*")
    if stale:
        data = data[:-1]
    if not data.isascii():
        raise ClinkError("not text", f"the reply holds bytes that are not ASCII: {data!r}")
    return Frame(data.decode("ascii"), tail is not None, stale)


class RequestBuffer:
    """Puts requests together from whatever pieces the line delivers.

    A byte of 0x80 or more starts the request anew and is its address, so the last of several counts: clients that
    encode ``chr(128 + id)`` as UTF-8 send ``C2 AA`` for a 42i and are understood. Other control bytes than CR are
    dropped, which also skips the LF of a client that ends its requests with CR LF. A request longer than
    :data:`REQUEST_LIMIT` is forgotten up to the next CR or address.
    """

    def __init__(self) -> None:
        self._text = b""
        self._address: int | None = None
        self._too_long = False

    def __len__(self) -> int:
        return len(self._text)

    def clear(self) -> None:
        """Forget a request that is not complete."""
        self._text = b""
        self._address = None
        self._too_long = False

    def feed(self, data: bytes) -> list[tuple[int | None, bytes]]:
        """Take in bytes; return the requests that they complete, as (address byte or None, text)."""
        if not self._text and self._address is None and not self._too_long:
            whole = _WHOLE_REQUEST.fullmatch(data)  # what a port delivers nearly always
            if whole:
                return [(whole[1][0] if whole[1] else None, whole[2])]
        *closed, rest = data.split(TERMINATOR)
        complete: list[tuple[int | None, bytes]] = []
        for part in closed:
            self._take(part)
            if self._text and not self._too_long:
                complete.append((self._address, self._text))
            self.clear()
        if rest:
            self._take(rest)
        return complete

    def _take(self, part: bytes) -> None:
        if not part.isascii():
            last = max(i for i, byte in enumerate(part) if byte >= 0x80)
            self.clear()
            self._address = part[last]
            part = part[last + 1 :]
        part = part.translate(None, _NOT_TEXT)
        if self._too_long or len(self._text) + len(part) > REQUEST_LIMIT:
            self._text = b""
            self._too_long = True
        else:
            self._text += part
