"""Small tools for state that goes on from step to step, exact wherever the computation is cut."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray


def running(start: float, increments: FloatArray) -> FloatArray:
    """Return ``start`` plus the running sum of ``increments``, added one after the other: shape of ``increments``."""
    return np.asarray(np.add.accumulate(np.concatenate(([start], increments)))[1:])


def by_second(steps: FloatArray, first_step: int, step_s: int, first: int, last: int) -> FloatArray:
    """Return rows of steps, shape (rows, n), as they stand at the seconds ``first`` to ``last`` (exclusive)."""
    begin = first_step * step_s
    return np.repeat(steps, step_s, axis=1)[:, first - begin : last - begin]


def steps_of(first: int, last: int, step_s: int) -> tuple[int, int]:
    """Return the steps, first and last (exclusive), that the seconds ``first`` to ``last`` (exclusive) lie in."""
    return first // step_s, -(-last // step_s)


def summed(seconds: FloatArray, step_s: int) -> FloatArray:
    """Return sums of whole steps over values by the second, shape (n x step_s,), in a fixed order."""
    table = seconds.reshape(-1, step_s)
    total = table[:, 0].copy()
    for column in range(1, step_s):
        total += table[:, column]
    return np.asarray(total)
