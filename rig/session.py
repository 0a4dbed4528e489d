"""A session on a bench: handles to its devices, its references, its time, whether emulated, served or real."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyvisa
from pyvisa.errors import VisaIOError
from pyvisa.resources import MessageBasedResource

from instruments.catalogue import CatalogueEntry, load
from rig.bench import Bench
from rig.bench_file import BenchFile, DeviceSection
from rig.clock import VirtualClock
from rig.errors import ConfigurationError, RigFault
from rig.host.calibrator import Calibrator, ManualCalibrator, Source
from rig.host.handles import GasAnalyzer, Handle, Identity
from rig.host.link import VisaLink
from rig.host.references import Supply, cylinders_of, flows_of
from rig.ports.serial import check_port_is_free
from rig.ports.visa import RigVisaLibrary
from rig.run import RunTime
from rig.wiring import host_protocol

MANUAL = "manual"
"""Model name of a calibrator that a person sets."""


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
    supply: Supply
    time: RunTime
    bench: Bench | None
    simulated: bool
    seed: int | None
    speed: float | None
    manager: pyvisa.ResourceManager | None = field(default=None, repr=False)

    def close(self) -> None:
        """Let every port go."""
        for handle in self.handles.values():
            try:
                handle.close()
            except (VisaIOError, OSError):
                continue  # a port that is gone is closed enough
        if self.manager is not None:
            self.manager.close()
        if self.bench is not None:
            self.bench.close()


def open_session(file: BenchFile, path: Path, *, seed: int | None = None, devices: tuple[str, ...] = ()) -> Session:
    """Open the devices of a bench (all, or those named and the calibrator).

    A bench of emulated devices runs in this process on virtual time. One whose devices have resources is reached
    through them on the wall clock.

    Raises:
        ConfigurationError: the bench cannot be built. RigFault: a port is missing, taken, or cannot be opened.
    """
    emulated_here = [name for name, section in file.device.items() if section.port and section.resource is None]
    real = [name for name, section in file.device.items() if section.resource is not None]
    if emulated_here and real:
        for name in emulated_here:
            if file.device[name].follows is None:
                raise ConfigurationError(
                    path,
                    f"device.{name}",
                    "follows = ... : an emulated unit beside real ones must say what it follows",
                    "no follows",
                )
    bench: Bench | None = None
    if emulated_here and not real:
        bench = Bench(file, str(path), VirtualClock(), seed)
        manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
        run_time: RunTime = VirtualTime(bench)
    else:
        manager = pyvisa.ResourceManager("@py")
        speed = file.bench.speed or 1.0
        started = file.bench.started_wall
        run_time = WallTime(file.bench.epoch.timestamp() if started is None else started, speed)
    handles: dict[str, Handle] = {}
    try:
        for name, section in file.device.items():
            entry = None if section.model == MANUAL else load(section.model)
            if devices and name not in devices and entry is not None and entry.kind != "calibrator":
                continue
            handles[name] = _open(manager, file, path, name, section, entry)
        supply = _supply(file, path, handles)
    except BaseException:
        for handle in handles.values():
            handle.close()
        manager.close()
        raise
    return Session(
        file=file, path=path, handles=handles, supply=supply, time=run_time, bench=bench,
        simulated=bench is not None or any(handle.identity.emulated for handle in handles.values()),
        seed=bench.seed if bench is not None else None if not file.bench.simulated else file.bench.seed,
        speed=None if bench is not None else file.bench.speed or 1.0, manager=manager,
    )  # fmt: skip


def _open(
    manager: pyvisa.ResourceManager, file: BenchFile, path: Path, name: str, section: DeviceSection,
    entry: CatalogueEntry | None,
) -> Handle:  # fmt: skip
    gas_port = next(
        (tube.to.partition(".")[2] for tube in file.tube.values() if tube.to.partition(".")[0] == name), None
    )
    if entry is None:
        return ManualCalibrator(
            Identity(
                name, "calibrator", MANUAL, "", section.serial, "", MANUAL, "read", "", emulated=False, gas_port=None
            )
        )
    if section.resource is not None:
        protocol_name, number, baud = section.protocol or "", section.id, section.baud
        resource_name, emulated = section.resource, section.emulated
    else:
        port = next(iter(section.port.values()))
        protocol_name, number, baud = port.protocol, port.id, port.baud
        resource_name, emulated = f"ASRL{name}::INSTR", True
    protocol, mark = host_protocol(entry, protocol_name, number, str(path), f"device.{name}")
    identity = Identity(
        name, entry.kind, entry.name, entry.maker, section.serial, "", protocol_name, mark, resource_name,
        emulated=emulated, gas_port=gas_port,
    )  # fmt: skip
    if resource_name.upper().startswith("ASRL/"):
        check_port_is_free(resource_name[4:].split("::")[0])
    try:
        resource = manager.open_resource(resource_name)
    except (VisaIOError, OSError, ValueError) as error:
        raise RigFault(f"{name}: cannot open {resource_name}: {error}") from error
    assert isinstance(resource, MessageBasedResource)  # serial and socket resources are
    if section.resource is not None and hasattr(resource, "baud_rate"):
        resource.baud_rate = baud
    link = VisaLink(
        name,
        resource,
        protocol,
        section.timeout / (file.bench.speed or 1.0) + 1.0 if section.resource else section.timeout,
    )
    return Calibrator(identity, link) if entry.kind == "calibrator" else GasAnalyzer(identity, link)


def _supply(file: BenchFile, path: Path, handles: Mapping[str, Handle]) -> Supply:
    sources = [handle for handle in handles.values() if isinstance(handle, Calibrator | ManualCalibrator)]
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
    return Supply(source=source, cylinders=cylinders_of(file), flows=flows)
