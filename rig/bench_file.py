"""The bench file: which devices stand on the bench, how gas and bytes reach them, and what will go wrong.

TOML, read and checked here for its form; :mod:`rig.bench_check` holds it against the models. Every mistake is reported
at once, each with file, key, what was expected and what came. ``rig serve`` writes the same shape as JSON (its
endpoints file), so a served bench can be used like a bench file.
"""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PrivateAttr,
    Tag,
    model_validator,
)  # fmt: skip

from instruments.ambient.settings import CitySection, ReplaySection
from instruments.catalogue import load
from instruments.errors import ConfigurationError
from instruments.protocols.ends import Parity
from instruments.reading import read_data, validate
from instruments.wear import Service
from rig.units import Dimension, base_unit, parse_quantity


def _quantity(dimension: Dimension) -> BeforeValidator:
    def parse(value: object) -> object:
        if isinstance(value, str):
            return parse_quantity(value, dimension)
        raise ValueError(f'text with a unit of {dimension}, such as "{_EXAMPLE[dimension]}"')

    return BeforeValidator(parse)


def _written(dimension: Dimension) -> PlainSerializer:
    """Written back (an endpoints file) with the unit that the file is read with; inside it is a bare number."""
    unit = base_unit(dimension)
    return PlainSerializer(lambda value: None if value is None else f"{value!r} {unit}", when_used="json")


_THINKS_S = 0.02
"""How long a box thinks where the bench file does not say, seconds: this project's choice."""

MANUAL = "manual"
"""Model name of a calibrator that a person sets."""

_EXAMPLE: dict[Dimension, str] = {
    "fraction": "500 ppb", "length": "3 m", "time": "90 s", "flow": "5 L/min", "volume": "180 cm3",
    "pressure": "8 MPa",
}  # fmt: skip


def _at_most(most: float, dimension: Dimension) -> AfterValidator:
    """A slip of unit or digit lies above: no sample line is longer, no pump or cylinder of a station stronger."""

    def hold(value: float) -> float:
        if value > most:
            raise ValueError(f"at most {most:g} {base_unit(dimension)}")
        return value

    return AfterValidator(hold)


Fraction = Annotated[float, _quantity("fraction"), _written("fraction"), Field(ge=0), _at_most(1e9, "fraction")]
"""A mole fraction in nmol/mol, written with a unit."""
Length = Annotated[float, _quantity("length"), _written("length"), Field(gt=0), _at_most(1000.0, "length")]
"""A length in metres, written with a unit."""
Duration = Annotated[float, _quantity("time"), _written("time"), Field(ge=0), _at_most(36525 * 86400.0, "time")]
"""A time in seconds, written with a unit."""
Flow = Annotated[float, _quantity("flow"), _written("flow"), Field(gt=0), _at_most(5000.0, "flow")]
"""A flow in L/min, written with a unit."""


Volume = Annotated[float, _quantity("volume"), _written("volume"), Field(gt=0), _at_most(1000.0, "volume")]
"""A volume in litres, written with a unit."""
Pressure = Annotated[float, _quantity("pressure"), _written("pressure"), Field(gt=0), _at_most(100.0, "pressure")]
"""A pressure in MPa, written with a unit."""


def _instant(value: object) -> object:
    with suppress(ValueError):
        value = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError('a time with its zone, such as "2026-01-05T08:00:00+08:00"')
    return value


def _day(value: object) -> object:
    with suppress(ValueError):
        value = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("a day, such as 2026-12-31")
    return value


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""A calendar time with a zone."""
Day = Annotated[date, BeforeValidator(_day)]
"""The last day on which a certificate is valid."""


def _plain(value: object) -> object:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("true, false, a finite number or text")


def _interface(value: object) -> object:
    if value == "localhost":
        return value
    with suppress(ValueError):
        if isinstance(value, str):
            return str(ip_address(value))
    raise ValueError('an address to listen at, such as "127.0.0.1" or "0.0.0.0" (every one of this machine)')


Interface = Annotated[str, BeforeValidator(_interface)]
"""An IP address at which ports listen, or ``localhost``."""

SettingValue = Annotated[bool | int | float | str, BeforeValidator(_plain)]
"""A value that a setting or a hidden parameter may have; the model says which ones it takes."""


class _Section(BaseModel):
    # Strict: a number is a number and no text, true is no 1. TOML and JSON have types of their own.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class BenchSection(_Section):
    """``[bench]``: epoch, seed, and where ports may be opened."""

    epoch: Instant = Field(description="calendar time of bench time 0, with a zone")
    seed: int = Field(default=1, ge=0)
    interface: Interface = Field(default="127.0.0.1", description="address that TCP ports bind to")
    speed: float | None = Field(default=None, ge=1, description="set by rig serve: bench seconds to a wall second")
    started_wall: float | None = Field(default=None, description="set by rig serve: Unix time of bench time 0")
    process: int | None = Field(default=None, description="set by rig serve: its process id")
    source: str = Field(default="", description="set by rig serve: the bench file that it serves")
    simulated: bool = Field(default=False, description="set by rig serve: its devices are emulated")
    hands: str = Field(default="", description="set by rig serve: host:port at which hands reach what it serves")


class PortSection(_Section):
    """``[device.X.port.Y]``: one way to talk to an emulated device."""

    kind: Literal["serial", "tcp", "rfc2217", "direct"] = Field(
        default="serial", description="direct: no wire, the host reaches the model in its own process"
    )
    protocol: str
    baud: int | None = Field(default=None, ge=50, description="as at delivery if left out, like the next three")
    data_bits: Literal[7, 8] | None = None
    parity: Parity | None = None
    stop_bits: Literal[1, 2] | None = None
    handshake: bool = Field(default=False, description="the box sends only while the host's RTS is on (rfc2217)")
    id: int | None = Field(default=None, ge=0)
    reply_delay: Duration | None = Field(
        default=None, description="the box thinks; 20 ms if left out, with line_timing = false not at all"
    )
    line_timing: bool = True
    latency: Duration = Field(default=0.0, description="bytes reach the host at every multiple of this (FTDI: 16 ms)")
    tcp_port: int = Field(default=0, ge=0, le=65535, description="0 takes a free one")
    interface: Interface | None = Field(
        default=None, description="address that this port binds to; the bench's if left out"
    )
    clients: int | None = Field(default=None, ge=1, description="TCP clients at once; the real box's if left out")
    line: str | None = Field(default=None, min_length=1, description="of RS-485: boxes with the same one share it")
    wires: Literal[2, 4] = Field(default=4, description="of RS-485; with 2 the host hears itself, and boxes each other")
    echo: bool = Field(default=True, description="of two wires: the host's adapter hears while it sends")
    device: str | None = Field(default=None, description="the serial device that the emulated box sits on")
    options: dict[str, SettingValue] = Field(default_factory=dict, description="habits of the firmware, by protocol")

    @property
    def thinks_s(self) -> float:
        """How long the box thinks before it answers, seconds."""
        if self.reply_delay is None:
            return _THINKS_S if self.line_timing else 0.0
        return self.reply_delay


class PlugSection(_Section):
    """``power = { ups = true, watts = 150 }``: how a device of a station with a power supply is fed."""

    ups: bool = True
    watts: float | None = Field(default=None, ge=0, description="what it draws; the model's own figures if left out")


class LinkSection(_Section):
    """``[[....chain]]``: a standard that a certificate was issued against, the nearest first."""

    standard: str = Field(min_length=1, description="what it is, and whose")
    certificate: str = Field(default="", description="its number; a primary standard may have none")
    expires: Day | None = Field(default=None, description="last day of its validity; None: a primary standard")
    issued: Day | None = Field(default=None, description="day on which its certificate was issued")


class CertifiedSection(_Section):
    """Where a certificate comes from, as every section that names one may say."""

    issued: Day | None = Field(default=None, description="day on which the certificate was issued")
    chain: list[LinkSection] = Field(default_factory=list, description="standards above it, the nearest first")


class MeterCertificateSection(CertifiedSection):
    """``[device.X.certificate.quantity]``: what a laboratory says of a meter: corrected = slope x shown + intercept."""

    certificate: str = Field(min_length=1)
    expires: Day
    u_pct: float = Field(default=0.0, ge=0, description="standard uncertainty, % of the reading")
    u_offset: float = Field(default=0.0, ge=0, description="its constant part, unit of the quantity")
    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    reference_c: float | None = Field(default=None, description="reference temperature of the flow certified")


class BackupSection(_Section):
    """``[device.X.backup]``: the unit that this one stands in for, or may have to."""

    of: str | None = Field(default=None, description="that unit, if it stands on this bench")
    model: str | None = Field(default=None, description="its model, if it stands elsewhere")
    fault_began: Instant | None = Field(default=None, description="when it failed, with a zone")

    @model_validator(mode="after")
    def _one_unit(self) -> BackupSection:
        if (self.of is None) == (self.model is None):
            raise ValueError("of (a device of this bench) or model (of a unit that stands elsewhere)")
        return self


class PieceSection(_Section):
    """``[device.X.plate.piece.Y]``: a foil (mg/cm2) or a weighed filter (g) that belongs to a particle monitor."""

    value: float = Field(gt=0, description="mass by its certificate")
    u: float = Field(ge=0, description="standard uncertainty of it, in the same unit")
    certificate: str = Field(min_length=1)
    expires: Day
    serial: str = Field(min_length=1, description="of the unit that it belongs to, as the certificate says")


class PlateSection(_Section):
    """``[device.X.plate]``: what the unit's own plate and papers say, real or emulated."""

    approval: str = Field(default="", description="number of its type approval; the catalogue's if left out")
    manufactured: Day | None = Field(default=None, description="day on which it was made")
    in_service: Day | None = Field(default=None, description="day on which it was first put into service")
    constants: dict[str, float] = Field(default_factory=dict, description="settings by its last record of calibration")
    piece: dict[str, PieceSection] = Field(default_factory=dict, description="foil and weighed filters of this unit")


class ServedPortSection(_Section):
    """``device.X.ports.Y`` of an endpoints file: what a client needs to speak with one port that is served."""

    kind: Literal["serial", "tcp", "rfc2217"]
    protocol: str
    address: str = Field(description="path of a pty or of the cable's end, host:port, or URL for pyserial")
    resource: str = Field(default="", description="its VISA name; none for RFC 2217 and cables")
    baud: int | None = Field(default=None, description="of a serial line, like the next three")
    data_bits: Literal[7, 8] | None = None
    parity: Parity | None = None
    stop_bits: Literal[1, 2] | None = None
    id: int | None = None
    line: str | None = Field(default=None, description="of RS-485, shared with the ports of that name")
    wires: Literal[2, 4] | None = Field(default=None, description="of RS-485, where it has a line")
    echo: bool | None = Field(default=None, description="of two wires: the host hears its own words")
    interface: str | None = Field(default=None, description="it listens at every address: how the bench file says so")


class DeviceSection(_Section):
    """``[device.X]``: an emulated unit (``port``) or a real one (``resource``), never both."""

    model: str
    serial: str = ""
    range: Fraction | None = None
    settings: dict[str, SettingValue] = Field(default_factory=dict)
    hidden: dict[str, SettingValue] = Field(default_factory=dict)
    warm: bool = Field(default=True, description="has been running before the epoch")
    service: Service = Field(default_factory=Service, description="hours and shelf time behind it")
    plate: PlateSection = Field(default_factory=PlateSection, description="approval and age, by plate and papers")
    power: PlugSection = Field(default_factory=PlugSection, description="its plug, if the bench has a power supply")
    certificate: dict[str, MeterCertificateSection] = Field(default_factory=dict, description="of a meter's quantities")
    backup: BackupSection | None = Field(default=None, description="the unit that it stands in for")
    port: dict[str, PortSection] = Field(default_factory=dict)
    resource: str | None = None
    protocol: str | None = None
    baud: int | None = Field(default=None, ge=50, description="as at delivery if left out, like the next three")
    data_bits: Literal[7, 8] | None = None
    parity: Parity | None = None
    stop_bits: Literal[1, 2] | None = None
    id: int | None = Field(default=None, ge=0)
    options: dict[str, SettingValue] = Field(default_factory=dict, description="habits of a real box's firmware")
    echo: bool = Field(default=False, description="the host's adapter hears itself: RS-485 on two wires")
    timeout: Duration = Field(default=2.0, gt=0, description="longest wait for a reply")
    resources: dict[str, str] = Field(default_factory=dict, description="set by rig serve: by port, what VISA can open")
    ports: dict[str, ServedPortSection] = Field(default_factory=dict, description="set by rig serve: every port")
    emulated: bool = Field(default=False, description="set by rig serve: what answers at this resource is emulated")

    @property
    def elsewhere(self) -> bool:
        """Whether it is no part of this process's bench: a real unit, or one that another process emulates."""
        return self.resource is not None or bool(self.ports)


GasName = Literal["so2", "no", "no2", "co", "o3"]


class CylinderSection(CertifiedSection):
    """``[cylinder.X]``: a certified gas, or a mixture, in nitrogen.

    It hangs on a port of a calibrator, or, where a tube begins at ``cylinder.X``, on an analyzer. With a ``model`` it
    is used up and ages, and is a device of the name ``cylinder.X``; without one it lasts for ever.
    """

    value: Annotated[Fraction, Field(gt=0)] | None = None
    components: dict[GasName, Annotated[Fraction, Field(gt=0)]] = Field(
        default_factory=dict, description="certified gases of a mixture, in place of value"
    )
    model: str | None = Field(default=None, description="catalogue name of a cylinder that is used up")
    pressure: Pressure | None = Field(
        default=None,
        description="left at the epoch, with a model full if left out; beside volume: by its gauge",
    )
    volume: Volume | None = Field(
        default=None, description="of a real cylinder, or one that rig serve hangs up: by its label, beside pressure"
    )
    settings: dict[str, SettingValue] = Field(default_factory=dict, description="with a model: its valve")
    service: Service = Field(default_factory=Service, description="with a model: hours since it was filled")
    u_pct: float = Field(ge=0, description="standard uncertainty of the certified value, % of it")
    component_u_pct: dict[GasName, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="of gases of a mixture that are known better or worse than u_pct says"
    )
    certificate: str = Field(min_length=1)
    expires: Day
    species: GasName | None = Field(default=None, description="main gas; the cylinder's own name if left out")
    port: str = ""
    device: str = ""
    stored: Fraction | None = Field(default=None, description="value typed into the calibrator, if not the certified")
    impurities: dict[GasName, Fraction] = Field(default_factory=dict)
    hidden: dict[str, SettingValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_content(self) -> CylinderSection:
        if (self.value is None) == (not self.components):
            raise ValueError("either value (one certified gas) or components (a mixture)")
        if self.volume is not None and self.pressure is None:
            raise ValueError("a pressure beside volume: by its gauge")
        for name in self.component_u_pct:
            if name not in self.components:
                raise ValueError(f"component_u_pct of components of the mixture, not of {name}")
        return self

    def u_pct_of(self, species: str) -> float:
        """Standard uncertainty of a certified gas of it, %."""
        return {str(name): u for name, u in self.component_u_pct.items()}.get(species, self.u_pct)


class CellHidden(_Section):
    """``[cell.X.hidden]``: what is wrong with a cell."""

    deviation_pct: float = Field(
        default=0.0, gt=-100, le=1000, description="true content over what was filled in, less 1, %"
    )


class CellSection(_Section):
    """``[cell.X]``: a calibration cell of an open path, filled from a cylinder, or sealed and certified itself.

    The setting ``cell`` of the open path inserts it by its name.
    """

    device: str = Field(default="", description="the open path that it belongs to; the only one if left out")
    length: Length
    cylinder: str | None = Field(default=None, description="cylinder of this bench that it was filled from")
    components: dict[Literal["so2", "no2", "o3"], Annotated[Fraction, Field(gt=0)]] = Field(
        default_factory=dict, description="certified gases of a sealed cell"
    )
    u_pct: float | None = Field(default=None, ge=0, description="standard uncertainty of a sealed cell's gases, %")
    length_u_pct: float = Field(default=0.0, ge=0, description="standard uncertainty of its length, %")
    certificate: str | None = Field(default=None, min_length=1, description="of a sealed cell")
    expires: Day | None = Field(default=None, description="of a sealed cell")
    hidden: CellHidden = Field(default_factory=CellHidden)

    @model_validator(mode="after")
    def _one_filling(self) -> CellSection:
        if (self.cylinder is None) == (not self.components):
            raise ValueError("either cylinder (it was filled from that) or components (a sealed cell)")
        for key in ("u_pct", "certificate", "expires"):
            given = getattr(self, key) is not None
            if given and self.cylinder is not None:
                raise ValueError(f"no {key}: that of cylinder.{self.cylinder} counts")
            if not given and self.cylinder is None:
                raise ValueError(f"{key} of the sealed cell")
        return self


WIDEST_BORE_M = 0.1
"""Wider than any sample line or manifold; more is a slip of the unit."""


def _bore(value: float) -> float:
    if value > WIDEST_BORE_M:
        raise ValueError(f"a bore of at most {WIDEST_BORE_M * 1000:g} mm")
    return value


class TubeSection(_Section):
    """``[tube.X]``: gas goes from ``from`` (``calibrator.out``, ``cylinder.so2``) to ``to`` (``device.port``)."""

    from_: str = Field(alias="from")
    to: str
    length: Length
    bore: Annotated[Length, AfterValidator(_bore)] = 0.004
    flow: Flow | None = Field(default=None, description="of a cylinder's needle valve while its consumer draws")


class UncertaintySection(CertifiedSection):
    """``[device.X.certificate]``-like statements of a calibrator: standard uncertainties of flows and ozone."""

    certificate: str = Field(min_length=1)
    expires: Day
    gas_flow_u_pct: float = Field(default=0.0, ge=0)
    zero_flow_u_pct: float = Field(default=0.0, ge=0)
    flow_offset_u_pct_fs: float = Field(default=0.0, ge=0)
    flow_repeatability_pct: float = Field(default=0.0, ge=0, description="wandering of each controller about its mean")
    flow_repeatability_time: Duration = Field(default=0.0, description="how long a flow remembers where it was")
    ozone_u_pct: float = Field(default=0.0, ge=0)
    ozone_u_offset: Fraction = 0.0


class AirSection(_Section):
    """``[air.ambient]`` and ``[air.room]``: geometric means and how much they wander."""

    temperature_c: float = Field(default=25.0, ge=-60, le=60)
    temperature_sd_c: float = Field(default=0.5, ge=0)
    pressure_hpa: float = Field(default=1013.25, ge=300, le=1200)
    pressure_sd_hpa: float = Field(default=3.0, ge=0)
    log_sd: float = Field(default=0.0, ge=0, description="standard deviation of the natural log of each species")
    correlation_time: Duration = 20 * 3600.0
    so2: Fraction = 3.0
    no: Fraction = 5.0
    no2: Fraction = 20.0
    o3: Fraction = 30.0
    co: Fraction = 500.0
    pan: Fraction = 0.0
    h2o: Annotated[float, Field(ge=0, description="mmol/mol")] = 12.0


def _air_model(value: object) -> str:
    return str(value.get("model", "simple")) if isinstance(value, dict) else getattr(value, "model", "simple")


AnyAirSection = Annotated[
    Annotated[AirSection, Tag("simple")]
    | Annotated[CitySection, Tag("city")]
    | Annotated[ReplaySection, Tag("replay")],
    Discriminator(_air_model),
]
"""What ``[air.X]`` may be: simple, or by its ``model`` a city's or a recorded one."""


class FaultSection(_Section):
    """``[[fault]]``: what goes wrong, when, for how long, how badly."""

    name: str = ""
    kind: str
    device: str
    at: Duration
    for_: Duration | None = Field(default=None, alias="for", gt=0)
    severity: SettingValue | None = None
    parameter: str | None = Field(default=None, description='for kind "cause": the hidden parameter that changes')
    onset: Literal["step", "ramp", "intermittent"] = "step"
    over: Duration | None = Field(default=None, description="for a ramp: time until it is at its severity")
    period: Duration | None = Field(default=None, description="for an intermittent one: from one time to the next")
    duty: float | None = Field(default=None, gt=0, lt=1, description="part of the period during which it stands")
    port: str | None = Field(default=None, description="of a line: the one port that it befalls; all if left out")
    probability: float | None = Field(default=None, gt=0, le=1, description="of a line: share of messages it strikes")
    nth: int | None = Field(default=None, ge=1, description="of a line: the one message that it strikes")
    matching: str | None = Field(default=None, description="of a line: regular expression that a request must fit")
    direction: Literal["to host", "to device"] | None = Field(default=None, description="of a line: bytes it spoils")
    every: Duration | None = Field(default=None, gt=0, description="of an unsolicited message: from one to the next")
    say: str | None = Field(default=None, min_length=1, description="of an unsolicited message: its bytes (Latin-1)")


class StepSection(_Section):
    """One step of a routine: settings of a device, some time after the routine has begun."""

    after: Duration = 0.0
    device: str
    set: dict[str, SettingValue] = Field(min_length=1)


class RoutineSection(_Section):
    """``[[routine]]``: what the station does by itself on the bench's clock (a nightly span check)."""

    name: str
    at: Duration
    every: Duration | None = Field(default=None, gt=0)
    steps: list[StepSection] = Field(min_length=1)


class OperatorSection(_Section):
    """``[operator]``: the simulated person at the bench, who answers prompts and has the hands for them."""

    delay: Duration = Field(default=0.0, description="bench time from a question to its answer")
    mistakes: float = Field(default=0.0, ge=0, le=1, description="share of prompts at which something goes wrong")


class BenchFile(_Section):
    """A whole bench file."""

    bench: BenchSection
    device: dict[str, DeviceSection] = Field(min_length=1)
    cylinder: dict[str, CylinderSection] = Field(default_factory=dict)
    cell: dict[str, CellSection] = Field(default_factory=dict)
    tube: dict[str, TubeSection] = Field(default_factory=dict)
    certificate: dict[str, UncertaintySection] = Field(
        default_factory=dict, description="per calibrator device: uncertainty of its flows and of its ozone"
    )
    air: dict[Literal["ambient", "room"], AnyAirSection] = Field(default_factory=dict)
    operator: OperatorSection = OperatorSection()
    fault: list[FaultSection] = Field(default_factory=list)
    routine: list[RoutineSection] = Field(default_factory=list)
    _makes_sense: bool = PrivateAttr(default=False)

    @property
    def makes_sense(self) -> bool:
        """Whether :mod:`rig.bench_check` has held it against the models and found no mistake."""
        return self._makes_sense

    def found_sound(self) -> None:
        """Note that it has no mistakes, so that nobody looks for them again. For :mod:`rig.bench_check` alone."""
        self._makes_sense = True


def kind_of(file: BenchFile, name: str) -> str | None:
    """Kind of a device (so2, nox, o3, co, calibrator, manual); None if the file, or the catalogue, lacks it."""
    section = file.device.get(name)
    if section is None:
        return None
    if section.model == MANUAL:
        return MANUAL
    try:
        return load(section.model).kind
    except ConfigurationError:
        return None


CYLINDER = "cylinder."
"""What the name of a cylinder begins with where it stands among devices: in faults, routines, tubes and recordings."""


def bottles(file: BenchFile) -> dict[str, DeviceSection]:
    """Cylinders with a model as the devices that they are, by their names."""
    return {
        f"{CYLINDER}{name}": DeviceSection(
            model=section.model, settings=section.settings, hidden=section.hidden, service=section.service
        )
        for name, section in file.cylinder.items()
        if section.model is not None
    }


def standing_aside(file: BenchFile) -> set[str]:
    """Cylinders that hang on no calibrator: a tube leads from them, or they only fill cells."""
    tapped = {tube.from_.removeprefix(CYLINDER) for tube in file.tube.values() if tube.from_.startswith(CYLINDER)}
    fill = {cell.cylinder for cell in file.cell.values() if cell.cylinder in file.cylinder}
    stated = {name for name in fill if name and {"port", "device"} & file.cylinder[name].model_fields_set}
    return {name for name in file.cylinder if name in tapped or name in fill - stated}


def cylinder_ports(file: BenchFile) -> dict[str, tuple[str, str]]:
    """Calibrator (empty: the only one) and gas port of each cylinder that hangs on one.

    Ports that the file does not tell are a, b, c... in the order of the cylinders.
    """
    aside = standing_aside(file)
    hung = [name for name in file.cylinder if name not in aside]
    return {
        name: (file.cylinder[name].device, file.cylinder[name].port or letter)
        for name, letter in zip(hung, "abcdef", strict=False)
    }


def direct_ports(file: BenchFile) -> list[str]:
    """Keys of the ports without a wire, which cannot be served."""
    return [
        f"device.{name}.port.{port_name}"
        for name, section in file.device.items()
        for port_name, port in section.port.items()
        if port.kind == "direct"
    ]


def read_bench_data(path: Path) -> dict[str, Any]:
    """Read a bench file (TOML) or an endpoints file (JSON) as it stands.

    Raises:
        ConfigurationError: there is none, it cannot be read, or it is no TOML (JSON).
    """
    data = read_data(path, "bench file", "json" if path.suffix == ".json" else "toml")
    devices = data.get("device")
    cylinders = data.get("cylinder")
    named = [part for part in (devices, cylinders) if isinstance(part, dict)]
    for section in (section for part in named for section in part.values()):
        model = section.get("model") if isinstance(section, dict) else None
        if isinstance(model, str) and model.endswith(".toml"):
            section["model"] = str(path.parent / model)  # a model's file of one's own lies beside the bench file
    return data


def read_bench_file(path: Path) -> BenchFile:
    """Read a bench file or an endpoints file and check its form. Raises ConfigurationErrors with every mistake."""
    return parse_bench(read_bench_data(path), str(path))


def parse_bench(data: dict[str, Any], where: str) -> BenchFile:
    """Check the form of bench data; ``where`` names their file in messages. Raises ConfigurationErrors."""
    return validate(BenchFile, data, where)
