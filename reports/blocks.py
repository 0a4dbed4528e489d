"""A document as data, for paper: headings, paragraphs, tables, figures, one after the other.

What a page says is decided here and in the modules that make blocks; how it looks on A4 is the affair of the Typst
files in ``reports/typst``. They get the blocks as JSON: no text of a record ever becomes markup. Each class below is
one kind of block, told by its ``kind``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Style = Literal["", "bold", "quiet", "hedge", "bad", "dashed", "boxed", "formula", "small"]
Box = Literal["plain", "bad", "dashed"]


@dataclass(frozen=True)
class Span:
    """A piece of a line: its text, how it is set, and the anchor that it leads to (empty: none)."""

    text: str
    style: Style = ""
    to: str = ""


@dataclass(frozen=True)
class Drawn:
    """A small picture inside a line or a cell: SVG, and its width in millimetres."""

    svg: str
    width: float


Inline = str | Span | Drawn | Sequence["str | Span | Drawn"]


@dataclass(frozen=True)
class Heading:
    """A heading: its level, the place that links lead to, words at its right end, whether a page begins with it."""

    text: str
    level: int = 2
    anchor: str = ""
    aside: str = ""
    paged: bool = False
    kind: str = "heading"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``small`` for what is looked up, ``legend`` for what explains."""

    text: Inline
    style: Literal["", "small", "legend"] = ""
    kind: str = "paragraph"


@dataclass(frozen=True)
class Pairs:
    """Names and what stands for each, in one or two columns of pairs."""

    items: Sequence[tuple[str, Inline]]
    columns: int = 1
    kind: str = "pairs"


@dataclass(frozen=True)
class Column:
    """A column of a table: head, second line of the head (a unit), and whether numbers stand in it.

    ``share`` is its part of the width that is left by columns without one, which are as wide as what they hold.
    """

    head: Inline
    under: str = ""
    numeric: bool = False
    share: float = 0.0


@dataclass(frozen=True)
class Row:
    """A row of a table. ``style`` sets it apart: a group's name, what did not count, the sum at the foot.

    The first cell reaches over ``over`` columns, the last over those that are left.
    """

    cells: Sequence[Inline]
    style: Literal["", "group", "off", "foot"] = ""
    anchor: str = ""
    over: int = 1


@dataclass(frozen=True)
class Grid:
    """A table; its head stands again on each page that it reaches. ``lined``: cells to write in."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    title: str = ""
    framed: bool = False
    lined: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Side:
    """Tables side by side under one title."""

    title: str
    tables: Sequence[Grid]
    kind: str = "side"


@dataclass(frozen=True)
class Figure:
    """A figure over the width of the page, with its caption."""

    svg: str
    caption: str
    kind: str = "figure"


@dataclass(frozen=True)
class Items:
    """A list; a warning is marked."""

    items: Sequence[tuple[Inline, bool]]
    kind: str = "items"


@dataclass(frozen=True)
class Contents:
    """Where things stand: a line for each, with the places that it leads to (anchor, words), each with its page."""

    lines: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    kind: str = "contents"


@dataclass(frozen=True)
class Signatures:
    """Lines to sign on: under each what it is for, above it a name where one is known."""

    lines: Sequence[tuple[str, str]]
    kind: str = "signatures"


@dataclass(frozen=True)
class Judged:
    """What belongs to one criterion, held together by a rule at its left."""

    blocks: Sequence[Block]
    kind: str = "judged"


Block = Heading | Paragraph | Pairs | Grid | Side | Figure | Items | Contents | Signatures | Judged


@dataclass(frozen=True)
class Front:
    """The head of page 1: title, facts, and the verdict in its box."""

    title: str
    subject: str
    facts: Sequence[tuple[str, str]]
    label: str
    verdict: str
    style: Box


@dataclass(frozen=True)
class Document:
    """All that a PDF says.

    ``marked`` are the words that every page of a simulated run carries, ``note`` what they mean (both empty: real);
    ``page`` is the pattern of page n of m.
    """

    language: str
    title: str
    running: str
    marked: str
    note: str
    page: str
    front: Front | None
    blocks: Sequence[Block] = field(default_factory=tuple)
    landscape: bool = False

    def to_json(self) -> str:
        """Return it as the Typst files read it."""
        return json.dumps(self, default=vars, ensure_ascii=False, separators=(",", ":"))
