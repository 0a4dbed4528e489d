"""The device side of a Vaisala WXT: ASCII polled and automatic, with CRC, NMEA 0183 automatic and queried, SDI-12.

A request ends with CR, LF, or with ``!`` as in SDI-12. What is asked with a small letter (``0r1``) carries three
characters of CRC, and its reply does. A data message of its own accord leaves at whole multiples of its update
interval, when its values are formed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.checks import crc16, printable, xor_of
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.line_buffer import LineBuffer
from instruments.protocols.wxt_messages import WxtMemory, WxtMessages
from instruments.protocols.wxt_sdi import SdiTalk
from instruments.protocols.wxt_table import GROUPS, SETTINGS_OF, ParameterRow, WxtTable, is_address
from instruments.steps import SECOND_US

_ASSIGNMENT = re.compile(r"([A-Z])=(.*)")
_QUERY = re.compile(r"\$..WIQ,(XDR|MWV)(?:\*([0-9A-F]{2}))?")
_AUTOMATIC, _NMEA, _SDI = "AaN", "NQ", "SR"
"""Modes in which it speaks of its own accord, in NMEA, in SDI-12."""

UNKNOWN, ADDRESS, CHECK = ("03", "Unknown cmd error"), ("02", "Sync/address error"), ("08", "Use chksum")


class WxtDevice(DeviceEnd):
    """The transmitter's end of one line."""

    def __init__(self, table: WxtTable, face: Face, memory: WxtMemory) -> None:
        self._table, self._face, self._memory = table, face, memory
        self._buffer = LineBuffer(b"\r\n!", limit=96)
        self._says = WxtMessages(table, face, memory)
        self._talk = SdiTalk(self._says.sdi_values, face.now_us)
        self._spoken_us = face.now_us()
        self._starting = False

    def power_cycled(self) -> None:
        """What was not complete is lost; at power-up it says so."""
        self._buffer.clear()
        self._talk.clear()
        self._starting = self._memory.mode not in _SDI

    def receive(self, data: bytes) -> list[bytes]:
        """Answer each request that these bytes complete. Never raises."""
        answers = [self._answer(text.strip(" ")) for text in self._buffer.feed(data)]
        return [answer for answer in answers if answer]

    # -- of its own accord -----------------------------------------------------------------------------------------

    def next_output_us(self) -> int | None:
        """When the next message of its own accord is due."""
        if self._starting:
            return self._face.now_us()
        if self._memory.mode in _SDI:
            return self._talk.due_us()
        if self._memory.mode not in _AUTOMATIC:
            return None
        after = max(self._spoken_us, self._face.now_us() - 1)
        return min((after // every + 1) * every for every in self._intervals().values()) if self._intervals() else None

    def output(self) -> list[bytes]:
        """Messages whose interval ends now; in SDI-12 the service request."""
        if self._starting:
            self._starting = False
            self._spoken_us = self._face.now_us()
            return [self._text_message(*self._start_up())]
        if self._memory.mode in _SDI:
            request = self._talk.service_request(self._memory.address)
            return [self._says.plain(request)] if request else []
        if self._memory.mode not in _AUTOMATIC:
            return []
        now = self._face.now_us()
        self._spoken_us = now
        due = [group for group, every in self._intervals().items() if now % every == 0]
        if self._memory.mode == "N":
            return [line for group in due for line in self._says.nmea(group)]
        return [self._says.message(group, summed=self._memory.mode == "a") for group in due]

    def _intervals(self) -> dict[str, int]:
        """Microseconds between automatic messages, by their groups; 0 is the composite one."""
        found = {}
        for group in GROUPS:
            if any(self._says.chosen(group, composite=False)):
                found[group] = int(float(self._says.parameter(f"{SETTINGS_OF[group]}.I"))) * SECOND_US
        composite = int(self._says.parameter("XU.I")) * SECOND_US
        if composite and self._memory.mode != "N":
            found["0"] = composite
        return found

    # -- requests --------------------------------------------------------------------------------------------------

    def _answer(self, text: str) -> bytes:
        own = self._memory.address
        if self._memory.mode in _SDI:
            return self._recorder_s(text)
        if text.startswith("$"):
            return self._queried(text)
        if text == "?":
            return self._says.plain(own)
        if not text.startswith(own):
            return self._error(ADDRESS) if is_address(text[:1]) and self._alone() else b""
        command = text[1:]
        if not command:
            return self._says.plain(own)
        if command[:1] == "r":
            return self._checked(text)
        if re.fullmatch(r"R[01235]?", command):
            return self._messages(command[1:], summed=False)
        return self._extended(command)

    def _extended(self, command: str) -> bytes:
        """Resets and settings; SDI-12 puts an X before the settings."""
        if command.startswith("XX") or re.match(r"X[WTRS]U", command):
            command = command[1:]
        return self._act(command) if command in self._table.actions else self._settings(command)

    def _recorder_s(self, text: str) -> bytes:
        """The answer to an SDI-12 recorder; a stranger's request, and what is none, is met with silence."""
        own, command = self._memory.address, text[1:]
        if text == "?":
            return self._says.plain(own)
        if not text.startswith(own):
            return b""
        if command.startswith("X"):
            return self._extended(command)
        if command[:1] == "A" and is_address(command[1:]):
            self._memory.address = command[1:]
            return self._says.plain(command[1:])
        identity = self._says.identity()
        reply = self._talk.answer(own, command, identity, continuous=self._memory.mode == "R")
        return self._says.plain(reply) if reply else b""

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
        return b"".join(self._says.message(group, summed=summed) for group in groups)

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
            told = ",".join(f"{row.letter}={self._says.parameter(row.key)}" for row in rows.values())
            return self._says.plain(f"{self._memory.address}{group},{told}")
        try:
            wanted = [self._wanted(rows, assignment) for assignment in assignments]
            for row, value, text in wanted:
                self._assign(row, value, text)
        except (ValueError, Refused):
            return self._error(UNKNOWN)
        return self._says.plain(f"{self._memory.address}{command}")

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

    # -- NMEA and texts --------------------------------------------------------------------------------------------

    def _queried(self, text: str) -> bytes:
        """``$--WIQ,XDR*hh``: answered in NMEA mode, with a right sum or none."""
        match = _QUERY.fullmatch(text)
        if self._memory.mode not in _NMEA or not match:
            return b""
        if match[2] and int(match[2], 16) != xor_of(text[1:-3].encode("ascii")):
            return b""
        if match[1] == "MWV":
            return self._says.wind()
        wind = [] if self._says.parameter("WU.N") == "W" else ["1"]
        return b"".join(line for group in (*wind, *GROUPS[1:]) for line in self._says.nmea(group))

    def _start_up(self) -> tuple[str, str]:
        row = self._table.actions["XZ"]
        return row.number, row.text

    def _error(self, which: tuple[str, str]) -> bytes:
        """An error text; none if they are switched off, or in SDI-12."""
        silent = self._says.parameter("SU.S") == "N" or self._memory.mode in _SDI
        return b"" if silent else self._text_message(*which)

    def _text_message(self, number: str, text: str, *, summed: bool | None = None) -> bytes:
        mode = self._memory.mode
        if mode in _NMEA:
            return self._says.sentence(f"TXT,01,01,{number},{text}")
        small = mode in "ap" if summed is None else summed
        return self._says.plain(f"{self._memory.address}{'tX' if small else 'TX'},{text}", summed=small)
