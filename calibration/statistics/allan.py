"""Allan deviation: how well a mean over a time is reproduced by the mean over the next.

White noise falls with the square root of the averaging time, flicker stays level, drift rises. The time at which the
curve turns is the longest that averaging helps, and the level there is what no window of readings shows of itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from calibration.statistics._arrays import Vector, centre, frozen, positive, probability, vector
from calibration.statistics.errors import BadArgument


@dataclass(frozen=True, slots=True, eq=False)
class AllanDeviation:
    """Overlapping Allan deviation of readings at equal intervals.

    Attributes:
        averaging_times: multiples of the interval, its unit; read-only.
        deviations: unit of the readings; read-only.
        dof: equivalent degrees of freedom of each variance, as white noise gives them; read-only.
    """

    averaging_times: Vector
    deviations: Vector
    dof: Vector

    def interval(self, coverage: float = 0.95) -> tuple[Vector, Vector]:
        """Return, at each averaging time, the interval of the true deviation by chi-square.

        Right for white noise; for noise that remembers it is too narrow at long times.

        Raises:
            BadArgument: ``coverage`` not between 0 and 1.
        """
        tail = 0.5 - probability(coverage, "coverage") / 2.0
        high = self.deviations * np.sqrt(self.dof / special.chdtri(self.dof, 1.0 - tail))
        low = self.deviations * np.sqrt(self.dof / special.chdtri(self.dof, tail))
        return low, high


def allan_deviation(readings: ArrayLike, interval: float = 1.0, averaging: ArrayLike | None = None) -> AllanDeviation:
    """Return the overlapping Allan deviation.

    s^2(m) = sum over j of [mean of m readings from j + m less mean of m readings from j]^2 / (2 (N - 2 m + 1)).
    Degrees of freedom [3 (N)/(2 m) - 2 (N - 1)/(N + 1)] 4 m^2 / (4 m^2 + 5) for white noise, N readings.
    Source: Riley, NIST SP 1065 (2008), 5.2.4 and 5.4.1; recalled.

    Args:
        readings: at equal intervals, in order of time; shape (n,), n at least 3.
        interval: time from one to the next, above zero.
        averaging: numbers of readings per mean, each from 1 to n / 2; None takes 1, 2, 4 ... up to n / 3.

    Raises:
        BadArgument: too few readings, NaN or infinity, an interval not above zero, or averaging beyond n / 2.
    """
    values = vector(readings, "readings", least=3)
    step = positive(interval, "interval")
    n = values.size
    if averaging is None:
        sizes = 2 ** np.arange(int(math.log2(max(n // 3, 1))) + 1)
    else:
        given = vector(averaging, "averaging", least=1)
        if not ((given >= 1) & (given <= n // 2) & (given == np.round(given))).all():
            raise BadArgument("averaging", f"whole numbers from 1 to {n // 2}", given.tolist())
        sizes = given.astype(np.int64)
    # Running sums of deviations: a large common level would cost their digits.
    sums = np.concatenate([[0.0], np.cumsum(centre(values)[1])])
    deviations, dofs = [], []
    for m in (int(size) for size in sizes):
        second = sums[2 * m :] - 2.0 * sums[m:-m] + sums[: -2 * m]
        deviations.append(math.sqrt(float(np.mean(second * second)) / 2.0) / m)
        edf = (1.5 * n / m - 2.0 * (n - 1) / (n + 1)) * 4.0 * m * m / (4.0 * m * m + 5.0)
        dofs.append(max(edf, 1.0))
    return AllanDeviation(
        averaging_times=frozen(sizes.astype(np.float64) * step),
        deviations=frozen(np.array(deviations)),
        dof=frozen(np.array(dofs)),
    )
