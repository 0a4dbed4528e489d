"""Least squares for any model that is linear in its coefficients: curves, and several causes at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Matrix, Vector, array, centre, count, exact_sum, frozen, vector
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """Coefficients of y = design @ coefficients, with what is known of them.

    Attributes:
        coefficients: one per column of the design.
        standard_errors: of the coefficients.
        covariance: shape (p, p).
        residual_sd: sqrt(sum of squared residuals / dof).
        dof: points less coefficients.
        r2: 1 - sum of squared residuals / sum of squares of y, about the mean of y if a column of the design is
            constant, about zero if none is; None if that sum is zero.
        residuals: y less the model.
        n: number of points.
    """

    coefficients: Vector
    standard_errors: Vector
    covariance: Matrix
    residual_sd: float
    dof: int
    r2: float | None
    residuals: Vector
    n: int


def linear_model(design: ArrayLike, y: ArrayLike) -> LinearModel:
    """Fit y = design @ coefficients by orthogonal triangulation (QR) of the scaled design, never by normal equations.

    Args:
        design: shape (n, p), one column per coefficient, n above p; a column of ones for a constant.
        y: shape (n,).

    Raises:
        BadArgument: shapes that do not fit, NaN or infinity, too few points, or columns that depend on each other.
    """
    columns = array(design, "design", 2)
    ys = vector(y, "y")
    n, p = columns.shape
    if n != ys.size:
        raise BadArgument("design", f"as many rows as y has values ({ys.size})", n)
    if p == 0 or n <= p:
        raise BadArgument("y", f"at least {p + 1} points for {p} coefficients", n)
    scale = np.abs(columns).max(axis=0)
    if not (scale > 0.0).all():
        raise BadArgument(
            "design", "columns that are not zero", f"column {int(np.argmin(scale))} of the design is zero"
        )
    # A power of two scales without rounding.
    scale = np.exp2(np.round(np.log2(scale)))
    scaled = columns / scale
    q, r = np.linalg.qr(scaled)
    diagonal = np.abs(np.diag(r))
    if diagonal.min() <= np.finfo(np.float64).eps * diagonal.max():
        place = int(np.argmin(diagonal))
        raise BadArgument("design", "independent columns", f"column {place} depends on the columns before it")
    solution = np.linalg.solve(r, q.T @ ys)
    residuals = ys - scaled @ solution
    # Refining on what was left over wins back the digits that an ill-conditioned design cost.
    for _ in range(2):
        solution = solution + np.linalg.solve(r, q.T @ residuals)
        residuals = ys - scaled @ solution
    rss = exact_sum(residuals * residuals)
    dof = n - p
    residual_sd = math.sqrt(rss / dof)
    inverse = np.linalg.solve(r, np.eye(p)) / scale[:, np.newaxis]
    covariance = residual_sd**2 * (inverse @ inverse.T)
    about = centre(ys)[1] if (columns == columns[0]).all(axis=0).any() else ys
    total = exact_sum(about * about)
    return LinearModel(
        coefficients=frozen(solution / scale),
        standard_errors=frozen(residual_sd * np.linalg.norm(inverse, axis=1)),
        covariance=frozen(covariance),
        residual_sd=residual_sd,
        dof=dof,
        r2=1.0 - rss / total if total > 0.0 else None,
        residuals=frozen(residuals),
        n=n,
    )


def polynomial(x: ArrayLike, y: ArrayLike, degree: int) -> LinearModel:
    """Fit y = c0 + c1 x + ... + cd x^d; coefficients in rising order.

    Raises:
        BadArgument: as :func:`linear_model`, or if ``degree`` is below 1.
    """
    count(degree, "degree", 1)
    return linear_model(np.vander(vector(x, "x"), degree + 1, increasing=True), y)
