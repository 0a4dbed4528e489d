"""Record forms: the thirteen that a station keeps, filled from records where the rig holds the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibration.record import Record


def write_forms(records: Sequence[Record], names: Sequence[str], out_dir: Path, language: str) -> list[Path]:
    """Write each of the named forms (all, if none is named) as PDF and XLSX into ``out_dir``; return the paths.

    Args:
        records: that they are filled from, at least one.
        names: of forms, as in ``forms.toml``.
        out_dir: an existing folder.
        language: ``en``, ``zh``, or ``both`` (field names in both languages).

    Raises:
        LookupError: there is no form of a name.
        PaperError: Typst, openpyxl or a font is missing.
        OSError: the folder cannot be written.
    """
    from reports.files import write_whole
    from reports.forms.definition import all_forms
    from reports.forms.filling import fill
    from reports.forms.paper import form_document
    from reports.forms.spreadsheet import spreadsheet
    from reports.pdf import made, typeset

    forms = {form.name: form for form in all_forms()}
    unknown = [name for name in names if name not in forms]
    if unknown:
        raise LookupError(f"expected forms of {', '.join(forms)}; found {', '.join(unknown)}")
    date = max(made(record) for record in records)
    written = []
    for name in names or forms:
        filled = fill(forms[name], records, language)
        stem = out_dir / f"{forms[name].number:02d}-{name}"
        written.append(write_whole(stem.with_suffix(".pdf"), typeset(form_document(filled, records, language), date)))
        written.append(write_whole(stem.with_suffix(".xlsx"), spreadsheet(filled, language, date)))
    return written
