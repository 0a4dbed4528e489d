"""Straight lines where x is as uncertain as y: Deming and orthogonal regression, York's regression.

Ordinary least squares takes x as exact; where the reference scatters too (two samplers, two analyzers on a manifold)
its slope is too flat. Deming knows the ratio of the two variances and learns their size from the points; York knows the
uncertainties of each point, and their correlation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, centre, exact_sum, frozen, pair, positive, uncertainties, vector
from calibration.statistics.distributions import chi_square_survival
from calibration.statistics.errors import BadArgument
from calibration.statistics.lines import StraightLine
from calibration.statistics.regression import no_slope

_ITERATIONS = 100
"""York's iteration settles in some ten rounds; where it swings for longer, or leaves for another
valley, the direction is narrowed down instead."""

_SETTLED = 1e-14
"""Relative change of the slope at which it has settled."""

_DIRECTIONS = 360
"""Directions tried for a start, half a degree apart, so that the iteration begins in the deepest valley."""


@dataclass(frozen=True, slots=True, eq=False)
class DemingLine(StraightLine):
    """A line through points whose x and y scatter in a known ratio, by an amount that the points tell.

    Attributes:
        variance_ratio: variance of y's errors over that of x's, as given.
        sd_x: standard deviation of the errors of x, by the points about the line (n - 2).
        sd_y: of the errors of y.
    """

    variance_ratio: float
    sd_x: float
    sd_y: float


@dataclass(frozen=True, slots=True, eq=False)
class YorkLine(StraightLine):
    """A line through points whose uncertainties in x and y were known before.

    Attributes:
        chi2: sum over the points of the squared residual over its variance: about ``dof`` if all is right.
        p: probability of a larger chi2 by chance; None for two points, which a line always meets.
        x_adjusted, y_adjusted: the points of the line that the measured points most probably stand for; read-only.
    """

    chi2: float
    p: float | None
    x_adjusted: Vector
    y_adjusted: Vector


def deming_slope(sxx: float, syy: float, sxy: float, variance_ratio: float = 1.0) -> float:
    """Return b = [Syy - q Sxx + sqrt((Syy - q Sxx)^2 + 4 q Sxy^2)] / (2 Sxy), q the ratio of variances y to x.

    Whichever of the two equal forms subtracts nothing is taken.

    Raises:
        BadArgument: ``sxy`` zero and ``syy`` not below q ``sxx``: the line is vertical, or every line is as good.
    """
    difference = syy - variance_ratio * sxx
    root = math.hypot(difference, 2.0 * math.sqrt(variance_ratio) * sxy)
    if difference < 0.0:
        return 2.0 * variance_ratio * sxy / (root - difference)
    if sxy == 0.0:
        raise BadArgument("x and y", "points that determine a slope", "x and y that do not vary together")
    return (difference + root) / (2.0 * sxy)


def deming(x: ArrayLike, y: ArrayLike, variance_ratio: float = 1.0) -> DemingLine:
    """Fit y = a + b x where both scatter, their variances in the ratio ``variance_ratio`` (y over x).

    Coefficients by :func:`deming_slope`. Standard errors are York's for these weights, times the scatter found:
    se(b)^2 = s^2 / sum(u^2) and se(a)^2 = s^2 / n + xm^2 se(b)^2, u the adjusted x about their mean.
    Source: Deming, Statistical Adjustment of Data (1943), and York et al. 2004 for the errors; recalled.

    Args:
        x: shape (n,), n at least 3, not all equal.
        y: shape (n,).
        variance_ratio: above zero; 1 is orthogonal regression.

    Raises:
        BadArgument: too few points, lengths that differ, NaN or infinity, all x equal, or points that determine no
            slope.
    """
    xs, ys = pair(x, y, least=3)
    ratio = positive(variance_ratio, "variance_ratio")
    if xs.min() == xs.max():
        raise no_slope(xs)
    x_mean, dx = centre(xs)
    y_mean, dy = centre(ys)
    sxy = exact_sum(dx * dy)
    slope = deming_slope(exact_sum(dx * dx), exact_sum(dy * dy), sxy, ratio)
    residuals = dy - slope * dx
    n = xs.size
    # Perpendicular in units in which both errors are one: each residual's variance is (q + b^2) times that of x.
    spread = ratio + slope * slope
    variance_x = exact_sum(residuals * residuals) / spread / (n - 2)
    adjusted = dx + slope * residuals / spread
    sxx = exact_sum(adjusted * adjusted)
    se_centre = math.sqrt(variance_x * spread / n)
    se_slope = math.sqrt(variance_x * spread / sxx)
    return DemingLine(
        slope=slope,
        intercept=y_mean - slope * x_mean,
        se_slope=se_slope,
        se_intercept=math.hypot(se_centre, x_mean * se_slope),
        covariance=-x_mean * se_slope**2,
        se_centre=se_centre,
        residuals=frozen(residuals),
        n=n,
        dof=n - 2,
        interval_dof=float(n - 2),
        x_mean=x_mean,
        sxx=sxx,
        variance_ratio=ratio,
        sd_x=math.sqrt(variance_x),
        sd_y=math.sqrt(variance_x * ratio),
    )


def orthogonal_regression(x: ArrayLike, y: ArrayLike) -> DemingLine:
    """Fit the line of least perpendicular distances: :func:`deming` with equal variances.

    x and y must be in one unit; another unit of y alone gives another line.
    """
    return deming(x, y, 1.0)


def york(x: ArrayLike, y: ArrayLike, u_x: ArrayLike, u_y: ArrayLike, correlation: ArrayLike = 0.0) -> YorkLine:
    """Fit y = a + b x to points with known standard uncertainties in both, correlated within each point.

    York, Evensen, Lopez Martinez, De Basabe Delgado, Am. J. Phys. 72 (2004) 367, equations 13 (recalled; the figures of
    ISO/TS 28037:2010, clause 7, come out to the digits printed). Standard errors by the adjusted points.

    Args:
        x: shape (n,), n at least 2, not all equal.
        y: shape (n,).
        u_x: standard uncertainties of x, above zero; shape (n,) or one number. x exact is
            :func:`weighted_least_squares`.
        u_y: those of y, likewise.
        correlation: between the errors of x and y of one point, above -1 and below 1; shape (n,) or one number.

    Raises:
        BadArgument: as :func:`deming`, or uncertainties or correlations out of range.
    """
    xs, ys = pair(x, y, least=2)
    ux, uy = uncertainties(u_x, "u_x", xs.size), uncertainties(u_y, "u_y", xs.size)
    r = vector(np.full(xs.size, correlation) if np.ndim(correlation) == 0 else correlation, "correlation")
    if r.size != xs.size:
        raise BadArgument("correlation", f"one value per point ({xs.size})", str(r.size))
    if not (np.abs(r) < 1.0).all():
        raise BadArgument("correlation", "values above -1 and below 1", float(r[np.argmax(np.abs(r))]))
    if xs.min() == xs.max():
        raise no_slope(xs)
    # Centred, and in units of the smallest uncertainties: squares neither overflow nor lose their digits.
    (x_middle, dx), (y_middle, dy) = centre(xs), centre(ys)
    unit_x, unit_y = float(ux.min()), float(uy.min())
    points = _Points(dx / unit_x, dy / unit_y, ux / unit_x, uy / unit_y, r)
    slope = points.best_slope()
    weight, x_mean, y_mean, beta = points.at(slope)
    total = exact_sum(weight)
    residuals = points.y - y_mean - slope * (points.x - x_mean)
    chi2 = exact_sum(weight * residuals * residuals)
    shift = exact_sum(weight * beta) / total
    about = beta - shift
    sxx = exact_sum(weight * about * about)
    if not sxx > 0.0:
        raise no_slope(xs)
    scale = unit_y / unit_x
    se_slope, se_centre = scale / math.sqrt(sxx), unit_y / math.sqrt(total)
    adjusted_mean = x_middle + unit_x * (x_mean + shift)
    x_adjusted = x_middle + unit_x * (x_mean + beta)
    intercept = y_middle + unit_y * (y_mean - slope * x_mean) - slope * scale * x_middle
    dof = xs.size - 2
    return YorkLine(
        slope=slope * scale,
        intercept=intercept,
        se_slope=se_slope,
        se_intercept=math.hypot(se_centre, adjusted_mean * se_slope),
        covariance=-adjusted_mean * se_slope**2,
        se_centre=se_centre,
        residuals=frozen(unit_y * residuals),
        n=xs.size,
        dof=dof,
        interval_dof=math.inf,
        x_mean=adjusted_mean,
        sxx=sxx / unit_y**2 * unit_x**2,
        chi2=chi2,
        p=chi_square_survival(chi2, dof) if dof > 0 else None,
        x_adjusted=frozen(x_adjusted),
        y_adjusted=frozen(intercept + slope * scale * x_adjusted),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Points in units of their smallest uncertainties, and what York's equations say of them at a slope."""

    x: Vector
    y: Vector
    u_x: Vector
    u_y: Vector
    r: Vector

    def at(self, slope: float) -> tuple[Vector, float, float, Vector]:
        """Weights, weighted means of x and y, and each adjusted x less the mean of x (York's beta)."""
        shared = self.r * self.u_x * self.u_y
        weight = 1.0 / (self.u_y**2 + (slope * self.u_x) ** 2 - 2.0 * slope * shared)
        total = exact_sum(weight)
        x_mean, y_mean = exact_sum(weight * self.x) / total, exact_sum(weight * self.y) / total
        u, v = self.x - x_mean, self.y - y_mean
        beta = weight * (u * self.u_y**2 + slope * v * self.u_x**2 - (slope * u + v) * shared)
        return weight, x_mean, y_mean, beta

    def next_slope(self, slope: float) -> float:
        weight, x_mean, y_mean, beta = self.at(slope)
        below = exact_sum(weight * beta * (self.x - x_mean))
        return exact_sum(weight * beta * (self.y - y_mean)) / below if below != 0.0 else math.inf

    def cost(self, angles: Vector) -> Vector:
        """Sum of squares of the best line in each direction, each point's distance over its standard deviation."""
        sine, cosine = np.sin(angles)[:, None], np.cos(angles)[:, None]
        distance = cosine * self.y - sine * self.x
        shared = self.r * self.u_x * self.u_y
        weight = 1.0 / ((cosine * self.u_y) ** 2 + (sine * self.u_x) ** 2 - 2.0 * sine * cosine * shared)
        offset = np.sum(weight * distance, axis=1) / np.sum(weight, axis=1)
        return np.asarray(np.sum(weight * (distance - offset[:, None]) ** 2, axis=1))

    def best_slope(self) -> float:
        # Directions are counted in units in which the points spread as far in y as in x.
        proportion = float(np.ptp(self.y) / np.ptp(self.x)) or 1.0
        # Half a step off the axes: the vertical has no slope to start from.
        turns = (np.arange(_DIRECTIONS) + 0.5) * math.pi / _DIRECTIONS - math.pi / 2.0
        costs = self.cost(_angle(turns, proportion))
        best = int(np.argmin(costs))
        slope = proportion * math.tan(turns[best])
        for _ in range(_ITERATIONS):
            following = self.next_slope(slope)
            if not math.isfinite(following):
                break
            if abs(following - slope) <= _SETTLED * (abs(following) + proportion):
                # The iteration may have left the deepest valley for another one.
                if self.cost(np.array([math.atan(following)]))[0] <= costs[best] * (1.0 + 1e-9):
                    return following
                break
            slope = following
        return proportion * math.tan(self._narrowed(float(turns[best]), math.pi / _DIRECTIONS, proportion))

    def _narrowed(self, turn: float, reach: float, proportion: float) -> float:
        """The least cost about a direction, by golden section."""
        low, high = turn - reach, turn + reach
        ratio = (math.sqrt(5.0) - 1.0) / 2.0
        for _ in range(80):
            inner = np.array([high - ratio * (high - low), low + ratio * (high - low)])
            left, right = self.cost(_angle(inner, proportion))
            if left <= right:
                high = float(inner[1])
            else:
                low = float(inner[0])
        return 0.5 * (low + high)


def _angle(turns: Vector, proportion: float) -> Vector:
    """Directions in the units of the points, from those in which their spread is round."""
    return np.arctan2(proportion * np.sin(turns), np.cos(turns))
