"""The adaptive filter: a long moving average that becomes a short one while the gas moves.

If the present value differs from the long average by more than an amount and by more than a share of it, the short
average is shown, from then on for a hold time after the last such difference (manuals T100 p. 315, 200E p. 200, T300
section 13.5.1, T400 p. 303; read). What is compared is the long average, not what is shown, so no loop is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AdaptiveFilter:
    """Lengths and thresholds.

    Attributes:
        long, short: values in the averages.
        delta: smallest difference that counts, unit of the values.
        percent: the same, % of the long average.
        hold: steps for which the short average stays after the last difference.
        adaptive: whether the short average is used at all.
    """

    long: int
    short: int
    delta: float
    percent: float
    hold: int
    adaptive: bool

    def filtered(
        self, earlier: FloatArray, values: FloatArray, fresh: BoolArray, shown: float, held: float
    ) -> tuple[FloatArray, FloatArray]:
        """Filter some steps; the same to the bit wherever a series is cut.

        Args:
            earlier: fresh values before, oldest first, at least ``long - 1`` of them if there were so many.
            values: one per step, shape (n,).
            fresh: which of them are measured; the others leave everything as it is.
            shown: output of the step before.
            held: steps for which the short average still has to stay, as of the step before.

        Returns:
            Outputs, and the steps for which the short average still has to stay, each of shape (n,).
        """
        new = values[fresh]
        average = trailing_mean(earlier, new, self.long)
        index = np.arange(len(values))
        moved = np.zeros(len(values), dtype=bool)
        if self.adaptive:
            gap = np.abs(new - average)
            moved[fresh] = (gap > self.delta) & (gap > self.percent / 100.0 * np.abs(average))
        last = np.maximum.accumulate(np.where(moved, index, -self.hold - 1))
        left = np.maximum(np.maximum(self.hold - (index - last), held - 1.0 - index), 0.0)
        quick = left[fresh] > 0.0
        if quick.any():
            average = np.where(quick, trailing_mean(earlier, new, self.short), average)
        out = np.empty(len(values))
        out[fresh] = average
        return carried(out, fresh, shown), left


def trailing_mean(earlier: FloatArray, values: FloatArray, length: int) -> FloatArray:
    """Return the mean of each value and the ``length - 1`` before it, or of as many as there are, oldest first.

    Args:
        earlier: values before the first, oldest first.
        values: shape (n,).
        length: how many to average.
    """
    count = len(values)
    there = min(len(earlier), length - 1)
    padded = np.concatenate((np.zeros(length - 1 - there), earlier[len(earlier) - there :], values))
    total = padded[:count].copy()
    for back in range(1, length):
        total += padded[back : back + count]
    return np.asarray(total / np.minimum(length, there + 1 + np.arange(count)))


def carried(values: FloatArray, fresh: BoolArray, before: float) -> FloatArray:
    """Return ``values`` where they are fresh and the last fresh one elsewhere, ``before`` until there is one."""
    if fresh.all():
        return values
    last = np.maximum.accumulate(np.where(fresh, np.arange(len(values)), -1))
    return np.asarray(np.where(last >= 0, values[np.maximum(last, 0)], before))
