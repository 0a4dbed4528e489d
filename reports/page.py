"""The page of one record in one language: what page 1 says, and the sections behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calibration.record import PrepareData, Record, Test
from reports import numbers
from reports.assurance import sentences
from reports.margin import margin_bar
from reports.messages import Words
from reports.phrases import Phrases, rescued
from reports.plots import Drawing
from reports.preparation import Preparation, preparation
from reports.section import Section

MOST_EXCEPTIONS = 12
"""Items that page 1 lists before its table; where more need attention the table is the list."""

LONG = 12
"""Sections from which on a page has a list of its contents."""


@dataclass(frozen=True)
class Group:
    """The tests of one device under its name."""

    title: str
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class Entry:
    """A line of the contents: what was done, and where each of its sections begins."""

    title: str
    places: tuple[tuple[str, str], ...]


class Page:
    """One record in one language: the texts and numbers that the templates put in place."""

    def __init__(self, record: Record, language: str, drawings: Sequence[Sequence[Drawing]]) -> None:
        self.record = record
        self.language = language
        self.words = Words(language)
        self.phrases = Phrases(self.words)
        self.coverage = _common({test.interval.coverage for test in record.tests if test.interval is not None},
                                lambda coverage: f"{numbers.shortest(100 * coverage)} %")  # fmt: skip
        self.lopsided = any(numbers.result(test).interval for test in record.tests)
        self.document = _only({test.document for test in record.tests})
        self.prior = _only({test.prior for test in record.tests if test.p_conform is not None})
        self._drawings = drawings
        self._anchors = {procedure.id: f"p{number}" for number, procedure in enumerate(record.procedures)}

    # -- page 1 ---------------------------------------------------------------------------------------------------

    def counts(self) -> list[str]:
        """Return how many items passed, failed and so on: a number is given only where it is not nothing."""
        tests, words = self.record.tests, self.words
        verdicts = dict.fromkeys(("pass", "fail", "undecided", "error", "void", "not tested"), 0)
        for test in tests:
            verdicts[test.verdict] += 1
        shown = [words("report.count", n=n, verdict=words.term("verdict", v)) for v, n in verdicts.items() if n]
        found = [words("report.counts", total=len(tests), list=words("report.list_comma").join(shown))] if tests else []
        for key, n in (
            ("report.count_marginal", sum(test.assurance == "marginal" for test in tests)),
            ("report.count_adjusted", sum(test.verdict == "pass" and rescued(test) for test in tests)),
            ("report.count_unconfirmed", sum(test.limit_mark != "read" for test in tests)),
        ):
            if n:
                found.append(words(key, n=n))
        return found

    def exceptions(self) -> list[Test]:
        """Return what a reader must see first: not a plain pass, marginal, or passed only after an adjustment."""
        ranks = {"error": 0, "fail": 1, "undecided": 2, "void": 3, "not tested": 3, "pass": 4}
        found = [t for t in self.record.tests if t.verdict != "pass" or t.assurance == "marginal" or rescued(t)]
        return sorted(found, key=lambda test: ranks[test.verdict])

    def more_exceptions(self) -> int:
        """Return how many of the exceptions page 1 has no room for."""
        return max(0, len(self.exceptions()) - MOST_EXCEPTIONS)

    def first_exceptions(self) -> list[Test]:
        """Return the exceptions that page 1 has room for."""
        return self.exceptions()[:MOST_EXCEPTIONS]

    def groups(self) -> list[Group]:
        """Return the tests by device, in the order of the record."""
        devices = {device.name: device for device in self.record.devices}
        tests: dict[str, list[Test]] = {}
        for test in self.record.tests:
            tests.setdefault(test.device, []).append(test)
        found = []
        for name, of_device in tests.items():
            device = devices.get(name)
            parts = [name] if device is None else [name, f"{device.maker} {device.model}".strip(), device.serial]
            found.append(Group(" · ".join(part for part in parts if part), tuple(of_device)))
        return found

    def margin(self, test: Test) -> str:
        """Return the margin bar."""
        label = self.words(
            "report.margin_label", item=self.phrases.criterion(test), result=self.phrases.result(test),
            limit=self.phrases.limit(test), verdict=self.words.term("verdict", test.verdict),
        )  # fmt: skip
        return margin_bar(test, label)

    def anchor(self, test: Test) -> str:
        """Return the identifier of the section that holds a test's data; empty if there is none."""
        return self._anchors.get(test.procedure_id, "")

    def period(self) -> str:
        """Return the first and the last instant of the run on the bench's clock."""
        run = self.record.run
        try:
            epoch = datetime.fromisoformat(run.epoch)
        except ValueError:
            return numbers.NOTHING
        ends = [epoch.replace(tzinfo=None) + timedelta(microseconds=us) for us in (run.started_us, run.ended_us)]
        zone = f" (UTC{epoch.isoformat()[-6:]})" if epoch.tzinfo else ""
        return " – ".join(end.isoformat(" ", "minutes") for end in ends) + zone

    def gaps(self) -> list[str]:
        """Return what is to be said of each time in which the run did not go on."""
        words, found = self.words, []
        for gap in self.record.run.wall.gaps:
            lasted = numbers.significant(gap.lasted_s)
            said = [words("report.gap", began=gap.began, ended=gap.ended, lasted=lasted)]
            if gap.repeats:
                what = words.term("repeats", gap.repeats)
                said.append(words("report.gap_repeats", step=words.term("procedure", gap.step), what=what))
            else:
                said.append(words("report.gap_nothing"))
            if gap.power_lost:
                said.append(words("report.gap_power", devices=", ".join(gap.power_lost)))
            found.append(self.joined(said))
        return found

    def legends(self) -> list[str]:
        """Return what explains the table of results, a paragraph each."""
        words, tests = self.words, self.record.tests
        said = [words("report.result_note", coverage=self.coverage)] if self.coverage else []
        said += [words("report.interval_note")] if self.lopsided else []
        said += [words("report.verdict_note"), words("report.marginal_note")]
        said += [words("report.prior_note", prior=words.term("prior", self.prior))] if self.prior else []
        found = [words("report.margin_note"), self.joined(said)]
        if any(test.limit_mark != "read" for test in tests):
            found.append(words("report.unconfirmed_note"))
        if any(test.as_left is not None for test in tests):
            found.append(words("report.adjusted_note"))
        return found

    def joined(self, sentences: Sequence[str]) -> str:
        """Return sentences as running text."""
        return ("" if self.language == "zh" else " ").join(sentences)

    # -- behind it ------------------------------------------------------------------------------------------------

    def preparation(self) -> Preparation | None:
        """Return the table of the preparation."""
        return preparation(self.record.procedures, self.phrases)

    def sections(self) -> list[Section]:
        """Return a section per entry of the record; a preparation has its table and needs none."""
        references = {reference.id: reference for reference in self.record.references}
        return [
            Section(
                number, procedure, [test for test in self.record.tests if test.procedure_id == procedure.id],
                [references[name] for name in procedure.references if name in references],
                self._drawings[number], self.phrases,
            )
            for number, procedure in enumerate(self.record.procedures)
            if not isinstance(procedure.data, PrepareData)
        ]  # fmt: skip

    def contents(self) -> list[Entry]:
        """Return what a long page holds behind page 1, a line for each step; nothing for a page that needs no list."""
        sections = self.sections()
        if len(sections) < LONG:
            return []
        places: dict[str, list[tuple[str, str]]] = {}
        for section in sections:
            places.setdefault(self.words.term("procedure", section.procedure.procedure), []).append(
                (section.anchor, section.subject())
            )
        return [Entry(title, tuple(its)) for title, its in places.items()]

    def untested(self) -> list[tuple[str, str, str]]:
        """Return what has no verdict of its own: device and item, state, reason."""
        found = [
            (self.phrases.item(test), self.words.term("verdict", test.verdict), self.reason(test))
            for test in self.record.tests
            if test.verdict in ("not tested", "void", "error")
        ]
        judged = {test.procedure_id for test in self.record.tests}
        for procedure in self.record.procedures:
            if procedure.status != "done" and procedure.id not in judged:
                why = " ".join(self.phrases.say(note) for note in procedure.notes) or self.words("report.no_reason")
                name = f"{procedure.device} · {self.words.term('procedure', procedure.procedure)}"
                found.append((name, self.words.term("status", procedure.status), why))
        return found

    def invalid(self) -> list[tuple[str, str, str, str]]:
        """Return from when to when no device under test measured ambient air: device, both ends, hours."""
        spans: dict[str, tuple[float, float]] = {}
        for procedure in self.record.procedures:
            if procedure.ended_s > procedure.started_s:
                first, last = spans.get(procedure.device, (procedure.started_s, procedure.ended_s))
                spans[procedure.device] = (min(first, procedure.started_s), max(last, procedure.ended_s))
        return [
            (device, self._at(first), self._at(last), numbers.fixed((last - first) / 3600, 1))
            for device, (first, last) in spans.items()
        ]

    def actions(self) -> list[tuple[Test, str]]:
        """Return what was or must be done: items that were adjusted, and those that failed and were not."""
        words, found = self.words, []
        for test in self.record.tests:
            if test.verdict in ("fail", "error"):
                found.append((test, words("report.action_open")))
            elif rescued(test):
                found.append((test, words("report.adjusted_from_to", ends=self.phrases.as_found(test))))
        return found

    def tested_by(self) -> str:
        """Return who ran the plan, as the computer knew him; empty if it did not."""
        user = self.record.run.wall.user
        return "" if user == "?" else user

    def _at(self, t_s: float) -> str:
        """Return an instant of the run on the bench's clock."""
        try:
            epoch = datetime.fromisoformat(self.record.run.epoch).replace(tzinfo=None)
        except ValueError:
            return numbers.NOTHING
        instant = epoch + timedelta(microseconds=self.record.run.started_us, seconds=t_s)
        return instant.isoformat(" ", "minutes")

    def chosen(self, text: str, chinese: str) -> str:
        """Return what a plan says of itself in the language of the page; in English where it has no other."""
        return chinese if self.language == "zh" and chinese else text

    def reason(self, test: Test) -> str:
        """Return why a test has no verdict."""
        return self.words("report.no_reason") if test.message is None else self.phrases.say(test.message)

    def assurance(self, test: Test) -> str:
        """Return what stands beside the verdict, as running text."""
        found = sentences(test, self.words)
        if test.p_conform is not None and not self.prior:
            found.append(self.words("assure.prior", prior=self.words.term("prior", test.prior)))
        return self.joined(found)


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def _common(values: set[float], shown: Callable[[float], str]) -> str:
    return " / ".join(shown(value) for value in sorted(values))
