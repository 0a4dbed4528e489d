"""The WXT protocol as a dialect, and its host side, which asks with CRC."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.errors import ConfigurationError, Refused
from instruments.protocols.checks import crc16, printable
from instruments.protocols.ends import (
    Box,
    Dialect,
    HostEnd,
    Parity,
    PortSettings,
    Told,
    Transport,
    address,
    check_unit,
    limits_in_words,
)
from instruments.protocols.rows import weakest
from instruments.protocols.wxt import WxtDevice
from instruments.protocols.wxt_messages import WxtMemory
from instruments.protocols.wxt_table import ADDRESSES, LAST_ADDRESS, FieldRow, ParameterRow, WxtTable

_UNITS: Mapping[str, str] = {
    "direction": "deg", "speed": "m/s", "temperature": "deg C", "humidity": "%", "pressure": "hPa", "amount": "mm",
    "intensity": "mm/h", "duration": "s", "voltage": "V", "reference": "V", "heating": "V", "hail": "1/cm2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WxtReply:
    """A reply taken apart: values as written, by the names of fields (``Ta``) or letters of settings (``I``)."""

    request: str
    texts: Mapping[str, str] = field(default_factory=dict)


class WxtHost(HostEnd):
    """The host's end of one line: data are asked with CRC, settings without (the transmitter knows no other way)."""

    terminator = b"\n"

    def __init__(self, table: WxtTable, number: int) -> None:
        self._table = table
        self._address = ADDRESSES[number]
        self._fields = {row.quantity: row for row in table.rows.field}
        self._parameters: dict[str, ParameterRow] = {}
        for row in table.rows.parameter:
            if row.setting or row.quantity:
                self._parameters[row.setting or row.quantity] = row
        self._actions = {name: row.request for row in reversed(table.rows.action) for name in row.apply}

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        line = self._address + text
        if text.startswith("r"):
            line += printable(crc16(line.encode("ascii")))
        return line.encode("ascii") + b"\r\n"

    def parse(self, text: str, raw: bytes) -> WxtReply:
        """Understand a reply; what the transmitter said of its own accord in between is no reply."""
        line = raw.decode("ascii").strip("\r\n\x00 ")
        if text.startswith("r"):
            body, check = line[:-3], line[-3:]
            if printable(crc16(body.encode("ascii"))) != check:
                raise ValueError(f"the reply {line!r} has a wrong CRC")
            return WxtReply(text, self._taken(body, text))
        if line.startswith((f"{self._address}TX,", f"{self._address}tX,")):
            words = line[4:]
            row = self._table.actions.get(text)
            if row is not None and words.startswith(row.text):
                return WxtReply(text)
            if "error" in words:
                raise Refused("unknown", f"{text}: {words}")
        group, _, assigned = text.partition(",")
        texts = self._taken(line, group)
        if assigned and line != self._address + text:
            raise ValueError(f"{text!r} was answered {line!r}")
        return WxtReply(text, texts)

    def _taken(self, body: str, head: str) -> dict[str, str]:
        first, *parts = body.split(",")
        if first != self._address + head:
            raise ValueError(f"asked {head!r}, the reply begins {first!r}")
        pairs = [part.partition("=") for part in parts]
        if not all(middle for _, middle, _ in pairs):
            raise ValueError(f"the reply {body!r} is no list of values")
        return {name: value for name, _, value in pairs}

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if none does."""
        if quantity in self._fields:
            return f"r{self._fields[quantity].group}"
        return self._parameters[quantity].group

    def value(self, quantity: str, reply: WxtReply, unit: str = "") -> tuple[Value, str]:
        """Value and unit inside; NaN where the transmitter has none (``#``)."""
        row = self._fields.get(quantity)
        name = self._parameters[quantity].letter if row is None else row.name
        if name not in reply.texts:
            raise ValueError(f"the reply to {reply.request!r} does not tell {quantity}: its R= leaves {name} out")
        text = reply.texts[name]
        if row is None:
            parameter = self._parameters[quantity]
            return (text if parameter.kind == "told" else parameter.value(text)), parameter.unit
        inside = _inside(row)
        check_unit(quantity, inside, unit)
        if text.endswith("#"):
            return math.nan, inside
        units = self._table.rows.unit[row.unit]
        if text[-1:] not in units:
            raise ValueError(f"{quantity}: {text!r} is in no unit of {', '.join(units)}")
        return units[text[-1]].taken(text[:-1]), inside

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting``, or carries out the action of that name."""
        if setting in self._actions:
            if value is not True:
                raise Refused("invalid", f"{setting} cannot be {value!r}")
            return self._actions[setting]
        row = self._parameters[setting]
        if row.kind == "told":
            raise KeyError(setting)
        text = row.written(value)
        try:
            row.value(text)
        except ValueError as error:
            raise Refused("invalid", f"{setting}: {error}") from error
        return f"{row.group},{row.letter}={text}"


class WxtBox(Box):
    """One transmitter: its memory is one for all its lines, with the options of the first line."""

    def __init__(self, dialect: WxtDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face
        self._memory: WxtMemory | None = None

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> WxtDevice:
        """An end for one line."""
        chosen = {**self._dialect.options, **options}
        if self._memory is None:
            given = self._dialect.table.delivered(str(chosen["mode"]))
            given |= {key: str(chosen[name]) for name, key in _OPTIONS.items()}
            letter = ADDRESSES[address(self._dialect, number) or 0]
            self._memory = WxtMemory(self._dialect.table, letter, given)
        return WxtDevice(self._dialect.table, self._face, self._memory)


_PARITIES: Mapping[str, Parity] = {"N": "none", "E": "even", "O": "odd"}
_OPTIONS = {"mode": "XU.M", "serial": "XU.C", "composite_interval": "XU.I"}


class WxtDialect(Dialect):
    """The WXT protocol as a model speaks it."""

    options: ClassVar[Mapping[str, Value]] = {"mode": "P", "serial": 2, "composite_interval": 0}
    numbers = (0, LAST_ADDRESS)
    default_number = 0

    def __init__(self, entry: CatalogueEntry) -> None:
        if entry.protocols["wxt"]:
            keys = ", ".join(entry.protocols["wxt"])
            raise ConfigurationError(entry.name, "protocol.wxt", "an empty table: all is common to the family", keys)
        self.table = WxtTable.common()

    def delivered(self, options: Mapping[str, Value]) -> PortSettings:
        """As the mode is delivered: ASCII, NMEA and SDI-12 have rates of their own."""
        letters = self.table.delivered(str(options.get("mode", self.options["mode"])))
        bits, stop = int(letters["XU.D"]), int(letters["XU.S"])
        return int(letters["XU.B"]), 7 if bits == 7 else 8, _PARITIES[letters["XU.P"]], 2 if stop == 2 else 1

    def option_expected(self, name: str, value: Value) -> str:
        """Options are letters of the settings aXU."""
        try:
            self.table.parameters[_OPTIONS[name]].value(str(value))
        except ValueError as error:
            return str(error)
        return ""

    def box(self, face: Face) -> WxtBox:
        """The device side of one instrument."""
        return WxtBox(self, face)

    def host(self, number: int | None) -> WxtHost:
        """The host side."""
        return WxtHost(self.table, address(self, number) or 0)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        marks: list[Mark] = []
        for request in requests:
            head, _, assigned = request.partition(",")
            if head in self.table.actions:
                marks.append(self.table.actions[head].mark)
            elif head[:1] == "r" and head[1:] in self.table.fields:
                marks += [row.mark for row in self.table.fields[head[1:]]]
            else:
                letters = {assigned[:1]} if assigned else {"M", "N", "V", "I"}
                found = [row.mark for row in self.table.line_of(head) if row.letter in letters]
                if not found:
                    raise KeyError(request)
                marks += found
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        names = {row.quantity for row in self.table.rows.field} | {"heating_power", "serial"}
        names |= {row.setting or row.quantity for row in self.table.rows.parameter if row.setting or row.quantity}
        return frozenset(names | {name for row in self.table.rows.action for name in row.apply})

    def told(self) -> Iterator[Told]:
        """Fields, settings, resets."""
        for delivered in self.table.rows.delivered:
            what = ", ".join(f"{letter} = {text}" for letter, text in delivered.letters.items())
            modes = ", ".join(delivered.modes)
            yield Told("port at delivery", f"M={modes}", what, delivered.mark, delivered.source)
        for row in self.table.rows.field:
            letters = "/".join(self.table.rows.unit[row.unit])
            what = f"{row.quantity}, unit {letters}, bit {row.bit + 1} of R, NMEA {row.xdr[0]}{row.xdr[1]}"
            yield Told(f"message aR{row.group}", row.name, what, row.mark, row.source)
        for parameter in self.table.rows.parameter:
            yield Told(f"settings a{parameter.group}", parameter.letter, _range(parameter), parameter.mark,
                       parameter.source)  # fmt: skip
        for action in self.table.rows.action:
            what = f'{", ".join(action.apply) or "says so"}; answers "{action.text}"'
            yield Told("resets", f"a{action.request}", what, action.mark, action.source)


def _inside(row: FieldRow) -> str:
    unit = _UNITS[row.unit]
    return "1/(cm2 h)" if unit == "1/cm2" and "intensity" in row.quantity else unit


def _range(row: ParameterRow) -> str:
    """What a letter is and may be."""
    head = row.setting or row.quantity or "of the protocol"
    if row.low is not None or row.high is not None:
        return f"{head}, {limits_in_words(row.low, row.high)}"
    choices = row.choices or list(row.words)
    return f"{head}, one of {', '.join(choices)}" if choices else head
