"""The arithmetic of an uncertainty budget: components, their combination, degrees of freedom, interval.

Source: JCGM 100:2008 (GUM), clauses 5.1 (propagation), 6 (expanded uncertainty) and annex G (degrees of freedom).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from calibration.statistics import coverage_factor

ComponentType = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a component has its size, as a key of the message catalogue and the values of its sentence."""

    key: str
    values: Mapping[str, float | int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Component:
    """One source of uncertainty of one result, independent of the other components of its budget.

    Sources that move together are one component: its sensitivity is the sum of theirs, with their signs, so that what
    cancels does cancel. That is also how one cylinder enters all levels of a calibration.

    Attributes:
        source: stable name of the source (``cylinder``, ``residual_scatter``); the report translates it.
        type: A if evaluated by statistics of this run's readings, else B.
        u: standard uncertainty of the source, in ``unit``.
        unit: unit of the source.
        sensitivity: change of the result per change of the source.
        basis: where ``u`` comes from.
        dof: degrees of freedom of ``u``; infinite if it counts as known.
        cancels: named because a reader looks for it, but counts nothing: it cancels, or another component holds it.
    """

    source: str
    type: ComponentType
    u: float
    unit: str
    sensitivity: float
    basis: Basis
    dof: float = math.inf
    cancels: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.u) and self.u >= 0.0):
            raise ValueError(f"{self.source}: the standard uncertainty must be finite and not negative, but is {self.u}")
        if not math.isfinite(self.sensitivity):
            raise ValueError(f"{self.source}: the sensitivity must be finite, but is {self.sensitivity}")
        if not self.dof > 0.0:
            raise ValueError(f"{self.source}: the degrees of freedom must be above zero, but are {self.dof}")

    @property
    def contribution(self) -> float:
        """Sensitivity times ``u``, with its sign, in the unit of the result; 0 if it ``cancels``."""
        return 0.0 if self.cancels else self.sensitivity * self.u


@dataclass(frozen=True, slots=True)
class Budget:
    """A result with all the sources of its uncertainty.

    Attributes:
        value: the result.
        unit: its unit.
        components: independent of each other, in the order in which a reader should meet them.
    """

    value: float
    unit: str
    components: tuple[Component, ...]

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"the result of a budget must be finite, but is {self.value}")

    @property
    def u(self) -> float:
        """Combined standard uncertainty, in ``unit``."""
        return math.hypot(*(component.contribution for component in self.components))

    @property
    def dof(self) -> float:
        """Effective degrees of freedom by Welch and Satterthwaite, not rounded down; infinite if all are known."""
        u = self.u
        if u == 0.0:
            return math.inf
        # Shares of u before the fourth power, so that small uncertainties do not underflow.
        spent = math.fsum((component.contribution / u) ** 4 / component.dof for component in self.components)
        return 1.0 / spent if spent > 0.0 else math.inf

    @property
    def contributions(self) -> dict[str, float]:
        """Share of each source in the combined variance, 0 to 1, by source; all 0 if there is no uncertainty."""
        u = self.u
        shares: dict[str, float] = {}
        for component in self.components:
            share = (component.contribution / u) ** 2 if u > 0.0 else 0.0
            shares[component.source] = shares.get(component.source, 0.0) + share
        return shares

    def coverage_factor(self, coverage: float = 0.95) -> float:
        """Return k: Student's quantile for the effective degrees of freedom."""
        return coverage_factor(coverage, self.dof)

    def expanded(self, coverage: float = 0.95) -> float:
        """Return the expanded uncertainty U = k u, in ``unit``."""
        return self.coverage_factor(coverage) * self.u

    def interval(self, coverage: float = 0.95) -> tuple[float, float]:
        """Return low and high of value +- U."""
        half = self.expanded(coverage)
        return self.value - half, self.value + half
