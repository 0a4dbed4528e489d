"""Drawing sheets: matplotlib without pyplot, laid out in millimetres, giving SVG that is the same for the same record.

A figure is drawn once, for every language: each word on it is a numbered token, and :meth:`Drawing.svg` puts the words
in. Texts stay texts, so the reader's own fonts show them (Chinese needs no font here). Matplotlib is imported when the
first sheet is made.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.messages import Value, Words

INK, LINE, SHADE, FAINT = "#1a1a1a", "#1f5a8a", "#cfdfeb", "#8c8c8c"
MOST_POINTS = 500
"""Points of a trace after thinning: two per horizontal half millimetre, more than print can show."""

_TICK_PT, _X_LABEL_PT, _Y_LABEL_PT = 2.5, 15.0, 26.0
"""Length of a tick, and how far below and beside its axis a label stands, points."""

_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "air-station-rig", "text.parse_math": False, "font.family": "DejaVu Sans",
    "font.size": 7.0, "axes.linewidth": 0.6, "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.labelsize": 7.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.labelpad": 2.5, "lines.linewidth": 1.0,
    "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5, "xtick.major.width": 0.6,
    "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5, "hatch.linewidth": 0.4,
    "errorbar.capsize": 2.0, "path.simplify": True, "axes.formatter.useoffset": False, "axes.axisbelow": True,
}  # fmt: skip


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


class Sheet:
    """A page of given size in millimetres to put axes on."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self._size = (width, height)
        self._figure = Figure(figsize=(width / 25.4, height / 25.4))
        self._labels: list[Label] = []

    def axes(self, left: float, bottom: float, right: float, top: float) -> Any:
        """Return axes whose box keeps these distances in millimetres from the left, bottom, left and bottom edge."""
        from matplotlib.ticker import MaxNLocator

        width, height = self._size
        axes = self._figure.add_axes((left / width, bottom / height, (right - left) / width, (top - bottom) / height))
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 4, 5, 10]))
        return axes

    def say(self, key: str, **values: Value) -> str:
        """Return the token for a message."""
        return self._token(Label(key, values=values))

    def term(self, group: str, name: str) -> str:
        """Return the token for a term."""
        return self._token(Label(name, group))

    def finish(self, name: str, caption: Label) -> Drawing:
        """Draw. ``name`` keeps the identifiers of several figures on one page apart."""
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        for axes in self._figure.axes:
            _draw_scale(axes, axes.xaxis)
            _draw_scale(axes, axes.yaxis)
        buffer = io.StringIO()
        FigureCanvasSVG(self._figure).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
        return Drawing(_tidy(buffer.getvalue(), name), tuple(self._labels), caption)

    def _token(self, label: Label) -> str:
        self._labels.append(label)
        return f"[{len(self._labels) - 1:03d}]"


@contextmanager
def drawing_style() -> Iterator[None]:
    """Set the style of the house over matplotlib's own defaults, whatever the user's settings, and put them back."""
    import matplotlib as mpl

    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(("backend", "toolbar"))}
    with mpl.rc_context({**defaults, **_STYLE}):  # type: ignore[dict-item]
        yield


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


def _draw_scale(axes: Any, axis: Any) -> None:
    """Draw an axis's ticks as one line of markers and its texts at fixed places, in place of matplotlib's own drawing.

    Matplotlib makes five artists to a tick and lays all of them out three times: half of the time of a report.
    """
    from matplotlib.transforms import ScaledTranslation

    level = axis is axes.xaxis
    low, high = sorted(axis.get_view_interval())
    near = 1e-9 * (high - low)
    places = [place for place in axis.get_majorticklocs() if low - near <= place <= high + near]
    settings = axis.get_tick_params()
    if settings.get("length", _TICK_PT) > 0.0:
        points = (places, [0.0] * len(places)) if level else ([0.0] * len(places), places)
        line = axes.get_xaxis_transform() if level else axes.get_yaxis_transform()
        axes.plot(*points, linestyle="", marker=3 if level else 0, markersize=_TICK_PT, markeredgewidth=0.6, color=INK,
                  transform=line, clip_on=False, scalex=False, scaley=False)  # fmt: skip
    if settings.get("labelbottom" if level else "labelleft", True):
        transform, above, beside = (axes.get_xaxis_text1_transform if level else axes.get_yaxis_text1_transform)(5.5)
        for place, text in zip(places, axis.get_major_formatter().format_ticks(places), strict=True):
            axes.text(*((place, 0.0) if level else (0.0, place)), text, fontsize=6.5, color=INK, ha=beside,
                      va=above, transform=transform)  # fmt: skip
    if axis.get_label_text():
        away = (0.0, -_X_LABEL_PT / 72.0) if level else (-_Y_LABEL_PT / 72.0, 0.0)
        transform = axes.transAxes + ScaledTranslation(*away, axes.figure.dpi_scale_trans)
        axes.text(*((0.5, 0.0) if level else (0.0, 0.5)), axis.get_label_text(), color=INK, ha="center",
                  va="top" if level else "bottom", rotation=0 if level else 90, rotation_mode="anchor",
                  transform=transform)  # fmt: skip
    axis.set_visible(False)


def _tidy(svg: str, name: str) -> str:
    """Make matplotlib's file an element for a page: no prolog, no metadata, no global style, own identifiers."""
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r" *<metadata>.*?</metadata>\n?", "", body, flags=re.S)
    body = re.sub(r' *<defs>\s*<style type="text/css">[^<]*</style>\s*</defs>\n?', "", body)
    body = re.sub(r'<svg [^>]*viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', body, count=1)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    used = set(re.findall(r'url\(#([\w-]+)\)|xlink:href="#([\w-]+)"', body))
    targets = {one or other for one, other in used}

    def identifier(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in targets else ""

    body = re.sub(r' id="([\w.-]+)"', identifier, body)
    body = re.sub(r"url\(#([\w-]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'xlink:href="#([\w-]+)"', rf'href="#{name}-\1"', body)
    return re.sub(r"(\d\.\d\d)\d+", r"\1", body)
