"""The BAM-1020's serial port, the host side: escape commands with a checksum, which is held against the reply."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instruments.errors import RefusalReason, Refused
from instruments.protocols.bam_escape import BUSY, OUT_OF_RANGE
from instruments.protocols.bam_table import BamTable, Column, Escape, Number, checksum
from instruments.protocols.clink_formats import calendar
from instruments.protocols.ends import HostEnd, check_unit

_CLOCK: Mapping[str, tuple[Escape, str]] = {"clock_date": ("date", "%m/%d/%y"), "clock_time": ("time", "%H:%M:%S")}
"""The two halves of the clock, microseconds: their commands, and how they are written."""
_NO: dict[str, RefusalReason] = {BUSY: "wrong settings", OUT_OF_RANGE: "invalid"}


@dataclass(frozen=True, slots=True)
class BamReply:
    """A reply whose checksum was right: the request, and the fields between commas."""

    request: str
    fields: tuple[str, ...]


class BamHost(HostEnd):
    """The host's end of one line; a request is written without ESC and checksum: ``4``, ``PR 5 1.020``.

    Args:
        table: columns and commands of the unit at the other end, concentrations in mg/m3.
    """

    terminator = b"\n"

    def __init__(self, table: BamTable) -> None:
        self._table = table
        self._parameters = {row.quantity: row for row in table.parameters.values()}
        self._hour = {column.quantity: place for place, column in enumerate(table.columns, 1) if column.quantity}
        self._flow = {column.quantity: place for place, column in enumerate(table.flow_columns, 1)}
        self._last, self._last_flow = table.code_of["last"], table.code_of["last flow"]

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        return f"\x1b{text}*{checksum(text):05d}\r".encode("ascii")

    def parse(self, text: str, raw: bytes) -> BamReply:
        """Understand the reply ``raw`` to ``text``.

        Raises:
            Refused: the unit does not know the request, is busy, or does not take the value.
            ValueError: no line with a right checksum, or a reply to something else.
        """
        lines = raw.decode("latin-1").replace("\r", "\n").split("\n")
        match = re.fullmatch(r"(.*)\*(\d{5})", next((line for line in reversed(lines) if line), ""))
        if not match:
            raise ValueError("the reply has no checksum")
        if int(match[2]) != checksum(match[1]):
            raise ValueError(f"the reply states {match[2]}, its bytes add up to {checksum(match[1]):05d}")
        fields = tuple(field.strip() for field in match[1].rstrip(",").split(","))
        if fields == ("",):
            raise Refused("unknown", text)
        self._belongs(text, fields)
        return BamReply(text, fields)

    def _belongs(self, text: str, fields: Sequence[str]) -> None:
        """Whether the reply can be one to ``text``. Raises ValueError, Refused."""
        code, *words = text.split()
        expected = {self._last: 1 + len(self._table.columns) + len(self._table.flags),
                    self._last_flow: 1 + len(self._table.flow_columns)}.get(code)  # fmt: skip
        if expected is not None and len(fields) != expected:
            raise ValueError(f"{code} is answered by {expected} fields, not by {len(fields)}")
        parameter = code == self._table.code_of["parameter"]
        if parameter and (len(fields) != 3 or fields[0] != f"{code} {words[0]}"):
            raise ValueError(f"asked {text!r}, the reply is {', '.join(fields)!r}")
        if fields[-1] in _NO:
            raise Refused(_NO[fields[-1]], f"{text}: {fields[-1]}")

    def read_request(self, quantity: str) -> str:
        """Request that tells ``quantity``. Raises KeyError if none does."""
        if quantity in self._hour or quantity == "alarms":
            return self._last
        if quantity in self._flow:
            return self._last_flow
        if quantity in ("firmware", "model"):
            return self._table.code_of["identity"]
        if quantity in _CLOCK:
            return self._table.code_of[_CLOCK[quantity][0]]
        return f"{self._table.code_of['parameter']} {self._parameters[quantity].number}"

    def value(self, quantity: str, reply: BamReply, unit: str = "") -> tuple[Any, str]:
        """Value of ``quantity``, and its unit inside.

        Raises:
            ValueError: the reply does not tell it, or it comes in another unit.
        """
        if reply.request.split()[0] != self.read_request(quantity).split()[0]:
            raise ValueError(f"the reply to {reply.request!r} does not tell {quantity}")
        if quantity == "alarms":
            flags = "".join(reply.fields[1 + len(self._table.columns) :])
            if not re.fullmatch(r"[01]+", flags):
                raise ValueError(f"flags are 0 and 1, not {flags!r}")
            return self._table.letters(self._table.word(flags)), ""
        if quantity == "model":
            return reply.fields[0], ""
        if quantity == "firmware":
            return f"{reply.fields[1]} {reply.fields[2].removeprefix('R')}", ""
        if quantity in _CLOCK:
            return _since_1970(datetime.strptime(f"{reply.fields[0]} +0000", f"{_CLOCK[quantity][1]} %z")), "us"
        number, text = self._number(quantity, reply)
        check_unit(quantity, number.unit, unit)
        return float(f"{float(text) / number.scale:.9g}"), number.unit

    def _number(self, quantity: str, reply: BamReply) -> tuple[Number, str]:
        for places, columns in ((self._hour, self._table.columns), (self._flow, self._table.flow_columns)):
            if quantity in places:
                column: Column = columns[places[quantity] - 1]
                return column, reply.fields[places[quantity]]
        return self._parameters[quantity], reply.fields[2]

    def set_request(self, setting: str, value: Any, unit: str = "") -> str:
        """Request that sets ``setting``; ``clock_date`` and ``clock_time`` each set one half of the clock.

        Raises:
            KeyError: the unit takes no such setting on the wire. Refused: the value is no number.
        """
        if setting in _CLOCK:
            command, form = _CLOCK[setting]
            return f"{self._table.code_of[command]} {calendar(value).strftime(form)}"
        row = self._parameters[setting]
        if unit and unit != row.unit:
            raise KeyError(setting)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused("invalid", f"{setting} is a number, not {value!r}")
        return f"{self._table.code_of['parameter']} {row.number} {row.render(value).strip()}"


def _since_1970(moment: datetime) -> int:
    """Microseconds of a date since 1970, of a time (which has the year 1900) since midnight."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return (seconds if moment.year == 1900 else round(moment.timestamp())) * 1_000_000
