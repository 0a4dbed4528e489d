"""Bayern-Hessen, the host side: one poll tells all measurements, a letter opens a port and is not answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from instruments.device import Value
from instruments.errors import Refused
from instruments.protocols.ends import HostEnd
from instruments.protocols.hessen_frame import ETX, STX, block_check, frame
from instruments.protocols.hessen_table import ANY, BitRow, Habits, HessenRows, number_of

POLL = "DA"
_SWITCH = "ST"
_LEAST = 3
_MOST_BYTES = 4096
_PER: Mapping[str, float] = {"nmol/mol": 1.0, "umol/mol": 1000.0}
_FIELDS = {
    "id": r"(?P<id>\d{3})", "value": r"(?P<value>[+-]\d{4}[+-]\d\d)", "operating": r"(?P<operating>[0-9A-F]{2})",
    "error": r"(?P<error>[0-9A-F]{2})", "serial": r"(?P<serial>\d{3})",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement of a reply: value on the wire and both status bytes."""

    value: float
    operating: int
    error: int


Reply = tuple[Measured, ...]


class HessenHost(HostEnd):
    """The host's end of one line.

    Args:
        rows: what the box measures.
        habits: how it speaks.
        address: the box's; None calls every box on the line.
        units: gives the units inside, by quantity.
    """

    def __init__(
        self, rows: HessenRows, habits: Habits, address: int | None, units: Callable[[], Mapping[str, str]]
    ) -> None:  # fmt: skip
        self._rows, self._habits, self._address, self._units = rows, habits, address, units
        self._record = re.compile(habits.variant.record.format(**_FIELDS))
        self._told = {row.quantity: index for index, row in reversed(list(enumerate(rows.measurement)))}

    def request(self, text: str) -> bytes:
        """Bytes of ``DA``, or of ``ST`` and a letter. Raises ValueError for another text."""
        word, _, letter = text.partition(" ")
        if word not in (POLL, _SWITCH) or (word == _SWITCH) != bool(letter):
            raise ValueError(f'{text!r} is no request of Bayern-Hessen: expected "DA", or "ST" and a letter')
        address = "" if self._address is None else f"{self._address:03d}"
        return frame(f"{word}{address}{' ' if letter else ''}{letter}".encode("ascii"), with_check=True)

    def answers(self, text: str) -> bool:
        """Nothing is said to ``ST``."""
        return not text.startswith(_SWITCH)

    def missing(self, text: str, raw: bytes) -> int:
        """Bytes that the reply still lacks: two after its ETX."""
        end = raw.find(ETX, max(raw.find(STX), 0))
        if end < 0:
            return _LEAST if len(raw) < _MOST_BYTES else 0
        return max(0, end + _LEAST - len(raw))

    def parse(self, text: str, raw: bytes) -> Reply:
        """Understand a reply. Raises ValueError if its block check, form, length or a number in it is wrong."""
        if not self.answers(text):
            return ()
        begin = raw.rfind(STX, 0, max(raw.find(ETX), 0))
        framed, check = raw[begin:-2], raw[-2:]
        if begin < 0 or not framed.endswith(ETX):
            raise ValueError(f"no frame: {raw[:64]!r}")
        if check != block_check(framed):
            raise ValueError("the block check is wrong")
        said = framed[1:-1].decode("latin-1")
        head = f"MD{len(self._rows.measurement):02d} "
        if not said.startswith(head):
            raise ValueError(f"expected {head!r}, came {said[:8]!r}")
        rest = said[len(head) :]
        found = []
        for index in range(len(self._rows.measurement)):
            record = self._record.match(rest)
            if record is None or rest[record.end() : record.end() + 1] != " ":
                raise ValueError(f"measurement {index + 1} is {rest[:40]!r}")
            found.append(self._measured(index, record))
            rest = rest[record.end() + 1 :]
        if rest:
            raise ValueError(f"{rest[:40]!r} after the last measurement")
        return tuple(found)

    def read_request(self, quantity: str) -> str:
        """The poll, for everything that it tells. Raises KeyError for anything else."""
        known = quantity in self._told or (quantity == "alarms" and self._alarm_rows())
        if not known and not (quantity == "gas_mode" and self._ports()):
            raise KeyError(quantity)
        return POLL

    def value(self, quantity: str, reply: Reply, unit: str = "") -> tuple[Value, str]:
        """Value and unit inside of ``quantity``. Raises ValueError if the reply does not tell it."""
        if not reply:
            raise ValueError(f"no reply that tells {quantity}")
        if quantity == "alarms":
            named = [name for row in self._alarm_rows() if reply[0].error >> row.bit & 1 for name in _names(row)]
            return tuple(sorted(set(named))), ""
        if quantity == "gas_mode":
            open_ports = [port for bit, port in self._ports().items() if reply[0].operating >> bit & 1]
            if len(open_ports) > 1:
                raise ValueError(f"the status says {' and '.join(open_ports)}")
            return open_ports[0] if open_ports else "sample", ""
        if quantity not in self._told:
            raise ValueError(f"the reply does not tell {quantity}")
        index = self._told[quantity]
        found = reply[index].value / self._rows.measurement[index].scale
        inner = self._units().get(quantity, "")
        if unit and inner and unit != inner:
            if unit not in _PER or inner not in _PER:
                raise ValueError(f"{quantity} is in {inner}, which is no {unit}")
            return found * _PER[inner] / _PER[unit], unit
        return found, inner

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """``ST`` and the letter of a port. Raises KeyError: nothing else can be set. Refused: no such port."""
        letters = self._habits.variant.letters
        if setting != "gas_mode" or not letters:
            raise KeyError(setting)
        for letter, port in letters.items():
            if port == value:
                return f"{_SWITCH} {letter}"
        raise Refused("invalid", f"gas_mode: one of {', '.join(letters.values())}, not {value!r}")

    def _measured(self, index: int, record: re.Match[str]) -> Measured:
        habits, row = self._habits, self._rows.measurement[index]
        operating = int(record["operating"], 16)
        if self._address is not None:
            expected = habits.record_id(self._rows, index, self._address)
            if int(record["id"]) != expected:
                raise ValueError(f"measurement {index + 1} has number {record['id']}, not {expected:03d}")
        bits = habits.variant.unit_bits
        every = 0
        for its in bits.values():
            every |= its
        if bits and operating & every != bits.get(row.unit, 0):
            raise ValueError(f"{row.quantity}: the status says another unit than {row.unit}")
        return Measured(number_of(record["value"], habits.numbers), operating, int(record["error"], 16))

    def _alarm_rows(self) -> list[BitRow]:
        return [row for row in self._habits.error_rows(self._rows) if row.word or ANY not in row.alarm]

    def _ports(self) -> dict[int, str]:
        """Ports that bits of the operating status tell."""
        operating = self._habits.variant.operating
        return {row.bit: str(row.when["gas_mode"][0]) for row in operating if "gas_mode" in row.when}


def _names(row: BitRow) -> list[str]:
    return row.alarm or [row.name]
