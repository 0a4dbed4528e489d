"""Drift of a run of readings: a trend whose standard error knows that readings remember each other.

The scatter about a trend is seldom white: flicker, temperature, pump. Taken as independent, sixty readings would know a
drift far better than they do, and any slow wave would be a significant one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, pair
from calibration.statistics.distributions import coverage_factor, student_probability
from calibration.statistics.errors import BadArgument
from calibration.statistics.regression import ordinary_least_squares
from calibration.statistics.summary import effective_sample_size, lag1_autocorrelation

_EVEN = 1e-6
"""Relative difference of intervals that still counts as equal."""


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """A trend through readings at equal intervals.

    Attributes:
        rate: unit of the readings per unit of time.
        u_rate: its standard uncertainty, memory taken into account.
        u_rate_independent: what it would be were the readings independent.
        dof: effective number of readings - 2, at least 1.
        p: probability of a larger magnitude by chance where nothing drifts.
        autocorrelation: lag-1 of the residuals, corrected for what the fitted line takes out; None without scatter.
        effective_n: number of independent readings that would know the rate as well.
        residual_sd: scatter about the trend.
        n: number of readings.
    """

    rate: float
    u_rate: float
    u_rate_independent: float
    dof: float
    p: float
    autocorrelation: float | None
    effective_n: float
    residual_sd: float
    n: int

    def interval(self, coverage: float = 0.95) -> tuple[float, float]:
        """Return the interval that covers the true rate with probability ``coverage``."""
        half = coverage_factor(coverage, self.dof) * self.u_rate
        return self.rate - half, self.rate + half


def drift(times: ArrayLike, readings: ArrayLike) -> Drift:
    """Fit a straight trend to readings at equal intervals, remembering that they remember.

    The residuals' lag-1 autocorrelation r gives n_e = n (1 - r) / (1 + r) effective readings; the standard error is
    that of independent readings times sqrt((n - 2) / (n_e - 2)), with n_e - 2 degrees of freedom.
    Source: Santer et al., J. Geophys. Res. 105 (2000) 7337, equations 4 to 6; recalled. Residuals of a fitted line show
    less memory than there is; r is raised by (1 + 4 r) / n (Kendall's bias for a fitted trend, to first order;
    recalled). Scatter that remembers for longer than a tenth of the run still gives too short an interval.

    Args:
        times: at equal intervals, rising; shape (n,), n at least 5.
        readings: shape (n,).

    Raises:
        BadArgument: too few readings, lengths that differ, NaN or infinity, or intervals that are not equal.
    """
    t, y = pair(times, readings, 5, "times", "readings")
    _equal_intervals(t)
    line = ordinary_least_squares(t, y)
    n = t.size
    scatters = float(np.max(np.abs(line.residuals))) > 1e-13 * float(np.max(np.abs(y)))
    r = lag1_autocorrelation(line.residuals) if scatters else None
    if r is not None:
        r = min(max(r + (1.0 + 4.0 * r) / n, -1.0), 0.999)
    effective = effective_sample_size(n, r)
    dof = max(effective - 2.0, 1.0)
    u = line.se_slope * math.sqrt((n - 2) / dof)
    p = 0.0 if line.slope != 0.0 else 1.0
    if u > 0.0:
        p = 2.0 * student_probability(-abs(line.slope) / u, dof)
    return Drift(
        rate=line.slope,
        u_rate=u,
        u_rate_independent=line.se_slope,
        dof=dof,
        p=p,
        autocorrelation=r,
        effective_n=effective,
        residual_sd=line.residual_sd,
        n=n,
    )


def _equal_intervals(times: Vector) -> None:
    steps = np.diff(times)
    middle = float(np.median(steps))
    if not middle > 0.0:
        raise BadArgument("times", "rising instants", f"a median step of {middle}")
    place = int(np.argmax(np.abs(steps - middle)))
    if abs(steps[place] - middle) > _EVEN * middle + 4.0 * np.finfo(np.float64).eps * float(np.max(np.abs(times))):
        raise BadArgument(
            "times", f"equal intervals of {middle:g}", f"{steps[place]:g} from times[{place}] to times[{place + 1}]"
        )
