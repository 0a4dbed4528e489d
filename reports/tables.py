"""Tables of the general data as pages show them: heads from the catalogue, cells with the decimals of their column."""

from __future__ import annotations

import math
from dataclasses import dataclass

from calibration.record import Column, Message, Table
from reports import numbers
from reports.messages import VOCABULARY
from reports.phrases import Phrases

_FOLD_FROM, _FOLD_COLUMNS, _MOST_FOLDS = 10, 4, 4
"""A narrow table of this many rows or more, of at most this many columns, is laid out in pieces side by side."""
_WIDE = 10
"""Columns from which on a table is set in smaller type."""


@dataclass(frozen=True)
class Head:
    """The head of a column: words, unit (empty: none), and whether numbers stand under it."""

    text: str
    unit: str
    numeric: bool


@dataclass(frozen=True)
class TableView:
    """A table ready for the page: its rows cut into pieces that stand side by side."""

    title: str
    heads: tuple[Head, ...]
    pieces: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def wide(self) -> bool:
        """Whether it needs smaller type."""
        return len(self.heads) >= _WIDE


def table_view(table: Table, phrases: Phrases) -> TableView:
    """Return ``table`` in the language of ``phrases``."""
    heads = tuple(
        Head(phrases.words.term("column", column.key), phrases.unit(column.unit), _is_numeric(table, number))
        for number, column in enumerate(table.columns)
    )
    rows = tuple(
        tuple(cell(value, column, phrases) for value, column in zip(row, table.columns, strict=True))
        for row in table.rows
    )
    return TableView(phrases.words.term("table", table.key), heads, _folded(table, rows))


def cell(value: float | str | Message | None, column: Column, phrases: Phrases) -> str:
    """Return one cell: a number with the column's decimals, a sentence, or a name with the word that it has.

    A text stands for a name of what the column's key says (``level``, ``quantity``, ``setting``...).
    """
    if value is None:
        return numbers.NOTHING
    if isinstance(value, Message):
        return phrases.say(value)
    if isinstance(value, str):
        return phrases.words.term(VOCABULARY.get(column.key, "cell"), value)
    if column.decimals is not None:
        return numbers.fixed(value, column.decimals)
    if not math.isfinite(value):
        return numbers.NOTHING
    return numbers.shortest(value) if value == round(value, 3) else numbers.significant(value, 4)


def _is_numeric(table: Table, number: int) -> bool:
    return all(row[number] is None or isinstance(row[number], float | int) for row in table.rows)


def _folded(table: Table, rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[tuple[str, ...], ...], ...]:
    narrow = len(table.columns) <= _FOLD_COLUMNS and all(_is_numeric(table, n) for n in range(len(table.columns)))
    if not narrow or len(rows) < _FOLD_FROM:
        return (rows,)
    pieces = min(_MOST_FOLDS, 9 // len(table.columns), math.ceil(len(rows) / 5))
    length = math.ceil(len(rows) / max(1, pieces))
    return tuple(rows[start : start + length] for start in range(0, len(rows), length))
