"""Faults on the bench's clock: each acts on a cause, at its time, for as long as it says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import ValidationError

from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import ConfigurationError, ConfigurationErrors
from rig.bench_file import FaultSection, findings_of
from rig.clock import to_us
from rig.units import parse_quantity
from rig.wiring import hidden_model


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault, as data."""

    name: str
    target: Literal["line", "device"]
    severity: str
    reveals: tuple[str, ...]
    text: str
    parameter: str | None

    @property
    def takes_parameter(self) -> bool:
        """Whether the bench file says which hidden parameter changes."""
        return self.target == "device" and self.parameter is None and bool(self.severity)


@cache
def fault_kinds() -> Mapping[str, FaultKind]:
    """All kinds that a bench file may name."""
    data = tomllib.loads((resources.files("rig") / "faults.toml").read_text(encoding="utf-8"))
    return {
        name: FaultKind(name, row["target"], row["severity"], tuple(row["reveals"]), row["text"], row.get("parameter"))
        for name, row in data.items()
    }


@dataclass(frozen=True, slots=True)
class Fault:
    """One scheduled fault."""

    name: str
    kind: FaultKind
    device: str
    start_us: int
    end_us: int | None
    severity: Value
    parameter: str | None


def plan_fault(section: FaultSection, index: int, where: str) -> Fault:
    """Check one ``[[fault]]`` as far as its kind goes. Raises ConfigurationErrors with every mistake."""
    key = f"fault.{index}"
    kinds = fault_kinds()
    if section.kind not in kinds:
        raise ConfigurationErrors(
            [ConfigurationError(where, f"{key}.kind", f"one of {', '.join(kinds)}", repr(section.kind))]
        )
    kind = kinds[section.kind]
    errors = []
    severity = section.severity
    if kind.severity == "seconds" and severity is not None:
        severity = _seconds(severity)
    if kind.severity and severity is None:
        found = "nothing" if section.severity is None else repr(section.severity)
        errors.append(ConfigurationError(where, f"{key}.severity", _SEVERITY.get(kind.severity, kind.severity), found))
    if not kind.severity and severity is not None:
        expected = f"nothing: {kind.name} has no severity"
        errors.append(ConfigurationError(where, f"{key}.severity", expected, repr(section.severity)))
    if kind.takes_parameter and section.parameter is None:
        errors.append(ConfigurationError(where, f"{key}.parameter", "the hidden parameter that changes", "nothing"))
    if not kind.takes_parameter and section.parameter is not None:
        expected = f"nothing: {kind.name} has no parameter of its own"
        errors.append(ConfigurationError(where, f"{key}.parameter", expected, repr(section.parameter)))
    if errors:
        raise ConfigurationErrors(errors)
    start = to_us(section.at)
    end = None if section.for_ is None else start + to_us(section.for_)
    name = section.name or f"{section.kind} of {section.device}"
    return Fault(name, kind, section.device, start, end, True if severity is None else severity,
                 kind.parameter or section.parameter)  # fmt: skip


_SEVERITY = {"seconds": 'a time of 0 s or more, such as "2 s"'}


def _seconds(value: Value) -> float | None:
    try:
        seconds = parse_quantity(value, "time") if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except ValueError:
        return None
    return seconds if seconds >= 0.0 and not isinstance(value, bool) else None


def trial_of_fault(fault: Fault, entry: CatalogueEntry, where: str, key: str) -> Iterator[ConfigurationError]:
    """What the model of its device will not take of ``fault``, found before it strikes."""
    parameter = fault.parameter
    if parameter is None:
        return
    hidden = hidden_model(entry)
    if parameter not in hidden.model_fields:
        place = f"{key}.parameter" if fault.kind.takes_parameter else f"{key}.kind"
        expected = (
            f"a fault that a {entry.name} can have"
            if place.endswith("kind")
            else "one of " + ", ".join(hidden.model_fields)
        )
        found = fault.kind.name if place.endswith("kind") else parameter
        yield ConfigurationError(where, place, expected, repr(found))
        return
    try:
        hidden.model_validate({parameter: fault.severity})
    except ValidationError as error:
        for one in findings_of(error, where):
            yield ConfigurationError(where, f"{key}.severity", f"for {parameter}: {one.expected}", one.found)


class FaultTarget:
    """What a fault may do to a device on the bench; the bench implements it."""

    def set_line(self, device: str, attribute: str, value: bool | int) -> None:
        """Set an attribute of the condition of every line of ``device``."""
        raise NotImplementedError

    def command(self, device: str, command: Command) -> None:
        """Apply a command to ``device`` now."""
        raise NotImplementedError

    def hidden(self, device: str, parameter: str) -> Value:
        """Present value of a hidden parameter."""
        raise NotImplementedError


class FaultBoard:
    """Which faults stand, and what that makes of each cause.

    Faults may overlap: of those that act on one cause of one device the one that struck last counts, and when it ends
    the one before it counts again; after the last one the cause is as it was before the first.
    """

    def __init__(self, target: FaultTarget) -> None:
        self._target = target
        self._standing: dict[tuple[str, str], list[Fault]] = {}
        self._healthy: dict[tuple[str, str], Value] = {}

    def begin(self, fault: Fault) -> None:
        """Let ``fault`` strike now."""
        cause = (fault.device, fault.parameter or fault.kind.name)
        standing = self._standing.setdefault(cause, [])
        if not standing and fault.parameter is not None:
            self._healthy[cause] = self._target.hidden(fault.device, fault.parameter)
        standing.append(fault)
        self._act(cause, fault, fault.severity)

    def end(self, fault: Fault) -> None:
        """Let ``fault`` pass."""
        cause = (fault.device, fault.parameter or fault.kind.name)
        standing = self._standing[cause]
        standing[:] = [other for other in standing if other is not fault]
        self._act(cause, fault, standing[-1].severity if standing else self._healthy.get(cause))

    def _act(self, cause: tuple[str, str], fault: Fault, severity: Value | None) -> None:
        device, name = cause
        if fault.parameter is not None:
            assert severity is not None  # a parameter always has a value to go back to
            self._target.command(device, Command(f"hidden.{fault.parameter}", severity))
        elif name == "power_cut":
            self._target.command(device, Command("power", severity is None))
        elif name == "delay":
            self._target.set_line(device, "delay_us", 0 if severity is None else to_us(float(severity)))  # type: ignore[arg-type]
        else:
            self._target.set_line(device, _LINE_SWITCHES[name], severity is not None)


_LINE_SWITCHES = {"silence": "silent", "stale_reply": "stale"}
