"""The table of the WXT protocol: fields of the data messages, letters of the settings, resets; from ``wxt.toml``."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from instruments.catalogue import Mark
from instruments.device import Value
from instruments.protocols.rows import Row, Setting
from instruments.reading import validate

GROUPS = ("1", "2", "3", "5")
"""Messages aR1 wind, aR2 pressure temperature humidity, aR3 precipitation, aR5 supervisor."""
SETTINGS_OF: Mapping[str, str] = {"1": "WU", "2": "TU", "3": "RU", "5": "SU"}
ADDRESSES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LAST_ADDRESS = len(ADDRESSES) - 1


class WireUnit(Row):
    """How a value is written in one unit: ``value * factor + offset``, so many decimals, leading zeros to ``width``."""

    decimals: int
    factor: float = 1.0
    offset: float = 0.0
    width: int = 0

    def written(self, value: float) -> str:
        """The digits."""
        return f"{value * self.factor + self.offset:0{self.width}.{self.decimals}f}"

    def taken(self, text: str) -> float:
        """The value inside. Raises ValueError for text that is no finite number."""
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text!r} is no number")
        return (number - self.offset) / self.factor


class FieldRow(Row):
    """One field of the data messages.

    Attributes:
        group: number of its message.
        name: as on the wire (``Ta``).
        quantity: of the instrument.
        unit: table of its units.
        unit_from: parameter whose letter is the unit (``WU.U``), or ``heating_power``; empty: there is but one.
        bit: place in the group's ``R=``, from the left.
        xdr: type and id of the transducer in NMEA; xdr_place: its place in that message, if it is not ``bit``.
    """

    group: Literal["1", "2", "3", "5"]
    name: str
    quantity: str
    unit: str
    unit_from: str = ""
    bit: int = Field(ge=0, le=7)
    xdr: tuple[str, int]
    xdr_place: int | None = None
    mark: Mark
    source: str

    @property
    def place(self) -> int:
        """Its place in the NMEA message."""
        return self.bit if self.xdr_place is None else self.xdr_place


class ParameterRow(Row):
    """One letter of a line of settings.

    Attributes:
        group: the line (``XU``).
        letter: its letter.
        kind: how its value is written.
        setting: setting of the instrument that it is; empty: the protocol keeps it itself. unit: its unit.
        quantity: what a ``told`` letter tells.
        default: at delivery, of what the protocol keeps.
        choices: what it may be, as written; words: texts and values of the instrument's setting.
        low, high: limits of a number.
    """

    group: Literal["XU", "WU", "TU", "RU", "SU"]
    letter: str
    kind: Literal["address", "word", "whole", "number", "bits", "told"]
    setting: str = ""
    unit: str = ""
    quantity: str = ""
    default: str = ""
    choices: list[str] = Field(default_factory=list)
    words: dict[str, Setting] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    mark: Mark
    source: str

    @property
    def key(self) -> str:
        """``WU.I``."""
        return f"{self.group}.{self.letter}"

    def value(self, text: str) -> Value:
        """The value that ``text`` gives it. Raises ValueError for one that it cannot have."""
        if self.words:
            if text not in self.words:
                raise ValueError(f"{self.key}: one of {', '.join(self.words)}")
            return self.words[text]
        if self.choices and text not in self.choices:
            raise ValueError(f"{self.key}: one of {', '.join(self.choices)}")
        if self.kind == "bits":
            left, _, right = text.partition("&")
            if not all(len(bits) == 8 and set(bits) <= set("01") for bits in (left, right)):
                raise ValueError(f"{self.key}: eight bits, &, eight bits")
            return text
        if self.kind not in ("whole", "number"):
            return text
        number = float(text)
        outside = not math.isfinite(number) or (self.kind == "whole" and number != round(number))
        outside |= (self.low is not None and number < self.low) or (self.high is not None and number > self.high)
        if outside:
            raise ValueError(f"{self.key}: {self.low} to {self.high}")
        return round(number) if self.kind == "whole" else number

    def written(self, value: Value) -> str:
        """``value`` as on the wire."""
        for text, word in self.words.items():
            if word == value:
                return text
        return value if isinstance(value, str) else f"{value:g}"


class DeliveredRow(Row):
    """How the port of a unit is set that is delivered in one of ``modes``: letters of ``aXU`` that differ then."""

    modes: list[str]
    letters: dict[Literal["B", "D", "P", "S"], str]
    mark: Mark
    source: str


class ActionRow(Row):
    """A reset: what it does, and the text message that it answers, with that text's number in NMEA."""

    request: str
    text: str
    number: str
    apply: list[str] = Field(default_factory=list)
    mark: Mark
    source: str


class WxtRows(Row):
    """The file."""

    prefix: str
    delivered: list[DeliveredRow]
    unit: dict[str, dict[str, WireUnit]]
    field: list[FieldRow]
    parameter: list[ParameterRow]
    action: list[ActionRow]


class WxtTable:
    """The checked table.

    Attributes:
        rows: as written.
        fields: of each message, in its order.
        parameters: by their keys (``WU.I``).
        actions: resets by their requests.
    """

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.rows = validate(WxtRows, data, where, "wxt")
        self.fields = {group: [row for row in self.rows.field if row.group == group] for group in GROUPS}
        self.parameters = {row.key: row for row in self.rows.parameter}
        self.actions = {row.request: row for row in self.rows.action}

    @classmethod
    def common(cls) -> WxtTable:
        """The family's table."""
        path = Path(__file__).with_name("wxt.toml")
        return cls(tomllib.loads(path.read_text(encoding="utf-8"))["wxt"], str(path))

    def delivered(self, mode: str) -> dict[str, str]:
        """Letters of the port's settings, by their keys (``XU.B``), of a unit delivered in ``mode``."""
        found = {key: self.parameters[key].default for key in ("XU.B", "XU.D", "XU.P", "XU.S")}
        for row in self.rows.delivered:
            if mode in row.modes:
                found |= {f"XU.{letter}": text for letter, text in row.letters.items()}
        return found

    def line_of(self, group: str) -> list[ParameterRow]:
        """Parameters of a line of settings, in its order."""
        return [row for row in self.rows.parameter if row.group == group]


def is_address(text: str) -> bool:
    """Whether ``text`` is one such character."""
    return len(text) == 1 and text in ADDRESSES
