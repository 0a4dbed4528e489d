"""The bench: devices built from a bench file, their gas and byte lines, their faults, on one clock."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from instruments.device import Command, Device, Value
from instruments.protocols.ends import DeviceEnd, Transport
from instruments.station.power import PowerSupply
from instruments.station.variac import Variac
from rig.bench_file import BenchFile, DeviceSection, PortSection
from rig.clock import Clock, PacedClock, VirtualClock
from rig.errors import RigFault
from rig.fault_board import FaultBoard
from rig.fault_board import schedule as schedule_fault
from rig.faults import Fault, plan_fault
from rig.line_condition import LineCondition, LineEvent
from rig.line_faults import LineFault
from rig.line_settings import port_settings
from rig.lines import Line, LineTiming
from rig.multidrop import Multidrop, Tap
from rig.routines import schedule
from rig.two_wires import TwoWireLine

if TYPE_CHECKING:
    from instruments.catalogue import CatalogueEntry

_BOOT_US = 15 * 1_000_000
"""How long a box says nothing after its power has come back: this project's choice."""

_HOUSEKEEPING_US = 6 * 3600 * 1_000_000
"""How often devices that nobody asks are brought up to date, so that their history stays bounded."""


class InstrumentFace:
    """A device bound to the bench's clock: what a protocol sees of it."""

    def __init__(self, device: Device, clock: Clock, on_command: Callable[[Command], None]) -> None:
        self._read = device.read
        self._clock = clock
        self._on_command = on_command

    def read(self, quantity: str) -> Value:
        """Value of an observable or setting now."""
        return self._read(self._clock.now_us, quantity)

    def read_at(self, quantity: str, t_us: int) -> Value:
        """Value of an observable as it was at ``t_us``."""
        return self._read(t_us, quantity)

    def apply(self, name: str, value: Value) -> None:
        """Set a parameter, the clock, or start an action, now."""
        self._on_command(Command(name, value))

    def now_us(self) -> int:
        """Bench time."""
        return self._clock.now_us

    def clock_us(self) -> int:
        """The instrument's own clock, microseconds since 1970-01-01 of its local calendar."""
        return int(self.read("clock_us"))  # type: ignore[arg-type]  # a clock shows a whole number


@dataclass
class Instrument:
    """An emulated device on the bench, with its lines."""

    name: str
    section: DeviceSection
    entry: CatalogueEntry
    device: Device
    face: InstrumentFace
    make_protocol: Callable[[PortSection, Transport], DeviceEnd]
    lines: dict[str, Line] = field(default_factory=dict)
    all_lines: list[Line] = field(default_factory=list)
    taps: list[Tap] = field(default_factory=list)
    conditions: dict[str, LineCondition] = field(default_factory=dict)


class Bench:
    """Everything that stands on the bench.

    Args:
        file: the checked bench file.
        where: its name, for messages.
        clock: virtual or paced.
        seed: root seed; the file's own if None.
        routines: whether the station does what it does by itself.

    Raises:
        ConfigurationErrors: everything in the file that does not fit the models.
    """

    def __init__(
        self, file: BenchFile, where: str, clock: VirtualClock | PacedClock, seed: int | None = None, *,
        routines: bool = True,
    ) -> None:  # fmt: skip
        from rig.bench_check import check_bench
        from rig.wiring import build_instruments, hidden_model

        check_bench(file, where)
        self.file = file
        self.where = where
        self.clock = clock
        self.seed = file.bench.seed if seed is None else seed
        self.fault_listeners: list[Callable[[int, Fault, bool], None]] = []
        self.line_listeners: list[Callable[[LineEvent], None]] = []
        self.shared_lines: dict[str, Line] = {}
        self._closed = False
        self._due: set[tuple[str, int]] = set()
        self.instruments: dict[str, Instrument]
        self.instruments, around = build_instruments(self)
        self.ambient, self.room = around.outside, around.room
        for instrument in self.instruments.values():
            for port_name, port in instrument.section.port.items():
                if port.kind == "direct":
                    continue  # no bytes go that way
                instrument.lines[port_name] = self.make_line(instrument, port_name, port)
            self._watch(instrument)
        planned = (plan_fault(section, index, where) for index, section in enumerate(file.fault))
        self.faults = [fault.on(self.instruments[fault.device].entry) for fault in planned]
        board = FaultBoard(self)
        self._built = {
            name: {field: self.hidden(name, field) for field in hidden_model(instrument.entry).model_fields}
            for name, instrument in self.instruments.items()
        }
        for fault in self.faults:
            schedule_fault(fault, self.clock, board, self._tell, lambda: not self._closed)
        for routine in file.routine if routines else ():
            schedule(routine, self.clock, self._routine_command)
        self.clock.after(_HOUSEKEEPING_US, self._keep_house)

    # -- time -----------------------------------------------------------------------------------------------------

    @property
    def virtual_clock(self) -> VirtualClock:
        """The clock of a bench on virtual time. Raises RigFault for a paced one."""
        if not isinstance(self.clock, VirtualClock):
            raise RigFault("this bench runs on the wall clock: reach it through its ports")
        return self.clock

    def own_time(self) -> Any:
        """Context in which this process's ``time.sleep``, ``time.monotonic`` and ``time.time`` are the bench's."""
        from rig.own_time import own_time

        return own_time(self)

    def calendar_seconds(self, t_us: int) -> float:
        """Unix time of the bench at ``t_us``."""
        return self.file.bench.epoch.timestamp() + t_us / 1e6

    # -- lines ----------------------------------------------------------------------------------------------------

    def make_line(self, instrument: Instrument, port_name: str, port: PortSection) -> Line:
        """Make a line to ``instrument`` with a protocol of its own."""
        transport: Transport = "tcp" if port.kind == "tcp" else "serial"
        protocol = instrument.make_protocol(port, transport)
        if port.line is not None:
            return self._shared_line(instrument, port_name, port, protocol)
        name = f"{instrument.name}/{port_name}"
        if port_name not in instrument.conditions:
            instrument.conditions[port_name] = LineCondition(name, self.clock, self.seed, self._tell_line)
        line = self._wire(name, instrument, port, protocol, instrument.conditions[port_name])
        if instrument.all_lines:
            line.powered = instrument.all_lines[0].powered
        instrument.all_lines.append(line)
        return line

    def _wire(
        self, name: str, instrument: Instrument, port: PortSection, protocol: DeviceEnd, condition: LineCondition
    ) -> Line:  # fmt: skip
        """A line as the section of its port says."""
        transport = "tcp" if port.kind == "tcp" else "serial"
        settings = port_settings(instrument.entry, port)
        # Where the box sits on a real port, its UART keeps the pace.
        paced = port.line_timing and transport == "serial" and port.device is None
        timing = LineTiming(
            baud=settings.baud if paced else 0,
            bits_per_byte=settings.bits_per_byte,
            reply_delay_us=round(port.thinks_s * 1e6),
            latency_us=round(port.latency * 1e6),
        )
        protocol.pace(timing.byte_us)
        if port.wires == 2:
            assert isinstance(protocol, Multidrop)  # bench_check asks for a shared line
            return TwoWireLine(name, self.clock, protocol, timing, settings=settings, condition=condition,
                               echo=port.echo, handshake=port.handshake)  # fmt: skip
        return Line(name, self.clock, protocol, timing, settings=settings, condition=condition,
                    is_connection=transport == "tcp", handshake=port.handshake)  # fmt: skip

    def _shared_line(self, instrument: Instrument, port_name: str, port: PortSection, protocol: DeviceEnd) -> Line:
        """The line that several boxes share; the first of them makes it."""
        name = str(port.line)
        if name not in self.shared_lines:
            condition = LineCondition(f"{name}/line", self.clock, self.seed, self._tell_line)
            self.shared_lines[name] = self._wire(condition.name, instrument, port, Multidrop(), condition)
        line = self.shared_lines[name]
        boxes = line.device_end
        assert isinstance(boxes, Multidrop)  # made above
        tap = Tap(protocol)
        boxes.taps.append(tap)
        instrument.taps.append(tap)
        instrument.conditions[port_name] = line.condition
        line.listen()
        return line

    def drop_line(self, instrument: Instrument, line: Line) -> None:
        """A connection is over: nothing is kept of its line."""
        instrument.all_lines.remove(line)
        line.let_go()

    def line_names(self) -> list[str]:
        """Names under which a line can be opened: the device for its first port, ``device.port`` for the others.

        A line that several devices share has its own name too.
        """
        return [
            name if index == 0 else f"{name}.{port}"
            for name, instrument in self.instruments.items()
            for index, port in enumerate(instrument.lines)
        ]

    def find_line(self, name: str) -> Line | None:
        """The line of that name, or None."""
        if name in self.shared_lines:
            return self.shared_lines[name]
        device, _, port = name.partition(".")
        instrument = self.instruments.get(device)
        if instrument is None or not instrument.lines:
            return None
        return instrument.lines.get(port or next(iter(instrument.lines)))

    # -- what happens ---------------------------------------------------------------------------------------------

    def command(self, device: str, command: Command) -> None:
        """Apply ``command`` to ``device`` now. Raises Refused."""
        instrument = self.instruments[device]
        instrument.device.apply(self.clock.now_us, command)
        if command.name == "power":
            if command.value:
                self.clock.after(_BOOT_US, lambda: self._booted(instrument))
            else:
                for line in list(instrument.all_lines):
                    line.switch(powered=False)
                for tap in instrument.taps:
                    tap.switch(powered=False)
            for other in self.instruments.values():
                if isinstance(other.device, PowerSupply):
                    self._watch(other)  # its battery lasts longer or shorter
        self._watch(instrument)

    def _routine_command(self, device: str, command: Command) -> None:
        # What has no power hears nothing of the station's software.
        if not self._closed and self.observed(device, "power") is not False:
            self.command(device, command)

    def _booted(self, instrument: Instrument) -> None:
        if instrument.device.read(self.clock.now_us, "power") is True:
            for line in instrument.all_lines:
                line.switch(powered=True)
            for tap in instrument.taps:
                tap.switch(powered=True)

    def line_fault(self, device: str, fault: LineFault, *, stands: bool) -> None:
        """Let a fault of the ports of ``device`` begin, or pass."""
        for name, condition in self.instruments[device].conditions.items():
            if fault.port in (None, name):
                (condition.begin if stands else condition.end)(fault)

    def jump_clock(self, device: str, by_us: int) -> None:
        """Put the clock of ``device`` forward by ``by_us`` (back if negative)."""
        was = float(self.hidden(device, "clock_jump_s"))  # type: ignore[arg-type]  # a number of seconds
        self.command(device, Command("hidden.clock_jump_s", was + by_us / 1e6))

    def hidden(self, device: str, parameter: str) -> Value:
        """Present value of a hidden parameter."""
        return self.instruments[device].device.read(self.clock.now_us, f"hidden.{parameter}")

    def observed(self, device: str, quantity: str) -> Value | None:
        """Present value of a setting or hidden parameter; None if the device has none of that name."""
        try:
            return self.instruments[device].device.read(self.clock.now_us, quantity)
        except KeyError:
            return None

    def truth(self) -> Mapping[str, Any]:
        """What only the bench knows: every hidden parameter as built, and the faults that were planned."""
        return {
            "seed": self.seed,
            "devices": self._built,
            "cylinders": {
                name: {"deviation_pct": 0.0, **s.hidden} for name, s in self.file.cylinder.items() if s.model is None
            },
            "faults": [
                {"name": f.name, "kind": f.kind.name, "device": f.device, "start_us": f.start_us, "end_us": f.end_us,
                 "severity": f.severity, "parameter": f.parameter, "onset": f.onset, "reveals": f.kind.reveals}
                for f in self.faults
            ],
        }  # fmt: skip

    def close(self) -> None:
        """End of the bench: lines hang up, nothing happens any more."""
        self._closed = True
        for instrument in self.instruments.values():
            for line in instrument.all_lines:
                line.disconnect()
        for line in self.shared_lines.values():
            line.disconnect()

    def _tell(self, fault: Fault, begins: bool) -> None:
        for listener in self.fault_listeners:
            listener(self.clock.now_us, fault, begins)

    def _tell_line(self, event: LineEvent) -> None:
        for listener in self.line_listeners:
            listener(event)

    def _keep_house(self) -> None:
        if self._closed:
            return
        now = self.clock.now_us
        for instrument in self.instruments.values():
            instrument.device.advance(now)
        self.clock.after(_HOUSEKEEPING_US, self._keep_house)

    def _watch(self, instrument: Instrument) -> None:
        due = instrument.device.next_event_us()
        if due is None or (instrument.name, due) in self._due:
            return
        self._due.add((instrument.name, due))

        def happen() -> None:
            self._due.discard((instrument.name, due))
            if self._closed:
                return
            instrument.device.advance(due)
            if isinstance(instrument.device, PowerSupply | Variac):
                for switching in instrument.device.switchings(due, due + 1):
                    self.command(switching.device, Command("power", switching.on))
            self._watch(instrument)

        self.clock.after(max(0, due - self.clock.now_us), happen)


def local_epoch_us(file: BenchFile) -> int:
    """The epoch as the instruments' clocks show it: local calendar, no zone."""
    epoch = file.bench.epoch
    return calendar.timegm(epoch.timetuple()) * 1_000_000 + epoch.microsecond
