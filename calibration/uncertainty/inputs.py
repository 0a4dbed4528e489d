"""Input quantities of a measurement model: what the GUM framework and a Monte Carlo run both start from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.statistics.errors import BadArgument

Distribution = Literal["normal", "rectangular", "triangular", "arcsine", "student"]

Correlations = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Input:
    """One input quantity.

    Attributes:
        name: its name.
        value: best estimate.
        u: standard uncertainty, in its unit; not negative.
        unit: its unit.
        dof: degrees of freedom of ``u``. Finite ones belong to a normal estimate from few readings, and its errors are
            drawn from Student's distribution scaled by ``u`` (JCGM 101:2008, 6.4.9; recalled).
        distribution: of its errors, of standard deviation ``u``. "student" needs finite degrees of freedom, and finite
            degrees of freedom need "normal" or "student".
        type: "A" (by statistics) or "B" (by other means).
    """

    name: str
    value: float
    u: float
    unit: str = ""
    dof: float = math.inf
    distribution: Distribution = "normal"
    type: Literal["A", "B"] = "B"

    def __post_init__(self) -> None:
        """Refuse what is no uncertainty."""
        if not math.isfinite(self.value):
            raise BadArgument(f"{self.name}.value", "a finite number", self.value)
        if not (math.isfinite(self.u) and self.u >= 0.0):
            raise BadArgument(f"{self.name}.u", "a finite number not negative", self.u)
        if not self.dof > 0.0:
            raise BadArgument(f"{self.name}.dof", "degrees of freedom above zero", self.dof)
        if math.isfinite(self.dof) and self.distribution not in ("normal", "student"):
            raise BadArgument(f"{self.name}.dof", f"infinite ones for a {self.distribution} distribution", self.dof)
        if math.isinf(self.dof) and self.distribution == "student":
            raise BadArgument(f"{self.name}.dof", "finite ones for Student's distribution", self.dof)

    @classmethod
    def rectangular(cls, name: str, low: float, high: float, unit: str = "") -> Input:
        """Return a quantity of which nothing is known but its limits: u = (high - low) / sqrt(12) (GUM 4.3.7)."""
        if not low <= high:
            raise BadArgument(f"{name}.low", f"a limit not above the upper limit {high}", low)
        return cls(name, 0.5 * (low + high), (high - low) / math.sqrt(12.0), unit, distribution="rectangular")

    def draw(self, generator: np.random.Generator, trials: int) -> NDArray[np.float64]:
        """Return so many values that the quantity may have."""
        if self.distribution == "rectangular":
            errors = generator.uniform(-math.sqrt(3.0), math.sqrt(3.0), trials)
        elif self.distribution == "triangular":
            errors = generator.triangular(-math.sqrt(6.0), 0.0, math.sqrt(6.0), trials)
        elif self.distribution == "arcsine":
            errors = math.sqrt(2.0) * np.sin(generator.uniform(-math.pi, math.pi, trials))
        elif math.isfinite(self.dof):
            errors = generator.standard_t(self.dof, trials)
        else:
            errors = generator.standard_normal(trials)
        return self.value + self.u * errors


def check_inputs(inputs: Sequence[Input], correlations: Correlations) -> None:
    """Refuse inputs of one name, and correlations that cannot be.

    Raises:
        BadArgument: no input, two of one name, a correlation of unknown names, of one quantity with itself, out of
            range, not positive definite together, or of quantities that are not normal with infinite degrees of freedom
            (Welch-Satterthwaite and a Cholesky draw hold for no other).
    """
    if not inputs:
        raise BadArgument("inputs", "at least one quantity", "none")
    by_name = {quantity.name: quantity for quantity in inputs}
    if len(by_name) != len(inputs):
        twice = next(q.name for q in inputs if sum(other.name == q.name for other in inputs) > 1)
        raise BadArgument("inputs", "names that differ", f"{twice} twice")
    for (first, second), r in correlations.items():
        key = f"correlations[{first}, {second}]"
        if first not in by_name or second not in by_name or first == second:
            raise BadArgument(key, f"two of {', '.join(by_name)}", f"{first} and {second}")
        if (second, first) in correlations:
            raise BadArgument(key, "each pair once", "both orders")
        if not -1.0 < r < 1.0:
            raise BadArgument(key, "a number above -1 and below 1", r)
        for quantity in (by_name[first], by_name[second]):
            if quantity.distribution != "normal" or math.isfinite(quantity.dof):
                raise BadArgument(key, "normal quantities with infinite degrees of freedom", quantity.name)
    if correlations and np.linalg.eigvalsh(correlation_matrix(inputs, correlations)).min() <= 0.0:
        raise BadArgument("correlations", "a positive definite matrix", "correlations that contradict each other")


def correlation_matrix(inputs: Sequence[Input], correlations: Correlations) -> NDArray[np.float64]:
    """Return the matrix of correlations in the order of the inputs."""
    place = {quantity.name: index for index, quantity in enumerate(inputs)}
    matrix = np.eye(len(inputs))
    for (first, second), r in correlations.items():
        matrix[place[first], place[second]] = matrix[place[second], place[first]] = r
    return matrix
