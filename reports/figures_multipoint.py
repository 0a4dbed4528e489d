"""The calibration line with its residuals."""

from __future__ import annotations

import numpy as np

from calibration.record import LineFit, MultipointData
from reports.numbers import shortest
from reports.plots import INK, LINE, SHADE, Drawing, Label, Sheet


def calibration_line(name: str, data: MultipointData, fit: LineFit) -> Drawing:
    """Left: readings, line and band of confidence. Right: residuals, with the same band about zero.

    On the left the band is thinner than the line of any good instrument; the right shows it.
    """
    used = [level for level in data.levels if level.mean is not None and level.refused is None]
    x = [level.nominal for level in used]
    y = [level.mean for level in used]
    sheet = Sheet(180, 54)
    line = sheet.axes(14, 9.5, 76, 52)
    _band(line, fit, about_line=False)
    line.errorbar(x, y, yerr=[level.sd or 0.0 for level in used], fmt="o", color=INK, markersize=3.2, linewidth=0.7)
    line.set_xlabel(sheet.say("figure.offered", unit=data.unit))
    line.set_ylabel(sheet.say("figure.reading", unit=data.unit))
    rest = sheet.axes(96, 9.5, 177, 52)
    _band(rest, fit, about_line=True)
    if len(fit.residuals) == len(used):
        rest.errorbar(x, fit.residuals, yerr=[level.sd or 0.0 for level in used], fmt="o", color=INK, markersize=3.2,
                      linewidth=0.7)  # fmt: skip
    rest.set_xlabel(sheet.say("figure.offered", unit=data.unit))
    rest.set_ylabel(sheet.say("figure.residual", unit=data.unit))
    values = {"quantity": data.quantity, "coverage": f"{shortest(100 * fit.band_coverage)} %"}
    return sheet.finish(name, Label("figure.caption_line", values=dict(values)))


def _band(axes: object, fit: LineFit, *, about_line: bool) -> None:
    x = np.asarray(fit.band_x)
    line = fit.intercept + fit.slope * x
    shift = line if about_line else np.zeros_like(line)
    low, high = np.asarray(fit.band_low) - shift, np.asarray(fit.band_high) - shift
    axes.fill_between(x, low, high, color=SHADE, linewidth=0)  # type: ignore[attr-defined]
    axes.plot(x, line - shift, color=LINE)  # type: ignore[attr-defined]
