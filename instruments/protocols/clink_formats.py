"""How C-Link writes values: named formats, and templates over the canonical quantity names.

A template is a text with placeholders, ``"{react_temp:.1f} deg C"``. It works in both directions: the device renders
values with it, the host makes a pattern of it and reads the values back. Formats that a placeholder may name:

========================  ==================================================================================
``.3f`` ``4.1f`` ``d``    a number, as in Python's format language; ``04X`` is an integer in hexadecimal
``round1.3f``             rounded to one decimal, then printed with three (fields of ``erec``)
``gas``                   a concentration in the box's gas unit, in exponent form, with its unit
``gas.1f`` ``gas4.1f``    the same in decimal form; the decimals count in the gas's own unit
``base`` ``base.3f``      a concentration without unit: ppb, or ug/m3 when the gas unit is one of mass
``words``                 a word of the row's table ``words``
``code``                  a number of the row's table ``codes``
``text`` ``line``         a word as it is, a whole line as it is
``names``                 several words with commas, ``none`` for nothing
``date`` ``time``         ``mm-dd-yy`` and ``hh:mm:ss`` of an instrument clock in microseconds
========================  ==================================================================================
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from instruments.device import Value
from instruments.errors import Refused
from instruments.protocols.clink_units import INNER_DIGITS, Concentration, NumberForm, Read, exponent_form

NUMBER = r"[-+]?\d+\.?\d*(?:[Ee][-+]?\d{1,3})?"
_CALENDAR_START = datetime(1970, 1, 1)  # noqa: DTZ001 - the instrument's clock knows no zone
DAY_US = 86_400_000_000


class NotANumber(Refused):
    """Letters where a number is due: boxes have an error text of its own for that."""

    def __init__(self, text: str) -> None:
        super().__init__("invalid", f"{text!r} is no number")


class Format(ABC):
    """One way to write a value; both directions."""

    pattern: str
    """Regular expression (without groups) of what it writes."""

    @abstractmethod
    def render(self, value: Value, read: Read) -> str:
        """Write ``value``; ``read`` tells the gas unit and the like."""

    @abstractmethod
    def parse(self, text: str, read: Read) -> Value:
        """Read a value back. Raises Refused("invalid")."""


class Number(Format):
    """A plain number; ``no_value`` is what stands where there is none, NaN inside (empty: there always is one)."""

    def __init__(self, spec: str, no_value: str = "") -> None:
        match = re.fullmatch(r"(?:round(\d))?([+\d]*(?:\.\d+f|d|X))", spec)
        if not match:
            raise ValueError(f"no such number format: {spec!r}")
        self.spec = match[2]
        self.decimals = int(match[1]) if match[1] else None
        self.base = {"d": 10, "X": 16}.get(self.spec[-1], 0)
        self.pattern = {0: NUMBER, 10: r"[-+]?\d+", 16: r"[0-9A-Fa-f]+"}[self.base]
        self.no_value = no_value
        self.pattern = f"(?:{re.escape(no_value)}|{self.pattern})" if no_value else self.pattern
        self._width = int(re.match(r"\+?(\d*)", self.spec)[1] or 0)  # type: ignore[index]  # matches anything

    @property
    def plain(self) -> bool:
        """Whether Python's own format does all the work."""
        return self.base == 0 and self.decimals is None and not self.no_value

    def render(self, value: Value, read: Read) -> str:
        """Write the number."""
        number = float(cast(float, value))
        if self.no_value and math.isnan(number):
            return self.no_value.rjust(self._width)
        if self.decimals is not None:
            number = round(number, self.decimals) + 0.0  # no minus before a zero that rounding made
        if self.base:
            return format(round(number) if math.isfinite(number) else 0, self.spec)
        return format(number, self.spec)

    def parse(self, text: str, read: Read) -> Value:
        """Read a number; hexadecimal or whole, if the format says so."""
        if not re.fullmatch(self.pattern, text):
            raise NotANumber(text)
        if self.no_value and text == self.no_value:
            return math.nan
        return int(text, self.base) if self.base else finite(text)


class Gas(Format):
    """A concentration with its unit, in the box's gas unit."""

    pattern = rf"{NUMBER}\s*(?:ppb|ppm|ug/m3|mg/m3)"

    def __init__(self, spec: str, gas: Concentration, form: NumberForm) -> None:
        match = re.fullmatch(r"(?:(\d*)\.(\d+)f)?", spec)
        if not match:
            raise ValueError(f"no such concentration format: {spec!r}")
        self.gas = gas
        self.form: NumberForm = form
        self.width = match[1] or ""
        self.decimals = int(match[2]) if match[2] else None

    def render(self, value: Value, read: Read) -> str:
        """Write number and unit."""
        wire = str(read("gas_unit"))
        inner = self.gas.unit or self.gas.inner_unit(read)
        number = self.gas.to_wire(float(value), inner, wire)  # type: ignore[arg-type]
        if self.decimals is None:
            return f"{exponent_form(number, self.form)} {wire}"
        decimals = max(0, self.decimals + INNER_DIGITS.get(wire, 0) - INNER_DIGITS[inner])
        return f"{number:{self.width}.{decimals}f} {wire}"

    def parse(self, text: str, read: Read) -> Value:
        """Read number and unit, whichever unit stands there."""
        number, unit = self.split(text)
        return self.gas.from_wire(number, self.gas.inner_unit(read), unit)

    def split(self, text: str) -> tuple[float, str]:
        """Take number and unit as they stand on the wire."""
        match = re.fullmatch(rf"({NUMBER})\s*(\S+)", text)
        if not match:
            raise Refused("invalid", f"{text!r} is no concentration")
        return finite(match[1]), match[2]


class Base(Format):
    """A concentration without unit: records, and all numbers sent to the box (20 ppm is sent as 20000)."""

    pattern = NUMBER

    def __init__(self, spec: str, gas: Concentration, form: NumberForm) -> None:
        if spec and not re.fullmatch(r"\.\d+f", spec):
            raise ValueError(f"no such concentration format: {spec!r}")
        self.gas = gas
        self.spec = spec
        self.form: NumberForm = form

    def render(self, value: Value, read: Read) -> str:
        """Write the number in ppb (or ug/m3)."""
        number = self.gas.to_wire(float(cast(float, value)), self.gas.inner_unit(read), self._unit(read))
        # Twelve digits: enough for any setting, and a conversion's last binary digit stays invisible.
        return format(number, self.spec) if self.spec else f"{number:.12g}"

    def parse(self, text: str, read: Read) -> Value:
        """Read a number in ppb (or ug/m3)."""
        if not re.fullmatch(NUMBER, text):
            raise NotANumber(text)
        return self.gas.from_wire(finite(text), self.gas.inner_unit(read), self._unit(read))

    @staticmethod
    def _unit(read: Read) -> str:
        return "ug/m3" if read("gas_unit") in ("ug/m3", "mg/m3") else "ppb"


class Choice(Format):
    """One word or number out of a table."""

    def __init__(self, choices: Mapping[str, Value], customs: Mapping[str, str], *, are_codes: bool) -> None:
        if not choices:
            raise ValueError("needs the row's table of words or codes")
        self.choices = dict(choices)
        self.customs = dict(customs)
        self.are_codes = are_codes
        self.pattern = r"\d+" if are_codes else "|".join(re.escape(word) for word in choices)

    def render(self, value: Value, read: Read) -> str:
        """Write the word or code of a value; the first custom code if the table has none."""
        for text, choice in self.choices.items():
            if same(choice, value):
                return text
        for text, quantity in self.customs.items():
            if same(read(quantity), value):
                return text
        if self.customs:
            return next(iter(self.customs))
        raise Refused("invalid", f"{value!r} is none of {', '.join(map(str, self.choices.values()))}")

    def parse(self, text: str, read: Read) -> Value:
        """Look a word or code up, whatever its case."""
        text = next((choice for choice in self.choices if choice.lower() == text.lower()), text.lower())
        if self.are_codes and not text.isdecimal():
            raise NotANumber(text)
        if self.are_codes and text not in self.choices:
            text = str(int(text))
        if text in self.choices:
            return self.choices[text]
        if text in self.customs:
            return read(self.customs[text])
        raise Refused("invalid", f"{text!r} is none of {', '.join([*self.choices, *self.customs])}")


class Text(Format):
    """A word as it is."""

    pattern = r"\S+"

    def render(self, value: Value, read: Read) -> str:
        """Write the word."""
        return str(value)

    def parse(self, text: str, read: Read) -> Value:
        """Take the word; more than its pattern allows could not be read back."""
        if not re.fullmatch(self.pattern, text):
            raise Refused("invalid", f"{text!r} is not one word")
        return text


class Line(Text):
    """Several words as they are, to the end of the line."""

    pattern = r"[^\n]+"


class Names(Format):
    """Several words with commas between."""

    pattern = r"\S+"

    def render(self, value: Value, read: Read) -> str:
        """Write the names."""
        return ",".join(cast("tuple[str, ...]", value)) or "none"

    def parse(self, text: str, read: Read) -> Value:
        """Read the names."""
        return () if text == "none" else tuple(text.split(","))


class Date(Format):
    """``mm-dd-yy``, of this century."""

    pattern = r"\d\d-\d\d-\d\d"

    def render(self, value: Value, read: Read) -> str:
        """Write the date of an instrument clock."""
        return calendar(int(cast(int, value))).strftime("%m-%d-%y")

    def parse(self, text: str, read: Read) -> Value:
        """Read a date: microseconds at its midnight. Raises Refused("unknown") if it is none."""
        match = re.fullmatch(r"(\d{1,2})-(\d{1,2})-(\d{1,2})", text)
        if not match:
            raise Refused("unknown", f"{text!r} is no mm-dd-yy")
        month, day, year = map(int, match.groups())
        try:
            date = datetime(2000 + year, month, day)  # noqa: DTZ001
        except ValueError as error:
            raise Refused("unknown", f"{text!r} is no mm-dd-yy") from error
        return (date - _CALENDAR_START).days * DAY_US


class Time(Format):
    """``hh:mm:ss``; seconds may be left out, and letters count as 0, as on the real box."""

    pattern = r"\d\d:\d\d(?::\d\d)?"

    def render(self, value: Value, read: Read) -> str:
        """Write the time of day of an instrument clock."""
        return calendar(int(cast(int, value))).strftime("%H:%M:%S")

    def parse(self, text: str, read: Read) -> Value:
        """Read a time of day in microseconds."""
        parts = text.split(":")
        if len(parts) not in (2, 3):
            raise Refused("unknown", f"{text!r} is no hh:mm:ss")
        # A real 49i-PS took "set time hh:mm:ss" for midnight (mkndaq transcript): it reads like C's atoi.
        numbers = [int(part) if part.isdigit() else 0 for part in parts]
        hours, minutes, seconds = (*numbers, 0)[:3]
        if hours > 23 or minutes > 59 or seconds > 59:
            raise Refused("too high", f"{text!r} is no time of day")
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000


def finite(text: str) -> float:
    """Read ``text``, which is of the form NUMBER. Raises Refused if it is beyond all measure."""
    number = float(text)
    if not math.isfinite(number):
        raise Refused("too low" if number < 0 else "too high", text)
    return number


def calendar(clock_us: int) -> datetime:
    """Calendar of an instrument clock (microseconds since 1970-01-01, no zone)."""
    return _CALENDAR_START + timedelta(microseconds=clock_us)


def same(one: Value, other: Value) -> bool:
    """Whether two values are one; numbers to a millionth."""
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, (int, float)):
        return one == other
    return isinstance(other, (int, float)) and math.isclose(one, other, rel_tol=1e-6)
