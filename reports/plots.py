"""Figures as SVG text: deterministic, texts left as texts so that the reader's own fonts show them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calibration.record import ConverterData, Level, LineFit, MultipointData, Trace, ZeroSpanData

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reports.messages import Words

_INK, _ACCENT, _SOFT = "#1b2733", "#0b6fa4", "#b9d4e4"
_MOST_POINTS = 600


def figures(data: object, words: Words) -> list[str]:
    """Return the figures of a procedure's data, as SVG."""
    if isinstance(data, MultipointData):
        drawn = [] if data.fit is None else [_line(data.levels, data.fit, words, data.unit)]
        return [*drawn, _trace([data.trace], data.levels, words)]
    if isinstance(data, ZeroSpanData):
        return [_trace([data.trace], [*data.as_found, *data.as_left], words)]
    if isinstance(data, ConverterData):
        drawn = [] if data.fit is None else [_converter(data, words)]
        return [*drawn, _trace(data.traces, data.windows, words)]
    return []


def _new(width: float, height: float, columns: int = 1) -> tuple[Figure, Sequence[Any]]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({
        "svg.hashsalt": "air-station-rig", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9.0,
        "axes.edgecolor": _INK, "axes.labelcolor": _INK, "axes.spines.top": False, "axes.spines.right": False,
    })  # fmt: skip
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def _svg(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    with warnings.catch_warnings():
        # Texts stay texts in the SVG and are drawn with the reader's fonts; only their width is guessed here.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _line(levels: list[Level], fit: LineFit, words: Words, unit: str) -> str:
    figure, (main, rest) = _new(8.0, 3.0, 2)
    shown = words.term("unit", unit)
    x = [level.nominal for level in levels]
    y = [level.mean for level in levels]
    main.fill_between(fit.band_x, fit.band_low, fit.band_high, color=_SOFT, linewidth=0)
    main.plot(fit.band_x, [fit.intercept + fit.slope * v for v in fit.band_x], color=_ACCENT, linewidth=1.2)
    main.plot(x, y, "o", color=_INK, markersize=4)
    main.set_xlabel(words("figure.offered", unit=shown))
    main.set_ylabel(words("figure.reading", unit=shown))
    rest.axhline(0.0, color=_ACCENT, linewidth=1.0)
    rest.errorbar(x, fit.residuals, yerr=[level.sd for level in levels], fmt="o", color=_INK, markersize=4, capsize=2)
    rest.set_xlabel(words("figure.offered", unit=shown))
    rest.set_ylabel(words("figure.residual", unit=shown))
    return _svg(figure)


def _trace(traces: list[Trace], levels: list[Level], words: Words) -> str:
    figure, (axis,) = _new(8.0, 2.6)
    start = min((trace.t_s[0] for trace in traces if trace.t_s), default=0.0)
    for level in levels:
        if level.window_start_s is not None and level.window_end_s is not None:
            axis.axvspan((level.window_start_s - start) / 60.0, (level.window_end_s - start) / 60.0, color=_SOFT,
                         alpha=0.7, linewidth=0)  # fmt: skip
            axis.plot([(level.asked_t_s - start) / 60.0, (level.window_end_s - start) / 60.0],
                      [level.nominal, level.nominal], "--", color="#7a8894", linewidth=0.8)  # fmt: skip
    for trace, style in zip(traces, ("-", ":"), strict=False):
        every = max(1, len(trace.t_s) // _MOST_POINTS)
        axis.plot([(t - start) / 60.0 for t in trace.t_s[::every]], trace.value[::every], style, color=_ACCENT,
                  linewidth=1.0, label=words.term("quantity", trace.quantity))  # fmt: skip
    axis.set_xlabel(words("figure.minutes"))
    axis.set_ylabel(words("figure.reading", unit=words.term("unit", traces[0].unit) if traces else ""))
    if len(traces) > 1:
        axis.legend(frameon=False)
    return _svg(figure)


def _converter(data: ConverterData, words: Words) -> str:
    fit = data.fit
    assert fit is not None  # asked for only where there is a line
    figure, (bars, line) = _new(8.0, 3.0, 2)
    unit = words.term("unit", data.unit)
    places = range(len(data.points))
    bars.bar([p - 0.2 for p in places], [p.no_titrated for p in data.points], 0.38, color=_ACCENT, label="NO")
    bars.bar([p + 0.2 for p in places], [p.nox_titrated for p in data.points], 0.38, color=_SOFT, label="NOx")
    bars.set_xticks(list(places), [p.label for p in data.points])
    bars.set_ylabel(words("figure.reading", unit=unit))
    bars.legend(frameon=False)
    line.fill_between(fit.band_x, fit.band_low, fit.band_high, color=_SOFT, linewidth=0)
    line.plot(fit.band_x, [fit.intercept + fit.slope * v for v in fit.band_x], color=_ACCENT, linewidth=1.2)
    line.plot([p.no2_made for p in data.points], [p.no2_converted for p in data.points], "o", color=_INK, markersize=4)
    line.set_xlabel(words("figure.made", unit=unit))
    line.set_ylabel(words("figure.converted", unit=unit))
    return _svg(figure)
