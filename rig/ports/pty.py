"""A line on a pseudo-terminal, with a stable symlink that clients open like a serial port."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import select
import socket
import struct
import termios
import tty
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line
from rig.ports.descriptor import DescriptorEnd

_TOLD = select.EPOLLIN | select.EPOLLET


class PtyPort(DescriptorEnd):
    """One line on one pty. Clients come and go as on a real port; what is said while none has it open is lost.

    So is what a client has left unread when it closes: the next one begins with an empty buffer.

    A pty carries no parity, no seven-bit bytes, no break and no modem lines; bytes cross it at once, so the line's own
    timing is what paces them. The rate that a client sets can be seen: where bytes take their time, a wrong one gives
    garbage. An adapter that is unplugged takes the link with it, and comes back as another node behind the same link.

    Args:
        line: the line to offer.
        link: where the symlink goes; one that a server left behind when it was killed is replaced.
        clock: caught up before bytes are handed over, so that they arrive at their instant.

    Raises:
        RigFault: the link is served at the moment. FileExistsError: a file, or a link to elsewhere, is in its place.
    """

    def __init__(self, line: Line, link: Path, clock: PacedClock) -> None:
        super().__init__(line, clock)
        self.link = link
        self.device_path = ""
        self._master: int | None = None
        # A master whose slave nobody has open reads "hang-up" all the time. Told of changes only (edge-triggered), the
        # loop sleeps through it; from the first bytes of a client to the hang-up after it the master itself is awaited.
        self._changes = select.epoll()
        self._hang_up = select.poll()
        self._in_talk = False
        self._was_open = False
        self._claim = _claim(link)
        self._speed: int | None = None
        try:
            self._plug_in()
        except BaseException:
            self._unplug()
            self._changes.close()
            self._claim.close()
            raise

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to serve in ``loop``."""
        self._loop = loop
        self.line.on_reset = self._reset
        self.line.before_speaking = self.before_bytes
        self.line.condition.watchers.append(self._look)
        self._serve()
        self._look()

    def close(self) -> None:
        """Stop serving; the client sees its port unplugged."""
        if self.line.on_reset is not None:
            self.line.on_reset = self.line.before_speaking = None
            self.line.condition.watchers.remove(self._look)
        self._unplug()
        self.line.disconnect()
        self._changes.close()
        self._claim.close()

    def awaited(self, descriptor: int) -> int:
        """Changes of the master."""
        return self._changes.fileno()

    def told(self) -> None:
        """A change has been seen: the next one is awaited."""
        if not self._in_talk:
            self._changes.poll(0)

    def heard(self) -> None:
        """A client talks: until it hangs up, the master is readable when it has bytes, and at no other time."""
        if not self._in_talk:
            self._in_talk = self._was_open = True
            self.watch(self._master)

    def is_open(self) -> bool:
        """Whether a client has the port open."""
        if self._in_talk:
            return True  # the loop tells of the hang-up, and what was written meanwhile is thrown away then
        now_open = not any(events & select.POLLHUP for _, events in self._hang_up.poll(0))
        self._was_open |= now_open
        return now_open

    def lost(self) -> None:
        """The last client has closed the port: what it has not read is lost."""
        if self._master is None:
            return
        if self._in_talk:
            self._in_talk = False
            self.watch(self.awaited(self._master))
            self._changes.modify(self._master, _TOLD)
        if self._was_open and not self.is_open():
            self._was_open = False  # the look at the buffer below opens and closes the port too
            with suppress(OSError):
                slave = os.open(self.device_path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
                termios.tcflush(slave, termios.TCIFLUSH)
                os.close(slave)

    def before_bytes(self) -> None:
        """Tell the line which rate the client has set, where bytes take their time."""
        if not self.line.timing.baud or self._master is None:
            return
        speed = termios.tcgetattr(self._master)[5]
        if speed != self._speed:
            self._speed = speed
            own = self.line.settings
            self.line.set_host(replace(own, baud=_RATES.get(speed, own.baud)))

    def _plug_in(self) -> None:
        """A new node, other than the one before, with the device's own rate: who sets none has the right one."""
        before = self.device_path
        master, slave = os.openpty()
        if os.ttyname(slave) == before:
            spare = master, slave
            master, slave = os.openpty()
            for end in spare:
                os.close(end)
        self._master = master
        tty.setraw(slave, termios.TCSANOW)  # else each command is echoed back and CR becomes LF
        speed = _SPEEDS.get(self.line.settings.baud)
        if speed is not None:
            attributes = termios.tcgetattr(slave)
            attributes[4] = attributes[5] = speed
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
        os.set_blocking(master, False)
        self.device_path = os.ttyname(slave)
        os.close(slave)
        self._in_talk = self._was_open = False
        self._changes.register(master, _TOLD)
        self._hang_up.register(master, select.POLLIN)
        self._publish()

    def _unplug(self) -> None:
        self.detach()
        self._withdraw()
        if self._master is not None:
            self._changes.unregister(self._master)
            self._hang_up.unregister(self._master)
            os.close(self._master)
        self._master = None

    def _serve(self) -> None:
        if self._master is not None and self._loop is not None:
            self.attach(self._master, self._loop)

    def _publish(self) -> None:
        self.link.parent.mkdir(parents=True, exist_ok=True)
        if self.link.is_symlink():
            target = self.link.readlink()
            if target.parent != Path("/dev/pts"):
                raise FileExistsError(errno.EEXIST, f"a link to {target} is there, which is no port of ours")
            self.link.unlink()
        self.link.symlink_to(self.device_path)

    def _withdraw(self) -> None:
        if self.link.is_symlink() and str(self.link.readlink()) == self.device_path:
            self.link.unlink()

    def _reset(self) -> None:
        """The adapter re-enumerates: its client reads that the port is gone. It comes back when it is there again."""
        if self._master is not None:
            self._unplug()
            if self._loop is not None:
                self._loop.call_soon(self._look)

    def _look(self) -> None:
        """The condition of the port has changed: is the adapter there, can its link be opened?"""
        condition = self.line.condition
        if self.line.on_reset is None:
            return  # closed
        if self._master is None and not condition.unplugged:
            self._plug_in()
            self._serve()
        if self._master is not None:
            if condition.is_so("refuse"):
                self._withdraw()
            elif not self.link.is_symlink():
                self._publish()


_SPEEDS = {
    int(name[1:]): getattr(termios, name) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()
}
_RATES = {speed: baud for baud, speed in _SPEEDS.items()}


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
