"""Budgets of the slope and the intercept of a calibration line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics.lack_of_fit import ChiSquareFit, lack_of_fit_known
from calibration.statistics.lines import OrdinaryLine
from calibration.statistics.regression import ordinary_least_squares
from calibration.uncertainty.budget import Budget, Component
from calibration.uncertainty.scatter import CommonError, FloatArray, PointError, scale_of


@dataclass(frozen=True, slots=True)
class LineBudgets:
    """A line and what is known of it.

    Attributes:
        line: least squares on the nominal x, as the standards ask for it.
        slope, intercept: their budgets.
        straight: chi-square of the points about a straight line; None if nothing was expected of their scatter.
    """

    line: OrdinaryLine
    slope: Budget
    intercept: Budget
    straight: ChiSquareFit | None


def calibration_line_budgets(
    x: ArrayLike, y: ArrayLike, correlated: Sequence[CommonError], expected: Sequence[PointError] = ()
) -> LineBudgets:
    """Fit y on the nominal x and return the line with the budgets of its slope and intercept.

    Slope and intercept are linear in y, so what scatters from point to point goes through the weights of the points
    (JCGM 100:2008, 5.2.2, with covariances). An error of the references moves the x of all levels at once and goes
    through the line's derivatives by each x. The expected scatter is weighed against the one found by
    :func:`~calibration.uncertainty.scatter.scale_of`; the pattern that a common error leaves about the line (an offset
    that is not there at zero) belongs to that error, and is not taken for scatter.

    Args:
        x: nominal values, shape (levels,).
        y: readings, shape (levels,).
        correlated: reference errors, each common to all levels.
        expected: what differs from level to level. If nothing is known of it, the scatter of the points about the line
            stands for it, n - 2 degrees of freedom, and ``correlated`` must not name it again.

    Raises:
        ValueError: as ordinary_least_squares, or an expected covariance that is not positive definite.
    """
    line = ordinary_least_squares(x, y)
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    slope_by_x, intercept_by_x = _gradients(line, xs, ys)
    slope_parts: list[Component] = []
    intercept_parts: list[Component] = []
    straight: ChiSquareFit | None = None
    if expected:
        straight = lack_of_fit_known(xs, ys, _covariance(line, correlated, expected))
        scale = scale_of(straight)
        slope_by_y = (xs - line.x_mean) / line.sxx
        intercept_by_y = 1.0 / len(xs) - line.x_mean * slope_by_y
        for error in expected:
            for parts, weights in ((slope_parts, slope_by_y), (intercept_parts, intercept_by_y)):
                parts.append(
                    Component(error.source, "A", scale.factor * error.through(weights), "", 1.0, scale.dof,
                              scale="points", basis_key=error.basis_key, basis_values=error.basis_values)
                )  # fmt: skip
    else:
        for parts, u in ((slope_parts, line.se_slope), (intercept_parts, line.se_intercept)):
            parts.append(
                Component("residual_scatter", "A", u, "", 1.0, line.dof, basis_key="basis.residual_scatter",
                          basis_values={"n": len(xs)})
            )  # fmt: skip
    for common in correlated:
        dx = np.asarray(common.dx, dtype=np.float64)
        for parts, gradient in ((slope_parts, slope_by_x), (intercept_parts, intercept_by_x)):
            parts.append(
                Component(common.source, "B", common.u, common.unit, float(gradient @ dx),
                          basis_key=common.basis_key, basis_values=common.basis_values)
            )  # fmt: skip
    return LineBudgets(line, Budget(tuple(slope_parts)), Budget(tuple(intercept_parts)), straight)


def _covariance(line: OrdinaryLine, correlated: Sequence[CommonError], expected: Sequence[PointError]) -> FloatArray:
    """Covariance of the points: what scatters, and what the references do to all of them together."""
    total: FloatArray = np.sum([error.covariance for error in expected], axis=0)
    for common in correlated:
        dy = line.slope * common.u * np.asarray(common.dx, dtype=np.float64)
        total = total + np.outer(dy, dy)
    return total


def _gradients(line: OrdinaryLine, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of slope and intercept by each x: the line's error when the true x is not the nominal one."""
    d, e = x - line.x_mean, y - float(np.mean(y))
    slope_by_x = (e - 2.0 * line.slope * d) / line.sxx
    intercept_by_x = -line.slope / len(x) - line.x_mean * slope_by_x
    return slope_by_x, intercept_by_x
