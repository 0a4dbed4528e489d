"""The BAM-1020's serial port, the device side: a menu of single keys, and escape commands that need no prompt.

Carriage returns bring the prompt ``*``; a key acts at once; line feeds are ignored; ``<ESC>`` (or ``<STX>``) begins a
command that a carriage return ends, with or without a checksum. Sans-I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from instruments.device import Face
from instruments.protocols.bam_escape import BamEscape, BamPointers
from instruments.protocols.bam_reports import LINE_END, BamReports, Record
from instruments.protocols.bam_table import BamTable, Key, Report
from instruments.protocols.clink_formats import calendar
from instruments.protocols.ends import DeviceEnd
from instruments.steps import SECOND_US

_ESC, _STX, _CR, _LF = 0x1B, 0x02, 0x0D, 0x0A
_MINUTE_US = 60 * SECOND_US


@dataclass(frozen=True, slots=True)
class BamOptions:
    """What differs between ports and firmware.

    Attributes:
        printer: the printer port: a line for each hour when it is stored, and no answer to anything.
        report_port: the REPORT connector of a BX-965, with pointers of its own.
        micrograms: concentrations in ug/m3 instead of mg/m3.
        trailing_comma: CSV lines end with a comma.
        words: at the prompt a command is a word that a carriage return ends, and is echoed, as 7500-series units do.
        deaf_in_menus: nothing is answered while somebody has a test or setup screen open, as old firmware does.
    """

    printer: bool = False
    report_port: bool = False
    micrograms: bool = False
    trailing_comma: bool = True
    words: bool = False
    deaf_in_menus: bool = False


class BamDevice(DeviceEnd):
    """The unit's end of one line.

    Args:
        table: its columns, keys and commands.
        face: the instrument.
        options: port and firmware.
        pointers: up to where records have been given as new, shared by the lines that share it.
    """

    def __init__(
        self, table: BamTable, face: Face, options: BamOptions | None = None, pointers: BamPointers | None = None
    ) -> None:
        self._table, self._face = table, face
        self._options = options or BamOptions()
        self._reports = BamReports(
            table, face, micrograms=self._options.micrograms, trailing_comma=self._options.trailing_comma
        )
        self.pointers = pointers or BamPointers()
        self._escape = BamEscape(table, face, self._reports, self.pointers)
        self._command: bytearray | None = None
        self._word = bytearray()
        self._returns = 0
        self._menu = ""
        self._last_us = 0
        self._printed_us = face.now_us()
        self._does: Mapping[Report, Callable[[], str]] = {
            "day": self._day, "last": self._last, "all statistics": lambda: self._statistics(-1),
            "new statistics": self._new_statistics, "all flow": lambda: self._flow(-1), "new flow": self._new_flow,
            "settings": self._reports.settings, "clock": self._clock, "csv": self._csv, "errors": self._errors,
            "pointers": self._told_pointers, "menu": lambda: self._banner("main"),
        }  # fmt: skip

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes from the line; return one item for each answer. Never raises, whatever comes."""
        if self._options.printer or (self._options.deaf_in_menus and self._face.read("maintenance") is True):
            return []
        now = self._face.now_us()
        if now - self._last_us > self._table.gap_s * SECOND_US:
            self._command = None
        if now - self._last_us > self._table.prompt_s * SECOND_US:
            self._menu, self._returns = "", 0
            self._word.clear()
        self._last_us = now
        return [answer for byte in data if (answer := self._take(byte))]

    def power_cycled(self) -> None:
        """Half a command and the prompt are lost; the pointers are in memory that a battery holds."""
        self._command, self._menu, self._returns = None, "", 0
        self._word.clear()

    def next_output_us(self) -> int | None:
        """The printer port looks each minute whether an hour has been stored."""
        if not self._options.printer:
            return None
        now = self._face.now_us()
        return now - now % _MINUTE_US + _MINUTE_US

    def output(self) -> list[bytes]:
        """The line of an hour that has just been stored."""
        record = self._reports.last()
        if record is None or record.made_us <= self._printed_us:
            return []
        self._printed_us = record.made_us
        return [(self._reports.printed(record) + LINE_END).encode("ascii")]

    # -- bytes --------------------------------------------------------------------------------------------------------

    def _take(self, byte: int) -> bytes:
        if byte in (_ESC, _STX):
            self._command, self._menu = bytearray(), ""
            return b""
        if self._command is not None:
            return self._take_command(byte, self._command)
        if byte == _CR:
            return self._return()
        if byte == _LF:
            return b""
        if not self._menu:
            self._returns = 0  # the returns that bring the prompt come one after the other
            return b""
        if self._options.words:
            if len(self._word) < self._table.longest_request:
                self._word.append(byte)
            return b""
        key = chr(byte).lower()
        shown = self._table.menus[self._menu].get(key)
        if shown is None:
            return b""
        return self._pressed(shown).encode("ascii", "replace")

    def _take_command(self, byte: int, command: bytearray) -> bytes:
        if byte == _CR:
            self._command = None
            return self._escape.answer(command.decode("latin-1"))
        if len(command) >= self._table.longest_request:
            self._command = None
        elif byte != _LF:
            command.append(byte)
        return b""

    def _return(self) -> bytes:
        """A carriage return: towards the prompt, or the end of a word."""
        self._returns += 1
        if self._menu and self._options.words and self._word:
            word = self._word.decode("latin-1")
            self._word.clear()
            echo = word.encode("ascii", "replace") + b"\r\n"
            return echo + self._escape.answer(word.upper())
        if not self._menu and self._returns < self._table.wake_returns:
            return b""
        self._menu = "main"
        return b"\r\n*"

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _pressed(self, key: Key) -> str:
        csv = self._menu == "csv"
        self._menu = "main"
        if key.does in ("all", "new"):  # in both menus
            records = self._reports.records() if key.does == "all" else self._new()
            body = self._hours(records) if csv else self._reports.text(records)
        else:
            body = self._does[key.does]()
        return f"{key.key} - Display CSV Data{LINE_END}{body}" if csv else body

    def _banner(self, menu: str) -> str:
        rows = [f"{key.key} - {key.what}" for key in self._table.menus[menu].values()]
        return LINE_END.join(["", "BAM 1020 System Menu" if menu == "main" else "CSV Type Reports", *rows, ""])

    def _csv(self) -> str:
        self._menu = "csv"
        return self._banner("csv") + ">"

    def _day(self) -> str:
        """Hours of the day that the clock shows."""
        midnight = self._reports.now().replace(hour=0, minute=0, second=0, microsecond=0)
        today = [record for record in self._reports.records() if calendar(record.stamp_us) > midnight]
        return self._reports.text(today)

    def _new(self) -> list[Record]:
        records = self._reports.records(self.pointers.data_us)
        if records:
            self.pointers.data_us = records[-1].stamp_us
        return records

    def _last(self) -> str:
        record = self._reports.last()
        return self._hours([] if record is None else [record])

    def _hours(self, records: list[Record]) -> str:
        return self._table_of(self._reports.header(), map(self._reports.csv, records))

    def _statistics(self, after_us: int) -> str:
        records = self._reports.records(after_us)
        return self._table_of(self._reports.statistics_header(), map(self._reports.statistics, records))

    def _new_statistics(self) -> str:
        after, last = self.pointers.statistics_us, self._reports.last()
        if last is not None:
            self.pointers.statistics_us = max(after, last.stamp_us)
        return self._statistics(after)

    def _flow(self, after_us: int) -> str:
        return self._table_of(
            self._reports.flow_header(), map(self._reports.flow_line, self._reports.flow_times(after_us))
        )

    def _new_flow(self) -> str:
        after, times = self.pointers.flow_us, self._reports.flow_times(self.pointers.flow_us)
        if times:
            self.pointers.flow_us = times[-1]
        return self._flow(after)

    def _table_of(self, header: str, lines: Iterable[str]) -> str:
        return LINE_END.join([f"Station, {self._table.station}", header, *lines]) + LINE_END

    def _clock(self) -> str:
        return f"{self._reports.now():%m/%d/%Y %H:%M:%S}{LINE_END}"

    def _errors(self) -> str:
        return LINE_END.join(["Last 100 Errors", *self._reports.errors()]) + LINE_END

    def _told_pointers(self) -> str:
        places = (("Data", self.pointers.data_us), ("Flow Stats", self.pointers.statistics_us),
                  ("5-Min Flow", self.pointers.flow_us))  # fmt: skip
        return "".join(f"{name:<12}{_told(place)}{LINE_END}" for name, place in places)


def _told(stamp_us: int) -> str:
    return f"{calendar(stamp_us):%m/%d/%y %H:%M}" if stamp_us >= 0 else "begin"
