"""A pty or TCP port that stands for a device which is not a model: a recording, or a real one elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from instruments.protocols.ends import DeviceEnd
from rig.clock import PacedClock
from rig.errors import ConfigurationError
from rig.lines import Line, LineTiming
from rig.ports.pty import PtyPort
from rig.ports.tcp import TcpPort


@dataclass(frozen=True, slots=True)
class Target:
    """Where software connects: a link to a pty, or a TCP port."""

    link: Path | None
    host: str = "127.0.0.1"
    port: int = 0


def parse_target(text: str) -> Target:
    """``PATH`` or ``pty:PATH``, ``tcp:PORT`` or ``tcp:HOST:PORT``. Raises ConfigurationError."""
    kind, _, rest = text.partition(":")
    if kind != "tcp":
        path = Path(rest if kind == "pty" and rest else text).absolute()
        if not path.parent.is_dir():
            raise ConfigurationError("--listen", "", "a path in a folder that exists, or tcp:PORT", repr(text))
        return Target(path)
    host, _, number = rest.rpartition(":")
    if not number.isdigit() or int(number) > 65535:
        raise ConfigurationError("--listen", "", "tcp:PORT or tcp:HOST:PORT", repr(text))
    return Target(None, host or "127.0.0.1", int(number))


class Listening:
    """One port and the lines of its clients, in the running loop.

    Args:
        target: where.
        clock: the wall clock in this loop.
        make_end: makes the device's end of a client's line.
    """

    def __init__(self, target: Target, clock: PacedClock, make_end: Callable[[], DeviceEnd]) -> None:
        self._target, self._clock, self._make_end = target, clock, make_end
        self.lines: list[Line] = []
        self._port: PtyPort | TcpPort | None = None

    async def start(self) -> str:
        """Open the port; return its address. Raises RigFault if it is taken, OSError if a link cannot be made."""
        if self._target.link is not None:
            pty = PtyPort(self._line(), self._target.link, self._clock)
            pty.start(asyncio.get_running_loop())
            self._port = pty
            return str(self._target.link)
        tcp = TcpPort(self._line, self.lines.remove, self._target.host, self._target.port, self._clock)
        await tcp.start()
        self._port = tcp
        return f"{tcp.host}:{tcp.port}"

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            self._port.close()

    def _line(self) -> Line:
        line = Line("device", self._clock, self._make_end(), LineTiming(baud=0))
        self.lines.append(line)
        return line
