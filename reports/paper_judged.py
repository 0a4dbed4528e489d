"""One criterion on paper: its verdict, and what belongs to it, down to the budget."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.record import LineFit, Test
from reports.blocks import Block, Column, Drawn, Grid, Inline, Judged, Pairs, Paragraph, Row, Span, Style
from reports.budget import BudgetTable, budget_table
from reports.page import Page
from reports.phrases import rescued

_SIGNS = {"fail": "✕ ", "error": "✕ ", "undecided": "? "}
_STYLES: dict[str, Style] = {"pass": "bold", "fail": "bad", "error": "bad", "undecided": "dashed"}


def sign(verdict: str) -> str:
    """Return the sign before a verdict, so that it is seen without colour."""
    return _SIGNS.get(verdict, "")


def judgement(page: Page, test: Test) -> list[str | Span | Drawn]:
    """Return the verdict with what stands beside it: marginal, after adjustment, repeated."""
    words = page.words
    found: list[str | Span | Drawn] = [
        Span(sign(test.verdict) + words.term("verdict", test.verdict), _STYLES.get(test.verdict, "hedge"))
    ]
    if test.assurance == "marginal":
        found += [" ", Span(words("report.marginal"), "boxed")]
    if test.as_left is not None:
        found += [" ", Span(words("report.after_adjustment" if rescued(test) else "report.as_left"), "hedge")]
    if test.repeats:
        found += [" ", Span(words("report.repeated", n=test.repeats), "hedge")]
    return found


def judged(page: Page, test: Test) -> Judged:
    """Return all that the report says of one criterion."""
    title: Inline = [Span(page.phrases.criterion(test), "bold"), " — ", *judgement(page, test)]
    blocks: list[Block] = [Paragraph(title), Pairs(list(_pairs(page, test)))]
    if test.budget:
        budget = budget_table(test)
        blocks.append(_budget(page, test, budget))
        legend = _left_out(page, budget)
        if legend:
            blocks.append(Paragraph(legend, "legend"))
    return Judged(blocks)


def _pairs(page: Page, test: Test) -> Iterator[tuple[str, Inline]]:
    words, phrases = page.words, page.phrases
    if test.value is not None:
        value: list[str | Span | Drawn] = [Span(phrases.result(test), "bold")]
        if test.n:
            value.append(f" · n = {test.n}")
        if test.as_left is not None:
            value.append(f" · {words('report.as_found')} → {words('report.as_left')}: {phrases.as_found(test)}")
        yield words("report.value_line"), value
    limit = " · ".join((phrases.limit(test), phrases.clause(test), words.term("mark", test.limit_mark)))
    hedge = Span("" if test.limit_mark == "read" else f" · {words('report.unconfirmed')}", "hedge")
    yield words("report.limit_line"), [limit, hedge]
    if test.formula:
        yield words("report.formula"), Span(words.term("formula", test.formula), "formula")
    if test.formula_numbers:
        yield words("report.numbers"), Span(phrases.formula_numbers(test), "formula")
    if phrases.measurand(test):
        yield words("report.measurand"), phrases.measurand(test)
    if phrases.does_not_count(test):
        yield words("report.does_not_count"), phrases.does_not_count(test)
    yield words("report.assurance_line"), page.assurance(test)
    if test.message:
        yield words("report.remark_line"), phrases.say(test.message)


def _budget(page: Page, test: Test, budget: BudgetTable) -> Grid:
    words, phrases = page.words, page.phrases
    unit = phrases.unit(test.unit)
    columns = [
        Column(words("report.source"), share=1), Column(words("report.type")), Column("u", numeric=True),
        Column(words("report.sensitivity"), numeric=True),
        Column(f"|c|·u, {unit}" if unit else "|c|·u", numeric=True), Column(words("report.dof"), numeric=True),
        Column(words("report.share"), numeric=True), Column(words("report.basis"), share=2),
    ]  # fmt: skip
    rows = [
        Row(
            [
                words.term("source", row.line.source), row.line.type,
                f"{phrases.significant(row.line.u, 2)} {phrases.unit(row.line.unit)}".strip(), row.sensitivity,
                row.contribution, phrases.dof(row.line.dof), row.share, phrases.say(row.line.basis),
            ]
        )
        for row in budget.rows
    ]  # fmt: skip
    expanded: Inline = ""
    if budget.k is not None:
        k = words("report.expanded", k=phrases.fixed(budget.k, 2))
        expanded = [f"{k}: ", Span(f"{phrases.significant(budget.expanded, 2)} {unit}".strip(), "bold")]
    total = phrases.significant(test.u, 2)
    rows.append(Row([words("report.combined"), total, phrases.dof(test.dof), "", expanded], "foot", over=4))
    return Grid(columns, rows)


def _left_out(page: Page, budget: BudgetTable) -> str:
    words, said = page.words, []
    stop = words("report.stop")
    if budget.idle:
        names = words("report.list_comma").join(words.term("source", source) for source in budget.idle)
        said.append(f"{words('report.idle')} {names}{stop}")
    if budget.cancelling:
        names = words("report.list_semicolon").join(
            words("report.source_why", source=words.term("source", line.source), why=page.phrases.say(line.basis))
            for line in budget.cancelling
        )
        said.append(f"{words('report.cancelling')} {names}{stop}")
    return " ".join(said)


def line_table(page: Page, fit: LineFit, unit: str) -> Grid:
    """Return a straight line: its parameters with their errors, what scatters about it."""
    words, phrases = page.words, page.phrases
    shown = phrases.unit(unit)
    cells = {
        "slope": phrases.with_error(fit.slope, fit.se_slope),
        "intercept": f"{phrases.with_error(fit.intercept, fit.se_intercept)} {shown}".strip(),
        "correlation": phrases.correlation(fit.r),
        "residual_sd": f"{phrases.significant(fit.residual_sd, 2)} {shown}".strip(),
        "fit_dof": str(fit.dof),
    }
    if fit.lack_of_fit_f is not None:
        p = phrases.significant(fit.lack_of_fit_p, 2)
        cells["lack_of_fit"] = words("report.lack_of_fit_value", f=phrases.significant(fit.lack_of_fit_f), p=p)
    columns = [Column(words(f"report.{name}"), numeric=True, share=1) for name in cells]
    return Grid(columns, [Row(list(cells.values()))], title=words("report.fit"))
