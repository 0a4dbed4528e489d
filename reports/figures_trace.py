"""What a unit showed over time."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.record import Level, Trace
from reports.graph import FOOT, LEFT, RIGHT, ROW, Axes, Canvas, legend, rows_of, style_of
from reports.plots import INK, Drawing, Label

_TALL = 78.0
_TIMES = ((259_200.0, 86_400.0, "figure.days"), (36_000.0, 3600.0, "figure.hours"), (-1e300, 60.0, "figure.minutes"))
"""From which length of a trace on which unit of time stands on its scale, both in seconds."""


def trace_figure(
    name: str, caption: Label, traces: Sequence[Trace], levels: Sequence[Level], started_s: float, *, offered: bool
) -> Drawing:
    """Response over time, with the windows of stability shaded and named; ``offered`` adds the nominal values.

    Traces are in one unit and have at least one reading each; time counts from ``started_s``.
    """
    longest = max(trace.t_s[-1] for trace in traces) - started_s
    unit_s, time_label = next((unit, key) for least, unit, key in _TIMES if longest >= least)
    times = [[(t - started_s) / unit_s for t in trace.t_s] for trace in traces]
    asked = sorted(levels, key=lambda level: level.asked_t_s)
    canvas = Canvas(0.0, name)
    xs = [value for values in times for value in values]
    ys = [value for trace in traces for value in trace.value] + [level.nominal for level in asked if offered]
    windows = [
        ((lv.window_start_s - started_s) / unit_s, (lv.window_end_s - started_s) / unit_s, Label(lv.label, "level"))
        for lv in asked
        if lv.window_start_s is not None and lv.window_end_s is not None
    ]
    names = [((start + end) / 2.0, label) for start, end, label in windows]
    probe = Axes(canvas, (LEFT, 0.0, RIGHT, 1.0), xs, ys, tight=True)
    placed = rows_of(names, probe)
    rows = min(3, 1 + max(placed, default=-1))
    top = 5.0 + ROW * (len(traces) > 1) + 8.0 * rows
    bottom = top + _TALL
    canvas.height = bottom + FOOT
    axes = Axes(canvas, (LEFT, top, RIGHT, bottom), xs, ys, tight=True)
    for start, end, _ in windows:
        axes.window(start, end)
    for (place, label), row in zip(names, placed, strict=True):
        canvas.words(axes.x(place), top - 2.5 - 8.0 * min(row, 2), label)
    for number, level in enumerate(asked if offered else ()):
        last = asked[number + 1].asked_t_s if number + 1 < len(asked) else level.window_end_s or level.asked_t_s
        begin, end = (min(max(axes.x((t - started_s) / unit_s), LEFT), RIGHT) for t in (level.asked_t_s, last))
        canvas.path(f"M{begin:.1f} {axes.y(level.nominal):.1f}H{end:.1f}", INK, 0.6, "4 2")
    for number, (x, trace) in enumerate(zip(times, traces, strict=True)):
        axes.series(x, trace.value, style_of(number), dots=False)
    axes.scale(Label(time_label), Label("figure.reading", values={"unit": traces[0].unit}))
    if len(traces) > 1:
        legend(canvas, [(Label(t.quantity, "quantity"), style_of(n)) for n, t in enumerate(traces)], dots=False)
    return canvas.finish(caption)
