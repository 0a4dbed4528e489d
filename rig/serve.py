"""A bench on the wall clock, served on ptys and TCP ports, in a thread of its own or until interrupted."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from instruments.catalogue import load
from instruments.protocols.dialects import dialect
from rig.bench import Bench, Instrument
from rig.bench_file import CYLINDER, BenchFile, PortSection, ServedPortSection
from rig.clock import PacedClock
from rig.errors import ConfigurationError, RigFault
from rig.event_loop import new_event_loop
from rig.faults import Fault
from rig.files import write_atomically
from rig.hands_wire import HandsPort
from rig.line_settings import port_settings
from rig.operators import see_at
from rig.ports.comport import ComPort
from rig.ports.pty import PtyPort
from rig.ports.real import RealPort
from rig.ports.tcp import NoSuchInterface, TcpPort
from rig.truth import TruthLog, fault_line
from rig.uart import LineSettings
from rig.wiring import port_number

Result = TypeVar("Result")

_CLIENTS = 3
"""TCP clients at once where neither the bench file nor the protocol says how many: this project's choice."""

_OF_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that mean every interface, to which no client can connect, and where one on this machine finds them."""

_EVENTS = 10_000
"""Events that a served bench keeps."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one port of one device can be reached; ``resource`` is empty where VISA has no name for it.

    ``settings`` are those of its serial line; None where bytes cross a network without one. ``id`` is the address that
    the box answers to, whether the bench file gives it or the maker; None where boxes have none. ``interface`` is said
    where the port listens at every address of the machine: ``address`` then is the one for clients on this machine.
    """

    device: str
    port: str
    model: str
    kind: Literal["serial", "tcp", "rfc2217"]
    protocol: str
    settings: LineSettings | None
    id: int | None
    resource: str
    address: str
    line: str | None = None
    wires: Literal[2, 4] = 4
    echo: bool = True
    interface: str | None = None

    def as_section(self) -> ServedPortSection:
        """As a section of an endpoints file."""
        line: dict[str, Any] = {} if self.settings is None else asdict(self.settings)
        if self.line is not None:
            line["wires"] = self.wires
        if self.wires == 2:
            line["echo"] = self.echo
        return ServedPortSection(
            kind=self.kind, protocol=self.protocol, address=self.address, resource=self.resource, id=self.id,
            line=self.line, interface=self.interface, **line,
        )  # fmt: skip


@dataclass
class ServedBench:
    """A bench whose devices answer on ptys (symlinks below ``folder``) and TCP, at ``speed``, in its own thread.

    Use as a context: inside, :attr:`endpoints` are open; afterwards nothing is left behind. :attr:`events` tells which
    faults have begun and ended, and which messages faults of lines have struck; a day of struck messages would fill
    the memory, so of all events the last 10,000 are kept (the truth log has them all). :attr:`listener` is told each
    of them in the bench's own thread.
    """

    file: BenchFile
    path: Path
    folder: Path
    speed: float = 1.0
    seed: int | None = None
    truth: Path | None = None
    endpoints: list[Endpoint] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    started_wall: float = 0.0
    hands: str = ""
    bench: Bench | None = None
    listener: Callable[[dict[str, Any]], None] | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _ports: list[PtyPort | RealPort | TcpPort] = field(default_factory=list)
    _hands_port: HandsPort | None = None
    _shared: dict[str, tuple[str, str]] = field(default_factory=dict)
    _gauges: dict[str, tuple[float, float]] = field(default_factory=dict)
    _ready: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _trouble: BaseException | None = None
    _truth_log: TruthLog | None = None

    def __enter__(self) -> ServedBench:
        self._thread = threading.Thread(target=self._run, name="rig bench", daemon=True)
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:  # asked to stop before the ports were open
            self._ready.wait()
            self.__exit__()
            raise
        if self._trouble is not None:
            self._thread.join()
            raise self._trouble
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until ``seconds`` of wall time have passed, or for ever. Raises RigFault if the bench breaks down."""
        self._ended.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise RigFault if the bench has broken down."""
        if self._trouble is not None:
            raise RigFault(f"the bench broke down: {type(self._trouble).__name__}: {self._trouble}") from self._trouble

    def call(self, action: Callable[[Bench], Result]) -> Result:
        """Do ``action`` with the bench in the bench's own thread, and return what it returns or raise what it raises.

        Raises:
            RigFault: the bench has broken down.
        """
        assert self._loop is not None  # inside the context only
        assert self.bench is not None
        self.check()
        bench, answer = self.bench, Future[Result]()

        def do() -> None:
            try:
                bench.clock.catch_up()  # type: ignore[union-attr]  # a served bench is paced
                answer.set_result(action(bench))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that asked
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(do)
        while True:
            try:
                return answer.result(0.1)
            except TimeoutError:
                if answer.done():
                    raise
                self.check()

    def endpoints_data(self) -> dict[str, Any]:
        """The endpoints in the shape of a bench file, so that another process can use this bench like a real one."""
        data: dict[str, Any] = json.loads(self.file.model_dump_json(by_alias=True, exclude_defaults=True))
        data["bench"] |= {
            "speed": self.speed, "started_wall": self.started_wall, "process": os.getpid(), "source": str(self.path),
            "simulated": True, "seed": self.bench.seed if self.bench is not None else self.file.bench.seed,
            "hands": self.hands,
        }  # fmt: skip
        data.pop("fault", None)
        data.pop("routine", None)
        data.pop("air", None)
        for name, cylinder in data.get("cylinder", {}).items():
            for key in ("hidden", "model", "pressure", "settings", "service"):
                cylinder.pop(key, None)
            if name in self._gauges:
                pressure, volume = self._gauges[name]
                cylinder |= {"pressure": f"{pressure:g} MPa", "volume": f"{volume:g} L"}
        # What no port leads to, or one of this process only, is not there for another process.
        reached = {endpoint.device for endpoint in self.endpoints}
        for name in [name for name in data["device"] if name not in reached]:
            del data["device"][name]
            for its in data["device"].values():
                if its.get("backup", {}).get("of") == name:
                    its["backup"] = {**its["backup"], "of": None, "model": self.file.device[name].model}
            data.get("certificate", {}).pop(name, None)
            tubes = data.get("tube", {})
            ends = {tube: (its["from"].partition(".")[0], its["to"].partition(".")[0]) for tube, its in tubes.items()}
            for tube in [tube for tube, both in ends.items() if name in both]:
                del tubes[tube]
        for endpoint in reversed(self.endpoints):
            device = data["device"][endpoint.device]
            for key in ("port", "hidden", "settings", "warm"):
                device.pop(key, None)
            port = endpoint.as_section().model_dump(exclude_defaults=True)
            device["ports"] = {endpoint.port: port, **device.get("ports", {})}
            device["emulated"] = True
            if not endpoint.resource:
                continue
            device |= {"resource": endpoint.resource, "protocol": endpoint.protocol}
            for key in ("baud", "data_bits", "parity", "stop_bits", "echo"):
                device.pop(key, None)
            if endpoint.wires == 2 and endpoint.echo:
                device["echo"] = True
            if endpoint.settings is not None:
                device |= asdict(endpoint.settings)
            device["resources"] = {endpoint.port: endpoint.resource, **device.get("resources", {})}
            if endpoint.id is None:
                device.pop("id", None)  # that of another port
            else:
                device["id"] = endpoint.id
            device["options"] = dict(self.file.device[endpoint.device].port[endpoint.port].options)
        return data

    def write_endpoints(self, path: Path) -> None:
        """Write :meth:`endpoints_data` atomically: whoever sees the file sees all of it."""
        write_atomically(path, json.dumps(self.endpoints_data(), indent=1) + "\n")

    # -- the bench's own thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        loop = new_event_loop()
        self._loop = loop
        loop.set_exception_handler(self._broke_down)
        try:
            loop.run_until_complete(self._open(loop))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._trouble = error
            self._close_ports()
            self._ended.set()
            self._ready.set()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            return
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            self._close_ports()
            assert self.bench is not None
            self.bench.clock.stop()  # type: ignore[union-attr]
            self.bench.close()
            if self._truth_log is not None:
                self._truth_log.close()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            self._ended.set()

    def _broke_down(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An event of the bench raised: a bench that goes on without it would tell lies, so it stops."""
        error = context.get("exception")
        self._trouble = error if isinstance(error, BaseException) else RigFault(str(context.get("message")))
        loop.stop()

    def _happened(self, event: dict[str, Any]) -> None:
        if len(self.events) >= _EVENTS:
            del self.events[: _EVENTS // 10]
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    def _fault(self, t_us: int, fault: Fault, begins: bool) -> None:
        self._happened(fault_line(t_us, fault, begins))

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        clock = PacedClock(self.speed)
        bench = Bench(self.file, str(self.path), clock, self.seed)
        self.bench = bench
        bench.fault_listeners.append(self._fault)
        bench.line_listeners.append(lambda event: self._happened(event.as_dict()))
        if self.truth is not None:
            self._truth_log = TruthLog(bench, self.truth)
        for instrument in bench.instruments.values():
            for name, port in instrument.section.port.items():
                if port.kind != "direct":  # no bytes go that way: the caller says so
                    await self._open_port(loop, bench, instrument, name, port, port.kind, clock)
        self._gauges = _labels(bench)
        self._hands_port = HandsPort(bench, clock)
        self.hands = await self._hands_port.start()
        self.started_wall = time.time()
        clock.start(loop)

    async def _open_port(
        self, loop: asyncio.AbstractEventLoop, bench: Bench, instrument: Instrument, name: str, port: PortSection,
        kind: Literal["serial", "tcp", "rfc2217"], clock: PacedClock,
    ) -> None:  # fmt: skip
        key = f"device.{instrument.name}.port.{name}"
        interface: str | None = None
        if port.line is not None and port.line in self._shared:
            resource, address = self._shared[port.line]
        elif port.kind == "serial" and port.device is not None:
            try:
                real = RealPort(instrument.lines[name], port.device, clock)
                real.start(loop)
            except RigFault as fault:
                raise RigFault(f"{self.path}: {key}.device: {fault}") from fault
            self._ports.append(real)
            # Who is to reach it sits at the other end of a cable: by which port, nobody here knows.
            resource, address = "", port.device
        elif port.kind == "serial":
            # The device's own name for its first serial port, whatever other ports it has.
            first = name == next(n for n, its in instrument.section.port.items() if its.kind == "serial")
            own = instrument.name if first else f"{instrument.name}.{name}"
            link = self.folder / (port.line or own)
            try:
                pty = PtyPort(instrument.lines[name], link, clock)
            except OSError as error:
                found = f"{link}: {error.strerror or error}"
                raise ConfigurationError("--folder", "", "a folder for links to ports", found) from error
            self._ports.append(pty)
            pty.start(loop)
            resource, address = f"ASRL{link}::INSTR", str(link)
        else:
            tcp = self._tcp_port(bench, instrument, name, port, clock)
            try:
                await tcp.start()
            except NoSuchInterface as fault:
                place = "bench.interface" if port.interface is None else f"{key}.interface"
                expected = "an address of this machine"
                raise ConfigurationError(self.path, place, expected, repr(tcp.host)) from fault
            except RigFault as fault:
                raise RigFault(f"{self.path}: {key}.tcp_port: {fault}") from fault
            self._ports.append(tcp)
            host = _OF_ALL.get(tcp.host, tcp.host)
            interface = tcp.host if tcp.host in _OF_ALL else None
            resource, address = f"TCPIP::{host}::{tcp.port}::SOCKET", f"{host}:{tcp.port}"
            if ":" in host:
                resource, address = "", f"[{host}]:{tcp.port}"  # a VISA name cannot hold an IPv6 address
            if port.kind == "rfc2217":
                # pyvisa-py sets a write time-out, which pyserial's rfc2217:// refuses: VISA has no name for this.
                resource, address = "", f"rfc2217://{address}"
        if port.line is not None:
            self._shared[port.line] = resource, address
        settings = None if port.kind == "tcp" else port_settings(instrument.entry, port)
        number = port_number(instrument.entry, instrument.device, port, clock.now_us)
        self.endpoints.append(
            Endpoint(instrument.name, name, instrument.entry.name, kind, port.protocol, settings, number, resource,
                     address, port.line, port.wires, port.echo, interface)
        )  # fmt: skip

    def _tcp_port(
        self, bench: Bench, instrument: Instrument, name: str, port: PortSection, clock: PacedClock
    ) -> TcpPort:
        interface = port.interface or self.file.bench.interface
        if port.kind == "rfc2217":
            # One serial line behind it: one client at a time, and the converter lives when the box has no power.
            return TcpPort(lambda: instrument.lines[name], lambda line: None, interface, port.tcp_port, clock, 1,
                           instrument.conditions[name], ComPort, hangs_up=False)  # fmt: skip
        clients = port.clients or dialect(instrument.entry, port.protocol).clients or _CLIENTS
        return TcpPort(
            lambda: bench.make_line(instrument, name, port), lambda line: bench.drop_line(instrument, line),
            interface, port.tcp_port, clock, clients, instrument.conditions[name],
        )  # fmt: skip

    def _close_ports(self) -> None:
        for port in self._ports:
            try:
                port.close()
            except (OSError, RigFault):
                continue  # the others must be closed all the same
        self._ports.clear()
        if self._hands_port is not None:
            self._hands_port.close()


def _labels(bench: Bench) -> dict[str, tuple[float, float]]:
    """What a person reads off cylinders that are used up: gauge, MPa, and label, L; a gauge at zero is left out."""
    found = {}
    for name, section in bench.file.cylinder.items():
        if section.model is not None:
            shown = see_at(bench, f"{CYLINDER}{name}", "pressure")
            if isinstance(shown, int | float) and shown > 0.0:
                found[name] = float(shown), load(section.model).parameter("volume")
    return found
