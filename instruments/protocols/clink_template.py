"""Templates of replies and requests: text with placeholders, rendered by the device and read back by the host."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from instruments.device import Value
from instruments.protocols.clink_formats import (
    NUMBER,
    Base,
    Choice,
    Date,
    Format,
    Gas,
    Line,
    Names,
    Number,
    Text,
    Time,
)
from instruments.protocols.clink_units import Concentration, NumberForm, Read

_ACTUAL = r",\s+actual"
_ALIKE = (("mm Hg", r"mm\s*Hg"), ("mmHg", r"mm\s*Hg"), ("l/min", r"l/m(?:in)?"), ("l/m", r"l/m(?:in)?"))
"""Ways to write one unit: firmware versions differ, a host takes all."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a table knows that its formats need.

    Attributes:
        gases: quantities that are concentrations.
        number_form: how exponents are written.
        words, codes, customs: tables of the row at hand; customs maps a code to the quantity that holds its value.
        no_value: what stands for a number that is not there; empty where there always is one.
    """

    gases: Mapping[str, Concentration]
    number_form: NumberForm
    words: Mapping[str, Value]
    codes: Mapping[str, Value]
    customs: Mapping[str, str]
    no_value: str = ""

    def format(self, quantity: str, spec: str) -> Format:
        """Return the format of that name for ``quantity``.

        Raises:
            ValueError: no such format, or the quantity is no concentration.
        """
        simple: dict[str, Format] = {
            "text": Text(),
            "line": Line(),
            "names": Names(),
            "date": Date(),
            "time": Time(),
        }
        if spec in simple:
            return simple[spec]
        if spec == "words":
            return Choice(self.words, {}, are_codes=False)
        if spec == "code":
            return Choice(self.codes, self.customs, are_codes=True)
        for name, kind in (("gas", Gas), ("base", Base)):
            if spec.startswith(name):
                if quantity not in self.gases:
                    raise ValueError(f"{quantity!r} is not in the table of concentrations")
                return kind(spec.removeprefix(name), self.gases[quantity], self.number_form)
        return Number(spec, self.no_value)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A quantity and how it is written."""

    quantity: str
    format: Format


class Template:
    """Text with placeholders.

    Attributes:
        parts: literal texts and placeholders, in order.
        render: writes the values that its argument, a reader of quantities, gives.
        pattern: what a host takes for this text; one group to a placeholder.
    """

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        parts: list[str | Placeholder] = []
        for literal, quantity, spec, _ in string.Formatter().parse(text):
            if literal:
                parts.append(literal)
            if quantity is not None:
                parts.append(Placeholder(quantity, vocabulary.format(quantity, spec or "")))
        self.parts = tuple(parts)
        self.placeholders = tuple(part for part in parts if isinstance(part, Placeholder))
        self.render = self._renderer()
        self.pattern = re.compile(self.source(), re.IGNORECASE)

    def source(self) -> str:
        """Return the regular expression of the text.

        Blanks may be any blanks, units in any spelling; ``, actual ...`` may be missing, or stand where it should not.
        """
        out: list[str] = []
        for part in self.parts:
            if isinstance(part, Placeholder):
                out.append(rf"\s*({part.format.pattern})")
            else:
                out.append(_loose(part))
        source = "".join(out)
        head, actual, tail = source.partition(_ACTUAL)
        if actual:
            return rf"{head}(?:{actual}{tail})?\s*"
        return rf"{source}(?:{_ACTUAL}\s*{NUMBER})?\s*"

    def read(self, text: str) -> dict[str, tuple[Format, str]] | None:
        """Take the values out of ``text``, as written; None if it is not of this form.

        A quantity that stands twice keeps its last text, one in a missing part is left out.
        """
        match = self.pattern.fullmatch(text)
        if not match:
            return None
        groups = zip(self.placeholders, match.groups(), strict=True)
        return {place.quantity: (place.format, found) for place, found in groups if found is not None}

    def _renderer(self) -> Callable[[Read], str]:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], str):
            fixed = parts[0]
            return lambda read: fixed
        if len(self.placeholders) == 1:
            place = self.placeholders[0]
            at = parts.index(place)
            before, after = cast(str, parts[0]) if at else "", cast(str, parts[-1]) if at + 1 < len(parts) else ""
            quantity = place.quantity
            if isinstance(place.format, Number) and place.format.plain:
                write = f"{_doubled(before)}{{:{place.format.spec}}}{_doubled(after)}".format
                return lambda read: write(read(quantity))
            render = place.format.render
            return lambda read: before + render(read(quantity), read) + after

        def pieces(read: Read) -> str:
            return "".join(
                part if isinstance(part, str) else part.format.render(read(part.quantity), read) for part in parts
            )

        return pieces


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _loose(literal: str) -> str:
    for unit, pattern in _ALIKE:
        if unit in literal:
            before, after = literal.split(unit, 1)
            return _loose(before) + pattern + _loose(after)
    words = [re.escape(word) for word in literal.split()]
    if not words:
        return r"\s*" if literal else ""
    lead = r"\s*" if literal[0].isspace() else ""
    end = r"\s*" if literal[-1].isspace() else ""
    return lead + r"\s+".join(words) + end
