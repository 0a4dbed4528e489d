"""How pollutants and weather depart from their usual course, together: Ornstein-Uhlenbeck parts, fronts and bursts.

Every variable's anomaly is a sum of Ornstein-Uhlenbeck parts of given variance and correlation time. Their innovations
are correlated so that the anomalies have the climate's correlations; they are not normal: fronts push everything the
same way within an hour or two, and in some stretches everything changes several times as fast. An innovation's
distribution leaves autocorrelations as they are.

Two parts with times a and b and innovations of correlation c have the correlation c 2 sqrt(a b) / (a + b) (integral of
the product of two exponentials).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from instruments.air import FloatArray
from instruments.ambient.climate import POLLUTANTS, VARIABLES, Climate, Front, Parts
from instruments.ambient.paths import upper_quantile
from instruments.filters import first_order
from instruments.signal import PATH_BLOCK, Path

STEP_S = 600
"""Step of the anomalies' grid, seconds."""

SLOW_H = 0.9
"""Parts with a shorter correlation time, hours, live on the minute grid (:data:`fast_parts`)."""

FRONT = len(VARIABLES)
"""Column of :class:`Anomalies` that says how much of a front's wind still stands (0 none, about 1 for a usual one)."""

_BURST_STEPS = 8
_FITTING_ROUNDS = 40
_BURST_STREAM, _FRONT_STREAM, _START = 2, 3, 1


@dataclass(frozen=True, slots=True)
class Innovations:
    """What drives the slow parts.

    Attributes:
        owner: variable (index) of each part.
        weight: by which each part enters its variable.
        tau_h: correlation times.
        mixing: lower-triangular factor of the covariance of the normal innovations.
        loading: share of the fronts in each part's innovations.
        start: factor of the stationary covariance of the parts.
    """

    owner: tuple[int, ...]
    weight: FloatArray
    tau_h: FloatArray
    mixing: FloatArray
    loading: FloatArray
    start: FloatArray


def fast_parts(parts: Mapping[str, Parts]) -> dict[str, tuple[float, float]]:
    """Return (share of the variance, correlation time in hours) of the parts that live on the minute grid."""
    return {name: (share, tau) for name, each in parts.items() for share, tau in each if tau < SLOW_H}


def fitted(parts: Mapping[str, Parts], wanted: FloatArray, loading: Mapping[str, float]) -> Innovations:
    """Return innovations that give the variables the wanted correlations.

    The correlation of two variables is spread evenly over the pairs of their parts; where that leaves no valid
    covariance the nearest one is taken, and the next round asks for more.
    """
    share_slow = _slow_share(parts)
    slow = [(row, share, tau) for row, name in enumerate(parts) for share, tau in parts[name] if tau >= SLOW_H]
    owner = np.array([row for row, _, _ in slow])
    tau = np.array([tau for _, _, tau in slow])
    weight = np.sqrt([share for _, share, _ in slow])
    first = np.array([place == 0 or owner[place - 1] != row for place, row in enumerate(owner)])
    front = np.where(first, [loading[list(parts)[row]] for row in owner], 0.0)
    meeting = 2.0 * np.sqrt(tau[:, None] * tau) / (tau[:, None] + tau)  # of two unit parts with equal innovations
    same = owner[:, None] == owner
    pick = np.zeros((len(parts), len(slow)))
    pick[owner, np.arange(len(slow))] = weight
    full = pick @ meeting @ pick.T  # correlation that innovations of correlation 1 would give
    asked = wanted / full
    normal = np.eye(len(slow))
    for _ in range(_FITTING_ROUNDS):
        total = np.where(same, np.eye(len(slow)), asked[owner[:, None], owner])
        normal = _nearest_covariance(total - np.outer(front, front), 1.0 - front**2)
        stationary = meeting * (normal + np.outer(front, front))
        found = pick @ stationary @ pick.T
        asked = asked + (wanted * np.sqrt(np.outer(share_slow, share_slow)) - found) / full * 0.7
    stationary = meeting * (normal + np.outer(front, front))
    firm = 1e-9 * np.eye(len(slow))  # rounding must not make a root fail
    return Innovations(
        owner=tuple(int(row) for row in owner),
        weight=np.asarray(weight),
        tau_h=tau,
        mixing=np.asarray(np.linalg.cholesky(normal + firm)),
        loading=np.asarray(front),
        start=np.asarray(np.linalg.cholesky(stationary + firm)),
    )


def _slow_share(parts: Mapping[str, Parts]) -> FloatArray:
    """Share of each variable's variance in its slow parts (fast ones are uncorrelated between gases)."""
    return np.array([sum(share for share, tau in each if tau >= SLOW_H) for each in parts.values()])


def _nearest_covariance(wanted: FloatArray, variances: FloatArray) -> FloatArray:
    """Return a positive definite matrix near ``wanted`` with these variances."""
    values, vectors = np.linalg.eigh(wanted)
    matrix = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(variances / np.diag(matrix))
    return np.asarray(matrix * np.outer(scale, scale))


class Anomalies(Path):
    """Anomalies of all variables on a ten-minute grid: columns in the order of ``VARIABLES``, then :data:`FRONT`.

    Unit variance together with the fast parts, mean 0. A block begins where the last one ended.

    Args:
        seed: root seed.
        name: full name.
        innovations: what drives them.
        front: the climate's fronts and bursts.
    """

    def __init__(self, seed: int, name: str, innovations: Innovations, front: Front) -> None:
        super().__init__(seed, name)
        self._drive, self._front = innovations, front
        step_h = STEP_S / 3600.0
        decay = np.exp(-step_h / innovations.tau_h)
        self._decay, self._kick = decay, np.sqrt(1.0 - decay**2)
        self._rise, self._stay = math.exp(-step_h / front.rise_h), math.exp(-step_h / front.stay_h)
        self._chance = step_h / front.interval_h
        quick = (np.array(innovations.owner) < len(POLLUTANTS)) & (innovations.tau_h < front.haze_h)
        factor = np.where(quick, front.burst_factor, front.calm_factor)  # haze does not come in a burst
        self._quiet = 1.0 / np.sqrt(front.burst_share * factor**2 + 1.0 - front.burst_share)
        self._burst = factor * self._quiet
        count = len(decay)
        begin = np.zeros(count + 2)
        begin[:count] = innovations.start @ self._normals(0, count, _START)
        self._starts = [begin]

    def _make(self, number: int) -> FloatArray:
        while len(self._starts) <= number:
            self._starts.append(self._run(len(self._starts) - 1)[1])
        block, end = self._run(number)
        if len(self._starts) == number + 1:
            self._starts.append(end)
        return block

    def _run(self, number: int) -> tuple[FloatArray, FloatArray]:
        begin, count = self._starts[number], len(self._decay)
        end = np.empty_like(begin)
        fronts = self._fronts(number)
        (pulse,) = _lagged(fronts[None], np.array([self._rise]), np.array([1.0 - self._rise]), begin[count : count + 1])
        (stand,) = _lagged(pulse[None], np.array([self._stay]), np.array([1.0]), begin[count + 1 :])
        end[count], end[count + 1] = pulse[-1], stand[-1]
        driving = (pulse - self._chance * _mean_strength(self._front.spread)) / math.sqrt(self._chance)
        normals = self._normals(number, count * PATH_BLOCK).reshape(count, PATH_BLOCK)
        bursts = self._normals(number, PATH_BLOCK // _BURST_STEPS, _BURST_STREAM)
        fast = np.repeat(bursts > upper_quantile(self._front.burst_share), _BURST_STEPS)
        mixed = (self._drive.mixing @ normals) * np.where(fast, self._burst[:, None], self._quiet[:, None])
        mixed += self._drive.loading[:, None] * driving
        parts = _lagged(mixed, self._decay, self._kick, begin[:count])
        end[:count] = parts[:, -1]
        block = np.zeros((PATH_BLOCK, FRONT + 1))
        for row, part in enumerate(parts):
            block[:, self._drive.owner[row]] += self._drive.weight[row] * part
        block[:, FRONT] = stand
        return block, end

    def _fronts(self, number: int) -> FloatArray:
        """Strengths of the fronts that begin at each step: mean square 1, mostly none."""
        chance, size = self._normals(number, 2 * PATH_BLOCK, _FRONT_STREAM).reshape(2, PATH_BLOCK)
        spread = self._front.spread
        return np.where(chance > upper_quantile(self._chance), np.exp(spread * size - spread**2), 0.0)


def _mean_strength(spread: float) -> float:
    return math.exp(-(spread**2) / 2.0)


def _lagged(drive: FloatArray, decay: FloatArray, kick: FloatArray, begin: FloatArray) -> FloatArray:
    """Return x[k] = decay x[k-1] + kick drive[k] for each row, from ``begin`` on."""
    out = np.empty_like(drive)
    for row in range(drive.shape[0]):
        out[row] = first_order(kick[row] * drive[row : row + 1], begin[row : row + 1], float(decay[row]))[0]
    return out


def anomalies(seed: int, name: str, climate: Climate) -> Anomalies:
    """Return the anomalies of a climate."""
    innovations = fitted(climate.parts(), climate.correlations(), climate.front.loading)
    return Anomalies(seed, name, innovations, climate.front)
