"""One ``[device.X]`` of a bench file held against its model: ports, protocol, settings, hidden truth, or resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from instruments.build import build_unit, name_mistakes
from instruments.catalogue import CatalogueEntry, load
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.dialects import dialect, own_protocols, protocols_of
from instruments.protocols.ends import Dialect
from rig.bench_file import MANUAL, BenchFile, DeviceSection, PortSection
from rig.host.kinds import is_analyzer
from rig.wiring import DIRECT, start_settings


def device_mistakes(file: BenchFile, where: str, name: str, section: DeviceSection) -> Iterator[ConfigurationError]:
    """Everything in ``[device.name]`` that its model does not take."""
    key = f"device.{name}"
    yield from _plate(file, where, key, section)
    if section.model == MANUAL:
        yield from _superfluous(section, where, key, "for a calibrator that is set by hand",
                                ("range", "settings", "hidden", "port", "resource", "protocol", "id"))  # fmt: skip
        return
    try:
        entry = load(section.model)
    except ConfigurationErrors as several:
        yield from several.errors  # mistakes in the catalogue's own file
        return
    except ConfigurationError as error:
        yield ConfigurationError(where, f"{key}.model", f"{error.expected}, or {MANUAL}", repr(section.model))
        for port_name, port in section.port.items():
            if port.kind != DIRECT:
                yield from _wire(where, f"{key}.port.{port_name}", port)
        return
    if section.model.endswith(".toml"):
        wrong = name_mistakes(entry, section.model)
        yield from wrong
        if wrong:
            return  # nothing can be built of it
    if entry.kind == "cylinder":
        expected = f'a device; a cylinder is a section of its own: [cylinder.{name}] with model = "{entry.name}"'
        yield ConfigurationError(where, f"{key}.model", expected, repr(section.model))
        return
    if section.resource is not None:
        yield from _real(where, key, section, entry)
        return
    if section.elsewhere:
        return  # at the far end of a cable: nothing of it is used here
    beside = [other for other, its in file.device.items() if its.resource is not None]
    if beside:
        yield ConfigurationError(
            where, key, f"a bench all of whose devices are emulated, or all real as {beside[0]} is (put emulated ones "
            "on ports of their own with rig serve and name those as resources)", "an emulated device beside real ones",
        )  # fmt: skip
    yield from _emulated(where, key, section, entry)


def _plate(file: BenchFile, where: str, key: str, section: DeviceSection) -> Iterator[ConfigurationError]:
    """Days that cannot be, and service that does not fit between them and the epoch."""
    plate, service, epoch = section.plate, section.service, file.bench.epoch.date()
    for name in ("manufactured", "in_service"):
        day = getattr(plate, name)
        if day is not None and day > epoch:
            yield ConfigurationError(where, f"{key}.plate.{name}", f"a day up to the epoch's, {epoch}", day)
    if plate.manufactured and plate.in_service and plate.in_service < plate.manufactured:
        expected = f"a day from that of its making on, {plate.manufactured}"
        yield ConfigurationError(where, f"{key}.plate.in_service", expected, plate.in_service)
        return
    made, used = plate.manufactured or plate.in_service, plate.in_service or plate.manufactured
    if made is not None and service.shelf_days > (epoch - made).days + 1:
        expected = f"days on a shelf since it was made, {(epoch - made).days + 1} at most"
        yield ConfigurationError(where, f"{key}.service.shelf_days", expected, f"{service.shelf_days:g}")
    elif used is not None and service.hours > (most := 24.0 * ((epoch - used).days + 1 - service.shelf_days)):
        expected = f"hours since it was put into service, less those on a shelf, {max(most, 0.0):g} at most"
        yield ConfigurationError(where, f"{key}.service.hours", expected, f"{service.hours:g}")


def _superfluous(
    section: DeviceSection, where: str, key: str, why: str, names: tuple[str, ...]
) -> Iterator[ConfigurationError]:
    for name in names:
        if name in section.model_fields_set and getattr(section, name) not in (None, {}, ""):
            yield ConfigurationError(where, f"{key}.{name}", f"nothing {why}", _short(getattr(section, name)))


def _real(where: str, key: str, section: DeviceSection, entry: CatalogueEntry) -> Iterator[ConfigurationError]:
    yield from _superfluous(section, where, key, "where a resource says that the device is real",
                            ("port", "hidden", "settings"))  # fmt: skip
    if section.protocol in protocols_of(entry):
        spoken = dialect(entry, section.protocol)
        yield from _options(spoken, section.protocol, section.options, where, key)
        yield from _number(spoken, section.protocol, section.id, where, key)
    else:
        yield from _protocol(entry, section.protocol or "", where, f"{key}.protocol")
    from pyvisa import rname  # heavy, and only needed for real devices

    resource = str(section.resource)
    try:
        parsed = rname.parse_resource_name(resource)
        serves = parsed.resource_class == "SOCKET" or parsed.interface_type_const.name == "asrl"
    except rname.InvalidResourceName:
        serves = False
    if not serves:
        expected = "a serial port or socket, such as ASRL/dev/ttyUSB0::INSTR or TCPIP::192.168.1.43::9880::SOCKET"
        yield ConfigurationError(where, f"{key}.resource", expected, repr(resource))


def _emulated(where: str, key: str, section: DeviceSection, entry: CatalogueEntry) -> Iterator[ConfigurationError]:
    yield from _superfluous(section, where, key, "for an emulated device: its ports say it",
                            ("protocol", "id", "options"))  # fmt: skip
    asked = is_analyzer(entry.kind) or entry.kind == "calibrator"
    if asked and not section.port and own_protocols(entry):
        yield ConfigurationError(where, f"{key}.port", "a port, or a resource if the device is real", "neither")
    number: tuple[int, str] | None = None
    for name, port in section.port.items():
        here = f"{key}.port.{name}"
        if port.kind == DIRECT:
            yield from _direct(where, here, port)
            continue
        yield from _wire(where, here, port)
        if port.protocol not in protocols_of(entry):
            yield from _protocol(entry, port.protocol, where, f"{here}.protocol")
            continue
        spoken = dialect(entry, port.protocol)
        yield from _options(spoken, port.protocol, port.options, where, here)
        yield from _number(spoken, port.protocol, port.id, where, here)
        if port.kind not in spoken.transports and not (port.kind == "rfc2217" and "serial" in spoken.transports):
            expected = f'kind = "{spoken.transports[0]}" for {port.protocol}'
            yield ConfigurationError(where, f"{here}.kind", expected, repr(port.kind))
        if port.id is not None and spoken.shared_number:
            number = number or (port.id, here)
            if number[0] != port.id:
                yield ConfigurationError(where, f"{here}.id", f"{number[0]}, the box's one id, as at its other port",
                                         port.id)  # fmt: skip
    if entry.kind == "calibrator":
        yield from _superfluous(section, where, key, "for a calibrator", ("range",))
    yield from _unit(where, key, section, entry)
    yield from _service(where, key, section, entry)


def _wire(where: str, key: str, port: PortSection) -> Iterator[ConfigurationError]:
    """Keys that only some kinds of port have."""
    network, serial = ("tcp", "rfc2217"), ("serial", "rfc2217")
    own = {
        "tcp_port": network, "interface": network, "clients": ("tcp",), "device": ("serial",), "latency": serial,
        "line": serial, "data_bits": serial, "parity": serial, "stop_bits": serial, "handshake": ("rfc2217",),
    }  # fmt: skip
    for name, kinds in own.items():
        value = getattr(port, name)
        if name in port.model_fields_set and value not in (None, 0) and port.kind not in kinds:
            expected = "nothing, or kind = " + " or ".join(f'"{kind}"' for kind in kinds)
            yield ConfigurationError(where, f"{key}.{name}", expected, _short(value))
    unpaced = not port.line_timing or port.device is not None
    if port.latency and unpaced:
        yield ConfigurationError(where, f"{key}.latency", "nothing where bytes take no time here", _short(port.latency))
    if port.kind == "serial" and port.device is None and (port.data_bits == 7 or port.parity in ("even", "odd")):
        expected = 'kind = "rfc2217", or a device: a pty carries 8 bits without parity only'
        yield ConfigurationError(where, f"{key}.kind", expected, repr(port.kind))


def _options(
    spoken: Dialect, protocol: str, options: Mapping[str, Value], where: str, key: str
) -> Iterator[ConfigurationError]:
    """Habits of the firmware, each of the type of its default and with a value that it can have."""
    for name, expected in spoken.wrong_options(options):
        yield ConfigurationError(where, f"{key}.options.{name}", expected, repr(options[name]))
    for name, value in options.items():
        default = spoken.options.get(name)
        if default is None:
            known = f"one of {', '.join(spoken.options)}" if spoken.options else f"nothing: {protocol} has none"
            yield ConfigurationError(where, f"{key}.options.{name}", known, repr(value))
        elif type(value) is not type(default):
            expected = f"a value like {default!r}, the one at delivery"
            yield ConfigurationError(where, f"{key}.options.{name}", expected, repr(value))
        elif expected := spoken.option_expected(name, value):
            yield ConfigurationError(where, f"{key}.options.{name}", expected, repr(value))


def _number(spoken: Dialect, name: str, number: int | None, where: str, key: str) -> Iterator[ConfigurationError]:
    if number is None:
        return
    if spoken.numbers is None:
        yield ConfigurationError(where, f"{key}.id", f"nothing: boxes have no address in {name}", number)
    elif not spoken.numbers[0] <= number <= spoken.numbers[1]:
        expected = f"an address from {spoken.numbers[0]} to {spoken.numbers[1]}"
        yield ConfigurationError(where, f"{key}.id", expected, number)


def _service(where: str, key: str, section: DeviceSection, entry: CatalogueEntry) -> Iterator[ConfigurationError]:
    for part in section.service.parts:
        if part not in entry.wear:
            known = ", ".join(entry.wear) or "none"
            yield ConfigurationError(where, f"{key}.service.parts.{part}", f"a part that ages ({known})", part)


def _direct(where: str, key: str, port: PortSection) -> Iterator[ConfigurationError]:
    """A port without a wire has nothing of what a wire has."""
    if port.protocol != DIRECT:
        yield ConfigurationError(where, f"{key}.protocol", f'"{DIRECT}" for a port of that kind', repr(port.protocol))
    for name in sorted(set(PortSection.model_fields) - {"kind", "protocol"}):
        if name in port.model_fields_set:
            yield ConfigurationError(where, f"{key}.{name}", f'nothing for a port of kind "{DIRECT}"',
                                     _short(getattr(port, name)))  # fmt: skip


def _protocol(entry: CatalogueEntry, name: str, where: str, key: str) -> Iterator[ConfigurationError]:
    """That the model does not speak ``name``."""
    offered = protocols_of(entry)
    expected = f"a protocol of the {entry.name} ({', '.join(offered)})"
    yield ConfigurationError(where, key, expected, repr(name))


def _unit(where: str, key: str, section: DeviceSection, entry: CatalogueEntry) -> Iterator[ConfigurationError]:
    name = key.partition(".")[2]
    try:
        build_unit(entry, name, 0, hidden=dict(section.hidden), where=where)
    except ConfigurationErrors as several:
        yield from several.errors
    for setting, value in start_settings(section, entry).items():
        try:
            build_unit(entry, name, 0, settings={setting: value})
        except ConfigurationError as error:
            yield _refused(where, key, section, setting, value, error.found, tuple(entry.settings))


def _refused(
    where: str, key: str, section: DeviceSection, setting: str, value: Value, refused: object, known: tuple[str, ...]
) -> ConfigurationError:
    place = f"{key}.range" if setting == "range" and section.range is not None else f"{key}.settings.{setting}"
    if str(refused).startswith("unknown"):
        return ConfigurationError(where, place, f"a setting of the model ({', '.join(known)})", repr(value))
    return ConfigurationError(where, place, f"a value that the model takes ({refused})", _short(value))


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else repr(value)
