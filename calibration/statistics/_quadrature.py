"""Gauss-Legendre nodes, found once."""

from __future__ import annotations

from functools import cache

import numpy as np

from calibration.statistics._arrays import Vector, frozen


@cache
def legendre(count: int) -> tuple[Vector, Vector]:
    """Return nodes on -1 to 1 and weights of the rule with so many points; read-only."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return frozen(nodes), frozen(weights)
