"""The margin bar: limits, value and uncertainty of one result in a strip, readable in black and white."""

from __future__ import annotations

import math
from html import escape

from calibration.record import Test
from reports.numbers import within

WIDTH, HEIGHT = 150.0, 18.0
_MIDDLE, _TOP, _BOTTOM = HEIGHT / 2, 2.5, HEIGHT - 2.5
_EDGE = 7.0  # room for an arrow beyond the scale


def margin_bar(test: Test, label: str) -> str:
    """Return the bar as an ``svg`` element, or nothing for a test without a value or a limit."""
    value, low, high = test.value, test.limit_low, test.limit_high
    if value is None or not math.isfinite(value) or (low is None and high is None):
        return ""
    left, right = _scale(test, value)

    def place(x: float) -> float:
        inner = WIDTH - 2 * _EDGE
        return _EDGE + inner * min(max((x - left) / (right - left), 0.0), 1.0)

    start = place(low) if low is not None else 0.0
    end = place(high) if high is not None else WIDTH
    parts = [f'<rect class="range" x="{start:.1f}" y="{_TOP}" width="{max(end - start, 0.5):.1f}" height="13"/>']
    for limit, edge in ((low, start), (high, end)):
        kind = "open" if limit is None else "limit"
        parts.append(f'<line class="{kind}" x1="{edge:.1f}" y1="{_TOP - 1.5}" x2="{edge:.1f}" y2="{_BOTTOM + 1.5}"/>')
    if test.interval is not None and test.interval.high > test.interval.low:
        a, b = place(test.interval.low), place(test.interval.high)
        parts.append(f'<path class="interval" d="M{a:.1f} {_MIDDLE}H{b:.1f}M{a:.1f} 6V12M{b:.1f} 6V12"/>')
    parts.append(_mark(place(value), value < left, value > right, meets=within(value, low, high)))
    return (
        f'<svg class="margin" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"<title>{escape(label)}</title>{''.join(parts)}</svg>"
    )


def _scale(test: Test, value: float) -> tuple[float, float]:
    """Return the ends of the scale: the limits with a third of their distance on either side."""
    low, high = test.limit_low, test.limit_high
    if low is not None and high is not None and high > low:
        return low - (high - low) / 3, high + (high - low) / 3
    limit = low if low is not None else high
    assert limit is not None  # the caller has seen that there is one
    reach = abs(value - limit)
    if test.interval is not None:
        reach = max(reach, abs(test.interval.low - limit), abs(test.interval.high - limit))
    reach = 1.25 * max(reach, 10.0**-test.decimals)
    return limit - reach, limit + reach


def _mark(x: float, below: bool, above: bool, *, meets: bool) -> str:
    m = _MIDDLE
    if below or above:
        tip, base = (0.5, 6.5) if below else (WIDTH - 0.5, WIDTH - 6.5)
        return f'<path class="off" d="M{tip} {m}L{base} {m - 4.5}V{m + 4.5}Z"/>'
    if meets:
        return f'<path class="met" d="M{x - 4:.1f} {m}L{x:.1f} {m - 4}L{x + 4:.1f} {m}L{x:.1f} {m + 4}Z"/>'
    cross = f"M{x - 3.6:.1f} {m - 3.6}L{x + 3.6:.1f} {m + 3.6}M{x - 3.6:.1f} {m + 3.6}L{x + 3.6:.1f} {m - 3.6}"
    return f'<path class="halo" d="{cross}"/><path class="missed" d="{cross}"/>'
