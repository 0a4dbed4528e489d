"""Requests that end with a byte, put together from whatever pieces a line delivers."""

from __future__ import annotations

import re

_JUNK = bytes(range(0x20)) + bytes(range(0x7F, 0x100))


class LineBuffer:
    """Collects text until a terminator; bytes that are no printable ASCII are dropped.

    Args:
        terminators: bytes of which each one ends a request.
        limit: longest request; what is longer is forgotten up to the next terminator.
        kept: further bytes that are part of a request (ENQ).
    """

    def __init__(self, terminators: bytes, limit: int = 128, kept: bytes = b"") -> None:
        ends = re.escape(terminators)
        self._ends = re.compile(b"[" + ends + b"]")
        self._whole = re.compile(rb"((?:(?![%b])[\x20-\x7e]){1,%d})[%b]+" % (ends, limit, ends))
        self._limit = limit
        self._dropped = bytes(set(_JUNK) - set(kept) - set(terminators))
        self.clear()

    def clear(self) -> None:
        """Forget a request that is not complete."""
        self._text = b""
        self._too_long = False

    def __len__(self) -> int:
        return len(self._text)

    def feed(self, data: bytes) -> list[str]:
        """Take in bytes; return the texts that they complete, empty ones left out."""
        if not (self._text or self._too_long):
            whole = self._whole.fullmatch(data)  # what a port delivers nearly always
            if whole:
                return [whole[1].decode("ascii")]
        complete: list[str] = []
        text = data.translate(None, self._dropped)
        start = 0
        for end in self._ends.finditer(text):
            self._take(text[start : end.start()])
            if self._text and not self._too_long:
                complete.append(self._text.decode("ascii"))
            self.clear()
            start = end.end()
        if start < len(text):
            self._take(text[start:])
        return complete

    def _take(self, part: bytes) -> None:
        if self._too_long or len(self._text) + len(part) > self._limit:
            self._text, self._too_long = b"", True
        else:
            self._text += part
