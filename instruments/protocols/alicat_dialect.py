"""The Alicat protocol as a dialect, and its host side.

The wire has no checksum: the unit's letter and the form of the frame are all that a host can hold a reply against.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.alicat import AlicatDevice, AlicatMemory
from instruments.protocols.alicat_table import HPA_PER_PSI, AlicatTable
from instruments.protocols.ends import Box, Dialect, HostEnd, Told, Transport, address, told_value
from instruments.protocols.rows import weakest

_FRAME = re.compile(r"(\w) ([+-]\d+\.\d+) ([+-]\d+\.\d+) ([+-]\d+\.?\d*) ([+-]\d+\.?\d*) (\S+)((?: [A-Z]{3})*)")
_POLL, _VERSION, _LOCKED = "poll", "VE", "LCK"
_UNITS: Mapping[str, str] = {
    "pressure": "hPa", "temperature": "deg C", "volumetric_flow": "L/min", "mass_flow": "L/min",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlicatReply:
    """A reply taken apart: values in units inside."""

    values: Mapping[str, Value] = field(default_factory=dict)


class AlicatHost(HostEnd):
    """The host's end of one line."""

    terminator = b"\r"

    def __init__(self, table: AlicatTable, number: int) -> None:
        self._table = table
        self._letter = chr(ord("A") + number)
        self._sets: dict[tuple[str, Value], str] = {
            (row.action or row.setting, row.value): row.request
            for row in table.rows.command if row.action or row.setting
        }  # fmt: skip

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        if text == _POLL:
            return f"{self._letter}\r".encode("ascii")
        # Two dollars are what old and new firmware both take before a command of one letter or a register.
        lead = "" if text == _VERSION else "$$"
        return f"{self._letter}{lead}{text}\r".encode("ascii")

    def parse(self, text: str, raw: bytes) -> AlicatReply:
        """Understand a reply. Raises Refused for ``?``, ValueError for what is none."""
        line = raw.decode("ascii").strip("\r\n\x00 ")
        if line == "?":
            raise Refused("unknown", f"{text}: ?")
        if not line.startswith(f"{self._letter} "):
            raise ValueError(f"unit {self._letter} was asked, the reply is {line!r}")
        if text == _VERSION:
            match = re.match(r"\w\s+(\d+v\S+)", line)
            if not match:
                raise ValueError(f"{line!r} is no version")
            return AlicatReply({"firmware": match[1]})
        register = re.fullmatch(r"W(\d+)=(\d+)", text)
        if register:
            if not re.fullmatch(rf"\w\s+0*{register[1]} = {register[2]}", line):
                raise ValueError(f"{text!r} was answered {line!r}")
            return AlicatReply()
        return AlicatReply(self._frame(line))

    def _frame(self, line: str) -> dict[str, Value]:
        match = _FRAME.fullmatch(line)
        if not match:
            raise ValueError(f"{line!r} is no data frame of a meter")
        if match[6] not in self._table.rows.gas:
            raise ValueError(f"{match[6]!r} is none of the gases {', '.join(self._table.rows.gas)}")
        words = match[7].split()
        unknown = set(words) - {row.word for row in self._table.rows.word} - {_LOCKED}
        if unknown:
            raise ValueError(f"{line!r} ends with words that no meter says: {', '.join(sorted(unknown))}")
        per_litre = self._table.scale.per_litre
        return {
            "pressure": float(match[2]) * HPA_PER_PSI, "temperature": float(match[3]),
            "volumetric_flow": float(match[4]) / per_litre, "mass_flow": float(match[5]) / per_litre, "gas": match[6],
            "buttons_locked": _LOCKED in words, "alarms": tuple(word for word in words if word != _LOCKED),
        }  # fmt: skip

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if none does."""
        if quantity == "firmware":
            return _VERSION
        if quantity in _UNITS or quantity in ("gas", "alarms", "buttons_locked"):
            return _POLL
        raise KeyError(quantity)

    def value(self, quantity: str, reply: AlicatReply, unit: str = "") -> tuple[Value, str]:
        """Value and unit."""
        return told_value(reply.values, quantity, _UNITS.get(quantity, ""), unit)

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting``, or carries out the action of that name."""
        if setting == "gas":
            if value not in self._table.rows.gas:
                raise Refused("invalid", f"gas: one of {', '.join(self._table.rows.gas)}, not {value!r}")
            return f"W46={self._table.rows.gas[str(value)]}"
        if (setting, value) in self._sets:
            return self._sets[setting, value]
        if any(name == setting for name, _ in self._sets):
            raise Refused("invalid", f"{setting} cannot be {value!r}")
        raise KeyError(setting)


class AlicatBox(Box):
    """One meter; its letter is one for all its lines, that of the first one at start."""

    def __init__(self, dialect: AlicatDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face
        self._memory: AlicatMemory | None = None

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> AlicatDevice:
        """An end for one line."""
        if self._memory is None:
            self._memory = AlicatMemory(chr(ord("A") + (address(self._dialect, number) or 0)))
        return AlicatDevice(self._dialect.table, self._face, self._memory)


class AlicatDialect(Dialect):
    """The Alicat protocol as a model speaks it. Addresses 0 to 25 are the letters A to Z."""

    options: ClassVar[Mapping[str, Value]] = {}
    numbers = (0, 25)
    default_number = 0
    baud = 19200

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = AlicatTable(entry.protocols["alicat"], entry.name)

    def box(self, face: Face) -> AlicatBox:
        """The device side of one instrument."""
        return AlicatBox(self, face)

    def host(self, number: int | None) -> AlicatHost:
        """The host side."""
        return AlicatHost(self.table, address(self, number) or 0)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        return weakest(self.table.commands[request.partition("=")[0]].mark for request in requests)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        names = {row.action or row.setting for row in self.table.rows.command} - {""}
        names |= {row.quantity for row in self.table.rows.word}
        return frozenset(names | {"pressure", "temperature", "gas", "firmware", "serial"})

    def told(self) -> Iterator[Told]:
        """Commands, words, gases, the model's scale."""
        scale = self.table.scale
        what = f"{scale.full_scale:g} {scale.flow_unit}, {scale.decimals} decimals"
        yield Told("model", scale.model_number, what, scale.mark, scale.source)
        for row in self.table.rows.command:
            yield Told("commands, after the unit's letter", row.request, row.what, row.mark, row.source)
        for word in self.table.rows.word:
            what = f"{word.quantity} above {self.table.limit(word):g}"
            yield Told("words", word.word, what, word.mark, word.source)
        for name, number in self.table.rows.gas.items():
            yield Told("gases", name, f"number {number}", "reported", "PyPI alicat 0.9.0")
