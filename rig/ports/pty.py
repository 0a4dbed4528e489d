"""A line on a pseudo-terminal, with a stable symlink that clients open like a serial port."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import socket
import struct
import termios
import tty
from pathlib import Path

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line

_READ_BYTES = 4096


class PtyPort:
    """One line on one pty. The slave side stays open here, so that a client may come and go as on a real port.

    A pty carries no parity, no seven-bit bytes, no break and no modem lines; bytes cross it at once, so the line's own
    timing is what paces them.

    Args:
        line: the line to offer.
        link: where the symlink goes; one that a server left behind when it was killed is replaced.
        clock: caught up before bytes are handed over, so that they arrive at their instant.

    Raises:
        RigFault: the link is served at the moment. FileExistsError: a file, or a link to elsewhere, is in its place.
    """

    def __init__(self, line: Line, link: Path, clock: PacedClock) -> None:
        self.line = line
        self.link = link
        self._clock = clock
        self._claim = _claim(link)
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
            self._claim.close()
            raise

    def _publish(self) -> None:
        self.link.parent.mkdir(parents=True, exist_ok=True)
        if self.link.is_symlink():
            target = self.link.readlink()
            if target.parent != Path("/dev/pts"):
                raise FileExistsError(errno.EEXIST, f"a link to {target} is there, which is no port of ours")
            self.link.unlink()
        self.link.symlink_to(self.device_path)

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
        if self.link.is_symlink() and str(self.link.readlink()) == self.device_path:
            self.link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._claim.close()

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


def _claim(link: Path) -> socket.socket:
    """A socket that says, as long as this process lives, that ``link`` is in use. Raises RigFault if it is already.

    The link itself cannot tell: a server that was killed leaves it, and the system hands the number of its pty out
    again, to another server or to somebody's terminal. A name in the abstract socket space ends with its process.
    """
    place = Path(os.path.realpath(link.parent)) / link.name
    name = "\0air-station-rig/" + hashlib.sha256(os.fsencode(place)).hexdigest()
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(name)
        claim.listen(1)
    except OSError as error:
        claim.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise RigFault(f"{link} is already a link to a port that process {_owner(name)} serves") from None
    return claim


def _owner(name: str) -> int | str:
    """Process id of whoever holds the claim ``name``."""
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(name)
        except OSError:  # it ended meanwhile
            return "?"
        peer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process: int = struct.unpack("3i", peer)[0]
    return process
