"""Straight lines: ordinary, weighted, through the origin; their bands, their inverse and their lack of fit.

Everywhere ``y`` (the response of the instrument) is regressed on ``x`` (the concentration offered), and x counts as
exact. What the uncertainty of x does to slope and intercept is :mod:`calibration.uncertainty`'s to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import (
    Vector,
    centre,
    exact_sum,
    finite,
    frozen,
    not_negative,
    pair,
    vector,
)
from calibration.statistics.distributions import chi_square_survival, coverage_factor, fisher_survival


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Pointwise band about a line: at each ``x`` on its own, low to high covers with probability ``coverage``."""

    x: Vector
    low: Vector
    high: Vector
    coverage: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value read off a line, with its standard uncertainty and degrees of freedom."""

    value: float
    u: float
    dof: float


@dataclass(frozen=True, slots=True, eq=False)
class StraightLine:
    """y = intercept + slope x, with what is known of both.

    Attributes:
        slope: in unit of y per unit of x.
        intercept: in unit of y.
        se_slope: standard error of the slope.
        se_intercept: standard error of the intercept.
        covariance: of slope and intercept.
        se_centre: standard error of the line at ``x_mean``, where it is known best.
        residuals: y less the line, in the order of the points; read-only.
        n: number of points.
        dof: n - 2, the degrees of freedom of the residuals.
        interval_dof: degrees of freedom of the standard errors: ``dof`` if they rest on the scatter, infinite if on
            uncertainties given.
        x_mean: mean of x (weighted, for a weighted line).
        sxx: sum of squared deviations of x from it (weighted alike).
    """

    slope: float
    intercept: float
    se_slope: float
    se_intercept: float
    covariance: float
    se_centre: float
    residuals: Vector
    n: int
    dof: int
    interval_dof: float
    x_mean: float
    sxx: float

    @property
    def largest_residual(self) -> float:
        """The residual of largest magnitude, with its sign."""
        return float(self.residuals[np.argmax(np.abs(self.residuals))])

    def predict(self, x_new: ArrayLike) -> Vector:
        """Return the line at each ``x_new``."""
        return self.intercept + self.slope * vector(np.atleast_1d(x_new), "x_new")

    def standard_error(self, x_new: ArrayLike) -> Vector:
        """Return the standard error of the line at each ``x_new``."""
        return np.hypot(self.se_centre, self.se_slope * (vector(np.atleast_1d(x_new), "x_new") - self.x_mean))

    def confidence_band(self, x_new: ArrayLike, coverage: float = 0.95) -> Band:
        """Return the band that, at each ``x_new``, covers the true line with probability ``coverage``."""
        return self._band(x_new, self.standard_error(x_new), coverage)

    def forward(self, x_0: float, u_x_0: float = 0.0, dof_x_0: float = math.inf) -> Estimate:
        """Return y at ``x_0``, whose standard uncertainty ``u_x_0`` is independent of the line.

        Source: ISO/TS 28037:2010, 11.2 (forward evaluation); reported.
        """
        x = finite(x_0, "x_0")
        from_x = abs(self.slope) * not_negative(u_x_0, "u_x_0")
        from_line = float(self.standard_error(x)[0])
        return self._estimate(self.intercept + self.slope * x, from_line, from_x, dof_x_0, scale=1.0)

    def inverse(self, y_0: float, u_y_0: float = 0.0, dof_y_0: float = math.inf) -> Estimate:
        """Return the x that the line gives to a response ``y_0`` of standard uncertainty ``u_y_0``.

        The response is independent of the line (a later reading). For the mean of m readings by the instrument that
        made an ordinary line, ``u_y_0`` is residual_sd / sqrt(m).
        First order in the uncertainties: fair while the slope is many times its standard error.
        Source: ISO/TS 28037:2010, 11.1 (inverse evaluation); reported.

        Raises:
            ValueError: if the slope is zero.
        """
        if self.slope == 0.0:
            raise ValueError("the slope is zero: a response tells nothing about x")
        x = (finite(y_0, "y_0") - self.intercept) / self.slope
        from_line = float(self.standard_error(x)[0])
        return self._estimate(x, from_line, not_negative(u_y_0, "u_y_0"), dof_y_0, scale=abs(self.slope))

    def _band(self, x_new: ArrayLike, u: Vector, coverage: float) -> Band:
        x = vector(np.atleast_1d(x_new), "x_new")
        half = coverage_factor(coverage, self.interval_dof) * u
        middle = self.predict(x)
        return Band(x=frozen(x), low=frozen(middle - half), high=frozen(middle + half), coverage=coverage)

    def _estimate(self, value: float, from_line: float, from_other: float, dof_other: float, scale: float) -> Estimate:
        if not dof_other > 0.0:
            raise ValueError(f"degrees of freedom must be above zero, but are {dof_other}")
        u = math.hypot(from_line, from_other)
        # Welch-Satterthwaite for the two parts; shares of u, so that small numbers do not underflow.
        spent = (from_line / u) ** 4 / self.interval_dof + (from_other / u) ** 4 / dof_other if u > 0.0 else 0.0
        return Estimate(value=value, u=u / scale, dof=1.0 / spent if spent > 0.0 else math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class OrdinaryLine(StraightLine):
    """A line whose scatter was not known before: all points weigh the same, and the residuals tell the scatter.

    Attributes:
        residual_sd: standard deviation of the points about the line, sqrt(sum of squared residuals / (n - 2)).
        r: Pearson's correlation coefficient; None if all y are equal.
        r2: its square.
    """

    residual_sd: float
    r: float | None
    r2: float | None

    def prediction_band(self, x_new: ArrayLike, coverage: float = 0.95, readings: int = 1) -> Band:
        """Return the band that, at each ``x_new``, covers the mean of so many further readings.

        Raises:
            ValueError: if ``readings`` is below 1.
        """
        if readings < 1:
            raise ValueError(f"readings must be at least 1, but is {readings}")
        u = np.hypot(self.standard_error(x_new), self.residual_sd / math.sqrt(readings))
        return self._band(x_new, u, coverage)


@dataclass(frozen=True, slots=True, eq=False)
class WeightedLine(StraightLine):
    """A line through points whose standard uncertainties were known before.

    Attributes:
        chi2: sum of squared residuals, each over its uncertainty: about ``dof`` if line and uncertainties are right.
        p: probability of a larger chi2 by chance; None for two points, which a line always meets.
    """

    chi2: float
    p: float | None


def ordinary_least_squares(x: ArrayLike, y: ArrayLike) -> OrdinaryLine:
    """Fit y = a + b x to points of equal, unknown scatter.

    Args:
        x: concentrations offered, shape (n,), n at least 3, not all equal.
        y: responses, shape (n,). If all are equal the slope is zero and ``r`` is None.

    Raises:
        ValueError: too few points, lengths that differ, NaN or infinity, or all x equal.
    """
    xs, ys = pair(x, y, least=3)
    x_mean, dx, sxx = _spread(xs)
    y_mean, dy = centre(ys)
    slope = exact_sum(dx * dy) / sxx
    # From the deviations, not from y - a - b x: there the large common parts would cancel and leave their rounding.
    residuals = dy - slope * dx
    n = xs.size
    residual_sd = math.sqrt(exact_sum(residuals * residuals) / (n - 2))
    syy = exact_sum(dy * dy)
    r = None
    if ys.min() != ys.max() and syy > 0.0:
        r = max(-1.0, min(1.0, exact_sum(dx * dy) / math.sqrt(sxx) / math.sqrt(syy)))
    se_slope = residual_sd / math.sqrt(sxx)
    se_centre = residual_sd / math.sqrt(n)
    return OrdinaryLine(
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
        residual_sd=residual_sd,
        r=r,
        r2=None if r is None else r * r,
    )


def weighted_least_squares(x: ArrayLike, y: ArrayLike, u_y: ArrayLike) -> WeightedLine:
    """Fit y = a + b x to points whose y have known standard uncertainties, independent of each other.

    Source: ISO/TS 28037:2010, clause 6 (weights 1/u^2, x exact); reported.

    Args:
        x: shape (n,), n at least 2, not all equal.
        y: shape (n,).
        u_y: standard uncertainty of each y, above zero; shape (n,), or one number for all.

    Raises:
        ValueError: as :func:`ordinary_least_squares`, or if a ``u_y`` is not above zero.
    """
    xs, ys = pair(x, y, least=2)
    given = np.asarray(u_y, dtype=np.float64)
    u = vector(np.full(xs.size, given) if given.ndim == 0 else given, "u_y")
    if u.size != xs.size:
        raise ValueError(f"u_y must hold one value per point ({xs.size}), but holds {u.size}")
    if not (u > 0.0).all():
        raise ValueError("every u_y must be above zero")
    if xs.min() == xs.max():
        raise ValueError("all x are equal: they determine no slope")
    # Centring on the plain means first keeps the digits; the weighted means are then small numbers.
    x_middle, dx = centre(xs)
    y_middle, dy = centre(ys)
    w2 = (u.min() / u) ** 2
    total = exact_sum(w2)
    x_rest, y_rest = exact_sum(w2 * dx) / total, exact_sum(w2 * dy) / total
    dx, dy = dx - x_rest, dy - y_rest
    x_mean = x_middle + x_rest
    relative_sxx = exact_sum(w2 * dx * dx)
    if not relative_sxx > 0.0:
        raise ValueError("all x of any weight are equal: they determine no slope")
    slope = exact_sum(w2 * dx * dy) / relative_sxx
    residuals = dy - slope * dx
    chi2 = exact_sum((residuals / u) ** 2)
    unit = float(u.min())
    se_slope, se_centre = unit / math.sqrt(relative_sxx), unit / math.sqrt(total)
    dof = xs.size - 2
    return WeightedLine(
        slope=slope,
        intercept=y_middle + y_rest - slope * x_mean,
        se_slope=se_slope,
        se_intercept=math.hypot(se_centre, x_mean * se_slope),
        covariance=-x_mean * se_slope**2,
        se_centre=se_centre,
        residuals=frozen(residuals),
        n=xs.size,
        dof=dof,
        interval_dof=math.inf,
        x_mean=x_mean,
        sxx=relative_sxx / unit**2,
        chi2=chi2,
        p=chi_square_survival(chi2, dof) if dof > 0 else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class OriginLine:
    """y = slope x, for responses that are known to be zero at zero.

    Attributes:
        slope: in unit of y per unit of x.
        se_slope: its standard error.
        residual_sd: sqrt(sum of squared residuals / (n - 1)).
        dof: n - 1.
        r2: 1 - sum of squared residuals / sum of y^2 (about zero, not about the mean); None if all y are zero.
        residuals: y less the line; read-only.
        n: number of points.
    """

    slope: float
    se_slope: float
    residual_sd: float
    dof: int
    r2: float | None
    residuals: Vector
    n: int


def through_origin(x: ArrayLike, y: ArrayLike) -> OriginLine:
    """Fit y = b x to points of equal, unknown scatter.

    Args:
        x: shape (n,), n at least 2, not all zero.
        y: shape (n,).

    Raises:
        ValueError: too few points, lengths that differ, NaN or infinity, or all x zero.
    """
    xs, ys = pair(x, y, least=2)
    sxx = exact_sum(xs * xs)
    if not sxx > 0.0:
        raise ValueError("all x are zero: they determine no slope")
    slope = exact_sum(xs * ys) / sxx
    residuals = ys - slope * xs
    rss, syy = exact_sum(residuals * residuals), exact_sum(ys * ys)
    residual_sd = math.sqrt(rss / (xs.size - 1))
    return OriginLine(
        slope=slope,
        se_slope=residual_sd / math.sqrt(sxx),
        residual_sd=residual_sd,
        dof=xs.size - 1,
        r2=1.0 - rss / syy if syy > 0.0 else None,
        residuals=frozen(residuals),
        n=xs.size,
    )


@dataclass(frozen=True, slots=True)
class LackOfFit:
    """Scatter of the level means about the line, against the scatter of replicates about their level mean.

    Attributes:
        ss_lack_of_fit: sum of squares of level means about the line, each weighing as many points as it has.
        ss_pure_error: sum of squares of points about their level mean.
        dof_lack_of_fit: levels - 2.
        dof_pure_error: points - levels.
        f: ratio of the mean squares; None if the replicates do not differ at all (the resolution hides the scatter).
        p: probability of a larger f by chance if the response is straight; None with ``f``.
    """

    ss_lack_of_fit: float
    ss_pure_error: float
    dof_lack_of_fit: int
    dof_pure_error: int
    f: float | None
    p: float | None


def lack_of_fit(x: ArrayLike, y: ArrayLike) -> LackOfFit | None:
    """Test a straight line against replicates at equal x (F test); None where nothing can be tested.

    Nothing can be tested without replicates (every x occurs once), nor with fewer than three levels, which a line
    always meets. Replicates must be independent: readings one after the other at one setting share the error of that
    setting, and would call a straight instrument bent.
    Source: Draper and Smith, Applied Regression Analysis, 3rd ed., 2.1; recalled.

    Args:
        x: shape (n,), n at least 3, not all equal; replicates have exactly equal x.
        y: shape (n,).

    Raises:
        ValueError: as :func:`ordinary_least_squares`.
    """
    fit = ordinary_least_squares(x, y)
    levels, level_of = np.unique(vector(x, "x"), return_inverse=True)
    if levels.size == fit.n or levels.size < 3:
        return None
    between, within = [], []
    for index in range(levels.size):
        mean, deviations = centre(fit.residuals[level_of == index])
        between.append(deviations.size * mean**2)
        within.append(exact_sum(deviations * deviations))
    ss_lack, ss_pure = math.fsum(between), math.fsum(within)
    dof_lack, dof_pure = levels.size - 2, fit.n - levels.size
    f = None
    values = vector(y, "y")
    if any(np.ptp(values[level_of == index]) > 0.0 for index in range(levels.size)) and ss_pure > 0.0:
        f = (ss_lack / dof_lack) / (ss_pure / dof_pure)
    return LackOfFit(
        ss_lack_of_fit=ss_lack,
        ss_pure_error=ss_pure,
        dof_lack_of_fit=dof_lack,
        dof_pure_error=dof_pure,
        f=f,
        p=None if f is None else fisher_survival(f, dof_lack, dof_pure),
    )


def _spread(xs: Vector) -> tuple[float, Vector, float]:
    mean, deviations = centre(xs)
    sxx = exact_sum(deviations * deviations)
    if xs.min() == xs.max() or not sxx > 0.0:
        raise ValueError("all x are equal: they determine no slope")
    return mean, deviations, sxx
