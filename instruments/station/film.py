"""The manifold's wall, minute by minute: its temperature, the water on it, and the gases in the water.

Where the wall is colder than the dew point of what comes in, water condenses; where it is not, the film dries. While
the wall is wet it takes up SO2 and some NO2. Most of it stays (it oxidises); the rest is let go as the film dries: a
dip in humid weather, a spike after it.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray, Species
from instruments.atmosphere import Site
from instruments.plumbing import PRESSURE, TEMPERATURE
from instruments.station.inlet import Inlet
from instruments.station.minutes import MINUTE_S, MinuteSeries
from instruments.station.moisture import saturated

if TYPE_CHECKING:
    from instruments.station.manifold import Manifold

_MOL_PER_L = 1.0 / 24.5
"""Of air at 25 C and 1013 hPa."""

_GRAM_PER_MMOL = 0.018
_WET = (Species.SO2, Species.NO2)


class Row(IntEnum):
    """Rows of :class:`Film`, at the minute's end."""

    WALL_C = 0
    FILM = 1
    """g/m2."""
    WETNESS = 2
    """Part of the wall's taking up of gas that the film makes, 0 to 1."""
    SO2_HELD = 3
    NO2_HELD = 4
    """Gas in the film that will come back, nmol/mol of the flow times minutes."""
    SO2_FREED = 5
    NO2_FREED = 6
    """What the drying film gives to the flow, nmol/mol."""


class Film(MinuteSeries):
    """Wall and film of a manifold."""

    def __init__(self, manifold: Manifold, site: Site, inlet: Inlet) -> None:
        super().__init__(len(Row))
        self._manifold, self._site, self._inlet = manifold, site, inlet

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        manifold = self._manifold
        figures, hidden = manifold.entry.parameter, manifold.hidden
        ends = slice(MINUTE_S - 1, None, MINUTE_S)
        entering = self._inlet.values(first * MINUTE_S, last * MINUTE_S)[:, ends].copy()
        room_c = self._site.room.gas(first * MINUTE_S, last * MINUTE_S).temperature_c[ends]
        before = self.first_row()
        wall = manifold.wall_c(room_c, entering[TEMPERATURE], None if before is None else float(before[Row.WALL_C]))
        flow = manifold.nominal_flow_lpm(first, last)
        residence = manifold.volume_l * 60.0 / flow
        excess = entering[Species.H2O] - saturated(wall, entering[PRESSURE])
        grams = figures("film_exchange") * flow * _MOL_PER_L * _GRAM_PER_MMOL / manifold.wall_m2
        rain = self._site.outside.weather(first, last).rain_mm_h * (figures("rain_catch") * hidden.rain_ingress)
        gained = grams * excess + rain
        takes = [figures(f"wet_uptake_{species.name.lower()}") for species in _WET]
        back = [figures(f"wet_return_{species.name.lower()}") for species in _WET]
        deepest, thin = figures("film_deepest"), figures("film_thin")

        film, so2_held, no2_held = (
            (0.0, 0.0, 0.0) if before is None else before[[Row.FILM, Row.SO2_HELD, Row.NO2_HELD]].tolist()
        )
        minutes = []
        for gain, so2, no2, stay in zip(
            gained.tolist(), entering[Species.SO2].tolist(), entering[Species.NO2].tolist(), residence.tolist(),
            strict=True,
        ):  # fmt: skip
            if film == 0.0 and gain <= 0.0:
                minutes.append((0.0, 0.0, so2_held, no2_held, 0.0, 0.0))
                continue
            after = min(max(film + gain, 0.0), deepest)
            wetness = 1.0 - math.exp(-after / thin)
            freed_share = 1.0 if after == 0.0 else max(0.0, film - after) / film if film > 0.0 else 0.0
            so2_freed, no2_freed = so2_held * freed_share, no2_held * freed_share
            so2_held += back[0] * so2 * (1.0 - math.exp(-takes[0] * wetness * stay)) - so2_freed
            no2_held += back[1] * no2 * (1.0 - math.exp(-takes[1] * wetness * stay)) - no2_freed
            film = after
            minutes.append((film, wetness, so2_held, no2_held, so2_freed, no2_freed))
        rows[Row.WALL_C] = wall
        rows[Row.FILM :] = np.array(minutes).T
