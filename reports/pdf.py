"""Documents as PDF (A-2b), set by Typst: the same document and the same fonts give the same bytes.

Typst comes with the extra ``pdf``. It gets the document as JSON beside files of its own; it fetches nothing, and sees
no fonts but those of :mod:`reports.fonts`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from calibration.record import Record
from reports.blocks import Document
from reports.figures import draw
from reports.fonts import PaperError, chinese_face, fonts_for
from reports.paper import document
from reports.plots import Drawing

_FILES = Path(__file__).parent / "typst"
_EXTRA = "a PDF needs the package typst: pip install 'air-station-rig[pdf]'"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
_BAR_STYLE = (
    "<style>.range{fill:#dfe8f0}.limit{stroke:#1a1a1a;stroke-width:2.4}"
    ".open{stroke:#1a1a1a;stroke-width:1;stroke-dasharray:2 2}.interval{stroke:#1a1a1a;stroke-width:1.5;fill:none}"
    ".met,.off{fill:#1a1a1a;stroke:#fff;stroke-width:0.7}.halo{stroke:#fff;stroke-width:4.6;fill:none}"
    ".missed{stroke:#8f1d0f;stroke-width:2.4;fill:none}</style>"
)
"""What ``report.css`` says of the margin bar, where no style sheet reaches."""


def render_pdf(record: Record, language: str, drawings: Sequence[Sequence[Drawing]] | None = None) -> bytes:
    """Return the report of ``record`` in ``language`` as PDF.

    ``drawings`` are its figures, as :func:`reports.figures.draw` gives them; without them they are drawn.

    Raises:
        MessageError: the catalogue has no such language.
        PaperError: Typst or a font is missing.
    """
    return typeset(document(record, language, draw(record) if drawings is None else drawings), made(record))


def made(record: Record) -> datetime:
    """Return the date that a document about a record bears: when its run ended, by the wall clock."""
    return datetime.fromisoformat(record.run.wall.ended)


def require_pdf(languages: Sequence[str]) -> None:
    """Check that PDFs can be made here, before anything is measured for them.

    Raises:
        PaperError: Typst is not installed, or a font for one of the languages.
    """
    import os

    try:
        import typst  # noqa: F401 - whether it is there
    except ImportError:
        raise PaperError(_EXTRA) from None
    if "zh" in languages:
        chinese_face(os.environ)


def typeset(paper: Document, date: datetime) -> bytes:
    """Return a document as PDF that bears ``date``.

    A character that no font has (a device can answer with any) stands as U+FFFD.

    Raises:
        PaperError: Typst or a font is missing.
    """
    try:
        import typst
    except ImportError:
        raise PaperError(_EXTRA) from None
    data = paper.to_json()
    fonts = fonts_for(data)
    missing = fonts.missing(data)
    if missing:
        data = re.sub(f"[{re.escape(missing)}]", "\N{REPLACEMENT CHARACTER}", data)
    families = ", ".join(f"'{family}'" for family in fonts.families)
    found = typst.compile(
        _FILES / "document.typ",
        root=_FILES,
        font_paths=list(fonts.folders),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["a-2b"],
        timestamp=int(date.timestamp()),
        sys_inputs={
            "data": data, "families": "|".join(fonts.families), "date": date.date().isoformat(), "svg": _SVG,
            "svg-font": f'font-family="{families}" ', "bar-style": _BAR_STYLE,
        },
    )  # fmt: skip
    assert isinstance(found, bytes)  # one PDF, not pages
    return found
