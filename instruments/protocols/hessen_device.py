"""Bayern-Hessen, the device side: what a box answers to ``DA`` and does at ``ST``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.hessen_frame import Request, RequestBuffer, frame
from instruments.protocols.hessen_table import ANY, BitRow, Habits, HessenRows, number_text
from instruments.protocols.written import Written

_POLL = re.compile(rb"DA([0-9 ?]{0,3})")
_SWITCH = re.compile(rb"ST([0-9 ?]{0,3}) ([A-Z])")


class HessenDevice(DeviceEnd):
    """The box's end of one line.

    Args:
        rows: what it measures.
        face: the instrument.
        habits: of this line.
        address: the box's; None: the instrument's ``instrument_id``.
    """

    def __init__(self, rows: HessenRows, face: Face, habits: Habits, address: int | None) -> None:
        self._rows, self._face, self._habits, self._address = rows, face, habits, address
        self._buffer = RequestBuffer()
        self._told = _told_by(rows, habits)
        self._written = Written[bytes]()

    def power_cycled(self) -> None:
        """Forget half a request."""
        self._buffer.clear()

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return one item for each request answered. Never raises, whatever comes."""
        replies = (self._answer(request) for request in self._buffer.feed(data))
        return [reply for reply in replies if reply]

    def _answer(self, request: Request) -> bytes:
        poll = _POLL.fullmatch(request.text)
        if poll is not None and self._is_mine(poll[1]):
            with_check = request.with_check if not self._habits.ending else self._habits.ending == "bcc"
            return frame(self._measurements(), with_check=with_check)
        switch = _SWITCH.fullmatch(request.text)
        if switch is not None and self._is_mine(switch[1]):
            self._switch(switch[2].decode("ascii"))
        return b""

    def _is_mine(self, written: bytes) -> bool:
        text = written.decode("ascii").strip()
        if not text or text in self._habits.variant.wildcards:
            return True
        return text.isdecimal() and int(text) == self._own_address()

    def _own_address(self) -> int:
        if self._address is not None:
            return self._address
        own = self._read("instrument_id")
        return own if isinstance(own, int) else 0

    def _switch(self, letter: str) -> None:
        """Obey a letter; a box in service mode, and one without that valve, does nothing. Nobody is told."""
        port = self._habits.variant.letters.get(letter)
        if port is not None and self._read("mode") != "service":
            with suppress(Refused):
                self._face.apply("gas_mode", port)

    def _measurements(self) -> bytes:
        values = [self._read(name) for name in self._told]
        return self._written.text("", values, self._record)

    def _record(self, values: list[Value]) -> bytes:
        rows, habits, found = self._rows, self._habits, dict(zip(self._told, values, strict=True))
        standing, own = found["alarms"], self._own_address()
        alarms = frozenset(text.split(":")[0] for text in standing) if isinstance(standing, tuple) else frozenset()
        alarms |= {ANY} if alarms else frozenset()
        operating = _bits(habits.variant.operating, found, alarms)
        error = _bits(habits.error_rows(rows), found, alarms)
        text = f"MD{len(rows.measurement):02d} "
        for index, row in enumerate(rows.measurement):
            value = found[row.quantity]
            shown = float(value) * row.scale if isinstance(value, int | float) else 0.0
            text += habits.variant.record.format(
                id=f"{habits.record_id(rows, index, own):03d}",
                value=number_text(shown, habits.numbers),
                operating=f"{operating | habits.variant.unit_bits.get(row.unit, 0):02X}",
                error=f"{error:02X}",
                serial=f"{habits.serial:03d}",
            )
            text += " "
        return text.encode("ascii")

    def _read(self, quantity: str) -> Value:
        try:
            return self._face.read(quantity)
        except KeyError:
            return ""  # this kind of box has none: no bit comes of it


def _bits(rows: Iterable[BitRow], found: Mapping[str, Value], alarms: frozenset[str]) -> int:
    byte = 0
    for row in rows:
        if row.word:
            word = found[row.word]
            on = isinstance(word, int | float) and bool(int(word) & row.mask_of_word)
        elif row.alarm:
            on = not alarms.isdisjoint(row.alarm)
        else:
            on = all(found[name] in values for name, values in row.when.items())
        byte |= on << row.bit
    return byte


def _told_by(rows: HessenRows, habits: Habits) -> tuple[str, ...]:
    """What a record is made of, each once: an address of the instrument's own, alarms, what bits and values show."""
    bits = [*habits.variant.operating, *habits.error_rows(rows)]
    asked = [name for row in bits for name in ([row.word] if row.word else [] if row.alarm else row.when)]
    return tuple(dict.fromkeys(["instrument_id", "alarms", *asked, *(row.quantity for row in rows.measurement)]))
