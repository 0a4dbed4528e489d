"""Counts of beta particles and the mass that they speak of: x = ln(N0 / N) / mu, m = x A."""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray

_NORMAL_FROM = 1.0e4
"""From here on a Poisson number is taken as normal (physics notes 7.8)."""


def counts(expected: FloatArray, normal: FloatArray) -> FloatArray:
    """Return Poisson numbers of means ``expected`` from standard normal numbers, as whole floats.

    Below 1e4 by Anscombe's transform, whose square is Poisson's to a good part of a count.
    """
    many = expected + np.sqrt(expected) * normal
    root = np.maximum(np.sqrt(expected + 0.375) + 0.5 * normal, 0.0)
    few = np.where(expected > 0.0, root * root - 0.375, 0.0)
    return np.asarray(np.maximum(np.rint(np.where(expected >= _NORMAL_FROM, many, few)), 0.0))


def density_mg_cm2(before: float, after: float, mu_cm2_mg: float) -> float:
    """Mass per area between two counts of equal time, mg/cm2."""
    return math.log(before / after) / mu_cm2_mg
