"""The PyVISA backend ``@rig``: a bench in this process, on virtual time, as a VISA library.

``pyvisa.ResourceManager("demo?seed=7@rig")`` opens a bench; its devices are ``ASRL<name>::INSTR``. Waiting for an
answer is what moves the bench's time. A bench lives from open to ``close()``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, ClassVar, SupportsInt

from pyvisa import constants, errors, highlevel, rname
from pyvisa.typing import VISAEventContext, VISAJobID, VISARMSession, VISASession
from pyvisa.util import LibraryPath

from instruments.protocols.ends import Parity
from rig.bench import Bench
from rig.lines import Line
from rig.ports.in_process import InProcessPort, PortGone
from rig.uart import LineSettings

_Attribute = constants.ResourceAttribute
_Status = constants.StatusCode

_DEFAULTS: dict[int, Any] = {
    _Attribute.timeout_value: 2000,
    _Attribute.termchar: 0x0A,
    _Attribute.termchar_enabled: constants.VI_FALSE,
    _Attribute.send_end_enabled: constants.VI_TRUE,
    _Attribute.suppress_end_enabled: constants.VI_FALSE,
    _Attribute.asrl_baud_rate: 9600,
    _Attribute.asrl_data_bits: 8,
    _Attribute.asrl_parity: constants.Parity.none,
    _Attribute.asrl_stop_bits: constants.StopBits.one,
    _Attribute.asrl_flow_control: constants.ControlFlow.none,
    _Attribute.asrl_end_in: constants.SerialTermination.termination_char,
    _Attribute.asrl_end_out: constants.SerialTermination.none,
    _Attribute.interface_type: constants.InterfaceType.asrl,
    _Attribute.resource_class: "INSTR",
    _Attribute.interface_number: 0,
    _Attribute.resource_lock_state: constants.AccessModes.no_lock,
}


_PARITIES: dict[constants.Parity, Parity] = {
    constants.Parity.none: "none", constants.Parity.even: "even", constants.Parity.odd: "odd",
}  # fmt: skip
_LINE_ATTRIBUTES = (
    _Attribute.asrl_baud_rate, _Attribute.asrl_data_bits, _Attribute.asrl_parity, _Attribute.asrl_stop_bits,
)  # fmt: skip


_DISCARDS_WHAT_CAME = int(
    constants.BufferOperation.discard_read_buffer
    | constants.BufferOperation.discard_read_buffer_no_io
    | constants.BufferOperation.discard_receive_buffer
    | constants.BufferOperation.discard_receive_buffer2
)


class LineSession(InProcessPort):
    """A VISA session on one line. Its line settings begin as the device's own; others give garbage, as on a wire."""

    def __init__(self, bench: Bench, line: Line, resource_name: str) -> None:
        super().__init__(bench, line)
        own = line.settings
        self.attributes: dict[int, Any] = _DEFAULTS | {
            _Attribute.resource_name: resource_name,
            _Attribute.asrl_baud_rate: own.baud,
            _Attribute.asrl_data_bits: own.data_bits,
            _Attribute.asrl_parity: next(key for key, name in _PARITIES.items() if name == own.parity),
            _Attribute.asrl_stop_bits: constants.StopBits.one if own.stop_bits == 1 else constants.StopBits.two,
        }

    def set(self, attribute: int, value: Any) -> None:
        """Set an attribute; one of the line's settings goes to the host's end of the line."""
        self.attributes[attribute] = value
        if attribute in _LINE_ATTRIBUTES:
            baud, bits, parity, stops = (self.attributes[name] for name in _LINE_ATTRIBUTES)
            stop_bits = 1 if constants.StopBits(stops) == constants.StopBits.one else 2
            known = _PARITIES.get(constants.Parity(parity), "none")
            self.line.set_host(LineSettings(int(baud), int(bits), known, stop_bits))

    def read(self, count: int) -> tuple[bytes, _Status]:
        """Return up to ``count`` bytes, waiting as long as the session's time-out; VISA's own end rules apply."""
        attributes = self.attributes
        # For a serial port the end rule is VI_ATTR_ASRL_END_IN; pyvisa's read_termination switches both attributes.
        ends_at_character = bool(attributes[_Attribute.termchar_enabled])
        character = int(attributes[_Attribute.termchar])
        timeout_ms = attributes[_Attribute.timeout_value]
        arrived = self.arrived

        def complete() -> bool:
            return len(arrived) >= count or (ends_at_character and arrived.find(character) >= 0)

        if not complete():
            wait_us = (1 << 62) if timeout_ms == constants.VI_TMO_INFINITE else int(timeout_ms) * 1000
            if not self.wait_for(complete, wait_us):
                # pyvisa discards what a failed read brought; so does a real library.
                arrived.clear()
                raise errors.VisaIOError(_Status.error_timeout.value)
        end = arrived.find(character) + 1 if ends_at_character else 0
        if 0 < end <= count:
            return self.take(end), _Status.success_termination_character_read
        return self.take(count), _Status.success_max_count_read


def _lost() -> errors.VisaIOError:
    return errors.VisaIOError(_Status.error_connection_lost.value)


class RigVisaLibrary(highlevel.VisaLibraryBase):
    """What ``@rig`` gives to PyVISA. One library object serves one bench at a time, from open to close."""

    open_bench: ClassVar[Callable[[str], Bench] | None] = None
    """How a specification like ``demo?seed=7`` becomes a bench; set by the package ``pyvisa_rig``."""

    _attached: Bench | None = None
    _bench: Bench | None = None

    @staticmethod
    def get_library_paths() -> tuple[LibraryPath, ...]:
        """The bench that ``ResourceManager("@rig")`` opens."""
        return (LibraryPath("demo"),)

    @staticmethod
    def get_debug_info() -> dict[str, str | list[str] | dict[str, str]]:
        """For ``pyvisa-info``."""
        from rig import __version__

        return {"Version": __version__}

    def _init(self) -> None:
        self._sessions: dict[int, LineSession] = {}
        self._numbers = itertools.count(1)
        self._manager_session = 0

    @classmethod
    def for_bench(cls, bench: Bench) -> RigVisaLibrary:
        """Return a library for a bench that is open already and that stays open when the manager closes."""
        library = cls(LibraryPath(f"bench at {id(bench):#x}", "attached"))
        library._attached = bench
        return library

    @property
    def bench(self) -> Bench:
        """The bench behind this library (for tests and user code that wants its clock)."""
        if self._bench is None:
            raise errors.InvalidSession
        return self._bench

    def open_default_resource_manager(self) -> tuple[VISARMSession, _Status]:
        """Open the bench."""
        if self._attached is not None:
            self._bench = self._attached
        else:
            opener = type(self).open_bench
            if opener is None:
                raise ValueError("no benches are known here: use pyvisa.ResourceManager('...@rig')")
            self._bench = opener(str(self.library_path))
        self._manager_session = next(self._numbers)
        return VISARMSession(self._manager_session), _Status.success

    def open(
        self,
        session: VISARMSession,
        resource_name: str,
        access_mode: constants.AccessModes = constants.AccessModes.no_lock,
        open_timeout: SupportsInt = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[VISASession, _Status]:
        """Open ``ASRL<device>::INSTR``, or ``ASRL<device>.<port>::INSTR`` for a port other than the first."""
        try:
            parsed = rname.parse_resource_name(resource_name)
        except rname.InvalidResourceName:
            raise errors.VisaIOError(_Status.error_invalid_resource_name.value) from None
        if parsed.interface_type_const != constants.InterfaceType.asrl:
            raise errors.VisaIOError(_Status.error_resource_not_found.value)
        line = self.bench.find_line(str(getattr(parsed, "board", "")))
        if line is None:
            raise errors.VisaIOError(_Status.error_resource_not_found.value)
        number = next(self._numbers)
        try:
            self._sessions[number] = LineSession(self.bench, line, str(parsed))
        except PortGone:
            raise errors.VisaIOError(_Status.error_resource_not_found.value) from None
        return VISASession(number), _Status.success

    def close(self, session: VISASession | VISARMSession | VISAEventContext) -> _Status:
        """Close a session; closing the manager closes the bench."""
        number = int(session)
        if number == self._manager_session:
            for line_session in self._sessions.values():
                line_session.close()
            self._sessions.clear()
            if self._bench is not None and self._attached is None:
                self._bench.close()
            self._bench = None
            return _Status.success
        line_session_or_none = self._sessions.pop(number, None)
        if line_session_or_none is None:
            return _Status.error_invalid_object
        line_session_or_none.close()
        return _Status.success

    def list_resources(self, session: VISARMSession, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Names of all devices of the bench that match ``query``."""
        return tuple(rname.filter([f"ASRL{name}::INSTR" for name in self.bench.line_names()], query))

    def read(self, session: VISASession, count: int) -> tuple[bytes, _Status]:
        """Read bytes; see :meth:`LineSession.read`."""
        line_session = self._sessions.get(session)
        if line_session is None:
            return b"", _Status.error_invalid_object
        try:
            return line_session.read(count)
        except PortGone:
            raise _lost() from None

    def write(self, session: VISASession, data: bytes) -> tuple[int, _Status]:
        """Write bytes."""
        line_session = self._sessions.get(session)
        if line_session is None:
            return 0, _Status.error_invalid_object
        try:
            return line_session.write(data), _Status.success
        except PortGone:
            raise _lost() from None

    def clear(self, session: VISASession) -> _Status:
        """Empty the receive buffer."""
        return self.flush(session, constants.BufferOperation.discard_read_buffer)

    def flush(self, session: VISASession, mask: constants.BufferOperation) -> _Status:
        """Empty the receive buffer if the mask says so; what was written has left already."""
        line_session = self._sessions.get(session)
        if line_session is None:
            return _Status.error_invalid_object
        if int(mask) & _DISCARDS_WHAT_CAME:
            line_session.discard_arrived()
        return _Status.success

    def get_attribute(
        self,
        session: VISASession | VISARMSession | VISAEventContext,
        attribute: constants.ResourceAttribute | constants.EventAttribute,
    ) -> tuple[Any, _Status]:
        """Return a session's attribute."""
        line_session = self._sessions.get(session)
        if line_session is None:
            return 0, _Status.error_invalid_object
        if attribute == _Attribute.asrl_avalaible_number:
            try:
                return line_session.bytes_waiting(), _Status.success
            except PortGone:
                raise _lost() from None
        if attribute in line_session.attributes:
            return line_session.attributes[attribute], _Status.success
        return 0, _Status.error_nonsupported_attribute

    def set_attribute(
        self,
        session: VISASession | VISARMSession | VISAEventContext,
        attribute: constants.ResourceAttribute | constants.EventAttribute,
        attribute_state: Any,
    ) -> _Status:
        """Set a session's attribute."""
        line_session = self._sessions.get(session)
        if line_session is None:
            return _Status.error_invalid_object
        if attribute not in line_session.attributes:
            return _Status.error_nonsupported_attribute
        line_session.set(attribute, attribute_state)
        return _Status.success

    def disable_event(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> _Status:
        """No events exist here; pyvisa asks for this when it closes a resource."""
        return _Status.success

    def discard_events(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> _Status:
        """No events exist here."""
        return _Status.success

    def terminate(self, session: VISASession, degree: None, job_id: VISAJobID) -> _Status:
        """No asynchronous jobs exist here."""
        return _Status.success
