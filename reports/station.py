"""A picture of a station over some days: what its instruments showed, and the air as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]
Flags = NDArray[np.bool_]

_POINTS_EVERY_S = 300
"""Finest step that a week-wide picture can show."""
_CLOSE_S = 6 * 3600
"""What the last panel shows of the air conditioner's cycle."""
_HIDDEN = ("outside.", "room.")
_COLOURS = ("#1f4e79", "#c2410c", "#2e7d32", "#7b1fa2", "#00838f", "#6d4c41")
_TRUE = ("#b5b5b5", "#d9b53f")


@dataclass(frozen=True)
class Panel:
    """One of the picture's strips.

    Attributes:
        title: what it shows.
        unit: of its axis.
        shown: patterns of columns that instruments show.
        true: columns of the air as it was.
        size: only monitors of this particle size.
        checks: the readings on zero and span gas, which every other panel leaves out.
        close: the last hours by themselves, on an axis of their own.
    """

    title: str
    unit: str
    shown: tuple[str, ...]
    true: tuple[str, ...] = ()
    size: str = ""
    checks: bool = False
    close: bool = False


_MASS = ("*.concentration_1h", "*.concentration")
_CABINETS = ("*.internal_temp", "*.box_temp", "*.shelter_temp", "shelter.temperature")
_PANELS = (
    Panel("Ozone", "ppb", ("*.o3",), ("outside.o3",)),
    Panel("NO₂", "ppb", ("*.no2",), ("outside.no2",)),
    Panel("NO", "ppb", ("*.no",), ("outside.no",)),
    Panel("SO₂", "ppb", ("*.so2",), ("outside.so2",)),
    Panel("CO", "ppm", ("*.co",), ("outside.co",)),
    Panel("PM2.5", "µg/m³", _MASS, ("outside.pm2_5",), size="pm2.5"),
    Panel("PM10", "µg/m³", _MASS, ("outside.pm10",), size="pm10"),
    Panel("Zero and span", "ppb; CO 0.1 ppm", ("*.so2", "*.no", "*.o3", "*.co"), checks=True),
    Panel("Temperature", "°C", ("*.air_temperature",), ("outside.temperature", "room.temperature")),
    Panel("Humidity", "%", ("*.relative_humidity", "shelter.humidity"), ("outside.humidity",)),
    Panel("Wind", "m/s", ("*.wind_speed_avg", "*.wind_speed"), ("outside.wind_speed",)),
    Panel("Visibility", "km", ("*.visibility_10min",), ("outside.visibility",)),
    Panel("Room and cabinets,\nlast hours", "°C", _CABINETS, ("room.temperature",), close=True),
)


class StationPicture:
    """Collects rows and draws them.

    Readings that are not of the air (on zero or span gas, with an alarm, before a monitor's first record) are gaps in
    the panels of the air.

    Args:
        epoch: calendar time of bench second 0; the axis shows its zone.
        title: what is written above.
    """

    def __init__(self, epoch: datetime, title: str = "") -> None:
        self._epoch, self._title = epoch, title
        self._times: list[FloatArray] = []
        self._columns: dict[tuple[int, str], list[FloatArray]] = {}
        self._night: list[Flags] = []
        self._close: list[tuple[FloatArray, dict[str, FloatArray]]] = []

    def take(
        self, t_s: FloatArray, numbers: Mapping[str, FloatArray], units: Mapping[str, str],
        texts: Mapping[str, NDArray[np.str_]] | None = None,
    ) -> None:  # fmt: skip
        """Take some rows, of one step throughout; columns that no panel shows are let go."""
        step = float(t_s[1] - t_s[0]) if len(t_s) > 1 else float(_POINTS_EVERY_S)
        fold = max(1, round(_POINTS_EVERY_S / step))
        count = len(t_s) // fold
        if not count:
            return
        words = texts or {}
        whole = _Folding(fold, count)
        self._times.append(t_s[: count * fold].reshape(count, fold)[:, -1])
        sun = numbers.get("outside.sun")
        self._night.append(np.zeros(count, dtype=bool) if sun is None else whole.mean(sun) < 1.0)
        last: dict[str, FloatArray] = {}
        for number, panel in enumerate(_PANELS):
            for name in _names(panel, numbers, words):
                values = numbers[name]
                if panel.close:
                    last[name] = values
                    continue
                if name not in panel.true:
                    values = _of_the_air(name, values, numbers, words, checks=panel.checks)
                scale = {"m": 1e-3}.get(units.get(name, ""), 1.0)  # visibility in km
                if panel.checks and name.endswith(".co"):
                    scale = 10.0
                self._columns.setdefault((number, name), []).append(whole.mean(values) * scale)
        self._close = [*self._close[-1:], (t_s, last)]

    def save(self, path: Path) -> None:
        """Write the picture; the same rows give the same bytes.

        Raises:
            OSError: it cannot be written.
        """
        from matplotlib import rc_context

        undated = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[path.suffix]
        with rc_context({"svg.hashsalt": "station"}):  # else the names inside are drawn anew each time
            self.figure().savefig(path, metadata={undated: None})

    def figure(self) -> Figure:
        """Draw all rows that were taken."""
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        columns = {key: np.concatenate(parts) for key, parts in self._columns.items()}
        columns = {key: values for key, values in columns.items() if not np.isnan(values).all()}
        panels = sorted({number for number, _ in columns})
        close = self._last_hours()
        heights = [1.0] * max(1, len(panels)) + [1.3] * bool(close[1])
        with rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
            figure = Figure(figsize=(11.0, 0.9 + 1.15 * sum(heights)), dpi=130, layout="constrained")
            FigureCanvasAgg(figure)
            axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
            times = self._calendar(np.concatenate(self._times))
            night = np.concatenate(self._night)
            for place, number in zip(axes, panels, strict=False):
                place.sharex(axes[0])
                _shade(place, times, night)
                _lines(place, _PANELS[number], {name: v for (n, name), v in columns.items() if n == number}, times)
            axes[0].set_xlim(left=times[0] - timedelta(seconds=_POINTS_EVERY_S))
            _days(axes[: len(panels)])
            if close[1]:
                _lines(axes[-1], next(panel for panel in _PANELS if panel.close), close[1], self._calendar(close[0]))
                _hours(axes[-1])
            if self._title:
                figure.suptitle(self._title, x=0.01, ha="left", fontsize=9)
        return figure

    def _calendar(self, seconds: FloatArray) -> NDArray[Any]:
        local = self._epoch.replace(tzinfo=None)  # the axis shows the station's own calendar
        return np.array([local + timedelta(seconds=t) for t in seconds.tolist()])

    def _last_hours(self) -> tuple[FloatArray, dict[str, FloatArray]]:
        seconds = np.concatenate([t_s for t_s, _ in self._close])
        names = self._close[-1][1]
        late = seconds > seconds[-1] - _CLOSE_S
        return seconds[late], {name: np.concatenate([part[name] for _, part in self._close])[late] for name in names}


@dataclass(frozen=True)
class _Folding:
    """Means over ``fold`` rows each."""

    fold: int
    count: int

    def mean(self, values: FloatArray) -> FloatArray:
        folded = values[: self.count * self.fold].reshape(self.count, self.fold)
        there = ~np.isnan(folded)
        mean = np.where(there, folded, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        return np.where(there.any(axis=1), mean, np.nan)


def _names(
    panel: Panel, numbers: Mapping[str, FloatArray], texts: Mapping[str, NDArray[np.str_]]
) -> list[str]:  # fmt: skip
    """Columns of a panel: the air first, then of each instrument that which fits first."""
    found = [name for name in panel.true if name in numbers]
    seen: set[str] = set()
    for pattern in panel.shown:
        for name in numbers:
            device = name.partition(".")[0]
            sizes = texts.get(f"{device}.size")
            fits = not panel.size or (sizes is not None and str(sizes[-1]) == panel.size)
            many = panel.close or panel.checks
            # a standard in its case breathes the room: it has no place among those that breathe the air
            carried = f"{device}.sample_line" in texts
            if name.startswith(_HIDDEN) or carried or not fnmatchcase(name, pattern) or not fits:
                continue
            if device in seen and not many:
                continue
            seen.add(device)
            found.append(name)
    return found


def _of_the_air(
    name: str, values: FloatArray, numbers: Mapping[str, FloatArray], texts: Mapping[str, NDArray[np.str_]], *,
    checks: bool,
) -> FloatArray:  # fmt: skip
    """The readings of the air (or those on zero and span gas), the others left out."""
    device = name.partition(".")[0]
    modes = texts.get(f"{device}.gas_mode")
    checked = np.zeros(len(values), dtype=bool) if modes is None else modes != "sample"
    if checks:
        return np.where(checked, values, np.nan)
    alarms, record = texts.get(f"{device}.alarms"), numbers.get(f"{device}.record_s")
    flagged = np.zeros(len(values), dtype=bool) if alarms is None else alarms != ""
    before = np.zeros(len(values), dtype=bool) if record is None else record <= 0.0
    return np.where(checked | flagged | before, np.nan, values)


def _lines(place: Any, panel: Panel, columns: Mapping[str, FloatArray], times: NDArray[Any]) -> None:
    shown = 0
    for name, values in columns.items():
        if name.startswith(_HIDDEN):
            colour, width = _TRUE[panel.true.index(name)], 1.8
        else:
            colour, width = _COLOURS[shown % len(_COLOURS)], 0.8
            shown += 1
        place.plot(times, values, color=colour, linewidth=width, label=_label(name))
    place.set_ylabel(f"{panel.title}\n{panel.unit}")
    place.legend(loc="upper left", bbox_to_anchor=(1.0, 1.04), frameon=False, fontsize=7)
    place.margins(x=0)


def _shade(place: Any, times: NDArray[Any], night: Flags) -> None:
    """Nights are grey."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], night, [False])).astype(np.int8)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        place.axvspan(times[begin], times[min(end, len(times) - 1)], color="#f1f1f4", linewidth=0)


def _days(axes: NDArray[Any]) -> None:
    """Marks at midnight, with the day's name under the lowest panel; hours where there are few days."""
    from matplotlib.dates import AutoDateLocator, DateFormatter, DayLocator

    low, high = axes[0].get_xlim()
    days = high - low
    locator: Any = AutoDateLocator() if days < 2.0 else DayLocator(interval=max(1, round(days / 14.0)))  # type: ignore[no-untyped-call]
    for place in axes:
        place.xaxis.set_major_locator(locator)
        place.grid(axis="x", color="#c4c4cc", linewidth=0.7)
        place.tick_params(axis="x", labelbottom=place is axes[-1])
    axes[-1].xaxis.set_major_formatter(DateFormatter("%a %d %b\n%H:%M" if days < 2.0 else "%a %d %b"))  # type: ignore[no-untyped-call]


def _hours(place: Any) -> None:
    from matplotlib.dates import DateFormatter

    place.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    place.grid(axis="x", color="#dcdce2", linewidth=0.6)


def _label(name: str) -> str:
    place, _, quantity = name.partition(".")
    return f"{place}, true" if name.startswith(_HIDDEN) else f"{place}.{quantity}"
