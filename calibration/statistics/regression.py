"""Fitting straight lines: ordinary, weighted, through the origin. What a fit returns is in :mod:`.lines`."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, centre, exact_sum, frozen, pair, uncertainties
from calibration.statistics.distributions import chi_square_survival
from calibration.statistics.errors import BadArgument
from calibration.statistics.lines import OrdinaryLine, OriginLine, WeightedLine


def ordinary_least_squares(x: ArrayLike, y: ArrayLike) -> OrdinaryLine:
    """Fit y = a + b x to points of equal, unknown scatter.

    Args:
        x: concentrations offered, shape (n,), n at least 3, not all equal.
        y: responses, shape (n,). If all are equal the slope is zero and ``r`` is None.

    Raises:
        BadArgument: too few points, lengths that differ, NaN or infinity, or all x equal.
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
        BadArgument: as :func:`ordinary_least_squares`, or if a ``u_y`` is not above zero.
    """
    xs, ys = pair(x, y, least=2)
    u = uncertainties(u_y, "u_y", xs.size)
    if xs.min() == xs.max():
        raise no_slope(xs)
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
        raise no_slope(xs)
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


def through_origin(x: ArrayLike, y: ArrayLike) -> OriginLine:
    """Fit y = b x to points of equal, unknown scatter.

    Args:
        x: shape (n,), n at least 2, not all zero.
        y: shape (n,).

    Raises:
        BadArgument: too few points, lengths that differ, NaN or infinity, or all x zero.
    """
    xs, ys = pair(x, y, least=2)
    sxx = exact_sum(xs * xs)
    if not sxx > 0.0:
        raise BadArgument("x", "values that are not all zero", "only zeros, which determine no slope")
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


def no_slope(xs: Vector) -> BadArgument:
    """Return the error of x that are all equal."""
    return BadArgument("x", "values that are not all equal", f"{xs.size} times {xs[0]}, which determine no slope")


def _spread(xs: Vector) -> tuple[float, Vector, float]:
    mean, deviations = centre(xs)
    sxx = exact_sum(deviations * deviations)
    if xs.min() == xs.max() or not sxx > 0.0:
        raise no_slope(xs)
    return mean, deviations, sxx
