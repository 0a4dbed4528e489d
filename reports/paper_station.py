"""What was tested, with what, in which state it was found, and how the run was made, on paper."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.record import DeviceInfo, PrepareCheck
from reports import numbers
from reports.blocks import Block, Column, Drawn, Grid, Heading, Inline, Pairs, Paragraph, Row, Signatures, Span
from reports.page import Page
from reports.paper_judged import judged, sign
from reports.preparation import Column as Kind
from reports.preparation import Preparation
from reports.preparation import Row as Prepared


def station_blocks(page: Page) -> Iterator[Block]:
    """Return devices, references, preparation, what was not tested, and the lines to sign on."""
    words = page.words
    yield Heading(words("report.devices"), anchor="devices")
    yield _devices(page)
    yield Paragraph(words("report.commands_note"), "legend")
    yield Heading(words("report.references"), anchor="references")
    yield _references(page) if page.record.references else Paragraph(words("report.no_references"), "small")
    for item in page.record.references:
        if item.chain:
            yield Paragraph([Span(item.id, "bold"), f": {page.phrases.chain(item)}"], "small")
    prepared = page.preparation()
    if prepared is not None:
        yield Heading(words.term("procedure", "prepare"), anchor="preparation")
        yield _preparation(page, prepared)
        of = {row.procedure.id for row in prepared.rows}
        yield from (judged(page, test) for test in page.record.tests if test.procedure_id in of)
    yield Heading(words("report.not_tested"), anchor="untested")
    untested = page.untested()
    if untested:
        rows = [Row([name, state, why]) for name, state, why in untested]
        yield Grid([Column("", share=1), Column(""), Column("", share=1.4)], rows)
    else:
        yield Paragraph(words("report.nothing_untested"), "small")
    if page.invalid():
        yield Heading(words("report.invalid"), anchor="invalid")
        heads = [Column(words("report.device")), Column(words("report.from")), Column(words("report.to"))]
        rows = [Row(cells) for cells in page.invalid()]
        yield Grid([*heads, Column(words("report.hours"), numeric=True)], rows)
        yield Paragraph(words("report.invalid_note"), "legend")
    if page.actions():
        yield Heading(words("report.actions"), anchor="actions")
        yield _actions(page)
    lines = [(words("report.tested_by"), page.tested_by())]
    yield Signatures([*lines, *((words(f"report.{name}"), "") for name in ("checked_by", "approved_by", "date"))])


def _actions(page: Page) -> Grid:
    words, phrases = page.words, page.phrases
    columns = [Column(words("report.item"), share=1), Column(words("report.result")), Column(words("report.limit")),
               Column(words("report.action"), share=1.4)]  # fmt: skip
    rows = [
        Row([phrases.item(test), phrases.result(test), phrases.limit(test), action]) for test, action in page.actions()
    ]
    return Grid(columns, rows, lined=True)


def _devices(page: Page) -> Grid:
    words = page.words
    heads = ("device", "device_kind", "model", "serial", "firmware", "protocol", "gas_port", "nature")
    shares = {"model": 1.6, "serial": 1.0, "firmware": 0.8, "protocol": 1.0}
    rows = [
        Row(
            [
                device.name, words.term("device.kind", device.kind), _model(page, device),
                device.serial or numbers.NOTHING, device.firmware or numbers.NOTHING, _protocol(page, device),
                words.term("port", device.gas_port) if device.gas_port else numbers.NOTHING,
                words("report.emulated" if device.emulated else "report.real"),
            ]
        )
        for device in page.record.devices
    ]  # fmt: skip
    return Grid([Column(words(f"report.{head}"), share=shares.get(head, 0.0)) for head in heads], rows)


def _model(page: Page, device: DeviceInfo) -> Inline:
    line: list[str | Span | Drawn] = [f"{device.maker} {device.model}".strip()]
    plate = device.plate
    for key, value in (
        ("approval", plate.approval), ("manufactured", plate.manufactured), ("in_service", plate.in_service)
    ):  # fmt: skip
        if value:
            line += ["\n", Span(f"{page.words(f'report.{key}')} {value}", "hedge")]
    return line


def _protocol(page: Page, device: DeviceInfo) -> Inline:
    if not device.protocol:
        return numbers.NOTHING
    name = page.words.term("protocol", device.protocol)
    if device.protocol_mark == "read":
        return name
    return [name, " ", Span(page.words.term("commands", device.protocol_mark), "hedge")]


def _references(page: Page) -> Grid:
    words, phrases = page.words, page.phrases
    heads = ("reference", "reference_kind", "species", "value", "u", "certificate", "expires", "nature")
    columns = [
        Column("u" if head == "u" else words(f"report.{head}"), numeric=head in ("value", "u"),
               share={"reference_kind": 1.0, "certificate": 1.5}.get(head, 0.0))
        for head in heads
    ]  # fmt: skip
    rows = [
        Row(
            [
                item.id, words.term("reference", item.kind),
                words.term("quantity", item.species) if item.species else numbers.NOTHING, phrases.content(item),
                phrases.content_u(item), item.certificate, item.expires,
                words("report.emulated" if item.emulated else "report.real"),
            ]
        )
        for item in page.record.references
    ]  # fmt: skip
    return Grid(columns, rows)


def _preparation(page: Page, prepared: Preparation) -> Grid:
    words = page.words
    columns = [Column(words("report.device"))]
    for kind in prepared.columns:
        under = words.term("state", kind.expected) if kind.expected else ""
        columns.append(Column(words.term("check", kind.name), under, share=1))
    columns += [Column(words("report.check_result")), Column(words("report.remark"), share=1.6)]
    rows = []
    for row in prepared.rows:
        pairs = zip(row.checks, prepared.columns, strict=True)
        checks = [_check(page, row, check, kind) for check, kind in pairs]
        if row.ready:
            state: Inline = words("report.ok")
        elif row.procedure.status == "done":
            state = Span(words("report.not_ok"), "bad")
        else:
            state = Span(words.term("status", row.procedure.status), "bad")
        rows.append(Row([row.procedure.device, *checks, state, page.joined(row.notes)], anchor=row.anchor))
    return Grid(columns, rows)


def _check(page: Page, row: Prepared, check: PrepareCheck | None, kind: Kind) -> Inline:
    words = page.words
    if check is None:
        return numbers.NOTHING
    if check.ok:
        return row.found(check, words)
    expected = "" if kind.expected else f": {words.term('state', check.expected)}"
    return [row.found(check, words), "\n", Span(sign("fail") + words("report.not_ok") + expected, "bold")]


def appendix_blocks(page: Page) -> Iterator[Block]:
    """Return what the plan chose and how the run was made."""
    words, run = page.words, page.record.run
    if run.plan_parameters:
        yield Heading(words("report.parameters"), anchor="parameters")
        yield Paragraph(words("report.parameters_note"), "small")
        rows = [
            Row(
                [
                    words.term("parameter", item.name), page.chosen(item.value, item.value_zh),
                    words.term("mark", item.mark), page.chosen(item.source, item.source_zh),
                ]
            )
            for item in run.plan_parameters
        ]  # fmt: skip
        heads = (("parameter", 1.0), ("parameter_value", 1.4), ("mark", 0.0), ("origin", 1.6))
        yield Grid([Column(words(f"report.{head}"), share=share) for head, share in heads], rows)
    yield Heading(words("report.run"), anchor="run")
    wall, clock = run.wall, words.term("clock", run.clock)
    if run.speed is not None:
        clock = words("report.clock_speed", clock=clock, speed=run.speed)
    made = words(
        "report.made_text", started=wall.started, ended=wall.ended,
        duration=page.phrases.significant(wall.duration_s), user=wall.user, host=wall.host,
    )  # fmt: skip
    resources = ", ".join(f"{device.name} {device.resource}" for device in page.record.devices if device.resource)
    yield Pairs(
        [
            (words("report.bench"), f"{run.bench} · SHA-256 {run.bench_sha256}"),
            (words("report.plan"), f"{run.plan} · SHA-256 {run.plan_sha256}"),
            (words("report.clock"), clock),
            (words("report.versions"), ", ".join(f"{name} {version}" for name, version in run.versions.items())),
            (words("report.made"), made),
            (words("report.resources"), resources),
            *_journal(page),
        ]
    )


def _journal(page: Page) -> list[tuple[str, Inline]]:
    wall = page.record.run.wall
    if not wall.journal_root:
        return []
    told = page.words("report.journal_text", rows=wall.journal_rows, root=wall.journal_root)
    return [(page.words("report.journal"), told)]
