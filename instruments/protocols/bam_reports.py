"""What a BAM-1020 prints: records of its hours, flow, settings, errors. Nothing is stored: it is the unit's past."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import cast

from instruments.device import Face
from instruments.protocols.bam_table import BamTable, Column, Parameter
from instruments.protocols.clink_formats import DAY_US, calendar
from instruments.steps import SECOND_US

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
LINE_END = "\r\n"
_MOST_ERRORS = 100
_FLOW_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One hour.

    Attributes:
        made_us: bench time at which it was stored.
        stamp_us: the hour that it is labelled with, its end, by the unit's clock.
    """

    made_us: int
    stamp_us: int


class BamReports:
    """What the unit can print.

    Args:
        table: its columns, flags and parameters.
        face: the instrument.
        micrograms: concentrations are printed in ug/m3 without decimals instead of mg/m3.
        trailing_comma: CSV lines end with a comma.
    """

    def __init__(self, table: BamTable, face: Face, *, micrograms: bool = False, trailing_comma: bool = True) -> None:
        self._table, self._face = table, face
        self._micrograms, self._end = micrograms, "," if trailing_comma else ""
        self._csv: tuple[Record | None, str] = None, ""

    # -- time ---------------------------------------------------------------------------------------------------------

    def clock_us(self, t_us: int | None = None) -> int:
        """The unit's own clock now, or at a bench time."""
        now = self._face.clock_us()
        return now if t_us is None else now - self._face.now_us() + t_us

    def set_clock(self, clock_us: int) -> None:
        """Wind the unit's clock."""
        self._face.apply("clock_us", clock_us)

    # -- hours --------------------------------------------------------------------------------------------------------

    def records(self, after_us: int = -1) -> list[Record]:
        """Records with a stamp later than ``after_us``, oldest first; the unit's past reaches 24 h."""
        return list(self._backwards(after_us))[::-1]

    def last(self) -> Record | None:
        """The newest record; None before the first."""
        return next(self._backwards(-1), None)

    def _backwards(self, after_us: int) -> Iterator[Record]:
        now = at = self._face.now_us()
        while True:
            made = round(float(cast(float, self._face.read_at("record_s", at)))) * SECOND_US
            if made <= max(0, now - DAY_US) or made > at:
                return
            # EARLY mode stores before the full hour that the record is labelled with.
            stamp = -(-self.clock_us(made) // HOUR_US) * HOUR_US
            if stamp <= after_us:
                return
            yield Record(made, stamp)
            at = made - 1

    def flags(self, record: Record) -> str:
        """The twelve flags of an hour, 0 or 1 each."""
        word = int(float(cast(float, self._face.read_at("flags", record.made_us))))
        return f"{word:0{len(self._table.flags)}b}"

    def _cell(self, column: Column, t_us: int) -> str:
        value = float(cast(float, self._face.read_at(column.quantity, t_us))) if column.quantity else 0.0
        if column.quantity == "concentration" and self._micrograms:
            return f"{value:6.0f}"
        return column.render(value)

    def header(self) -> str:
        """Names of the columns."""
        names = [column.name for column in self._table.columns]
        if self._micrograms:
            names[0] = names[0].replace("mg/m3", "ug/m3")
        return ",".join(["Time", *names, *(flag.letter for flag in self._table.flags)])

    def csv(self, record: Record) -> str:
        """An hour as a line of CSV. What is past does not change, so the text of the hour asked last is kept."""
        if record == self._csv[0]:
            return self._csv[1]
        cells = [self._cell(column, record.made_us) for column in self._table.columns]
        line = ",".join([f"{calendar(record.stamp_us):%m/%d/%y %H:%M}", *cells, *self.flags(record)]) + self._end
        if record.made_us < self._face.now_us():
            self._csv = record, line
        return line

    def array(self, record: Record, width: int) -> str:
        """An hour as an array of fields of ``width`` characters after its time."""
        cells = [self._cell(column, record.made_us).strip() for column in self._table.columns]
        fields = [cell.rjust(width) for cell in (*cells, *self.flags(record))]
        return ",".join([f"{calendar(record.stamp_us):%m/%d/%y %H:%M}", *fields])

    def printed(self, record: Record) -> str:
        """An hour as the printer port prints it."""
        conc, qtot = (
            float(cast(float, self._face.read_at(name, record.made_us))) for name in ("concentration", "qtot")
        )
        return f"{calendar(record.stamp_us):%m/%d/%y %H:%M:%S}, {conc / 1000.0:+07.3f},{qtot:+06.3f}"

    def text(self, records: Sequence[Record]) -> str:
        """Hours as the text report: day by day, flags as letters behind the time."""
        lines = [""]
        for day, hours in groupby(records, key=lambda record: calendar(record.stamp_us).date()):
            letters = "".join(flag.letter for flag in self._table.flags)
            names = "".join(column.name.partition("(")[0].rjust(7) for column in self._table.columns)
            lines += [f"Report for {day:%m/%d/%Y} - BAM 1020 Station {self._table.station}", f"Time {letters}{names}"]
            rows = [self._text_row(record) for record in hours]
            valid = sum("-" * len(letters) in row for row in rows)
            lines += [*rows, f"Valid Daily {valid} of {len(rows)}"]
        return LINE_END.join(lines) + LINE_END

    def _text_row(self, record: Record) -> str:
        bits = self.flags(record)
        flags = "".join(flag.letter if bit == "1" else "-" for flag, bit in zip(self._table.flags, bits, strict=True))
        cells = "".join(self._cell(column, record.made_us).strip().rjust(7) for column in self._table.columns)
        return f"{calendar(record.stamp_us):%H:%M}{flags}{cells}"

    # -- flow ---------------------------------------------------------------------------------------------------------

    def flow_header(self) -> str:
        """Names of the columns of the 5-minute flow."""
        return ",".join(["Date/Time", *(column.name for column in self._table.flow_columns)])

    def flow_times(self, after_us: int = -1) -> list[int]:
        """Stamps of the 5-minute flow records later than ``after_us``, by the unit's clock, oldest first."""
        every = _FLOW_MINUTES * MINUTE_US
        clock = self.clock_us()
        start = max(after_us, clock - min(self._face.now_us(), DAY_US))
        return list(range(start // every * every + every, clock + 1, every))

    def flow_line(self, stamp_us: int) -> str:
        """One 5-minute flow record."""
        t_us = stamp_us - self.clock_us() + self._face.now_us()
        return ",".join(
            [f"{calendar(stamp_us):%m/%d/%y %H:%M}", *(self._cell(c, t_us) for c in self._table.flow_columns)]
        )

    def statistics_header(self) -> str:
        """Names of the columns of the flow statistics."""
        return "Start,Elapsed,Flow(lpm),CV(%),Vol(m3),Flag,AT(C),ATMin,ATMax,BP(mmHg),BPMin,BPMax"

    def statistics(self, record: Record) -> str:
        """Flow statistics of the hour of a record: minutes with air drawn."""
        minutes = range(max(record.made_us - HOUR_US, 0) + MINUTE_US, record.made_us + 1, MINUTE_US)
        drawn = [(t, flow) for t in minutes if (flow := float(cast(float, self._face.read_at("flow", t)))) > 0.0]
        if not drawn:
            return f"{calendar(record.stamp_us):%m/%d/%y %H:%M},00:00,0.0,0.0,0.000,1,0.0,0.0,0.0,0,0,0"
        flows = [flow for _, flow in drawn]
        mean = sum(flows) / len(flows)
        spread = math.sqrt(sum((flow - mean) ** 2 for flow in flows) / len(flows))
        start = calendar(self.clock_us(drawn[0][0]) - MINUTE_US)
        failed = next(place for place, flag in enumerate(self._table.flags) if flag.letter == "F")
        cells = [f"{start:%m/%d/%y %H:%M}", f"{len(flows) // 60:02d}:{len(flows) % 60:02d}", f"{mean:.1f}",
                 f"{100.0 * spread / mean:.1f}", f"{sum(flows) / 1000.0:.3f}", self.flags(record)[failed]]  # fmt: skip
        for column in self._table.flow_columns[1:]:
            values = [float(cast(float, self._face.read_at(column.quantity, t))) for t, _ in drawn]
            cells += [column.render(value) for value in (sum(values) / len(values), min(values), max(values))]
        return ",".join(cells)

    # -- the unit itself ----------------------------------------------------------------------------------------------

    def identity(self) -> str:
        """Model, part number, revision."""
        part, _, revision = str(self._face.read("firmware")).partition(" ")
        return f"{self._face.read('model')}, {part}, R{revision}"

    def now(self) -> datetime:
        """Date and time by the unit's clock."""
        return calendar(self.clock_us())

    def parameter(self, row: Parameter) -> str:
        """Value of a parameter."""
        return row.render(float(cast(float, self._face.read(row.quantity))))

    def settings(self) -> str:
        """The settings report."""
        lines = ["BAM 1020 Settings Report", f"{self.now():%m/%d/%Y %H:%M:%S}"]
        lines += [f"{'Station ID':<18}{self._table.station}", f"{'Firmware':<18}{self._face.read('firmware')}"]
        lines += [f"{row.title:<18}{self.parameter(row)}" for row in self._table.parameters.values()]
        return LINE_END.join(lines) + LINE_END

    def errors(self) -> list[str]:
        """The hours with flags, newest last."""
        found = [(record, self._table.letters(int(self.flags(record), 2))) for record in self.records()]
        lines = [
            f"{calendar(record.stamp_us):%m/%d/%y %H:%M},{' '.join(letters)}" for record, letters in found if letters
        ]
        return lines[-_MOST_ERRORS:]
