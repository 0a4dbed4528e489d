"""Lines: bytes between a host and a protocol, at the line's own pace, with what a line does wrong.

A line knows neither the instrument nor the port. Its device end is a sans-I/O protocol; its host end is whatever the
port gives it (a pty, a TCP connection, a VISA session).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from instruments.protocols.ends import DeviceEnd
from rig.clock import Clock
from rig.line_condition import REPLUG_US, LineCondition
from rig.line_faults import Direction, Held, Hit, LineFault, Piece, reply_pieces, request_pieces
from rig.uart import LineSettings, as_heard

INPUT_BUFFER_BYTES = 4096
"""Bytes on their way to the device that a line holds, as the buffer of a serial driver."""

UART_FIFO_BYTES = 14
"""A 16550 UART hands its bytes over in groups of 14 (its usual receive trigger), so a line delivers in such groups."""


REQUEST_BYTES = 1024
"""Bytes of a request that are kept while a fault stands, to hold ``matching`` against."""

FTDI_PACKET_BYTES = 62
"""An FTDI adapter hands a full USB packet over at once: 64 bytes, two of which are its own state."""


@dataclass(frozen=True, slots=True)
class LineTiming:
    """How long bytes and replies take.

    Attributes:
        baud: line rate; 0 means that bytes take no time (TCP, or a benchmark).
        bits_per_byte: start, data, parity and stop bits together.
        reply_delay_us: time that the device thinks before it answers.
        latency_us: an adapter hands bytes to the host at every multiple of this only; 0: at once.
    """

    baud: int = 9600
    bits_per_byte: int = 10
    reply_delay_us: int = 0
    latency_us: int = 0

    @property
    def byte_us(self) -> float:
        """Microseconds that one byte takes."""
        return self.bits_per_byte * 1e6 / self.baud if self.baud else 0.0


class Line:
    """One line from a host to one protocol of one instrument.

    Args:
        name: ``device/port``, for messages.
        clock: the bench's clock.
        device_end: the protocol.
        timing: pace of bytes and replies.
        handshake: the box sends only while the host says that it is ready (its RTS, the box's CTS).
        settings: of the device's UART; those of a host that says none are the same.
        condition: what is wrong with the port, shared by its connections; healthy if None.
        is_connection: over a network: a cut is for good, and the next word on it meets a reset.
    """

    def __init__(
        self, name: str, clock: Clock, device_end: DeviceEnd, timing: LineTiming, *,
        settings: LineSettings | None = None, condition: LineCondition | None = None, is_connection: bool = False,
        handshake: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.device_end = device_end
        self.timing = timing
        self.settings = settings or LineSettings(timing.baud or 9600)
        self.condition = condition or LineCondition(name, clock)
        self.powered = True
        self.on_power: Callable[[bool], None] | None = None
        self.before_speaking: Callable[[], None] | None = None
        self.on_reset: Callable[[], None] | None = None
        self._clock = clock
        self._sink: Callable[[bytes], None] | None = None
        self._host_settings = self.settings
        self._to_device_free_us = 0.0
        self._to_host_free_us = 0.0
        self._instant = timing.baud == 0 and timing.reply_delay_us == 0 and timing.latency_us == 0
        self._is_connection = is_connection
        self._handshake = handshake
        self._ready = True
        self._stalled: list[Piece] = []
        self._session = 0
        self._outward = 0
        self._held = Held()
        self._request = bytearray()
        self._packet = bytearray()
        self._cut: LineFault | None = None
        self._taken: tuple[int, LineFault | None] = (0, None)
        self._half_open = self.condition.stands("half_open")
        self._present = not self.condition.unplugged
        # Most boxes speak only when they are spoken to; those need no look at the clock.
        self._speaks = type(device_end).next_output_us is not DeviceEnd.next_output_us
        self._speaks_at: int | None = None
        self.condition.watchers.append(self._look_again)
        self.condition.speakers.append(self._say)
        self._look_again()
        self.listen()

    @property
    def heard(self) -> bool:
        """Whether somebody listens at the host's end."""
        return self._sink is not None

    def let_go(self) -> None:
        """The connection is over for good: its port forgets it."""
        self.disconnect()
        self.condition.watchers.remove(self._look_again)
        self.condition.speakers.remove(self._say)

    def switch(self, *, powered: bool) -> None:
        """Power comes or goes; whoever is connected over a network loses the connection with it."""
        self.powered = powered
        if not powered:
            self.device_end.power_cycled()
            self._to_device_free_us = self._to_host_free_us = 0.0
            self._held = Held()
            self._request.clear()
        if self.on_power is not None:
            self.on_power(powered)
        self._look_again()
        self.listen()

    def connect(self, sink: Callable[[bytes], None]) -> None:
        """Give everything that comes from the device to ``sink`` from now on."""
        self._sink = sink
        self._session += 1
        self._packet.clear()
        if self._is_connection:
            self._cut = None  # a new connection, whatever became of the one before
        self._look_again()

    def disconnect(self) -> None:
        """Nobody listens any more; bytes on their way to the host are lost."""
        self._sink = None
        self._session += 1
        self._packet.clear()
        self._look_again()

    def set_host(self, settings: LineSettings) -> None:
        """The host has set its end of the line: other settings than the device's give garbage, as on a wire."""
        self._host_settings = settings
        self._look_again()

    def set_ready(self, *, ready: bool) -> None:
        """The host raises or drops its RTS; a box with hardware handshake holds its output while it is down."""
        self._ready = ready
        if ready:
            stalled, self._stalled = self._stalled, []
            for piece in stalled:
                self._send(piece)

    def discard_to_host(self) -> None:
        """Whatever is on its way to the host is lost (a purged receive buffer)."""
        self._session += 1
        self._packet.clear()

    def discard_to_device(self) -> None:
        """Whatever is on its way to the device is lost (a purged transmit buffer)."""
        self._outward += 1
        self._to_device_free_us = float(self._clock.now_us)

    # -- to the device --------------------------------------------------------------------------------------------

    def from_host(self, data: bytes) -> None:
        """Bytes that the host has put on the line now."""
        if self._straight:
            # Nothing delays and nothing spoils: the shortest way there and back.
            for reply in self.device_end.receive(data):
                self._held.previous = reply
                if self._sink is not None:
                    self._sink(reply)
            if self._speaks:
                self.listen()
            return
        if self._is_cut(data) or self._is_lost("to device", data, data):
            return
        if not self.condition.at_rest and self.condition.echoes(data):
            self._send(Piece(data), thinking=False)
        if self._instant:
            self._reach_device(data)
            return
        now = self._clock.now_us
        start = max(float(now), self._to_device_free_us)
        byte_us = self.timing.byte_us
        if byte_us:
            # What a host pours in faster than the line carries is lost once the device's buffer is full.
            data = data[: max(0, INPUT_BUFFER_BYTES - int((start - now) / byte_us))]
        self._to_device_free_us = start + len(data) * byte_us
        outward = self._outward
        self._clock.after(
            round(self._to_device_free_us) - now,
            lambda: self._reach_device(data) if outward == self._outward else None,
        )

    def _reach_device(self, data: bytes) -> None:
        if not self.powered or self._is_lost("to device", data, data):
            return
        if self.condition.at_rest:
            if self._host_settings != self.settings:
                data = as_heard(data, self._host_settings, self.settings)
            self._pass_on(self.device_end.receive(data))
        else:
            self._reach_device_spoiled(data)
        self.listen()

    def _reach_device_spoiled(self, data: bytes) -> None:
        """Byte by byte, so that each reply is known to belong to the bytes that came since the one before."""
        hits = self.condition.hits(data, "to device")
        heard = as_heard(data, self._host_settings, self._device_settings(hits))
        for byte in self._spoiled(data, heard, hits):
            self._note_asked(byte)
            replies = self.device_end.receive(bytes([byte]))
            if replies:
                self._pass_on(replies)

    def _spoiled(self, meant: bytes, heard: bytes, hits: dict[str, Hit]) -> bytes:
        """What faults leave of ``heard``, of a message that was ``meant`` so; told."""
        spoiled = b"".join(request_pieces(heard, hits))
        if hits:
            self.condition.tell(hits, "to device", meant, meant, spoiled)
        return spoiled

    def _note_asked(self, byte: int) -> None:
        self._request.append(byte)
        del self._request[:-REQUEST_BYTES]

    def _is_cut(self, data: bytes) -> bool:
        """Whether what the host writes now goes into a dead connection; told if so."""
        if self._cut is None:
            return False
        dead = self.condition.stands("half_open")
        if not dead and not self._is_connection:
            self._cut = None
            return False
        self.condition.tell_lost(self._cut, "to device", data, data)
        if not dead:
            self._reset()  # the other end is back and knows of no such connection
        return True

    def _is_lost(self, direction: Direction, request: bytes, message: bytes) -> bool:
        """Whether the port is not there, or its connection dead, for ``message``; told if so."""
        fault = self._cut or self.condition.unplugged_by
        if fault is not None:
            self.condition.tell_lost(fault, direction, request, message)
        return fault is not None

    # -- to the host ----------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Have the box's next word of its own accord brought to the host when it is due."""
        if not self._speaks or not self.powered:
            return
        due = self.device_end.next_output_us()
        if due is None:
            self._speaks_at = None  # a request has silenced it
            return
        if due == self._speaks_at:
            return
        self._speaks_at = due
        self._clock.after(max(0, due - self._clock.now_us), lambda: self._speak(due))

    def _speak(self, due: int) -> None:
        if due != self._speaks_at:
            return  # a request has changed its mind meanwhile
        self._speaks_at = None
        if self.before_speaking is not None:
            self.before_speaking()
        if self.powered:
            self._have_spoken()
            self.listen()

    def _have_spoken(self) -> None:
        """Pass on what the box says now of its own accord."""
        self._pass_on(self.device_end.output())

    def _say(self, text: bytes) -> None:
        """Something on the line that nobody asked for."""
        if self.powered and not self._cut and not self.condition.unplugged:
            self._send(Piece(text), thinking=False)

    def from_device(self, data: bytes) -> None:
        """Bytes that a device elsewhere, for which this line stands in, has said now."""
        if self.powered:
            self._pass_on([data])

    def _pass_on(self, replies: list[bytes]) -> None:
        for reply in replies:
            if self.condition.at_rest:
                self._held.previous = reply
                self._send(Piece(reply))
            else:
                self._pass_on_spoiled(reply)

    def _pass_on_spoiled(self, reply: bytes) -> None:
        request, held = bytes(self._request), self._held
        self._request.clear()
        if self._is_lost("to host", request, reply):
            return
        hits = self.condition.hits(request, "to host")
        breaking = next((kind for kind in ("unplug", "half_open", "reset") if kind in hits), None)
        if breaking is not None:
            self.condition.tell({breaking: hits[breaking]}, "to host", request, reply, b"")
            self._break(breaking, hits[breaking])
            return
        pieces = reply_pieces(reply, hits, held)
        settings = self._device_settings(hits)
        if hits:
            sent = b"".join(as_heard(piece.data, settings, self._host_settings) for piece in pieces)
            self.condition.tell(hits, "to host", request, reply, sent)
        for piece in pieces:
            self._send(piece, settings)

    def _break(self, kind: str, hit: Hit) -> None:
        if kind == "reset":
            self._reset()
        elif kind == "half_open":
            self._cut = hit.fault
            self._look_again()
        else:
            self.condition.unplug_for(round(hit.fault.severity * 1e6) or REPLUG_US, hit.fault)

    def _reset(self) -> None:
        self._session += 1
        self._packet.clear()
        self._held = Held()
        if self.on_reset is not None:
            self.on_reset()

    def _device_settings(self, hits: dict[str, Hit]) -> LineSettings:
        hit = hits.get("baud_mismatch")
        return self.settings if hit is None else replace(self.settings, baud=int(hit.fault.severity))

    def _send(self, piece: Piece, settings: LineSettings | None = None, *, thinking: bool = True) -> None:
        if self._handshake and not self._ready:
            if sum(len(one.data) for one in self._stalled) < INPUT_BUFFER_BYTES:
                self._stalled.append(piece)
            return
        self._put_on_wire(piece, settings or self.settings, thinking=thinking)

    def _put_on_wire(self, piece: Piece, sent: LineSettings, *, thinking: bool) -> None:
        """Let a piece leave the device's end; ``thinking``: after the box's delay of a reply."""
        data = piece.data
        if sent != self._host_settings or sent.data_bits != 8:
            data = as_heard(data, sent, self._host_settings)
        if self._instant and not (piece.delay_us or piece.gap_us or piece.drip_us) and (
            self._to_host_free_us <= self._clock.now_us
        ):  # fmt: skip
            self._reach_host(data)
            return
        now = self._clock.now_us
        byte_us = self.timing.byte_us + piece.drip_us
        delay = piece.delay_us + (self.timing.reply_delay_us if thinking else 0)
        start = max(float(now + delay), self._to_host_free_us) + piece.gap_us
        self._to_host_free_us = start + len(data) * byte_us
        session = self._session
        # Where bytes take no time they come in one piece; each by itself where they drip.
        size = 1 if piece.drip_us else UART_FIFO_BYTES if byte_us else max(1, len(data))
        for first in range(0, len(data), size):
            group = data[first : first + size]
            arrives = round(start + (first + len(group)) * byte_us)
            self._clock.after(arrives - now, lambda group=group: self._arrive(group, session))  # type: ignore[misc]

    def _arrive(self, group: bytes, session: int) -> None:
        # Bytes that were on the line when the host hung up do not reach the next host.
        if session != self._session:
            taken_in, fault = self._taken
            if fault is not None and session == taken_in:
                self.condition.tell_lost(fault, "to host", b"", group)
            return
        latency = self.timing.latency_us
        if not latency:
            self._reach_host(group)
            return
        if not self._packet:
            now = self._clock.now_us
            self._clock.after(latency - now % latency, lambda: self._hand_over(session))
        self._packet += group
        while len(self._packet) >= FTDI_PACKET_BYTES:
            self._reach_host(bytes(self._packet[:FTDI_PACKET_BYTES]))
            del self._packet[:FTDI_PACKET_BYTES]

    def _hand_over(self, session: int) -> None:
        if session == self._session and self._packet:
            packet = bytes(self._packet)
            self._packet.clear()
            self._reach_host(packet)

    def _reach_host(self, data: bytes) -> None:
        if self._sink is not None and self.powered and not self._cut and not self.condition.unplugged:
            self._sink(data)
        elif self._sink is not None and self._cut is not None and self.powered:
            self.condition.tell_lost(self._cut, "to host", b"", data)

    def _release(self) -> None:
        """The fault has passed for which messages were kept back: they leave now."""
        for hit, message in self._held.let_go():
            self.condition.tell({hit.fault.kind: hit}, "to host", b"", message, message)
            self._send(Piece(message))

    # -- what stands ----------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """The condition, the power, the host or its settings have changed."""
        condition = self.condition
        present = not condition.unplugged
        left, self._present = self._present and not present, present
        if left:
            self._taken = self._session, condition.unplugged_by
            self._reset()
        half_open = condition.is_so("half_open")
        if half_open and not self._half_open:
            self._cut = condition.state("half_open")  # connections of before; who connects afterwards is well
        if not half_open and not self._is_connection and not condition.stands("half_open"):
            self._cut = None
        self._half_open = half_open
        held = self._held
        if held.hung and not condition.stands("hang"):
            self._release()
        if held.waiting and not (condition.stands("swap") or condition.stands("glue")):
            self._release()
        self._straight = (
            self._instant and self.powered and condition.at_rest and not self._cut and self._sink is not None
            and self._host_settings == self.settings and self.settings.data_bits == 8 and not self._handshake
        )  # fmt: skip
