"""Ways to a device beside the first one: its further ports, emulated here or served elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from instruments.device import Value
from rig.bench_file import DeviceSection, ServedPortSection
from rig.line_settings import served_settings
from rig.uart import LineSettings
from rig.wiring import DIRECT


@dataclass(frozen=True, slots=True)
class Way:
    """One further port of a device.

    Attributes:
        port: its name in the bench file.
        resource: its VISA name.
        protocol, number, options: what is spoken there, to which address, with which habits of the firmware.
        hears_itself: two wires, and the host's adapter hears what it sends.
        served: its section of the endpoints file; None on a bench in this process, whose lines are set as its ports.
    """

    port: str
    resource: str
    protocol: str
    number: int | None
    options: Mapping[str, Value] = field(default_factory=dict)
    hears_itself: bool = False
    served: ServedPortSection | None = None

    @property
    def settings(self) -> LineSettings | None:
        """How the host must set its end of the line; None where it is set already, or there is none."""
        return None if self.served is None else served_settings(self.served)


def further_ways(name: str, section: DeviceSection) -> list[Way]:
    """Ports of a device that can be opened beside its first one, in the order of the file.

    A port that has no VISA name (RFC 2217, a cable's end) is none of them, nor is one that carries no bytes.
    """
    if section.resource is not None:
        return [
            Way(port, its.resource, its.protocol, its.id, section.options if its.protocol == section.protocol else {},
                its.wires == 2 and bool(its.echo), its)
            for port, its in section.ports.items()
            if its.resource and its.resource != section.resource
        ]  # fmt: skip
    return [
        Way(port, f"ASRL{name}.{port}::INSTR", its.protocol, its.id, its.options, its.wires == 2 and its.echo)
        for port, its in list(section.port.items())[1:]
        if its.kind != DIRECT
    ]
