"""Reaching an emulated device without a wire: its face, in this process.

For models whose protocol is not there yet, and for tests. No byte flows and no time passes; what a real host would see
as silence (no power) is a time-out here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from instruments.device import Face, Value
from instruments.protocols.ends import HostEnd
from rig.errors import DeviceTimeout

Result = TypeVar("Result")


_CO = "CO "
"""Before the unit of CO, where a setting's unit goes by the gas ("nmol/mol; CO umol/mol")."""


def _is_fraction(unit: str) -> bool:
    return unit.endswith("mol/mol")


class DirectProtocol(HostEnd):
    """The host side of no protocol at all: quantities and settings by the model's own names and units.

    Args:
        face: the device bound to the bench's clock.
        unit_of: unit of a quantity by name; empty where there is none.
    """

    def __init__(self, face: Face, unit_of: Callable[[str], str]) -> None:
        self._face = face
        self._unit_of = unit_of

    def request(self, text: str) -> bytes:
        """Not needed: nothing is sent."""
        return text.encode()

    def parse(self, text: str, raw: bytes) -> Any:
        """Not needed: nothing is received."""
        raise ValueError("a direct link carries no bytes")

    def read_request(self, quantity: str) -> str:
        """Request that asks for ``quantity``. Raises KeyError if the device has none of that name."""
        self._face.read(quantity)
        return f"read {quantity}"

    def set_request(self, setting: str, value: Any, unit: str = "") -> str:
        """Request that sets ``setting``; a concentration in its unit inside. Raises KeyError for another unit.

        ``unit`` is that of concentrations; other settings have none to choose.
        """
        inside = self._unit_of(setting)
        if unit and _is_fraction(inside) and unit not in inside.replace(_CO, "").split("; "):
            raise KeyError(f"{setting} is set in {inside}, not in {unit}")
        return f"set {setting} {json.dumps(value)}"

    def value(self, quantity: str, reply: Any, unit: str = "") -> tuple[Any, str]:
        """Value and unit of ``quantity``."""
        inside = self._unit_of(quantity)
        if unit and inside and unit != inside:
            raise ValueError(f"{quantity} comes in {inside}, not in {unit}")
        return reply, inside


class DirectLink:
    """A device's face with the same manners as a :class:`~rig.host.link.VisaLink`."""

    def __init__(self, device: str, face: Face, protocol: DirectProtocol, timeout_s: float) -> None:
        self.device = device
        self.protocol = protocol
        self.retries = 0
        self._face = face
        self._timeout_s = timeout_s

    def ask(self, text: str, understand: Callable[[Any], Result]) -> Result:
        """Read or set, and return what ``understand`` makes of the answer.

        Raises:
            DeviceTimeout: the device has no power.
            Refused: it said no.
        """
        if self._face.read("powered") is not True:
            raise DeviceTimeout(self.device, text, self._timeout_s)
        verb, _, rest = text.partition(" ")
        if verb == "read":
            return understand(self._face.read(rest))
        setting, _, value = rest.partition(" ")
        answer: Value = json.loads(value)
        self._face.apply(setting, answer)
        return understand("ok")

    def close(self) -> None:
        """Nothing to let go."""
