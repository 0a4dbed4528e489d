"""The dossier of one instrument: what a network's rules want kept of it, gathered from the records of its runs.

Article 27(2) of the quality-control rules for national city stations asks for manual, model, maker, serial number,
calibration records, operation records, first place and time of installation, report of installation and debugging,
acceptance report, and adjustments and tests of the key technical parameters (read). What no record holds is said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from calibration.record import (
    ConverterData,
    DeviceInfo,
    MeasuredData,
    Message,
    ProcedureRun,
    Record,
    Reference,
    Setting,
    Test,
    ZeroSpanData,
)
from reports.messages import Words
from reports.phrases import Phrases

_TEMPLATES = Path(__file__).parent / "templates"
_DEBUG, _ACCEPTANCE = ("debug",), ("acceptance",)
"""Words in the name of a plan that tells what its report is to article 27(2)."""


@dataclass(frozen=True)
class Chapter:
    """One run of the instrument: its record, what it was called, and the page with its report."""

    name: str
    record: Record
    device: DeviceInfo
    link: str

    @property
    def day(self) -> str:
        """Day at the bench on which the run began."""
        run = self.record.run
        return (datetime.fromisoformat(run.epoch) + timedelta(microseconds=run.started_us)).date().isoformat()

    @property
    def tests(self) -> list[Test]:
        """What was judged of the instrument."""
        return [test for test in self.record.tests if test.device == self.device.name]

    @property
    def not_passed(self) -> list[Test]:
        """What of it did not pass."""
        return [test for test in self.tests if test.verdict != "pass"]

    @property
    def changes(self) -> list[tuple[str, Setting]]:
        """Parameters that were another after a procedure than before: the procedure's name, and both values."""
        return [
            (entry.procedure, setting)
            for entry in self._own() for setting in _settings(entry) if setting.as_found != setting.as_left
        ]  # fmt: skip

    @property
    def events(self) -> list[Message]:
        """What a procedure had to say of the instrument beside its figures."""
        return [note for entry in self._own() for note in entry.notes]

    def _own(self) -> Iterator[ProcedureRun]:
        return (entry for entry in self.record.procedures if entry.device == self.device.name)


def _settings(entry: ProcedureRun) -> Iterator[Setting]:
    yield from entry.settings
    data = entry.data
    if isinstance(data, ZeroSpanData):
        yield from data.coefficients
    elif isinstance(data, MeasuredData):
        yield from data.settings
    elif isinstance(data, ConverterData) and data.stored_factor is not None:
        yield data.stored_factor


@dataclass(frozen=True)
class Dossier:
    """An instrument's runs, the oldest first, for the template."""

    serial: str
    chapters: Sequence[Chapter]

    @property
    def device(self) -> DeviceInfo:
        """The instrument as it last presented itself."""
        return self.chapters[-1].device

    @property
    def simulated(self) -> bool:
        """Whether any of its runs was on emulated devices."""
        return any(chapter.record.run.simulated for chapter in self.chapters)

    @property
    def firmwares(self) -> list[tuple[str, str]]:
        """Each firmware with the day on which it was first seen."""
        seen: dict[str, str] = {}
        for chapter in self.chapters:
            seen.setdefault(chapter.device.firmware, chapter.day)
        return [(firmware, day) for firmware, day in seen.items() if firmware]

    def reports_of(self, kind: str) -> list[Chapter]:
        """Runs whose plan is one of debugging or acceptance."""
        words = {"debug": _DEBUG, "acceptance": _ACCEPTANCE}[kind]
        return [one for one in self.chapters if any(word in Path(one.record.run.plan).stem for word in words)]

    @property
    def due(self) -> list[Reference]:
        """Standards of the last run, the first to expire first."""
        return sorted(self.chapters[-1].record.references, key=lambda one: one.expires)


def dossier_of(serial: str, runs: Sequence[tuple[str, Record, str]]) -> Dossier:
    """Gather the runs of one instrument.

    Args:
        serial: its serial number.
        runs: name, record and link to its report, in any order.

    Raises:
        ValueError: none of the runs has such an instrument.
    """
    chapters = [
        Chapter(name, record, device, link)
        for name, record, link in runs for device in record.devices if device.serial == serial
    ]  # fmt: skip
    if not chapters:
        raise ValueError(f"no run with an instrument of serial number {serial}")
    return Dossier(serial, sorted(chapters, key=lambda one: (one.day, one.record.run.wall.started, one.name)))


def render_dossier(dossier: Dossier, language: str, others: Sequence[tuple[str, str]] = ()) -> str:
    """Return the dossier as one page of HTML.

    Args:
        dossier: of one instrument.
        language: ``en`` or ``zh``.
        others: further languages and the files that hold the dossier in them.

    Raises:
        MessageError: the catalogue has no such language.
    """
    words = Words(language)
    links = [(Words(other)("report.language_name"), other, file) for other, file in others]
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    return str(_template().render(d=dossier, t=words, f=Phrases(words), style=style, language=language, others=links))


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("dossier.html.j2")  # fmt: skip
