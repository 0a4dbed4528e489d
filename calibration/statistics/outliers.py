"""Outlier rules: Grubbs and Dixon for a single reading, Cochran for the scatter of one level among several.

Each rule names the most suspicious value and the probability that pure chance makes one as suspicious or more. No rule
removes anything: an exclusion needs a reason that a person writes down.

Grubbs and Cochran stand in ISO 5725-2:1994 (clause 7.3), Grubbs at 99 % in the Guide to the Demonstration of
Equivalence, Grubbs and Dixon in GB/T 4883; recalled. The normal distribution of the rest is assumed everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from calibration.statistics._arrays import centre, count, exact_sum, probability, table, vector
from calibration.statistics._quadrature import legendre
from calibration.statistics.distributions import fisher_survival, student_probability
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True)
class Outlier:
    """The most suspicious of several values.

    Attributes:
        index: its place among the values (Cochran: the row).
        value: it itself (Cochran: the variance of the row).
        statistic: by the rule.
        p: probability of a statistic as large or larger where nothing is wrong. Exact for Dixon; for Grubbs and Cochran
            it is the usual bound (n times the probability of one), hardly above the exact value while small.
    """

    index: int
    value: float
    statistic: float
    p: float

    def significant(self, level: float = 0.01) -> bool:
        """Is ``p`` below ``level``?

        Raises:
            BadArgument: ``level`` not between 0 and 1.
        """
        return self.p < probability(level, "level")


def grubbs(values: ArrayLike) -> Outlier:
    """Return the value furthest from the mean and what chance says of it, both sides watched.

    G = max|x - mean| / s;  t^2 = n (n - 2) G^2 / [(n - 1)^2 - n G^2] is Student's with n - 2 degrees of freedom, and p
    is at most 2 n P(T > t).
    Source: Grubbs, Technometrics 11 (1969) 1; recalled.

    Raises:
        BadArgument: fewer than 3 values, NaN or infinity, or all equal.
    """
    found = _varying(values, 3)
    _, deviations = centre(found)
    n = found.size
    sd = math.sqrt(exact_sum(deviations * deviations) / (n - 1))
    index = int(np.argmax(np.abs(deviations)))
    g = abs(float(deviations[index])) / sd
    below = (n - 1) ** 2 - n * g * g
    # With all other values equal G is as large as it can be, and rounding may carry it past.
    t = math.sqrt(n * (n - 2) * g * g / below) if below > 1e-12 * (n - 1) ** 2 else math.inf
    return Outlier(index, float(found[index]), g, min(1.0, 2.0 * n * student_probability(-t, n - 2)))


def grubbs_critical(n: int, level: float = 0.05) -> float:
    """Return the G that chance exceeds with probability ``level`` in n values, both sides watched.

    Raises:
        BadArgument: n below 3, or ``level`` not between 0 and 1.
    """
    count(n, "n", 3)
    t = float(special.stdtrit(n - 2, 1.0 - probability(level, "level") / (2.0 * n)))
    return (n - 1) / math.sqrt(n) * math.sqrt(t * t / (n - 2 + t * t))


def dixon(values: ArrayLike) -> Outlier:
    """Return the end value with the larger gap to its neighbour and what chance says of it, both ends watched.

    r10 = gap / range. p by integrating over the two end values: given them, the others lie between them independently.
    Source: Dixon, Ann. Math. Stat. 22 (1951) 68, criterion r10; recalled.

    Raises:
        BadArgument: fewer than 3 values, NaN or infinity, or all equal.
    """
    found = _varying(values, 3)
    order = np.argsort(found, kind="stable")
    ordered = found[order]
    span = float(ordered[-1] - ordered[0])
    low, high = float(ordered[1] - ordered[0]) / span, float(ordered[-1] - ordered[-2]) / span
    index = int(order[-1] if high >= low else order[0])
    r = max(low, high)
    return Outlier(index, float(found[index]), r, dixon_survival(r, found.size))


def dixon_survival(r: float, n: int) -> float:
    """Return the probability that the larger of both r10 of n normal values exceeds ``r``.

    P(one end) = n (n - 1) integral of phi(a) phi(b) [Phi(b - r w) - Phi(a)]^(n - 2), w = b - a; both ends are twice
    that, less the probability that both gaps are so large.

    Raises:
        BadArgument: ``r`` not from 0 to 1, or n below 3.
    """
    count(n, "n", 3)
    if not 0.0 <= r <= 1.0:
        raise BadArgument("r", "a ratio from 0 to 1", r)
    nodes, weights = legendre(96)
    a = (8.0 * nodes)[:, None]
    # The distance of the ends, 0 to 16 standard deviations, for each lower end.
    w = (8.0 + 8.0 * nodes)[None, :]
    density = np.exp(-0.5 * (a * a + (a + w) ** 2)) / (2.0 * math.pi) * np.outer(8.0 * weights, 8.0 * weights)
    one = special.ndtr(a + (1.0 - r) * w) - special.ndtr(a)
    inside = 2.0 * one ** (n - 2)
    if r < 0.5:
        inside = inside - (special.ndtr(a + (1.0 - r) * w) - special.ndtr(a + r * w)) ** (n - 2)
    return min(1.0, n * (n - 1) * float(np.sum(density * inside)))


def cochran(groups: ArrayLike) -> Outlier:
    """Return the row of largest variance and what chance says of it.

    C = max s^2 / sum s^2 for p rows of n values; F = (p - 1) C / (1 - C) is Fisher's with n - 1 and (p - 1)(n - 1)
    degrees of freedom, and p is at most p times the probability of one.
    Source: Cochran, Ann. Eugen. 11 (1941) 47; ISO 5725-2:1994, 7.3.3; recalled.

    Args:
        groups: shape (rows, n), at least 2 rows of 2 values, not all without scatter.

    Raises:
        BadArgument: another shape, NaN or infinity, or no scatter in any row.
    """
    rows = table(groups, "groups", 2, 2)
    variances = np.array([exact_sum(centre(row)[1] ** 2) / (row.size - 1) for row in rows])
    total = exact_sum(variances)
    if not total > 0.0:
        raise BadArgument("groups", "rows of which one scatters at least", "no scatter in any row")
    index = int(np.argmax(variances))
    share = float(variances[index]) / total
    others, dof = len(rows) - 1, rows.shape[1] - 1
    f = others * share / (1.0 - share) if share < 1.0 else math.inf
    p = min(1.0, len(rows) * fisher_survival(f, dof, others * dof))
    return Outlier(index, float(variances[index]), share, p)


def cochran_critical(rows: int, n: int, level: float = 0.05) -> float:
    """Return the share C that chance exceeds with probability ``level`` among so many rows of n values.

    Raises:
        BadArgument: fewer than 2 rows or values, or ``level`` not between 0 and 1.
    """
    count(rows, "rows", 2)
    count(n, "n", 2)
    one = probability(level, "level") / rows
    f = float(special.fdtri(n - 1, (rows - 1) * (n - 1), 1.0 - one))
    return f / (f + rows - 1)


def _varying(values: ArrayLike, least: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = vector(values, "values", least)
    if found.min() == found.max():
        raise BadArgument("values", "values that are not all equal", f"{found.size} times {found[0]}")
    return found
