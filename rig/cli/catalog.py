"""``rig catalog``: what a model is, every number and command with its mark and source."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence

from instruments.build import name_mistakes
from instruments.catalogue import Alarm, CatalogueEntry, SettingRange, load, models
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.dialects import dialect, protocols_of
from instruments.protocols.ends import limits_in_words
from rig.fault_library import LibraryFault, library
from rig.faults import FaultKind, fault_kinds
from rig.wiring import hidden_model

_WIDTH = 100
_MARK = 8
_SOURCE_AT_LEAST = 44


def catalog(model: str | None) -> int:
    """Print one model in full, by its name or by the path of a file of one's own, or the list of all.

    Raises:
        ConfigurationError: no such model. ConfigurationErrors: mistakes in its file.
    """
    write = sys.stdout.write
    if model is None:
        width = max(map(len, models()))
        for name in models():
            entry = load(name)
            write(f"{name:<{width}} {entry.kind:<11} {entry.maker}: {entry.title}\n")
        return 0
    if model not in models() and not model.endswith(".toml"):
        raise ConfigurationError("MODEL", "", f"one of {', '.join(models())}", repr(model))
    entry = load(model)
    wrong = name_mistakes(entry, model) if model.endswith(".toml") else []
    if wrong:
        raise ConfigurationErrors(wrong)
    for line in _page(entry):
        write(line + "\n")
    return 0


def faults() -> int:
    """Print every fault that a bench file may name: those of lines, the plain ones, and the library."""
    for name, kind in fault_kinds().items():
        if kind.library is None:
            sys.stdout.write(f"{name:<34} {kind.target}: {kind.text}{_asked(kind)}\n")
    for name, fault in library().items():
        sys.stdout.write(f"{name:<34} {', '.join(fault.kinds)}: {fault.text_en}\n")
    return 0


def _asked(kind: FaultKind) -> str:
    """What its severity is, and what else it takes."""
    usual = f", {kind.typical:g} if left out" if kind.typical is not None else ""
    severity = f"severity: {kind.severity}{usual}" if kind.severity else ""
    ways = "direction: " + " or ".join(kind.ways) if len(kind.ways) > 1 else ""
    chooses = f"chooses among {kind.chooses}" if kind.target == "line" and kind.chooses != "messages" else ""
    said = "; ".join(part for part in (severity, ways, chooses) if part)
    return f" ({said})" if said else ""


def _filed(low: float | None, high: float | None, unit: str) -> str:
    if low is None and high is None:
        return "no range"
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{_unit(unit)}"
    return f"{low:g}{_unit(unit)} or more" if low is not None else f"{high:g}{_unit(unit)} or less"


def _scale(fault: LibraryFault) -> str:
    scale = fault.severity
    how = "/".join(fault.onset)
    return how if scale is None else f"{scale.low:g} to {scale.high:g}{_unit(scale.unit)}, {how}"


def _page(entry: CatalogueEntry) -> Iterator[str]:
    for line in (
        f"{entry.name}: {entry.title}",
        f"maker: {entry.maker}",
        f"principle: {entry.principle}",
        f"type approval: {entry.approval or 'none known'}; that of a unit: [device.X.plate] of a bench file",
        f"protocols: {', '.join(protocols_of(entry)) or 'none on a wire'}; in process without a wire (kind direct)",
        "marks: read (the document itself), reported (by others), recalled (from memory, or the project's choice)",
    ):
        yield from textwrap.wrap(line, _WIDTH, subsequent_indent="  ")
    figures = [(name, f"{p.value:g}{_unit(p.unit)}", p.mark, p.source) for name, p in entry.parameters.items()]
    yield from _section("parameters", figures)
    settings = [(name, _range(setting), setting.mark, setting.source) for name, setting in entry.settings.items()]
    yield from _section("settings, with the value at delivery", settings)
    alarms = [(name, _limits(alarm), alarm.mark, alarm.source) for name, alarm in entry.alarms.items()]
    yield from _section("alarms", alarms)
    filed = [(name, f"{_filed(k.low, k.high, k.unit)}, {k.access}", k.mark, k.source)
             for name, k in entry.key_parameters.items()]  # fmt: skip
    yield from _section("key technical parameters, with the range that a network files", filed)
    parts = [(name, f"{p.affects}, life {p.life_h:g} h, {p.replaced_by}", p.mark, p.source)
             for name, p in entry.wear.items()]  # fmt: skip
    yield from _section("parts that age, and the action that renews them", parts)
    faults = [(name, _scale(fault), fault.mark, fault.text_en) for name, fault in library().items()
              if fault.befalls(entry.design)]  # fmt: skip
    yield from _section("faults of the library that it can have (docs/faults.md: what they move)", faults)
    yield from _hidden(entry)
    for protocol in protocols_of(entry):
        sections: dict[str, list[tuple[str, str, str, str]]] = {}
        for told in dialect(entry, protocol).told():
            sections.setdefault(told.section, []).append((told.name, told.what, told.mark, told.source))
        for title, rows in sections.items():
            yield from _section(f"{protocol} {title}", rows)


def _hidden(entry: CatalogueEntry) -> Iterator[str]:
    """What a bench file may hide in a unit, with the value of a good one and what its docstring says of it."""
    model = hidden_model(entry)
    yield ""
    section = "cylinder" if entry.kind == "cylinder" else "device"
    yield f"hidden truth of a unit: [{section}.X.hidden] of a bench file, cause of a fault; value of a good unit"
    told = {name: text for kind in reversed(model.__mro__) for name, text in _meanings(kind.__doc__ or "").items()}
    for name, field in model.model_fields.items():
        head = f"  {name:<28} {'drawn' if field.default is None else field.default!s:<8} "
        yield from textwrap.wrap(head + told.get(name, ""), _WIDTH, subsequent_indent=" " * 40)


def _meanings(docstring: str) -> dict[str, str]:
    """What a docstring says of each attribute: lines "name, name: text", going on in lines that are indented more."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(docstring).splitlines():
        start = re.match(r"    (\w+(?:, \w+)*): (.*)", line)
        if start:
            names = start.group(1).split(", ")
            found |= dict.fromkeys(names, start.group(2))
        elif names and line.startswith("        "):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
        else:
            names = []
    return found


def _section(title: str, rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    """Columns name, what, mark, source; what does not fit its column goes on in the next line."""
    if not rows:
        return
    yield ""
    yield title
    name_width = min(22, max(len(row[0]) for row in rows))
    room = _WIDTH - 2 - name_width - 2 - _MARK - 2 - 2
    what_width = min(max(len(row[1]) for row in rows), room - _SOURCE_AT_LEAST)
    widths = (name_width, what_width, _MARK, room - what_width)
    for row in rows:
        cells = [textwrap.wrap(text, width) or [""] for text, width in zip(row, widths, strict=True)]
        for index in range(max(len(cell) for cell in cells)):
            parts = [cell[index] if index < len(cell) else "" for cell in cells]
            yield ("  " + "  ".join(part.ljust(w) for part, w in zip(parts, widths, strict=True))).rstrip()


def _range(setting: SettingRange) -> str:
    unit = _unit(setting.unit)
    default = f"{_plain(setting.default)}{unit}"
    if setting.choices:
        return f"{default}; one of {', '.join(map(_plain, setting.choices))}"
    if setting.low is None and setting.high is None:
        return default
    return f"{default}; {limits_in_words(setting.low, setting.high)}{unit}"


def _limits(alarm: Alarm) -> str:
    parts = []
    if alarm.low is not None:
        parts.append(f"below {alarm.low:g}")
    if alarm.high is not None:
        parts.append(f"above {alarm.high:g}")
    return ", ".join(parts) + _unit(alarm.unit)


def _unit(unit: str) -> str:
    """The unit as it stands after a number; a pure number has none."""
    return "" if unit in ("", "1") else f" {unit}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
