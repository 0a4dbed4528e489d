"""Reports: from a record to files. Pure functions of the record: the same record gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibration.record import Record


def write_reports(record: Record, out_dir: Path, languages: Sequence[str] = ("en",)) -> list[Path]:
    """Write ``result.json``, ``junit.xml`` and one page of HTML per language into ``out_dir``; return their paths.

    The first language is ``report.html``, each further one ``report.<language>.html``; pages name each other. Each
    file appears whole or not at all, and the result first: whatever becomes of a page, what was measured is kept.

    Raises:
        MessageError: a language that the catalogue does not have, or none; nothing is written.
        OSError: ``out_dir`` cannot be written.
    """
    from reports.figures import draw
    from reports.html import render
    from reports.junit import to_junit
    from reports.messages import LANGUAGES, MessageError

    names: dict[str, str] = {}
    for language in languages:
        if language not in LANGUAGES:
            raise MessageError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        names.setdefault(language, f"report.{language}.html" if names else "report.html")
    if not names:
        raise MessageError(f"no language given; expected one or more of {', '.join(LANGUAGES)}")
    written = [_write(out_dir / "result.json", record.to_json()), _write(out_dir / "junit.xml", to_junit(record))]
    drawings = draw(record)
    for language, name in names.items():
        others = {other: file for other, file in names.items() if other != language}
        written.append(_write(out_dir / name, render(record, language, drawings, others)))
    return written


def _write(path: Path, text: str) -> Path:
    temporary = path.with_name(f".{path.name}.partial")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
