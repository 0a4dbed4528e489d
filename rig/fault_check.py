"""A ``[[fault]]`` of a bench file held against the bench and the models of its devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from instruments.catalogue import load
from instruments.errors import ConfigurationError, ConfigurationErrors
from rig.bench_file import CYLINDER, MANUAL, BenchFile, DeviceSection, FaultSection, bottles
from rig.faults import fault_kinds, kinds_in_words, plan_fault, trial_of_fault
from rig.line_plan import pattern_mistakes


def unknown_device(file: BenchFile, where: str, key: str, found: str) -> ConfigurationError:
    """That no device of this bench is called ``found``."""
    there = ", ".join((*file.device, *bottles(file)))
    return ConfigurationError(where, key, f"a device of this bench ({there})", repr(found))


def fault_mistakes(
    file: BenchFile, where: str, number: int, section: FaultSection, known: Mapping[str, Any]
) -> Iterator[ConfigurationError]:
    """What of a fault does not fit the bench, or the model of its device.

    Args:
        file: the bench.
        where: its name, for messages.
        number: place of the fault in the file.
        section: the fault.
        known: devices that the file names, also those whose form is wrong, as read.
    """
    key = f"fault.{number}"
    yield from _place(file, where, key, section.device, section.port, known)
    device = _acting(file).get(section.device)
    try:
        fault = plan_fault(section, number, where)
    except ConfigurationErrors as several:
        yield from several.errors
        return
    if device is None or _is_real(device):
        return
    if fault.kind.target == "line" and device.port and all(port.kind == "direct" for port in device.port.values()):
        yield ConfigurationError(where, f"{key}.device", "a device with a line: a direct port has none",
                                 repr(section.device))  # fmt: skip
    try:
        entry = load(device.model)
    except ConfigurationError:
        return  # said already
    yield from trial_of_fault(fault, entry, where, key)


def spoiled_fault_mistakes(
    file: BenchFile, where: str, number: int, raw: object, known: Mapping[str, Any]
) -> Iterator[ConfigurationError]:
    """The same of a fault whose form is wrong, as far as its parts can be understood one by one."""
    key, raw = f"fault.{number}", raw if isinstance(raw, Mapping) else {}
    device, port, kind, matching = (raw.get(name) for name in ("device", "port", "kind", "matching"))
    if isinstance(device, str):
        yield from _place(file, where, key, device, port if isinstance(port, str) else None, known)
    if isinstance(kind, str) and kind not in fault_kinds():
        yield ConfigurationError(where, f"{key}.kind", kinds_in_words(), repr(kind))
    if isinstance(matching, str):
        yield from pattern_mistakes(matching, where, key)


def _place(
    file: BenchFile, where: str, key: str, name: str, port: str | None, known: Mapping[str, Any]
) -> Iterator[ConfigurationError]:
    """Whether there is a device of that name that can have faults, and such a port of it."""
    acting = _acting(file)
    device = acting.get(name)
    if name not in known and device is None:
        if name.removeprefix(CYLINDER) in file.cylinder:
            expected = "a cylinder with a model: one without lasts for ever"
            yield ConfigurationError(where, f"{key}.device", expected, repr(name))
        else:
            yield unknown_device(file, where, f"{key}.device", name)
        return
    if device is not None and _is_real(device):
        expected = "an emulated device: a real one has its own faults"
        yield ConfigurationError(where, f"{key}.device", expected, repr(name))
        return
    ports = _ports(known.get(name, device))
    if port is not None and ports is not None and port not in ports:
        expected = f"a port of {name} ({', '.join(ports) or 'it has none'})"
        yield ConfigurationError(where, f"{key}.port", expected, repr(port))


def _acting(file: BenchFile) -> dict[str, DeviceSection]:
    return {**file.device, **bottles(file)}


def _is_real(device: DeviceSection) -> bool:
    return device.resource is not None or device.model == MANUAL


def _ports(device: object) -> list[str] | None:
    """Names of a device's ports, in a section or as read; None if they cannot be told."""
    found = device.port if isinstance(device, DeviceSection) else device.get("port", {}) if isinstance(
        device, Mapping) else None  # fmt: skip
    return list(found) if isinstance(found, Mapping) else None
