"""A picture of a station over some days: what its instruments showed, and the air as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_POINTS_EVERY_S = 300
"""Finest step that a week-wide picture can show."""

_PANELS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # title, unit, what instruments show, what was true
    ("O₃, NO₂", "ppb", ("*.o3", "*.no2"), ("outside.o3", "outside.no2")),
    ("NO, SO₂", "ppb", ("*.no", "*.so2"), ("outside.no", "outside.so2")),
    ("CO", "ppm", ("*.co",), ("outside.co",)),
    ("Particles", "µg/m³", ("*.pm2_5", "*.pm10", "*.concentration_1h", "pm*.concentration"),
     ("outside.pm2_5", "outside.pm10")),
    ("Temperature", "°C", ("*.internal_temp", "*.shelter_temp"), ("outside.temperature", "room.temperature")),
    ("Wind", "m/s", ("*.wind_speed*",), ("outside.wind_speed",)),
    ("Humidity", "%", ("*.relative_humidity", "*.shelter_humidity"), ("outside.humidity",)),
    ("Visibility", "km", ("*.visibility_10min",), ("outside.visibility",)),
)  # fmt: skip
_COLOURS = ("#1f4e79", "#b5651d", "#2e7d32", "#7b1fa2", "#00838f", "#6d4c41")
_TRUE = ("#9e9e9e", "#c9a227", "#90a4ae")
_HIDDEN = ("outside.", "room.")


class StationPicture:
    """Collects rows and draws them.

    Args:
        epoch: calendar time of bench second 0; the axis shows its zone.
    """

    def __init__(self, epoch: datetime) -> None:
        self._epoch = epoch
        self._times: list[FloatArray] = []
        self._columns: dict[str, list[FloatArray]] = {}

    def take(self, t_s: FloatArray, numbers: Mapping[str, FloatArray], units: Mapping[str, str]) -> None:
        """Take some rows, of one step throughout; columns that no panel shows are let go."""
        step = float(t_s[1] - t_s[0]) if len(t_s) > 1 else float(_POINTS_EVERY_S)
        fold = max(1, round(_POINTS_EVERY_S / step))
        count = len(t_s) // fold
        if not count:
            return
        self._times.append(t_s[: count * fold].reshape(count, fold)[:, -1])
        for name, values in numbers.items():
            if _panel_of(name) is not None:
                scale = 1e-3 if units.get(name) == "m" else 1.0  # visibility in km
                folded = values[: count * fold].reshape(count, fold) * scale
                there = ~np.isnan(folded)
                mean = np.where(there, folded, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
                self._columns.setdefault(name, []).append(np.where(there.any(axis=1), mean, np.nan))

    def save(self, path: Path) -> None:
        """Write the picture.

        Raises:
            OSError: it cannot be written.
        """
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.dates import ConciseDateFormatter, DayLocator
        from matplotlib.figure import Figure

        columns = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        panels = [index for index in range(len(_PANELS)) if any(_panel_of(name) == index for name in columns)]
        seconds = np.concatenate(self._times)
        local = self._epoch.replace(tzinfo=None)  # the axis shows the station's own calendar
        times = np.array([local + timedelta(seconds=t) for t in seconds.tolist()])
        with rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
            figure = Figure(figsize=(11.0, 0.6 + 1.35 * max(1, len(panels))), dpi=130, layout="constrained")
            FigureCanvasAgg(figure)
            axes = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
            for place, index in zip(axes, panels, strict=False):
                title, unit, _, true = _PANELS[index]
                of_panel = [name for name in columns if _panel_of(name) == index]
                truths = [name for name in of_panel if name.startswith(_HIDDEN)]
                for n, name in enumerate(sorted(truths, key=true.index)):
                    place.plot(times, columns[name], color=_TRUE[n % len(_TRUE)], linewidth=1.6, label=_label(name))
                for n, name in enumerate(name for name in of_panel if name not in truths):
                    place.plot(times, columns[name], color=_COLOURS[n % len(_COLOURS)], linewidth=0.8, label=name)
                place.set_ylabel(f"{title}\n{unit}")
                place.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), frameon=False, fontsize=7)
                place.margins(x=0)
                place.grid(axis="x", color="#e0e0e0", linewidth=0.6)
            locator = DayLocator(  # type: ignore[no-untyped-call]
                interval=max(1, round((seconds[-1] - seconds[0]) / 86400 / 14))
            )
            axes[-1].xaxis.set_major_locator(locator)
            axes[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
            figure.savefig(path, metadata={"Software": None})


def _label(name: str) -> str:
    place, _, quantity = name.partition(".")
    return f"{quantity} (true, {place})"


def _panel_of(name: str) -> int | None:
    truth = name.startswith(_HIDDEN)
    for index, (_, _, shown, true) in enumerate(_PANELS):
        if name in true or (not truth and any(fnmatchcase(name, pattern) for pattern in shown)):
            return index
    return None
