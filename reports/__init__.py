"""Reports: pure functions of the record. The same record gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibration.record import Record


def write_reports(record: Record, out_dir: Path, languages: Sequence[str] = ("en",)) -> list[Path]:
    """Write ``result.json``, ``junit.xml`` and one HTML report a language into ``out_dir``.

    The first language is ``report.html``, a further one ``report.<language>.html``. Each file appears whole or not at
    all. Returns the paths, the first report first.
    """
    from reports.html import render
    from reports.junit import to_junit

    files = {"result.json": record.to_json(), "junit.xml": to_junit(record)}
    names = []
    for number, language in enumerate(languages):
        name = "report.html" if number == 0 else f"report.{language}.html"
        files[name] = render(record, language)
        names.append(name)
    for name, text in files.items():
        _write(out_dir / name, text)
    return [out_dir / name for name in (*names, "result.json", "junit.xml")]


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
