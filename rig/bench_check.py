"""A bench file held against the models: does everything that it names exist, fit and take those values?

Nothing is opened and nothing is kept; a device is built on trial where only its model knows what it takes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ValidationError

from instruments.ambient.settings import CitySection, ReplaySection
from instruments.build import unit_class
from instruments.catalogue import load
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.reading import findings_of
from rig.bench_file import MANUAL, BenchFile, DeviceSection, PortSection, bottles, kind_of
from rig.cells import cell_mistakes, inserted_mistakes
from rig.cylinder_check import cylinder_mistakes, tube_mistakes
from rig.device_check import device_mistakes
from rig.fault_check import fault_mistakes, spoiled_fault_mistakes, unknown_device
from rig.faults import kinds_in_words
from rig.line_settings import port_settings
from rig.meters import meter_mistakes, place_mistakes
from rig.routine_check import step_mistakes


def check_bench_data(data: dict[str, Any], where: str) -> BenchFile:
    """Check bench data for form and for sense.

    Args:
        data: as read from the file.
        where: the file's name, for messages.

    Raises:
        ConfigurationErrors: all mistakes. Where the form of a part is wrong that part is left out, and the rest is
            still held against the models.
    """
    file, errors = examined(data, where)
    if errors or file is None:  # data that give no file have mistakes
        raise ConfigurationErrors(errors)
    return file


def examined(data: dict[str, Any], where: str) -> tuple[BenchFile | None, list[ConfigurationError]]:
    """What can be understood of the data, and all mistakes: :func:`check_bench_data` for who has more to look at."""
    form = _understood(data, where)
    file, errors = form.file, form.errors
    if file is not None:
        named = data.get("device")
        named = named if isinstance(named, dict) else file.device
        errors += [error for error in mistakes(file, where, named, form.fault_numbers) if error.key not in form.emptied]
        for number, raw in sorted(form.spoiled_faults.items()):
            errors += spoiled_fault_mistakes(file, where, number, raw, named)
        if not errors:
            file.found_sound()
    return file, errors


def check_bench(file: BenchFile, where: str) -> None:
    """Check a bench of right form for sense, unless that has been done. Raises ConfigurationErrors with all mistakes.

    Models are built on trial for it, which takes as long as to build the bench.
    """
    if file.makes_sense:
        return
    if errors := mistakes(file, where):
        raise ConfigurationErrors(errors)
    file.found_sound()


def mistakes(
    file: BenchFile, where: str, named: Mapping[str, Any] | None = None, fault_numbers: Sequence[int] | None = None
) -> list[ConfigurationError]:
    """Everything in ``file`` that does not fit together, or that a model does not take.

    Args:
        file: a bench of right form.
        where: its name, for messages.
        named: devices that the file names, also those whose form is wrong, as read; its own if None.
        fault_numbers: places of its faults in the file; counted if None.
    """
    known = file.device if named is None else named
    errors: list[ConfigurationError] = []
    for name, section in file.device.items():
        errors += device_mistakes(file, where, name, section)
        errors += meter_mistakes(file, where, name, section)
        errors += inserted_mistakes(file, where, f"device.{name}.settings", name, section.settings)
    errors += _ports_taken_twice(file, where)
    errors += _shared_lines(file, where)
    errors += _station(file, where)
    errors += cylinder_mistakes(file, where, known)
    errors += cell_mistakes(file, where, known)
    errors += tube_mistakes(file, where, known)
    for name in file.certificate:
        if name in file.device and kind_of(file, name) not in ("calibrator", MANUAL, None):
            errors.append(ConfigurationError(where, f"certificate.{name}", "the name of a calibrator", repr(name)))
        elif name not in known:
            errors.append(unknown_device(file, where, f"certificate.{name}", name))
    acting = {**file.device, **bottles(file)}
    for number, routine in enumerate(file.routine):
        for place, step in enumerate(routine.steps):
            actor, key = acting.get(step.device), f"routine.{number}.steps.{place}"
            if step.device not in known and step.device not in acting:
                errors.append(unknown_device(file, where, f"{key}.device", step.device))
            elif actor is not None and (actor.resource is not None or actor.model == MANUAL):
                errors.append(ConfigurationError(where, f"{key}.device", "an emulated device", repr(step.device)))
            elif actor is not None:
                errors += step_mistakes(actor, step.set, where, f"{key}.set")
            errors += place_mistakes(file, where, f"{key}.set", step.device, step.set)
            errors += inserted_mistakes(file, where, f"{key}.set", step.device, step.set)
    for number, fault in zip(fault_numbers or range(len(file.fault)), file.fault, strict=True):
        errors += fault_mistakes(file, where, number, fault, known)
    return errors


# -- form: what can be understood of a file with mistakes --------------------------------------------------------------


@dataclass
class _Form:
    """What can be understood of the data of a bench.

    Attributes:
        file: the bench without the parts whose form is wrong; None if nothing is left.
        errors: what is wrong with those.
        fault_numbers: places of the bench's faults in the data; None: they are all there.
        spoiled_faults: faults that were left out, as read, by their places.
        emptied: keys of tables of ports that a part has been left out of: what they lack is no mistake of its own.
    """

    file: BenchFile | None
    errors: list[ConfigurationError]
    fault_numbers: list[int] | None = None
    spoiled_faults: dict[int, Any] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)


def _understood(data: dict[str, Any], where: str) -> _Form:
    try:
        return _Form(BenchFile.model_validate(data), [])
    except ValidationError as error:
        form, found = _Form(None, findings_of(error, where)), error
    form.errors = [_worded(error, data) for error in form.errors]
    rest = copy.deepcopy(data)
    faults = rest.get("fault")
    numbers = form.fault_numbers = list(range(len(faults))) if isinstance(faults, list) else []
    while True:
        places = [finding["loc"] for finding in found.errors(include_url=False)]
        if any(place[:1] == ("bench",) for place in places):
            rest["bench"] = _STAND_IN
        paths = {_inside(rest, place) for place in places if place[:1] != ("bench",)}
        if () in paths:
            return form
        # A fault has no name to be told by, only its place: it is left out as a whole, the last one first.
        spoiled = sorted({int(path[1]) for path in paths if path[0] == "fault" and len(path) > 1}, reverse=True)
        for number in spoiled:
            form.spoiled_faults[numbers.pop(number)] = rest["fault"].pop(number)
        for path in paths:
            if path[0] != "fault" or len(path) == 1:
                _leave_out(rest, path)
            if len(path) > 3 and path[2] == "port":
                form.emptied.add(".".join(map(str, path[:3])))
        try:
            form.file = BenchFile.model_validate(rest)
        except ValidationError as error:
            found = error
        else:
            return form


def _worded(error: ConfigurationError, data: dict[str, Any]) -> ConfigurationError:
    """What is missing of an event, in words that say what it is."""
    part = error.key.rpartition(".")[2]
    if error.expected != "a value" or not error.key.startswith(("fault.", "routine.")):
        return error
    devices = data.get("device")
    there = ", ".join(devices) if isinstance(devices, dict) else "none"
    words = {"device": f"the name of a device of this bench ({there})", "at": 'a time, such as "10 min"'}
    if error.key.startswith("fault."):
        words["kind"] = kinds_in_words()
    return ConfigurationError(error.where, error.key, words.get(part, error.expected), error.found)


_STAND_IN = {"epoch": "2000-01-01T00:00:00+00:00"}
"""For a ``[bench]`` with mistakes: nothing in the rest of the file is held against it."""


def _inside(node: Any, path: Sequence[int | str]) -> tuple[int | str, ...]:
    """The part of ``path`` that exists in ``node``: of something that is missing, what it is missing from."""
    real: list[int | str] = []
    for part in path:
        inside: Mapping[int | str, Any] = dict(enumerate(node)) if isinstance(node, list) else node
        if not isinstance(inside, Mapping) or part not in inside:
            break
        node = inside[part]
        real.append(part)
    return tuple(real)


def _leave_out(node: Any, path: Sequence[int | str]) -> None:
    for part in path[:-1]:
        inner = node.get(part, {})
        if isinstance(inner, list):  # without a wrong one of its items, the others are not what was meant
            node.pop(part)
            return
        node = inner
    node.pop(path[-1], None)


# -- sense -------------------------------------------------------------------------------------------------------------


def _ports_taken_twice(file: BenchFile, where: str) -> Iterator[ConfigurationError]:
    taken: dict[int | str, str] = {}
    for name, section in file.device.items():
        for port_name, port in section.port.items():
            key = f"device.{name}.port.{port_name}.tcp_port"
            if port.device is not None:
                key = f"device.{name}.port.{port_name}.device"
                first = taken.setdefault(port.device, key)
                if first != key and port.line is None:
                    yield ConfigurationError(where, key, f"a device that {first} does not have", repr(port.device))
            elif port.tcp_port:
                first = taken.setdefault(port.tcp_port, key)
                if first != key and port.line is None:
                    yield ConfigurationError(where, key, f"a TCP port that {first} does not have", port.tcp_port)
        if section.resource is not None:
            key = f"device.{name}.resource"
            # Boxes on one RS-485 line would share a resource; a resource is opened by one handle only.
            first = taken.setdefault(section.resource, key)
            if first != key:
                yield ConfigurationError(where, key, f"a resource that {first} does not have", repr(section.resource))


_OF_THE_WIRE = (
    "kind", "handshake", "line_timing", "latency", "tcp_port", "interface", "device",
    "wires", "echo",
)  # fmt: skip


def _shared_lines(file: BenchFile, where: str) -> Iterator[ConfigurationError]:
    """Ports that share a line: one wire with one name, and boxes that differ in their addresses."""
    first: dict[str, tuple[str, dict[str, object]]] = {}
    for name, section in file.device.items():
        for port_name, port in section.port.items():
            if port.line is None:
                continue
            key = f"device.{name}.port.{port_name}"
            if port.line in file.device or "/" in port.line or "." in port.line:
                expected = "a name without . and / that no device has"
                yield ConfigurationError(where, f"{key}.line", expected, repr(port.line))
            wire = _wire(section, port)
            other_key, other = first.setdefault(port.line, (key, wire))
            for part, value in wire.items():
                if part in other and value != other[part]:
                    expected = f"{other[part]!r}, as {other_key} has it: they share a line"
                    yield ConfigurationError(where, f"{key}.{part}", expected, repr(value))


def _wire(section: DeviceSection, port: PortSection) -> dict[str, object]:
    """What boxes of one line have in common, with what is said of it or what the maker delivers, as far as known."""
    wire = {part: getattr(port, part) for part in _OF_THE_WIRE} | {"reply_delay": port.thinks_s}
    try:
        return wire | asdict(port_settings(load(section.model), port))
    except (ConfigurationError, ConfigurationErrors, KeyError):
        return wire  # no such model or protocol: said already


_OUTDOORS = ("pm", "sampler", "weather", "visibility", "shelter", "manifold", "doas")
"""Kinds that ask the air for particles or weather."""
_ONE_OF_A_KIND = ("shelter", "manifold", "ups", "zero_air", "chamber", "variac")


def _station(file: BenchFile, where: str) -> Iterator[ConfigurationError]:
    """What devices need of the air, of the shelter and of the power supply."""
    emulated = {name: kind_of(file, name) for name, section in file.device.items() if not section.elsewhere}
    ambient, room = file.air.get("ambient"), file.air.get("room")
    for name, kind in emulated.items():
        if kind in _OUTDOORS and not isinstance(ambient, CitySection | ReplaySection):
            expected = f'model = "city" or "replay": {name} needs particles or weather'
            yield ConfigurationError(where, "air.ambient", expected, "simple air")
            break
    if isinstance(room, CitySection | ReplaySection):
        yield ConfigurationError(where, "air.room.model", "nothing: a room has simple air, or a shelter", room.model)
    for kind in _ONE_OF_A_KIND:
        of_kind = [name for name, its in emulated.items() if its == kind]
        if len(of_kind) > 1:
            yield ConfigurationError(where, f"device.{of_kind[1]}", f"one {kind} on a bench", f"{len(of_kind)} of them")
        if kind == "shelter" and of_kind and room is not None:
            yield ConfigurationError(where, "air.room", f"nothing: the room's air is that of {of_kind[0]}", "a section")
        if kind == "ups":
            for name in emulated:
                if "power" in file.device[name].model_fields_set and not _has_plug(file, name):
                    expected = "nothing: it has no plug"
                    yield ConfigurationError(where, f"device.{name}.power", expected, "a plug")
        if kind == "ups" and not of_kind:
            for name in emulated:
                if "power" in file.device[name].model_fields_set:
                    expected = "nothing on a bench without a power supply (a device of kind ups)"
                    yield ConfigurationError(where, f"device.{name}.power", expected, "a plug")


def _has_plug(file: BenchFile, name: str) -> bool:
    try:
        return unit_class(load(file.device[name].model)).plugged
    except (ConfigurationError, KeyError):
        return True  # said already: no such model
