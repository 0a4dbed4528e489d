"""Zero and span deviations on their bands, as found and as left.

Drawn as plain SVG, like the margin bar: bands, two marks and the numbers at the limits need no plotting library.
"""

from __future__ import annotations

from collections.abc import Iterator

from calibration.record import Level, ZeroSpanData
from reports.numbers import shortest
from reports.plots import FAINT, INK, LINE, SHADE, Drawing, Label

_WIDTH, _LEFT, _RIGHT, _GAP = 510.0, 58.0, 502.0, 36.0
_TOP, _ROW, _FOOT = 11.0, 14.0, 24.0
_NO_LIMIT = 1e9  # a document may name no outer limit


def bands_chart(name: str, data: ZeroSpanData) -> Drawing:
    """Left: zero, in the unit of the quantity. Right: span, in per cent of the gas. As found above, as left below."""
    rounds = [("figure.as_found", data.as_found)] + ([("figure.as_left", data.as_left)] if data.as_left else [])
    labels: list[Label] = []

    def token(key: str, **values: str) -> str:
        labels.append(Label(key, values=dict(values)))
        return f"[{len(labels) - 1:03d}]"

    def term(band: str) -> str:
        labels.append(Label(band, "band"))
        return f"[{len(labels) - 1:03d}]"

    bottom = _TOP + _ROW * len(rounds)
    parts = [
        f'<defs><pattern id="{name}-out" width="4" height="4" patternUnits="userSpaceOnUse">'
        f'<path d="M-1 5L5 -1M-1 1L1 -1M3 5L5 3" stroke="{FAINT}" stroke-width="0.5"/></pattern></defs>'
    ]
    for row, (key, _) in enumerate(rounds):
        parts.append(_text(_LEFT - 6, _TOP + _ROW * (row + 0.5) + 2.4, token(key), "end"))
    middle = (_LEFT + _RIGHT - _GAP) / 2
    for left, right, (adjust, out), zero, title in (
        (_LEFT, middle, data.zero_bands, True, token("figure.zero_deviation", unit=data.unit)),
        (middle + _GAP, _RIGHT, data.span_bands_pct, False, token("figure.span_deviation")),
    ):
        values = [[_deviation(v, zero) for v in levels if _shown(v, zero)] for _, levels in rounds]
        reach = max([1.3 * (out if out < _NO_LIMIT else 2 * adjust), *(1.1 * abs(v) for row in values for v in row)])
        scale = (right - left) / (2 * reach)
        centre = (left + right) / 2
        parts += _bands(name, left, right, bottom, centre, scale * adjust, scale * out if out < _NO_LIMIT else None)
        parts.append(_text(centre, _TOP - 3, term("within")))
        if out < _NO_LIMIT:
            for side in (-1, 1):
                parts.append(_text(centre + side * scale * (adjust + out) / 2, _TOP - 3, term("adjust")))
        for limit in (adjust, out):
            if limit < _NO_LIMIT:
                parts += [_text(centre + s * scale * limit, bottom + 9, shortest(s * limit)) for s in (-1, 1)]
        parts += [_text(centre, bottom + 9, "0"), _text(centre, bottom + 19, title)]
        for number, row_values in enumerate(values):
            for value in row_values:
                parts.append(_mark(centre + scale * value, _TOP + _ROW * (number + 0.5), filled=number == 0))
    source = f'<svg viewBox="0 0 {_WIDTH:g} {bottom + _FOOT:g}" font-size="7" fill="{INK}">{"".join(parts)}</svg>'
    return Drawing(source, tuple(labels), Label("figure.caption_zero_span", values={"quantity": data.quantity}))


def is_zero(level: Level) -> bool:
    """Whether a level of a zero/span check is its zero."""
    return level.nominal == 0.0 or "zero" in level.label


def _shown(level: Level, zero: bool) -> bool:
    return level.mean is not None and is_zero(level) == zero


def _deviation(level: Level, zero: bool) -> float:
    difference = (level.mean or 0.0) - level.nominal
    return difference if zero else 100.0 * difference / level.nominal


def _bands(
    name: str, left: float, right: float, bottom: float, centre: float, adjust: float, out: float | None
) -> Iterator[str]:
    height = bottom - _TOP
    yield _box(centre - adjust, centre + adjust, height, SHADE)
    for sign in (-1, 1):
        if out is not None:
            inner, outer = (left, centre - out) if sign < 0 else (centre + out, right)
            yield _box(inner, outer, height, f"url(#{name}-out)")
            yield _upright(centre + sign * out, bottom, INK, 1.0, ' stroke-dasharray="3 2"')
        yield _upright(centre + sign * adjust, bottom, LINE, 1.3)
    yield _upright(centre, bottom, FAINT, 0.5)
    yield f'<path d="M{left:.1f} {bottom:g}H{right:.1f}" stroke="{INK}" stroke-width="0.6"/>'


def _box(left: float, right: float, height: float, fill: str) -> str:
    return f'<rect x="{left:.1f}" y="{_TOP:g}" width="{right - left:.1f}" height="{height:g}" fill="{fill}"/>'


def _upright(x: float, bottom: float, colour: str, width: float, more: str = "") -> str:
    return f'<path d="M{x:.1f} {_TOP:g}V{bottom:g}" stroke="{colour}" stroke-width="{width:g}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _mark(x: float, y: float, *, filled: bool) -> str:
    if filled:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" stroke="#fff" stroke-width="0.6"/>'
    return f'<path d="M{x - 4:.1f} {y:.1f}l4 -4l4 4l-4 4z" fill="#fff" stroke="{INK}" stroke-width="1"/>'
