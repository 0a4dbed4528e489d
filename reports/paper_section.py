"""One entry of the record on paper: figures, data, evaluation, references, settings."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.record import ConverterData, Level, MeasuredData, MultipointData, TitrationPoint, ZeroSpanData
from reports import numbers
from reports.blocks import Block, Column, Drawn, Figure, Grid, Heading, Inline, Pairs, Paragraph, Row, Side, Span
from reports.page import Page
from reports.paper_judged import judged, line_table, sign
from reports.section import Section
from reports.tables import TableView

_MOMENTS = ("before", "titrated", "after")


def section_blocks(page: Page, section: Section) -> Iterator[Block]:
    """Return the blocks of one entry."""
    words, procedure, data = page.words, section.procedure, section.data
    yield Heading(
        f"{procedure.device} · {section.title()}", anchor=section.anchor, paged=section.paged,
        aside=f"{words.term('status', procedure.status)} · {section.period()}",
    )  # fmt: skip
    yield from (Paragraph(page.phrases.say(note)) for note in procedure.notes)
    yield from (Figure(svg, caption) for svg, caption in section.figures)
    if data is None:
        yield Paragraph(words("report.no_data"))
    elif isinstance(data, ConverterData):
        yield from _titrations(page, data)
    elif isinstance(data, MeasuredData):
        yield from _measured(page, section, data)
    elif isinstance(data, ZeroSpanData | MultipointData):
        yield from _levels(page, section, data)
    yield from (judged(page, test) for test in section.tests)
    if section.references:
        listed = words("report.list_semicolon").join(section.references)
        yield Paragraph([Span(words("report.references_used"), "bold"), " ", listed], "small")
    if procedure.settings:
        yield Paragraph(_settings(page, section), "small")


def _settings(page: Page, section: Section) -> Inline:
    words, semicolon = page.words, page.words("report.list_semicolon")
    changed = section.changed()
    line: list[str | Span | Drawn] = [Span(words("report.settings"), "bold"), " "]
    for name, before, after in changed:
        line += [f"{name} {before} → ", Span(after, "bold"), semicolon]
    count = len(section.procedure.settings)
    stayed = words("report.stayed") if changed else words("report.unchanged", n=count)
    return [*line, Span(f"{stayed} {semicolon.join(section.unchanged())}", "quiet")]


# -- levels -----------------------------------------------------------------------------------------------------------


def _levels(page: Page, section: Section, data: ZeroSpanData | MultipointData) -> Iterator[Block]:
    words, phrases = page.words, page.phrases
    yield _level_table(page, section)
    if isinstance(data, ZeroSpanData):
        outcome: list[str | Span | Drawn] = [Span(words.term("outcome", data.outcome), "bold")]
        outcome.append(f" · {words('report.adjust')}: {words.term('adjust', data.adjust)}")
        for setting in data.coefficients:
            outcome.append(f" · {words.term('setting', setting.name)} {setting.as_found}")
            if setting.as_found != setting.as_left:
                outcome += [" → ", Span(setting.as_left, "bold")]
        bands: Inline = [section.bands(data), " ", Span(f"({words.term('mark', data.bands_mark)})", "hedge")]
        yield Pairs([(words("report.outcome"), outcome), (words("report.bands"), bands)])
    elif data.fit is None:
        yield Paragraph(words("report.no_fit"))
    else:
        yield line_table(page, data.fit, phrases.unit(data.unit))


def _level_table(page: Page, section: Section) -> Grid:
    words, data = page.words, section.data
    assert isinstance(data, ZeroSpanData | MultipointData | MeasuredData)  # the callers have seen that it is one
    unit = page.phrases.unit(data.unit)
    checked, fitted = isinstance(data, ZeroSpanData), isinstance(data, MultipointData)
    heads = [("nominal", unit)]
    heads += [] if checked else [("u_nominal", unit)]
    heads += [("mean", unit), ("deviation", unit)]
    heads += [("residual", unit)] if fitted else []
    heads += [("sd", unit)]
    columns = [Column(words("report.level"), share=1)]
    columns += [Column(words(f"report.{name}"), under, numeric=True, share=0.8) for name, under in heads]
    columns += [
        Column("n", numeric=True), Column(words("report.drift_in_window"), f"{unit}/min", numeric=True, share=0.9),
        Column(words("report.window"), section.window_unit, numeric=True, share=1),
        Column(words("report.band") if checked else words("report.stable"), share=0.8),
    ]  # fmt: skip
    rows = []
    for number, level in enumerate(section.levels()):
        off = level.refused is not None or not level.stable
        rows.append(Row(_level_cells(page, section, number, level), "off" if off else ""))
        if level.refused is not None:
            rows.append(Row(["", words("report.refused_why", why=page.phrases.say(level.refused))], "off"))
    return Grid(columns, rows)


def _level_cells(page: Page, section: Section, number: int, level: Level) -> list[Inline]:
    words, phrases, places = page.words, page.phrases, section.places()
    checked = isinstance(section.data, ZeroSpanData)
    cells: list[Inline] = [words.term("level", level.label), phrases.fixed(level.nominal, places)]
    if not checked:
        cells.append(phrases.fixed(level.u_nominal, places) if level.u_nominal else numbers.NOTHING)
    off_by = None if level.mean is None else level.mean - level.nominal
    cells += [phrases.fixed(level.mean, places), phrases.fixed(off_by, places)]
    if isinstance(section.data, MultipointData):
        cells.append(phrases.fixed(section.residual(number), places))
    cells += [
        phrases.significant(level.sd, 2), str(level.n), phrases.fixed(level.slope_per_min, places),
        section.window(level),
    ]  # fmt: skip
    if checked:
        cells.append(words.term("band", level.band) if level.band else numbers.NOTHING)
    else:
        cells.append(words("report.yes" if level.stable else "report.no"))
    return cells


# -- titrations -------------------------------------------------------------------------------------------------------


def _titrations(page: Page, data: ConverterData) -> Iterator[Block]:
    words, phrases, unit = page.words, page.phrases, page.phrases.unit(data.unit)

    def label(point: TitrationPoint) -> str:
        return words.term("level", point.label)

    heads = [(words("report.ozone_set"), unit)]
    heads += [(f"{gas} {words.term('level', moment)}", unit) for gas in ("NO", "NOx") for moment in _MOMENTS]
    heads += [
        (words("report.no2_made"), unit),
        (words("report.no2_converted"), unit),
        (words("report.efficiency"), "%"),
    ]
    rows = []
    for point in data.points:
        values = (
            point.no_before, point.no_titrated, point.no_after, point.nox_before, point.nox_titrated, point.nox_after,
            point.no2_made, point.no2_converted, point.efficiency_pct,
        )  # fmt: skip
        shown = [phrases.fixed(point.ozone_set, 0), *(phrases.fixed(value, 1) for value in values)]
        rows.append(Row([label(point), *shown], "off" if point.refused else ""))
        if point.refused:
            rows.append(Row(["", words("report.refused_why", why=phrases.say(point.refused))], "off"))
    first = Column(words("report.titration"), share=1)
    yield Grid([first, *(Column(head, under, numeric=True, share=0.8) for head, under in heads)], rows)
    heads = [("no_remainder", "%"), ("total_flow", "L/min"), ("residence", "min"), ("dynamic_parameter", "ppm·min")]
    columns = [first, *(Column(words(f"report.{head}"), under, numeric=True, share=0.8) for head, under in heads)]
    yield Grid(
        [*columns, Column(words("report.repeats"), numeric=True)],
        [
            Row(
                [
                    label(point), phrases.fixed(point.no_remainder_pct, 1), phrases.fixed(point.total_flow_lpm, 3),
                    phrases.fixed(point.residence_min, 2), phrases.fixed(point.dynamic_parameter, 2),
                    str(point.repeats),
                ]
            )
            for point in data.points
        ],
    )  # fmt: skip
    factor = data.stored_factor
    if factor is not None and factor.as_found != factor.as_left:
        line: Inline = [f"{words('report.stored_factor')}: {factor.as_found} → ", Span(factor.as_left, "bold")]
        yield Paragraph(line, "small")
    if data.fit is not None:
        yield line_table(page, data.fit, data.unit)


# -- general data -----------------------------------------------------------------------------------------------------


def _measured(page: Page, section: Section, data: MeasuredData) -> Iterator[Block]:
    words = page.words
    if data.levels:
        yield _level_table(page, section)
    yield from (_table(view) for view in section.tables())
    if data.checks:
        columns = [Column(words(f"report.{name}"), share=1) for name in ("check", "expected", "found")]
        rows = []
        for check in data.checks:
            bad = Span(sign("fail") + words("report.not_ok"), "bad")
            rows.append(
                Row(
                    [
                        words.term("check", check.name), words.term("state", check.expected),
                        words.term("state", check.found), words("report.ok") if check.ok else bad,
                    ]
                )
            )  # fmt: skip
        yield Grid([*columns, Column(words("report.check_result"))], rows)
    if data.settings:
        columns = [Column(words(f"report.{name}"), share=1) for name in ("setting", "before", "after")]
        rows = [
            Row([name, before, after if before == after else Span(after, "bold")])
            for name, before, after in section.adjusted(data.settings)
        ]
        yield Grid(columns, rows)


def _table(view: TableView) -> Block:
    columns = [Column(head.text, head.unit, head.numeric, 0.0 if head.numeric else 1.0) for head in view.heads]
    grids = [Grid(columns, [Row(cells) for cells in piece]) for piece in view.pieces]
    if len(grids) == 1:
        return Grid(columns, grids[0].rows, title=view.title)
    return Side(view.title, grids)
