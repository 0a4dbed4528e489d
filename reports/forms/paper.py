"""A filled form as a document for paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibration.record import Record
from reports.blocks import Block, Column, Document, Grid, Heading, Pairs, Paragraph, Row, Signatures
from reports.forms.filling import FilledForm, FilledTable, Sheet
from reports.messages import Words


def form_document(filled: FilledForm, records: Sequence[Record], language: str) -> Document:
    """Return the document of a form; each sheet begins a page."""
    words = Words("en" if language == "en" else "zh")
    marked = filled.simulated
    title = filled.title.replace("\n", " ")
    blocks = [block for n, sheet in enumerate(filled.sheets) for block in _blocks(filled, sheet, words, first=n == 0)]
    return Document(
        language=words.language, title=title, running=" · ".join(record.run.id for record in records[:3]),
        marked=words("report.simulated") if marked else "", note=words("report.simulated_note") if marked else "",
        page=words("report.page_of", n="{n}", m="{m}"), front=None, blocks=blocks, landscape=True,
    )  # fmt: skip


def _blocks(filled: FilledForm, sheet: Sheet, words: Words, *, first: bool) -> Iterator[Block]:
    yield Heading(filled.title.replace("\n", " "), level=1, paged=not first)
    yield Paragraph(filled.note, "legend")
    yield Pairs([(name.replace("\n", " "), entry.text) for name, entry in sheet.head], columns=2)
    yield from (_grid(table) for table in sheet.tables)
    yield Signatures([(words(f"form.{name}"), "") for name in ("filled_by", "reviewed_by", "date")])


def _grid(table: FilledTable) -> Grid:
    numeric = [any(row[n].number is not None for row in table.rows) for n in range(len(table.heads))]
    longest = [max(len(row[n].text) for row in table.rows) for n in range(len(table.heads))]
    columns = [
        Column(head, numeric=is_numeric, share=1.0 + min(length, 60) / 15)
        for head, is_numeric, length in zip(table.heads, numeric, longest, strict=True)
    ]
    return Grid(
        columns,
        [Row([cell.text for cell in row]) for row in table.rows],
        title=table.title.replace("\n", " "),
        lined=True,
    )
