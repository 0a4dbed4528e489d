"""``rig trend``: a control chart of one quantity of one unit over runs."""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.statistics.control_chart import LEAST_VALUES, SETTLED, ControlChart, control_chart
from rig.archive.trend import Trend, values_of
from rig.archive.trend import trend as find_trend
from rig.cli.runs import open_runs
from rig.errors import EXIT_PASS, ConfigurationError

_PICTURES = (".png", ".svg")


def trend(
    device: str, quantity: str, folder: Path | None, database: str | None, baseline: int, plot: Path | None,
    since: str | None,
) -> int:  # fmt: skip
    """Print the chart as text, draw it if asked, and return 0 whatever it shows.

    Raises:
        ConfigurationError: no such unit or quantity, too few runs, or a picture of another kind.
    """
    if plot is not None and plot.suffix not in _PICTURES:
        raise ConfigurationError("--plot", "", " or ".join(_PICTURES), plot.suffix or plot.name)
    if baseline < LEAST_VALUES:
        raise ConfigurationError("--baseline", "", f"{LEAST_VALUES} runs or more", baseline)
    store = open_runs(folder, database)
    try:
        found = find_trend(store, device, quantity, since)
    finally:
        store.close()
    if len(found.points) < LEAST_VALUES:
        raise ConfigurationError("QUANTITY", "", f"{LEAST_VALUES} runs or more with it", f"{len(found.points)}")
    chart = control_chart(values_of(found), baseline)
    sys.stdout.write("\n".join(_lines(found, chart)) + "\n")
    if plot is not None:
        from rig.archive.trend_chart import draw_trend

        draw_trend(found, chart, plot)
        sys.stdout.write(f"{plot}\n")
    return EXIT_PASS


def _lines(found: Trend, chart: ControlChart) -> list[str]:
    low, high = chart.limits
    unit = "" if found.unit == "1" else f" {found.unit}"
    few = f" (provisional: fewer than {SETTLED})" if chart.baseline < SETTLED else ""
    lines = [
        f"{found.device} {found.serial}: {found.quantity}/{found.criterion}, {len(found.points)} values, as found",
        f"centre {chart.centre:.4g}{unit}, sigma {chart.sigma:.3g}, control limits {low:.4g} to {high:.4g},"
        f" by the first {chart.baseline}{few}",
        f"limits of the criterion: {_limit(found.low)} to {_limit(found.high)}",
    ]
    said: dict[int, list[str]] = {}
    for signal in chart.signals:
        said.setdefault(signal.index, []).append(signal.rule)
    lines += [
        f"{place + 1:4}  {point.time[:16]}  {point.run}  {point.value:.5g}  {point.verdict}"
        + ("  <- " + ", ".join(said[place]) if place in said else "")
        for place, point in enumerate(found.points)
    ]
    lines.append("out of control" if chart.signals else "in control")
    return lines


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
