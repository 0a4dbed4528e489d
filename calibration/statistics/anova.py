"""One-way analysis of variance: how much of the scatter is between units, and how much within each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from calibration.statistics._arrays import centre, count, exact_sum, vector
from calibration.statistics.distributions import fisher_survival
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True)
class OneWayAnova:
    """Split of a sum of squares.

    Attributes:
        ss_between, ss_within: sums of squares, unit of the readings squared.
        dof_between, dof_within: groups - 1, readings - groups.
        f: ratio of the mean squares; None if no group scatters.
        p: probability of a larger f by chance where all groups have one mean; None with ``f``.
        r2: share of the sum of squares that is between.
        sd_within: scatter within a group (repeatability).
        sd_between: scatter of the groups' true means, sqrt((MSB - MSW) / n0), 0 where that is negative;
            n0 = (N - sum n_i^2 / N) / (groups - 1) readings per group.
    """

    ss_between: float
    ss_within: float
    dof_between: int
    dof_within: int
    f: float | None
    p: float | None
    r2: float
    sd_within: float
    sd_between: float

    @property
    def reproducibility(self) -> float:
        """Standard deviation of one reading by any unit: root of both variances' sum (ISO 5725-2; recalled)."""
        return math.hypot(self.sd_within, self.sd_between)


def one_way_anova(groups: Sequence[ArrayLike]) -> OneWayAnova:
    """Split the scatter of groups of readings into between and within.

    Source: NIST StRD, analysis of variance; the variance of the groups' means by ISO 5725-2:1994, 7.4.5 (recalled).

    Args:
        groups: at least two, one sequence of readings each, one of them of more than one reading.

    Raises:
        BadArgument: fewer groups or readings, NaN or infinity, or no scatter at all.
    """
    count(len(groups), "groups", 2)
    rows = [vector(group, f"groups[{place}]", least=1) for place, group in enumerate(groups)]
    n = sum(row.size for row in rows)
    dof_between, dof_within = len(rows) - 1, n - len(rows)
    if dof_within < 1:
        raise BadArgument("groups", "a group of more than one reading", "one reading in each")
    # About the grand mean first, then about each group's: certified sets agree in their first seven or nine digits.
    middle, deviations = centre(np.concatenate(rows))
    parts = np.split(deviations, np.cumsum([row.size for row in rows])[:-1])
    split = [centre(part) for part in parts]
    ss_within = math.fsum(exact_sum(rest * rest) for _, rest in split)
    ss_between = math.fsum(rest.size * mean * mean for mean, rest in split)
    total = ss_between + ss_within
    if not total > 0.0:
        raise BadArgument("groups", "readings that are not all equal", f"{n} times {middle}")
    msb, msw = ss_between / dof_between, ss_within / dof_within
    f = msb / msw if msw > 0.0 else None
    per_group = (n - sum(row.size**2 for row in rows) / n) / dof_between
    return OneWayAnova(
        ss_between=ss_between,
        ss_within=ss_within,
        dof_between=dof_between,
        dof_within=dof_within,
        f=f,
        p=None if f is None else fisher_survival(f, dof_between, dof_within),
        r2=ss_between / total,
        sd_within=math.sqrt(msw),
        sd_between=math.sqrt(max(msb - msw, 0.0) / per_group),
    )
