"""Requests found in a stream of bytes, on a serial line and on TCP.

What is found depends on the bytes alone and not on how they are cut: each byte is looked at as it comes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from instruments.protocols.modbus import (
    RTU_LARGEST,
    rtu_request_size,
    rtu_sum_is_right,
    tcp_length,
    tcp_split,
)

_UNKNOWN_AT_LEAST = 4
_PLAIN_BYTES = 8
_SHORT = frozenset((7, 11, 12, 17, 20, 21, 24))
"""Functions whose requests may have fewer than 8 bytes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A request with its address; ``transaction`` is that of TCP."""

    unit: int
    pdu: bytes
    transaction: int = 0


class Reader(ABC):
    """Finds requests."""

    @abstractmethod
    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the requests that they complete."""

    @abstractmethod
    def clear(self) -> None:
        """Forget what has come of a request that is not whole."""


class RtuReader(Reader):
    """Requests on a serial line: whatever begins anywhere, has the length of its function and the right sum.

    Before a request there may be any junk; of what has come, as much is kept as the largest frame has. A function
    whose length nobody knows is a request if it begins after a silence and its sum is right.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._undecided: list[int] = []
        self._ends: dict[int, list[int]] = {}
        self._gone = 0
        self._unknown_length = False

    def clear(self) -> None:
        """Forget what has come."""
        self._bytes.clear()
        self._undecided.clear()
        self._ends.clear()
        self._gone = 0
        self._unknown_length = False

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the requests that they complete."""
        if not self._bytes and _is_plain(data):
            return [Frame(data[0], data[1:-2])]
        found = []
        for byte in data:
            self._bytes.append(byte)
            start = self._ended()
            if start is not None:
                frame = bytes(self._bytes[start:])
                found.append(Frame(frame[0], frame[1:-2]))
                self.clear()
        return found

    def _ended(self) -> int | None:
        """Where the request begins that ends with the last byte."""
        if len(self._bytes) > RTU_LARGEST:
            del self._bytes[0]
            self._gone += 1
            self._undecided = [start for start in self._undecided if start >= self._gone]
            self._unknown_length = False
        end = self._gone + len(self._bytes)
        self._undecided.append(end - 1)
        waiting = []
        for start in self._undecided:
            size = rtu_request_size(bytes(self._bytes[start - self._gone :]))
            if size == 0:
                waiting.append(start)
            elif start + size >= end and size > 0:
                self._ends.setdefault(start + size, []).append(start)
            elif size < 0 and start == 0:
                self._unknown_length = True
        self._undecided = waiting
        candidates = sorted(start - self._gone for start in self._ends.pop(end, ()) if start >= self._gone)
        if self._unknown_length and len(self._bytes) >= _UNKNOWN_AT_LEAST and not self._bytes[1] & 0x80:
            candidates.insert(0, 0)
        for start in candidates:
            if rtu_sum_is_right(bytes(self._bytes[start:])):
                return start
        return None


def _is_plain(data: bytes) -> bool:
    """Whether it is one request as nearly all are, in which no shorter one can end: no need to look byte by byte."""
    return (
        len(data) == _PLAIN_BYTES and 1 <= data[1] <= 6 and _SHORT.isdisjoint(data[2:5]) and rtu_sum_is_right(data)
    )  # fmt: skip


class TcpReader(Reader):
    """Requests on TCP: a header with protocol 0 and a length that can be; bytes before it are skipped."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def clear(self) -> None:
        """Forget what has come."""
        self._bytes.clear()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, return the requests that they complete."""
        self._bytes += data
        found = []
        first = 0
        while (length := tcp_length(bytes(self._bytes[first : first + 8]))) != 0:
            if length < 0:
                first += 1
            elif first + length > len(self._bytes):
                break
            else:
                unit, transaction, pdu = tcp_split(bytes(self._bytes[first : first + length]))
                found.append(Frame(unit, pdu, transaction))
                first += length
        del self._bytes[:first]
        return found
