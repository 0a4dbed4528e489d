"""Turning points of a power supply: mains that go and come, a battery that runs empty. Between them all is linear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.station.mains import HOUR_US, Grid, Outage
from instruments.steps import SECOND_US

if TYPE_CHECKING:
    from instruments.station.power import PowerSupply

GOOD = 0.85
"""Part of the nominal voltage below which mains are taken for gone (recalled: 180 to 190 V of 220 V)."""

NEVER = 1 << 62
EVER = -NEVER
"""Instants that do not come, and before everything."""


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``t_us`` on, until the next turn.

    Attributes:
        t_us: bench time.
        natural: part of its usual voltage that the public net has.
        left: part of the nominal voltage that arrives.
        good: it is enough.
        output: the supply gives power.
        charge: charge of the battery at ``t_us``, 0 to 1.
        rate: change of the charge per second.
        ends_us: end of the outage that is under way; the epoch or earlier: there is none.
        alive_us: since when the supply has given power without a break.
    """

    t_us: int
    natural: float
    left: float
    good: bool
    output: bool
    charge: float
    rate: float
    ends_us: int
    alive_us: int


class Turns:
    """Turning points from the epoch on, computed as far as somebody looks."""

    def __init__(self, supply: PowerSupply, grid: Grid) -> None:
        self._supply, self._grid = supply, grid
        self.all: list[Turn] = []
        self._until_us = 0

    def begin_anew(self) -> None:
        """Forget everything."""
        self.all.clear()
        self._until_us = 0

    def extend(self, until_us: int) -> None:
        """Find all turns up to ``until_us``."""
        if not self.all:
            self.all.append(self._turn(0, 1.0, 0))
        while self._until_us < until_us:
            following = self._next(until_us)
            if following is None:
                self._until_us = until_us
            else:
                self.all.append(following)
                self._until_us = following.t_us

    def turn_at(self, t_us: int, charge: float | None = None) -> None:
        """Conditions have changed at ``t_us``: what was to come is void. ``charge``: of another battery."""
        while self.all[-1].t_us > t_us:
            self.all.pop()
        last = self.all[-1]
        if last.t_us == t_us:
            self.all.pop()
        goes_on = last.ends_us > t_us
        charge = self._charge(last, t_us) if charge is None else charge
        self.all.append(self._turn(t_us, last.natural if goes_on else 1.0, last.ends_us if goes_on else 0, charge))
        self._until_us = t_us

    def transfers(self, times: NDArray[np.int64]) -> FloatArray:
        """How often the supply had to step in until each of ``times``."""
        turns = self.all
        begun = [b.t_us for a, b in pairwise(turns) if a.good and not b.good]
        return np.asarray(np.searchsorted(np.array(begun, dtype=np.int64), times, side="right"), dtype=np.float64)

    # -- how it goes on -------------------------------------------------------------------------------------------

    def _turn(self, t_us: int, natural: float, ends_us: int, charge: float = 1.0) -> Turn:
        supply = self._supply
        hidden, figures = supply.hidden, supply.entry.parameter
        left = natural * hidden.voltage_factor if hidden.mains else 0.0
        good = left >= GOOD
        capacity = supply.capacity_wh(t_us)
        helps = not hidden.bypass and charge > 0.0 and capacity > 0.0
        output = supply.powered and (good or helps)
        before = self.all[-1] if self.all else None
        alive = EVER if before is None else before.alive_us if before.output else t_us
        battery_h = capacity / max(supply.load_w(t_us, alive), 1.0)
        drains = output and not good
        rate = -1.0 / (battery_h * 3600.0) if drains else 1.0 / (figures("recharge_time") * 3600.0) if good else 0.0
        return Turn(t_us, natural, left, good, output, charge, rate, ends_us, alive)

    @staticmethod
    def _charge(turn: Turn, t_us: int) -> float:
        return min(max(turn.charge + turn.rate * (t_us - turn.t_us) / SECOND_US, 0.0), 1.0)

    def _natural(self, first_us: int, last_us: int) -> list[Outage]:
        """Outages of the public mains that begin in the hours of that time."""
        figures, more = self._supply.entry.parameter, self._supply.hidden.disturbances
        return self._grid.outages(
            first_us // HOUR_US,
            last_us // HOUR_US + 1,
            more * figures("sags_per_month"),
            more * figures("cuts_per_year"),
        )

    def _next(self, until_us: int) -> Turn | None:
        """The next turn, if it comes no later than ``until_us``."""
        last = self.all[-1]
        if last.output and not last.good:
            empty_us = last.t_us + round(-last.charge / last.rate * SECOND_US)
        else:
            empty_us = NEVER
        if last.ends_us > last.t_us:
            changes_us, left, ends_us = last.ends_us, 1.0, 0
        else:
            outage = next((o for o in self._natural(self._until_us, until_us) if o.start_us > self._until_us), None)
            changes_us, left, ends_us = (outage.start_us, outage.left, outage.end_us) if outage else (NEVER, 1.0, 0)
        load_us = NEVER if empty_us == NEVER else self._supply.load_changes_us(last.t_us, last.alive_us)
        if load_us < min(empty_us, changes_us):
            if load_us > until_us:
                return None
            return self._turn(load_us, last.natural, last.ends_us, self._charge(last, load_us))
        t_us = min(empty_us, changes_us)
        if t_us > until_us:
            return None
        if empty_us < changes_us:
            return replace(last, t_us=empty_us, output=False, charge=0.0, rate=0.0)
        return self._turn(t_us, left, ends_us, self._charge(last, t_us))
