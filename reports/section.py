"""One entry of the record (one procedure on one device) as a section of the page."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.record import (
    Level,
    MeasuredData,
    MultipointData,
    ProcedureRun,
    Reference,
    Setting,
    Test,
    ZeroSpanData,
)
from reports import numbers
from reports.phrases import Phrases
from reports.plots import Drawing
from reports.tables import TableView, table_view

_LONG_MIN = 600.0
"""Minutes from which on hours are easier to read."""
_LATE_MIN = 6000.0
"""Minute of a run from which on hours say better when it was."""
_OF_ONE_CHANNEL = (ZeroSpanData, MultipointData, MeasuredData)


class Section:
    """What the template of a section asks for: title, figures, table columns, settings, references."""

    def __init__(
        self, number: int, procedure: ProcedureRun, tests: Sequence[Test], references: Sequence[Reference],
        drawings: Sequence[Drawing], phrases: Phrases,
    ) -> None:  # fmt: skip
        self.anchor = f"p{number}"
        self.procedure = procedure
        self.data = procedure.data
        self.tests = tests
        self.references = [phrases.reference(reference) for reference in references]
        self.figures = [(drawing.svg(phrases.words), drawing.caption.text(phrases.words)) for drawing in drawings]
        self._phrases = phrases

    def title(self) -> str:
        """Return what was done to what."""
        words = self._phrases.words
        title = words.term("procedure", self.procedure.procedure)
        if isinstance(self.data, _OF_ONE_CHANNEL) and self.data.quantity:
            title += f" · {words.term('quantity', self.data.quantity)}"
        return title

    def subject(self) -> str:
        """Return on what it was done: the device, and the quantity if the section is about one."""
        if isinstance(self.data, _OF_ONE_CHANNEL) and self.data.quantity:
            return f"{self.procedure.device} {self._phrases.words.term('quantity', self.data.quantity)}"
        return self.procedure.device

    @property
    def paged(self) -> bool:
        """Whether it begins a page of its own; a long plan has too many entries of general data for that."""
        return bool(self.figures) and not isinstance(self.data, MeasuredData)

    def period(self) -> str:
        """Return when it was done: minutes of the run, hours once it had gone on for days."""
        start, end = self.procedure.started_s / 60, self.procedure.ended_s / 60
        late = end >= _LATE_MIN
        unit, places = (60.0, 1) if late else (1.0, 0)
        words, shown = self._phrases.words, {"start": numbers.fixed(start / unit, places)}
        if end - start < 0.5:
            return words("report.procedure_instant_hours" if late else "report.procedure_instant", **shown)
        shown["end"] = numbers.fixed(end / unit, places)
        shown["length"] = (
            f"{numbers.fixed((end - start) / 60, 1)} h" if self._long else f"{numbers.fixed(end - start, 0)} min"
        )
        return words("report.procedure_period_hours" if late else "report.procedure_period", **shown)

    # -- levels ---------------------------------------------------------------------------------------------------

    def levels(self) -> list[Level]:
        """Return the levels of the data, as found before as left."""
        if isinstance(self.data, ZeroSpanData):
            return [*self.data.as_found, *self.data.as_left]
        return self.data.levels if isinstance(self.data, MultipointData | MeasuredData) else []

    def places(self) -> int:
        """Return the decimals of a table of readings: five significant digits at full scale."""
        scale = abs(self.data.full_scale) if isinstance(self.data, _OF_ONE_CHANNEL) else 0.0
        return min(numbers.MOST_PLACES, max(0, numbers.places_for(scale, 5)))

    def residual(self, number: int) -> float | None:
        """Return the residual of level ``number``, if a line was fitted and the level took part in it."""
        data = self.data
        if not isinstance(data, MultipointData) or data.fit is None:
            return None
        used = [level for level in data.levels if level.mean is not None and level.refused is None]
        level = data.levels[number]
        if len(data.fit.residuals) != len(used) or level not in used:
            return None
        return data.fit.residuals[used.index(level)]

    @property
    def window_unit(self) -> str:
        """Unit of :meth:`window`: min, or h in a procedure that took long."""
        return "h" if self._long else "min"

    @property
    def _long(self) -> bool:
        return (self.procedure.ended_s - self.procedure.started_s) / 60 >= _LONG_MIN

    def window(self, level: Level) -> str:
        """Return the stability window since the start of the procedure."""
        if level.window_start_s is None or level.window_end_s is None:
            return numbers.NOTHING
        unit_s, places = (3600, 2) if self._long else (60, 1)
        ends = ((s - self.procedure.started_s) / unit_s for s in (level.window_start_s, level.window_end_s))
        return "–".join(numbers.fixed(end, places) for end in ends)

    def bands(self, data: ZeroSpanData) -> str:
        """Return the bands of a zero/span check in words."""
        short = numbers.shortest
        (zero_adjust, zero_out), (span_adjust, span_out) = data.zero_bands, data.span_bands_pct
        return self._phrases.words(
            "report.bands_text", unit=data.unit, zero_adjust=short(zero_adjust), zero_out=short(zero_out),
            span_adjust=short(span_adjust), span_out=short(span_out),
        )  # fmt: skip

    def tables(self) -> list[TableView]:
        """Return the tables of general data."""
        return (
            [table_view(table, self._phrases) for table in self.data.tables]
            if isinstance(self.data, MeasuredData)
            else []
        )

    # -- settings -------------------------------------------------------------------------------------------------

    def changed(self) -> list[tuple[str, str, str]]:
        """Return the settings that are not as they were: name, as found, as left."""
        return [
            (self._name(setting), self._value(setting, setting.as_found), self._value(setting, setting.as_left))
            for setting in self.procedure.settings
            if setting.as_found != setting.as_left
        ]

    def adjusted(self, settings: Sequence[Setting]) -> list[tuple[str, str, str]]:
        """Return what a procedure says of settings: name, before, after."""
        return [(self._name(s), self._value(s, s.as_found), self._value(s, s.as_left)) for s in settings]

    def unchanged(self) -> list[str]:
        """Return the settings that stayed, as ``name value unit``."""
        return [
            f"{self._name(setting)} {self._value(setting, setting.as_found)}"
            for setting in self.procedure.settings
            if setting.as_found == setting.as_left
        ]

    def _name(self, setting: Setting) -> str:
        return self._phrases.words.term("setting", setting.name)

    def _value(self, setting: Setting, value: str) -> str:
        """A value with its unit; ranges and backgrounds are in the unit of gas that the device is set to."""
        words = self._phrases.words
        if not value:
            return numbers.NOTHING
        gas = next((other.as_found for other in self.procedure.settings if other.name == "gas_unit"), "")
        if setting.name == "range" or setting.name.endswith("_bkg"):
            return f"{value} {gas}".strip()
        return f"{value} s" if setting.name == "averaging_time" else words.term("state", value)
