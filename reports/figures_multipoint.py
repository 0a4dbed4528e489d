"""The calibration line with its residuals."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.record import LineFit, MultipointData
from reports.graph import FOOT, LEFT, RIGHT, Axes, Canvas, Style
from reports.numbers import shortest
from reports.plots import INK, LINE, Drawing, Label

_HEIGHT, _TOP, _END, _BEGIN = 150.0, 6.0, 218.0, 272.0
"""Height of the figure, its upper edge, where the left axes end and where the right ones begin, points."""
_POINTS, _FITTED = Style(INK, "", "circle", filled=True), Style(LINE, "", "circle", filled=True)


def calibration_line(name: str, data: MultipointData, fit: LineFit) -> Drawing:
    """Left: readings, line and band of confidence. Right: residuals, with the same band about zero.

    On the left the band is thinner than the line of any good instrument; the right shows it.
    """
    used = [(level.nominal, level.mean, level.sd or 0.0) for level in data.levels
            if level.mean is not None and level.refused is None]  # fmt: skip
    x, y, spread = [one[0] for one in used], [one[1] for one in used], [one[2] for one in used]
    fitted = [fit.intercept + fit.slope * value for value in fit.band_x]
    canvas = Canvas(_HEIGHT, name)
    line = _draw(canvas, (LEFT, _END), fit, fitted, x, y, spread)
    line.scale(Label("figure.offered", values={"unit": data.unit}), Label("figure.reading", values={"unit": data.unit}))
    about = LineFit.model_copy(fit, update={
        "band_low": [low - middle for low, middle in zip(fit.band_low, fitted, strict=True)],
        "band_high": [high - middle for high, middle in zip(fit.band_high, fitted, strict=True)],
    })  # fmt: skip
    residuals = fit.residuals if len(fit.residuals) == len(used) else []
    rest = _draw(canvas, (_BEGIN, RIGHT), about, [0.0] * len(fitted), x[: len(residuals)], residuals, spread)
    rest.scale(
        Label("figure.offered", values={"unit": data.unit}), Label("figure.residual", values={"unit": data.unit})
    )
    values = {"quantity": data.quantity, "coverage": f"{shortest(100 * fit.band_coverage)} %"}
    return canvas.finish(Label("figure.caption_line", values=dict(values)))


def _draw(
    canvas: Canvas, sides: tuple[float, float], fit: LineFit, fitted: Sequence[float], x: Sequence[float],
    y: Sequence[float], spread: Sequence[float],
) -> Axes:  # fmt: skip
    ends = [value + side * sd for value, sd in zip(y, spread, strict=False) for side in (-1.0, 1.0)]
    box = (sides[0], _TOP, sides[1], _HEIGHT - FOOT)
    axes = Axes(canvas, box, [*fit.band_x, *x], [*fit.band_low, *fit.band_high, *ends])
    if fit.band_x:
        axes.band(fit.band_x, fit.band_low, fit.band_high)
    axes.series(fit.band_x, fitted, _FITTED, dots=False)
    axes.spread(x, y, spread)
    axes.dots(x, y, _POINTS)
    return axes
