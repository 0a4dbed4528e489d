"""From a checked bench file to devices that are connected: gas through tubes, bytes through protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel

from instruments.build import build_unit, unit_class
from instruments.catalogue import CatalogueEntry, load
from instruments.device import Device, Face, Value
from instruments.protocols.dialects import dialect, protocols_of
from instruments.protocols.ends import Box, DeviceEnd, HostEnd, Transport
from instruments.unit import Unit
from rig.bench_file import DeviceSection, PortSection
from rig.gas_lines import build_bottles, connect_cylinders
from rig.host.direct import DirectProtocol
from rig.host.kinds import channels_of
from rig.host.reliance import relied_on
from rig.surroundings import Surroundings, furnish, outside_air

if TYPE_CHECKING:
    from rig.bench import Bench, Instrument

_DELIVERED = "0000000000"
"""Serial number that an emulated box tells where the bench file gives it none."""
DIRECT = "direct"
"""Kind and protocol of a port without a wire: the host reaches the model in its own process."""


def direct_protocol(device: Device, entry: CatalogueEntry, face: Face) -> DirectProtocol:
    """The host side of a direct port: quantities and settings by the model's own names and units."""
    settings = {name: limits.unit for name, limits in entry.settings.items()}

    def unit_of(quantity: str) -> str:
        # A calibrator's concentration has the unit of the gas that it is at: asked for anew each time.
        return (device.units() if isinstance(device, Unit) else {}).get(quantity) or settings.get(quantity, "")

    return DirectProtocol(face, unit_of)


def host_protocol(
    entry: CatalogueEntry, name: str, number: int | None, options: Mapping[str, Value] | None = None
) -> tuple[HostEnd, str]:
    """The host side of a device's protocol, and the weakest mark of the requests that procedures send in it.

    Args:
        entry: the model.
        name: one of :func:`~instruments.protocols.dialects.protocols_of`.
        number: the box's address; the model's own if None.
        options: habits of its firmware.
    """
    spoken = dialect(entry, name)
    host = spoken.host_with(number, options or {})
    return host, spoken.weakest_mark(relied_on(entry.kind, channels_of(entry), host))


def hidden_model(entry: CatalogueEntry) -> type[BaseModel]:
    """The model of what may be hidden in a unit of this kind."""
    return unit_class(entry).hidden_model


def start_settings(section: DeviceSection, entry: CatalogueEntry) -> dict[str, Value]:
    """Settings that the unit starts with, as the file gives them; a CO range is umol/mol inside."""
    settings: dict[str, Value] = dict(section.settings)
    if section.range is not None:
        settings["range"] = section.range / 1000.0 if entry.kind == "co" else section.range
    return settings


def port_number(entry: CatalogueEntry, device: Device, port: PortSection, t_us: int) -> int | None:
    """The address that a box answers to at a port now: the file's, else the one at delivery; None where it has none.

    Where the box has one address for several ports, it is its setting ``instrument_id``.
    """
    spoken = dialect(entry, port.protocol)
    if spoken.shared_number:
        own = device.read(t_us, "instrument_id")
        return own if isinstance(own, int) else 0
    return spoken.default_number if port.id is None else port.id


def build_instruments(bench: Bench) -> tuple[dict[str, Instrument], Surroundings]:
    """Build everything of the bench's file, which :mod:`rig.bench_check` has found to be without mistakes.

    Returns:
        the instruments by name, and the air outside and around them.
    """
    from rig.bench import Instrument, InstrumentFace, local_epoch_us

    file = bench.file
    outside = outside_air(bench)
    instruments: dict[str, Instrument] = {}
    for name, section in file.device.items():
        if section.resource is not None or section.model == "manual":
            continue
        entry = load(section.model)
        device = _device(bench, name, section, entry)
        if device.clock is not None:
            device.clock.begin(local_epoch_us(file))
        face = InstrumentFace(device, bench.clock, partial(bench.command, name))
        instruments[name] = Instrument(name, section, entry, device, face, _maker(entry, face))
    for name, (section, entry, bottle) in build_bottles(bench).items():
        face = InstrumentFace(bottle, bench.clock, partial(bench.command, name))
        instruments[name] = Instrument(name, section, entry, bottle, face, _maker(entry, face))
    connect_cylinders(file, instruments)
    return instruments, furnish(bench, instruments, outside)


def _device(bench: Bench, name: str, section: DeviceSection, entry: CatalogueEntry) -> Unit:
    settings = start_settings(section, entry)
    offered = protocols_of(entry)
    # A box that nobody has given a number has the one that its maker gave it, which is what a host will call. Protocols
    # are asked as late as that: to make a table that no port speaks takes longer than to build the box.
    numbers = (
        port.id for port in section.port.values()
        if port.id is not None and port.protocol in offered and dialect(entry, port.protocol).shared_number
    )  # fmt: skip
    number = next(numbers, None)
    if number is None:
        sharing = (spoken for protocol in offered if (spoken := dialect(entry, protocol)).shared_number)
        number = next((spoken.default_number or 0 for spoken in sharing), None)
    if number is not None:
        settings.setdefault("instrument_id", number)
    return build_unit(entry, name, bench.seed, serial=section.serial or _DELIVERED, settings=settings,
                      hidden=dict(section.hidden), warm=section.warm, service=section.service,
                      where=bench.where)  # fmt: skip


def _maker(entry: CatalogueEntry, face: Face) -> Callable[[PortSection, Transport], DeviceEnd]:
    boxes: dict[str, Box] = {}

    def make(port: PortSection, transport: Transport) -> DeviceEnd:
        if port.protocol not in boxes:
            boxes[port.protocol] = dialect(entry, port.protocol).box(face)
        return boxes[port.protocol].line(transport, port.options, port.id)

    return make
