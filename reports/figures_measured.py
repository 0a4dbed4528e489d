"""Figures of the general data: series against limits, traces with instants that count, lines with residuals, bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.record import Chart, LineFit, MeasuredData, Trace
from reports.figures_trace import trace_figure
from reports.graph import FOOT, LEFT, RIGHT, ROW, Axes, Canvas, Style, finite, legend, rows_of, style_of
from reports.messages import Words
from reports.numbers import shortest
from reports.plots import SHADE, Drawing, Label

_TALL = {"series": 92.0, "trace": 78.0, "line": 116.0, "bars": 92.0}
_AXIS = {
    "s": "figure.axis_time", "min": "figure.axis_time", "h": "figure.axis_time", "d": "figure.axis_time",
    "degC": "figure.axis_temperature", "deg C": "figure.axis_temperature", "V": "figure.axis_voltage",
    "L/min": "figure.axis_flow",
    "nmol/mol": "figure.offered", "umol/mol": "figure.offered", "": "figure.axis_number", "1": "figure.axis_number",
}  # fmt: skip
"""What stands on the horizontal scale, by its unit; another unit stands there alone."""


@dataclass(frozen=True)
class Caption(Label):
    """What a figure shows: component, the words of its key, and what its lines and shades mean."""

    quantity: str = ""
    notes: tuple[Label, ...] = ()

    def text(self, words: Words) -> str:
        """Return the caption."""
        quantity = words.term("quantity", self.quantity) if self.quantity else ""
        said = words.term("chart", self.key)
        shown = words("figure.caption_measured", quantity=quantity, chart=said) if quantity else said
        stop = words("report.stop")
        shown = shown if shown.endswith(("." if stop == "." else stop, stop)) else shown + stop
        gap = "" if words.language == "zh" else " "
        return gap.join([shown, *(note.text(words) for note in self.notes)])


def measured_figures(name: str, data: MeasuredData, started_s: float) -> list[Drawing]:
    """Return the figures of ``data``: its charts, then its traces; a chart without a point is left out.

    ``name`` keeps identifiers of several figures on one page apart; traces count time from ``started_s``.
    """
    found = []
    for number, chart in enumerate(data.charts):
        if any(finite(values) for values in chart.y):
            draw = {"series": _series, "trace": _series, "line": _line, "bars": _bars}[chart.kind]
            found.append(draw(f"{name}c{number}", chart, data.quantity))
    by_unit: dict[str, list[Trace]] = {}
    for trace in data.traces:
        if trace.t_s:
            by_unit.setdefault(trace.unit, []).append(trace)
    for number, (unit, traces) in enumerate(by_unit.items()):
        levels = data.levels if unit == data.unit else []
        shown = data.quantity if len(traces) > 1 and data.quantity else traces[0].quantity
        key = "figure.caption_trace" if levels else "figure.caption_plain_trace"
        caption = Label(key, values={"quantity": shown})
        found.append(trace_figure(f"{name}t{number}", caption, traces, levels, started_s, offered=True))
    return found


def _axis(unit: str) -> Label:
    return Label(_AXIS.get(unit, "figure.axis_other"), values={"unit": unit})


def _reading(unit: str) -> Label:
    return Label("figure.plain_value" if unit in ("", "1") else "figure.value", values={"unit": unit})


def _caption(chart: Chart, quantity: str) -> Caption:
    notes = []
    if chart.limit_low is not None or chart.limit_high is not None:
        notes.append(Label("figure.note_limits"))
    if chart.fit is not None:
        coverage = f"{shortest(100 * chart.fit.band_coverage)} %"
        notes.append(Label("figure.note_band", values={"coverage": coverage}))
        if len(chart.y) > 1:
            notes.append(Label("figure.note_apart"))
    return Caption(chart.key, quantity=quantity, notes=tuple(notes))


def _limits(chart: Chart) -> list[float]:
    return [limit for limit in (chart.limit_low, chart.limit_high) if limit is not None]


def _named(chart: Chart) -> list[tuple[Label, Style]]:
    return [(Label(name, "series"), style_of(number)) for number, name in enumerate(chart.names)]


def _top(chart: Chart, axes: Axes) -> tuple[float, int, list[tuple[float, Label]]]:
    """Room above the axes: for names of series, then for names of marks."""
    marks = [(place, Label(text, "series")) for text, place in sorted(chart.marks.items(), key=lambda item: item[1])]
    rows = min(3, max(rows_of(marks, axes), default=-1) + 1)
    return 5.0 + ROW * (len(chart.names) > 1) + 8.0 * rows, rows, marks


def _series(name: str, chart: Chart, quantity: str) -> Drawing:
    limits = _limits(chart)
    xs = [value for values in chart.x for value in values] + list(chart.marks.values())
    ys = [value for values in chart.y for value in values] + limits
    canvas = Canvas(0.0, name)
    probe = Axes(canvas, (LEFT, 0.0, RIGHT, 1.0), xs, ys, tight=chart.kind == "trace")
    top, rows, marks = _top(chart, probe)
    bottom = top + _TALL[chart.kind]
    canvas.height = bottom + FOOT
    axes = Axes(canvas, (LEFT, top, RIGHT, bottom), xs, ys, tight=chart.kind == "trace")
    axes.level(0.0)
    axes.uprights(marks, rows)
    axes.limits(limits, [shortest(limit) for limit in limits])
    for number, (x, y) in enumerate(zip(chart.x, chart.y, strict=True)):
        axes.series(x, y, style_of(number), dots=chart.kind == "series")
    axes.scale(_axis(chart.x_unit), _reading(chart.y_unit))
    if len(chart.names) > 1:
        legend(canvas, _named(chart), dots=chart.kind != "trace")
    return canvas.finish(_caption(chart, quantity))


def _line(name: str, chart: Chart, quantity: str) -> Drawing:
    """Left: points, the line and its band. Right: residuals with the same band, against the limits.

    The first series are the points of the line; others (refused ones, another direction) are drawn beside it.
    """
    fit, limits = chart.fit, _limits(chart)
    named = len(chart.names) > 1
    top = 5.0 + ROW * named
    bottom = top + _TALL["line"]
    canvas = Canvas(bottom + FOOT, name)
    xs = [value for values in chart.x for value in values]
    ys = [value for values in chart.y for value in values]
    middle = RIGHT if fit is None else 232.0
    axes = Axes(canvas, (LEFT, top, middle, bottom), [*xs, *([] if fit is None else fit.band_x)],
                [*ys, *([] if fit is None else [*fit.band_low, *fit.band_high])])  # fmt: skip
    if fit is not None:
        axes.band(fit.band_x, fit.band_low, fit.band_high)
        axes.series(fit.band_x, _on(fit, fit.band_x), style_of(0), dots=False)
    for number, (x, y) in enumerate(zip(chart.x, chart.y, strict=True)):
        axes.dots(x, y, style_of(number))
    axes.scale(_axis(chart.x_unit), _reading(chart.y_unit))
    if fit is not None:
        _residuals(canvas, (282.0, top, RIGHT, bottom), chart, fit, limits)
    if named:
        legend(canvas, _named(chart), dots=chart.kind != "trace")
    return canvas.finish(_caption(chart, quantity))


def _residuals(
    canvas: Canvas, box: tuple[float, float, float, float], chart: Chart, fit: LineFit, limits: list[float]
) -> None:
    line = _on(fit, fit.band_x)
    low = [v - on for v, on in zip(fit.band_low, line, strict=True)]
    high = [v - on for v, on in zip(fit.band_high, line, strict=True)]
    rest = [[v - on for v, on in zip(y, _on(fit, x), strict=True)] for x, y in zip(chart.x, chart.y, strict=True)]
    axes = Axes(canvas, box, [*(v for x in chart.x for v in x), *fit.band_x],
                [*(v for values in rest for v in values), *low, *high, *limits])  # fmt: skip
    axes.band(fit.band_x, low, high)
    axes.level(0.0)
    axes.limits(limits, [shortest(limit) for limit in limits])
    for number, (x, values) in enumerate(zip(chart.x, rest, strict=True)):
        axes.dots(x, values, style_of(number))
    axes.scale(_axis(chart.x_unit), Label("figure.residual", values={"unit": chart.y_unit}))


def _on(fit: LineFit, x: Sequence[float]) -> list[float]:
    return [fit.intercept + fit.slope * value for value in x]


def _bars(name: str, chart: Chart, quantity: str) -> Drawing:
    """Values side by side, series within each place; a mark gives a place its name."""
    limits = _limits(chart)
    places = sorted({value for values in chart.x for value in values})
    at = {place: number for number, place in enumerate(places)}
    top = 5.0 + ROW * (len(chart.names) > 1)
    bottom = top + _TALL["bars"]
    canvas = Canvas(bottom + (12.0 if chart.marks else FOOT), name)
    ys = [value for values in chart.y for value in values]
    axes = Axes(canvas, (LEFT, top, RIGHT, bottom), [-0.5, len(places) - 0.5], [0.0, *ys, *limits], tight=True)
    wide = 0.7 / max(1, len(chart.y))
    for number, (x, y) in enumerate(zip(chart.x, chart.y, strict=True)):
        fill = (SHADE, f"url(#{name}-bar)", "#fff")[number % 3]
        for place, value in zip(x, y, strict=True):
            if not finite([value]):
                continue
            left = at[place] - 0.35 + wide * number + 0.04 * wide
            a, b = axes.x(left), axes.x(left + 0.92 * wide)
            d = f"M{a:.1f} {axes.y(0.0):.1f}V{axes.y(value):.1f}H{b:.1f}V{axes.y(0.0):.1f}Z"
            canvas.area(d, fill)
            canvas.path(d, style_of(number).colour, 0.8)
    axes.level(0.0)
    axes.limits(limits, [shortest(limit) for limit in limits])
    axes.scale(_axis(chart.x_unit) if not chart.marks else None, _reading(chart.y_unit), x_ticks=False)
    names = {place: text for text, place in chart.marks.items()}
    for place in places:
        if place in names:
            canvas.words(axes.x(at[place]), bottom + 9.5, Label(names[place], "series"))
        else:
            canvas.text(axes.x(at[place]), bottom + 9.5, shortest(place))
    if len(chart.names) > 1:
        for number, label in enumerate(chart.names):
            slot = min(120.0, (RIGHT - LEFT) / len(chart.names))
            start = LEFT + slot * number
            d = f"M{start:.1f} 7.5v-6h12v6z"
            canvas.area(d, (SHADE, f"url(#{name}-bar)", "#fff")[number % 3])
            canvas.path(d, style_of(number).colour, 0.8)
            canvas.words(start + 16, 7.0, Label(label, "series"), "start")
    return canvas.finish(_caption(chart, quantity))
