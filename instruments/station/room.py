"""The air inside a shelter by the second: its temperature and water as the climate has them, gases from outside.

Gases come in with the exchange of air and are lost on walls and dust; what vents of the calibration system spill into
the room stays there for hours. Indoor loss: Weschler, Indoor Air 10, 269 (2000), for ozone (recalled).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from instruments.air import FloatArray, Gas, GasListener, GasSource, Species
from instruments.atmosphere import Site
from instruments.filters import lag
from instruments.history import GasSeries
from instruments.plumbing import COUNT, PRESSURE, TEMPERATURE, Supply
from instruments.signal import OrnsteinUhlenbeck, interpolated
from instruments.station.climate import Climate, Row
from instruments.station.minutes import MINUTE_S, MinuteSeries, spread

if TYPE_CHECKING:
    from instruments.station.shelter import Shelter

_GASES = (Species.SO2, Species.NO, Species.NO2, Species.O3, Species.CO)
_SAMPLES = 6
"""Seconds of a minute at which a vent is looked at."""


class Composition(MinuteSeries):
    """Mole fractions of all gases but water, at the ends of the minutes.

    Args:
        spills: whether what the vents spill is in it. What supplies gas stands in a room without: its gas would have to
            be known before itself. A calibrator feels nothing but warmth and pressure, and scrubbers take out the rest.
    """

    def __init__(self, shelter: Shelter, site: Site, *, spills: bool = True) -> None:
        super().__init__(COUNT)
        self._shelter, self._site, self._spills = shelter, site, spills

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        shelter = self._shelter
        outside = self._site.outside.gas(first * MINUTE_S, last * MINUTE_S).fractions[:, MINUTE_S - 1 :: MINUTE_S]
        spilled = self._spilled(first, last)
        before = self.first_row()
        rows[:] = 0.0
        exchange = shelter.exchange_per_s()
        for species in _GASES:
            lost = shelter.entry.parameter(f"deposition_{species.name.lower()}") / 3600.0
            rate = exchange + lost
            gained = (exchange * outside[species] + spilled[species]) / rate
            start = np.array([gained[0] if before is None else before[species]])
            rows[species] = lag(gained[None, :], start, math.exp(-rate * MINUTE_S))[0]

    def _spilled(self, first: int, last: int) -> FloatArray:
        """What the vents add in the mean of each minute, per second."""
        total = np.zeros((COUNT, last - first))
        shelter = self._shelter
        share = shelter.hidden.vent_into_room
        if share == 0.0 or not self._spills:
            return total
        every = MINUTE_S // _SAMPLES
        for vent in shelter.vents:
            flow = vent.spilled_lpm(first * MINUTE_S, last * MINUTE_S)
            if not flow.any():
                continue  # what is so but for the hours of a check
            gas = vent.gas(first * MINUTE_S, last * MINUTE_S).fractions
            for begin in range(every - 1, MINUTE_S, every):
                total += gas[:, begin::MINUTE_S] * flow[begin::MINUTE_S]
        return total * (share / _SAMPLES / 60_000.0 / shelter.volume_m3)


class Room(GasSeries):
    """The air around the instruments.

    Args:
        shelter: whose air it is.
        site: what is outside.
        climate: its temperature and its water.
        composition: its other gases.
        as_warm_as: the same room with other gases in it, which tells temperature and pressure; None: there is none.
    """

    def __init__(
        self, shelter: Shelter, site: Site, climate: Climate, composition: Composition, as_warm_as: Room | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        self._shelter, self._site, self._climate, self._composition = shelter, site, climate, composition
        self._as_warm_as = as_warm_as
        self._draught = OrnsteinUhlenbeck(
            shelter.seed, f"{shelter.name}/draught", shelter.entry.parameter("draught_time")
        )

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        begin, end = self._composition.shown(first, last)
        climate_begin, climate_end = self._climate.shown(first, last)
        begin, end = begin.copy(), end.copy()
        begin[Species.H2O], end[Species.H2O] = climate_begin[Row.WATER], climate_end[Row.WATER]
        rows[:COUNT] = spread(begin, end, first, last)
        if self._as_warm_as is not None:
            rows[TEMPERATURE:] = self._as_warm_as.gas_rows(first, last)[TEMPERATURE:]
            return
        draught = interpolated(self._draught, first, last, MINUTE_S)
        rows[TEMPERATURE] = _air(climate_begin, climate_end, first, last)
        rows[TEMPERATURE] += self._shelter.entry.parameter("draught") * draught
        rows[PRESSURE] = self._site.outside.gas(first, last).pressure_hpa


def _air(begin: FloatArray, end: FloatArray, first: int, last: int) -> FloatArray:
    """Temperature of the air: two straight lines in a minute in which the air conditioner switches."""
    second = np.arange(MINUTE_S, dtype=float)
    grid = (end[Row.AIR] - begin[Row.AIR])[:, None] * (second / MINUTE_S)
    grid += begin[Row.AIR][:, None]
    switching = np.flatnonzero(end[Row.AT] < MINUTE_S)
    start, (stop, at, air_at) = begin[Row.AIR, switching, None], end[[Row.AIR, Row.AT, Row.AIR_AT]][:, switching, None]
    before = start + (air_at - start) * (second / np.maximum(at, 1e-6))
    after = air_at + (stop - air_at) * ((second - at) / (MINUTE_S - at))
    grid[switching] = np.where(second < at, before, after)
    start_s = first // MINUTE_S * MINUTE_S
    return np.asarray(grid.reshape(-1)[first - start_s : last - start_s])


class Drawn(Protocol):
    """What is behind a supply: it knows what its consumers draw."""

    def demand_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow drawn, L/min, grid points ``first`` to ``last`` (exclusive)."""
        ...


class Vent(GasSource, Protocol):
    """Something that lets gas out into the room."""

    def spilled_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow that leaves, L/min, grid points ``first`` to ``last`` (exclusive)."""
        ...


class Spill:
    """Hears that a vent spills something else, and tells the room, but not what stands in it and supplies the vent."""

    def __init__(self, shelter: Shelter) -> None:
        self._shelter = shelter

    def gas_changed(self, index: int) -> None:
        """What the vent spills is no longer what it was from second ``index`` on."""
        self._shelter.spilled(index, index // MINUTE_S)


class OpenVent:
    """What an open vent spills: the part of a supply's flow that nobody draws.

    Args:
        supply: a calibrator's outlet.
        drawn: the manifold behind it, that knows what its consumers draw.
    """

    def __init__(self, supply: Supply, drawn: Drawn) -> None:
        self._supply, self._drawn = supply, drawn

    def gas(self, first: int, last: int) -> Gas:
        """The supply's gas."""
        return self._supply.gas(first, last)

    def spilled_lpm(self, first: int, last: int) -> FloatArray:
        """Flow that leaves through the vent, L/min."""
        offered = self._supply.offered_lpm(first, last)
        if not offered.any():
            return np.zeros(last - first)
        return np.asarray(np.maximum(offered - self._drawn.demand_lpm(first, last), 0.0))

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when what the supply gives is no longer what it was."""
        self._supply.on_change(listener)
