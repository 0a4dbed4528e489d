"""Control chart of individual values: limits from the moving range, and rules that tell a cause from chance.

Sources: Shewhart's chart for individuals with moving ranges (ISO 7870-2; NIST/SEMATECH e-Handbook, 6.3.2.2); the four
zone rules of the Western Electric Statistical Quality Control Handbook (1956); six that rise or fall (Nelson,
J. Quality Technology 16 (1984) 237, rule 3). The rules as reported by others' programs, the constants recalled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.statistics._arrays import vector
from calibration.statistics.errors import BadArgument

D2_OF_TWO = 1.128
"""Mean range of two normal values over their standard deviation, 2/sqrt(pi), as the tables print it."""

LEAST_VALUES = 3
"""Two moving ranges: below that there is no scatter to speak of."""

SETTLED = 20
"""Values from which on limits are usually taken as settled (ISO 7870-2; recalled)."""

Rule = Literal[
    "beyond 3 sigma", "2 of 3 beyond 2 sigma", "4 of 5 beyond 1 sigma", "8 on one side", "6 rising or falling"
]


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that was broken, and the place of the value with which it was."""

    rule: Rule
    index: int


@dataclass(frozen=True, slots=True)
class ControlChart:
    """Values in the order in which they came, and where chance alone would leave them.

    Attributes:
        values: all of them.
        centre: mean of the values that the limits rest on.
        sigma: their standard deviation, by the mean moving range over 1.128.
        baseline: how many values the limits rest on, from the first on.
        signals: in the order of the values.
    """

    values: tuple[float, ...]
    centre: float
    sigma: float
    baseline: int
    signals: tuple[Signal, ...]

    @property
    def limits(self) -> tuple[float, float]:
        """Three sigma below and above the centre."""
        return self.centre - 3.0 * self.sigma, self.centre + 3.0 * self.sigma


def control_chart(values: ArrayLike, baseline: int = SETTLED) -> ControlChart:
    """Chart values of one quantity.

    Args:
        values: in the order in which they came.
        baseline: how many of the first ones the limits rest on; all, where there are fewer.

    Raises:
        BadArgument: fewer than 3 values or a baseline of fewer, NaN or infinity.
    """
    found = vector(values, "values", LEAST_VALUES)
    if baseline < LEAST_VALUES:
        raise BadArgument("baseline", f"{LEAST_VALUES} or more", baseline)
    first = found[:baseline]
    centre = float(np.mean(first))
    sigma = float(np.mean(np.abs(np.diff(first)))) / D2_OF_TWO
    return ControlChart(tuple(map(float, found)), centre, sigma, len(first), tuple(_signals(found, centre, sigma)))


def _signals(values: NDArray[np.float64], centre: float, sigma: float) -> list[Signal]:
    """A rule signals at each value that completes its pattern, and is itself part of it."""
    away = values - centre
    found: list[Signal] = []
    zones: Sequence[tuple[Rule, int, int, float]] = (
        ("beyond 3 sigma", 1, 1, 3.0), ("2 of 3 beyond 2 sigma", 2, 3, 2.0), ("4 of 5 beyond 1 sigma", 4, 5, 1.0),
        ("8 on one side", 8, 8, 0.0),
    )  # fmt: skip
    for index in range(len(values)):
        for rule, least, among, zone in zones:
            last = away[max(0, index + 1 - among) : index + 1]
            for side in (-1.0, 1.0):
                beyond = side * last > zone * sigma
                if beyond[-1] and np.count_nonzero(beyond) >= least:
                    found.append(Signal(rule, index))
        # Six values in a row, each above (or each below) the one before it.
        last = values[index - 5 : index + 1] if index >= 5 else values[:0]
        steps = [later - earlier for earlier, later in pairwise(last)]
        if steps and (min(steps) > 0.0 or max(steps) < 0.0):
            found.append(Signal("6 rising or falling", index))
    return found
