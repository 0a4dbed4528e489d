"""The table of a BAM-1020's serial port: columns, flags, keys, escape commands and parameters, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from instruments.protocols.rows import Known
from instruments.reading import validate

Report = Literal[
    "day", "all", "new", "last", "all statistics", "new statistics", "all flow", "new flow", "settings", "clock",
    "csv", "errors", "pointers", "menu",
]  # fmt: skip
Escape = Literal[
    "array", "array header", "custom", "custom header", "identity", "header", "all", "new", "last",
    "statistics pointer", "last flow", "date", "time", "parameter",
]  # fmt: skip


class Number(Known):
    """A number on the wire.

    Attributes:
        quantity: what it is by the model's name; empty for an input to which nothing is connected.
        form: Python's format language.
        scale: number on the wire over the value inside.
        unit: unit inside.
    """

    quantity: str = ""
    form: str = Field(pattern=r"\d*\.\df")
    scale: float = Field(default=1.0, gt=0)
    unit: str = ""

    def render(self, value: float) -> str:
        """The number as it stands on the wire."""
        return f"{value * self.scale:{self.form}}"


class Column(Number):
    """A column of a record."""

    name: str


class Parameter(Number):
    """A line of the settings report."""

    number: int = Field(ge=1, le=99)
    title: str


class Flag(Known):
    """One of the twelve error flags, in the order of the columns."""

    letter: str = Field(pattern=r"[A-Z]")
    meaning: str
    relay: bool


class Key(Known):
    """A key of a menu; it acts at once."""

    menu: Literal["main", "csv"]
    key: str = Field(pattern=r"[0-9a-z]")
    does: Report
    what: str


class EscapeCommand(Known):
    """What is asked for by ``<ESC>code<CR>``, without a prompt."""

    code: str = Field(pattern=r"[A-Z0-9]{1,3}")
    does: Escape
    what: str


class _Table(Known):
    station: int
    wake_returns: int = Field(ge=1)
    prompt_s: float = Field(gt=0)
    longest_request: int = Field(ge=20)
    gap_s: float = Field(gt=0)
    column: list[Column]
    flow_column: list[Column]
    flag: list[Flag]
    key: list[Key]
    escape: list[EscapeCommand]
    parameter: list[Parameter]


class BamTable:
    """A checked table.

    Attributes:
        station: number of the station. wake_returns: CRs that bring the prompt. prompt_s: idle time that takes it.
        longest_request, gap_s: bounds of an escape command.
        columns: of a data record. flow_columns: of a 5-minute flow record. flags: the twelve.
        menus: keys of each menu. escapes: by code. parameters: by number.
    """

    def __init__(self, table: _Table) -> None:
        self.station, self.wake_returns, self.prompt_s = table.station, table.wake_returns, table.prompt_s
        self.longest_request, self.gap_s = table.longest_request, table.gap_s
        self.mark, self.source = table.mark, table.source
        self.columns, self.flow_columns, self.flags = tuple(table.column), tuple(table.flow_column), tuple(table.flag)
        self.menus: Mapping[str, Mapping[str, Key]] = {
            menu: {row.key: row for row in table.key if row.menu == menu} for menu in ("main", "csv")
        }
        self.escapes = {row.code: row for row in table.escape}
        self.code_of: Mapping[Escape, str] = {row.does: row.code for row in table.escape}
        self.parameters = {row.number: row for row in table.parameter}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], where: str) -> BamTable:
        """Check a model's ``[protocol.bam]``. Raises ConfigurationErrors with all mistakes in it."""
        return cls(validate(_Table, dict(data), where, "protocol.bam"))

    def word(self, flags: str) -> int:
        """The twelve flags as one word, the first column in the highest bit, from a text of 0 and 1."""
        return int(flags, 2)

    def letters(self, word: int) -> tuple[str, ...]:
        """Letters of the flags in a word, in the order of the columns."""
        top = len(self.flags) - 1
        return tuple(flag.letter for place, flag in enumerate(self.flags) if word >> (top - place) & 1)


def checksum(text: str) -> int:
    """Sum of the bytes of ``text``, 16 bits (7500-series protocol, ES-405 manual p. 28-29)."""
    return sum(text.encode("latin-1")) & 0xFFFF
