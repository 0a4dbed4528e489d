"""Lines: bytes between a host and a protocol, at the line's own pace, with what a line does wrong.

A line knows neither the instrument nor the port. Its device end is a sans-I/O protocol; its host end is whatever the
port gives it (a pty, a TCP connection, a VISA session).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.protocols.ends import DeviceEnd
from rig.clock import Clock

INPUT_BUFFER_BYTES = 4096
"""Bytes on their way to the device that a line holds, as the buffer of a serial driver."""

UART_FIFO_BYTES = 14
"""A 16550 UART hands its bytes over in groups of 14 (its usual receive trigger), so a line delivers in such groups."""


@dataclass(frozen=True, slots=True)
class LineTiming:
    """How long bytes and replies take.

    Attributes:
        baud: line rate; 0 means that bytes take no time (TCP, or a benchmark).
        bits_per_byte: start, data, parity and stop bits together.
        reply_delay_us: time that the device thinks before it answers.
    """

    baud: int = 9600
    bits_per_byte: int = 10
    reply_delay_us: int = 0

    @property
    def byte_us(self) -> float:
        """Microseconds that one byte takes."""
        return self.bits_per_byte * 1e6 / self.baud if self.baud else 0.0


class LineCondition:
    """What is wrong with a line at the moment. Faults switch it; a healthy line has all at rest."""

    def __init__(self) -> None:
        self.silent = False
        self.delay_us = 0
        self.stale = False
        self._previous_reply = b""

    @property
    def at_rest(self) -> bool:
        """Whether the line does what a line should."""
        return not (self.silent or self.delay_us or self.stale)

    def pass_reply(self, reply: bytes) -> tuple[int, bytes]:
        """Return extra delay and the bytes that leave instead of ``reply``; no bytes mean that nothing leaves.

        A stale line answers each request with the reply to the one before it, as a device does whose output buffer
        is a message behind.
        """
        sent = reply
        if self.stale:
            sent = self._previous_reply
        self._previous_reply = reply
        if self.silent:
            sent = b""
        return self.delay_us, sent


class Line:
    """One line from a host to one protocol of one instrument.

    Args:
        name: ``device/port``, for messages.
        clock: the bench's clock.
        device_end: the protocol.
        timing: pace of bytes and replies.
    """

    def __init__(self, name: str, clock: Clock, device_end: DeviceEnd, timing: LineTiming) -> None:
        self.name = name
        self.device_end = device_end
        self.timing = timing
        self.condition = LineCondition()
        self.powered = True
        self.on_power_cut: Callable[[], None] | None = None
        self._clock = clock
        self._sink: Callable[[bytes], None] | None = None
        self._to_device_free_us = 0.0
        self._to_host_free_us = 0.0
        self._instant = timing.baud == 0 and timing.reply_delay_us == 0
        self._session = 0
        # Most boxes speak only when they are spoken to; those need no look at the clock.
        self._speaks = type(device_end).next_output_us is not DeviceEnd.next_output_us
        self._speaks_at: int | None = None
        self._listen()

    def switch(self, *, powered: bool) -> None:
        """Power comes or goes; whoever is connected over a network loses the connection with it."""
        self.powered = powered
        if not powered:
            self.device_end.power_cycled()
            self._to_device_free_us = self._to_host_free_us = 0.0
            if self.on_power_cut is not None:
                self.on_power_cut()
        self._listen()

    def connect(self, sink: Callable[[bytes], None]) -> None:
        """Give everything that comes from the device to ``sink`` from now on."""
        self._sink = sink
        self._session += 1

    def disconnect(self) -> None:
        """Nobody listens any more; bytes on their way to the host are lost."""
        self._sink = None
        self._session += 1

    def from_host(self, data: bytes) -> None:
        """Bytes that the host has put on the line now."""
        if self._instant:
            if self.powered and self.condition.at_rest and self._sink is not None:
                # Nothing delays and nothing spoils: the shortest way there and back.
                for reply in self.device_end.receive(data):
                    if self._sink is not None:
                        self._sink(reply)
                self._listen()
                return
            self._reach_device(data)
            return
        now = self._clock.now_us
        start = max(float(now), self._to_device_free_us)
        byte_us = self.timing.byte_us
        if byte_us:
            # What a host pours in faster than the line carries is lost once the device's buffer is full.
            data = data[: max(0, INPUT_BUFFER_BYTES - int((start - now) / byte_us))]
        self._to_device_free_us = start + len(data) * byte_us
        self._clock.after(round(self._to_device_free_us) - now, lambda: self._reach_device(data))

    def _reach_device(self, data: bytes) -> None:
        if not self.powered:
            return
        self._pass_on(self.device_end.receive(data))
        self._listen()

    def _listen(self) -> None:
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
        if self.powered:
            self._pass_on(self.device_end.output())
            self._listen()

    def from_device(self, data: bytes) -> None:
        """Bytes that a device elsewhere, for which this line stands in, has said now."""
        if self.powered:
            self._pass_on([data])

    def _pass_on(self, replies: list[bytes]) -> None:
        if not replies:
            return
        if self._instant and self.condition.at_rest:
            for reply in replies:
                self._reach_host(reply)
            return
        for reply in replies:
            extra_us, sent = self.condition.pass_reply(reply)
            if sent:
                self._send(sent, extra_us)

    def _send(self, reply: bytes, extra_us: int) -> None:
        now = self._clock.now_us
        byte_us = self.timing.byte_us
        start = max(float(now + self.timing.reply_delay_us + extra_us), self._to_host_free_us)
        self._to_host_free_us = start + len(reply) * byte_us
        session = self._session
        for first in range(0, len(reply), UART_FIFO_BYTES):
            group = reply[first : first + UART_FIFO_BYTES]
            arrives = round(start + (first + len(group)) * byte_us)
            self._clock.after(arrives - now, lambda group=group: self._arrive(group, session))  # type: ignore[misc]

    def _arrive(self, group: bytes, session: int) -> None:
        # Bytes that were on the line when the host hung up do not reach the next host.
        if session == self._session:
            self._reach_host(group)

    def _reach_host(self, data: bytes) -> None:
        if self._sink is not None and self.powered:
            self._sink(data)
