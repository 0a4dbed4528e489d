"""A record as a document for paper: what page 1 says, and what follows on it.

The same content as the page of HTML, from the same :class:`reports.page.Page` and the same catalogue of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibration.record import Record, Test
from reports.blocks import (
    Block,
    Box,
    Column,
    Contents,
    Document,
    Drawn,
    Front,
    Grid,
    Inline,
    Items,
    Paragraph,
    Row,
    Span,
)
from reports.blocks import Heading as Title
from reports.page import Page
from reports.paper_judged import judgement, sign
from reports.paper_section import section_blocks
from reports.paper_station import appendix_blocks, station_blocks
from reports.plots import Drawing

_BOXES: dict[str, Box] = {"fail": "bad", "error": "bad", "pass": "plain"}
_BAR_MM = 24.0


def document(record: Record, language: str, drawings: Sequence[Sequence[Drawing]]) -> Document:
    """Return the report of ``record`` in ``language``; ``drawings`` are the figures of each of its procedures."""
    page = Page(record, language, drawings)
    words = page.words
    blocks = [*_summary(page), *_contents(page), *station_blocks(page)]
    for section in page.sections():
        blocks += section_blocks(page, section)
    blocks += appendix_blocks(page)
    return Document(
        language=language, title=words("report.title"), running=record.run.id,
        marked=words("report.simulated") if record.run.simulated else "",
        note=words("report.simulated_note") if record.run.simulated else "",
        page=words("report.page_of", n="{n}", m="{m}"), front=_front(page), blocks=blocks,
    )  # fmt: skip


def _front(page: Page) -> Front:
    words, run = page.words, page.record.run
    bench = run.bench if run.seed is None else f"{run.bench} · {words('report.seed_value', seed=run.seed)}"
    verdict = page.record.verdict
    return Front(
        title=words("report.title"), subject=words("report.subject"),
        facts=[
            (words("report.run_id"), run.id), (words("report.bench"), bench), (words("report.plan"), run.plan),
            (words("report.decision_rule"), words.term("rule", run.decision_rule)),
            (words("report.period"), page.period()),
        ],
        label=words("report.verdict"), verdict=sign(verdict) + words.term("verdict", verdict),
        style=_BOXES.get(verdict, "dashed"),
    )  # fmt: skip


def _summary(page: Page) -> Iterator[Block]:
    words, record = page.words, page.record
    counts = page.counts()
    space = "" if page.language == "zh" else " "
    line: list[str | Span | Drawn] = [Span(counts[0], "bold"), space + space.join(counts[1:])] if counts else []
    yield Paragraph(line)
    if page.first_exceptions():
        yield _exceptions(page)
    warnings: list[tuple[Inline, bool]] = [(gap, True) for gap in page.gaps()]
    warnings += [(page.phrases.say(note), note.key == "safe.not_reached") for note in record.notes]
    if warnings:
        yield Items(warnings)
    yield Title(words("report.results"))
    yield _results(page)
    yield from (Paragraph(text, "legend") for text in page.legends())


def _exceptions(page: Page) -> Grid:
    words, phrases, rows = page.words, page.phrases, []
    for test in page.first_exceptions():
        said = (
            page.reason(test)
            if test.value is None
            else words("report.against_limit", result=phrases.result(test), limit=phrases.limit(test))
        )
        rows.append(Row([judgement(page, test), Span(phrases.item(test), to=page.anchor(test)), said]))
    if page.more_exceptions():
        rows.append(Row([words("report.more_exceptions", n=page.more_exceptions())]))
    return Grid([Column(""), Column(""), Column("", share=1)], rows, framed=True)


def _results(page: Page) -> Grid:
    words = page.words
    rows: list[Row] = []
    for group in page.groups():
        rows.append(Row([group.title], "group"))
        rows += [_result(page, test) for test in group.tests]
    return Grid(
        [
            Column(words("report.item")), Column("", share=1.5), Column(words("report.clause"), page.document, share=1),
            Column(words("report.limit")), Column(words("report.result"), numeric=True),
            Column(words("report.margin")), Column(words("report.verdict_column")),
        ],
        rows,
    )  # fmt: skip


def _result(page: Page, test: Test) -> Row:
    words, phrases = page.words, page.phrases
    limit: list[str | Span | Drawn] = [phrases.limit(test)]
    if test.limit_mark != "read":
        limit += ["\n", Span(words("report.not_confirmed"), "hedge")]
    bar = page.margin(test)
    return Row(
        [
            words.term("quantity", test.quantity), Span(phrases.criterion(test), to=page.anchor(test)),
            Span(phrases.clause(test, with_document=not page.document), "small"), limit, phrases.result(test),
            Drawn(bar, _BAR_MM) if bar else "", judgement(page, test),
        ]
    )  # fmt: skip


def _contents(page: Page) -> Iterator[Block]:
    entries = page.contents()
    if not entries:
        return
    words = page.words
    yield Title(words("report.contents"), anchor="contents")
    names: dict[str, str] = {
        "devices": words("report.devices"), "references": words("report.references"),
        "preparation": words.term("procedure", "prepare"), "untested": words("report.not_tested"),
    }  # fmt: skip
    there = [name for name in names if name != "preparation" or page.preparation()]
    lines: list[tuple[str, Sequence[tuple[str, str]]]] = [("", [(name, names[name])]) for name in there]
    lines += [(words("report.contents_item", title=entry.title), entry.places) for entry in entries]
    if page.record.run.plan_parameters:
        lines.append(("", [("parameters", words("report.parameters"))]))
    lines.append(("", [("run", words("report.run"))]))
    yield Contents(lines)
