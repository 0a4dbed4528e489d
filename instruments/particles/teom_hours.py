"""What a TEOM files by the hour: half hours, hours and the means of many hours end when the unit's own clock says so.

A period is over at the step whose end lies next to the instant at which the clock passes it; a clock that is set over
a full hour skips that hour's record. A mean is of the values of the last half hour or hour, however the clock came
there: after it has been set, some of them belong to two records, as on the 5014i.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.particles.teom_air import STEP_S, Stretch
from instruments.steps import SECOND_US

if TYPE_CHECKING:
    from instruments.particles.teom import Teom

HALF_HOUR, HOUR = 180, 360
"""Steps of the periods that are filed."""

_ASTRAY = 30
"""Steps (5 min) by which an hour may lie off its place before it is no longer one of the same row of hours: a record
stands for so long before it is looked up, and a clock that was set moves hours by more (this project's choice, as for
the 5014i)."""
_STEP_US = STEP_S * SECOND_US


def over(unit: Teom, steps: Stretch, length: int) -> NDArray[np.int64]:
    """Return the steps at whose ends a period of ``length`` steps is over on the unit's clock."""
    clock = unit.clock
    assert clock is not None
    numbers = np.arange(steps.first - 1, steps.last)
    # What happens in the last second of a step acts on the next one.
    seen_us = (numbers + 1) * _STEP_US - SECOND_US - 1
    errors_us = np.rint(clock.errors_s(seen_us) * SECOND_US).astype(np.int64)
    shown_us = clock.start_us + (numbers + 1) * _STEP_US + errors_us
    period = (shown_us + _STEP_US // 2) // (length * _STEP_US)
    was_set_on = np.diff(errors_us) >= _STEP_US
    return np.asarray(numbers[1:][(np.diff(period) > 0) & ~was_set_on])


def mean_until(unit: Teom, label: str, steps: Stretch, end: int, length: int) -> float:
    """Return the mean of what exists of a row in the ``length`` steps until the end of step ``end``; NaN of nothing."""
    begin, here = max(end + 1 - length, 0), steps.rows[label]
    values = here[max(begin - steps.first, 0) : end + 1 - steps.first]
    if begin < steps.first:
        values = np.concatenate([unit.steps.history.view(begin, steps.first)[unit.rows[label]], values])
    return _mean(values.tolist())


def file_halves(unit: Teom, steps: Stretch, otherwise: float) -> None:
    """Write ``mc_half``, the mean of each half hour, held until the next, and ``half_end``: steps that had ended."""
    ends = over(unit, steps, HALF_HOUR)
    means = [mean_until(unit, "mc", steps, end, HALF_HOUR) for end in ends.tolist()]
    steps.rows["mc_half"] = _held(unit, "mc_half", steps, ends, means, otherwise)
    steps.rows["half_end"] = _held(unit, "half_end", steps, ends, [end + 1.0 for end in ends.tolist()], 0.0)


def file_hours(
    unit: Teom, steps: Stretch, hour_of: Callable[[int], float], spans: Mapping[str, int], otherwise: float
) -> None:  # fmt: skip
    """Write ``mc_hour``, ``hour_end`` (how many steps had ended with that hour) and the means of the last hours.

    Args:
        unit: whose clock and whose past.
        steps: the steps that are being computed; its rows hold what ``hour_of`` needs.
        hour_of: value of the hour that is over with a step.
        spans: number of hours of each further row.
        otherwise: value of hours before the epoch.
    """
    ends, rows = over(unit, steps, HOUR), steps.rows
    rows["mc_hour"] = _held(unit, "mc_hour", steps, ends, [hour_of(end) for end in ends.tolist()], otherwise)
    rows["hour_end"] = _held(unit, "hour_end", steps, ends, [end + 1.0 for end in ends.tolist()], 0.0)
    most = max(spans.values())
    past = [_hours_until(unit, steps, end, most, otherwise) for end in ends.tolist()]
    for label, hours in spans.items():
        rows[label] = _held(unit, label, steps, ends, [_mean(values[:hours]) for values in past], otherwise)


def _hours_until(unit: Teom, steps: Stretch, end: int, count: int, otherwise: float) -> list[float]:
    """Values of the hour that is over with step ``end`` and of those before it; NaN of one that is not in its place."""
    found = [float(steps.rows["mc_hour"][end - steps.first])]
    for back in range(1, count):
        place = end - back * HOUR
        if place < 0:
            found.append(otherwise)
            continue
        there = place + _ASTRAY
        kept = abs(_at(unit, steps, "hour_end", there) - (place + 1)) <= _ASTRAY
        found.append(_at(unit, steps, "mc_hour", there) if kept else math.nan)
    return found


def _at(unit: Teom, steps: Stretch, label: str, step: int) -> float:
    if step >= steps.first:
        return float(steps.rows[label][step - steps.first])
    return unit.steps.history.value(unit.rows[label], step)


def _held(
    unit: Teom, label: str, steps: Stretch, ends: NDArray[np.int64], values: Iterable[float], otherwise: float
) -> FloatArray:  # fmt: skip
    """A row that takes each of ``values`` at the end of its period and holds it until the next."""
    table = np.array([unit.before(label, steps.first, otherwise), *values])
    return np.asarray(table[np.searchsorted(ends, np.arange(steps.first, steps.last), side="right")])


def _mean(values: Iterable[float]) -> float:
    there = [value for value in values if not math.isnan(value)]
    return math.fsum(there) / len(there) if there else math.nan
