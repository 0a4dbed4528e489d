"""From a checked bench file to devices that are connected: gas through tubes, bytes through protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from instruments.air import GasSource, Species
from instruments.build import build_unit
from instruments.catalogue import CatalogueEntry, load
from instruments.device import Device, Face
from instruments.plumbing import Air, Tube, VentedManifold
from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_host import ClinkHost
from instruments.protocols.clink_options import ClinkMemory, ClinkOptions
from instruments.protocols.clink_table import ClinkTable
from instruments.supply.calibrator import Calibrator, Hidden
from instruments.supply.cylinder import Cylinder
from instruments.supply.zero_air import ZeroAir
from rig.bench_file import AirSection, BenchFile, DeviceSection, PortSection, validate
from rig.errors import ConfigurationError, ConfigurationErrors
from rig.host.link import HostProtocol
from rig.host.references import species_of
from rig.lines import DeviceEnd

if TYPE_CHECKING:
    from rig.bench import Bench, Instrument

PROTOCOLS = ("clink",)
"""Protocols that a port may offer."""


def host_protocol(
    entry: CatalogueEntry, name: str, number: int | None, where: str, key: str
) -> tuple[HostProtocol, str]:
    """The host side of a device's protocol, and the weakest mark of its commands."""
    table = _table(entry, name, where, f"{key}.protocol")
    marks = {row.mark for row in table.rows}
    weakest = next(mark for mark in ("recalled", "reported", "read") if mark in marks)
    return ClinkHost(table, number), weakest


def build_instruments(bench: Bench) -> tuple[dict[str, Instrument], Air, Air]:
    """Build everything of the bench's file.

    Returns:
        the instruments by name, the ambient air and the shelter's air.

    Raises:
        ConfigurationErrors: everything that does not fit.
    """
    from rig.bench import Instrument, InstrumentFace, local_epoch_us

    file, where = bench.file, bench.where
    errors: list[ConfigurationError] = []
    ambient = _air(bench.seed, "ambient", file.air.get("ambient", AirSection(log_sd=0.5)))
    room = _air(bench.seed, "room", file.air.get("room", AirSection.model_validate({"so2": "1 ppb", "o3": "5 ppb"})))
    zero_air = ZeroAir()
    instruments: dict[str, Instrument] = {}
    for name, section in file.device.items():
        if section.resource is not None or section.model == "manual":
            continue
        try:
            entry = load(section.model)
            device = _device(bench, name, section, entry, zero_air)
            _check_ports(section, entry, where, name)
        except ConfigurationErrors as several:
            errors += several.errors
            continue
        except ConfigurationError as error:
            errors.append(_at(error, where, f"device.{name}"))
            continue
        face = InstrumentFace(device, bench.clock, local_epoch_us(file),
                              lambda command, name=name: bench.command(name, command))  # type: ignore[misc]  # fmt: skip
        instruments[name] = Instrument(name, section, entry, device, face, _maker(entry, face, where))
    errors += _connect(file, where, instruments, ambient, room)
    if errors:
        raise ConfigurationErrors(errors)
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


def _device(bench: Bench, name: str, section: DeviceSection, entry: CatalogueEntry, zero_air: ZeroAir) -> Device:
    settings = dict(section.settings)
    numbers = [port.id for port in section.port.values() if port.id is not None]
    if numbers:
        settings.setdefault("instrument_id", numbers[0])
    if entry.kind == "calibrator":
        return Calibrator(entry.numbers(), name, bench.seed, zero_air=zero_air, settings=settings,
                          hidden=_calibrator_hidden(section, bench.where, name), serial=section.serial)  # fmt: skip
    if section.range is not None:
        settings["range"] = section.range / 1000.0 if entry.kind == "co" else section.range
    return build_unit(entry, name, bench.seed, serial=section.serial, settings=settings,
                          hidden=dict(section.hidden), warm=section.warm, where=bench.where)  # fmt: skip


def _calibrator_hidden(section: DeviceSection, where: str, name: str) -> Hidden:
    return validate(Hidden, dict(section.hidden), f"{where}: device.{name}.hidden")


def _at(error: ConfigurationError, where: str, key: str) -> ConfigurationError:
    """The same error, told at the place in the bench file that caused it."""
    if error.where == where:
        return error
    return ConfigurationError(where, f"{key}.{error.key}" if error.key else key, error.expected, error.found)


def _check_ports(section: DeviceSection, entry: CatalogueEntry, where: str, name: str) -> None:
    for port_name, port in section.port.items():
        _table(entry, port.protocol, where, f"device.{name}.port.{port_name}.protocol")


def _table(entry: CatalogueEntry, protocol: str, where: str, key: str) -> ClinkTable:
    offered = [name for name in PROTOCOLS if name in entry.protocols]
    if protocol not in offered:
        raise ConfigurationError(where, key, f"a protocol of the {entry.name} ({', '.join(offered)})", repr(protocol))
    return ClinkTable.from_data(entry.protocols[protocol], entry.name)


def _maker(
    entry: CatalogueEntry, face: Face, where: str
) -> Callable[[PortSection, Literal["serial", "tcp"]], DeviceEnd]:
    table = _table(entry, "clink", where, "device")
    memory: list[ClinkMemory] = []

    def make(port: PortSection, transport: Literal["serial", "tcp"]) -> DeviceEnd:
        options = _options(port.options, where)
        # The first port's options stand at start; the memory is one for the whole box.
        memory[:] = memory or [ClinkMemory(table, options)]
        return ClinkDevice(table, face, transport, options, memory[0])

    return make


def _options(options: Mapping[str, bool], where: str) -> ClinkOptions:
    known = ("layout_stale", "tcp_always_sum", "allow_mode_cmd", "strict", "merge_pipelined")
    for name in options:
        if name not in known:
            raise ConfigurationError(where, f"port options.{name}", f"one of {', '.join(known)}", repr(name))
    return replace(ClinkOptions(), **options)  # type: ignore[arg-type]  # names are checked above, values by pydantic


def _connect(
    file: BenchFile, where: str, instruments: dict[str, Instrument], ambient: Air, room: Air
) -> list[ConfigurationError]:
    """Cylinders to calibrators, calibrators through a vented manifold and tubes to analyzers."""
    errors: list[ConfigurationError] = []
    calibrators = {name: i.device for name, i in instruments.items() if isinstance(i.device, Calibrator)}
    for letter, (name, section) in zip("abcdef", file.cylinder.items(), strict=False):
        target = section.device or next(iter(calibrators), "")
        species = species_of(name, section)
        if species not in ("so2", "no", "no2", "co", "o3"):
            errors.append(
                ConfigurationError(where, f"cylinder.{name}.species", "so2, no, no2, co or o3", repr(species))
            )
            continue
        if target not in calibrators:
            if instruments:
                errors.append(
                    ConfigurationError(where, f"cylinder.{name}.device", "a calibrator of this bench", repr(target))
                )
            continue
        scale = 1e-3 if species == "co" else 1.0
        try:
            cylinder = Cylinder(
                Species[species.upper()], section.value * scale, 2.0 * section.u_pct,
                {Species[s.upper()]: v * (1e-3 if s == "co" else 1.0) for s, v in section.impurities.items()},
                **section.hidden,  # type: ignore[arg-type]
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            errors.append(ConfigurationError(where, f"cylinder.{name}.hidden", "deviation_pct only", error))
            continue
        stored = None if section.stored is None else section.stored * scale
        calibrators[target].connect_cylinder(section.port or letter, cylinder, stored)
    manifolds = {name: VentedManifold(device.outlet, room) for name, device in calibrators.items()}
    for name, instrument in instruments.items():
        if instrument.entry.kind != "calibrator":
            instrument.device.connect("room", room)  # type: ignore[attr-defined]
            instrument.device.connect("sample", ambient)  # type: ignore[attr-defined]
        del name
    for name, tube in file.tube.items():
        source, _, outlet = tube.from_.partition(".")
        device, _, port = tube.to.partition(".")
        if device in file.device and file.device[device].resource is not None:
            continue  # the tube says at which port a real unit takes its gas; nothing of it is simulated
        if source not in manifolds or outlet != "out":
            errors.append(ConfigurationError(where, f"tube.{name}.from", "<calibrator>.out", repr(tube.from_)))
            continue
        if device not in instruments or device in calibrators or port not in ("sample", "zero", "span"):
            errors.append(
                ConfigurationError(where, f"tube.{name}.to", "<analyzer>.sample, .zero or .span", repr(tube.to))
            )
            continue
        analyzer = instruments[device].device
        manifolds[source].add_consumer(analyzer, port)  # type: ignore[arg-type]
        end: GasSource = Tube(
            manifolds[source],
            length_m=tube.length,
            bore_m=tube.bore,
            flow_lpm=instruments[device].entry.parameter("sample_flow"),
        )
        analyzer.connect(port, end)  # type: ignore[attr-defined]
    return errors
