"""A filled form as a spreadsheet (XLSX, by openpyxl): the same records give the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

from reports.fonts import PaperError
from reports.forms.filling import Entry, FilledForm, Sheet
from reports.messages import Words

_EXTRA = "a spreadsheet needs the package openpyxl: pip install 'air-station-rig[forms]'"
_MOST_ROWS = 31
"""Letters of a worksheet's name, at the most (of the format)."""
_CORE = "docProps/core.xml"


def spreadsheet(filled: FilledForm, language: str, date: datetime) -> bytes:
    """Return the form as a workbook with a worksheet per sheet, that bears ``date``.

    Raises:
        PaperError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise PaperError(_EXTRA) from None
    words = Words("en" if language == "en" else "zh")
    book = Workbook()
    book.remove(book.active)
    for number, sheet in enumerate(filled.sheets, 1):
        page = book.create_sheet(f"{number} {filled.form.name}"[:_MOST_ROWS])
        _write(page, filled, sheet, words)
    found = io.BytesIO()
    book.save(found)
    return _dated(found.getvalue(), date)


def _write(page: object, filled: FilledForm, sheet: Sheet, words: Words) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.worksheet import Worksheet

    assert isinstance(page, Worksheet)  # a workbook makes no other kind here
    wrap, line = Alignment(wrap_text=True, vertical="center"), Side(style="thin", color="B5BCC3")
    frame, shade = Border(line, line, line, line), PatternFill("solid", fgColor="EEF1F4")
    title = filled.title.replace("\n", " ")
    page.append([f"{words('report.simulated')} · {title}" if sheet.simulated else title])
    page["A1"].font = Font(bold=True, size=14)
    page.append([filled.note])
    page["A2"].font = Font(italic=True, size=8)
    for name, entry in sheet.head:
        page.append([name, None])
        _put(page.cell(page.max_row, 2), entry)
    for table in sheet.tables:
        page.append([])
        page.append([table.title])
        page.cell(page.max_row, 1).font = Font(bold=True)
        for number, head in enumerate(table.heads, 1):
            cell = page.cell(page.max_row + (number == 1), number, head)
            cell.font, cell.fill, cell.border, cell.alignment = Font(bold=True), shade, frame, wrap
        for row in table.rows:
            below = page.max_row + 1
            for number, entry in enumerate(row, 1):
                cell = page.cell(below, number)
                _put(cell, entry)
                cell.border, cell.alignment = frame, wrap
    below = page.max_row + 2
    for number, name in enumerate(("filled_by", "reviewed_by", "date")):
        page.cell(below, 1 + 2 * number, words(f"form.{name}"))
    for number in range(1, max(len(table.heads) for table in sheet.tables) + 1):
        page.column_dimensions[get_column_letter(number)].width = 18
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", page.PAPERSIZE_A4
    page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage = 0, True


def _put(cell: object, entry: Entry) -> None:
    """Write an entry; a text that begins like a formula stays a text."""
    from openpyxl.cell import Cell

    assert isinstance(cell, Cell)  # none of these is part of a merged range
    if entry.number is not None:
        cell.value = entry.number
        cell.number_format = f"0.{'0' * entry.decimals}" if entry.decimals else "0"
    elif entry.text:
        cell.value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\N{REPLACEMENT CHARACTER}", entry.text)
        cell.data_type = "s"


def _dated(book: bytes, date: datetime) -> bytes:
    """The same workbook with ``date`` wherever openpyxl has put the time of day."""
    stamp, found = date.strftime("%Y-%m-%dT%H:%M:%SZ"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == _CORE:
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp.encode(), content)
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return found.getvalue()
