"""A gas cylinder that is used up: pressure by the gas drawn, content that drifts, a regulator with air left in it.

The gas drawn in a minute is what the calibrator asks for; below the regulator's set pressure the flow falls with the
pressure, so an empty cylinder gives less and less, and the dilution falls away. Ideal gas:
pressure = fill pressure x (1 - used before) - drawn litres x 0.101325 MPa / volume, at 20 deg C.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from instruments.air import UNIT_OF, FloatArray, GasListener, Species
from instruments.atmosphere import Site
from instruments.device import Value
from instruments.history import GasSeries
from instruments.steps import Hidden
from instruments.supply.cylinder import Cylinder
from instruments.supply.sequence import by_second, running, steps_of, summed
from instruments.unit import Unit

_COUNT = len(Species)
_SHARE = _COUNT + 2
_ATMOSPHERE_MPA = 0.101325
_REFERENCE_K = 293.15
_YEAR_S = 365.25 * 86400.0
_SPECIES = {species.name.lower(): species for species in Species}


class DrawsGas(Protocol):
    """Somebody who draws gas from a cylinder."""

    def gas_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow asked for, L/min, seconds ``first`` to ``last`` (exclusive)."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` from which second on the flow is no longer what it was."""
        ...


class BottleHidden(Hidden):
    """What is in this cylinder, and what is wrong with it.

    Attributes:
        deviation_pct: how far the certified content lies from the certificate, % (beside the content's own).
        drift_pct_per_year: loss of SO2, NO and NO2, % per year, above the pressure from which it is faster.
        really: species that is in it in place of the certified main one (``no``, ``so2``...); empty: the right one.
        used_before: part of the fill that is gone beside what has been drawn.
        leak_cc_min: leak at valve or regulator.
        gauge_error_mpa: error of the pressure gauge.
    """

    deviation_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    drift_pct_per_year: float = Field(default=0.0, ge=0.0, le=10_000.0)
    really: str = Field(default="", pattern="^(|so2|no|no2|o3|co)$")
    used_before: float = Field(default=0.0, ge=0.0, le=1.0)
    leak_cc_min: float = Field(default=0.0, ge=0.0, le=100_000.0)
    gauge_error_mpa: float = Field(default=0.0, ge=-30.0, le=30.0)


class BottleGas(GasSeries):
    """What comes out of the regulator, by the second; one more row holds the share of the flow asked for."""

    def __init__(self, bottle: GasBottle) -> None:
        super().__init__(extra_rows=1)
        self._bottle = bottle

    def share(self, first: int, last: int) -> FloatArray:
        """Return what flows over what is asked for, seconds ``first`` to ``last``."""
        share: FloatArray = self.values(first, last)[_SHARE]
        return share

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        bottle = self._bottle
        low, high = steps_of(first, last, bottle.step_s)
        table = bottle.steps.values(low, high)[bottle.state_rows]
        share, air, left = by_second(table, low, bottle.step_s, first, last)
        content, lasting = bottle.composition()
        for row, amount, lasts in zip(rows, content, lasting, strict=False):
            row[:] = amount
            if amount > 0.0 and not lasts:
                row *= left
        if air.any():
            # Air that was left in the regulator dilutes, and its oxygen makes NO2 of as large a part of the NO.
            rows[:_COUNT] *= 1.0 - air
            oxidised = rows[Species.NO] * air
            rows[Species.NO] -= oxidised
            rows[Species.NO2] += oxidised
        rows[_COUNT], rows[_COUNT + 1] = 20.0, 1013.25
        rows[_SHARE] = share


class GasBottle(Unit):
    """A cylinder with its regulator. Arguments as :class:`~instruments.unit.Unit`; :meth:`fill` says what is in it."""

    step_s = 60
    plugged = False
    hidden_model = BottleHidden
    hidden: BottleHidden
    diagnostics = ("pressure", "regulator_pressure")
    memory = ("drawn", "lost", "flushed", "share", "air", "left")
    actions = ("replace_cylinder", "fit_regulator", "purge_regulator")
    firmware: ClassVar[str] = ""

    def _equip(self) -> None:
        super()._equip()
        self.content = Cylinder(Species.SO2, 50_000.0, 1.0)
        self.state_rows = [self.rows[label] for label in ("share", "air", "left")]
        self._consumers: list[DrawsGas] = []
        self._years_at_epoch = self.wear.hours(0.0) / 8766.0
        self._purged_l = 20.0 * self.entry.parameter("regulator_volume")
        self.gas = BottleGas(self)
        self.made = (self.gas,)

    def fill(self, content: Cylinder) -> None:
        """Say what the certificate says, and what truly is in it."""
        self.content = content
        self.texts["content"] = ", ".join(
            f"{species.name} {value:g} {UNIT_OF[species]}" for species, value in content.components.items()
        )
        self.gas_changed(self.gas.history.start)

    def place(self, site: Site) -> None:
        """The gauge moves with the room's temperature."""
        self._site = site
        site.room.on_change(self)
        self.gas_changed(0)

    def serve(self, consumer: DrawsGas) -> None:
        """Let ``consumer`` draw from the regulator."""
        self._consumers.append(consumer)
        consumer.on_change(self)
        self.gas_changed(self.gas.history.start)

    def composition(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """True content as filled, and which species do not drift."""
        content = self.content.composition()
        for species in self.content.components:
            content[species] *= 1.0 + self.hidden.deviation_pct / 100.0
        if self.hidden.really:
            wrong, main = _SPECIES[self.hidden.really], self.content.species
            scale = 1e-3 * (wrong is Species.CO) + 1.0 * (wrong is not Species.CO)
            amount = content[main] * (1000.0 if main is Species.CO else 1.0)
            content[main] = 0.0
            content[wrong] += amount * scale
        lasting = np.zeros(_COUNT, dtype=np.bool_)
        lasting[[Species.CO, Species.H2O]] = True
        return content, lasting

    # -- what a change does ---------------------------------------------------------------------------------------

    def gas_changed(self, index: int) -> None:
        """The flow asked for from second ``index`` on is no longer what it was."""
        super().gas_changed(index)
        self.gas.gas_changed(index)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Fit a full cylinder of the same kind, fit the regulator (air is in it), or purge it."""
        if name == "replace_cylinder":
            # The one before it may have been used in part when it came; this one is full.
            self.restart("drawn", step, -self.hidden.used_before * self.entry.parameter("fill_pressure"))
            self.restart("lost", step, 0.0)
            self.restart("flushed", step, 0.0)
        elif name == "fit_regulator":
            self.restart("flushed", step, 0.0)
        else:
            purge = self.entry.parameter("purge_volume")
            self.restart("flushed", step, self._purged_l)
            self.restart("drawn", step, self.before("drawn", step, 0.0) + purge * self._mpa_per_litre())
        return {}

    def units(self) -> Mapping[str, str]:
        """Unit of each quantity."""
        return {"pressure": "MPa", "regulator_pressure": "MPa"}

    # -- physics --------------------------------------------------------------------------------------------------

    def _mpa_per_litre(self) -> float:
        return _ATMOSPHERE_MPA / self.entry.parameter("volume")

    def detect(self, first: int, last: int) -> FloatArray:
        """Pressure, content and air of the minutes ``first`` to ``last``; state rows stand at a minute's beginning."""
        figures, hidden = self.entry.parameter, self.hidden
        begin, end = first * self.step_s, last * self.step_s
        asked = np.zeros(last - first)
        for consumer in self._consumers:
            asked += summed(consumer.gas_lpm(begin, end), self.step_s) / 60.0
        opened = self.settings["valve"] == "open"
        if not opened:
            asked[:] = 0.0
        leak = hidden.leak_cc_min / 1000.0 * self.step_s / 60.0
        full = figures("fill_pressure") * (1.0 - hidden.used_before)
        drawn, share = self._discharge(first, asked, leak, full)
        before = np.concatenate(([self.before("drawn", first, 0.0)], drawn[:-1]))
        pressure = np.maximum(full - before, 0.0)
        faster = np.where(pressure < figures("low_pressure"), figures("low_pressure_drift_factor"), 1.0)
        start = hidden.drift_pct_per_year / 100.0 * self._years_at_epoch
        yearly = hidden.drift_pct_per_year / 100.0 * self.step_s / _YEAR_S
        lost_start = self.before("lost", first, start)
        lost = running(lost_start, yearly * faster)
        left = 1.0 - np.concatenate(([lost_start], lost[:-1]))
        flushed_start = self.before("flushed", first, self._purged_l)
        flushed = running(flushed_start, np.minimum(asked * share, 1e3))
        air = np.exp(-np.concatenate(([flushed_start], flushed[:-1])) / figures("regulator_volume"))
        kelvin = np.full(last - first, _REFERENCE_K)
        if self._site is not None:
            kelvin = self._site.room.gas(begin, end).temperature_c[self.step_s - 1 :: self.step_s] + 273.15
        true = np.maximum(full - drawn, 0.0) * kelvin / _REFERENCE_K
        step = figures("pressure_step")
        gauge = np.maximum(np.round((true + hidden.gauge_error_mpa) / step) * step, 0.0)
        found = {
            "pressure": gauge,
            "regulator_pressure": np.minimum(true, figures("regulator_pressure")) * float(opened),
            "drawn": drawn, "lost": lost, "flushed": flushed,
            "share": share if opened else np.zeros_like(share), "air": np.where(air < 1e-8, 0.0, air),
            "left": np.maximum(left, 0.0),
        }  # fmt: skip
        rows = np.empty((len(self.rows), last - first))
        for label, values in found.items():
            rows[self.rows[label]] = values
        return rows

    def _discharge(self, first: int, asked: FloatArray, leak: float, full: float) -> tuple[FloatArray, FloatArray]:
        """Drawn so far (MPa of the cylinder) at the end of each minute, and share of the flow asked for that came.

        As long as there is pressure enough all of it comes, and the sum is a running one; below, minute by minute.
        """
        start = self.before("drawn", first, 0.0)
        needs = self.entry.parameter("regulator_pressure")
        taken = (asked + leak) * self._mpa_per_litre()
        drawn = running(start, taken)
        share = np.ones(len(asked))
        before = np.concatenate(([start], drawn[:-1]))
        low = np.flatnonzero(full - before < needs)
        if low.size:
            now = float(before[low[0]])
            for step in range(int(low[0]), len(asked)):
                part = min(max(full - now, 0.0) / needs, 1.0)
                share[step] = part if part > 1e-3 else 0.0
                now = now + min(float(taken[step]) * float(share[step]), max(full - now, 0.0))
                drawn[step] = now
        return drawn, share
