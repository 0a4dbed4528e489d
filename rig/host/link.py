"""One request, one reply, over a PyVISA resource, with one honest retry."""

from __future__ import annotations

import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from pyvisa import constants
from pyvisa.errors import VisaIOError
from pyvisa.resources import MessageBasedResource

from instruments.errors import Refused
from instruments.protocols.ends import HostEnd
from rig.errors import BadReply, DeviceTimeout, RigError, RigFault

Result = TypeVar("Result")

_ATTEMPTS = 2
_QUIET_S = 0.05
_GLANCE_S = 0.001
"""What is there already is found in no time."""
_LATE = 2
"""Time-outs after which a reply that is owed is taken to be lost, where it could be taken for another's."""
_LATE_READS = 4
_MOST_READS = 10_000


class Link(Protocol):
    """A device with its host protocol, however it is reached."""

    device: str
    retries: int

    @property
    def protocol(self) -> HostEnd:
        """The host side of its protocol."""
        ...

    def ask(self, text: str, understand: Callable[[Any], Result]) -> Result:
        """Send a request and return what ``understand`` makes of the reply. Raises RigError, Refused."""
        ...

    def close(self) -> None:
        """Let the port go."""
        ...


class VisaLink:
    """A device's resource with its host protocol.

    What has come before a request is emptied out of the buffers, and a time-out or a reply that is none is tried once
    more; so a late reply is not taken for the answer to the next request. Where replies do not tell what they answer, a
    reply that is owed is waited for first, two time-outs long. A refusal is an answer and is not tried again.

    Args:
        device, resource, protocol, timeout_s: name, port, host side of its protocol, longest wait for a reply.
        hears_itself: what is written comes back first, as on RS-485 of two wires; if it has changed on its way,
            somebody has sent at the same time.
    """

    def __init__(
        self, device: str, resource: MessageBasedResource, protocol: HostEnd, timeout_s: float, *,
        hears_itself: bool = False,
    ) -> None:  # fmt: skip
        self.device = device
        self._hears_itself = hears_itself
        self.protocol = protocol
        self.retries = 0
        self._resource = resource
        self._timeout_s = timeout_s
        self._owed = 0  # replies that have been asked for and have not come
        resource.timeout = timeout_s * 1000
        if protocol.terminator:
            resource.read_termination = protocol.terminator.decode("latin-1")

    def ask(self, text: str, understand: Callable[[Any], Result]) -> Result:
        """Send ``text``, parse the reply and return what ``understand`` makes of it.

        Raises:
            DeviceTimeout: no reply, twice.
            BadReply: a reply that breaks the protocol's rules, twice.
            Refused: the device understood and said no.
            RigFault: the port is gone.
        """
        probe = self.protocol.probe(text)
        try:
            if probe is not None:
                with suppress(Refused):  # a refusal is an answer in its turn as well
                    self._exchange(probe, lambda reply: reply)
            return self._exchange(text, understand)
        except (OSError, termios.error) as error:  # the latter is none of the former, and a hung-up tty gives it
            if isinstance(error, RigError):
                raise
            raise RigFault(f"{self.device}: the port failed at {text!r}: {error}", self.device) from error

    def _exchange(self, text: str, understand: Callable[[Any], Result]) -> Result:
        trouble: Exception | None = None
        if self._owed and self.protocol.anonymous:
            self._read_off(_LATE * self._timeout_s, _LATE_READS)
        else:
            self._empty_buffers(_GLANCE_S)
        self._owed = 0
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.retries += 1
                self._empty_buffers()
            raw = b""
            try:
                if self.protocol.pause_s:
                    self._read_off(self.protocol.pause_s)
                request = self.protocol.request(text)
                self._resource.write_raw(request)
                self._owed += 1
                if self._hears_itself:
                    self._take_echo(request)
                raw = self._reply(text) if self.protocol.answers(text) else b""
                parsed = self._understood(text, raw)
                self._owed -= 1
                return understand(parsed)
            except Refused:
                raise
            except VisaIOError as error:
                if error.error_code != constants.StatusCode.error_timeout:
                    raise RigFault(
                        f"{self.device}: the port failed at {text!r}: {error.description}", self.device
                    ) from error
                trouble = DeviceTimeout(self.device, text, self._timeout_s)
            except ValueError as error:
                trouble = BadReply(self.device, text, raw, str(error))
        assert trouble is not None  # the loop ends by return, or leaves its trouble here
        raise trouble

    def _take_echo(self, request: bytes) -> None:
        heard = self._resource.read_bytes(len(request), break_on_termchar=False)
        if heard != request:
            raise ValueError(f"somebody sent at the same time: {request!r} was heard as {heard!r}")

    def _reply(self, text: str) -> bytes:
        """The whole reply to ``text``: as long as the protocol says that something lacks, up to the next terminator."""
        raw = b""
        if len(self.protocol.terminator) == 1:
            while self.protocol.missing(text, raw):
                raw += self._resource.read_raw()
            return raw
        while missing := self.protocol.missing(text, raw):
            raw += self._resource.read_bytes(missing, break_on_termchar=False)
        return raw

    def close(self) -> None:
        """Close the resource."""
        self._resource.close()

    def _empty_buffers(self, quiet_s: float = _QUIET_S) -> None:
        """Forget what has come. Else a reply too many (a late one, a double) would be taken for each next one's."""
        if self._resource.interface_type == constants.InterfaceType.tcpip:
            # pyvisa-py's flush of a socket never returns once the other end has hung up.
            self._read_off(quiet_s)
            return
        try:
            self._resource.flush(constants.BufferOperation.discard_read_buffer)
        except (VisaIOError, NotImplementedError, AttributeError, OSError):
            self._read_off(quiet_s)

    def _understood(self, text: str, raw: bytes) -> Any:
        """The parsed reply; a refusal is one too."""
        try:
            return self.protocol.parse(text, raw)
        except Refused:
            self._owed -= 1
            raise

    def _read_off(self, quiet_s: float, reads: int = _MOST_READS) -> None:
        """Read what comes until nothing has come for so long; a wait, too, by the clock that the port has."""
        timeout = self._resource.timeout
        self._resource.timeout = quiet_s * 1000.0
        try:
            for _ in range(reads):  # a box that never falls silent is no reason to wait for ever
                self._resource.read_raw()
        except (VisaIOError, OSError):
            pass
        finally:
            self._resource.timeout = timeout
