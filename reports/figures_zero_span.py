"""Zero and span deviations on their bands, as found and as left."""

from __future__ import annotations

from typing import Any

from calibration.record import Level, ZeroSpanData
from reports.plots import FAINT, INK, LINE, Drawing, Label, Sheet


def bands_chart(name: str, data: ZeroSpanData) -> Drawing:
    """Left: zero, in the unit of the quantity. Right: span, in per cent of the gas. As found above, as left below."""
    height = 27 if data.as_left else 22
    sheet = Sheet(180, height)
    for left, right, adjust, out, zero, title in (
        (24, 98, *data.zero_bands, True, sheet.say("figure.zero_deviation", unit=data.unit)),
        (103, 177, *data.span_bands_pct, False, sheet.say("figure.span_deviation")),
    ):
        axes = sheet.axes(left, 9, right, height - 1)
        _bands(axes, adjust, out)
        reach = 1.25 * (out if out < 1e9 else 2 * adjust)
        for row, (levels, mark) in enumerate(((data.as_found, "o"), (data.as_left, "D"))):
            for level in levels:
                if level.mean is not None and is_zero(level) == zero:
                    value, bar = _deviation(level, zero)
                    reach = max(reach, 1.1 * (abs(value) + bar))
                    axes.errorbar(
                        [value], [-row], xerr=[bar], fmt=mark, color=INK, linewidth=0.8, markersize=4,
                        markerfacecolor=INK if mark == "o" else "white",
                    )  # fmt: skip
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-1.7 if data.as_left else -0.7, 0.7)
        axes.set_yticks([])
        if zero:
            names = ["figure.as_found", "figure.as_left"] if data.as_left else ["figure.as_found"]
            axes.set_yticks(range(0, -len(names), -1), [sheet.say(name) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(title)
    return sheet.finish(name, Label("figure.caption_zero_span", values={"quantity": data.quantity}))


def is_zero(level: Level) -> bool:
    """Whether a level of a zero/span check is its zero."""
    return level.nominal == 0.0 or "zero" in level.label


def _deviation(level: Level, zero: bool) -> tuple[float, float]:
    mean, bar = level.mean or 0.0, 2.0 * (level.sd or 0.0)
    if zero:
        return mean - level.nominal, bar
    return 100.0 * (mean - level.nominal) / level.nominal, 100.0 * bar / abs(level.nominal)


def _bands(axes: Any, adjust: float, out: float) -> None:
    axes.axvline(0.0, color=FAINT, linewidth=0.5)
    for sign in (-1.0, 1.0):
        axes.axvline(sign * adjust, color=LINE, linewidth=1.3)
        if out < 1e9:  # a document may name no outer limit
            axes.axvspan(*sorted((sign * adjust, sign * out)), facecolor="none", edgecolor=FAINT, hatch="////",
                         linewidth=0, zorder=0)  # fmt: skip
            axes.axvline(sign * out, color=INK, linestyle=(0, (3, 2)), linewidth=1.0)
