"""Gas-phase titration: what went in, what was made of it, what the converter turned back."""

from __future__ import annotations

import numpy as np

from calibration.record import ConverterData
from reports.numbers import NOTHING, shortest
from reports.plots import FAINT, INK, LINE, SHADE, Drawing, Label, Sheet


def titration_chart(name: str, data: ConverterData, lowest_pct: float | None) -> Drawing:
    """Left: NO and NOx before, during and after each titration. Right: the NO2 that was not converted.

    NO2 converted against NO2 made would be a straight line at any efficiency that an eye tells from 1; what is lost
    shows 0.93 at once. ``lowest_pct`` is the least efficiency that the criterion accepts: a point above its line
    misses it.
    """
    sheet = Sheet(180, 64)
    bars = sheet.axes(14, 9.5, 86, 61)
    for place, point in enumerate(data.points):
        for offset, no, nox in (
            (-0.27, point.no_before, point.nox_before),
            (0.0, point.no_titrated, point.nox_titrated),
            (0.27, point.no_after, point.nox_after),
        ):
            bars.bar(place + offset, nox, 0.22, facecolor="white", edgecolor=INK, linewidth=0.7)
            bars.bar(place + offset, no, 0.22, facecolor=SHADE, edgecolor=LINE, linewidth=0.7, hatch="///")
    if data.points:
        first = data.points[0]
        for quantity, height in (("nox", first.nox_titrated), ("no", first.no_titrated)):
            bars.annotate(sheet.term("quantity", quantity), (0, height), xytext=(0, 1.5), textcoords="offset points",
                          ha="center", fontsize=6)  # fmt: skip
    bars.set_xticks(range(len(data.points)), [sheet.term("level", point.label) for point in data.points])
    bars.tick_params(axis="x", length=0)
    bars.set_xlabel(sheet.say("figure.titration_axis"))
    bars.set_ylabel(sheet.say("figure.reading", unit=data.unit))
    bars.set_ylim(top=1.08 * max([1.0, *(max(p.nox_before, p.nox_after, p.no_before) for p in data.points)]))

    rest = sheet.axes(105, 9.5, 177, 61)
    if data.fit is not None:
        x = np.asarray(data.fit.band_x)
        rest.fill_between(x, x - data.fit.band_high, x - data.fit.band_low, color=SHADE, linewidth=0)
        rest.plot(x, x - data.fit.intercept - data.fit.slope * x, color=LINE)
    rest.axhline(0.0, color=FAINT, linewidth=0.5)
    for points, face in (
        ([point for point in data.points if point.refused is None], INK),
        ([point for point in data.points if point.refused is not None], "white"),
    ):
        made, lost = [p.no2_made for p in points], [p.no2_made - p.no2_converted for p in points]
        rest.plot(made, lost, "o", color=INK, markerfacecolor=face, markersize=3.2)
    most = max((point.no2_made for point in data.points), default=0.0)
    if lowest_pct is not None and most > 0.0:
        allowed = most * (1.0 - lowest_pct / 100.0)
        rest.plot([0.0, most], [0.0, allowed], color=INK, linestyle=(0, (3, 2)), linewidth=1.0)
        rest.annotate(f"{shortest(lowest_pct)} %", (most, allowed), xytext=(2, 0), textcoords="offset points",
                      va="center", fontsize=6, annotation_clip=False)  # fmt: skip
    rest.set_xlim(left=0.0)
    rest.set_ylabel(sheet.say("figure.not_converted", unit=data.unit))
    rest.set_xlabel(sheet.say("figure.made", unit=data.unit))
    coverage = f"{shortest(100 * data.fit.band_coverage)} %" if data.fit is not None else NOTHING
    return sheet.finish(name, Label("figure.caption_titration", values={"coverage": coverage}))
