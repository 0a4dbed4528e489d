"""From a checked bench file to devices that are connected: gas through tubes, bytes through protocols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from instruments.air import GasSource, Species
from instruments.build import build_unit, unit_class
from instruments.catalogue import CatalogueEntry, load
from instruments.device import Device, Face, Value
from instruments.plumbing import Air, Tube, VentedManifold
from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_host import ClinkHost
from instruments.protocols.clink_options import ClinkMemory, ClinkOptions
from instruments.protocols.clink_table import ClinkTable
from instruments.supply.calibrator import Calibrator
from instruments.supply.cylinder import Cylinder
from rig.bench_file import AirSection, BenchFile, DeviceSection, PortSection
from rig.host.link import HostProtocol
from rig.host.references import species_of
from rig.host.reliance import relied_on
from rig.lines import DeviceEnd

if TYPE_CHECKING:
    from rig.bench import Bench, Instrument

_PROTOCOLS = ("clink",)
LINE_OPTIONS = tuple(field.name for field in fields(ClinkOptions) if field.name != "state")
"""Habits of a firmware that a port of a bench file may ask for."""


def line_protocols(entry: CatalogueEntry) -> list[str]:
    """Protocols that a port of this model may offer."""
    return [name for name in _PROTOCOLS if name in entry.protocols]


def host_protocol(entry: CatalogueEntry, name: str, number: int | None) -> tuple[HostProtocol, str]:
    """The host side of a device's protocol, and the weakest mark of the requests that procedures send in it.

    Args:
        entry: the model.
        name: one of :func:`line_protocols`.
        number: the box's id; the model's own if None.
    """
    table = _table(entry.name, name)
    host = ClinkHost(table, number)
    return host, table.weakest_mark(relied_on(entry.kind, host))


def hidden_model(entry: CatalogueEntry) -> type[BaseModel]:
    """The model of what may be hidden in a unit of this kind."""
    return unit_class(entry).hidden_model


def start_settings(section: DeviceSection, entry: CatalogueEntry) -> dict[str, Value]:
    """Settings that the unit starts with, as the file gives them; a CO range is umol/mol inside."""
    settings: dict[str, Value] = dict(section.settings)
    if section.range is not None:
        settings["range"] = section.range / 1000.0 if entry.kind == "co" else section.range
    return settings


def build_instruments(bench: Bench) -> tuple[dict[str, Instrument], Air, Air]:
    """Build everything of the bench's file, which :mod:`rig.bench_check` has found to be without mistakes.

    Returns:
        the instruments by name, the ambient air and the shelter's air.
    """
    from rig.bench import Instrument, InstrumentFace, local_epoch_us

    file = bench.file
    ambient = _air(bench.seed, "ambient", file.air.get("ambient", AirSection(log_sd=0.5)))
    room = _air(bench.seed, "room", file.air.get("room", AirSection.model_validate({"so2": "1 ppb", "o3": "5 ppb"})))
    instruments: dict[str, Instrument] = {}
    for name, section in file.device.items():
        if section.resource is not None or section.model == "manual":
            continue
        entry = load(section.model)
        device = _device(bench, name, section, entry)
        face = InstrumentFace(device, bench.clock, local_epoch_us(file),
                              lambda command, name=name: bench.command(name, command))  # type: ignore[misc]  # fmt: skip
        instruments[name] = Instrument(name, section, entry, device, face, _maker(entry, face))
    _connect(file, instruments, ambient, room)
    return instruments, ambient, room


def _air(seed: int, name: str, section: AirSection) -> Air:
    composition = {
        Species.SO2: section.so2, Species.NO: section.no, Species.NO2: section.no2, Species.O3: section.o3,
        Species.CO: section.co / 1000.0, Species.H2O: section.h2o,
    }  # fmt: skip
    return Air(
        seed, name, composition, temperature_c=section.temperature_c, temperature_sd_c=section.temperature_sd_c,
        pressure_hpa=section.pressure_hpa, pressure_sd_hpa=section.pressure_sd_hpa, log_sd=section.log_sd,
        correlation_time_s=section.correlation_time,
    )  # fmt: skip


def _device(bench: Bench, name: str, section: DeviceSection, entry: CatalogueEntry) -> Device:
    settings = start_settings(section, entry)
    numbers = [port.id for port in section.port.values() if port.id is not None]
    # A box that nobody has given a number has the one that its maker gave it, which is what a host will call.
    maker_id = _table(entry.name, line_protocols(entry)[0]).default_id
    settings.setdefault("instrument_id", numbers[0] if numbers else maker_id)
    return build_unit(entry, name, bench.seed, serial=section.serial, settings=settings,
                          hidden=dict(section.hidden), warm=section.warm, where=bench.where)  # fmt: skip


@cache
def _table(model: str, protocol: str) -> ClinkTable:
    return ClinkTable.from_data(load(model).protocols[protocol], model)


def _maker(entry: CatalogueEntry, face: Face) -> Callable[[PortSection, Literal["serial", "tcp"]], DeviceEnd]:
    memory: list[ClinkMemory] = []

    def make(port: PortSection, transport: Literal["serial", "tcp"]) -> DeviceEnd:
        table = _table(entry.name, port.protocol)
        options = replace(ClinkOptions(), **port.options)  # type: ignore[arg-type]  # keys and values are checked
        # The first port's options stand at start; the memory is one for the whole box.
        memory[:] = memory or [ClinkMemory(table, options)]
        return ClinkDevice(table, face, transport, options, memory[0])

    return make


def _connect(file: BenchFile, instruments: dict[str, Instrument], ambient: Air, room: Air) -> None:
    """Cylinders to calibrators, calibrators through a vented manifold and tubes to analyzers."""
    calibrators = {name: i.device for name, i in instruments.items() if isinstance(i.device, Calibrator)}
    for letter, (name, section) in zip("abcdef", file.cylinder.items(), strict=False):
        target = section.device or next(iter(calibrators), "")
        if target not in calibrators:
            continue  # gas of a real calibrator, or of none: nothing of it is simulated
        species = species_of(name, section)
        scale = 1e-3 if species == "co" else 1.0
        cylinder = Cylinder(
            Species[species.upper()], section.value * scale, 2.0 * section.u_pct,
            {Species[s.upper()]: v * (1e-3 if s == "co" else 1.0) for s, v in section.impurities.items()},
            **section.hidden,  # type: ignore[arg-type]
        )  # fmt: skip
        stored = None if section.stored is None else section.stored * scale
        calibrators[target].connect_cylinder(section.port or letter, cylinder, stored)
    manifolds = {name: VentedManifold(device.outlet, room) for name, device in calibrators.items()}
    for instrument in instruments.values():
        if instrument.entry.kind != "calibrator":
            instrument.device.connect("room", room)  # type: ignore[attr-defined]
            instrument.device.connect("sample", ambient)  # type: ignore[attr-defined]
    for tube in file.tube.values():
        source = tube.from_.partition(".")[0]
        device, _, port = tube.to.partition(".")
        if device not in instruments:
            continue  # the tube says at which port a real unit takes its gas; nothing of it is simulated
        analyzer = instruments[device].device
        manifolds[source].add_consumer(analyzer, port)  # type: ignore[arg-type]
        end: GasSource = Tube(
            manifolds[source],
            length_m=tube.length,
            bore_m=tube.bore,
            flow_lpm=instruments[device].entry.parameter("sample_flow"),
        )
        analyzer.connect(port, end)  # type: ignore[attr-defined]
