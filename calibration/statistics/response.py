"""Times of a step response from its trace: lag, rise or fall, T90, T95."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, finite, not_negative, pair, probability
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True)
class StepResponse:
    """How a reading follows a step of the gas, in the unit of the times; None where the trace ends before.

    Attributes:
        lag: from the step to the first observable change (beyond ``noise``).
        total: from the step to the fraction of the change: T90 of the Chinese and European standards.
        travel: from the first observable change to the fraction: rise and fall time of 40 CFR 53.
        fraction: of the change that was waited for.
    """

    lag: float | None
    total: float | None
    travel: float | None
    fraction: float


def step_response(
    times: ArrayLike,
    readings: ArrayLike,
    step_at: float,
    initial: float,
    final: float,
    fraction: float = 0.9,
    noise: float = 0.0,
) -> StepResponse:
    """Return the times of a step up or down.

    The level initial + fraction (final - initial) counts as reached at its first crossing, interpolated between the
    readings on both sides of it: HJ 654 stops the clock when the display reaches 90 % of nominal (reported), EN 14211
    takes 90 % and 40 CFR 53 95 % of the final reading (reported). The first observable change is a reading further
    than ``noise`` from ``initial`` and nothing of it is interpolated; twice the zero noise is usual (recalled).

    Args:
        times: rising; shape (n,), n at least 2.
        readings: shape (n,).
        step_at: instant at which the gas changed at the inlet; not before the first of the times.
        initial: reading before the step.
        final: nominal or final reading, other than ``initial``.
        fraction: between 0 and 1.
        noise: not negative.

    Raises:
        BadArgument: lengths that differ, NaN or infinity, times that do not rise, a step outside of the trace, or no
            step at all.
    """
    t, y = pair(times, readings, 2, "times", "readings")
    if not (np.diff(t) > 0.0).all():
        place = int(np.flatnonzero(np.diff(t) <= 0.0)[0])
        raise BadArgument("times", "rising instants", f"{t[place + 1]} after {t[place]}")
    start, change = finite(step_at, "step_at"), finite(final, "final") - finite(initial, "initial")
    if not t[0] <= start < t[-1]:
        raise BadArgument("step_at", f"an instant from {t[0]} and before {t[-1]}", start)
    if change == 0.0:
        raise BadArgument("final", "another level than the initial one", final)
    probability(fraction, "fraction")
    # As a rise from 0 to 1, whichever way the step goes.
    height = (y - initial) / change
    total = _crossing(t, height, start, fraction)
    beyond = np.flatnonzero((t >= start) & (height * abs(change) > not_negative(noise, "noise")))
    lag = float(t[beyond[0]]) - start if beyond.size else None
    travel = None if total is None or lag is None else max(total - lag, 0.0)
    return StepResponse(lag=lag, total=total, travel=travel, fraction=fraction)


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """Mean rise and fall time over several steps, unit of the times.

    Attributes:
        rise, fall: means.
        difference: rise less fall (EN 14211: at most 10 % of the larger, or 10 s; recalled).
    """

    rise: float
    fall: float

    @property
    def difference(self) -> float:
        """Rise less fall."""
        return self.rise - self.fall


def response_time(rises: ArrayLike, falls: ArrayLike) -> ResponseTime:
    """Return the mean times of steps up and down (HJ 654: three each, EN 14211: four each; recalled).

    Raises:
        BadArgument: none of either, or a time that is NaN or infinite.
    """
    up, down = pair(rises, falls, 1, "rises", "falls")
    return ResponseTime(float(np.mean(up)), float(np.mean(down)))


def _crossing(times: Vector, height: Vector, start: float, level: float) -> float | None:
    """First instant at or after ``start`` at which the height reaches the level, less ``start``."""
    # What the trace shows at the instant of the step itself lies between two readings.
    at_start = float(np.interp(start, times, height))
    later = times > start
    t = np.concatenate([[start], times[later]])
    h = np.concatenate([[at_start], height[later]])
    reached = np.flatnonzero(h >= level)
    if reached.size == 0:
        return None
    place = int(reached[0])
    if place == 0:
        return 0.0
    share = (level - h[place - 1]) / (h[place] - h[place - 1])
    return float(t[place - 1] + share * (t[place] - t[place - 1])) - start
