"""Quantiles and probabilities of the normal, Student, Fisher and chi-square distributions.

``scipy.special`` alone: importing ``scipy.stats`` costs a second, which no command line may spend. Infinite degrees of
freedom are allowed everywhere and mean a variance that is known, not estimated.
"""

from __future__ import annotations

import math

from scipy import special

from calibration.statistics._arrays import probability
from calibration.statistics.errors import BadArgument


def normal_probability(z: float) -> float:
    """Return the probability that a standard normal variable is at most ``z``."""
    return float(special.ndtr(z))


def student_probability(t: float, dof: float) -> float:
    """Return the probability that a Student variable with ``dof`` degrees of freedom is at most ``t``.

    Raises:
        BadArgument: if ``dof`` is not above zero.
    """
    _check_dof(dof)
    return normal_probability(t) if math.isinf(dof) else float(special.stdtr(dof, t))


def coverage_factor(coverage: float, dof: float = math.inf) -> float:
    """Return k such that the estimate +- k standard uncertainties covers with probability ``coverage`` (two-sided).

    The degrees of freedom need not be whole: the quantile is continuous in them, so nothing is cut off.
    Source: JCGM 100:2008, G.3 and G.6.4.

    Raises:
        BadArgument: if ``coverage`` is not between 0 and 1, or ``dof`` not above zero.
    """
    probability(coverage, "coverage")
    _check_dof(dof)
    upper = 0.5 + coverage / 2.0
    return float(special.ndtri(upper) if math.isinf(dof) else special.stdtrit(dof, upper))


def chi_square_survival(chi_square: float, dof: float) -> float:
    """Return the probability that a chi-square variable with ``dof`` degrees of freedom exceeds ``chi_square``."""
    return float(special.chdtrc(dof, chi_square))


def chi_square_quantile(probability: float, dof: float) -> float:
    """Return the value that a chi-square variable with ``dof`` degrees of freedom stays below with ``probability``."""
    return float(special.chdtri(dof, 1.0 - probability))


def fisher_survival(f: float, dof_above: float, dof_below: float) -> float:
    """Return the probability that Fisher's F exceeds ``f``; ``dof_below`` may be infinite (variance known)."""
    if math.isinf(f):
        return 0.0
    if math.isinf(dof_below):
        return chi_square_survival(f * dof_above, dof_above)
    return float(special.fdtrc(dof_above, dof_below, f))


def _check_dof(dof: float) -> None:
    if not dof > 0.0:
        raise BadArgument("dof", "degrees of freedom above zero", dof)
