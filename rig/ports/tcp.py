"""A line on a TCP port. Each connection talks to a protocol of its own, as on an instrument's Ethernet socket."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from rig.clock import PacedClock
from rig.errors import RigFault
from rig.line_condition import LineCondition
from rig.lines import Line

_SLICE_BYTES = 1024
"""Bytes of one connection that are worked through before the others have their turn."""

_LINGER_S = 5.0
"""Wall seconds that a connection stays open after its client has closed its half."""


class Codec(Protocol):
    """What stands between a connection and its line (telnet and RFC 2217)."""

    def receive(self, data: bytes) -> bytes:
        """Bytes for the line out of what the client has sent."""
        ...

    def encode(self, data: bytes) -> bytes:
        """Bytes for the client out of what the line says."""
        ...


class NoSuchInterface(RigFault):
    """The machine does not have the address at which a port is to listen."""


class TcpPort:
    """Listens; each client gets a line of its own from ``make_line``, at most ``most_clients`` at a time.

    Args:
        make_line: makes the line for a connection (protocol state is per connection, the instrument is shared).
        drop: is given the line of a connection that is over.
        host: address to bind to.
        port: port number, 0 for a free one; :attr:`port` tells which after :meth:`start`.
        clock: caught up before bytes are handed over.
        most_clients: a connection too many is closed at once.
        condition: what is wrong with the port: whether it refuses, or is not there at all.
        make_codec: what speaks between a connection and its line; gets the line, and a function that writes to the
            client.
        hangs_up: the box itself holds the connection: without power there is none.
    """

    def __init__(
        self, make_line: Callable[[], Line], drop: Callable[[Line], None], host: str, port: int, clock: PacedClock,
        most_clients: int = 3, condition: LineCondition | None = None,
        make_codec: Callable[[Line, Callable[[bytes], None]], Codec] | None = None, *, hangs_up: bool = True,
    ) -> None:  # fmt: skip
        self.host = host
        self.port = port
        self.drop = drop
        self.make_codec = make_codec
        self.hangs_up = hangs_up
        self._make_line = make_line
        self._clock = clock
        self._most_clients = most_clients
        self._condition = condition
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._connections: set[_Connection] = set()
        self._leaving: set[_Connection] = set()

    async def start(self) -> None:
        """Begin to listen. Raises NoSuchInterface; RigFault if the port is taken."""
        await self._listen()
        if self._condition is not None:
            self._condition.watchers.append(self._look)
            self._look()

    def close(self) -> None:
        """Stop listening and hang up on every client."""
        self._closed = True
        if self._condition is not None and self._look in self._condition.watchers:
            self._condition.watchers.remove(self._look)
        if self._server is not None:
            self._server.close()
        for connection in [*self._connections, *self._leaving]:
            connection.hang_up()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self.host, self.port)
        except OSError as error:
            trouble = f"cannot listen on {self.host}:{self.port}: {error.strerror or error}"
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise NoSuchInterface(trouble) from error
            raise RigFault(trouble) from error
        self.port = self._server.sockets[0].getsockname()[1]
        if self._closed:
            self._server.close()

    def _look(self) -> None:
        """The condition has changed: a port that refuses, or is not there, does not listen."""
        assert self._condition is not None  # it is what called
        away = self._condition.is_so("refuse") or self._condition.unplugged
        if away and self._server is not None:
            self._server.close()
            self._server = None
        elif not away and self._server is None and not self._closed and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen())
            self._task.add_done_callback(self._listening)

    def _listening(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"port {self.port} cannot be opened again", "exception": task.exception()}
            )
        elif not self._closed:
            self._look()

    def _accept(self) -> _Connection:
        return _Connection(self, self._clock)

    def admit(self, connection: _Connection) -> Line | None:
        """Give a new connection its line, or None if there are too many already, or it is refused."""
        if len(self._connections) >= self._most_clients:
            return None
        if self._condition is not None and not self._condition.admits():
            return None
        self._connections.add(connection)
        return self._make_line()

    def let_go(self, connection: _Connection) -> None:
        """Its client has closed: what it is owed is still sent, but its place is free for the next."""
        self._connections.discard(connection)
        self._leaving.add(connection)

    def forget(self, connection: _Connection) -> None:
        """The connection is over."""
        self._connections.discard(connection)
        self._leaving.discard(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, port: TcpPort, clock: PacedClock) -> None:
        self._port = port
        self._clock = clock
        self._line: Line | None = None
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._full = False
        self._codec: Codec | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        line = self._line = self._port.admit(self)
        if line is None or (self._port.hangs_up and not line.powered):
            transport.abort()
            return
        if self._port.hangs_up:
            line.on_power = lambda powered: None if powered else self.hang_up()
        line.on_reset = self.reset
        line.connect(self._send)
        if self._port.make_codec is not None:
            self._codec = self._port.make_codec(line, transport.write)

    def data_received(self, data: bytes) -> None:
        if not self._waiting and not self._full and self._codec is None and len(data) <= _SLICE_BYTES:
            # What nearly every client sends: a request, and nothing behind it.
            if self._line is not None:
                self._clock.hand_over(data, self._line.from_host)
            return
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
        del self._waiting[: len(part)]
        if self._codec is not None:
            part = self._codec.receive(part)
        if part:
            self._clock.hand_over(part, self._line.from_host)
        if self._waiting:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work)
        elif not self._full and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data if self._codec is None else self._codec.encode(data))

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
        """A client that has said all it wants to say still gets its replies; then the box hangs up.

        A device server (RFC 2217) has one line for all its clients, and gives it to the next one at once.
        """
        if not self._port.hangs_up:
            return False
        self._port.let_go(self)
        asyncio.get_running_loop().call_later(_LINGER_S, self.hang_up)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.forget(self)
        if self._line is not None:
            self._line.disconnect()
            self._line.on_reset = self._line.on_power = None
            self._port.drop(self._line)
            self._line = None
        self._transport = None

    def reset(self) -> None:
        """Break the connection so that the client sees a reset, not an end."""
        if self._transport is not None:
            socket_of = self._transport.get_extra_info("socket")
            socket_of.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
