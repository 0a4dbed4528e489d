"""A ``[[fault]]`` of a line, checked and made ready."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from instruments.device import Value
from instruments.errors import ConfigurationError
from rig.bench_file import FaultSection
from rig.clock import to_us
from rig.line_faults import LineFault

if TYPE_CHECKING:
    from rig.faults import FaultKind

_OF_LINES = ("port", "probability", "nth", "matching", "direction")
_OF_UNSOLICITED = ("every", "say")


def choosing(section: FaultSection) -> bool:
    """Whether a fault chooses among messages: see :attr:`~rig.line_faults.LineFault.selective`."""
    some = section.probability is not None and section.probability < 1.0
    return some or section.nth is not None or section.matching is not None


def line_mistakes(
    section: FaultSection, kind: FaultKind, severity: Value | None, where: str, key: str
) -> Iterator[ConfigurationError]:
    """What a fault cannot have of the keys that only lines have, and a severity out of its limits."""

    def wrong(name: str, expected: str) -> ConfigurationError:
        return ConfigurationError(where, f"{key}.{name}", expected, repr(getattr(section, name)))

    given = [name for name in (*_OF_LINES, *_OF_UNSOLICITED) if getattr(section, name) is not None]
    if kind.target != "line":
        for name in given:
            yield wrong(name, f"nothing: {kind.name} is no fault of a line")
        return
    if kind.severity in ("bytes", "bits", "baud"):
        yield from _amount(kind, severity, where, key)
    for name in _OF_UNSOLICITED:
        if kind.name == "unsolicited" and name not in given:
            expected = 'a time, such as "30 s"' if name == "every" else 'text, such as "READY\\r\\n"'
            yield ConfigurationError(where, f"{key}.{name}", expected, "nothing")
        if kind.name != "unsolicited" and name in given:
            yield wrong(name, f"nothing: {kind.name} says nothing of its own accord")
    if section.direction is not None and section.direction not in kind.ways:
        yield wrong("direction", f"{' or '.join(map(repr, kind.ways))} for {kind.name}")
    if section.matching is not None:
        if kind.chooses in ("connections", "its own messages"):
            yield wrong("matching", f"nothing: {kind.name} chooses among {kind.chooses}, which fit no request")
        else:
            yield from pattern_mistakes(section.matching, where, key)
    if section.say is not None and not _is_latin(section.say):
        yield wrong("say", "bytes as Latin-1 characters")


def pattern_mistakes(matching: str, where: str, key: str) -> Iterator[ConfigurationError]:
    """That ``matching`` of the fault ``key`` is no pattern."""
    if _pattern(matching) is None:
        expected = "a regular expression of bytes (Latin-1)"
        yield ConfigurationError(where, f"{key}.matching", expected, repr(matching))


def _amount(kind: FaultKind, severity: Value | None, where: str, key: str) -> Iterator[ConfigurationError]:
    least, most = max(1.0, kind.least), min(1e6, kind.most)
    whole = isinstance(severity, int | float) and not isinstance(severity, bool) and float(severity).is_integer()
    if not whole or not least <= float(severity) <= most:  # type: ignore[arg-type]  # a number by now
        expected = f"a whole number of {kind.severity}, {least:.0f} to {most:.0f}"
        yield ConfigurationError(where, f"{key}.severity", expected, repr(severity))


def line_fault(section: FaultSection, kind: FaultKind, severity: Value | None, name: str, start_us: int) -> LineFault:
    """The fault of a section that has no mistakes."""
    return LineFault(
        name, kind.name, 0.0 if severity is None else float(severity),  # type: ignore[arg-type]  # a number
        section.direction or kind.ways[0], 1.0 if section.probability is None else section.probability, section.nth,
        None if section.matching is None else _pattern(section.matching), section.port,
        (section.say or "").encode("latin-1"), to_us(section.every or 0.0), start_us,
    )  # fmt: skip


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _pattern(text: str) -> re.Pattern[bytes] | None:
    try:
        return re.compile(text.encode("latin-1"), re.DOTALL)
    except (re.error, UnicodeEncodeError):
        return None
