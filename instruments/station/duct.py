"""From the inlet to the analyzers' ports: plug flow at a flow that changes, reaction, losses, warming, leak.

Gas that leaves at t entered when the volume that has passed since is the manifold's: W(t) - W(entry) = V, with W the
flow's integral. So a blower that stops makes old gas of what is in the pipe, and every change is exact.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray, Species
from instruments.atmosphere import Site
from instruments.chemistry import titrated
from instruments.filters import lag
from instruments.history import ROWS, GasSeries
from instruments.plumbing import PRESSURE, TEMPERATURE
from instruments.station.film import Film, Row
from instruments.station.inlet import Inlet, mix
from instruments.station.minutes import spread
from instruments.station.moisture import saturated

if TYPE_CHECKING:
    from instruments.station.manifold import Manifold

LONGEST_S = 1800
"""Gas is never older than half an hour: by then it has mixed with what diffuses in."""

_PASSED = ROWS
"""Row of the volume that has passed since the epoch, litres."""

_SHOWN = [Row.WALL_C, Row.WETNESS, Row.SO2_FREED, Row.NO2_FREED]
_HELD = (Species.SO2, Species.NO2, Species.O3)


class Duct(GasSeries):
    """Gas at the manifold's ports."""

    def __init__(self, manifold: Manifold, site: Site, inlet: Inlet, film: Film) -> None:
        super().__init__(extra_rows=1 + len(_HELD))
        self._manifold, self._site, self._inlet, self._film = manifold, site, inlet, film

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        manifold, second = self._manifold, np.arange(first, last)
        flow = manifold.flow_lpm(first, last)
        passed, entry = self._entries(first, last, flow)
        stay = second - entry
        oldest = math.floor(float(entry[0]))
        given = self._inlet.gas_rows(oldest, last)
        at = np.floor(entry).astype(np.int64)
        gas = given.take(at - oldest, axis=1)
        following = given.take(np.minimum(at + 1, last - 1) - oldest, axis=1)
        following -= gas
        following *= entry - at
        gas += following

        begin, end = self._film.shown(first, last)
        shown = spread(begin[_SHOWN], end[_SHOWN], first, last)
        wall, wetness, so2_freed, no2_freed = shown
        warming = np.exp(-stay / manifold.entry.parameter("warming_time"))
        gas[TEMPERATURE] = wall + (gas[TEMPERATURE] - wall) * warming
        made = titrated(gas[Species.NO], gas[Species.O3], stay, gas[TEMPERATURE], gas[PRESSURE])
        gas[Species.NO] -= made
        gas[Species.O3] -= made
        gas[Species.NO2] += made
        too_wet = np.maximum(gas[Species.H2O] - saturated(wall, gas[PRESSURE]), 0.0)
        gas[Species.H2O] -= manifold.entry.parameter("film_exchange") * too_wet
        self._walls(gas, rows, stay, wetness)
        gas[Species.SO2] += so2_freed
        gas[Species.NO2] += no2_freed
        leak = manifold.hidden.leak_fraction
        if leak > 0.0:
            mix(gas, self._site.room.gas(first, last), leak)
        gas[PRESSURE] -= 0.01 * manifold.suction_pa(flow)
        rows[:ROWS] = gas
        rows[_PASSED] = passed

    def _entries(self, first: int, last: int, flow_lpm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Volume passed at each second, and the second (with its fraction) at which what leaves then came in."""
        litres = flow_lpm / 60.0
        fresh = self.history.stop == 0
        litres[0] += 0.0 if fresh else self.history.last()[_PASSED]
        passed = np.cumsum(litres)
        back = min(first, LONGEST_S)
        known = np.concatenate([self.history.view(first - back, first)[_PASSED], passed])
        times = np.arange(first - back, last, dtype=float)
        if back < LONGEST_S:  # before the epoch the flow was what it was in the first second
            missing = np.arange(back - LONGEST_S, 0)
            known = np.concatenate([known[0] + known[0] * missing, known])
            times = np.concatenate([missing, times])
        entry = np.interp(passed - self._manifold.volume_l, known, times)
        return passed, np.maximum(entry, np.arange(first, last) - float(LONGEST_S))

    def _walls(self, rows: FloatArray, result: FloatArray, stay: FloatArray, wetness: FloatArray) -> None:
        """Loss on the wall (dirt, water), and what a wall takes and gives back late."""
        manifold, fresh = self._manifold, self.history.stop == 0
        figures, dirt = manifold.entry.parameter, manifold.hidden.dirt
        for number, species in enumerate(_HELD):
            name, row = species.name.lower(), ROWS + 1 + number
            dry = figures(f"clean_loss_{name}") + dirt * figures(f"dirt_loss_{name}")
            rate = dry + wetness * figures(f"wet_uptake_{name}")
            left = rows[species] * np.exp(-rate * stay)
            share = min(figures(f"late_share_{name}") * (1.0 + 9.0 * dirt), 0.5)
            decay = math.exp(-1.0 / figures("late_time"))
            before = left[0] if fresh else self.history.last()[row]
            result[row] = lag(np.maximum(left, 1e-30)[None, :], np.array([before]), decay)[0]
            rows[species] = (1.0 - share) * left + share * result[row]
