"""What all figures share: colours, words that are chosen later, a finished drawing, thinning.

A figure is drawn once, for every language: each word on it is a numbered token, and :meth:`Drawing.svg` puts the words
in. Texts stay texts, so the reader's own fonts show them (Chinese needs no font here).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reports.messages import Value, Words

INK, LINE, SHADE, FAINT = "#1a1a1a", "#1f5a8a", "#cfdfeb", "#8c8c8c"
MOST_POINTS = 500
"""Points of a trace after thinning: two per horizontal half millimetre, more than print can show."""


@dataclass(frozen=True)
class Label:
    """Words not yet chosen: a message (``group`` empty) with its values, or a term of a group."""

    key: str
    group: str = ""
    values: dict[str, Value] = field(default_factory=dict)

    def text(self, words: Words) -> str:
        """Return the words in the language of ``words``."""
        return words.term(self.group, self.key) if self.group else words(self.key, **self.values)


@dataclass(frozen=True)
class Drawing:
    """A finished figure: SVG with numbered tokens for words, the words, and a caption."""

    source: str
    labels: tuple[Label, ...]
    caption: Label

    def svg(self, words: Words) -> str:
        """Return the figure as an ``svg`` element with the words of one language."""

        def word(match: re.Match[str]) -> str:
            return f">{escape(self.labels[int(match[1])].text(words))}<"

        body = re.sub(r">\[(\d{3})\]<", word, self.source)
        return body.replace("<svg ", f'<svg role="img" aria-label="{escape(self.caption.text(words))}" ', 1)


def thin(
    t: Sequence[float], value: Sequence[float], most: int = MOST_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thin a trace to at most ``most`` points: of each stretch the lowest and the highest stay, so no spike is lost."""
    ts, vs = np.asarray(t, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if len(ts) <= most:
        return ts, vs
    edges = np.linspace(0, len(ts), most // 2 + 1).astype(int)
    keep = [
        edge + offset
        for edge, end in pairwise(edges)
        for offset in sorted({int(np.argmin(vs[edge:end])), int(np.argmax(vs[edge:end]))})
    ]
    return ts[keep], vs[keep]
