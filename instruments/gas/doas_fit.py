"""What a spectrometer's firmware does with its steps: means, sums over a turn, results that stand until the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.gas.doas_hidden import STEP_S

Indices = NDArray[np.int64]


def step_means(values: FloatArray) -> FloatArray:
    """Return means over the steps' seconds, summed in a fixed order.

    Args:
        values: by the second, a whole number of steps.
    """
    total = values[::STEP_S].copy()
    for second in range(1, STEP_S):
        total += values[second::STEP_S]
    return np.asarray(total / STEP_S)


def turn_means(column: FloatArray, photons: FloatArray, ends: Indices, turn: int) -> tuple[FloatArray, FloatArray]:
    """Return mean light and light-weighted mean column of the turns that end with the steps ``ends``.

    Spectra are added up before the fit, so a bright step counts for more. Turns in the dark have the column 0.

    Args:
        column: what a fit of each step would give.
        photons: light of each step.
        ends: indices into both.
        turn: number of steps in a turn.
    """
    weight, total = np.zeros(len(ends)), np.zeros(len(ends))
    for back in range(turn):
        at = ends - back
        weight += photons[at]
        total += column[at] * photons[at]
    mean = np.divide(total, weight, out=np.zeros(len(ends)), where=weight > 0.0)
    return np.asarray(weight / turn), mean


def standing(before: float, at: Indices, values: FloatArray, count: int) -> FloatArray:
    """Return ``count`` steps in which ``values`` stand from the steps ``at`` on, and ``before`` until the first."""
    which = np.zeros(count, dtype=np.int64)
    which[at] = np.arange(1, len(at) + 1)
    return np.asarray(np.concatenate([[before], values])[np.maximum.accumulate(which)])
