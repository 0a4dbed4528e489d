"""Statistics for calibration: pure functions over arrays that return result objects.

Formula and source stand at each function; docs/statistics.md lists them. Nothing here knows of instruments or of the
rig. Bad data raise :class:`BadArgument`, a ValueError that names the argument, what was expected and what came.

Formulas that belong to one family of standards stand in modules of their own, because their short names (noise,
precision) mean something else in each: :mod:`.hj_gas`, :mod:`.hj_particles`, :mod:`.epa_part_53`, :mod:`.en_gas`.
"""

from calibration.statistics import en_gas, epa_part_53, hj_gas, hj_particles
from calibration.statistics.allan import AllanDeviation, allan_deviation
from calibration.statistics.anova import OneWayAnova, one_way_anova
from calibration.statistics.conformity import (
    assurance,
    conformance_probability,
    conformance_probability_of_deviation,
    decide,
    global_risk,
)
from calibration.statistics.correlation import window_covariance
from calibration.statistics.day_to_day import DailyDrift, daily_drift
from calibration.statistics.distributions import coverage_factor
from calibration.statistics.epa_part_58 import (
    Accuracy,
    PrecisionAndBias,
    accuracy,
    collocated_precision,
    percent_differences,
    precision_and_bias,
)
from calibration.statistics.equivalence_to_reference import (
    BetweenSampler,
    Equivalence,
    EquivalenceLine,
    EquivalenceSubset,
    ExpandedUncertainty,
    between_sampler_uncertainty,
    equivalence,
    equivalence_line,
    equivalence_subsets,
)
from calibration.statistics.errors import BadArgument
from calibration.statistics.errors_in_variables import DemingLine, YorkLine, deming, orthogonal_regression, york
from calibration.statistics.guard_bands import (
    acceptance_guard_band,
    decide_four_ways,
    deviation_acceptance_limit,
    guard_band_factor,
    ilac_guard_band,
)
from calibration.statistics.lack_of_fit import ChiSquareFit, LackOfFit, lack_of_fit, lack_of_fit_known
from calibration.statistics.linear_model import LinearModel, linear_model, polynomial
from calibration.statistics.lines import Band, Estimate, OrdinaryLine, OriginLine, StraightLine, WeightedLine
from calibration.statistics.outliers import (
    Outlier,
    cochran,
    cochran_critical,
    dixon,
    dixon_survival,
    grubbs,
    grubbs_critical,
)
from calibration.statistics.ozone_transfer import Qualification, Reverification, qualify, reverify
from calibration.statistics.regression import (
    ordinary_least_squares,
    through_origin,
    weighted_least_squares,
)
from calibration.statistics.response import ResponseTime, StepResponse, response_time, step_response
from calibration.statistics.sample_size import (
    TestRisk,
    deviation_ratio,
    deviation_test_risk,
    mean_test_risk,
    readings_for_deviation,
    repeats_for_mean,
)
from calibration.statistics.sampling_plans import PART_53, SamplingPlan
from calibration.statistics.summary import Summary, compare_means, summarize
from calibration.statistics.titration_design import TitrationFlows, titration_flows
from calibration.statistics.tolerance import (
    ToleranceInterval,
    distribution_free_interval,
    tolerance_factor,
    tolerance_interval,
    wilks_confidence,
    wilks_sample_size,
)
from calibration.statistics.trend import Drift, drift

__all__ = [
    "PART_53",
    "Accuracy",
    "AllanDeviation",
    "BadArgument",
    "Band",
    "BetweenSampler",
    "ChiSquareFit",
    "DailyDrift",
    "DemingLine",
    "Drift",
    "Equivalence",
    "EquivalenceLine",
    "EquivalenceSubset",
    "Estimate",
    "ExpandedUncertainty",
    "LackOfFit",
    "LinearModel",
    "OneWayAnova",
    "OrdinaryLine",
    "OriginLine",
    "Outlier",
    "PrecisionAndBias",
    "Qualification",
    "ResponseTime",
    "Reverification",
    "SamplingPlan",
    "StepResponse",
    "StraightLine",
    "Summary",
    "TestRisk",
    "TitrationFlows",
    "ToleranceInterval",
    "WeightedLine",
    "YorkLine",
    "acceptance_guard_band",
    "accuracy",
    "allan_deviation",
    "assurance",
    "between_sampler_uncertainty",
    "cochran",
    "cochran_critical",
    "collocated_precision",
    "compare_means",
    "conformance_probability",
    "conformance_probability_of_deviation",
    "coverage_factor",
    "daily_drift",
    "decide",
    "decide_four_ways",
    "deming",
    "deviation_acceptance_limit",
    "deviation_ratio",
    "deviation_test_risk",
    "distribution_free_interval",
    "dixon",
    "dixon_survival",
    "drift",
    "en_gas",
    "epa_part_53",
    "equivalence",
    "equivalence_line",
    "equivalence_subsets",
    "global_risk",
    "grubbs",
    "grubbs_critical",
    "guard_band_factor",
    "hj_gas",
    "hj_particles",
    "ilac_guard_band",
    "lack_of_fit",
    "lack_of_fit_known",
    "linear_model",
    "mean_test_risk",
    "one_way_anova",
    "ordinary_least_squares",
    "orthogonal_regression",
    "percent_differences",
    "polynomial",
    "precision_and_bias",
    "qualify",
    "readings_for_deviation",
    "repeats_for_mean",
    "response_time",
    "reverify",
    "step_response",
    "summarize",
    "through_origin",
    "titration_flows",
    "tolerance_factor",
    "tolerance_interval",
    "weighted_least_squares",
    "wilks_confidence",
    "wilks_sample_size",
    "window_covariance",
    "york",
]
