"""Faults on the bench's clock: each acts on a cause, at its time, for as long as it says."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from instruments.device import Command, Value
from instruments.errors import ConfigurationError
from rig.bench_file import FaultSection
from rig.clock import to_us


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault, as data."""

    name: str
    target: Literal["line", "device"]
    severity: str
    reveals: tuple[str, ...]
    text: str
    parameter: str | None


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
    """Check one ``[[fault]]``. Raises ConfigurationError."""
    key = f"fault.{index}"
    kinds = fault_kinds()
    if section.kind not in kinds:
        raise ConfigurationError(where, f"{key}.kind", f"one of {', '.join(kinds)}", repr(section.kind))
    kind = kinds[section.kind]
    if kind.severity and section.severity is None:
        raise ConfigurationError(where, f"{key}.severity", kind.severity, "nothing")
    if not kind.severity and section.severity is not None:
        raise ConfigurationError(where, f"{key}.severity", "nothing: this fault has no severity", section.severity)
    parameter = kind.parameter or section.parameter
    if kind.name == "cause" and parameter is None:
        raise ConfigurationError(where, f"{key}.parameter", "the hidden parameter that changes", "nothing")
    start = to_us(section.at)
    end = None if section.for_ is None else start + to_us(section.for_)
    name = section.name or f"{section.kind} of {section.device}"
    return Fault(name, kind, section.device, start, end, section.severity if section.severity is not None else True,
                 parameter)  # fmt: skip


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


def begin(fault: Fault, target: FaultTarget) -> Callable[[], None]:
    """Let ``fault`` begin now; return what ends it."""
    name, device = fault.kind.name, fault.device
    if name == "silence":
        target.set_line(device, "silent", True)
        return lambda: target.set_line(device, "silent", False)
    if name == "delay":
        target.set_line(device, "delay_us", to_us(float(fault.severity)))  # type: ignore[arg-type]
        return lambda: target.set_line(device, "delay_us", 0)
    if name == "stale_reply":
        target.set_line(device, "stale", True)
        return lambda: target.set_line(device, "stale", False)
    if name == "power_cut":
        target.command(device, Command("power", False))
        return lambda: target.command(device, Command("power", True))
    assert fault.parameter is not None  # plan_fault has made sure
    parameter = fault.parameter
    before = target.hidden(device, parameter)
    target.command(device, Command(f"hidden.{parameter}", fault.severity))
    return lambda: target.command(device, Command(f"hidden.{parameter}", before))
