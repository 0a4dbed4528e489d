"""Forms filled from records: sheets of fields and tables, in words of one language, for paper and for spreadsheets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calibration.record import Message, Record
from reports import numbers
from reports.forms.definition import FieldOf, Form, rules
from reports.forms.rows import Scope, rows, scopes
from reports.messages import Words
from reports.phrases import Phrases


@dataclass(frozen=True)
class Entry:
    """What stands in a field: text, and the number that it is, rounded as the text shows it."""

    text: str = ""
    number: float | None = None
    decimals: int = 0


@dataclass(frozen=True)
class FilledTable:
    """A table of a sheet."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet: about one run, device or procedure."""

    head: tuple[tuple[str, Entry], ...]
    tables: tuple[FilledTable, ...]
    simulated: bool


@dataclass(frozen=True)
class FilledForm:
    """A form and its sheets; at least one, empty where the records hold nothing for it."""

    form: Form
    title: str
    note: str
    sheets: tuple[Sheet, ...]

    @property
    def simulated(self) -> bool:
        """Whether anything in it was simulated."""
        return any(sheet.simulated for sheet in self.sheets)


def fill(form: Form, records: Sequence[Record], language: str) -> FilledForm:
    """Return ``form`` filled from ``records``, in their order.

    ``language`` is ``en``, ``zh`` or ``both``: names of fields in both, what is in them in Chinese.
    """
    phrases = Phrases(Words("zh" if language == "both" else language))
    sheets = [_sheet(form, scope, language, phrases) for record in records for scope in scopes(form, record)]
    words = phrases.words
    note = words(
        "form.note", number=form.number, rules=rules(words.language), fields=form.fields,
        mark=words.term("mark", form.fields_mark),
    )  # fmt: skip
    empty = _sheet(form, {}, language, phrases)
    return FilledForm(form, form.words(language), note, tuple(sheets) or (empty,))


def _sheet(form: Form, scope: Scope, language: str, phrases: Phrases) -> Sheet:
    head = tuple((field.words(language), _entry(field, scope, phrases)) for field in form.head)
    tables = []
    for table in form.table:
        filled = [
            tuple(_entry(column, row, phrases) for column in table.column)
            for row in (rows(table.rows, scope) if table.rows and scope else ())
        ]
        blank = [(Entry(),) * len(table.column)] * max(table.blank, 0 if filled else 1)
        heads = tuple(column.words(language) for column in table.column)
        tables.append(FilledTable(table.words(language), heads, (*filled, *blank)))
    return Sheet(head, tuple(tables), bool(scope) and scope["run"].simulated)


def _entry(field: FieldOf, scope: Scope, phrases: Phrases) -> Entry:
    value = _value(field.source, scope) if field.source else None
    if value is None:
        return Entry()
    if isinstance(value, float | int):
        return _number(float(value), field, phrases)
    if isinstance(value, Message):
        return Entry(phrases.say(value))
    if isinstance(value, list):
        said = [phrases.say(one) for one in value if isinstance(one, Message)]
        named = [one for one in value if isinstance(one, str)]
        space = "" if phrases.words.language == "zh" else " "
        return Entry(space.join(said) + phrases.words("report.list_semicolon").join(named))
    if field.term == "unit":
        return Entry(phrases.unit(value))
    return Entry(phrases.words.term(field.term, value) if field.term else str(value))


def _value(path: str, scope: Scope) -> Any:
    """What stands at the end of a path; None where it does not lead to anything."""
    first, *rest = path.split(".")
    found = scope.get(first)
    for name in rest:
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found


def _number(value: float, field: FieldOf, phrases: Phrases) -> Entry:
    if not math.isfinite(value):
        return Entry()
    if field.term == "correlation":
        return Entry(phrases.correlation(value))  # never rounded to 1
    decimals = field.decimals
    if decimals is None:
        decimals = next((places for places in range(4) if value == round(value, places)), -1)
    if decimals < 0:
        decimals = min(numbers.MOST_PLACES, max(0, 3 - math.floor(math.log10(abs(value)))))
    return Entry(numbers.fixed(value, decimals), float(numbers.round_half_even(value, decimals)), decimals)
