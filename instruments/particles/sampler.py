"""Manual gravimetric sampler: a head, a filter, a flow that is held, a volume; the mass comes from the balance.

A filter is fitted by its number from the box that sampler and balance share. The volume is told as it is (actual) or
at 1013.25 hPa and the standard temperature (273.15 K after HJ 656, 298.15 K elsewhere).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import accumulate
from operator import attrgetter
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.atmosphere import growth
from instruments.clock import ClockedHidden
from instruments.device import Value
from instruments.errors import Refused
from instruments.folding import HIGHEST, LAST, Fold
from instruments.particles.airpath import Air, AirPath
from instruments.particles.filter_user import FilterUser
from instruments.particles.flow import FlowWatch, Pump, flow_state
from instruments.particles.heating import ZERO_K, evaporation, saturation_hpa
from instruments.particles.inlet import Inlet, InletHidden
from instruments.particles.spot import Spot
from instruments.signal import WhiteNoise
from instruments.steps import SECOND_US

MINUTE_S = 60


class SamplerHidden(ClockedHidden, InletHidden):
    """Causes of a sampler, beside those of its clock and its inlet.

    Attributes:
        leak_fraction: part of the air at the filter that has not come through the inlet.
        pump_fraction: flow and vacuum of the pump over those of a good one.
        flow_sensor_error_pct: the flow sensor shows so much too high, beside this unit's own calibration.
        temperature_sensor_error_c: error of the outside temperature sensor.
        pressure_sensor_error_hpa: error of the barometer.
        filter_rise_c: how much warmer than the outside air the filter is: sun, pump, case.
    """

    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    pump_fraction: float = Field(default=1.0, ge=0.0, le=1.5)
    flow_sensor_error_pct: float = Field(default=0.0, gt=-90.0, lt=500.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-60.0, le=60.0)
    pressure_sensor_error_hpa: float = Field(default=0.0, ge=-300.0, le=300.0)
    filter_rise_c: float = Field(default=2.0, ge=-5.0, le=40.0)


@dataclass(slots=True)
class Run:
    """What goes on from minute to minute; each field is a row."""

    running: float = 0.0
    minutes: float = 0.0
    volume: float = 0.0
    flow: float = 0.0
    pressure_drop: float = 0.0
    flow_fault: float = 0.0
    inlet_flow: float = 0.0
    solid: float = 0.0
    volatile: float = 0.0
    hygroscopic: float = 0.0
    load: float = 0.0
    kappa: float = 0.0
    off_5: float = 0.0
    off_10: float = 0.0


_FIELDS = tuple(field.name for field in fields(Run))
_SHOWN = _FIELDS[: _FIELDS.index("inlet_flow")]
_row = attrgetter(*_FIELDS)
_DEFAULTS: dict[str, float] = dict(zip(_FIELDS, _row(Run()), strict=True))
_UNITS = {
    "running": "1", "minutes": "min", "volume": "m3", "flow": "L/min", "pressure_drop": "mmHg", "flow_fault": "1",
    "ambient_temp": "deg C", "ambient_pressure": "hPa", "filter_temp": "deg C",
}  # fmt: skip


class Sampler(FilterUser):
    """A sampler for one filter at a time."""

    step_s = MINUTE_S
    hidden_model: ClassVar[type[SamplerHidden]] = SamplerHidden
    hidden: SamplerHidden
    folds: ClassVar[Mapping[str, Fold]] = {"minutes": LAST, "volume": LAST, "flow_fault": HIGHEST}
    diagnostics = (*_SHOWN, "ambient_temp", "ambient_pressure", "filter_temp")
    memory = (*(name for name in _FIELDS if name not in _SHOWN), "filter_rh")
    actions = ("fit_filter", "remove_filter", "start", "stop", "cap_inlet")

    def _equip(self) -> None:
        super()._equip()
        p: Mapping[str, float] = self.entry.numbers()
        self._p = p
        self._filter: int | None = None
        self._capped = False
        self._noise = WhiteNoise(self.seed, f"{self.name}/flow")
        own = WhiteNoise(self.seed, f"{self.name}/calibration").values(0, 1)[0]
        self._own_error_pct = p["flow_calibration_sd"] * float(own)
        self._pump = Pump(
            p["pump_free_flow"], p["pump_vacuum"], p["filter_drop"], p["filter_drop_per_ug"], p["design_flow"]
        )  # fmt: skip
        self._places = np.array([self.rows[name] for name in _FIELDS])

    # -- minutes --------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the minutes ``first`` to ``last``."""
        h, count = self.hidden, last - first
        weather = self.site.outside.weather(first, last)
        shown_c = weather.temperature_c + h.temperature_sensor_error_c
        shown_hpa = weather.pressure_hpa + h.pressure_sensor_error_hpa
        filter_c = weather.temperature_c + h.filter_rise_c
        vapour = weather.humidity_pct * saturation_hpa(weather.temperature_c)
        humidity = np.minimum(vapour / saturation_hpa(filter_c), 100.0)
        out = np.empty((len(self.rows), count))
        for name, values in (("ambient_temp", shown_c), ("ambient_pressure", shown_hpa), ("filter_temp", filter_c)):
            out[self.rows[name]] = values if self.powered else np.zeros(count)
        out[self.rows["filter_rh"]] = humidity
        run = Run(**{name: self.before(name, first, default) for name, default in _DEFAULTS.items()})
        begin = 0
        if self.powered and run.running:
            air = self._air(first, last, shown_c, shown_hpa, filter_c, humidity)
            left = max(int(self.number("sampling_minutes") - run.minutes), 0)
            if left:
                begin = self._sample(run, air, min(count, left), out)
            if begin < count or run.minutes >= self.number("sampling_minutes") or run.flow_fault:
                run.running = 0.0
                if begin:
                    out[self.rows["running"], begin - 1] = 0.0
        run.flow = run.inlet_flow = run.pressure_drop = 0.0
        if begin < count:
            out[self._places, begin:] = np.array(_row(run))[:, None]
        return out

    def _sample(self, run: Run, air: Air, end: int, out: FloatArray) -> int:
        """Minutes 0 to ``end`` of air through the filter, or fewer; return how many."""
        watch = FlowWatch(self.number("flow_setpoint"), math.inf, run.off_5, run.off_10)
        spot = Spot(run.solid, run.volatile, run.hygroscopic, run.load)
        drawn = self.path().sample(air, 0, end, spot, watch)
        count = len(drawn.shown)
        told = (drawn.shown * air.told[:count] / 1000.0).tolist()
        rows = {
            "minutes": run.minutes + np.arange(1.0, count + 1.0),
            "volume": np.fromiter(accumulate(told, initial=run.volume), np.float64)[1:],
            "flow": drawn.shown, "inlet_flow": drawn.inlet, "pressure_drop": drawn.drop, "flow_fault": drawn.failed,
            "solid": drawn.loads.solid, "volatile": drawn.loads.volatile, "hygroscopic": drawn.loads.hygroscopic,
            "load": drawn.loads.load, "kappa": air.kappa[:count], "off_5": drawn.off_5, "off_10": drawn.off_10,
            "running": np.ones(count),
        }  # fmt: skip
        for name, values in rows.items():
            out[self.rows[name], :count] = values
            setattr(run, name, float(values[-1]))
        return count

    def path(self) -> AirPath:
        """Inlet, filter and pump as they stand."""
        inlet = Inlet(str(self.settings["size"]), self._p["design_flow"], self.hidden)
        return AirPath(inlet, self._pump, self._capped, filtered=False, leak_gain=self._p["leak_test_gain"])

    def _air(
        self, first: int, last: int, shown_c: FloatArray, shown_hpa: FloatArray, filter_c: FloatArray,
        humidity: FloatArray,
    ) -> Air:  # fmt: skip
        """Air on its way to the filter."""
        p, h, none = self._p, self.hidden, np.zeros(last - first)
        weather, aerosol = self.site.outside.weather(first, last), self.site.outside.aerosol(first, last)
        state = flow_state(
            weather.temperature_c, weather.pressure_hpa, shown_c, shown_hpa, control="actual",
            told_as=str(self.settings["volume_state"]), standard_c=self.number("standard_temperature"),
            sensor_error_pct=h.flow_sensor_error_pct + self._own_error_pct, slope=self.number("flow_slope"),
        )  # fmt: skip
        shown = self.number("flow_setpoint") * (1.0 + p["flow_noise"] * self._noise.values(first, last))
        flow, head = shown * state.true, self.share("head", first, last)
        inlet = flow * (1.0 - h.leak_fraction)
        passed = self.path().inlet.penetration(inlet, head)
        fine, volatile, coarse, giant = inlet / 1000.0 * (passed * aerosol.mass)
        return Air(
            shown=shown, flow=flow, inlet=inlet, true=state.true, told=state.told,
            leak=np.full(last - first, h.leak_fraction), solid=(fine + coarse) + giant, volatile=volatile,
            hygroscopic=aerosol.kappa * fine, kappa=aerosol.kappa, wet=growth(none + 1.0, humidity) - 1.0,
            left=evaporation(filter_c, p["volatile_minutes"], p["volatile_step"]),
            pump=h.pump_fraction * self.share("pump", first, last), head=head, dry=aerosol.mass, gas=none, rain=none,
        )  # fmt: skip

    # -- hands and mains ------------------------------------------------------------------------------------------

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Fit and remove filters, start and stop. Raises Refused."""
        running = bool(self.before("running", step, 0.0))
        if name == "cap_inlet":
            if not isinstance(value, bool):
                raise Refused("invalid", "cap_inlet is true (put on) or false (taken off)")
            self._cut(t_us, physical=True)
            self._capped = value
            return {}
        if name in ("fit_filter", "remove_filter") and running:
            raise Refused("wrong settings", f"{self.name} is sampling")
        if name == "fit_filter":
            self._fit(t_us, step, value)
        elif name == "remove_filter":
            self._remove(t_us, step)
        elif name == "start":
            if self._filter is None:
                raise Refused("wrong settings", f"{self.name} has no filter")
            for label in ("minutes", "volume", "flow_fault", "off_5", "off_10"):
                self.restart(label, step, 0.0)
            self.restart("running", step, 1.0)
        else:
            self.restart("running", step, 0.0)
        return {}

    def _fit(self, t_us: int, step: int, value: Value) -> None:
        if self._filter is not None:
            raise Refused("wrong settings", f"filter {self._filter} is in {self.name}")
        sample = self.box.take(value, self.name)
        self._cut(t_us, physical=True)
        self._filter = int(value)  # type: ignore[arg-type]
        for label in ("solid", "volatile", "hygroscopic", "load"):
            self.restart(label, step, getattr(sample, label))
        self.restart("kappa", step, 0.0)

    def _remove(self, t_us: int, step: int) -> None:
        if self._filter is None:
            raise Refused("wrong settings", f"{self.name} has no filter")
        sample = Spot(*(self.before(label, step, 0.0) for label in ("solid", "volatile", "hygroscopic", "load")))
        kappa = self.before("kappa", step, 0.0)
        humidity = self.before("filter_rh", step, 50.0)
        self._cut(t_us, physical=True)
        self.box.give_back(self._filter, sample, kappa, humidity, t_us / SECOND_US)
        self._filter = None
        for label in ("solid", "volatile", "hygroscopic", "load"):
            self.restart(label, step, 0.0)

    def standing(self) -> Mapping[str, Value]:
        """What hands have put on: the number of the filter (0: none), and the cap."""
        return {"filter": self._filter or 0, "cap_inlet": self._capped}

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**super().units(), **_UNITS}


def standard_volume(volume_m3: float, temperature_c: float, pressure_hpa: float, standard_c: float) -> float:
    """Volume at 1013.25 hPa and the standard temperature from one at mean outside conditions, m3.

    Args:
        volume_m3: actual volume.
        temperature_c: mean outside temperature.
        pressure_hpa: mean pressure.
        standard_c: temperature of the standard state.
    """
    return volume_m3 * (standard_c + ZERO_K) / (temperature_c + ZERO_K) * pressure_hpa / 1013.25
