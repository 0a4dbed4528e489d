"""The emulated instrument on a real serial port: the far end of a null-modem cable, or of a socat pair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line
from rig.ports.descriptor import DescriptorEnd
from rig.ports.serial import check_port_is_free

if TYPE_CHECKING:
    import serial

_AGAIN_S = 1.0
"""How often a port that has gone is looked for, seconds of wall time."""


class RealPort(DescriptorEnd):
    """One line on a serial device of this computer. Its UART paces the bytes, so the line does not.

    A device that goes (an adapter that is pulled out) is opened again when it is back. A fault that unplugs the box
    closes the port; who is at the other end of the cable hears nothing.

    Args:
        line: the line to offer; its settings are those of the port.
        device: path of the serial device.
        clock: caught up before bytes are handed over.

    Raises:
        RigFault: there is no such port, or somebody holds it.
    """

    def __init__(self, line: Line, device: str, clock: PacedClock) -> None:
        super().__init__(line, clock)
        self.device = device
        self._open: serial.Serial | None = None
        self._again: asyncio.TimerHandle | None = None
        self._closed = False
        check_port_is_free(device)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to serve in ``loop``. Raises RigFault if the port cannot be opened."""
        self._loop = loop
        self._plug_in()
        self.line.condition.watchers.append(self._look)
        self._look()

    def close(self) -> None:
        """Let the port go."""
        self._closed = True
        if self._look in self.line.condition.watchers:
            self.line.condition.watchers.remove(self._look)
        if self._again is not None:
            self._again.cancel()
        self._unplug()
        self.line.disconnect()

    def lost(self) -> None:
        """The device has gone: look for it until it is back."""
        self._unplug()
        self._try_again()

    def _plug_in(self) -> None:
        import serial  # heavy, and only needed for such a port

        own = self.line.settings
        assert self._loop is not None  # start() sets it
        try:
            port = serial.Serial(self.device, own.baud, own.data_bits, own.parity[0].upper(), own.stop_bits,
                                 timeout=0, exclusive=True)  # fmt: skip
        except (serial.SerialException, ValueError, OSError) as error:
            raise RigFault(f"{self.device}: the port cannot be opened as {own}: {error}") from error
        self._open = port
        self.attach(port.fileno(), self._loop)

    def _unplug(self) -> None:
        self.detach()
        if self._open is not None:
            self._open.close()
            self._open = None

    def _look(self) -> None:
        if self.line.condition.unplugged:
            self._unplug()
        elif self._open is None and self._again is None and not self._closed:
            self._reopen()

    def _reopen(self) -> None:
        self._again = None
        if self._closed or self._open is not None or self.line.condition.unplugged:
            return
        try:
            self._plug_in()
        except RigFault:
            self._try_again()

    def _try_again(self) -> None:
        if self._loop is not None and self._again is None and not self._closed:
            self._again = self._loop.call_later(_AGAIN_S, self._reopen)
