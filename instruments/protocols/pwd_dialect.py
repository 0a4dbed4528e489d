"""The PWD protocol as a dialect, and its host side: data by polling, actions over the operator's line."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.errors import ConfigurationError, Refused
from instruments.protocols.clink_formats import NUMBER
from instruments.protocols.ends import Box, Dialect, HostEnd, Told, Transport, address, told_value
from instruments.protocols.pwd import CLOSED, STATUS, PwdDevice, PwdMemory
from instruments.protocols.pwd_table import ALARMS, ENQ, ETX, LUMINANCE, NO_LUMINANCE, NWS, SOH, STX, PwdTable
from instruments.protocols.rows import weakest

_DATA = "2"
_FRAME_BYTES = 9  # SOH, PW, blank, id in two columns, STX; ETX CR LF are counted apart
_UNITS: Mapping[str, str] = {
    "visibility_1min": "m", "visibility_10min": "m", "precipitation_intensity": "mm/h", "water_sum": "mm",
    "snow_sum": "mm", "visibility_alarm": "1", "status": "1", "weather_now": "1", "weather_15min": "1",
    "weather_1h": "1", "signal": "Hz", "offset": "Hz", "drift": "Hz", "rec_backscatter": "Hz", "rec_change": "Hz",
    "tr_backscatter": "V", "tr_change": "V", "ledi": "V", "ambl": "V", "vbb": "V", "p12": "V", "m12": "V",
    "ts": "deg C", "tb": "deg C", "drd": "1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PwdReply:
    """A reply taken apart: the numbers that it tells, NaN for slashes; lines of the operator's dialogue."""

    values: Mapping[str, Value] = field(default_factory=dict)


class PwdHost(HostEnd):
    """The host's end of one line. Requests are ``2`` (data), ``3`` (status report) and the operator's commands."""

    def __init__(self, table: PwdTable, number: int) -> None:
        self._table = table
        self._identity = str(number)
        self._actions = {row.action: row.name for row in table.rows.command if row.action}
        status = [name for name in table.status_quantities() if name not in table.rows.field]
        self._reads = dict.fromkeys((*status, "ts", "firmware", "serial"), STATUS)
        data = [name for name in table.messages[_DATA].fields if name in table.rows.field]
        self._reads |= dict.fromkeys((*data, "visibility_alarm", "status"), _DATA)
        self._status_lines = [re.compile(_pattern(line)) for line in table.rows.status.lines]

    def request(self, text: str) -> bytes:
        """Bytes of a request; a command opens the operator's line before and closes it behind."""
        if text.isdigit():
            return b"\r" + ENQ + f"PW {self._identity:>2} {text}\r".encode("ascii")
        return f"OPEN {self._identity}\r{text}\rCLOSE\r".encode("ascii")

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that are still to come: a data message has one length, the others an end."""
        if not text.isdigit():
            return 0 if raw.endswith(b">") and CLOSED.encode("ascii") in raw else 1
        begin = raw.rfind(SOH)
        if raw.endswith(ETX + b"\r\n") and begin >= 0:
            return 0
        if text == STATUS or text not in self._table.messages:
            return 1
        whole = _FRAME_BYTES - 2 + self._length(text) + 3
        return max(1, whole - (len(raw) - begin if begin >= 0 else 0))

    def _length(self, number: str) -> int:
        return sum(_width(self._table, name) for name in self._table.messages[number].fields)

    def parse(self, text: str, raw: bytes) -> PwdReply:
        """Understand a reply. Raises Refused, or ValueError for what is none."""
        if not text.isdigit():
            return self._dialogue(text, raw.decode("ascii"))
        head = SOH + f"PW {self._identity:>2}".encode("ascii") + STX
        begin = raw.rfind(head)
        if begin < 0 or not raw.endswith(ETX + b"\r\n"):
            raise ValueError(f"no message of PW {self._identity} in {raw!r}")
        body = raw[begin + len(head) : -3].decode("ascii")
        return PwdReply(self._reported(body) if text == STATUS else self._data(text, body))

    def _dialogue(self, text: str, raw: str) -> PwdReply:
        said = [part.strip() for part in raw.split(">")]
        if len(said) < 4 or not said[-2].endswith(CLOSED):
            raise ValueError(f"{text!r} was answered {raw!r}")
        if said[-3].startswith("ERROR"):
            raise Refused("invalid", f"{text}: {said[-3]}")
        return PwdReply()

    def _data(self, number: str, body: str) -> dict[str, Value]:
        names = self._table.messages[number].fields
        if len(body) != self._length(number):
            raise ValueError(f"message {number} has {self._length(number)} characters, not {len(body)}: {body!r}")
        values: dict[str, Value] = {}
        at = 0
        for name in names:
            width = _width(self._table, name)
            text, at = body[at : at + width].strip(), at + width
            if name == ALARMS:
                if not re.fullmatch(r"[0-3][0-4]", text):
                    raise ValueError(f"alarms {text!r} are no two digits")
                values |= {"visibility_alarm": float(text[0]), "status": float(text[1])}
            elif name in self._table.rows.field:
                values[name] = _number(name, text, self._table.rows.field[name].void)
        return values

    def _reported(self, body: str) -> dict[str, Value]:
        lines = body.split("\r\n")
        head = re.fullmatch(r"VAISALA \S+ V (\S+) .*SN:(\S*)", lines[0])
        if not head:
            raise ValueError(f"the status report begins {lines[0]!r}")
        values: dict[str, Value] = {"firmware": head[1], "serial": head[2]}
        for pattern in self._status_lines:
            found = next((match for line in lines if (match := pattern.fullmatch(line))), None)
            if found is None:
                raise ValueError(f"the status report lacks the line {pattern.pattern!r}")
            values |= {name: float(text) for name, text in found.groupdict().items()}
        return values

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if none does."""
        return self._reads[quantity]

    def value(self, quantity: str, reply: PwdReply, unit: str = "") -> tuple[Value, str]:
        """Value and unit; NaN for slashes."""
        return told_value(reply.values, quantity, _UNITS.get(quantity, ""), unit)

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Command of an action; settings are for the maintenance terminal. Raises KeyError for those."""
        command = self._actions[setting]
        return command if value is True else f"{command} {value}"


class PwdBox(Box):
    """One meter; its automatic message is one for all lines, as the first line's options have it."""

    def __init__(self, dialect: PwdDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face
        self._memory: PwdMemory | None = None

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> PwdDevice:
        """An end for one line."""
        chosen = {**self._dialect.options, **options}
        if self._memory is None:
            self._memory = PwdMemory(str(chosen["message"]), int(float(str(chosen["interval"]))))
        return PwdDevice(self._dialect.table, self._face, self._memory, str(address(self._dialect, number)))


class PwdDialect(Dialect):
    """The PWD protocol as a model speaks it."""

    options: ClassVar[Mapping[str, Value]] = {"message": 2, "interval": 0}
    numbers = (0, 99)
    default_number = 1
    data_bits = 7  # 7E1: PWD22 manual
    parity = "even"

    def __init__(self, entry: CatalogueEntry) -> None:
        if entry.protocols["pwd"]:
            keys = ", ".join(entry.protocols["pwd"])
            raise ConfigurationError(entry.name, "protocol.pwd", "an empty table: all is common to the family", keys)
        self.table = PwdTable.common()

    def option_expected(self, name: str, value: Value) -> str:
        """A message that there is; an interval in s."""
        if name == "message":
            known = [*self.table.messages, STATUS]
            return "" if str(value) in known else f"one of {', '.join(sorted(known))}"
        return "" if 0 <= float(str(value)) <= 3600 else "an interval of 0 (none) to 3600 s"

    def box(self, face: Face) -> PwdBox:
        """The device side of one instrument."""
        return PwdBox(self, face)

    def host(self, number: int | None) -> PwdHost:
        """The host side."""
        return PwdHost(self.table, address(self, number) or 0)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        marks: list[Mark] = []
        for request in requests:
            if request == STATUS:
                marks.append(self.table.rows.status.mark)
            elif request in self.table.messages:
                marks.append(self.table.messages[request].mark)
            else:
                marks.append(self.table.commands[request.split(" ")[0]].mark)
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        rows = self.table.rows
        names = {*rows.field, *self.table.status_quantities(), "visibility_alarm", "status", "hood_heaters"}
        names |= {name for row in rows.hardware for name in (row.quantity, row.low_from, row.high_from) if name}
        return frozenset(names | {row.action for row in rows.command if row.action})

    def told(self) -> Iterator[Told]:
        """Messages, the status report, commands."""
        rows = self.table.rows
        for row in rows.message:
            yield Told("data messages", row.number, ", ".join(row.fields), row.mark, row.source)
        yield Told("data messages", STATUS, "the status report of STA", rows.status.mark, rows.status.source)
        for text in rows.hardware:
            what = f"{text.quantity} beyond its limits"
            yield Told("hardware texts", text.text, what, text.mark, text.source)
        for command in rows.command:
            yield Told("operator's commands", command.name, command.what, command.mark, command.source)


def _width(table: PwdTable, name: str) -> int:
    fixed = {ALARMS: 2, NWS: 4, LUMINANCE: 1 + len(NO_LUMINANCE)}
    return fixed[name] if name in fixed else table.rows.field[name].width


def _number(name: str, text: str, void: str) -> float:
    if text == void:
        return math.nan
    if not re.fullmatch(NUMBER, text):
        raise ValueError(f"{name}: {text!r} is neither a number nor slashes")
    return float(text)


def _pattern(line: str) -> str:
    """What a line of the status report looks like; a ``*`` marks a value beyond its limit."""
    out = ""
    for literal, name, _, _ in string.Formatter().parse(line):
        out += r"\s*".join(re.escape(word) for word in literal.split())
        if name:
            out += rf"[\s*]*(?P<{name}>{NUMBER})\s*"
    return out
