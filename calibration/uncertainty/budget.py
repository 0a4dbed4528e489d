"""Budgets: components, combined uncertainty, effective degrees of freedom, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from calibration.statistics.distributions import coverage_factor


@dataclass(frozen=True, slots=True)
class Component:
    """One source of uncertainty.

    Attributes:
        source: its name.
        type: "A" (by statistics) or "B" (by other means).
        u: standard uncertainty in the source's own unit.
        unit: that unit.
        sensitivity: change of the result per change of the source.
        dof: degrees of freedom of ``u``; infinite where it is taken as known.
        cancels: named because a reader looks for it; it cancels and counts nothing.
        scale: components of the same name here had their ``u`` scaled by one and the same estimate, and spend its
            degrees of freedom together.
        basis_key, basis_values: where ``u`` comes from, as a message.
    """

    source: str
    type: Literal["A", "B"]
    u: float
    unit: str
    sensitivity: float
    dof: float = math.inf
    cancels: bool = False
    scale: str = ""
    basis_key: str = ""
    basis_values: Mapping[str, float | int | str] = field(default_factory=dict)

    @property
    def contribution(self) -> float:
        """Its share of the result's standard uncertainty, not negative."""
        return 0.0 if self.cancels else abs(self.u * self.sensitivity)


@dataclass(frozen=True, slots=True)
class Budget:
    """Components of one result."""

    components: tuple[Component, ...]

    @property
    def combined(self) -> float:
        """Combined standard uncertainty."""
        return math.sqrt(math.fsum(c.contribution**2 for c in self.components))

    @property
    def dof(self) -> float:
        """Effective degrees of freedom (Welch-Satterthwaite, JCGM 100:2008 G.4.1); infinite if nothing limits them."""
        combined = self.combined
        if combined == 0.0:
            return math.inf
        shares: dict[tuple[str, int], list[Component]] = {}
        for place, component in enumerate(self.components):
            shares.setdefault((component.scale, place if component.scale == "" else -1), []).append(component)
        spent = math.fsum(
            math.fsum((c.contribution / combined) ** 2 for c in group) ** 2 / group[0].dof for group in shares.values()
        )
        return 1.0 / spent if spent > 0.0 else math.inf

    def expanded(self, coverage: float = 0.95) -> float:
        """Half-width of the interval that covers with probability ``coverage``."""
        return coverage_factor(coverage, self.dof) * self.combined
