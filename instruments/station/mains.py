"""The public mains: sags and cuts as a function of seed, name and time.

At most one event begins in an hour. Sags last 0.1 to 1 s and come several times a month, cuts come one to three times a
year and last hours (physics notes section 8, recalled).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from instruments.signal import WhiteNoise
from instruments.steps import SECOND_US

HOUR_US = 3600 * SECOND_US
_HOURS_PER_MONTH, _HOURS_PER_YEAR = 730.5, 8766.0
_CUT_LOG_SD = 0.8
"""Spread of the cuts' lengths. This project's choice."""

_UNIFORM = NormalDist()


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which the mains are not what they should be.

    Attributes:
        start_us, end_us: bench time.
        left: part of the voltage that is left.
    """

    start_us: int
    end_us: int
    left: float


class Grid:
    """What the mains do.

    Args:
        seed: root seed.
        name: full name; keys the random paths.
        cut_mean_h: mean length of a cut, hours.
    """

    def __init__(self, seed: int, name: str, cut_mean_h: float) -> None:
        self._which, self._when, self._length, self._depth = (
            WhiteNoise(seed, f"{name}/{what}") for what in ("which", "when", "length", "depth")
        )
        self._cut_mean_h = cut_mean_h

    def outages(self, first: int, last: int, sags_per_month: float, cuts_per_year: float) -> list[Outage]:
        """Return the outages that begin in hours ``first`` to ``last`` (exclusive), in order of time."""
        cut = min(cuts_per_year / _HOURS_PER_YEAR, 1.0)
        any_event = min(cut + sags_per_month / _HOURS_PER_MONTH, 1.0)
        if any_event <= 0.0:
            return []
        found = []
        limit = _UNIFORM.inv_cdf(any_event) if any_event < 1.0 else math.inf
        which = self._which.values(first, last)
        for index in (which < limit).nonzero()[0].tolist():
            hour = first + index
            when, length, depth = (
                float(path.values(hour, hour + 1)[0]) for path in (self._when, self._length, self._depth)
            )
            start = hour * HOUR_US + int(_UNIFORM.cdf(when) * HOUR_US)
            if _UNIFORM.cdf(float(which[index])) < cut:
                hours = self._cut_mean_h * math.exp(_CUT_LOG_SD * length - 0.5 * _CUT_LOG_SD**2)
                found.append(Outage(start, start + int(hours * HOUR_US), 0.0))
            else:
                seconds = 0.1 * 10.0 ** _UNIFORM.cdf(length)
                found.append(Outage(start, start + int(seconds * SECOND_US), 0.1 + 0.6 * _UNIFORM.cdf(depth)))
        return found
