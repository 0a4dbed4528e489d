"""The host's end of a line in the same process, on virtual time: waiting for bytes is what moves the bench's clock."""

from __future__ import annotations

from collections.abc import Callable

from rig.bench import Bench
from rig.clock import VirtualClock
from rig.lines import Line


class PortGone(OSError):
    """The port is not there: unplugged, refused, or lost since it was opened."""


class InProcessPort:
    """What has arrived on one line, and how to wait for more.

    Args:
        bench: a bench on virtual time.
        line: one of its lines.

    Raises:
        PortGone: the port is unplugged, or refuses.
    """

    def __init__(self, bench: Bench, line: Line) -> None:
        self._clock: VirtualClock = bench.virtual_clock
        self.line = line
        self.arrived = bytearray()
        self._gone = False
        if line in bench.shared_lines.values() and line.heard:
            raise PortGone(f"{line.name}: several boxes share the line, and it is open already")
        if line.condition.is_so("refuse") or not line.condition.admits():
            raise PortGone(f"{line.name}: the port is not there")
        line.set_host(line.settings)
        line.on_reset = self._lose
        line.connect(self.arrived.extend)

    def close(self) -> None:
        """Hang up."""
        self.line.on_reset = None
        self.line.disconnect()

    def _lose(self) -> None:
        self._gone = True

    def check(self) -> None:
        """Raise PortGone if the port is there no more. It comes back to who opens it again."""
        if self._gone:
            raise PortGone(f"{self.line.name}: the port has gone")

    def write(self, data: bytes) -> int:
        """Put ``data`` on the line. The call returns when the last bit has left, as a blocking write does."""
        self.check()
        self.line.from_host(data)
        if self.line.timing.baud:
            self._clock.wait(round(len(data) * self.line.timing.byte_us))
        return len(data)

    def wait_for(self, ready: Callable[[], bool], timeout_us: int) -> bool:
        """Let time pass until ``ready()`` holds, at most ``timeout_us``. Return whether it held. Raises PortGone."""
        held = self._clock.run_until(lambda: self._gone or ready(), self._clock.now_us + timeout_us)
        if not ready():
            self.check()
        return held and ready()

    def bytes_waiting(self) -> int:
        """Bytes in the buffer. A look that finds none costs one byte time, so no polling loop can hang the clock."""
        if not self.arrived:
            self.check()
            self._clock.wait(max(1, round(self.line.timing.byte_us)))
        return len(self.arrived)

    def take(self, count: int) -> bytes:
        """Take up to ``count`` bytes out of the buffer."""
        taken = bytes(self.arrived[:count])
        del self.arrived[: len(taken)]
        return taken

    def discard_arrived(self) -> None:
        """Empty the receive buffer."""
        self.arrived.clear()
