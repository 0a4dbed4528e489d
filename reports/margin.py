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
    inside = left <= value <= right
    if inside and test.interval is not None and test.interval.high > test.interval.low:
        a, b = place(test.interval.low), place(test.interval.high)
        parts.append(f'<path class="interval" d="M{a:.1f} {_MIDDLE}H{b:.1f}M{a:.1f} 6V12M{b:.1f} 6V12"/>')
    parts.append(_mark(place(value), value < left, value > right, meets=within(value, low, high)))
    return (
        f'<svg class="margin" role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}">'
        f"<title>{escape(label)}</title>{''.join(parts)}</svg>"
    )


def _scale(test: Test, value: float) -> tuple[float, float]:
    """Return the ends of the scale: the limits with a third of their distance on either side.

    A value further out widens it, up to once that distance, so that most misses are seen at their place.
    """
    low, high = test.limit_low, test.limit_high
    if low is not None and high is not None and high > low:
        span = high - low
        beyond = 1.15 * max(low - value, value - high)
        room = min(max(span / 3, beyond), span)
        return low - room, high + room
    limit = low if low is not None else high
    assert limit is not None  # the caller has seen that there is one
    reach = abs(value - limit)
    if test.interval is not None:
        reach = max(reach, abs(test.interval.low - limit), abs(test.interval.high - limit))
    reach = 1.25 * max(reach, 10.0**-test.decimals)
    return limit - reach, limit + reach


def _mark(x: float, below: bool, above: bool, *, meets: bool) -> str:
    """A diamond for a value that meets its limits, a cross for one that does not; an arrow beside it off the scale."""
    m, arrow = _MIDDLE, ""
    if below or above:
        tip, base, x = (0.5, 6.5, 13.0) if below else (WIDTH - 0.5, WIDTH - 6.5, WIDTH - 13.0)
        arrow = f'<path class="off" d="M{tip} {m}L{base} {m - 4.5}V{m + 4.5}Z"/>'
    if meets:
        return f'{arrow}<path class="met" d="M{x - 5:.1f} {m}L{x:.1f} {m - 5}L{x + 5:.1f} {m}L{x:.1f} {m + 5}Z"/>'
    cross = f"M{x - 4.5:.1f} {m - 4.5}L{x + 4.5:.1f} {m + 4.5}M{x - 4.5:.1f} {m + 4.5}L{x + 4.5:.1f} {m - 4.5}"
    return f'{arrow}<path class="halo" d="{cross}"/><path class="missed" d="{cross}"/>'
