"""The device side of a Vaisala WXT: ASCII polled and automatic, the same with CRC, NMEA 0183 automatic and queried.

A request ends with CR, LF, or with ``!`` as in SDI-12. What is asked with a small letter (``0r1``) carries three
characters of CRC, and its reply does. A data message of its own accord leaves at whole multiples of its update
interval, when its values are formed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import cast

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.checks import crc16, printable, xor_of
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.line_buffer import LineBuffer
from instruments.protocols.wxt_table import ADDRESSES, GROUPS, SETTINGS_OF, FieldRow, ParameterRow, WxtTable, is_address
from instruments.steps import SECOND_US

_ASSIGNMENT = re.compile(r"([A-Z])=(.*)")
_QUERY = re.compile(r"\$..WIQ,(XDR|MWV)(?:\*([0-9A-F]{2}))?")
_HEATING = ((75.0, "W"), (25.0, "V"), (-math.inf, "N"))
"""Letter after the heating voltage by the power in %: W full, V half, N none."""

UNKNOWN, ADDRESS, CHECK = ("03", "Unknown cmd error"), ("02", "Sync/address error"), ("08", "Use chksum")


class WxtMemory:
    """What the transmitter keeps beside the instrument's settings: address, mode, units, masks; one for all lines."""

    def __init__(self, table: WxtTable, address: str, given: Mapping[str, str]) -> None:
        self.table = table
        self.address = address
        self.kept = {key: row.default for key, row in table.parameters.items() if row.default}
        self.kept |= given

    @property
    def mode(self) -> str:
        """``XU.M``."""
        return self.kept["XU.M"]


class WxtDevice(DeviceEnd):
    """The transmitter's end of one line."""

    def __init__(self, table: WxtTable, face: Face, memory: WxtMemory) -> None:
        self._table, self._face, self._memory = table, face, memory
        self._buffer = LineBuffer(b"\r\n!", limit=96)
        self._spoken_us = face.now_us()
        self._starting = False

    def power_cycled(self) -> None:
        """What was not complete is lost; at power-up it says so."""
        self._buffer.clear()
        self._starting = True

    def receive(self, data: bytes) -> list[bytes]:
        """Answer each request that these bytes complete. Never raises."""
        answers = [self._answer(text.strip(" ")) for text in self._buffer.feed(data)]
        return [answer for answer in answers if answer]

    # -- of its own accord -----------------------------------------------------------------------------------------

    def next_output_us(self) -> int | None:
        """When the next message of its own accord is due."""
        if self._starting:
            return self._face.now_us()
        if self._memory.mode not in "AaN":
            return None
        after = max(self._spoken_us, self._face.now_us() - 1)
        return min((after // every + 1) * every for every in self._intervals().values()) if self._intervals() else None

    def output(self) -> list[bytes]:
        """Messages whose interval ends now."""
        if self._starting:
            self._starting = False
            self._spoken_us = self._face.now_us()
            return [self._text_message(*self._start_up())]
        if self._memory.mode not in "AaN":
            return []
        now = self._face.now_us()
        self._spoken_us = now
        due = [group for group, every in self._intervals().items() if now % every == 0]
        if self._memory.mode == "N":
            return [line for group in due for line in self._nmea(group)]
        return [self._message(group, summed=self._memory.mode == "a") for group in due]

    def _intervals(self) -> dict[str, int]:
        """Microseconds between automatic messages, by their groups; 0 is the composite one."""
        found = {}
        for group in GROUPS:
            if any(self._chosen(group, composite=False)):
                found[group] = int(float(self._parameter(f"{SETTINGS_OF[group]}.I"))) * SECOND_US
        composite = int(self._parameter("XU.I")) * SECOND_US
        if composite and self._memory.mode != "N":
            found["0"] = composite
        return found

    # -- requests --------------------------------------------------------------------------------------------------

    def _answer(self, text: str) -> bytes:
        own = self._memory.address
        if text.startswith("$"):
            return self._queried(text)
        if text == "?":
            return self._plain(own)
        if not text.startswith(own):
            return self._error(ADDRESS) if is_address(text[:1]) and self._alone() else b""
        command = text[1:]
        if not command:
            return self._plain(own)
        if command.startswith("XX") or re.match(r"X[WTRS]U", command):
            command = command[1:]  # SDI-12's form of the same settings
        if command[:1] == "r":
            return self._checked(text)
        if re.fullmatch(r"R[01235]?", command):
            return self._messages(command[1:], summed=False)
        if command in self._table.actions:
            return self._act(command)
        return self._settings(command)

    def _alone(self) -> bool:
        """On RS-485 a stranger's request is for somebody else."""
        return self._memory.kept["XU.C"] != "3"

    def _checked(self, text: str) -> bytes:
        match = re.fullmatch(r"(.r[01235]?)(...)", text)
        if match and printable(crc16(match[1].encode("ascii"))) == match[2]:
            return self._messages(match[1][2:], summed=True)
        body = match[1] if match else text
        number, words = CHECK
        return self._text_message(number, f"{words} {printable(crc16(body.encode('ascii')))}", summed=True)

    def _messages(self, which: str, *, summed: bool) -> bytes:
        groups = GROUPS if which == "" else (which,)
        return b"".join(self._message(group, summed=summed) for group in groups)

    def _act(self, command: str) -> bytes:
        row = self._table.actions[command]
        try:
            for action in row.apply:
                self._face.apply(action, value=True)
        except Refused:
            return self._error(UNKNOWN)
        return self._text_message(row.number, row.text)

    def _settings(self, command: str) -> bytes:
        group, *assignments = command.split(",")
        rows = {row.letter: row for row in self._table.line_of(group)}
        if not rows:
            return self._error(UNKNOWN)
        if not assignments:
            told = ",".join(f"{row.letter}={self._parameter(row.key)}" for row in rows.values())
            return self._plain(f"{self._memory.address}{group},{told}")
        try:
            wanted = [self._wanted(rows, assignment) for assignment in assignments]
            for row, value, text in wanted:
                self._assign(row, value, text)
        except (ValueError, Refused):
            return self._error(UNKNOWN)
        return self._plain(f"{self._memory.address}{command}")

    @staticmethod
    def _wanted(rows: Mapping[str, ParameterRow], assignment: str) -> tuple[ParameterRow, Value, str]:
        match = _ASSIGNMENT.fullmatch(assignment)
        if not match or match[1] not in rows or rows[match[1]].kind == "told":
            raise ValueError(assignment)
        row = rows[match[1]]
        if row.kind == "address" and not is_address(match[2]):
            raise ValueError(assignment)
        return row, row.value(match[2]), match[2]

    def _assign(self, row: ParameterRow, value: Value, text: str) -> None:
        if row.kind == "address":
            self._memory.address = text
        elif row.setting:
            self._face.apply(row.setting, value)
        else:
            self._memory.kept[row.key] = text
            if row.key in ("XU.M", "XU.I"):
                self._spoken_us = max(self._spoken_us, self._face.now_us())

    def _parameter(self, key: str) -> str:
        """A letter's value as written."""
        row = self._table.parameters[key]
        if row.kind == "address":
            return self._memory.address
        if row.setting or row.quantity:
            return row.written(self._face.read(row.setting or row.quantity))
        return self._memory.kept[key]

    # -- messages --------------------------------------------------------------------------------------------------

    def _chosen(self, group: str, *, composite: bool) -> list[FieldRow]:
        left, _, right = self._parameter(f"{SETTINGS_OF[group]}.R").partition("&")
        bits = right if composite else left
        return [row for row in self._table.fields[group] if bits[row.bit] == "1"]

    def _message(self, group: str, *, summed: bool) -> bytes:
        fields = (
            [row for each in GROUPS for row in self._chosen(each, composite=True)]
            if group == "0" else self._chosen(group, composite=False)
        )  # fmt: skip
        head = f"{self._memory.address}{'r' if summed else 'R'}{group}"
        return self._plain(",".join([head, *(f"{row.name}={self._field(row)}" for row in fields)]), summed=summed)

    def _field(self, row: FieldRow) -> str:
        digits, letter = self._value(row)
        return f"{digits}{letter}" if digits else f"{self._void(row)}#"

    def _void(self, row: FieldRow) -> str:
        """What stands before the ``#`` of a value that is not there: the digits of zero."""
        return next(iter(self._table.rows.unit[row.unit].values())).written(0.0)

    def _value(self, row: FieldRow) -> tuple[str, str]:
        """Digits and unit's letter; no digits where the instrument has no value."""
        units = self._table.rows.unit[row.unit]
        if row.unit_from == "heating_power":
            power = float(cast(float, self._face.read("heating_power")))
            letter = next(letter for limit, letter in _HEATING if power > limit)
        else:
            letter = self._parameter(row.unit_from) if row.unit_from else next(iter(units))
        value = float(cast(float, self._face.read(row.quantity)))
        return ("", letter) if math.isnan(value) else (units[letter].written(value), letter)

    # -- NMEA ------------------------------------------------------------------------------------------------------

    def _nmea(self, group: str) -> list[bytes]:
        if group == "1" and self._parameter("WU.N") == "W":
            return [self._wind()]
        fields = sorted(self._chosen(group, composite=False), key=lambda row: row.place)
        number = ADDRESSES.index(self._memory.address)
        parts = []
        for row in fields:
            digits, letter = self._value(row)
            kind, identity = row.xdr
            parts += [kind, digits or self._void(row), letter if digits else "#", str(identity + number)]
        return [self._sentence(",".join(["XDR", *parts]))]

    def _wind(self) -> bytes:
        speed = self._value(next(row for row in self._table.fields["1"] if row.name == "Sm"))
        angle = self._value(next(row for row in self._table.fields["1"] if row.name == "Dm"))
        valid = "A" if speed[0] and angle[0] else "V"
        return self._sentence(f"MWV,{angle[0]},R,{speed[0].zfill(5) if speed[0] else ''},{speed[1]},{valid}")

    def _queried(self, text: str) -> bytes:
        """``$--WIQ,XDR*hh``: answered in NMEA mode, with a right sum or none."""
        match = _QUERY.fullmatch(text)
        if self._memory.mode not in "NQ" or not match:
            return b""
        if match[2] and int(match[2], 16) != xor_of(text[1:-3].encode("ascii")):
            return b""
        if match[1] == "MWV":
            return self._wind()
        wind = [] if self._parameter("WU.N") == "W" else ["1"]
        return b"".join(line for group in (*wind, *GROUPS[1:]) for line in self._nmea(group))

    def _sentence(self, body: str) -> bytes:
        text = self._table.rows.prefix + body
        return f"${text}*{xor_of(text.encode('ascii')):02X}\r\n".encode("ascii")

    # -- texts -----------------------------------------------------------------------------------------------------

    def _start_up(self) -> tuple[str, str]:
        row = self._table.actions["XZ"]
        return row.number, row.text

    def _error(self, which: tuple[str, str]) -> bytes:
        """An error text; none if they are switched off."""
        return self._text_message(*which) if self._parameter("SU.S") == "Y" else b""

    def _text_message(self, number: str, text: str, *, summed: bool | None = None) -> bytes:
        mode = self._memory.mode
        if mode in "NQ":
            return self._sentence(f"TXT,01,01,{number},{text}")
        small = mode in "ap" if summed is None else summed
        return self._plain(f"{self._memory.address}{'tX' if small else 'TX'},{text}", summed=small)

    @staticmethod
    def _plain(text: str, *, summed: bool = False) -> bytes:
        data = text.encode("ascii", "replace")
        return data + (printable(crc16(data)).encode("ascii") if summed else b"") + b"\r\n"
