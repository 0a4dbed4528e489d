"""Readings, and when they count as stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as read: quantity, value, unit and bench seconds since the run began."""

    device: str
    quantity: str
    value: float
    unit: str
    t_s: float


@dataclass(frozen=True, slots=True)
class StabilityRule:
    """When a reading counts as stable: a window in which it neither drifts nor scatters more than stated.

    Attributes:
        device, quantities: what is watched; all quantities must be stable together.
        window_s: length of the window.
        poll_s: time between readings.
        least_s: time that must have passed before a window may begin to count (dead times).
        most_s: give up after this.
        drift: largest change over the window by the least-squares slope, unit of the quantity.
        scatter: largest standard deviation about that slope, unit of the quantity.
        first_s: for this long after the beginning, polls come every ``first_poll_s`` (to see a step pass).
        first_poll_s: time between readings in that time.
        settling_poll_s: time between readings until ``least_s`` has passed, before any can count; 0: as later.
    """

    device: str
    quantities: tuple[str, ...]
    window_s: float
    poll_s: float
    least_s: float
    most_s: float
    drift: float
    scatter: float
    first_s: float = 0.0
    first_poll_s: float = 0.0
    settling_poll_s: float = 0.0

    def next_poll_s(self, since_s: float) -> float:
        """Time until the next reading, ``since_s`` after the beginning."""
        if since_s < self.first_s:
            return self.first_poll_s
        if self.settling_poll_s > 0.0 and since_s < self.least_s:
            return min(self.settling_poll_s, self.least_s - since_s)
        return self.poll_s


@dataclass(frozen=True, slots=True)
class Window:
    """What :meth:`Run.wait_until` found: the readings of the last window, by quantity, and whether they are stable."""

    stable: bool
    start_s: float
    end_s: float
    readings: Mapping[str, tuple[Reading, ...]]
    slope_per_s: Mapping[str, float]


def window_of(readings: Mapping[str, list[Reading]], start_s: float, end_s: float, rule: StabilityRule) -> Window:
    """The readings from ``start_s`` on, and whether each quantity keeps to the rule. Least squares over time."""
    inside = {q: tuple(r for r in some if r.t_s >= start_s - 1e-6) for q, some in readings.items()}
    slopes: dict[str, float] = {}
    stable = True
    for quantity, some in inside.items():
        n = len(some)
        if n < 3:
            slopes[quantity] = 0.0
            stable = False
            continue
        t_mean = sum(r.t_s for r in some) / n
        v_mean = sum(r.value for r in some) / n
        s_tt = sum((r.t_s - t_mean) ** 2 for r in some)
        slope = sum((r.t_s - t_mean) * (r.value - v_mean) for r in some) / s_tt
        rss = sum((r.value - v_mean - slope * (r.t_s - t_mean)) ** 2 for r in some)
        slopes[quantity] = slope
        if abs(slope) * (end_s - start_s) > rule.drift or (rss / (n - 2)) ** 0.5 > rule.scatter:
            stable = False
    first = min((some[0].t_s for some in inside.values() if some), default=start_s)
    return Window(stable, first, end_s, inside, slopes)
