"""What lies between a gas and an inlet: room air, a vented manifold, and tubing with all that it does to gas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from instruments.air import FloatArray, GasListener, GasSource, Species
from instruments.chemistry import titrated
from instruments.filters import lag
from instruments.history import ROWS, GasSeries, put
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, interpolated

COUNT = len(Species)
TEMPERATURE, PRESSURE = COUNT, COUNT + 1


class Consumer(Protocol):
    """Anything that draws gas: an analyzer at one of its ports."""

    def demand_at(self, port: str, first: int, last: int) -> FloatArray:
        """Return the flow drawn at ``port``, L/min, grid points ``first`` to ``last`` (exclusive)."""
        ...

    def on_demand_change(self, listener: GasListener) -> None:
        """Call ``listener.gas_changed(k)`` whenever the demand from grid index k on is no longer what it was."""
        ...


class Supply(GasSource, Protocol):
    """A source that offers a limited flow."""

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow offered, L/min, grid points ``first`` to ``last`` (exclusive)."""
        ...


@runtime_checkable
class Blockable(Protocol):
    """A supply whose vent can be blocked."""

    def vent_hpa_per_lpm(self, first: int, last: int) -> FloatArray:
        """Return the pressure that each L/min in excess makes, hPa; 0: the vent is free."""
        ...


class Air(GasSeries):
    """Room or ambient air: log-normal species, normal temperature and pressure, each an Ornstein-Uhlenbeck process.

    Args:
        seed: root seed of the bench.
        name: full name; keys the random paths.
        composition: geometric means, units of :data:`~instruments.air.UNIT_OF`; species left out are absent.
        temperature_c: mean temperature.
        temperature_sd_c: its standard deviation.
        pressure_hpa: mean pressure.
        pressure_sd_hpa: its standard deviation.
        log_sd: standard deviation of the logarithm of each species.
        correlation_time_s: correlation time of all of them.
    """

    def __init__(
        self,
        seed: int,
        name: str,
        composition: Mapping[Species, float],
        *,
        temperature_c: float,
        temperature_sd_c: float,
        pressure_hpa: float,
        pressure_sd_hpa: float,
        log_sd: float,
        correlation_time_s: float,
    ) -> None:
        super().__init__()
        self._means = [composition.get(species, 0.0) for species in Species]
        self._log_sd = log_sd
        self._temperature = (temperature_c, temperature_sd_c)
        self._pressure = (pressure_hpa, pressure_sd_hpa)
        labels = [species.name for species in Species] + ["temperature", "pressure"]
        self._paths = [OrnsteinUhlenbeck(seed, f"{name}/{label}", correlation_time_s) for label in labels]

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        for row, mean in enumerate(self._means):
            if mean > 0.0 and self._log_sd != 0.0:
                rows[row] = mean * np.exp(self._log_sd * interpolated(self._paths[row], first, last, MINUTE_S))
            else:
                rows[row] = max(mean, 0.0)
        for row, (mean, sd) in ((TEMPERATURE, self._temperature), (PRESSURE, self._pressure)):
            rows[row] = mean + sd * interpolated(self._paths[row], first, last, MINUTE_S)


class VentedManifold(GasSeries):
    """A manifold open to the room: what consumers draw beyond the flow offered is room air.

    A free vent holds the pressure of the room. Gas is the source's where offered >= demand, else the flow-weighted mix.

    Args:
        source: a calibrator's outlet.
        room: the air at the vent.
    """

    def __init__(self, source: Supply, room: GasSource) -> None:
        super().__init__()
        self._source, self._room = source, room
        self._stiffness = source.vent_hpa_per_lpm if isinstance(source, Blockable) else None
        self._consumers: list[tuple[Consumer, str]] = []
        source.on_change(self)
        room.on_change(self)

    def add_consumer(self, consumer: Consumer, port: str) -> None:
        """Let ``consumer`` draw through its ``port``; what has been computed is void."""
        self._consumers.append((consumer, port))
        consumer.on_demand_change(self)
        self.gas_changed(self.history.start)

    def demand_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow all consumers draw, L/min, grid points ``first`` to ``last``."""
        total = np.zeros(last - first)
        for consumer, port in self._consumers:
            total += consumer.demand_at(port, first, last)
        return total

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        offered = self._source.offered_lpm(first, last)
        if not offered.any():
            # the source is shut, as it mostly is: whoever draws here draws room air
            put(rows, self._room.gas(first, last))
            return
        needed = np.maximum(self.demand_lpm(first, last), 1e-9)
        share = np.minimum(offered / needed, 1.0)
        source, room = self._source.gas(first, last), self._room.gas(first, last)
        rows[:COUNT], rows[TEMPERATURE] = source.fractions, source.temperature_c
        short = share < 1.0  # elsewhere the source's gas stays untouched to the bit
        if short.any():
            starved = slice(None) if short.all() else np.flatnonzero(short)
            for row, air in zip(rows, (*room.fractions, room.temperature_c), strict=False):
                row[starved] = air[starved] + (row[starved] - air[starved]) * share[starved]
        rows[PRESSURE] = room.pressure_hpa
        if self._stiffness is not None:
            # a blocked vent: what nobody draws presses into whatever is connected
            rows[PRESSURE] += self._stiffness(first, last) * np.maximum(offered - needed, 0.0)


@dataclass(frozen=True, slots=True)
class Wall:
    """Exchange of one species with a tube's wall: c_out = (1 - share) c + share * lag(c).

    Attributes:
        share: part of the gas that answers late, 0 to 1.
        tau_s: time constant of the wall, seconds.
    """

    share: float
    tau_s: float


CLEAN_LINE: Mapping[Species, Wall] = {
    Species.SO2: Wall(0.03, 480.0),
    Species.NO2: Wall(0.005, 300.0),
    Species.O3: Wall(0.005, 300.0),
}
"""A clean PTFE line: SO2 within 1 % after about 10 min, NO2 and O3 soon, CO and NO not held at all (recalled)."""


class Tube(GasSeries):
    """A tube: dead time, reaction of NO with O3 on the way, first-order wash-out, exchange with the wall.

    The dead time belongs to the nominal flow ``flow_lpm``: a consumer whose pump weakens does not stretch it, and a
    line at a closed port is flushed as if it drew (docs/decisions/0004 says why).

    Args:
        source: what the tube draws from.
        length_m: length.
        bore_m: inner diameter.
        flow_lpm: nominal flow, L/min.
        washout_s: time constant of the first-order wash-out (filter holder, valves); None: a fifth of the dead time.
        wall: exchange with the wall per species.
    """

    def __init__(
        self,
        source: GasSource,
        *,
        length_m: float,
        bore_m: float,
        flow_lpm: float,
        washout_s: float | None = None,
        wall: Mapping[Species, Wall] = CLEAN_LINE,
    ) -> None:
        if min(length_m, bore_m, flow_lpm) <= 0.0:
            raise ValueError("a tube needs a positive length, bore and flow")
        self._held = sorted(wall)
        super().__init__(extra_rows=2 * len(self._held))
        self._source = source
        self.dead_time_s = 0.25 * math.pi * bore_m**2 * length_m * 1000.0 / flow_lpm * 60.0
        washout = 0.2 * self.dead_time_s if washout_s is None else washout_s
        self._decay = math.exp(-1.0 / washout) if washout > 0.0 else 0.0
        self._wall = [(wall[species].share, math.exp(-1.0 / wall[species].tau_s)) for species in self._held]
        self._whole = math.floor(self.dead_time_s)
        self._part = self.dead_time_s - self._whole
        source.on_change(self)

    def gas_changed(self, index: int) -> None:
        """Forget from the first point on that gas from grid point ``index`` of the source has reached."""
        super().gas_changed(index + self._whole)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        given = self._source.gas(first - self._whole - 1, last - self._whole)
        for row, source in zip(rows, (*given.fractions, given.temperature_c, given.pressure_hpa), strict=False):
            # frac of a second: a line between the two points around the instant of entry
            np.subtract(source[:-1], source[1:], out=row)
            row *= self._part
            row += source[1:]
        made = titrated(
            rows[Species.NO], rows[Species.O3], np.asarray(self.dead_time_s), rows[TEMPERATURE], rows[PRESSURE]
        )
        rows[Species.NO] -= made
        rows[Species.O3] -= made
        rows[Species.NO2] += made
        # a floor far below any meaning keeps the lags out of denormal numbers
        entering = np.maximum(rows[:COUNT], 1e-30, out=rows[:COUNT])
        held, before = len(self._held), entering[:, 0].copy()
        # a held species' gas before the wall is kept in a row of its own; elsewhere it is the gas that leaves
        last_point = None if self.history.stop == 0 else self.history.last()
        if last_point is not None:
            before[:] = last_point[:COUNT]
            before[self._held] = last_point[ROWS : ROWS + held]
        lag(entering, before, self._decay, out=rows[:COUNT])
        for number, (species, (share, decay)) in enumerate(zip(self._held, self._wall, strict=True)):
            washed, wall = rows[ROWS + number], rows[ROWS + held + number]
            washed[:] = rows[species]
            start = washed[:1] if last_point is None else last_point[ROWS + held + number :][:1]
            lag(washed[None], start, decay, out=wall[None])
            rows[species] *= 1.0 - share
            rows[species] += share * wall
