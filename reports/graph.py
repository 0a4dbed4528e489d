"""Axes drawn as plain SVG: what the figures of a general procedure need, a hundred times as fast as a plotting library.

A plan of a week leaves a figure or two for each test on each channel; matplotlib takes tens of milliseconds for one of
them, this about one (docs/decisions/0004-speed.md). Points are printer's points; words are numbered tokens, as in
:mod:`reports.plots`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from reports.numbers import fixed
from reports.plots import FAINT, INK, LINE, MOST_POINTS, SHADE, Drawing, Label, thin

WIDTH = 510.0
"""Width of a figure, points: 180 mm."""
LEFT, RIGHT, FOOT, ROW = 44.0, WIDTH - 32.0, 24.0, 9.0
"""Places of the scale and of the right end of a wide figure, room for its foot, height of a row of names; points."""
SIZE = 7.0
"""Height of letters, points."""
_LETTER = 0.52 * SIZE
_TICK, _DOT, _MOST_DOTS = 2.5, 2.1, 80


@dataclass(frozen=True)
class Style:
    """How a series is drawn: told from others without colour by its dashes and its dots."""

    colour: str
    dashes: str
    dot: str
    filled: bool


STYLES = (
    Style(LINE, "", "circle", filled=True),
    Style(INK, "4 2", "square", filled=False),
    Style(FAINT, "1.5 1.5", "diamond", filled=True),
    Style(LINE, "6 2 1.5 2", "square", filled=True),
    Style(INK, "", "circle", filled=False),
    Style(FAINT, "5 3", "diamond", filled=False),
)
"""Styles of series, in order; a seventh one looks like the first again."""


def style_of(number: int) -> Style:
    """Return the style of series ``number``."""
    return STYLES[number % len(STYLES)]


@dataclass
class Canvas:
    """A figure being drawn: its parts, and the words that stand in it.

    Args:
        height: points.
        name: keeps identifiers of several figures on one page apart.
    """

    height: float
    name: str
    parts: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def words(self, x: float, y: float, label: Label, anchor: str = "middle", more: str = "") -> None:
        """Put words whose language is chosen later."""
        self.labels.append(label)
        self.text(x, y, f"[{len(self.labels) - 1:03d}]", anchor, more)

    def text(self, x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> None:
        """Put a text as it is."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>')

    def path(self, d: str, colour: str = INK, width: float = 0.6, dashes: str = "") -> None:
        """Draw a line."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>')

    def area(self, d: str, fill: str = SHADE) -> None:
        """Fill an area."""
        self.parts.append(f'<path d="{d}" fill="{fill}"/>')

    def dot(self, x: float, y: float, style: Style) -> None:
        """Mark a point."""
        r = _DOT
        fill = style.colour if style.filled else "#fff"
        look = f'fill="{fill}" stroke="{style.colour}" stroke-width="0.7"'
        if style.dot == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" {look}/>')
        elif style.dot == "square":
            self.parts.append(f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:g}" height="{2 * r:g}" {look}/>')
        else:
            r *= 1.3
            self.parts.append(f'<path d="M{x - r:.1f} {y:.1f}l{r:g} {-r:g}l{r:g} {r:g}l{-r:g} {r:g}z" {look}/>')

    def finish(self, caption: Label) -> Drawing:
        """Return the figure."""
        body = "".join(self.parts)
        source = (
            f'<svg viewBox="0 0 {WIDTH:g} {self.height:g}" font-size="{SIZE:g}" fill="{INK}">'
            f'<defs><pattern id="{self.name}-bar" width="4" height="4" patternUnits="userSpaceOnUse">'
            f'<path d="M-1 5L5 -1M-1 1L1 -1M3 5L5 3" stroke="{LINE}" stroke-width="0.7"/></pattern></defs>{body}</svg>'
        )
        return Drawing(source, tuple(self.labels), caption)


class Axes:
    """A box on a canvas with a scale on its left and at its foot.

    Args:
        canvas: what is drawn on.
        box: left, top, right, bottom, points.
        x: what the horizontal scale must hold.
        y: what the vertical scale must hold; both are widened a little, and to something if all values are one.
        tight: the horizontal scale ends where its values end.
    """

    def __init__(
        self, canvas: Canvas, box: tuple[float, float, float, float], x: Sequence[float], y: Sequence[float], *,
        tight: bool = False,
    ) -> None:  # fmt: skip
        self.canvas = canvas
        self.left, self.top, self.right, self.bottom = box
        self._x, self._y = _reach(x, 0.0 if tight else 0.03), _reach(y, 0.07)
        self._whole = all(value == round(value) for value in finite(x))

    def x(self, value: float) -> float:
        """Return the place of a value on the horizontal scale, points."""
        low, high = self._x
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Return the place of a value on the vertical scale, points."""
        low, high = self._y
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def scale(self, x_label: Label | None, y_label: Label | None, *, x_ticks: bool = True) -> None:
        """Draw both axes with ticks, numbers and their labels."""
        canvas, height = self.canvas, self.bottom - self.top
        d = f"M{self.left:.1f} {self.top:.1f}V{self.bottom:.1f}H{self.right:.1f}"
        for value, text in ticks(*self._y, most=max(2, int(height / 18))):
            y = self.y(value)
            d += f"M{self.left - _TICK:.1f} {y:.1f}h{_TICK:g}"
            canvas.text(self.left - 4.5, y + 2.3, text, "end")
        most = max(3, int((self.right - self.left) / 55))
        for value, text in ticks(*self._x, most=most, whole=self._whole) if x_ticks else ():
            x = self.x(value)
            d += f"M{x:.1f} {self.bottom:.1f}v{_TICK:g}"
            canvas.text(x, self.bottom + 9.5, text)
        canvas.path(d)
        if x_label is not None:
            canvas.words((self.left + self.right) / 2, self.bottom + 19, x_label)
        if y_label is not None:
            x, y = self.left - 33, (self.top + self.bottom) / 2
            canvas.words(x, y, y_label, more=f' transform="rotate(-90 {x:.1f} {y:.1f})"')

    def series(self, x: Sequence[float], y: Sequence[float], style: Style, *, dots: bool = True) -> None:
        """Join points in order; a value that is no number breaks the line. Few enough points are marked."""
        for run in _runs(x, y):
            if len(run) > 1:
                few = run
                if len(run) > MOST_POINTS:
                    ts, vs = thin([t for t, _ in run], [v for _, v in run])
                    few = list(zip(ts.tolist(), vs.tolist(), strict=True))
                d = "L".join(f"{self.x(t):.1f} {self.y(v):.1f}" for t, v in few)
                self.canvas.path(f"M{d}", style.colour, 1.0, style.dashes)
            if (dots and len(x) <= _MOST_DOTS) or len(run) == 1:
                self.dots([t for t, _ in run], [v for _, v in run], style)

    def dots(self, x: Sequence[float], y: Sequence[float], style: Style) -> None:
        """Mark points."""
        for t, v in zip(x, y, strict=True):
            if math.isfinite(t) and math.isfinite(v):
                self.canvas.dot(self.x(t), self.y(v), style)

    def spread(self, x: Sequence[float], middle: Sequence[float], half: Sequence[float]) -> None:
        """Draw how far a value scatters to either side, as an upright with two caps."""
        for t, v, reach in zip(x, middle, half, strict=False):
            if math.isfinite(t) and math.isfinite(v) and reach > 0.0:
                at, low, high = self.x(t), self.y(v - reach), self.y(v + reach)
                self.canvas.path(f"M{at - 2:.1f} {low:.1f}h4m-2 0V{high:.1f}m-2 0h4", INK, 0.7)

    def band(self, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
        """Shade what lies between two lines."""
        there = [(self.x(t), self.y(v)) for t, v in zip(x, high, strict=True)]
        back = [(self.x(t), self.y(v)) for t, v in zip(reversed(x), reversed(low), strict=True)]
        self.canvas.area("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in (*there, *back)) + "Z")

    def window(self, start: float, end: float) -> None:
        """Shade a stretch of the horizontal scale."""
        a, b = (min(max(self.x(t), self.left), self.right) for t in (start, end))
        self.canvas.area(f"M{a:.1f} {self.top:.1f}H{b:.1f}V{self.bottom:.1f}H{a:.1f}Z")

    def limits(self, values: Sequence[float], texts: Sequence[str]) -> None:
        """Draw limits as dashed lines across, each with its number at the right end."""
        last = math.inf
        for value, text in sorted(zip(values, texts, strict=True)):
            y = self.y(value)
            self.canvas.path(f"M{self.left:.1f} {y:.1f}H{self.right:.1f}", INK, 1.0, "3 2")
            last = min(y + 2.3, last - SIZE)
            self.canvas.text(self.right + 3, last, text, "start")

    def level(self, value: float) -> None:
        """Draw a faint line across, such as zero, if it lies on the scale."""
        if self._y[0] <= value <= self._y[1]:
            self.canvas.path(f"M{self.left:.1f} {self.y(value):.1f}H{self.right:.1f}", FAINT, 0.5)

    def uprights(self, places: Sequence[tuple[float, Label]], rows: int) -> None:
        """Draw instants or levels that count as thin lines with their names above, in ``rows`` rows."""
        for (place, label), row in zip(places, rows_of(places, self), strict=True):
            x = self.x(place)
            y = self.top - 3 - (SIZE + 1) * min(row, rows - 1)
            self.canvas.path(f"M{x:.1f} {self.top - 1.5:.1f}V{self.bottom:.1f}", FAINT, 0.6)
            self.canvas.words(x, y, label)


def rows_of(places: Sequence[tuple[float, Label]], axes: Axes) -> list[int]:
    """Return the row in which each name can stand without touching another, from below."""
    ends: list[float] = []
    rows = []
    for place, label in places:
        half = _LETTER * len(label.key.rpartition(".")[2]) / 2 + 2
        x = axes.x(place)
        row = next((number for number, end in enumerate(ends) if x - half > end), len(ends))
        ends[row:] = [x + half, *ends[row + 1 :]]
        rows.append(row)
    return rows


def legend(canvas: Canvas, names: Sequence[tuple[Label, Style]], *, dots: bool) -> None:
    """Name the series in a row above the axes, each with a piece of its line, and the dots that it has."""
    slot, y = min(120.0, (RIGHT - LEFT) / max(1, len(names))), ROW - 2.0
    for number, (label, style) in enumerate(names):
        x = LEFT + slot * number
        canvas.path(f"M{x:.1f} {y - 2.4:.1f}h16", style.colour, 1.0, style.dashes)
        if dots:
            canvas.dot(x + 8, y - 2.4, style)
        canvas.words(x + 20, y, label, "start")


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> Iterator[tuple[float, str]]:
    """Yield round values between ``low`` and ``high``, at most about ``most``, with their texts.

    ``whole`` leaves only whole numbers: days, readings in their order.
    """
    rough = max((high - low) / most, float(whole))
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= 0.999 * rough)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(step * 10**places, 6) != round(step * 10**places):
        places += 1  # 2.5, 0.25
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield number * step, fixed(number * step, places)


def finite(values: Sequence[float]) -> list[float]:
    """Return those that are numbers."""
    return [value for value in values if math.isfinite(value)]


def _reach(values: Sequence[float], margin: float) -> tuple[float, float]:
    good = finite(values)
    low, high = (min(good), max(good)) if good else (0.0, 1.0)
    span = high - low
    if span <= 1e-9 * max(abs(low), abs(high)):
        half = max(0.5 * abs(high), 0.5) if not high else 0.05 * abs(high)
        return low - half, high + half
    return low - margin * span, high + margin * span


def _runs(x: Sequence[float], y: Sequence[float]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for t, v in zip(x, y, strict=True):
        if math.isfinite(t) and math.isfinite(v):
            run.append((t, v))
        elif run:
            yield run
            run = []
    if run:
        yield run
