"""What is known of the scatter of points before they are measured, and what the points themselves say of it.

A few points tell their own scatter only roughly: four of them about a line, with two degrees of freedom, may lie on it
by luck. Windows of readings tell it roughly too, since they do not see what wanders more slowly than they are long.
Both are weighed: the expectation has the shape (which point scatters how much, and with which other), and counts as
:data:`EXPECTATION_DOF` degrees of freedom; the points add theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.lack_of_fit import ChiSquareFit

FloatArray = NDArray[np.float64]

EXPECTATION_DOF = 12.0
"""Degrees of freedom that an expected scatter counts for: it is taken to be right within a fifth.

Six windows of a few independent readings each tell their common noise within about 15 %; what windows do not show is
known within a third, and is the smaller part. JCGM 100:2008, G.4.2: dof = (relative uncertainty of u)**-2 / 2."""


@dataclass(frozen=True, slots=True)
class CommonError:
    """An error of the references that is one and the same number for all levels.

    Attributes:
        source, unit, basis_key, basis_values: as in :class:`~calibration.uncertainty.Component`.
        u: its standard uncertainty.
        dx: change of each level's true value per unit of the error, shape (levels,).
    """

    source: str
    u: float
    unit: str
    dx: Sequence[float]
    basis_key: str = ""
    basis_values: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class PointError:
    """An error that takes another value at each point, maybe remembered from one to the next.

    Attributes:
        source, basis_key, basis_values: as in :class:`~calibration.uncertainty.Component`.
        covariance: expected covariance of the points' y, shape (points, points), unit of y squared.
    """

    source: str
    covariance: FloatArray
    basis_key: str = ""
    basis_values: Mapping[str, float | int | str] = field(default_factory=dict)

    def through(self, weights: FloatArray) -> float:
        """Standard uncertainty of the sum of the points' y, each times its weight."""
        return math.sqrt(max(float(weights @ self.covariance @ weights), 0.0))


@dataclass(frozen=True, slots=True)
class Scale:
    """By how much expected uncertainties are stretched or shrunk in view of the points, and how well that is known."""

    factor: float
    dof: float


def scale_of(fit: ChiSquareFit) -> Scale:
    """Weigh the expected scatter against the one found.

    factor**2 = (EXPECTATION_DOF + chi2) / (EXPECTATION_DOF + dof): the posterior of a variance whose prior is scaled
    inverse chi-square with the expectation as its scale (Gelman et al., Bayesian Data Analysis, 2.6; recalled). A lucky
    draw of points does not narrow an interval much, and a bent response widens it.
    """
    dof = EXPECTATION_DOF + fit.dof
    return Scale(math.sqrt((EXPECTATION_DOF + fit.chi2) / dof), dof)
