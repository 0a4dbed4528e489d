"""What can be wrong with a line: faults as data, and what each makes of a message.

A fault strikes messages: all of them, one in so many (``probability``), the ``nth``, or only those that go with a
request that ``matching`` fits. It counts the messages that it could strike, per port; the draws for message n are a
function of (seed, port, fault, n). So whoever polls another device, or asks this one for something else that
``matching`` does not fit, changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from instruments.signal import path_key

Direction = Literal["to host", "to device"]


@dataclass(frozen=True, slots=True, eq=False)
class LineFault:
    """One fault of a line, checked. Two of them are never the same, however alike they are.

    Attributes:
        name: its own name; its random numbers are keyed by it, and by ``start_us``.
        kind: what it does; a row of ``faults.toml``.
        severity: how bad, in the unit of its kind (seconds, bytes, bits, baud); 0 where it has none.
        direction: which bytes it spoils.
        probability: share of the messages that it strikes.
        nth: the one message that it strikes, counted from 1; None: every one.
        matching: what must be found in a request for the fault to strike its reply (or, to the device, itself).
        port: the one port of its device that it befalls; None: all.
        text: bytes of an unsolicited message.
        every_us: from one unsolicited message to the next.
        start_us: when it strikes first.
    """

    name: str
    kind: str
    severity: float = 0.0
    direction: Direction = "to host"
    probability: float = 1.0
    nth: int | None = None
    matching: re.Pattern[bytes] | None = None
    port: str | None = None
    text: bytes = b""
    every_us: int = 0
    start_us: int = 0

    @property
    def selective(self) -> bool:
        """Whether it chooses among messages, instead of standing as long as its schedule says."""
        return self.probability < 1.0 or self.nth is not None or self.matching is not None


@dataclass(slots=True)
class Hit:
    """A fault that strikes this message, with random numbers of its own."""

    fault: LineFault
    random: np.random.Generator

    def place(self, count: int) -> int:
        """One of ``count`` places."""
        return int(self.random.integers(count)) if count > 0 else 0


@dataclass(slots=True)
class Piece:
    """Bytes that leave in one go.

    Attributes:
        data: the bytes.
        delay_us: how much later than they would.
        gap_us: silence after what has left before.
        drip_us: from one byte to the next, on top of the line's own pace.
    """

    data: bytes
    delay_us: int = 0
    gap_us: int = 0
    drip_us: int = 0


@dataclass(slots=True)
class Held:
    """What one line, of one connection, keeps of earlier messages, and for which fault."""

    previous: bytes = b""
    waiting: list[bytes] = field(default_factory=list)
    waits_for: Hit | None = None
    hung: list[bytes] = field(default_factory=list)
    hangs_for: Hit | None = None

    def let_go(self) -> list[tuple[Hit, bytes]]:
        """Everything that was kept back, in its order, with the hit that kept it."""
        kept = [(self.waits_for, message) for message in self.waiting]
        kept += [(self.hangs_for, message) for message in self.hung]
        self.waiting, self.hung = [], []
        return [(hit, message) for hit, message in kept if hit is not None]


class Counted:
    """A fault that stands at a port, with its count."""

    def __init__(self, fault: LineFault, seed: int, line: str) -> None:
        self.fault = fault
        self._count = 0
        self._key = path_key(seed, f"{line}/{fault.name}@{fault.start_us}")

    def strikes(self, request: bytes) -> Hit | None:
        """Count a message that goes with ``request``; return a hit if it is struck."""
        fault = self.fault
        if fault.matching is not None and fault.matching.search(request) is None:
            return None
        self._count += 1
        # Philox: one block of the counter to a message, far from all others.
        random = np.random.Generator(np.random.Philox(key=self._key, counter=self._count << 64))
        if fault.nth is not None and self._count != fault.nth:
            return None
        if random.random() >= fault.probability:
            return None
        return Hit(fault, random)


# -- what each kind does to the bytes of a message --------------------------------------------------------------------


def _drop(data: bytes, hit: Hit) -> bytes:
    lost = set(hit.random.choice(len(data), min(len(data), int(hit.fault.severity)), replace=False).tolist())
    return bytes(byte for place, byte in enumerate(data) if place not in lost)


def _flip(data: bytes, hit: Hit) -> bytes:
    spoiled = bytearray(data)
    bits = hit.random.choice(8 * len(data), min(8 * len(data), int(hit.fault.severity)), replace=False)
    for bit in bits.tolist():
        spoiled[bit // 8] ^= 1 << bit % 8
    return bytes(spoiled)


def _insert(data: bytes, hit: Hit) -> bytes:
    place = hit.place(len(data) + 1)
    return data[:place] + _junk(hit) + data[place:]


def _junk(hit: Hit) -> bytes:
    return hit.random.bytes(int(hit.fault.severity))


def _truncate(data: bytes, hit: Hit) -> bytes:
    return data[: hit.place(len(data))]


_ENDS = b"\r\n"
_CLASSES = (b"0123456789", b"ABCDEF", b"abcdef")


def _wrong_checksum(data: bytes, hit: Hit) -> bytes:
    """The last byte before CR or LF becomes another of its class (digit, hexadecimal letter).

    That is where every checksum stands that these protocols have (C-Link, Bayern-Hessen, NMEA, Met One: digits; Modbus
    RTU: bytes), so nothing but the checksum tells. Where a protocol has none, a value may have changed.
    """
    place = len(data.rstrip(_ENDS)) - 1
    if place < 0:
        return data
    byte = data[place]
    members = next((members for members in _CLASSES if byte in members), None)
    if members is None:
        other = byte ^ (1 << hit.place(7))
    else:
        other = members[(members.index(byte) + 1 + hit.place(len(members) - 1)) % len(members)]
    return data[:place] + bytes([other]) + data[place + 1 :]


_CONTENT: dict[str, Callable[[bytes, Hit], bytes]] = {
    "wrong_checksum": _wrong_checksum,
    "truncate": _truncate,
    "drop": _drop,
    "flip": _flip,
    "insert": _insert,
    "junk_before": lambda data, hit: _junk(hit) + data,
    "junk_after": lambda data, hit: data + _junk(hit),
    "nul_flood": lambda data, hit: bytes(int(hit.fault.severity)) + data,
}
"""Kinds that change the bytes of a message, in the order in which they act."""


def spoiled(data: bytes, hits: dict[str, Hit]) -> bytes:
    """``data`` after every fault of content that strikes it."""
    for kind, act in _CONTENT.items():
        if kind in hits and data:
            data = act(data, hits[kind])
    return data


def reply_pieces(reply: bytes, hits: dict[str, Hit], held: Held) -> list[Piece]:
    """What leaves instead of ``reply``, by the faults of each kind that strike it."""
    data = held.previous if "stale_reply" in hits else reply
    held.previous = reply
    messages = [data] if data else []
    if held.waiting:
        # The message before was kept back for this one.
        kept, held.waiting = held.waiting, []
        swapped = held.waits_for is not None and held.waits_for.fault.kind == "swap"
        messages = [*messages, *kept] if swapped else [b"".join([*kept, *messages])]
    elif "swap" in hits or "glue" in hits:
        held.waiting, held.waits_for = messages, hits.get("swap") or hits["glue"]
        return []
    messages = [spoiled(message, hits) for message in messages]
    if "duplicate" in hits:
        messages = [message for message in messages for _ in range(2)]
    if "hang" in hits or held.hung:
        held.hung += messages
        held.hangs_for = hits.get("hang") or held.hangs_for
        return []
    if "silence" in hits:
        return []
    delay = sum(_late_us(hits[kind]) for kind in ("delay", "jitter") if kind in hits)
    drip = round(hits["slow_drip"].fault.severity * 1e6) if "slow_drip" in hits else 0
    pieces = [Piece(message, delay, 0, drip) for message in messages if message]
    return _split(pieces, hits["split"]) if "split" in hits else pieces


def _late_us(hit: Hit) -> int:
    full = hit.fault.severity * 1e6
    return round(full * hit.random.random() if hit.fault.kind == "jitter" else full)


def _split(pieces: list[Piece], hit: Hit) -> list[Piece]:
    """Each piece in two, at a place inside it, with a gap between them."""
    found: list[Piece] = []
    gap = round(hit.fault.severity * 1e6)
    for piece in pieces:
        if len(piece.data) < 2:
            found.append(piece)
            continue
        place = 1 + hit.place(len(piece.data) - 1)
        found.append(Piece(piece.data[:place], piece.delay_us, 0, piece.drip_us))
        found.append(Piece(piece.data[place:], piece.delay_us, gap, piece.drip_us))
    return found


def request_pieces(data: bytes, hits: dict[str, Hit]) -> list[bytes]:
    """What reaches the device instead of ``data``, which the host has put on the line in one go."""
    if "silence" in hits:
        return []
    data = spoiled(data, hits)
    return [data, data] if "duplicate" in hits else [data]
