"""The report as one page of HTML that needs nothing else: figures and style inside, no script, no network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from calibration.record import Record
from reports.budget import budget_table
from reports.figures import draw
from reports.messages import Words
from reports.page import Page
from reports.phrases import rescued
from reports.plots import Drawing

_TEMPLATES = Path(__file__).parent / "templates"
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
    running = re.sub(r"[^\w .:+-]", "_", record.run.id)  # it stands in the style, where a quote would end it
    return str(
        _template().render(
            p=page, f=page.phrases, t=page.words, record=record, others=links, running=running, style=_style()
        )
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_printable,
    )  # fmt: skip
    environment.globals.update(budget_table=budget_table, rescued=rescued)
    return environment.get_template("report.html.j2")


def _printable(value: object) -> object:
    """Take out what no page may hold; a device can answer with any byte."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value) if type(value) is str else value


def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")
