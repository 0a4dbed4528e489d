"""Statistics for calibration: pure functions over arrays that return result objects.

Formula and source stand at each function. Nothing here knows of instruments or of the rig.
"""

from calibration.statistics.conformity import (
    assurance,
    conformance_probability,
    conformance_probability_of_deviation,
    decide,
    global_risk,
)
from calibration.statistics.correlation import window_covariance
from calibration.statistics.distributions import coverage_factor
from calibration.statistics.lack_of_fit import ChiSquareFit, LackOfFit, lack_of_fit, lack_of_fit_known
from calibration.statistics.linear_model import LinearModel, linear_model, polynomial
from calibration.statistics.lines import Band, Estimate, OrdinaryLine, OriginLine, StraightLine, WeightedLine
from calibration.statistics.regression import (
    ordinary_least_squares,
    through_origin,
    weighted_least_squares,
)
from calibration.statistics.summary import Summary, compare_means, summarize

__all__ = [
    "Band",
    "ChiSquareFit",
    "Estimate",
    "LackOfFit",
    "LinearModel",
    "OrdinaryLine",
    "OriginLine",
    "StraightLine",
    "Summary",
    "WeightedLine",
    "assurance",
    "compare_means",
    "conformance_probability",
    "conformance_probability_of_deviation",
    "coverage_factor",
    "decide",
    "global_risk",
    "lack_of_fit",
    "lack_of_fit_known",
    "linear_model",
    "ordinary_least_squares",
    "polynomial",
    "summarize",
    "through_origin",
    "weighted_least_squares",
    "window_covariance",
]
