"""Random paths of the ambient air beside those of :mod:`instruments.signal`: short memories and pulses.

What forgets within a fraction of a block needs no state from the block before it: the block is made with the numbers of
the one before as a run-up. So any block is made at once, however late it lies.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from instruments.air import FloatArray
from instruments.filters import first_order, lag
from instruments.signal import PATH_BLOCK, Path

_BEFORE_THE_FIRST = 1 << 62
"""Block number whose random numbers stand before the epoch."""


class ShortMemory(Path):
    """Stationary Ornstein-Uhlenbeck process of mean 0 and standard deviation 1 that forgets within a block.

    Args:
        seed: root seed.
        name: full name.
        tau_s: correlation time, seconds; a run-up of one block must be 16 of them (1e-7 of what was before is left).
        step_s: step of the path's grid, seconds.

    Raises:
        ValueError: ``tau_s`` is too long for this kind of path.
    """

    def __init__(self, seed: int, name: str, tau_s: float, step_s: float) -> None:
        if PATH_BLOCK * step_s < 16.0 * tau_s:
            raise ValueError(f"path {name}: {tau_s:g} s is remembered for longer than a block of {step_s:g} s steps")
        super().__init__(seed, name)
        self._decay = math.exp(-step_s / tau_s)
        self._kick = math.sqrt(-math.expm1(-2.0 * step_s / tau_s))

        self._last: tuple[int, FloatArray] = (-1, np.empty(0))

    def _make(self, number: int) -> FloatArray:
        known, before = self._last
        if known != number - 1 or number == 0:
            before = self._normals(number - 1 if number else _BEFORE_THE_FIRST, PATH_BLOCK)
        self._last = (number, self._normals(number, PATH_BLOCK))
        drive = np.concatenate((before, self._last[1]))
        return first_order(self._kick * drive[None, :], np.zeros(1), self._decay)[0, PATH_BLOCK:].copy()


class Pulses(Path):
    """Pulses at random instants, of random size, that rise and fade: mean 1.

    Sizes are exponentially distributed. A pulse rises with ``rise_s`` and fades with ``fade_s``.

    Args:
        seed: root seed.
        name: full name.
        interval_s: mean time between pulses.
        rise_s, fade_s: time constants.
        step_s: step of the path's grid, seconds.
    """

    def __init__(
        self, seed: int, name: str, interval_s: float, rise_s: float, fade_s: float, step_s: float = 1.0
    ) -> None:
        super().__init__(seed, name)
        self._mean_count = step_s / interval_s
        self._decays = (math.exp(-step_s / rise_s), math.exp(-step_s / fade_s))
        self._last: tuple[int, FloatArray] = (-1, np.empty(0))

    def _drive(self, number: int) -> FloatArray:
        normals = self._normals(number, 3 * PATH_BLOCK).reshape(3, PATH_BLOCK)
        # the squares of two normal numbers add up to twice an exponential one: no logarithm is needed
        size = 0.5 * (normals[1] ** 2 + normals[2] ** 2)
        return np.asarray(np.where(normals[0] > upper_quantile(self._mean_count), size / self._mean_count, 0.0))

    def _make(self, number: int) -> FloatArray:
        known, before = self._last
        if known != number - 1 or number == 0:
            before = self._drive(number - 1 if number else _BEFORE_THE_FIRST)
        self._last = (number, self._drive(number))
        wave = np.concatenate((before, self._last[1]))[None, :]
        for decay in self._decays:
            wave = lag(wave, np.zeros(1), decay)
        return wave[0, PATH_BLOCK:].copy()


@cache
def upper_quantile(share: float) -> float:
    """Return the normal number that is exceeded with probability ``share``."""
    low, high = -10.0, 10.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        if 0.5 * math.erfc(middle / math.sqrt(2.0)) > share:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
