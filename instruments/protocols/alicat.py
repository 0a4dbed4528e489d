"""The device side of an Alicat flow meter: polled by its letter, or streaming.

A request begins with the unit's letter and ends with CR; older hosts put ``$$`` behind the letter. What the meter does
not know, or a meter does not have (a set point), is answered ``?``. While it streams its letter is ``@`` and its frames
have none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.alicat_table import HPA_PER_PSI, STREAM_MS, AlicatTable
from instruments.protocols.ends import DeviceEnd
from instruments.protocols.line_buffer import LineBuffer
from instruments.protocols.written import Written

_STREAMING = "@"
_LETTER = re.compile(r"@\s*=?\s*([A-Za-z@])")
_GAS_REGISTER, _STREAM_REGISTER = 46, 91
_IN_A_FRAME = ("pressure", "temperature", "volumetric_flow", "mass_flow", "gas", "buttons_locked")
_LONGEST_STREAM_MS = 65535


class AlicatMemory:
    """What the meter keeps itself: its letter, whether it streams, how often; one for all lines."""

    def __init__(self, letter: str) -> None:
        self.letter = letter
        self.stream_ms = STREAM_MS


class AlicatDevice(DeviceEnd):
    """The meter's end of one line."""

    def __init__(self, table: AlicatTable, face: Face, memory: AlicatMemory) -> None:
        self._table, self._face, self._memory = table, face, memory
        self._buffer = LineBuffer(b"\r", limit=64)
        words = [row.quantity for row in table.rows.word]
        self._shown = tuple(dict.fromkeys([*_IN_A_FRAME, *words]))
        self._written = Written[str]()
        self._spoken_us = 0

    def power_cycled(self) -> None:
        """Half a request is forgotten; the letter, and streaming, are kept."""
        self._buffer.clear()

    def receive(self, data: bytes) -> list[bytes]:
        """Answer each request that these bytes complete. Never raises."""
        answers = [self._answer(text.strip(" ")) for text in self._buffer.feed(data)]
        return [answer for answer in answers if answer]

    def next_output_us(self) -> int | None:
        """When the next frame of the stream is due."""
        if self._memory.letter != _STREAMING:
            return None
        every = self._memory.stream_ms * 1000
        after = max(self._spoken_us, self._face.now_us() - 1)
        return (after // every + 1) * every

    def output(self) -> list[bytes]:
        """A frame of the stream, without a letter; nothing if it does not stream any more."""
        if self._memory.letter != _STREAMING:
            return []
        self._spoken_us = self._face.now_us()
        return [self._line(self._values())]

    # -- requests --------------------------------------------------------------------------------------------------

    def _answer(self, text: str) -> bytes:
        if text[:2] == "@@":
            match = _LETTER.fullmatch(text[1:])
            if match and match[1] != _STREAMING and self._memory.letter == _STREAMING:
                self._memory.letter = match[1].upper()
                return self._frame()
            return b""
        if text[:1].upper() != self._memory.letter:
            return b""
        command = text[1:].removeprefix("$$").strip().upper()
        try:
            return self._carried_out(command)
        except (Refused, ValueError):
            return self._line("?")

    def _carried_out(self, command: str) -> bytes:
        if not command:
            return self._frame()
        match = _LETTER.fullmatch(command)
        if match:
            return self._renamed(match[1].upper())
        row = self._table.commands.get(command)
        if row is not None and (row.action or row.setting):
            self._face.apply(row.action or row.setting, row.value)
            return self._frame()
        if command in self._tables:
            return b"".join(self._line(line) for line in self._tables[command](self))
        register = re.fullmatch(r"([RW])(\d{1,3})(?:=(\d{1,5}))?", command)
        if register and (register[1] == "W") == (register[3] is not None):
            return self._register(int(register[2]), register[3])
        gas = re.fullmatch(r"G\s*(\d{1,3})", command)
        if gas:
            self._choose(int(gas[1]))
            return self._frame()
        raise ValueError(command)

    def _renamed(self, letter: str) -> bytes:
        self._memory.letter = letter
        if letter == _STREAMING:
            self._spoken_us = self._face.now_us()
            return b""
        return self._frame()

    def _register(self, number: int, value: str | None) -> bytes:
        if number == _GAS_REGISTER:
            if value is not None:
                # The bits above the lowest nine are no part of the gas's number.
                self._choose(int(value) & 0x1FF)
            told = self._table.rows.gas[str(self._face.read("gas"))]
        elif number == _STREAM_REGISTER:
            if value is not None:
                if not 1 <= int(value) <= _LONGEST_STREAM_MS:
                    raise ValueError(value)
                self._memory.stream_ms = int(value)
            told = self._memory.stream_ms
        else:
            raise ValueError(str(number))
        return self._line(f"{self._memory.letter}   {number:03d} = {told}")

    def _choose(self, number: int) -> None:
        if number not in self._table.gases:
            raise ValueError(str(number))
        self._face.apply("gas", self._table.gases[number])

    # -- frames and tables -----------------------------------------------------------------------------------------

    def _frame(self) -> bytes:
        return self._line(f"{self._memory.letter} {self._values()}")

    def _values(self) -> str:
        values = [self._face.read(name) for name in self._shown]
        return self._written.text("", values, self._told)

    def _told(self, values: list[Value]) -> str:
        found: Mapping[str, Any] = dict(zip(self._shown, values, strict=True))
        parts = [
            f"{found['pressure'] / HPA_PER_PSI:+06.2f}", f"{found['temperature']:+06.2f}",
            self._table.scale.flow(found["volumetric_flow"]), self._table.scale.flow(found["mass_flow"]),
            str(found["gas"]),
        ]  # fmt: skip
        parts += [row.word for row in self._table.rows.word if found[row.quantity] > self._table.limit(row)]
        if found["buttons_locked"]:
            parts.append("LCK")
        return " ".join(parts)

    def _version(self) -> Iterator[str]:
        yield f"{self._memory.letter}   {self._face.read('firmware')} {self._table.rows.firmware_date}"

    def _maker(self) -> Iterator[str]:
        lines = (
            "www.alicat.com", "Alicat Scientific", "", "", f"Model Number {self._table.scale.model_number}",
            f"Serial Number {self._face.read('serial')}", "Date Manufactured -", "Date Calibrated -",
            "Calibrated By -", f"Software Revision {self._face.read('firmware')}",
        )  # fmt: skip
        for number, line in enumerate(lines):
            yield f"{self._memory.letter} M{number:02d} {line}".rstrip()

    def _layout(self) -> Iterator[str]:
        letter, scale = self._memory.letter, self._table.scale
        yield f"{letter} D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________"
        mass = "SLPM" if scale.flow_unit == "LPM" else "SCCM"
        rows = (
            ("700", "Unit ID", "string", "1", ""), ("002", "Abs Press", "s decimal", "7/2", "010 02 PSIA"),
            ("003", "Flow Temp", "s decimal", "7/2", "002 02 `C"),
            ("004", "Volu Flow", "s decimal", f"7/{scale.decimals}", f"012 02 {scale.flow_unit}"),
            ("005", "Mass Flow", "s decimal", f"7/{scale.decimals}", f"012 02 {mass}"),
            ("703", "Gas", "string", "6", ""),
        )  # fmt: skip
        for number, (code, name, kind, width, notes) in enumerate(rows, start=1):
            yield f"{letter} D{number:02d} {code} {name:<26} {kind:<11} {width:>5} {notes}".rstrip()

    def _gases(self) -> Iterator[str]:
        for number, name in sorted(self._table.gases.items()):
            yield f"{self._memory.letter} G{number:02d} {name:>7}"

    _tables: ClassVar[Mapping[str, Callable[[AlicatDevice], Iterator[str]]]] = {
        "VE": _version, "??M*": _maker, "??D*": _layout, "??G*": _gases,
    }  # fmt: skip

    @staticmethod
    def _line(text: str) -> bytes:
        return text.encode("ascii", "replace") + b"\r"
