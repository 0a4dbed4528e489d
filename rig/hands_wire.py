"""Hands at a bench of another process: what a person would do and see there, over a loopback port of ``rig serve``.

One JSON object a line, one answer a line, in order. Two verbs, no more::

    {"verb": "do", "device": "flow_meter", "setting": "connected_to", "value": "so2.sample"}    -> {"done": true}
    {"verb": "see", "device": "flow_meter", "quantity": "volumetric_flow"}                      -> {"value": 0.498}

What cannot be done or seen is ``{"error": "...", "device": "flow_meter"}``. Anything else than these two is
answered by an error, and the port hangs up. It stands where a person stands, not where station software does: a host
that uses it instead of a device's own port would test nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from instruments.device import Value
from rig.bench import Bench
from rig.clock import PacedClock
from rig.errors import RigFault
from rig.operators import Hands, do_at, see_at
from rig.prompts import Deed

LOOPBACK = "127.0.0.1"
"""The one address that the port binds to: hands reach no farther than this machine."""

_LONGEST = 65_536
"""Bytes of a request, beyond which nobody means one of the two."""

_ANSWER_S = 30.0
"""Wall seconds within which a bench that lives has answered, however fast it runs."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str


class _Do(_Request):
    verb: Literal["do"]
    setting: str
    value: float | int | str | bool | tuple[str, ...]


class _See(_Request):
    verb: Literal["see"]
    quantity: str


_REQUEST: TypeAdapter[_Do | _See] = TypeAdapter(Annotated[_Do | _See, Field(discriminator="verb")])


class HandsPort:
    """Listens on the loopback for :class:`FarHands`, in the loop of a paced bench.

    Args:
        bench: what the hands reach.
        clock: its clock, caught up before anything is done.
    """

    def __init__(self, bench: Bench, clock: PacedClock) -> None:
        self._bench = bench
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._open: set[_Caller] = set()

    async def start(self) -> str:
        """Begin to listen on a free port; return ``host:port``."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(self), LOOPBACK, 0)
        return f"{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Hang up, and listen no more."""
        if self._server is not None:
            self._server.close()
        for caller in list(self._open):
            caller.hang_up()

    def attend(self, caller: _Caller) -> None:
        """A connection has been made."""
        self._open.add(caller)

    def forget(self, caller: _Caller) -> None:
        """A connection is over."""
        self._open.discard(caller)

    def answer(self, line: bytes) -> tuple[dict[str, Any], bool]:
        """What is answered to a request, and whether it was one."""
        try:
            request = _REQUEST.validate_json(line)
        except ValidationError:
            expected = '{"verb": "do", "device", "setting", "value"} or {"verb": "see", "device", "quantity"}'
            return {"error": f"expected {expected}, found {line[:80]!r}", "device": None}, False
        self._clock.catch_up()
        try:
            if isinstance(request, _Do):
                do_at(self._bench, Deed(request.device, request.setting, request.value))
                return {"done": True}, True
            return {"value": see_at(self._bench, request.device, request.quantity)}, True
        except RigFault as fault:
            return {"error": str(fault), "device": fault.device}, True


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, port: HandsPort) -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of another class
        self._port.attend(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._port.forget(self)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._waiting += data
        while b"\n" in self._waiting:
            line, _, self._waiting = self._waiting.partition(b"\n")
            answer, understood = self._port.answer(line)
            self._transport.write(json.dumps(answer).encode() + b"\n")
            if not understood:
                self._transport.close()
                return
        if len(self._waiting) > _LONGEST:
            self._transport.abort()

    def hang_up(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()


class FarHands(Hands):
    """Hands at a bench that another process serves.

    Args:
        address: ``host:port``, ``bench.hands`` of its endpoints file.

    Raises:
        RigFault: nobody listens there.
    """

    def __init__(self, address: str) -> None:
        super().__init__(None)
        host, _, port = address.rpartition(":")
        self._address = address
        try:
            self._socket = socket.create_connection((host, int(port)), _ANSWER_S)
        except (OSError, ValueError) as error:
            raise RigFault(f"no hands at {address}: {error}") from error
        self._answers = self._socket.makefile("rb")

    def carry_out(self, deed: Deed) -> None:
        """Do one thing. Raises RigFault: it cannot be done, or the bench has gone."""
        self._ask({"verb": "do", "device": deed.device, "setting": deed.setting, "value": deed.value})

    def look(self, device: str, quantity: str) -> Value:
        """What is to be seen there now. Raises RigFault: nothing of that name, or the bench has gone."""
        value: Value | list[str] = self._ask({"verb": "see", "device": device, "quantity": quantity})["value"]
        return tuple(value) if isinstance(value, list) else value

    def close(self) -> None:
        """Let go."""
        self._answers.close()
        self._socket.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            line = self._answers.readline()
        except OSError as error:
            raise RigFault(f"the hands at {self._address} do not answer: {error}") from error
        if not line:
            raise RigFault(f"the hands at {self._address} do not answer: the bench has gone")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RigFault(answer["error"], answer.get("device"))
        return answer
