"""Straight lines as results: coefficients, standard errors, bands, evaluation forward and back.

Everywhere ``y`` (the response of the instrument) is regressed on ``x`` (the concentration offered), and x counts as
exact. What the uncertainty of x does to slope and intercept is :mod:`calibration.uncertainty`'s to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import Vector, count, finite, frozen, not_negative, vector
from calibration.statistics.distributions import coverage_factor
from calibration.statistics.errors import BadArgument


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
            BadArgument: if the slope is zero.
        """
        if self.slope == 0.0:
            raise BadArgument("slope", "a line with a slope", "the slope is zero: a response tells nothing about x")
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
            raise BadArgument("dof", "degrees of freedom above zero", dof_other)
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
            BadArgument: if ``readings`` is below 1.
        """
        count(readings, "readings", 1)
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
