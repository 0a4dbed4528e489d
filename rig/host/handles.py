"""Handles of analyzers: named quantities in, values with unit out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from instruments.device import Value
from instruments.errors import Refused
from rig.errors import DeviceTimeout
from rig.host.evidence import ON_THE_DISPLAY, AuditReading, read_log
from rig.host.kinds import FLOWS, Channel, FiledRange, converter_factor, snapshot_settings
from rig.host.link import Link
from rig.host.plate import Plate, Replaced


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device is, by the bench file and the catalogue.

    ``protocol_mark`` is the weakest mark of the commands that a run relies on. ``principle`` is how it measures,
    ``method`` the same in the words of standards, ``plate`` what its own plate and papers say, ``replaces`` the unit
    that it stands in for.
    """

    name: str
    kind: str
    model: str
    maker: str
    serial: str
    protocol: str
    protocol_mark: str
    resource: str
    emulated: bool
    gas_port: str | None
    principle: str = ""
    method: str = ""
    plate: Plate = field(default_factory=Plate)
    replaces: Replaced | None = None


class Handle:
    """A device as the host sees it.

    Args:
        identity: what the bench file and the catalogue know of it.
        link: its resource and protocol.
    """

    def __init__(self, identity: Identity, link: Link) -> None:
        self.identity = identity
        self.link = link
        self.unavailable: set[str] = set()
        self.display: Callable[[str], Value] | None = None
        """Reads what the unit shows on its display; None where nobody stands before it (a served or real one)."""
        self.further: Mapping[str, Callable[[], Link]] = {}
        """Its other ports by name, each opened when it is asked for the first time: what a logger would be put on."""
        self._by: dict[str, Handle] = {}

    @property
    def shaping(self) -> tuple[str, ...]:
        """Names of the settings that shape what it reads or makes, for a snapshot."""
        return ()

    @property
    def name(self) -> str:
        """The device's name on the bench."""
        return self.identity.name

    @property
    def kind(self) -> str:
        """What kind of device it is: so2, nox, o3, co, calibrator."""
        return self.identity.kind

    def read(self, quantity: str, unit: str = "") -> tuple[Value, str]:
        """Value of ``quantity`` and its unit; ``unit`` asks for a unit of concentration.

        Raises:
            RigError: no proper answer. KeyError: the protocol cannot tell this quantity.
        """
        protocol = self.link.protocol
        if self._is_on_the_display(quantity):
            return self._on_the_display(quantity), ""
        return self.link.ask(protocol.read_request(quantity), lambda reply: protocol.value(quantity, reply, unit))

    def by(self, port: str) -> Handle:
        """The same device through another of its ports, for reading only.

        Raises:
            KeyError: it has no other port of that name. RigFault: the port cannot be opened.
        """
        if port not in self._by:
            self._by[port] = Handle(self.identity, self.further[port]())
        return self._by[port]

    def can_read(self, quantity: str) -> bool:
        """Whether the protocol has a request for ``quantity``, or the unit's display shows it."""
        if self._is_on_the_display(quantity):
            return True
        try:
            self.link.protocol.read_request(quantity)
        except KeyError:
            return False
        return True

    def set(self, setting: str, value: Value, unit: str = "") -> None:
        """Set ``setting`` (or start the action of that name, with True); a concentration is in ``unit``.

        Raises:
            Refused: the device said no. RigError: no proper answer. KeyError: the protocol cannot set this.
        """
        self.link.ask(self.link.protocol.set_request(setting, value, unit), lambda reply: reply)

    def read_if_told(self, quantity: str) -> tuple[Value, str] | None:
        """Like :meth:`read`, but None where the protocol, or this firmware, has no such report."""
        if quantity in self.unavailable or not self.can_read(quantity):
            return None
        try:
            return self.read(quantity)
        except Refused:
            self.unavailable.add(quantity)
            return None

    def audit_log(self) -> AuditReading | None:
        """The unit's own log of its settings; None where it cannot be read.

        Raises:
            DeviceTimeout: the unit has no power.
        """
        lines, writes = self.read_if_told("audit_log"), self.read_if_told("parameter_writes")
        if lines is None or writes is None:
            return None
        return AuditReading(read_log(lines[0]), int(writes[0]))  # type: ignore[arg-type]  # lines, and a count

    def _is_on_the_display(self, quantity: str) -> bool:
        return self.display is not None and quantity in ON_THE_DISPLAY

    def _on_the_display(self, quantity: str) -> Value:
        assert self.display is not None
        if self.display("powered") is not True:
            raise DeviceTimeout(self.name, f"{quantity} on the display", 0.0)
        return self.display(quantity)

    def attend(self, ask: Callable[[Any], str]) -> None:
        """Who answers prompts; a device on the wire has none."""

    def close(self) -> None:
        """Let its ports go."""
        for other in self._by.values():
            other.close()
        self.link.close()


class GasAnalyzer(Handle):
    """An analyzer with one or more channels.

    Args:
        identity, link: as of any handle.
        channels: its measured components, in the order in which they are calibrated.
        filed: ranges of its key technical parameters.
    """

    def __init__(
        self, identity: Identity, link: Link, channels: tuple[Channel, ...], filed: tuple[FiledRange, ...] = ()
    ) -> None:
        super().__init__(identity, link)
        self.channels = channels
        self.filed = filed

    @property
    def shaping(self) -> tuple[str, ...]:
        """Settings of averaging, range, compensation, and those of its channels."""
        return snapshot_settings(self.channels)

    @property
    def converter_factor(self) -> str | None:
        """The setting with the stored factor of its converter; None if it has none."""
        return converter_factor(self.channels)

    @property
    def flow(self) -> str:
        """Name of the flow that it draws, L/min."""
        return next((name for name in FLOWS if self.can_read(name)), FLOWS[0])

    def calibrated_together(self, channel: Channel) -> tuple[Channel, ...]:
        """Channels that the span calibration of ``channel`` calibrates: more than it where one request is for several.

        The T series has one COMPUTE for both channels of a NOx analyzer.
        """
        requests = {}
        for other in self.channels:
            try:
                requests[other] = self.link.protocol.set_request(other.calibrate_span, True)
            except KeyError:
                continue  # it cannot be calibrated this way
        return tuple(other for other in self.channels if other == channel or
                     (other in requests and requests[other] == requests.get(channel)))  # fmt: skip

    def alarms(self) -> tuple[str, ...]:
        """Alarms that stand at the moment."""
        answer = self.read_if_told("alarms")
        return tuple(answer[0]) if answer is not None and isinstance(answer[0], tuple) else ()
