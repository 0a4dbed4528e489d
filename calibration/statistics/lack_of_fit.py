"""Is the response straight? Against replicates (F test), or against uncertainties known before (chi-square).

Levels of one reading each, or of readings that share the error of one setting of the gas, have no replicates. What
they have is an uncertainty that was known before the line was drawn, and the chi-square form is theirs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import array, centre, exact_sum, pair, vector
from calibration.statistics.distributions import chi_square_survival, fisher_survival
from calibration.statistics.errors import BadArgument
from calibration.statistics.linear_model import linear_model
from calibration.statistics.regression import ordinary_least_squares


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
        BadArgument: as :func:`ordinary_least_squares`.
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


@dataclass(frozen=True, slots=True)
class ChiSquareFit:
    """Scatter of points about a line, against the scatter that their covariance promises.

    Attributes:
        chi2: sum of squared residuals of the best line, each over its uncertainty, what is shared taken into account.
        dof: points - 2.
        f: chi2 / dof: about 1 if line and uncertainties are right; Fisher's F with infinite degrees of freedom below.
        p: probability of a larger one by chance.
    """

    chi2: float
    dof: int
    f: float
    p: float


def lack_of_fit_known(x: ArrayLike, y: ArrayLike, covariance: ArrayLike) -> ChiSquareFit:
    """Test a straight line against points whose covariance was known before the line was drawn.

    chi2 = min over a, b of (y - a - b x)^T V^-1 (y - a - b x), chi-square with n - 2 degrees of freedom if the response
    is straight. An error that lifts all points alike, or in proportion to x, is taken up by the line and costs nothing.
    Source: ISO/TS 28037:2010, clauses 6.3 and 10 (validation of the model, general covariance); reported.

    Args:
        x: shape (n,), n at least 3, not all equal.
        y: shape (n,).
        covariance: of the y, shape (n, n), positive definite; unit of y squared.

    Raises:
        BadArgument: as :func:`ordinary_least_squares`, or a covariance of another shape or not positive definite.
    """
    xs, ys = pair(x, y, least=3)
    given = array(covariance, "covariance", 2)
    if given.shape != (xs.size, xs.size):
        raise BadArgument("covariance", f"shape {(xs.size, xs.size)}", f"shape {given.shape}")
    try:
        root = np.linalg.cholesky(given)
    except np.linalg.LinAlgError:
        raise BadArgument("covariance", "a positive definite matrix", "one that is not") from None
    design = np.column_stack([np.ones(xs.size), xs - xs.mean()])
    whitened = linear_model(np.linalg.solve(root, design), np.linalg.solve(root, ys - ys.mean()))
    chi2, dof = exact_sum(whitened.residuals * whitened.residuals), xs.size - 2
    return ChiSquareFit(chi2=chi2, dof=dof, f=chi2 / dof, p=chi_square_survival(chi2, dof))
