"""The device side of a Vaisala PWD22: data messages polled and automatic, and the operator's line.

Poll: ``CR ENQ "PW" id [number] CR``. Message: ``SOH "PW" blank id STX body ETX CR LF``, the id in two columns, right.
After ``OPEN`` the line takes commands and sends no messages until ``CLOSE``, or a minute without a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, cast

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.clink_formats import DAY_US, calendar
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.line_buffer import LineBuffer
from instruments.protocols.pwd_table import (
    ALARMS,
    ENQ,
    ETX,
    LUMINANCE,
    NO_LUMINANCE,
    NWS,
    SOH,
    STX,
    MessageRow,
    PwdTable,
)
from instruments.protocols.written import Written
from instruments.steps import SECOND_US

_POLL = re.compile(r".*\x05PW\s*(\w{1,2})(?:\s+(\d))?\s*", re.DOTALL)
_OPEN_US = 60 * SECOND_US
OPENED, CLOSED = "LINE OPENED FOR OPERATOR COMMANDS", "LINE CLOSED"
STATUS = "3"
"""Number of the message that is the status report."""
_START = datetime(1970, 1, 1)  # noqa: DTZ001 - the instrument's clock knows no zone


@dataclass
class PwdMemory:
    """What the meter keeps: its automatic message; one for all lines."""

    message: str
    interval_s: int


class PwdDevice(DeviceEnd):
    """The meter's end of one line."""

    def __init__(self, table: PwdTable, face: Face, memory: PwdMemory, identity: str) -> None:
        self._table, self._face, self._memory = table, face, memory
        self._identity = identity
        self._buffer = LineBuffer(b"\r\n", limit=80, kept=ENQ)
        self._written = Written[bytes]()
        self._spoken_us = face.now_us()
        self._open_until_us = -1

    def power_cycled(self) -> None:
        """The line is closed, half a request is lost."""
        self._buffer.clear()
        self._open_until_us = -1

    def receive(self, data: bytes) -> list[bytes]:
        """Answer each request that these bytes complete. Never raises."""
        answers = [self._answer(text) for text in self._buffer.feed(data)]
        return [answer for answer in answers if answer]

    def next_output_us(self) -> int | None:
        """When the next automatic message is due: whole multiples of the interval, the line being closed."""
        every = self._memory.interval_s * SECOND_US
        if not every:
            return None
        after = max(self._spoken_us, self._face.now_us() - 1, self._open_until_us)
        return (after // every + 1) * every

    def output(self) -> list[bytes]:
        """The automatic message; nothing while the operator's line is open."""
        if not self._memory.interval_s or self._face.now_us() < self._open_until_us:
            return []
        self._spoken_us = self._face.now_us()
        return [self.message(self._memory.message)]

    # -- requests --------------------------------------------------------------------------------------------------

    def _answer(self, text: str) -> bytes:
        if "\x05" in text:
            poll = _POLL.fullmatch(text)
            if not poll or poll[1] != self._identity:
                return b""
            number = poll[2] or self._memory.message
            return self.message(number) if number in self._table.messages or number == STATUS else b""
        words = text.upper().split()
        if not words:
            return b""
        now = self._face.now_us()
        if words[0] == "OPEN":
            if words[1:] and words[1] not in ("*", self._identity.upper()):
                return b""
            self._open_until_us = now + _OPEN_US
            return self._said(OPENED)
        if now >= self._open_until_us:
            return b""
        self._open_until_us = now + _OPEN_US
        return self._command(words[0], words[1:])

    def _command(self, name: str, arguments: list[str]) -> bytes:
        row = self._table.commands.get(name)
        try:
            if row is None:
                raise ValueError(name)
            if row.action:
                self._face.apply(row.action, float(arguments[0]) if arguments else True)
                return self._said("OK")
            return self._said(*self._built_in[name](self, arguments))
        except (ValueError, IndexError, OverflowError):
            return self._said("ERROR")
        except Refused as refusal:
            return self._said(f"ERROR {refusal.detail.upper()}")

    def _close(self, arguments: list[str]) -> list[str]:
        self._spoken_us = self._face.now_us()
        self._open_until_us = -1
        return [CLOSED]

    def _ames(self, arguments: list[str]) -> list[str]:
        if arguments:
            number = arguments[0]
            interval = int(arguments[1]) if len(arguments) > 1 else self._memory.interval_s
            if (number not in self._table.messages and number != STATUS) or not 0 <= interval <= 3600:
                raise ValueError(number)
            self._memory.message, self._memory.interval_s = number, interval
        return [f"AUTOMATIC MESSAGE {self._memory.message} INTERVAL {self._memory.interval_s}"]

    def _date(self, arguments: list[str]) -> list[str]:
        clock_us = self._face.clock_us()
        if arguments:
            year, month, day = (int(text) for text in arguments)
            date = datetime(year, month, day)  # noqa: DTZ001
            self._face.apply("clock_us", (date - _START).days * DAY_US + clock_us % DAY_US)
        return [f"{calendar(self._face.clock_us()):%Y-%m-%d}"]

    def _time(self, arguments: list[str]) -> list[str]:
        clock_us = self._face.clock_us()
        if arguments:
            hour, minute, second = (int(text) for text in arguments)
            at = datetime(1970, 1, 1, hour, minute, second)  # noqa: DTZ001
            self._face.apply("clock_us", clock_us - clock_us % DAY_US + (at - _START).seconds * SECOND_US)
        return [f"{calendar(self._face.clock_us()):%H:%M:%S}"]

    def _parameters(self, arguments: list[str]) -> list[str]:
        read = self._number
        return [
            "SYSTEM PARAMETERS",
            *(f"ALARM LIMIT {n}  {read(f'alarm_limit_{n}'):5.0f}" for n in (1, 2, 3)),
            f"CAL.SCALE  {read('calibration'):6.4f}",
            f"TR.BACKSCATTER WARNING {read('tr_warning'):4.1f} ALARM {read('tr_alarm'):4.1f}",
            f"REC.BACKSCATTER WARNING {read('rec_warning'):4.0f} ALARM {read('rec_alarm'):4.0f}",
            f"CLEAN REFERENCES  {read('clean_rec'):5.0f} {read('clean_tr'):5.1f}",
            f"OFFSET REF  {read('offset_reference'):6.2f}",
        ]

    def status(self, arguments: list[str]) -> list[str]:
        """Lines of the status report."""
        who = {name: str(self._face.read(name)) for name in ("model", "firmware", "serial")}
        lines = [self._table.rows.status.head.format_map(who), ""]
        lines += [self._filled(line) for line in self._table.rows.status.lines]
        lines.append(f"HOOD HEATERS {'ON' if self._number('hood_heaters') else 'OFF'}")
        found = dict.fromkeys(row.text for row in self._table.rows.hardware if row.stands(self._face.read))
        return [*lines, "HARDWARE :", *([f" {text}" for text in found] or [" OK"])]

    def _filled(self, line: str) -> str:
        """A line with its values; ``*`` before one that is beyond its limit, in the column of a blank."""
        marked: set[str] = {row.quantity for row in self._table.rows.hardware if row.stands(self._face.read)}
        for quantity in marked:
            line = line.replace(f" {{{quantity}:", f"*{{{quantity}:")
        return line.format_map(_Values(self._number))

    def _number(self, name: str) -> float:
        return float(cast(float, self._face.read(name)))

    _built_in: ClassVar[Mapping[str, Callable[[PwdDevice, list[str]], list[str]]]] = {
        "CLOSE": _close, "AMES": _ames, "STA": status, "PAR": _parameters, "DATE": _date, "TIME": _time,
    }  # fmt: skip

    @staticmethod
    def _said(*lines: str) -> bytes:
        return ("\r\n".join(["", *lines]) + "\r\n>").encode("ascii", "replace")

    # -- messages --------------------------------------------------------------------------------------------------

    def message(self, number: str) -> bytes:
        """A data message, or the status report, in its frame."""
        if number == STATUS:
            body = "\r\n".join(self.status([])) + "\r\n"
        else:
            row = self._table.messages[number]
            values = [self._face.read(name) for name in self._table.read_by(row)]
            return self._written.text(number, values, lambda values: self._framed(self._body(row, values)))
        return self._framed(body)

    def _framed(self, body: str) -> bytes:
        head = SOH + f"PW {self._identity:>2}".encode("ascii") + STX
        return head + body.encode("ascii", "replace") + ETX + b"\r\n"

    def _body(self, row: MessageRow, values: list[Value]) -> str:
        number = dict(zip(self._table.read_by(row), map(float, cast(list[float], values)), strict=True))
        body = "".join(self._field(name, number) for name in row.fields)
        return body + f"\r\n{self._table.metar(number['weather_now'])}\r\n" if row.codes else body

    def _field(self, name: str, number: Mapping[str, float]) -> str:
        if name == ALARMS:
            return f"{number['visibility_alarm']:.0f}{number['status']:.0f}"
        if name == NWS:
            return f" {self._table.code(number['weather_now']):>3}"
        if name == LUMINANCE:
            return f" {NO_LUMINANCE}"
        return self._table.rows.field[name].written(number[name])


class _Values(dict[str, Value]):
    """Values by name for ``str.format_map``."""

    def __init__(self, read: Callable[[str], float]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: str) -> float:
        return self._read(key)
