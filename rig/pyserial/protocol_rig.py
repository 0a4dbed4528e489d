"""The port class that pyserial finds for ``rig://``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from serial import PortNotOpenError, SerialBase, SerialException

from instruments.protocols.ends import Parity
from rig.bench import Bench
from rig.errors import ConfigurationError
from rig.ports.in_process import InProcessPort, PortGone
from rig.pyserial.benches import give_back, take
from rig.uart import LineSettings

_FOR_EVER_US = 1 << 62
_PARITIES: dict[str, Parity] = {"N": "none", "E": "even", "O": "odd"}


class Serial(SerialBase):
    """One line of a bench in this process as a pyserial port.

    RTS and DTR are kept, and a box with handshake heeds RTS; CTS, DSR and CD are on while the box has power.
    """

    BAUDRATES = tuple(rate for rate in SerialBase.BAUDRATES if rate >= 50)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._bench: Bench | None = None
        self._specification = ""
        self._end: InProcessPort | None = None
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the line. Raises SerialException if there is no such bench or line, or the port is away."""
        if self.is_open:
            raise SerialException("Port is already open.")
        specification, line_name = _parts(str(self.port))
        try:
            bench = take(specification)
        except ConfigurationError as error:
            raise SerialException(f"could not open port {self.port}: {error}") from error
        try:
            line = bench.find_line(line_name)
            if line is None:
                known = ", ".join(bench.line_names())
                raise SerialException(f"could not open port {self.port}: no line {line_name!r}; there are {known}")
            self._end = InProcessPort(bench, line)
        except (PortGone, SerialException) as error:
            give_back(specification, bench)
            if isinstance(error, SerialException):
                raise
            raise SerialException(f"could not open port {self.port}: {error}") from error
        self._bench, self._specification = bench, specification
        self.is_open = True
        self._reconfigure_port()
        self._update_rts_state()

    def close(self) -> None:
        """Hang up; the last port closes the bench."""
        if self._end is not None and self._bench is not None:
            self._end.close()
            give_back(self._specification, self._bench)
        self._end = self._bench = None
        self.is_open = False

    def _port_end(self) -> InProcessPort:
        if self._end is None:
            raise PortNotOpenError
        return self._end

    def _reconfigure_port(self) -> None:
        if self._end is not None:
            parity = _PARITIES.get(self.parity)
            if parity is None or self.bytesize not in (7, 8):
                raise ValueError("the bench's lines have 7 or 8 bits, and parity N, E or O")
            stop_bits = 1 if self.stopbits == 1 else 2
            self._end.line.set_host(LineSettings(int(self.baudrate), int(self.bytesize), parity, stop_bits))

    @property
    def in_waiting(self) -> int:
        """Bytes that have arrived; finding none costs one byte time."""
        try:
            return self._port_end().bytes_waiting()
        except PortGone as error:
            raise SerialException(str(error)) from error

    def read(self, size: int = 1, /) -> bytes:
        """Up to ``size`` bytes within the time-out of the port, in bench time."""
        end = self._port_end()
        wait_us = _FOR_EVER_US if self.timeout is None else round(self.timeout * 1e6)
        try:
            end.wait_for(lambda: len(end.arrived) >= size, wait_us)
        except PortGone as error:
            raise SerialException(str(error)) from error
        return end.take(size)

    def write(self, data: Any, /) -> int:
        """Put bytes on the line; returns when the last bit has left."""
        try:
            return self._port_end().write(bytes(data))
        except PortGone as error:
            raise SerialException(str(error)) from error

    def flush(self) -> None:
        """What was written has left already."""
        self._port_end()

    def reset_input_buffer(self) -> None:
        """Forget what has arrived."""
        self._port_end().discard_arrived()

    def reset_output_buffer(self) -> None:
        """What was written has left already."""
        self._port_end()

    def _update_rts_state(self) -> None:
        if self._end is not None:
            self._end.line.set_ready(ready=bool(self.rts))

    def _update_dtr_state(self) -> None:
        self._port_end()

    def _update_break_state(self) -> None:
        if self._end is not None and self.break_condition:
            self.write(b"\0")  # a receiver sees a break as a character of zeros without a stop bit

    @property
    def cts(self) -> bool:
        """Clear to send: on while the box has power."""
        return self._port_end().line.powered

    @property
    def dsr(self) -> bool:
        """Data set ready: on while the box has power."""
        return self._port_end().line.powered

    @property
    def ri(self) -> bool:
        """Ring indicator: never."""
        self._port_end()
        return False

    @property
    def cd(self) -> bool:
        """Carrier detect: on while the box has power."""
        return self._port_end().line.powered


def _parts(url: str) -> tuple[str, str]:
    """Bench specification and line name of ``rig://bench/line?seed=7``. Raises SerialException."""
    parts = urlsplit(url)
    bench, _, line = f"{parts.netloc}{parts.path}".rpartition("/")
    if parts.scheme != "rig" or not bench or not line:
        raise SerialException(f'expected "rig://<bench>/<line>[?seed=<n>]", not {url!r}')
    return bench + (f"?{parts.query}" if parts.query else ""), line
