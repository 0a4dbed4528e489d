"""Handle of a device that measures something beside gases: weather, visibility, a flow, a room, a mass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from instruments.device import Value
from instruments.errors import Refused
from rig.host.handles import Handle, Identity
from rig.host.kinds import MEASURED
from rig.host.link import Link


@dataclass(frozen=True, slots=True)
class Measured:
    """One value as it came over the wire.

    Attributes:
        quantity: its name.
        value: None where the device has none (``#``, slashes) or does not tell it as it is set.
        unit: unit inside; empty for words and pure numbers.
        t_us: bench time at which its reply was there.
        status: ``valid``, ``no value`` (the device says that it has none) or ``refused``.
    """

    quantity: str
    value: Value | None
    unit: str
    t_us: int
    status: Literal["valid", "no value", "refused"]


class Sensor(Handle):
    """A device that is read only: each request is sent once for all that its reply tells.

    Args:
        identity, link: as of any handle.
        now_us: bench time.
    """

    def __init__(self, identity: Identity, link: Link, now_us: Callable[[], int]) -> None:
        super().__init__(identity, link)
        self._now_us = now_us

    @property
    def quantities(self) -> tuple[str, ...]:
        """What its kind measures, as far as its protocol tells it."""
        return tuple(name for name in MEASURED.get(self.kind, ()) if self.can_read(name))

    def measure(self, *quantities: str) -> dict[str, Measured]:
        """Values of ``quantities``, or of all of them.

        Raises:
            KeyError: the protocol cannot tell one. RigError: no proper answer.
        """
        protocol = self.link.protocol
        asked: dict[str, list[str]] = {}
        for quantity in quantities or self.quantities:
            asked.setdefault(protocol.read_request(quantity), []).append(quantity)
        found: dict[str, Measured] = {}
        for request, names in asked.items():
            try:
                told = self.link.ask(request, lambda reply, names=names: [protocol.value(n, reply) for n in names])  # type: ignore[misc]
            except Refused:
                now = self._now_us()
                found |= {name: Measured(name, None, "", now, "refused") for name in names}
                continue
            now = self._now_us()
            for name, (value, unit) in zip(names, told, strict=True):
                void = isinstance(value, float) and math.isnan(value)
                found[name] = Measured(name, None if void else value, unit, now, "no value" if void else "valid")
        return found

    def alarms(self) -> tuple[str, ...]:
        """Alarms that stand at the moment, as far as its protocol tells them."""
        answer = self.read_if_told("alarms")
        return tuple(answer[0]) if answer is not None and isinstance(answer[0], tuple) else ()
