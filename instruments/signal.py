"""Random paths that are functions of (seed, name, time) alone.

A path lives on its own grid, counted from the bench's epoch, and is made in fixed blocks: the generator of block b is
Philox with a key hashed from root seed and full name and with b in a high word of its counter. So no two blocks share
a random number, a block may be made again at any time, and nothing that else is on the bench, or is asked for, changes
a path. All paths have unit scale; whoever uses one multiplies it, so that a fault may change the scale at an instant.

Formulas: Gillespie, Phys. Rev. E 54, 2084 (1996), for the exact Ornstein-Uhlenbeck step; flicker noise as a sum of
octave-spaced Ornstein-Uhlenbeck processes of equal variance.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache

import numpy as np

from instruments.air import FloatArray
from instruments.filters import first_order

PATH_BLOCK = 1024
"""Points of one block of a path."""

MINUTE_S = 60
"""Step of the slow paths (drift, temperature), seconds."""

_CACHED_BLOCKS = 4
_START_STREAM = 1


def path_key(seed: int, name: str) -> int:
    """Return the 128-bit Philox key of the path ``name`` under the root ``seed``."""
    digest = hashlib.sha256(f"{seed}\x1f{name}".encode()).digest()
    return int.from_bytes(digest[:16], "big")


class Path(ABC):
    """A random path on a grid of its own, points 0, 1, 2 ... from the epoch.

    Args:
        seed: root seed of the bench.
        name: full name, ``<device>/<path>``.
    """

    def __init__(self, seed: int, name: str) -> None:
        self.name = name
        self._bits = np.random.Philox(key=path_key(seed, name))
        self._generator = np.random.Generator(self._bits)
        self._state = self._bits.state
        self._blocks: dict[int, FloatArray] = {}

    def values(self, first: int, last: int) -> FloatArray:
        """Return points ``first`` (inclusive) to ``last`` (exclusive), unit scale, as a one-dimensional array.

        Raises:
            ValueError: ``first`` lies before the epoch.
        """
        if first < 0:
            raise ValueError(f"path {self.name} begins at the epoch, asked for point {first}")
        low, high = first // PATH_BLOCK, (last - 1) // PATH_BLOCK
        if low >= high:
            start = low * PATH_BLOCK
            return self._block(low)[first - start : last - start]
        joined = np.concatenate([self._block(number) for number in range(low, high + 1)])
        return joined[first - low * PATH_BLOCK : last - low * PATH_BLOCK]

    def _block(self, number: int) -> FloatArray:
        block = self._blocks.get(number)
        if block is None:
            block = self._make(number)
            block.flags.writeable = False
            while len(self._blocks) >= _CACHED_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = block
        return block

    def _normals(self, number: int, count: int, stream: int = 0) -> FloatArray:
        # placed by its state at the beginning of the block: to make a generator takes as long as to draw a block
        self._state["state"]["counter"][:] = 0, 0, stream, number
        self._bits.state = self._state
        return self._generator.standard_normal(count)

    @abstractmethod
    def _make(self, number: int) -> FloatArray:
        """Return block ``number``, shape (PATH_BLOCK,)."""


class WhiteNoise(Path):
    """Independent normal numbers of mean 0 and standard deviation 1."""

    def _make(self, number: int) -> FloatArray:
        return self._normals(number, PATH_BLOCK)


class _Recursive(Path):
    """Paths in which a block begins where the last one ended: the states at the block ends are kept."""

    def __init__(self, seed: int, name: str, decay: FloatArray, kick: FloatArray, start_sd: float) -> None:
        super().__init__(seed, name)
        self._decay = decay
        self._kick = kick
        self._starts = [self._normals(0, len(decay), _START_STREAM) * start_sd]

    def _make(self, number: int) -> FloatArray:
        while len(self._starts) <= number:
            self._starts.append(self._run(len(self._starts) - 1)[1])
        total, end = self._run(number)
        if len(self._starts) == number + 1:
            self._starts.append(end)
        return total

    def _run(self, number: int) -> tuple[FloatArray, FloatArray]:
        count = len(self._decay)
        normals = self._normals(number, count * PATH_BLOCK).reshape(count, PATH_BLOCK)
        total = np.zeros(PATH_BLOCK)
        end = np.empty(count)
        for row in range(count):
            kicks, start = normals[row : row + 1] * self._kick[row], self._starts[number][row : row + 1]
            path = first_order(kicks, start, float(self._decay[row]))[0]
            total += path
            end[row] = path[-1]
        return total, end


class OrnsteinUhlenbeck(_Recursive):
    """Stationary Ornstein-Uhlenbeck process of mean 0 and standard deviation 1, sampled exactly.

    Args:
        seed: root seed.
        name: full name.
        tau_s: correlation time, seconds.
        step_s: step of the path's grid, seconds.
    """

    def __init__(self, seed: int, name: str, tau_s: float, step_s: float = MINUTE_S) -> None:
        decay = math.exp(-step_s / tau_s)
        kick = math.sqrt(-math.expm1(-2.0 * step_s / tau_s))
        super().__init__(seed, name, np.array([decay]), np.array([kick]), 1.0)


class RandomWalk(_Recursive):
    """Random walk from 0 at the epoch whose variance grows by 1 per day.

    Args:
        seed: root seed.
        name: full name.
        step_s: step of the path's grid, seconds.
    """

    def __init__(self, seed: int, name: str, step_s: float = MINUTE_S) -> None:
        super().__init__(seed, name, np.array([1.0]), np.array([math.sqrt(step_s / 86400.0)]), 0.0)


class Flicker(_Recursive):
    """Flicker noise whose Allan deviation is 1 over the band that its octaves cover.

    Equal octave-spaced Ornstein-Uhlenbeck processes of variance s**2 have an Allan variance of 2 s**2.

    Args:
        seed: root seed.
        name: full name.
        tau_s: correlation time of the fastest octave, seconds.
        octaves: number of octaves.
        step_s: step of the path's grid, seconds.
    """

    def __init__(self, seed: int, name: str, tau_s: float = 60.0, octaves: int = 8, step_s: float = MINUTE_S) -> None:
        taus = [tau_s * 2.0**octave for octave in range(octaves)]
        sd = math.sqrt(0.5)
        decay = np.array([math.exp(-step_s / tau) for tau in taus])
        kick = np.array([sd * math.sqrt(-math.expm1(-2.0 * step_s / tau)) for tau in taus])
        super().__init__(seed, name, decay, kick, sd)


def interpolated(path: Path, first: int, last: int, per_step: int) -> FloatArray:
    """Return ``path`` on a grid that is ``per_step`` times finer, linear between its points.

    Args:
        path: the coarse path.
        first: first point of the fine grid.
        last: end of the fine grid (exclusive).
        per_step: points of the fine grid per step of the path.
    """
    low, high = first // per_step, (last - 1) // per_step + 1
    return stretched(path.values(low, high + 1), first - low * per_step, last - low * per_step, per_step)


class Together:
    """Several paths of one grid, interpolated in one go; each comes out as :func:`interpolated` gives it.

    Only those are made that have been asked for; the last stretch is kept, since one asks for each path of it in turn.
    """

    def __init__(self, paths: Mapping[str, Path], per_step: int) -> None:
        self._paths = paths
        self._per_step = per_step
        self._rows: dict[str, int] = {}
        self._stretch = (0, 0)
        self._table = np.empty((0, 0))

    def values(self, name: str, first: int, last: int) -> FloatArray:
        """Points ``first`` to ``last`` (exclusive) of the fine grid of the path ``name``; a view, not to be written."""
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self._rows)
            self._stretch = (0, 0)
        if self._stretch != (first, last):
            low, high = first // self._per_step, (last - 1) // self._per_step + 1
            knots = np.array([self._paths[name].values(low, high + 1) for name in self._rows])
            begin = low * self._per_step
            self._table = stretched(knots, first - begin, last - begin, self._per_step)
            self._table.flags.writeable = False
            self._stretch = (first, last)
        return np.asarray(self._table[row])


def stretched(knots: FloatArray, first: int, last: int, per_step: int) -> FloatArray:
    """Return points ``first`` to ``last`` of the lines through ``knots`` (last axis), ``per_step`` to a step."""
    grid = (knots[..., 1:] - knots[..., :-1])[..., None] * _weights(per_step)
    grid += knots[..., :-1, None]
    return grid.reshape(*knots.shape[:-1], -1)[..., first:last]


@cache
def _weights(per_step: int) -> FloatArray:
    return np.asarray(np.arange(per_step) / per_step)
