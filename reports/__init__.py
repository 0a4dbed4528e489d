"""Reports: from a record to files. Pure functions of the record: the same record gives the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from calibration.record import Record
from reports.files import write_whole

Format = Literal["html", "pdf", "junit"]


def write_reports(
    record: Record, out_dir: Path, languages: Sequence[str] = ("en",), formats: Collection[Format] = ("html", "junit")
) -> list[Path]:
    """Write ``result.json`` and the reports of it into ``out_dir``; return the paths of all of them.

    The first language is ``report.html``, each further one ``report.<language>.html``; pages name each other, and PDFs
    are called alike. Each file appears whole or not at all, and the result first: whatever becomes of a page, what was
    measured is kept.

    Raises:
        MessageError: a language that the catalogue does not have, or none; nothing is written.
        PaperError: a PDF is asked for, and Typst or a font is missing.
        OSError: ``out_dir`` cannot be written.
    """
    names = _names(languages)
    return [write_whole(out_dir / "result.json", record.to_json()), *_write_pages(record, out_dir, names, formats)]


def write_again(record: Record, out_dir: Path, languages: Sequence[str], formats: Collection[Format]) -> list[Path]:
    """Write reports of a record that lies there already; as :func:`write_reports`, but for ``result.json``."""
    return list(_write_pages(record, out_dir, _names(languages), formats))


def _names(languages: Sequence[str]) -> dict[str, str]:
    """The name, without suffix, of the report in each language."""
    from reports.messages import LANGUAGES, MessageError

    names: dict[str, str] = {}
    for language in languages:
        if language not in LANGUAGES:
            raise MessageError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        names.setdefault(language, f"report.{language}" if names else "report")
    if not names:
        raise MessageError(f"no language given; expected one or more of {', '.join(LANGUAGES)}")
    return names


def _write_pages(
    record: Record, out_dir: Path, names: Mapping[str, str], formats: Collection[Format]
) -> Iterator[Path]:
    from reports.figures import draw
    from reports.html import render
    from reports.junit import to_junit

    if "junit" in formats:
        yield write_whole(out_dir / "junit.xml", to_junit(record))
    drawings = draw(record) if {"html", "pdf"} & set(formats) else []
    for language, name in names.items():
        if "html" in formats:
            others = {other: f"{file}.html" for other, file in names.items() if other != language}
            yield write_whole(out_dir / f"{name}.html", render(record, language, drawings, others))
        if "pdf" in formats:
            from reports.pdf import render_pdf

            yield write_whole(out_dir / f"{name}.pdf", render_pdf(record, language, drawings))
