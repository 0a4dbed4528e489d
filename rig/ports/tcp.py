"""A line on a TCP port. Each connection talks to a protocol of its own, as on an instrument's Ethernet socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.lines import Line

_READ_BYTES = 4096


class TcpPort:
    """Listens; each client gets a line of its own from ``make_line``, at most ``most_clients`` at a time.

    Args:
        make_line: makes the line for a connection (protocol state is per connection, the instrument is shared).
        host: address to bind to.
        port: port number, 0 for a free one; :attr:`port` tells which after :meth:`start`.
        clock: caught up before bytes are handed over.
        most_clients: a connection too many is closed at once.
    """

    def __init__(
        self, make_line: Callable[[], Line], host: str, port: int, clock: PacedClock, most_clients: int = 3
    ) -> None:
        self.host = host
        self.port = port
        self._make_line = make_line
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._line = self._port.admit(self)
        if self._line is None:
            transport.close()
            return
        self._line.connect(transport.write)

    def data_received(self, data: bytes) -> None:
        if self._line is not None:
            self._clock.hand_over(data, self._line.from_host)

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.forget(self)
        if self._line is not None:
            self._line.disconnect()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
