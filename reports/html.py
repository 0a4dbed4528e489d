"""The report as one page of HTML that needs nothing else: figures and style inside, no script, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from calibration.record import Level, Message, MultipointData, ProcedureRun, Record, Reference, Test, ZeroSpanData
from reports import numbers
from reports.assurance import sentences
from reports.figures import draw
from reports.margin import margin_bar
from reports.messages import MessageError, Words
from reports.plots import Drawing

_TEMPLATES = Path(__file__).parent / "templates"
_NEGLIGIBLE = 1e-12  # share of the variance below which a contribution is the computer's rounding
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def render(
    record: Record,
    language: str,
    drawings: Sequence[Sequence[Drawing]] | None = None,
    others: Mapping[str, str] | None = None,
) -> str:
    """Return the report in ``language``.

    ``drawings`` are the figures of each procedure, as :func:`reports.figures.draw` gives them (they serve every
    language); without them they are drawn. ``others`` maps further languages to the files that hold this report.

    Raises:
        MessageError: the catalogue has no such language.
    """
    page = Page(record, language, draw(record) if drawings is None else drawings)
    links = [(Words(other)("report.language_name"), other, file) for other, file in (others or {}).items()]
    return str(_template().render(p=page, t=page.words, record=record, others=links))


class Page:
    """One record in one language: the texts and numbers that the templates put in place."""

    def __init__(self, record: Record, language: str, drawings: Sequence[Sequence[Drawing]]) -> None:
        self.record = record
        self.language = language
        self.words = Words(language)
        self.style = _style()
        self.running = re.sub(r"[^\w .:+-]", "_", record.run.id)
        self.coverage = _common_coverage(record.tests)
        self._drawings = drawings
        self._devices = {device.name: device for device in record.devices}
        self._references = {reference.id: reference for reference in record.references}
        self._entries = {procedure.id for procedure in record.procedures}
        self.fixed, self.significant, self.shortest = numbers.fixed, numbers.significant, numbers.shortest
        self.result = numbers.result

    # -- page 1 ---------------------------------------------------------------------------------------------------

    def counts(self) -> list[str]:
        """Return how many items passed, failed and so on, in sentences."""
        tests, words = self.record.tests, self.words
        known = {"passed": "pass", "failed": "fail", "undecided": "undecided"}
        by = {name: sum(test.verdict == verdict for test in tests) for name, verdict in known.items()}
        found = [words("report.counts", total=len(tests), other=len(tests) - sum(by.values()), **by)]
        for key, n in (
            ("report.count_marginal", sum(test.assurance == "marginal" for test in tests)),
            ("report.count_adjusted", sum(test.verdict == "pass" and self.rescued(test) for test in tests)),
            ("report.count_unconfirmed", sum(test.limit_mark != "read" for test in tests)),
        ):
            if n:
                found.append(words(key, n=n))
        return found

    def groups(self) -> list[tuple[str, list[Test]]]:
        """Return the tests by device: a heading and the tests in the order of the record."""
        found: dict[str, list[Test]] = {}
        for test in self.record.tests:
            found.setdefault(test.device, []).append(test)
        return [(self.device_title(name), tests) for name, tests in found.items()]

    def device_title(self, name: str) -> str:
        """Return a device as ``name · maker model · serial``."""
        device = self._devices.get(name)
        parts = [name] if device is None else [name, f"{device.maker} {device.model}".strip(), device.serial]
        return " · ".join(part for part in parts if part)

    def criterion(self, test: Test) -> str:
        """Return the words for a criterion, named whole (``multipoint.slope``) or within its procedure (``slope``)."""
        found = self.words.term("criterion", test.criterion)
        if found == test.criterion:
            found = self.words.term("criterion", f"{test.procedure}.{test.criterion}")
        return test.criterion if found == f"{test.procedure}.{test.criterion}" else found

    def unit(self, unit: str) -> str:
        """Return a unit as shown; nothing for the unit one."""
        return "" if unit in ("", "1") else self.words.term("unit", unit)

    def clause(self, test: Test) -> str:
        """Return document and clause."""
        return f"{test.document} {self.words.term('clause', test.clause)}".strip()

    def limit(self, test: Test) -> str:
        """Return the limits with their unit."""
        low, high, short, words = test.limit_low, test.limit_high, numbers.shortest, self.words
        if low is not None and high is not None:
            if low == -high:
                text = words("limit.plus_minus", limit=short(high))
            else:
                text = words("limit.between", low=short(low), high=short(high))
        elif low is not None:
            text = words("limit.at_least", limit=short(low))
        elif high is not None:
            text = words("limit.at_most", limit=short(high))
        else:
            return numbers.NOTHING
        return f"{text} {self.unit(test.unit)}".strip()

    def result_text(self, test: Test, *, with_unit: bool = True) -> str:
        """Return the result as one text: value, uncertainty or interval, unit."""
        found = numbers.result(test)
        text = found.value
        if found.expanded:
            text = f"{text} ± {found.expanded}"
        elif found.interval:
            text = f"{text} {found.interval}"
        unit = self.unit(test.unit) if with_unit and test.value is not None else ""
        if unit and found.expanded:
            return f"({text}) {unit}"
        return f"{text} {unit}".strip()

    def margin(self, test: Test) -> str:
        """Return the margin bar."""
        label = self.words(
            "report.margin_label", item=self.criterion(test), result=self.result_text(test), limit=self.limit(test),
            verdict=self.words.term("verdict", test.verdict),
        )  # fmt: skip
        return margin_bar(test, label)

    def rescued(self, test: Test) -> bool:
        """Whether only an adjustment brought the result within its limits."""
        if test.as_found is None or test.as_left is None:
            return False
        return not numbers.within(test.as_found, test.limit_low, test.limit_high)

    def period(self) -> str:
        """Return the first and the last instant of the run on the bench's clock."""
        run = self.record.run
        try:
            epoch = datetime.fromisoformat(run.epoch)
        except ValueError:
            return numbers.NOTHING
        ends = [epoch + timedelta(seconds=us // 1_000_000) for us in (run.started_us, run.ended_us)]
        return " – ".join(end.isoformat(" ", "seconds") for end in ends)

    # -- sections -------------------------------------------------------------------------------------------------

    def anchor(self, test: Test) -> str:
        """Return the identifier of the section that holds a test's data; empty if there is none."""
        ids = [procedure.id for procedure in self.record.procedures]
        return f"p{ids.index(test.procedure_id)}" if test.procedure_id in self._entries else ""

    def title(self, procedure: ProcedureRun) -> str:
        """Return what was done to what."""
        title = self.words.term("procedure", procedure.procedure)
        data = procedure.data
        if isinstance(data, ZeroSpanData | MultipointData):
            title += f" · {self.words.term('quantity', data.quantity)}"
        return title

    def tests_of(self, procedure: ProcedureRun) -> list[Test]:
        """Return the tests that rest on the data of one entry."""
        return [test for test in self.record.tests if test.procedure_id == procedure.id]

    def untested(self) -> list[tuple[str, str, str]]:
        """Return what has no verdict of its own: device and item, state, reason."""
        found = []
        for test in self.record.tests:
            if test.verdict in ("not tested", "void", "error"):
                name = f"{test.device} · {self.words.term('quantity', test.quantity)} · {self.criterion(test)}"
                why = self.say(test.message) if test.message else self.words("report.no_reason")
                found.append((name, self.words.term("verdict", test.verdict), why))
        judged = {test.procedure_id for test in self.record.tests}
        for procedure in self.record.procedures:
            if procedure.status != "done" and procedure.id not in judged:
                why = " ".join(self.say(note) for note in procedure.notes) or self.words("report.no_reason")
                name = f"{procedure.device} · {self.title(procedure)}"
                found.append((name, self.words.term("status", procedure.status), why))
        return found

    def figures(self, number: int) -> list[tuple[str, str]]:
        """Return the figures of entry ``number``: SVG and caption."""
        return [(drawing.svg(self.words), drawing.caption.text(self.words)) for drawing in self._drawings[number]]

    def references_of(self, procedure: ProcedureRun) -> list[Reference]:
        """Return the references of an entry; one that the record does not describe is left out."""
        return [self._references[name] for name in procedure.references if name in self._references]

    def places(self, data: ZeroSpanData | MultipointData) -> int:
        """Return the decimals of a table of readings: five significant digits at full scale."""
        return min(numbers.MOST_PLACES, max(0, numbers.places_for(abs(data.full_scale), 5)))

    def residual(self, data: MultipointData, number: int) -> float | None:
        """Return the residual of level ``number``, if a line was fitted and the level took part in it."""
        used = [level for level in data.levels if level.mean is not None and level.refused is None]
        level = data.levels[number]
        if data.fit is None or len(data.fit.residuals) != len(used) or level not in used:
            return None
        return data.fit.residuals[used.index(level)]

    def window(self, level: Level, start: float) -> str:
        """Return the stability window in minutes since the start of the procedure."""
        if level.window_start_s is None or level.window_end_s is None:
            return numbers.NOTHING
        ends = ((s - start) / 60 for s in (level.window_start_s, level.window_end_s))
        return "–".join(numbers.fixed(end, 1) for end in ends)

    def assurance(self, test: Test) -> str:
        """Return what stands beside the verdict, as running text."""
        return ("" if self.language == "zh" else " ").join(sentences(test, self.words))

    def budget(self, test: Test) -> dict[str, Any]:
        """Return the lines of a budget with their share of the variance, and its sums."""
        total = sum(line.contribution**2 for line in test.budget if not line.cancels)
        places = min(numbers.MOST_PLACES, numbers.places_for(test.u or total**0.5, 2) + 1)
        expanded = numbers.half_width(test.interval, test.value)
        lines = []
        for line in test.budget:
            share = line.contribution**2 / total if total > 0 else 0.0
            nothing = share < _NEGLIGIBLE
            sensitivity = "0" if nothing else numbers.significant(line.sensitivity, 3)
            part = "0" if nothing else numbers.fixed_or_less(abs(line.contribution), places)
            lines.append((line, sensitivity, part, "–" if nothing else numbers.share(share)))
        k = None if expanded is None or not test.u else expanded / test.u
        return {"lines": lines, "expanded": expanded, "k": k}

    def with_error(self, value: float, error: float) -> str:
        """Return a parameter of a line with its standard error, to matching digits."""
        if error <= 0:
            return numbers.significant(value, 5)
        places = numbers.places_for(error)
        shown = self.words("report.standard_error", value=numbers.significant(error, 2))
        return f"{numbers.fixed(value, places)} ({shown})"

    def correlation(self, r: float) -> str:
        """Return a correlation coefficient."""
        return numbers.coefficient(r, 5)

    def content(self, value: float, unit: str) -> str:
        """Return the value of a reference with its unit."""
        shown, unit = numbers.amount(value, unit)
        return f"{numbers.shortest(shown)} {self.unit(unit)}".strip()

    def content_u(self, reference: Reference) -> str:
        """Return the standard uncertainty of a reference, in the unit that its value is shown in."""
        value, unit = numbers.amount(reference.value, reference.unit)
        u = reference.u if unit == reference.unit else reference.u * value / reference.value
        return f"{numbers.significant(u, 2)} {self.unit(unit)}".strip()

    def bands(self, data: ZeroSpanData) -> str:
        """Return the bands of a zero/span check in words."""
        short = numbers.shortest
        (zero_adjust, zero_out), (span_adjust, span_out) = data.zero_bands, data.span_bands_pct
        return self.words(
            "report.bands_text", unit=data.unit, zero_adjust=short(zero_adjust), zero_out=short(zero_out),
            span_adjust=short(span_adjust), span_out=short(span_out),
        )  # fmt: skip

    def changed(self, procedure: ProcedureRun) -> bool:
        """Whether a setting is not as it was before the procedure."""
        return any(setting.as_found != setting.as_left for setting in procedure.settings)

    def dof(self, dof: float | None) -> str:
        """Return degrees of freedom; none given means infinitely many, and more than a thousand are as good."""
        if dof is None:
            return "∞"
        return "> 1000" if dof > 1000 else numbers.fixed(dof, 0)

    def say(self, message: Message) -> str:
        """Return a message of the record as a sentence, or as key and values if the catalogue is older than it."""
        try:
            return self.words.message(message)
        except MessageError:
            values = ", ".join(f"{name} = {value}" for name, value in message.values.items())
            return f"{message.key} {values}".strip()


def _common_coverage(tests: Sequence[Test]) -> str:
    found = sorted({test.interval.coverage for test in tests if test.interval is not None})
    return " / ".join(f"{numbers.shortest(100 * coverage)} %" for coverage in found)


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_printable,
    )  # fmt: skip
    return environment.get_template("report.html.j2")


def _printable(value: object) -> object:
    """Take out what no page may hold; a device can answer with any byte."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")
