"""Uncertainty budgets after JCGM 100:2008 (GUM): sources, sensitivities, combined uncertainty, intervals.

Sources that are fully correlated over the levels of a calibration (one cylinder, one mass-flow controller's span) are
carried as one component each, with the sensitivity of the result to the source as a whole. What differs from level to
level is carried with its covariance: a flow that wanders is nearly the same in two windows close to each other.
"""

from calibration.uncertainty.budget import Budget, Component
from calibration.uncertainty.converter import (
    EfficiencyForm,
    Titration,
    TitrationSeries,
    converter_efficiency,
    converter_efficiency_budget,
)
from calibration.uncertainty.en_gas import (
    Influence,
    Interferent,
    LimitValueUncertainty,
    TypeTest,
    limit_value_uncertainty,
)
from calibration.uncertainty.inputs import Input
from calibration.uncertainty.k0 import k0_budget
from calibration.uncertainty.line import LineBudgets, calibration_line_budgets
from calibration.uncertainty.model import ModelUncertainty, propagate
from calibration.uncertainty.monte_carlo import (
    MonteCarlo,
    adaptive_monte_carlo,
    monte_carlo,
    numerical_tolerance,
    validates,
)
from calibration.uncertainty.scatter import EXPECTATION_DOF, CommonError, PointError, Scale, scale_of

__all__ = [
    "EXPECTATION_DOF",
    "Budget",
    "CommonError",
    "Component",
    "EfficiencyForm",
    "Influence",
    "Input",
    "Interferent",
    "LimitValueUncertainty",
    "LineBudgets",
    "ModelUncertainty",
    "MonteCarlo",
    "PointError",
    "Scale",
    "Titration",
    "TitrationSeries",
    "TypeTest",
    "adaptive_monte_carlo",
    "calibration_line_budgets",
    "converter_efficiency",
    "converter_efficiency_budget",
    "k0_budget",
    "limit_value_uncertainty",
    "monte_carlo",
    "numerical_tolerance",
    "propagate",
    "scale_of",
    "validates",
]
