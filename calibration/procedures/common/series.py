"""Readings in equal steps of time while nothing is changed: what noise is formed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from calibration.procedures.common.levels import Asked
from calibration.statistics.summary import mean
from rig.run import Run


@dataclass
class Series:
    """Means of a quantity over equal intervals; instants are the ends of the intervals, bench seconds."""

    device: str
    quantity: str
    begun_s: float
    unit: str = ""
    t_s: list[float] = field(default_factory=list)
    means: list[float] = field(default_factory=list)


def collect(run: Run, units: Sequence[Asked], count: int, interval_s: float, poll_s: float) -> list[Series]:
    """Read ``count`` means of ``interval_s`` each, of every quantity of every unit, polling every ``poll_s``.

    The polls of an interval lie at its end and at whole ``poll_s`` before it.
    """
    found = [Series(unit.device, quantity, run.now()) for unit in units for quantity in unit.quantities]
    polls = max(1, round(interval_s / poll_s))
    for _ in range(count):
        read: list[list[float]] = [[] for _ in found]
        for _ in range(polls):
            run.wait(interval_s / polls)
            for series, values in zip(found, read, strict=True):
                reading = run.read(series.device, series.quantity)
                series.unit = reading.unit
                values.append(reading.value)
        for series, values in zip(found, read, strict=True):
            series.t_s.append(run.now())
            series.means.append(mean(np.array(values)))
    return found
