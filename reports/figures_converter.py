"""Gas-phase titration: what went in, what was made of it, what the converter turned back."""

from __future__ import annotations

from calibration.record import ConverterData
from reports.graph import FOOT, LEFT, RIGHT, Axes, Canvas, Style
from reports.numbers import NOTHING, shortest
from reports.plots import INK, LINE, SHADE, Drawing, Label

_HEIGHT, _TOP, _END, _BEGIN = 178.0, 8.0, 244.0, 298.0
"""Height of the figure, its upper edge, where the left axes end and where the right ones begin, points."""
_WIDE = 0.22
"""Width of a bar, of the place of a titration."""
_KEPT, _REFUSED = Style(INK, "", "circle", filled=True), Style(INK, "", "circle", filled=False)
_FITTED, _ALLOWED = Style(LINE, "", "circle", filled=True), Style(INK, "3 2", "circle", filled=True)


def titration_chart(name: str, data: ConverterData, lowest_pct: float | None) -> Drawing:
    """Left: NO and NOx before, during and after each titration. Right: the NO2 that was not converted.

    NO2 converted against NO2 made would be a straight line at any efficiency that an eye tells from 1; what is lost
    shows 0.93 at once. ``lowest_pct`` is the least efficiency that the criterion accepts: a point above its line
    misses it.
    """
    canvas = Canvas(_HEIGHT, name)
    _bars(canvas, data)
    _not_converted(canvas, data, lowest_pct)
    coverage = f"{shortest(100 * data.fit.band_coverage)} %" if data.fit is not None else NOTHING
    return canvas.finish(Label("figure.caption_titration", values={"coverage": coverage}))


def _bars(canvas: Canvas, data: ConverterData) -> None:
    highest = max([1.0, *(max(p.nox_before, p.nox_after, p.no_before) for p in data.points)])
    box = (LEFT, _TOP, _END, _HEIGHT - FOOT)
    axes = Axes(canvas, box, [-0.5, len(data.points) - 0.5], [0.0, highest], tight=True)
    for place, point in enumerate(data.points):
        for offset, no, nox in (
            (-0.27, point.no_before, point.nox_before),
            (0.0, point.no_titrated, point.nox_titrated),
            (0.27, point.no_after, point.nox_after),
        ):
            for value, fill, colour in ((nox, "#fff", INK), (no, f"url(#{canvas.name}-bar)", LINE)):
                a, b = axes.x(place + offset - _WIDE / 2), axes.x(place + offset + _WIDE / 2)
                d = f"M{a:.1f} {axes.y(0.0):.1f}V{axes.y(value):.1f}H{b:.1f}V{axes.y(0.0):.1f}Z"
                canvas.area(d, SHADE if fill != "#fff" else fill)
                canvas.area(d, fill)
                canvas.path(d, colour, 0.7)
        canvas.words(axes.x(place), axes.bottom + 9.5, Label(point.label, "level"))
    if data.points:
        first = data.points[0]
        for quantity, height in (("nox", first.nox_titrated), ("no", first.no_titrated)):
            canvas.words(axes.x(0.0), axes.y(height) - 1.5, Label(quantity, "quantity"))
    axes.level(0.0)
    reading = Label("figure.reading", values={"unit": data.unit})
    axes.scale(Label("figure.titration_axis"), reading, x_ticks=False)


def _not_converted(canvas: Canvas, data: ConverterData, lowest_pct: float | None) -> None:
    lost = [point.no2_made - point.no2_converted for point in data.points]
    most = max((point.no2_made for point in data.points), default=0.0)
    allowed = None if lowest_pct is None or most <= 0.0 else most * (1.0 - lowest_pct / 100.0)
    x: list[float] = []
    low: list[float] = []
    high: list[float] = []
    if data.fit is not None:
        x = data.fit.band_x
        low = [at - end for at, end in zip(x, data.fit.band_high, strict=True)]
        high = [at - end for at, end in zip(x, data.fit.band_low, strict=True)]
    ys = [0.0, *lost, *low, *high, *([] if allowed is None else [allowed])]
    made = [point.no2_made for point in data.points]
    axes = Axes(canvas, (_BEGIN, _TOP, RIGHT, _HEIGHT - FOOT), [0.0, *made, *x], ys)
    if data.fit is not None and x:
        axes.band(x, low, high)
        axes.series(x, [at - data.fit.intercept - data.fit.slope * at for at in x], _FITTED, dots=False)
    axes.level(0.0)
    for point, value in zip(data.points, lost, strict=True):
        axes.dots([point.no2_made], [value], _KEPT if point.refused is None else _REFUSED)
    if allowed is not None and lowest_pct is not None:
        axes.series([0.0, most], [0.0, allowed], _ALLOWED, dots=False)
        canvas.text(axes.x(most) + 3, axes.y(allowed) + 2.3, f"{shortest(lowest_pct)} %", "start")
    axes.scale(Label("figure.made", values={"unit": data.unit}),
               Label("figure.not_converted", values={"unit": data.unit}))  # fmt: skip
