"""Gas-phase titration: what went in, what was made of it, what the converter turned back."""

from __future__ import annotations

import numpy as np

from calibration.record import ConverterData
from reports.plots import FAINT, INK, LINE, SHADE, Drawing, Label, Sheet


def titration_chart(name: str, data: ConverterData) -> Drawing:
    """Left: NO and NOx before, during and after each titration. Right: NO2 converted against NO2 made, and the rest.

    The lower right panel shows the NO2 that was not converted: on the upper one an efficiency of 0.93 looks like 1.
    """
    sheet = Sheet(180, 70)
    bars = sheet.axes(14, 9.5, 86, 66)
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

    line, rest = sheet.axes(105, 41, 177, 68), sheet.axes(105, 9.5, 177, 36)
    good = [point for point in data.points if point.refused is None]
    bad = [point for point in data.points if point.refused is not None]
    if data.fit is not None:
        x = np.asarray(data.fit.band_x)
        fitted = data.fit.intercept + data.fit.slope * x
        line.plot(x, fitted, color=LINE)
        rest.fill_between(x, x - data.fit.band_high, x - data.fit.band_low, color=SHADE, linewidth=0)
        rest.plot(x, x - fitted, color=LINE)
    for points, face in ((good, INK), (bad, "white")):
        made, converted = [p.no2_made for p in points], [p.no2_converted for p in points]
        line.plot(made, converted, "o", color=INK, markerfacecolor=face, markersize=3.2)
        lost = [m - c for m, c in zip(made, converted, strict=True)]
        rest.plot(made, lost, "o", color=INK, markerfacecolor=face, markersize=3.2)
    rest.axhline(0.0, color=FAINT, linewidth=0.5)
    line.set_ylabel(sheet.say("figure.converted", unit=data.unit))
    rest.set_ylabel(sheet.say("figure.not_converted", unit=data.unit))
    rest.set_xlabel(sheet.say("figure.made", unit=data.unit))
    line.set_xlim(left=0.0)
    rest.set_xlim(line.get_xlim())
    line.tick_params(labelbottom=False)
    return sheet.finish(name, Label("figure.caption_titration"))
