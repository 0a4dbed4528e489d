"""A line on a TCP port. Each connection talks to a protocol of its own, as on an instrument's Ethernet socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line

_SLICE_BYTES = 1024
"""Bytes of one connection that are worked through before the others have their turn."""

_LINGER_S = 5.0
"""Wall seconds that a connection stays open after its client has closed its half."""


class TcpPort:
    """Listens; each client gets a line of its own from ``make_line``, at most ``most_clients`` at a time.

    Args:
        make_line: makes the line for a connection (protocol state is per connection, the instrument is shared).
        drop: is given the line of a connection that is over.
        host: address to bind to.
        port: port number, 0 for a free one; :attr:`port` tells which after :meth:`start`.
        clock: caught up before bytes are handed over.
        most_clients: a connection too many is closed at once.
    """

    def __init__(
        self, make_line: Callable[[], Line], drop: Callable[[Line], None], host: str, port: int, clock: PacedClock,
        most_clients: int = 3,
    ) -> None:  # fmt: skip
        self.host = host
        self.port = port
        self._make_line = make_line
        self.drop = drop
        self._clock = clock
        self._most_clients = most_clients
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def start(self) -> None:
        """Begin to listen. Raises RigFault if the port is taken."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self.host, self.port)
        except OSError as error:
            raise RigFault(f"cannot listen on {self.host}:{self.port}: {error.strerror or error}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening and hang up on every client."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.hang_up()

    def _accept(self) -> _Connection:
        return _Connection(self, self._clock)

    def admit(self, connection: _Connection) -> Line | None:
        """Give a new connection its line, or None if there are too many already."""
        if len(self._connections) >= self._most_clients:
            return None
        self._connections.add(connection)
        return self._make_line()

    def forget(self, connection: _Connection) -> None:
        """The connection is over."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, port: TcpPort, clock: PacedClock) -> None:
        self._port = port
        self._clock = clock
        self._line: Line | None = None
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._line = self._port.admit(self)
        if self._line is None or not self._line.powered:
            transport.abort()
            return
        self._line.on_power_cut = self.hang_up
        self._line.connect(self._send)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) == len(data):
            self._work()
        elif self._transport is not None:
            self._transport.pause_reading()

    def _work(self) -> None:
        """Hand over what waits, a slice at a time: one client that pours must not keep the others waiting."""
        if self._line is None or self._transport is None or self._full or not self._waiting:
            return
        part = bytes(self._waiting[:_SLICE_BYTES])
        self._clock.hand_over(part, self._line.from_host)
        del self._waiting[: len(part)]
        if self._waiting:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work)
        elif not self._full and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_writing(self) -> None:
        """The client does not read: it is not listened to either until it does."""
        self._full = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._work()

    def eof_received(self) -> bool:
        """A client that has said all it wants to say still gets its replies; then the box hangs up."""
        asyncio.get_running_loop().call_later(_LINGER_S, self.hang_up)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.forget(self)
        if self._line is not None:
            self._line.disconnect()
            self._port.drop(self._line)
            self._line = None
        self._transport = None

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
