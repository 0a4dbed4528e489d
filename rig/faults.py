"""Faults that a bench file schedules: checked, and made ready as acts on causes (:mod:`rig.fault_board` plays them)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import ValidationError

from instruments.build import unit_class
from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.reading import findings_of
from rig.bench_file import FaultSection
from rig.clock import to_us
from rig.fault_library import Act, LibraryFault, Onset, library
from rig.line_faults import Direction, LineFault
from rig.line_plan import choosing, line_fault, line_mistakes, pattern_mistakes
from rig.units import parse_quantity
from rig.wiring import hidden_model


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault, as data.

    Attributes:
        name: its name in a bench file.
        target: what it acts on.
        severity: what its severity means; empty if it has none.
        reveals: observables that give it away, by design or kind (``any``: whatever the device is).
        text: what it is, in a clause.
        parameter: hidden parameter of those that have one of their own.
        typical: severity that is taken if a bench file gives none.
        library: its row in the library, if it comes from there.
        least, most: limits of a severity that is a number.
        ways: of a line: bytes that it can spoil, the usual first.
        chooses: of a line: among what it can choose.
        severity_if_chosen: of a line: it has a severity only where it chooses.
    """

    name: str
    target: Literal["line", "device"]
    severity: str
    reveals: Mapping[str, Sequence[str]]
    text: str
    parameter: str | None = None
    typical: float | None = None
    library: LibraryFault | None = None
    least: float = 0.0
    most: float = float("inf")
    ways: tuple[Direction, ...] = ("to host",)
    chooses: str = "messages"
    severity_if_chosen: bool = False

    @property
    def takes_parameter(self) -> bool:
        """Whether the bench file says which hidden parameter changes."""
        plain = self.target == "device" and self.library is None and self.name != "clock_jump"
        return plain and self.parameter is None and bool(self.severity)


@cache
def fault_kinds() -> Mapping[str, FaultKind]:
    """All kinds that a bench file may name: the plain ones, and the library's."""
    data = tomllib.loads((resources.files("rig") / "faults.toml").read_text(encoding="utf-8"))
    found = {
        name: FaultKind(name, row["target"], row["severity"], {"any": row["reveals"]}, row["text"],
                        row.get("parameter"), row.get("typical"), None, row.get("least", 0.0),
                        row.get("most", float("inf")), tuple(row.get("ways", ("to host",))),
                        row.get("chooses", "messages"), row.get("severity_of") == "chosen")
        for name, row in data.items()
    }  # fmt: skip
    for name, fault in library().items():
        scale = fault.severity
        meaning = "" if scale is None else str(scale)
        found[name] = FaultKind(
            name, "device", meaning, fault.reveals, fault.text_en,
            typical=None if scale is None else scale.typical, library=fault,
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Fault:
    """One scheduled fault.

    Attributes:
        name: its own name.
        kind: what it is.
        device: whom it befalls.
        start_us, end_us: when; None: it stays.
        severity: how bad; True for one that is or is not.
        parameter: the hidden parameter of a ``cause`` or a ``span_step``.
        acts: what it does.
        onset: ``step``, ``ramp`` (within ``over_us``) or ``intermittent`` (``duty`` of each ``period_us``).
        line: what it does to lines, if it befalls those.
        number: its place in the bench file, which tells apart what is alike in all else.
    """

    name: str
    kind: FaultKind
    device: str
    start_us: int
    end_us: int | None
    severity: Value
    parameter: str | None
    acts: tuple[Act, ...]
    onset: Onset = "step"
    over_us: int = 0
    period_us: int = 0
    duty: float = 0.5
    line: LineFault | None = None
    number: int = 0

    def on(self, entry: CatalogueEntry) -> Fault:
        """This fault with the names that the model ``entry`` has for what it acts on."""
        return replace(self, acts=tuple(act.on(entry) for act in self.acts))


def plan_fault(section: FaultSection, index: int, where: str) -> Fault:
    """Check one ``[[fault]]`` as far as its kind goes. Raises ConfigurationErrors with every mistake."""
    key = f"fault.{index}"
    kinds = fault_kinds()
    if section.kind not in kinds:
        wrong = [ConfigurationError(where, f"{key}.kind", kinds_in_words(), repr(section.kind))]
        raise ConfigurationErrors([*wrong, *pattern_mistakes(section.matching or "", where, key)])
    kind = kinds[section.kind]
    errors = []
    severity = section.severity
    if kind.severity_if_chosen and not choosing(section):
        kind = replace(kind, severity="", typical=None)
        if severity is not None:
            expected = f"nothing: a {kind.name} that chooses no message lasts as long as for says"
            errors.append(ConfigurationError(where, f"{key}.severity", expected, repr(severity)))
            severity = None
    if kind.severity == "seconds" and severity is not None:
        severity = _seconds(severity)
    elif kind.name == "clock_jump" and severity is not None:
        severity = _seconds(severity, back=True)
    if severity is None and kind.typical is not None and section.severity is None:
        severity = kind.typical
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
    errors += _scale(kind, severity, where, key)
    errors += _onset(section, kind, where, key)
    errors += line_mistakes(section, kind, severity, where, key)
    if errors:
        raise ConfigurationErrors(errors)
    start = to_us(section.at)
    end = None if section.for_ is None else start + to_us(section.for_)
    name = section.name or f"{section.kind} of {section.device}"
    parameter = kind.parameter or section.parameter
    line = line_fault(section, kind, severity, name, start) if kind.target == "line" else None
    return Fault(
        name, kind, section.device, start, end, True if severity is None else severity, parameter,
        _acts(kind, parameter, severity), section.onset, to_us(section.over or 0.0), to_us(section.period or 0.0),
        0.5 if section.duty is None else section.duty, line, index,
    )  # fmt: skip


def _acts(kind: FaultKind, parameter: str | None, severity: Value | None) -> tuple[Act, ...]:
    if kind.library is not None:
        return tuple(kind.library.acts)
    if parameter is not None:
        return (Act(hidden=parameter, to=severity),)  # type: ignore[arg-type]  # a severity is one plain value
    if kind.name == "power_cut":
        return (Act(power=True, to=False),)
    return ()  # a line's, or the clock's: no cause in the device


def kinds_in_words() -> str:
    """What ``kind`` of a fault may be."""
    plain = [name for name, kind in fault_kinds().items() if kind.library is None]
    return f"{', '.join(plain)}, or a fault of the library (rig catalog --faults lists them)"


def _scale(kind: FaultKind, severity: Value | None, where: str, key: str) -> Iterator[ConfigurationError]:
    scale = None if kind.library is None else kind.library.severity
    if scale is None or severity is None:
        return
    number = isinstance(severity, int | float) and not isinstance(severity, bool)
    if not number or not scale.low <= float(severity) <= scale.high:  # type: ignore[arg-type]  # a number by now
        yield ConfigurationError(where, f"{key}.severity", str(scale), repr(severity))


def _onset(section: FaultSection, kind: FaultKind, where: str, key: str) -> Iterator[ConfigurationError]:
    plain = ["step", "intermittent"] if kind.target == "line" else ["step"]
    allowed = plain if kind.library is None else kind.library.onset
    if section.onset not in allowed:
        yield ConfigurationError(where, f"{key}.onset", f"one of {', '.join(allowed)}", repr(section.onset))
    for name, onset in (("over", "ramp"), ("period", "intermittent"), ("duty", "intermittent")):
        given = getattr(section, name) is not None
        if given and section.onset != onset:
            yield ConfigurationError(where, f"{key}.{name}", f'nothing, or onset = "{onset}"', "a value")
        if not given and section.onset == onset and name != "duty":
            yield ConfigurationError(where, f"{key}.{name}", f"a time, for {onset}", "nothing")


_SEVERITY = {
    "seconds": 'a time of 0 s or more, such as "2 s"',
    "seconds, of either sign": 'a time, such as "1 h" or "-8 h"',
}


def _seconds(value: Value, *, back: bool = False) -> float | None:
    try:
        seconds = parse_quantity(value, "time") if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except ValueError:
        return None
    return seconds if (back or seconds >= 0.0) and not isinstance(value, bool) else None


def trial_of_fault(fault: Fault, entry: CatalogueEntry, where: str, key: str) -> Iterator[ConfigurationError]:
    """What the model of its device will not take of ``fault``, found before it strikes."""
    library_fault = fault.kind.library
    if library_fault is not None and not library_fault.befalls(entry.design):
        expected = f"a fault that a {entry.name} can have (this one befalls {', '.join(library_fault.kinds)})"
        yield ConfigurationError(where, f"{key}.kind", expected, repr(fault.kind.name))
        return
    if fault.kind.name == "clock_jump" and "clock_jump_s" not in hidden_model(entry).model_fields:
        yield ConfigurationError(where, f"{key}.device", "a device with a clock of its own", repr(fault.device))
    for act in fault.acts:
        if act.power and not unit_class(entry).plugged:
            yield ConfigurationError(where, f"{key}.device", "a device with a plug", repr(fault.device))
        if act.hidden:
            yield from _trial_of_hidden(fault, act, entry, where, key)


def _trial_of_hidden(
    fault: Fault, act: Act, entry: CatalogueEntry, where: str, key: str
) -> Iterator[ConfigurationError]:
    hidden = hidden_model(entry)
    field = hidden.model_fields.get(act.hidden)
    if field is None:
        place = f"{key}.parameter" if fault.kind.takes_parameter else f"{key}.kind"
        expected = (
            f"a fault that a {entry.name} can have"
            if place.endswith("kind")
            else "one of " + ", ".join(hidden.model_fields)
        )
        found = fault.kind.name if place.endswith("kind") else act.hidden
        yield ConfigurationError(where, place, expected, repr(found))
        return
    try:
        hidden.model_validate({act.hidden: act.value(field.default, fault.severity)})
    except ValidationError as error:
        for one in findings_of(error, where):
            yield ConfigurationError(where, f"{key}.severity", f"for {act.hidden}: {one.expected}", one.found)
