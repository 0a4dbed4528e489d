"""A session on a bench: handles to its devices, its references, its time, whether emulated, served or real."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import pyvisa
from pyvisa.constants import Parity, StopBits
from pyvisa.errors import VisaIOError
from pyvisa.resources import MessageBasedResource, SerialInstrument

from instruments.catalogue import CatalogueEntry, load
from instruments.protocols.ends import HostEnd
from rig.bench import Bench
from rig.bench_file import MANUAL, BenchFile, DeviceSection
from rig.cells import CellReference, cells_of
from rig.clock import VirtualClock
from rig.errors import ConfigurationError, RigFault
from rig.host.calibrator import Calibrator, ManualCalibrator, NoCalibrator, Source
from rig.host.direct import DirectLink
from rig.host.handles import GasAnalyzer, Handle, Identity
from rig.host.kinds import MEASURED, MONITOR, channels_of, filed_of
from rig.host.link import Link, VisaLink
from rig.host.particles import ParticleMonitor
from rig.host.plate import Piece, Plate, Replaced
from rig.host.references import Supply, certified_gases, cylinders_of, flows_of, named_cylinders, standards_of
from rig.host.sensor import Sensor
from rig.line_settings import resource_settings
from rig.ports.serial import check_port_is_free
from rig.ports.visa import RigVisaLibrary
from rig.run import RunTime
from rig.uart import LineSettings
from rig.ways import Way, further_ways
from rig.wiring import DIRECT, direct_protocol, host_protocol

_SUPPORT = ("calibrator", "meter", "photometer", "zero_air", "chamber", "variac")
"""Kinds of what tests rest on: opened whatever is tested."""


class VirtualTime:
    """Time of a bench in this process."""

    def __init__(self, bench: Bench) -> None:
        self._clock = bench.virtual_clock

    def now_us(self) -> int:
        """Bench time."""
        return self._clock.now_us

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.wait(round(seconds * 1e6))


class WallTime:
    """The wall clock, or that of a bench that is served at a speed.

    Args:
        started_wall: Unix time of bench time 0.
        speed: bench seconds to a wall second.
    """

    def __init__(self, started_wall: float, speed: float) -> None:
        self._speed = speed
        # The wall clock may be set back during a run; the monotonic one may not.
        self._offset = time.time() - started_wall - time.monotonic()

    def now_us(self) -> int:
        """Bench time."""
        return round((time.monotonic() + self._offset) * self._speed * 1e6)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(max(0.0, seconds / self._speed))


@dataclass
class Session:
    """Everything that a run needs of a bench."""

    file: BenchFile
    path: Path
    handles: dict[str, Handle]
    time: RunTime
    bench: Bench | None
    simulated: bool
    seed: int | None
    speed: float | None
    manager: pyvisa.ResourceManager | None = field(default=None, repr=False)

    @cached_property
    def supply(self) -> Supply:
        """What the bench's gases and standards are. Raises ConfigurationError if it has several calibrators."""
        return _supply(self.file, self.path, self.handles)

    @cached_property
    def cells(self) -> Mapping[str, CellReference]:
        """The calibration cells of its open paths, by the names that the setting ``cell`` inserts them by."""
        return cells_of(self.file)

    def close(self) -> None:
        """Let every port go."""
        _close(self.handles)
        if self.manager is not None:
            self.manager.close()
        if self.bench is not None:
            self.bench.close()


def open_session(
    file: BenchFile, path: Path, *, seed: int | None = None, devices: tuple[str, ...] = (),
    troubles: dict[str, RigFault] | None = None,
) -> Session:  # fmt: skip
    """Open the devices of a bench.

    A bench of emulated devices runs in this process on virtual time; the station's own routines rest, for its
    calibrator belongs to the procedures meanwhile. One whose devices have resources is reached
    through them on the wall clock.

    Args:
        file: a bench without mistakes.
        path: its file, for messages.
        seed: root seed of an emulated bench; the file's own if None.
        devices: what is tested; the calibrator, the zero air, the references, a chamber and its supply are opened
            beside it. All if empty.
        troubles: takes the devices that cannot be opened, and why; without it the first one is raised.

    Raises:
        ConfigurationErrors: the bench cannot be built. RigFault: a port is missing, taken, or cannot be opened.
    """
    process = _ended_server(file)
    if process is not None and any((section.resource or "").startswith("ASRL/") for section in file.device.values()):
        # Its links may point to pseudo-terminals that are somebody else's by now: nothing may be written to them.
        raise RigFault(f"{path} was written by rig serve, process {process}, which has ended")
    bench: Bench | None = None
    if any(section.port for section in file.device.values()):
        bench = Bench(file, str(path), VirtualClock(), seed, routines=False)
        manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
        run_time: RunTime = VirtualTime(bench)
    else:
        manager = pyvisa.ResourceManager("@py")
        started = file.bench.started_wall
        run_time = WallTime(file.bench.epoch.timestamp() if started is None else started, file.bench.speed or 1.0)
    handles: dict[str, Handle] = {}
    try:
        for name, section in file.device.items():
            entry = None if section.model == MANUAL else load(section.model)
            if entry is not None and section.resource is None and not section.port:
                continue  # nobody can talk to it: a shelter, a monitor whose wire is not emulated yet
            if devices and name not in devices and entry is not None and entry.kind not in _SUPPORT:
                continue
            try:
                handles[name] = _open(manager, bench, file, name, section, entry, run_time.now_us)
                if bench is not None and name in bench.instruments:
                    handles[name].display = bench.instruments[name].face.read
            except RigFault as fault:
                told = _with_the_servers_end(fault, file, path)
                if troubles is None:
                    raise told from None
                troubles[name] = told
    except BaseException:
        _close(handles)
        manager.close()
        raise
    return Session(
        file=file, path=path, handles=handles, time=run_time, bench=bench,
        simulated=bench is not None or any(handle.identity.emulated for handle in handles.values()),
        seed=bench.seed if bench is not None else None if not file.bench.simulated else file.bench.seed,
        speed=None if bench is not None else file.bench.speed or 1.0, manager=manager,
    )  # fmt: skip


def plate_of(section: DeviceSection, entry: CatalogueEntry | None) -> Plate:
    """What is known of a unit's papers: the bench file's word, and of the approval also the catalogue's."""
    plate, service = section.plate, section.service
    told = service.model_fields_set
    return Plate(
        plate.approval or ("" if entry is None else entry.approval), plate.manufactured, plate.in_service,
        service.hours if "hours" in told else None, service.shelf_days if "shelf_days" in told else None,
        plate.constants,
        tuple(Piece(name, its.value, its.u, its.certificate, its.expires, its.serial)
              for name, its in plate.piece.items()),
    )  # fmt: skip


def replaced_by(file: BenchFile, section: DeviceSection) -> Replaced | None:
    """The unit that this one stands in for, by the bench file and the catalogue; None if it stands in for none."""
    backup = section.backup
    if backup is None:
        return None
    entry = load(backup.model or file.device[backup.of or ""].model)
    return Replaced(backup.of or "", entry.name, entry.method, tuple(entry.channels), backup.fault_began)


def _close(handles: Mapping[str, Handle]) -> None:
    for handle in handles.values():
        try:
            handle.close()
        except (VisaIOError, OSError):
            continue  # a port that is gone is closed enough


def _ended_server(file: BenchFile) -> int | None:
    """The process that wrote this endpoints file, if it ran on this machine and has ended."""
    process = file.bench.process
    return None if process is None or Path(f"/proc/{process}").exists() else process


def _with_the_servers_end(fault: RigFault, file: BenchFile, path: Path) -> RigFault:
    """The fault, with the likeliest reason if this is an endpoints file and its server is no longer there."""
    process = _ended_server(file)
    if process is None:
        return fault
    return RigFault(f"{fault} ({path} was written by rig serve, process {process}, which has ended)")


def _open(
    manager: pyvisa.ResourceManager, bench: Bench | None, file: BenchFile, name: str, section: DeviceSection,
    entry: CatalogueEntry | None, now_us: Callable[[], int],
) -> Handle:  # fmt: skip
    gas_port = next(
        (tube.to.partition(".")[2] for tube in file.tube.values() if tube.to.partition(".")[0] == name), None
    )
    if entry is None:
        return ManualCalibrator(
            Identity(name, "calibrator", MANUAL, "", section.serial, MANUAL, "read", "", emulated=False, gas_port=None,
                     plate=plate_of(section, None))
        )  # fmt: skip
    if section.resource is not None:
        protocol_name, number, options = section.protocol or "", section.id, section.options
        resource_name, emulated, hears_itself = section.resource, section.emulated, section.echo
    else:
        port = next(iter(section.port.values()))
        protocol_name, number, options = port.protocol, port.id, port.options
        resource_name, emulated, hears_itself = f"ASRL{name}::INSTR", True, port.wires == 2 and port.echo
        if port.kind == DIRECT and bench is not None:
            identity = Identity(
                name, entry.kind, entry.name, entry.maker, section.serial, DIRECT, "read", "", emulated=True,
                gas_port=gas_port, principle=entry.principle, method=entry.method,
                plate=plate_of(section, entry), replaces=replaced_by(file, section),
            )  # fmt: skip
            instrument = bench.instruments[name]
            direct = direct_protocol(instrument.device, entry, instrument.face)
            return _handle(identity, DirectLink(name, instrument.face, direct, section.timeout), entry, now_us)
    protocol, mark = host_protocol(entry, protocol_name, number, options)
    identity = Identity(
        name, entry.kind, entry.name, entry.maker, section.serial, protocol_name, mark, resource_name,
        emulated=emulated, gas_port=gas_port, principle=entry.principle, method=entry.method,
        plate=plate_of(section, entry), replaces=replaced_by(file, section),
    )  # fmt: skip
    patience = section.timeout / (file.bench.speed or 1.0) + 1.0 if section.resource else section.timeout
    settings = resource_settings(entry, section) if section.resource is not None else None
    link = _link(manager, name, resource_name, protocol, patience, settings, hears_itself=hears_itself)
    handle = _handle(identity, link, entry, now_us)
    handle.further = {
        way.port: partial(_further_link, manager, name, entry, way, patience) for way in further_ways(name, section)
    }
    return handle


def _further_link(
    manager: pyvisa.ResourceManager, name: str, entry: CatalogueEntry, way: Way, patience: float
) -> Link:  # fmt: skip
    protocol, _ = host_protocol(entry, way.protocol, way.number, way.options)
    return _link(manager, name, way.resource, protocol, patience, way.settings, hears_itself=way.hears_itself)


def _link(
    manager: pyvisa.ResourceManager, name: str, resource_name: str, protocol: HostEnd, patience: float,
    settings: LineSettings | None, *, hears_itself: bool,
) -> VisaLink:  # fmt: skip
    """Open a resource; with the settings of its line where the host must set them. Raises RigFault."""
    if resource_name.upper().startswith("ASRL/"):
        check_port_is_free(resource_name[4:].split("::")[0])
    try:
        resource = manager.open_resource(resource_name)
    except (VisaIOError, OSError, ValueError) as error:
        raise RigFault(f"{name}: cannot open {resource_name}: {error}") from error
    assert isinstance(resource, MessageBasedResource)  # serial and socket resources are
    if settings is not None and isinstance(resource, SerialInstrument):
        _set(resource, settings)
    return VisaLink(name, resource, protocol, patience, hears_itself=hears_itself)


def _set(resource: SerialInstrument, settings: LineSettings) -> None:
    resource.baud_rate = settings.baud
    resource.data_bits = settings.data_bits
    resource.parity = Parity[settings.parity]
    resource.stop_bits = StopBits.one if settings.stop_bits == 1 else StopBits.two


def _handle(identity: Identity, link: Link, entry: CatalogueEntry, now_us: Callable[[], int]) -> Handle:
    if entry.kind == "calibrator":
        return Calibrator(identity, link)
    if entry.kind in MEASURED:
        return Sensor(identity, link, now_us)
    if entry.kind == MONITOR:
        channel = entry.channel("concentration")
        return ParticleMonitor(identity, link, channel.background, channel.coefficient)
    return GasAnalyzer(identity, link, channels_of(entry), filed_of(entry))


def _supply(file: BenchFile, path: Path, handles: Mapping[str, Handle]) -> Supply:
    sources = [handle for handle in handles.values() if isinstance(handle, Calibrator | ManualCalibrator)]
    if not sources:
        return Supply(
            NoCalibrator(), {}, None, standards=standards_of(file), epoch=file.bench.epoch, cells=cells_of(file)
        )  # fmt: skip
    if len(sources) != 1:
        raise ConfigurationError(
            path, "device", f'one calibrator (a model of that kind, or model = "{MANUAL}")', f"{len(sources)} of them"
        )
    source: Source = sources[0]
    gas_lpm, zero_lpm = 0.1, 10.0
    if isinstance(source, Calibrator):
        entry = load(file.device[source.name].model)
        gas_lpm = entry.parameter("gas_flow_full_scale") / 1000.0
        zero_lpm = entry.parameter("zero_flow_full_scale")
    flows = flows_of(source.name, file.certificate.get(source.name), gas_lpm, zero_lpm)
    return Supply(
        source=source, cylinders=cylinders_of(file), flows=flows, spare=named_cylinders(file),
        components=certified_gases(file), standards=standards_of(file), epoch=file.bench.epoch,
        gas_full_scale_lpm=gas_lpm, zero_full_scale_lpm=zero_lpm, cells=cells_of(file),
    )  # fmt: skip
