"""The table of a TEOM's AK layer: functions common to all, registers of the model, checked and ready for both sides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from instruments.device import Value
from instruments.errors import RefusalReason
from instruments.protocols.clink_formats import calendar
from instruments.protocols.rows import Known, Row
from instruments.reading import read_data, validate

CLOCK_TIME = "clock_time"
"""Quantity of a register that tells the time of the unit's own clock."""

Does = Literal[
    "ask register", "enter register", "set pointer", "ask records", "save", "identify", "start", "stop", "set time",
    "set date", "fall silent",
]  # fmt: skip


class Function(Known):
    """What a station does at a four-letter code."""

    code: str = Field(pattern=r"[A-Z0-9]{4}")
    does: Does
    what: str


class ErrorCode(Known):
    """Two letters in the place of a result."""

    code: str = Field(pattern=r"[A-Z]{2}")
    reason: RefusalReason
    what: str


class _Common(Known):
    station: int = Field(ge=33, le=126)
    channel: str
    longest_request: int = Field(ge=20)
    gap_s: float = Field(gt=0)
    function: list[Function]
    error: list[ErrorCode]


class Register(Known):
    """One register ("PRC").

    Attributes:
        code: its number, 1 to 3 digits on the wire, with leading zeros or not.
        quantity: the model's name of what it holds.
        form: how it is written: Python's format language, ``text`` as it is, ``time`` as hh:mm:ss.
        unit: the unit on the wire, which is the one inside.
        enter: it can be entered.
        stopped: it can be entered only while the unit does not sample.
    """

    code: int = Field(ge=1, le=999)
    quantity: str
    form: str = Field(pattern=r"text|time|d|\.\d[fE]")
    unit: str = ""
    enter: bool = False
    stopped: bool = False


class StatusBit(Known):
    """A bit of the status word, and the condition that it stands for."""

    bit: int = Field(ge=0, le=31)
    alarm: str


class Printed(Row):
    """One item of a printed line: ``text`` and the quantity after it."""

    text: str
    quantity: str
    form: str = Field(pattern=r"time|\.\df")


class PrintedLine(Known):
    """The line that a unit prints of its own accord where RS-232 is set to print on line."""

    item: list[Printed]


class Storage(Known):
    """What a stored record holds: one every so many minutes of the unit's clock, values of some registers.

    Attributes:
        every_min: length of the periods that are filed.
        filed: quantity of the unit that tells when it has filed such a period last, bench seconds.
        registers: whose values.
    """

    every_min: int = Field(gt=0)
    filed: str
    registers: list[int]


class _Own(Row):
    identity: str
    status: int
    register_: list[Register] = Field(alias="register")
    bit: list[StatusBit]
    storage: Storage
    printed: PrintedLine | None = None


class AkTable:
    """A checked table.

    Attributes:
        station, channel, longest_request, gap_s: the frame.
        functions: by code. errors: reason by code.
        registers: by number. by_quantity: the same by what they hold, the first where several do.
        bits: of the status word. status: number of its register.
        identity: model as AKID tells it. printed: line of its own accord, if there is one. storage: its records.
    """

    def __init__(self, common: _Common, own: _Own) -> None:
        self.station, self.channel = common.station, common.channel
        self.longest_request, self.gap_s = common.longest_request, common.gap_s
        self.frame_mark, self.frame_source = common.mark, common.source
        self.functions = {row.code: row for row in common.function}
        self.errors = {row.code: row for row in common.error}
        self.code_of: Mapping[Does, str] = {row.does: row.code for row in common.function}
        self.registers = {row.code: row for row in own.register_}
        self.by_quantity: dict[str, Register] = {}
        for row in own.register_:
            self.by_quantity.setdefault(row.quantity, row)
        self.bits, self.status, self.identity = tuple(own.bit), own.status, own.identity
        self.storage, self.printed = own.storage, own.printed

    @classmethod
    def from_data(cls, data: Mapping[str, Any], where: str) -> AkTable:
        """Check a model's ``[protocol.ak]``. Raises ConfigurationErrors with all mistakes in it."""
        return cls(_common(), validate(_Own, dict(data), where, "protocol.ak"))

    def alarms(self, word: int) -> tuple[str, ...]:
        """Conditions that a status word tells, in alphabetical order."""
        return tuple(sorted(bit.alarm for bit in self.bits if word >> bit.bit & 1))


def written(value: Value, form: str) -> str:
    """A value as it stands on the wire: ``text`` as it is, ``time`` of a clock's microseconds, ``d``, or decimals."""
    if form == "text":
        return str(value)
    if form == "time":
        return calendar(int(value)).strftime("%H:%M:%S")  # type: ignore[arg-type]  # a clock's reading
    number = float(value)  # type: ignore[arg-type]  # registers but texts hold numbers
    return str(round(number)) if form == "d" else f"{number:{form}}"


@cache
def _common() -> _Common:
    path = Path(__file__).with_name("ak.toml")
    return validate(_Common, read_data(path, "table of AK functions", "toml"), str(path))
