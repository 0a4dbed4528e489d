"""A control chart as a picture."""

from __future__ import annotations

from pathlib import Path

from calibration.statistics.control_chart import ControlChart
from rig.archive.trend import Trend
from rig.errors import RigFault

_INK, _LINE, _BAD, _FAINT = "#1a1a1a", "#1f5a8a", "#a61b1b", "#8c8c8c"


def draw_trend(found: Trend, chart: ControlChart, path: Path) -> None:
    """Draw values, centre, control limits, the limits of the criterion, and a ring with words at each signal.

    The suffix (.png, .svg) says which kind. Raises RigFault if the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    places = range(1, len(chart.values) + 1)
    axes.plot(places, chart.values, "o-", color=_LINE, markersize=4, linewidth=1)
    axes.axhline(chart.centre, color=_INK, linewidth=0.8)
    for sigma, style in ((1, (0, (1, 5))), (2, (0, (1, 3))), (3, (0, (5, 3)))):
        for side in (-1, 1):
            axes.axhline(chart.centre + side * sigma * chart.sigma, color=_INK, linewidth=0.7, linestyle=style)
    for limit in (found.low, found.high):
        if limit is not None:
            axes.axhline(limit, color=_BAD, linewidth=1.2)
    for signal in chart.signals:
        axes.plot([signal.index + 1], [chart.values[signal.index]], "o", markersize=11, fillstyle="none", color=_BAD)
        axes.annotate(signal.rule, (signal.index + 1, chart.values[signal.index]), xytext=(0, 9),
                      textcoords="offset points", ha="center", fontsize=7, color=_BAD)  # fmt: skip
    if chart.baseline < len(chart.values):
        axes.axvline(chart.baseline + 0.5, color=_FAINT, linewidth=0.8)
    axes.set_xlabel("run")
    axes.set_ylabel(f"{found.quantity} {found.criterion}" + ("" if found.unit == "1" else f" / {found.unit}"))
    axes.set_title(f"{found.device} {found.serial}: {found.points[0].time[:10]} to {found.points[-1].time[:10]}")
    try:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise RigFault(f"{path}: cannot be written: {error.strerror or error}") from error
