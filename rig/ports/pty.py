"""A line on a pseudo-terminal, with a stable symlink that clients open like a serial port."""

from __future__ import annotations

import asyncio
import errno
import os
import termios
import tty
from pathlib import Path

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line
from rig.ports.serial import server_of

_READ_BYTES = 4096
_SERVED_HERE: dict[Path, str] = {}
"""Links that this process serves at the moment, with their ptys."""


class PtyPort:
    """One line on one pty. The slave side stays open here, so that a client may come and go as on a real port.

    A pty carries no parity, no seven-bit bytes, no break and no modem lines; bytes cross it at once, so the line's own
    timing is what paces them.

    Args:
        line: the line to offer.
        link: where the symlink goes; an old link of ours (pointing to no living pty) is replaced.
        clock: caught up before bytes are handed over, so that they arrive at their instant.
    """

    def __init__(self, line: Line, link: Path, clock: PacedClock) -> None:
        self.line = line
        self.link = link
        self._clock = clock
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)  # else each command is echoed back and CR becomes LF
        os.set_blocking(self._master, False)
        self.device_path = os.ttyname(self._slave)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting = bytearray()
        try:
            self._publish()
        except BaseException:
            os.close(self._master)
            os.close(self._slave)
            raise

    def _publish(self) -> None:
        self.link.parent.mkdir(parents=True, exist_ok=True)
        if self.link.is_symlink():
            # A server that was killed leaves its link, and the system hands its pty's number out again: to this very
            # port, or to somebody's terminal. Only a number that is served still is a port in use.
            target = self.link.readlink()
            if target.parent != Path("/dev/pts"):
                raise FileExistsError(errno.EEXIST, f"a link to {target} is there, which is no port of ours")
            server = server_of(target)
            ours = _SERVED_HERE.get(self.link.absolute()) == str(target)
            if ours or server is not None:
                who = "by this process" if ours else f"by process {server}"
                raise RigFault(f"{self.link} is already a link to {target}, which is served {who}")
            self.link.unlink()
        self.link.symlink_to(self.device_path)
        _SERVED_HERE[self.link.absolute()] = self.device_path

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to serve in ``loop``."""
        self._loop = loop
        self.line.connect(self._write)
        loop.add_reader(self._master, self._readable)

    def close(self) -> None:
        """Stop serving; the client sees its port unplugged."""
        if self._loop is not None:
            self._loop.remove_reader(self._master)
            self._loop.remove_writer(self._master)
        self.line.disconnect()
        _SERVED_HERE.pop(self.link.absolute(), None)
        if self.link.is_symlink() and str(self.link.readlink()) == self.device_path:
            self.link.unlink()
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        self._clock.hand_over(data, self.line.from_host)

    def _write(self, data: bytes) -> None:
        if self._waiting:
            self._waiting += data
            return
        try:
            written = os.write(self._master, data)
        except BlockingIOError:
            written = 0
        if written < len(data):
            # The client does not read: keep what is left until it does, and no more than a device's buffer holds.
            self._waiting += data[written:]
            assert self._loop is not None  # a line is connected in start() only
            self._loop.add_writer(self._master, self._drain)

    def _drain(self) -> None:
        try:
            written = os.write(self._master, self._waiting)
        except BlockingIOError:
            return
        del self._waiting[:written]
        if not self._waiting and self._loop is not None:
            self._loop.remove_writer(self._master)
