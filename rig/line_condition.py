"""What is wrong with a port at the moment, for all lines (connections) of it. A healthy port has all at rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rig.clock import Clock
from rig.line_faults import Counted, Direction, Hit, LineFault

REPLUG_US = 2_000_000
"""How long an adapter stays away that a message has thrown out, if its fault does not say: this project's choice."""

_BY_HOST_WRITE = ("echo",)
_BY_CONNECTION = ("refuse",)
_BY_TICK = ("unsolicited",)
_STATES = ("unplug", "half_open")
"""Kinds that are a state of the port unless they choose among messages."""


@dataclass(frozen=True, slots=True)
class LineEvent:
    """A fault that has struck a message, or taken a port away (no bytes).

    Attributes:
        t_us: bench time.
        line: ``device/port``.
        fault, kind: name and kind of what struck; several that struck together are joined by ``+``.
        direction: which way the bytes went.
        request: what the host had asked, as far as it is known.
        meant: the bytes as they should have gone.
        sent: the bytes that went instead, all pieces together.
    """

    t_us: int
    line: str
    fault: str
    kind: str
    direction: Direction
    request: bytes
    meant: bytes
    sent: bytes

    def as_dict(self) -> dict[str, Any]:
        """As a line of the truth log and as an event of a served bench; bytes in hexadecimal."""
        device, _, port = self.line.partition("/")
        return {
            "kind": "line", "t_us": self.t_us, "device": device, "port": port, "name": self.fault, "fault": self.kind,
            "direction": self.direction, "request": self.request.hex(), "meant": self.meant.hex(),
            "sent": self.sent.hex(),
        }  # fmt: skip


class LineCondition:
    """What stands at one port, and who must look again when that changes.

    Args:
        name: ``device/port``.
        clock: the bench's clock.
        seed: root seed of the bench.
        listener: is told of every message that is struck.
    """

    def __init__(
        self, name: str, clock: Clock, seed: int = 0, listener: Callable[[LineEvent], None] | None = None
    ) -> None:
        self.name = name
        self.at_rest = True
        self.watchers: list[Callable[[], None]] = []
        self.speakers: list[Callable[[bytes], None]] = []
        self._clock = clock
        self._seed = seed
        self._listener = listener
        self._standing: list[Counted] = []
        self._counts: dict[LineFault, Counted] = {}
        self._away_until_us = 0
        self._away_by: LineFault | None = None

    def begin(self, fault: LineFault) -> None:
        """Let ``fault`` stand from now on. One that has stood before goes on counting where it was."""
        counted = self._counts.setdefault(fault, Counted(fault, self._seed, self.name))
        self._standing = [one for one in self._standing if one is not counted] + [counted]
        if fault.kind == "unsolicited":
            self._clock.after(fault.every_us, lambda: self._tick(counted))
        if fault.kind in _STATES and not fault.selective:
            self.tell_lost(fault, "to host", b"", b"")
        self._changed()

    def end(self, fault: LineFault) -> None:
        """Let ``fault`` pass."""
        self._standing = [one for one in self._standing if one.fault is not fault]
        self._changed()

    def stands(self, kind: str) -> bool:
        """Whether a fault of that kind stands, whatever messages it chooses."""
        return any(one.fault.kind == kind for one in self._standing)

    def is_so(self, kind: str) -> bool:
        """Whether a fault of that kind stands that is a state of the port and no matter of single messages."""
        return self.state(kind) is not None

    def state(self, kind: str) -> LineFault | None:
        """The fault that :meth:`is_so` finds; of two the one that began last."""
        if not self._standing:
            return None
        standing = (one.fault for one in reversed(self._standing))
        return next((fault for fault in standing if fault.kind == kind and not fault.selective), None)

    @property
    def unplugged(self) -> bool:
        """Whether the adapter is not there."""
        return self.is_so("unplug") or self._clock.now_us < self._away_until_us

    @property
    def unplugged_by(self) -> LineFault | None:
        """The fault for which the adapter is not there; None if it is there."""
        thrown_out = self._away_by if self._clock.now_us < self._away_until_us else None
        return self.state("unplug") or thrown_out

    def unplug_for(self, duration_us: int, fault: LineFault) -> None:
        """Take the adapter away now, for ``duration_us``, because of ``fault``, which has struck a message."""
        self._away_by = fault
        self._away_until_us = self._clock.now_us + duration_us
        self._clock.after(duration_us, self._changed)
        self._changed()

    def admits(self) -> bool:
        """Whether a client that connects now is let in. Counts it."""
        hits = self._struck(b"", _BY_CONNECTION)
        if hits:
            self.tell(hits, "to device", b"", b"", b"")
        return not hits and not self.unplugged

    def hits(self, request: bytes, direction: Direction) -> dict[str, Hit]:
        """Count a message and return what strikes it, by kind; of two of one kind the one that began last."""
        found: dict[str, Hit] = {}
        for counted in self._standing:
            fault = counted.fault
            state = fault.kind in _STATES and not fault.selective
            if state or fault.kind in (*_BY_HOST_WRITE, *_BY_CONNECTION, *_BY_TICK):
                continue
            both_ways = fault.kind == "baud_mismatch" and not fault.selective
            if fault.direction != direction and not both_ways:
                continue
            hit = counted.strikes(request)
            if hit is not None:
                found[fault.kind] = hit
        return found

    def echoes(self, data: bytes) -> bool:
        """Whether what the host writes comes back to it. Counts it."""
        hits = self._struck(data, _BY_HOST_WRITE)
        if hits:
            self.tell(hits, "to host", data, b"", data)
        return bool(hits)

    def tell(self, hits: dict[str, Hit], direction: Direction, request: bytes, meant: bytes, sent: bytes) -> None:
        """Journal a message that was struck."""
        self._tell("+".join(hit.fault.name for hit in hits.values()), "+".join(hits), direction, request, meant, sent)

    def tell_lost(self, fault: LineFault, direction: Direction, request: bytes, meant: bytes) -> None:
        """Journal bytes that are lost because ``fault`` is a state of the port; none: it has just gone."""
        self._tell(fault.name, fault.kind, direction, request, meant, b"")

    def _tell(self, name: str, kind: str, direction: Direction, request: bytes, meant: bytes, sent: bytes) -> None:
        if self._listener is not None:
            self._listener(LineEvent(self._clock.now_us, self.name, name, kind, direction, request, meant, sent))

    def _struck(self, data: bytes, kinds: tuple[str, ...]) -> dict[str, Hit]:
        found = {}
        for counted in self._standing:
            if counted.fault.kind in kinds and (hit := counted.strikes(data)) is not None:
                found[counted.fault.kind] = hit
        return found

    def _tick(self, counted: Counted) -> None:
        if counted not in self._standing:
            return
        fault = counted.fault
        hit = counted.strikes(b"")
        if hit is not None and self.speakers:
            self.tell({fault.kind: hit}, "to host", b"", b"", fault.text)
            for speak in list(self.speakers):
                speak(fault.text)
        self._clock.after(fault.every_us, lambda: self._tick(counted))

    def _changed(self) -> None:
        self.at_rest = not self._standing and not self.unplugged
        for look in list(self.watchers):
            look()
