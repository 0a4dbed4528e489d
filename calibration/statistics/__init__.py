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
from calibration.statistics.distributions import coverage_factor
from calibration.statistics.linear_model import linear_model, polynomial
from calibration.statistics.regression import (
    lack_of_fit,
    ordinary_least_squares,
    through_origin,
    weighted_least_squares,
)
from calibration.statistics.summary import summarize

__all__ = [
    "assurance",
    "conformance_probability",
    "conformance_probability_of_deviation",
    "coverage_factor",
    "decide",
    "global_risk",
    "lack_of_fit",
    "linear_model",
    "ordinary_least_squares",
    "polynomial",
    "summarize",
    "through_origin",
    "weighted_least_squares",
]
