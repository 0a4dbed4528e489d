"""Between software and a real device: passes on every byte both ways, and writes it down with its time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from instruments.protocols.ends import DeviceEnd
from rig.clock import PacedClock
from rig.conversation.file import Piece, Side, head_line, piece_line
from rig.conversation.listening import Listening, Target
from rig.errors import RigFault

_LOOK_S = 0.05
"""How long a read of the real port waits before it looks whether to stop, wall seconds."""


class _Relay(DeviceEnd):
    """The device's end of a client's line: what comes goes on to the real device."""

    def __init__(self, pass_on: Callable[[bytes], None]) -> None:
        self._pass_on = pass_on

    def receive(self, data: bytes) -> list[bytes]:
        self._pass_on(data)
        return []


class Recorder:
    """Records until stopped.

    Args:
        device: the real port, open, with a short time-out (a pyserial object).
        name: its name, for the file's first line.
        baud: its rate.
        target: where software connects.
        file: where the conversation goes; each piece is on disk before the next is passed on.
    """

    def __init__(self, device: Any, name: str, baud: int, target: Target, file: Path) -> None:
        self._device, self._target, self._path = device, target, file
        self._head = head_line(name, baud, datetime.now(UTC).isoformat(timespec="seconds"))
        self._file: TextIO | None = None
        self._first_us: int | None = None
        self._stop = threading.Event()
        self.pieces = 0

    async def run(self, ready: Callable[[str], None]) -> None:
        """Pass on and write until cancelled.

        Args:
            ready: is told the address when software can connect.

        Raises:
            RigFault: the real port has failed, or the listening one is taken.
        """
        loop = asyncio.get_running_loop()
        clock = PacedClock()
        listening = Listening(self._target, clock, lambda: _Relay(self._from_host))
        failed: asyncio.Future[None] = loop.create_future()
        with self._path.open("w", encoding="utf-8") as self._file:
            self._file.write(self._head)
            clock.start(loop)
            reader = threading.Thread(target=self._read, args=(loop, listening, failed), daemon=True)
            try:
                address = await listening.start()
                reader.start()
                ready(address)
                await failed
            finally:
                self._stop.set()
                listening.close()
                clock.stop()
                if reader.ident is not None:
                    reader.join()

    def _from_host(self, data: bytes) -> None:
        self._note("host", data, time.monotonic_ns() // 1000)
        self._device.write(data)

    def _from_device(self, data: bytes, at_us: int, listening: Listening) -> None:
        self._note("device", data, at_us)
        for line in list(listening.lines):
            line.from_device(data)

    def _note(self, side: Side, data: bytes, at_us: int) -> None:
        if self._first_us is None:
            self._first_us = at_us
        assert self._file is not None  # open while anything runs
        self._file.write(piece_line(Piece(at_us - self._first_us, side, data)))
        self._file.flush()
        self.pieces += 1

    def _read(self, loop: asyncio.AbstractEventLoop, listening: Listening, failed: asyncio.Future[None]) -> None:
        """Read the real port, in a thread of its own: not every pyserial port can be waited for in a loop."""
        self._device.timeout = _LOOK_S
        while not self._stop.is_set():
            try:
                data = self._device.read(1)
                if data:
                    at_us = time.monotonic_ns() // 1000
                    data += self._device.read(self._device.in_waiting)
            except (OSError, TypeError) as error:  # TypeError: pyserial's, of a port that was closed meanwhile
                loop.call_soon_threadsafe(_fail, failed, RigFault(f"the device's port failed: {error}"))
                return
            if data:
                loop.call_soon_threadsafe(self._from_device, data, at_us, listening)


def _fail(waited_for: asyncio.Future[None], trouble: RigFault) -> None:
    if not waited_for.done():
        waited_for.set_exception(trouble)
