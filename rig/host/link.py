"""One request, one reply, over a PyVISA resource, with one honest retry."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from pyvisa import constants
from pyvisa.errors import VisaIOError
from pyvisa.resources import MessageBasedResource

from instruments.errors import Refused
from instruments.protocols.ends import HostEnd
from rig.errors import BadReply, DeviceTimeout, RigFault

Result = TypeVar("Result")

_ATTEMPTS = 2
_QUIET_S = 0.05


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

    A time-out or a reply that is none is tried once more, after the buffers have been emptied; a late reply is thus
    never taken for the answer to the next request. A refusal is an answer and is not tried again.
    """

    def __init__(self, device: str, resource: MessageBasedResource, protocol: HostEnd, timeout_s: float) -> None:
        self.device = device
        self.protocol = protocol
        self.retries = 0
        self._resource = resource
        self._timeout_s = timeout_s
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
        if probe is not None:
            with suppress(Refused):  # a refusal is an answer in its turn as well
                self._exchange(probe, lambda reply: reply)
        return self._exchange(text, understand)

    def _exchange(self, text: str, understand: Callable[[Any], Result]) -> Result:
        trouble: Exception | None = None
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.retries += 1
                self._empty_buffers()
            raw = b""
            try:
                if self.protocol.pause_s:
                    self._read_off(self.protocol.pause_s)
                self._resource.write_raw(self.protocol.request(text))
                raw = self._reply(text) if self.protocol.answers(text) else b""
                return understand(self.protocol.parse(text, raw))
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
            except OSError as error:
                raise RigFault(f"{self.device}: the port failed at {text!r}: {error}", self.device) from error
        assert trouble is not None  # the loop ends by return, or leaves its trouble here
        raise trouble

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

    def _empty_buffers(self) -> None:
        if self._resource.interface_type == constants.InterfaceType.tcpip:
            # pyvisa-py's flush of a socket never returns once the other end has hung up.
            self._read_off(_QUIET_S)
            return
        try:
            self._resource.flush(constants.BufferOperation.discard_read_buffer)
        except (VisaIOError, NotImplementedError, AttributeError, OSError):
            self._read_off(_QUIET_S)

    def _read_off(self, quiet_s: float) -> None:
        """Read what comes until nothing has come for so long; a wait, too, by the clock that the port has."""
        timeout = self._resource.timeout
        self._resource.timeout = quiet_s * 1000.0
        try:
            while True:
                self._resource.read_raw()
        except (VisaIOError, OSError):
            pass
        finally:
            self._resource.timeout = timeout
