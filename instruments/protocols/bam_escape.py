"""Escape commands of a BAM-1020: ``<ESC>4*00052<CR>``, with or without a checksum. Nothing here needs a prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from instruments.device import Face
from instruments.errors import Refused
from instruments.protocols.bam_reports import HOUR_US, BamReports, Record
from instruments.protocols.bam_table import BamTable, Escape, checksum
from instruments.protocols.clink_formats import calendar
from instruments.steps import SECOND_US

BUSY, OUT_OF_RANGE = "BUSY", "RANGE"
"""Words in the place of a value that is not taken (this project's own)."""
_AT_REST = (0.0, 5.0)
"""Phases in which settings may change: waiting for the hour, and maintenance (choice of this project)."""
_SUM = re.compile(r"\*(\d{5}|//)")
_NUMBER = re.compile(r"[-+]?\d{1,6}(?:\.\d{0,6})?", re.ASCII)
_ENDED_BY_RETURN: tuple[Escape, ...] = ("array", "array header", "custom", "custom header")


@dataclass
class BamPointers:
    """Stamps up to which records have been given as new; -1: none."""

    data_us: int = -1
    statistics_us: int = -1
    flow_us: int = -1


class BamEscape:
    """What the escape commands do.

    Args:
        table: its commands.
        face: the instrument.
        reports: what it can print.
        pointers: what has been given as new.
    """

    def __init__(self, table: BamTable, face: Face, reports: BamReports, pointers: BamPointers) -> None:
        self._table, self._face, self._reports, self._pointers = table, face, reports, pointers
        self._does: Mapping[Escape, Callable[[list[str]], list[str]]] = {
            "array": lambda words: self._array(words, 6), "array header": self._header,
            "custom": lambda words: self._array(words, 7), "custom header": self._header,
            "identity": self._identity, "header": self._header, "all": self._all, "new": self._new, "last": self._last,
            "statistics pointer": self._statistics_pointer, "last flow": self._last_flow, "date": self._date,
            "time": self._time, "parameter": self._parameter,
        }  # fmt: skip

    def answer(self, command: str) -> bytes:
        """Answer a command without its ESC and CR; nothing if its checksum is wrong.

        Whoever sends a checksum, or asks for one by ``*//``, gets one with each line.
        """
        text, star, stated = command.partition("*")
        if star:
            match = _SUM.fullmatch(star + stated)
            if not match or (match[1] != "//" and int(match[1]) != checksum(text)):
                return b""
        words = text.split()
        row = self._table.escapes.get(words[0].upper()) if words else None
        lines = [""]  # what is not known is answered by an empty line
        if row is not None:
            try:
                lines = self._does[row.does](words[1:])
            except Refused:
                lines = [""]
        end = "\r" if row is not None and row.does in _ENDED_BY_RETURN and not star else "\r\n"
        summed = (f"{line}*{checksum(line):05d}" if star else line for line in lines)
        return "".join(line + end for line in summed).encode("ascii", "replace")

    # -- records ------------------------------------------------------------------------------------------------------

    def _header(self, words: list[str]) -> list[str]:
        _none(words)
        return [self._reports.header()]

    def _array(self, words: list[str], width: int) -> list[str]:
        _none(words)
        record = self._reports.last()
        return [""] if record is None else [self._reports.array(record, width)]

    def _all(self, words: list[str]) -> list[str]:
        _none(words)
        return self._hours(self._reports.records())

    def _new(self, words: list[str]) -> list[str]:
        if words:
            self._pointers.data_us = self._back(words)
            return []
        records = self._reports.records(self._pointers.data_us)
        if records:
            self._pointers.data_us = records[-1].stamp_us
        return self._hours(records)

    def _hours(self, records: list[Record]) -> list[str]:
        return [self._reports.csv(record) for record in records] or [""]

    def _last(self, words: list[str]) -> list[str]:
        _none(words)
        record = self._reports.last()
        return self._hours([] if record is None else [record])

    def _statistics_pointer(self, words: list[str]) -> list[str]:
        self._pointers.statistics_us = self._back(words)
        return []

    def _last_flow(self, words: list[str]) -> list[str]:
        if words:
            self._pointers.flow_us = self._back(words)
            return []
        times = self._reports.flow_times()
        return [self._reports.flow_line(times[-1]) if times else ""]

    def _back(self, words: list[str]) -> int:
        """Stamp of so many hours ago: what is later is new again."""
        if len(words) != 1 or not re.fullmatch(r"\d{1,5}", words[0], re.ASCII):
            raise Refused("invalid")
        clock = self._reports.clock_us()
        return clock - clock % HOUR_US - int(words[0]) * HOUR_US

    # -- the unit itself ----------------------------------------------------------------------------------------------

    def _identity(self, words: list[str]) -> list[str]:
        _none(words)
        return [self._reports.identity()]

    def _date(self, words: list[str]) -> list[str]:
        if words and not self._busy():
            self._wind(words, r"(\d\d)/(\d\d)/(\d\d)", lambda m, d, y: {"month": m, "day": d, "year": 2000 + y})
        return [BUSY if words and self._busy() else f"{self._reports.now():%m/%d/%y}"]

    def _time(self, words: list[str]) -> list[str]:
        if words and not self._busy():
            self._wind(words, r"(\d\d):(\d\d):(\d\d)", lambda h, m, s: {"hour": h, "minute": m, "second": s})
        return [BUSY if words and self._busy() else f"{self._reports.now():%H:%M:%S}"]

    def _wind(self, words: list[str], form: str, parts: Callable[[int, int, int], dict[str, int]]) -> None:
        match = re.fullmatch(form, " ".join(words), re.ASCII)
        if not match:
            raise Refused("invalid")
        one, two, three = (int(group) for group in match.groups())
        try:
            wanted = self._reports.now().replace(**parts(one, two, three), microsecond=0)  # type: ignore[arg-type]
        except ValueError:
            raise Refused("invalid") from None
        self._reports.set_clock(_us(wanted))

    def _parameter(self, words: list[str]) -> list[str]:
        row = None
        if words and re.fullmatch(r"\d{1,2}", words[0], re.ASCII):
            row = self._table.parameters.get(int(words[0]))
        if row is None or len(words) > 2:
            raise Refused("invalid")
        head = f"PR {row.number}, {row.title}, "
        if len(words) == 2:
            if self._busy():
                return [head + BUSY]
            if not _NUMBER.fullmatch(words[1]):
                return [head + OUT_OF_RANGE]
            # Twelve digits: the factor between the units leaves no trace.
            value = float(f"{float(words[1]) / row.scale:.12g}")
            try:
                self._face.apply(row.quantity, value)
            except Refused:
                return [head + OUT_OF_RANGE]
        return [head + self._reports.parameter(row)]

    def _busy(self) -> bool:
        """Whether a cycle runs: its settings and its clock are not touched then."""
        return float(cast(float, self._face.read("phase"))) not in _AT_REST


def _none(words: list[str]) -> None:
    if words:
        raise Refused("invalid")


def _us(moment: datetime) -> int:
    return round((moment - calendar(0)).total_seconds()) * SECOND_US
