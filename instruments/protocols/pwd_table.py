"""The table of the PWD protocol: data messages, status report, commands; from ``pwd.toml``."""

from __future__ import annotations

import math
import string
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, cast

from pydantic import Field, model_validator

from instruments.catalogue import Mark
from instruments.device import Value
from instruments.protocols.rows import Row
from instruments.reading import validate

SOH, STX, ETX, ENQ = b"\x01", b"\x02", b"\x03", b"\x05"
NWS, ALARMS, LUMINANCE = "nws", "alarms", "luminance"
"""Fields that are no plain number: the letter code, the two digits of alarms, what a PWD22 has no sensor for."""
NO_LUMINANCE = "//////"


class FieldForm(Row):
    """How a number stands in a data message: blanks before it, its format, what stands where there is none."""

    form: str
    void: str
    lead: str = " "

    def written(self, value: float) -> str:
        """With the blanks."""
        return self.lead + (self.void if math.isnan(value) else format(value, self.form))

    @property
    def width(self) -> int:
        """Columns that it takes."""
        return len(self.written(0.0))


class MessageRow(Row):
    """One data message: its fields in order, and whether lines of METAR codes follow."""

    number: str
    fields: list[str]
    codes: bool = False
    mark: Mark
    source: str


class StatusRows(Row):
    """The status report: its first line (with the date of the firmware), and its lines of values."""

    head: str
    lines: list[str]
    mark: Mark
    source: str


class HardwareRow(Row):
    """A text of the report's last block, and when it stands; ``..._from`` names the setting that is the limit."""

    text: str
    quantity: str
    low: float | None = None
    high: float | None = None
    low_from: str = ""
    high_from: str = ""
    mark: Mark
    source: str

    def stands(self, read: Callable[[str], Value]) -> bool:
        """Whether the instrument is beyond a limit. A limit that is a setting counts downwards for ``low_from``."""
        value = float(cast(float, read(self.quantity)))
        low = -float(cast(float, read(self.low_from))) if self.low_from else self.low
        high = float(cast(float, read(self.high_from))) if self.high_from else self.high
        return (low is not None and value < low) or (high is not None and value > high)


class CommandRow(Row):
    """A command of the operator's line; with ``action`` it is that of the instrument."""

    name: str
    what: str
    action: str = ""
    mark: Mark
    source: str


class PwdRows(Row):
    """The file."""

    message: list[MessageRow]
    field: dict[str, FieldForm]
    nws: dict[str, str]
    metar: dict[str, str]
    status: StatusRows
    hardware: list[HardwareRow]
    command: list[CommandRow] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for row in self.message:
            for name in row.fields:
                if name not in self.field and name not in (NWS, ALARMS, LUMINANCE):
                    raise ValueError(f"message {row.number}: field {name} has no form")
        return self


def _read_by(row: MessageRow) -> tuple[str, ...]:
    """What the fields of a message, and its lines of codes, are made of."""
    made_of = {ALARMS: ["visibility_alarm", "status"], NWS: ["weather_now"], LUMINANCE: []}
    names = [name for field in row.fields for name in made_of.get(field, [field])]
    return tuple(dict.fromkeys([*names, *(["weather_now"] if row.codes else [])]))


class PwdTable:
    """The checked table: data messages by their numbers, commands by their names."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.rows = validate(PwdRows, data, where, "pwd")
        self.messages = {row.number: row for row in self.rows.message}
        self._read_by = {row.number: _read_by(row) for row in self.rows.message}
        self.commands = {row.name: row for row in self.rows.command}

    @classmethod
    def common(cls) -> PwdTable:
        """The family's table."""
        path = Path(__file__).with_name("pwd.toml")
        return cls(tomllib.loads(path.read_text(encoding="utf-8"))["pwd"], str(path))

    def status_quantities(self) -> list[str]:
        """What the status report tells, in its order."""
        return [name for line in self.rows.status.lines for _, name, _, _ in string.Formatter().parse(line) if name]

    def read_by(self, row: MessageRow) -> tuple[str, ...]:
        """What a message tells, each once."""
        return self._read_by[row.number]

    def code(self, number: float) -> str:
        """NWS code of a WMO number."""
        return "///" if math.isnan(number) else self.rows.nws.get(str(round(number)), "P")

    def metar(self, number: float) -> str:
        """METAR code of a WMO number."""
        return "//" if math.isnan(number) else self.rows.metar.get(str(round(number)), "UP")
