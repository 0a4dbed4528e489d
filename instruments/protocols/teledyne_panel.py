"""What a Teledyne box shows: test functions, variables, standing warnings, its mode and its signals, in its words."""

from __future__ import annotations

from typing import cast

from instruments.device import Face, Value
from instruments.protocols.clink_formats import calendar
from instruments.protocols.teledyne_frame import UNKNOWN
from instruments.protocols.teledyne_rows import GAS, SignalRow, TestRow, VariableRow
from instruments.protocols.teledyne_table import TeledyneTable
from instruments.protocols.written import Written


class Panel:
    """The face of an instrument as a table words it. Nothing here changes anything.

    Args:
        table: the words.
        face: the instrument.
    """

    def __init__(self, table: TeledyneTable, face: Face) -> None:
        self._table, self._face = table, face
        self.restart()

    def restart(self) -> None:
        """The mains have gone: readings begin anew."""
        self._reads_for_long = False
        self._written = Written[str]()

    def measured(self, row: TestRow) -> str:
        """A test function as it is printed, without the head of the line."""
        if row.fixed:
            return f"{row.printed}={row.fixed}"
        if row.does == "time":
            return f"{row.printed}={calendar(self._face.clock_us()).strftime('%H:%M:%S')}"
        values = self._table.values
        unit = values.unit(row, self._read)
        inside = [self._face.read(quantity) for quantity in (row.of, *row.beside.values())]
        if row.unit == GAS and self._is_too_early():
            return self._in_words(row, [UNKNOWN] * len(inside), unit)
        return self._written.text(
            row.name, [unit, *inside],
            lambda _: self._in_words(row, [values.measured(row, one, unit, self._read) for one in inside], unit),
        )  # fmt: skip

    @staticmethod
    def _in_words(row: TestRow, texts: list[str], unit: str) -> str:
        words = [f"{label}={text}" for label, text in zip((row.printed, *row.beside), texts, strict=True)]
        return " ".join([*words, unit]).rstrip()

    def _is_too_early(self) -> bool:
        """Whether no concentration can be told yet; once it can, that stays so until the mains go."""
        if not self._reads_for_long:
            self._reads_for_long = cast(float, self._face.read("uptime_s")) >= self._table.figure("first_reading")
        return not self._reads_for_long

    def told(self, row: VariableRow) -> str:
        """A variable with its limits."""
        values, limits = self._table.values, self._table.values.limits(row)
        words = [f"{row.name}={values.written(row, self._read)}"]
        if limits.warn_low is not None or limits.warn_high is not None:
            words += [_limit(limits.warn_low), _limit(limits.warn_high)]
        if limits.low is not None or limits.high is not None:
            words.append(f"<{_limit(limits.low)}-{_limit(limits.high)}>")
        return " ".join(words)

    def mode(self) -> str:
        """What the box is doing: the setting behind ``V MODE``."""
        return str(self._face.read(self._table.rows.mode.of))

    def standing(self) -> list[str]:
        """Designators of the warnings that stand, in the order of the table."""
        alarms = self._face.read("alarms")
        standing = {alarm.partition(":")[0] for alarm in alarms} if isinstance(alarms, tuple) else set()
        return [
            row.name for row in self._table.warnings.values()
            if (row.alarm in standing if row.alarm else self._face.read(row.latch) is True)
        ]  # fmt: skip

    def signal(self, row: SignalRow) -> str:
        """A digital signal."""
        on = all(self._face.read(name) in values for name, values in row.on.items())
        return f"{row.label or row.name}={'ON' if on else 'OFF'}"

    def _read(self, name: str) -> Value:
        return self._face.read(name)


def _limit(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
