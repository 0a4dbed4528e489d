"""The shift in time and the factor under which most of a log agrees with what its device showed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from rig.score.expected import Expected, Window, expected
from rig.score.log_file import Logged
from rig.score.scales import FREE, Scale, scales_of
from rig.score.truth_file import Shown

_AGREES = 0.5
"""A shift and a factor under which fewer records agree than this explain nothing: this project's choice."""
_CLEARLY = 0.05
"""By how much more a shift must explain than none before it is believed: this project's choice."""
_COVERAGE = 0.995
"""Quantile of Student's t: a factor outside the measured one's two-sided 99 % interval is told apart (our choice)."""
_GRIDS = (1.0, 0.1, 0.01)
"""Last digits of a wire that are looked for in a log of converted values."""
_FINE = 6.0
"""A value tells whether it is on a grid if it is known to a sixth of it: one in three would hit by chance."""
_ON_GRID = 0.9
"""Part of the values that must hit, and :data:`_LEAST` of them, for the grid to be the wire's (our choices)."""
_LEAST = 10
_CONVERSION = 6e-4
"""Factors of conversion are used with four digits: 2.62 for 2.618."""


def best_alignment(
    log: Logged, shown: Shown, window: Window, zone_s: float, quantity: str
) -> tuple[float, Scale]:  # fmt: skip
    """The shift (s) and factor that explain most records; 0 and the plain one where they explain hardly more than none.

    Of several factors that explain about as much, the one nearest to the measured factor by least squares is taken.
    """
    shifts = [0.0]
    for base in (0.0, -zone_s, zone_s) if zone_s else (0.0,):
        shifts += [base + step for step in (0.0, window.every_s, -window.every_s) if base + step]
    scales = scales_of(quantity)
    plain = scales[0]
    shares = {(scale, shift): _share(log, shown, window, shift, scale) for scale in scales for shift in shifts}
    none = shares[plain, 0.0]
    scale, shift = max(shares, key=lambda one: shares[one])  # of equals the first: no shift, no factor
    best = shares[scale, shift]
    if best < _AGREES:
        free = _free_scale(log, shown, window)
        share = _share(log, shown, window, 0.0, free) if free is not None else 0.0
        return (0.0, free) if free is not None and share >= max(_AGREES, best + _CLEARLY) else (0.0, plain)
    if best <= none + _CLEARLY:
        return 0.0, plain
    if scale is plain:
        return shift, plain
    # With a factor, a shift must explain clearly more than the same factors do without.
    if max(shares[one, 0.0] for one in scales) >= best - _CLEARLY:
        shift = 0.0
    fitting = [one for one in scales if shares[one, shift] >= max(_AGREES, best - _CLEARLY)]
    return shift, _nearest(log, shown, window, shift, fitting)


def aligned(log: Logged, shift: float, scale: Scale, window: Window) -> Logged:
    """The log as it would be without the shift and the factor."""
    values = log.values / scale.factor
    # A logger may round before it converts, or after: the coarser of the two counts.
    halves = log.halves / min(scale.factor, 1.0) if scale.factor > 0.0 else log.halves
    if scale.factor != 1.0 and not window.average_s:
        # What came by the wire had its own last digit, which the conversion has hidden.
        halves = np.maximum(halves, _wire_halves(values, log.halves / abs(scale.factor)))
    return Logged(log.times_s - shift, values, halves, log.valid, log.lines)


def _wire_halves(values: NDArray[np.float64], halves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half of the last digit that the values had on the wire.

    At least three significant digits are told by every gas protocol of this rig once a value fills them (C-Link tells
    four, Teledyne one decimal of a ppb); a fixed number of decimals is known by the values' being all multiples of it.
    """
    size = np.abs(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(size > 0.0, 0.5 * 10.0 ** (np.floor(np.log10(size)) - 2.0), 0.0)
    room = halves * 1.0001 + _CONVERSION * size
    for grid in _GRIDS:
        tells = np.isfinite(values) & (room <= grid / _FINE) & (size > 0.0)
        hits = np.abs(values[tells] - grid * np.round(values[tells] / grid)) <= room[tells]
        if hits.size >= _LEAST and float(hits.mean()) >= _ON_GRID:
            return np.asarray(np.maximum(found, grid / 2.0))
    return np.asarray(found)


def _share(log: Logged, shown: Shown, window: Window, shift: float, scale: Scale) -> float:
    moved = aligned(log, shift, scale, window)
    told = expected(moved, shown, window)
    judged = told.known & np.isfinite(moved.values) & told.plain
    # A shift that moves most of the log out of the truth explains nothing.
    return 0.0 if judged.sum() * 2 < len(log.values) else float(told.agrees[judged].mean())


def _free_scale(log: Logged, shown: Shown, window: Window) -> Scale | None:
    told = expected(log, shown, window)
    usable = told.known & told.plain & np.isfinite(log.values) & (np.abs(told.middle) > 1e-9)
    if usable.sum() < 10:
        return None
    factor = float(np.median(log.values[usable] / told.middle[usable]))
    return Scale(factor, FREE.format(factor=factor)) if np.isfinite(factor) and abs(factor) > 1e-6 else None


@dataclass(frozen=True, slots=True)
class _Measured:
    """The factor of a log by least squares through the origin, and how far it is uncertain either way."""

    factor: float
    within: float


def _nearest(log: Logged, shown: Shown, window: Window, shift: float, fitting: list[Scale]) -> Scale:
    """Of factors that explain about as much, the one that leaves the smallest sum of squares, told with its rivals."""
    measured = _measured(log, shown, window, shift, fitting)
    # The sum of squares of a factor k is that of the best one and (k - best)**2 * sum(truth**2): the nearest is least.
    near = sorted(fitting, key=lambda one: abs(one.factor - measured.factor))
    best, *others = near
    rivals = [one for one in others if abs(one.factor - measured.factor) <= measured.within]
    text = f"{best.text} (measured: x {measured.factor:.4g})"
    if rivals:
        text += "; cannot be told apart from " + " and ".join(one.text or "no factor at all" for one in rivals)
    return replace(best, text=text)


def _measured(log: Logged, shown: Shown, window: Window, shift: float, fitting: list[Scale]) -> _Measured:
    """Measure over all records that agree under any of ``fitting``, so that made-up ones have no say."""
    told = expected(aligned(log, shift, fitting[0], window), shown, window)
    agrees = np.zeros(len(log.values), bool)
    for scale in fitting:
        agrees |= expected(aligned(log, shift, scale, window), shown, window).agrees
    truth, values, halves = (one[_usable(told, log) & agrees] for one in (told.middle, log.values, log.halves))
    square = float((truth**2).sum())
    if square == 0.0:
        return _Measured(fitting[0].factor, np.inf)
    factor = float((truth * values).sum() / square)
    if len(truth) < 2:
        return _Measured(factor, np.inf)
    scatter = float(((values - factor * truth) ** 2).sum()) / (len(truth) - 1)
    rounding = float((halves**2).mean()) / 3.0  # of a rectangular distribution
    deviation = float(np.sqrt(max(scatter, rounding) / square))
    return _Measured(factor, float(stdtrit(len(truth) - 1, _COVERAGE)) * deviation)


def _usable(told: Expected, log: Logged) -> NDArray[np.bool_]:
    return told.known & told.plain & np.isfinite(log.values)
