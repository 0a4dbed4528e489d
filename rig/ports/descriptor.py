"""A line on a file descriptor: what a pty's master and a real serial port have in common."""

from __future__ import annotations

import asyncio
import os

from rig.clock import PacedClock
from rig.lines import Line

_READ_BYTES = 4096
_KEPT_BYTES = 65536
"""Bytes that wait for a client that does not read; what comes beyond is lost, as in a full driver."""


class DescriptorEnd:
    """Moves bytes between ``line`` and a descriptor that may come and go.

    Args:
        line: the line to offer.
        clock: caught up before bytes are handed over, so that they arrive at their instant.
    """

    def __init__(self, line: Line, clock: PacedClock) -> None:
        self.line = line
        self._clock = clock
        self._descriptor: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched: int | None = None
        self._waiting = bytearray()

    def attach(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        """Serve on ``descriptor``, which does not block, in ``loop``."""
        self._descriptor, self._loop = descriptor, loop
        self._waiting.clear()
        self.line.connect(self._write)
        self.watch(self.awaited(descriptor))

    def detach(self) -> None:
        """Let go of the descriptor, which stays open."""
        if self._descriptor is None or self._loop is None:
            return
        self.watch(None)
        self._loop.remove_writer(self._descriptor)
        self._descriptor = None
        self.line.disconnect()

    def watch(self, descriptor: int | None) -> None:
        """Read when ``descriptor`` becomes readable, and no longer when the one before it does."""
        assert self._loop is not None  # attach() sets it
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
        self._watched = descriptor
        if descriptor is not None:
            self._loop.add_reader(descriptor, self._readable)

    def awaited(self, descriptor: int) -> int:
        """What becomes readable when bytes have come on ``descriptor``: itself, mostly."""
        return descriptor

    def told(self) -> None:
        """Called when something has come on the descriptor, before it is read."""
        return

    def heard(self) -> None:
        """Called when bytes have been taken from the descriptor."""
        return

    def is_open(self) -> bool:
        """Whether somebody has the other end open; what is said to nobody is lost, as on a port that is closed."""
        return True

    def before_bytes(self) -> None:
        """Called when bytes have come, before they reach the line."""
        return

    def lost(self) -> None:
        """The descriptor has gone bad."""
        self.detach()

    def _readable(self) -> None:
        assert self._descriptor is not None  # there is no reader otherwise
        self.told()
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.lost()
            return
        self.heard()
        self.before_bytes()
        self._clock.hand_over(data, self.line.from_host)

    def _write(self, data: bytes) -> None:
        if self._descriptor is None or self._loop is None or not self.is_open():
            return
        if self._waiting:
            self._waiting += data[: max(0, _KEPT_BYTES - len(self._waiting))]
            return
        try:
            written = os.write(self._descriptor, data)
        except BlockingIOError:
            written = 0
        except OSError:
            self.lost()
            return
        if written < len(data):
            # The client does not read: keep what is left until it does, and no more than a device's buffer holds.
            self._waiting += data[written:]
            self._loop.add_writer(self._descriptor, self._drain)

    def _drain(self) -> None:
        assert self._descriptor is not None  # there is no writer otherwise
        assert self._loop is not None
        if not self.is_open():
            self._waiting.clear()
            self._loop.remove_writer(self._descriptor)
            return
        try:
            written = os.write(self._descriptor, self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self.lost()
            return
        del self._waiting[:written]
        if not self._waiting:
            self._loop.remove_writer(self._descriptor)
