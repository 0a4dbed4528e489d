"""Marginal distributions: from a normal number to a concentration."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.ambient.climate import Shape


class Marginal:
    """A concentration whose logarithm is normal up to a knee and has little room above it, and that has a floor.

    Args:
        shape: knee, room and floor.
        floor: the floor in the unit of the concentration.
    """

    def __init__(self, shape: Shape, floor: float) -> None:
        self._shape, self._floor = shape, floor
        self._mean, self._sd = 0.0, 1.0
        points, weights = np.polynomial.hermite_e.hermegauss(60)
        weights = weights / weights.sum()
        bent = self.bent(points)
        self._mean = float(weights @ bent)
        self._sd = float(np.sqrt(weights @ (bent - self._mean) ** 2))

    def bent(self, z: FloatArray) -> FloatArray:
        """Return the logarithm's anomaly, mean 0 and standard deviation 1 for a normal ``z``."""
        above = np.maximum(z - self._shape.knee, 0.0)
        pressed = np.minimum(z, self._shape.knee) + self._shape.room * -np.expm1(-above / self._shape.room)
        return np.asarray((pressed - self._mean) / self._sd)

    def value(self, mean_log: FloatArray, sd_log: FloatArray, z: FloatArray) -> FloatArray:
        """Return concentrations for normal numbers ``z``."""
        plain = np.exp(mean_log + sd_log * self.bent(z))
        return np.asarray(self._floor * np.logaddexp(0.0, plain / self._floor))
