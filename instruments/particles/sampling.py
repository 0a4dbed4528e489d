"""A beta monitor's way from the open air to the spot: heads, heating, flow, pump, what a minute of air leaves.

A step is a minute. What no state of the unit changes is computed for many minutes at once (:class:`Around`); how the
load on the spot grows, and what it does, is :mod:`instruments.particles.airpath`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray, Species
from instruments.atmosphere import growth
from instruments.particles.airpath import Air, AirPath
from instruments.particles.flow import STANDARD_HPA, Pump, flow_state
from instruments.particles.heating import ZERO_K, Heater, evaporation, heated
from instruments.particles.hidden import BetaHidden
from instruments.particles.inlet import Inlet
from instruments.signal import WhiteNoise
from instruments.steps import SECOND_US
from instruments.unit import Unit
from instruments.wear import Service

MINUTE_S = 60
_SO2_UG_PER_PPB = 2.62
"""SO2, ug/m3 per nmol/mol at 298 K (physics notes, units)."""
_RENEWED = ("tape", "nozzle", "head")
"""Parts whose hours at the epoch are those since the last round of maintenance, unless ``service.parts`` says more."""


@dataclass(frozen=True, slots=True)
class Around(Air):
    """What reaches a beta monitor, minute by minute; each of shape (n,).

    Attributes:
        steps: index of each minute.
        rate: counts per minute through clean tape of nominal thickness. normal: standard normal numbers for them.
        dirt: of nozzle and vane, 0 to 1. tape: share of a roll that is left.
        rows: diagnostics that go to the rows as they are.
    """

    steps: NDArray[np.int64]
    rate: FloatArray
    normal: FloatArray
    dirt: FloatArray
    tape: FloatArray
    rows: Mapping[str, FloatArray]


class Sampling(Unit):
    """A beta monitor up to its tape."""

    step_s = MINUTE_S
    goes_by_its_clock = True
    hidden_model: ClassVar[type[BetaHidden]] = BetaHidden
    hidden: BetaHidden
    surroundings: ClassVar[tuple[str, ...]] = (
        "ambient_temp", "ambient_pressure", "filter_temp", "filter_rh", "heater_power", "tape_left",
    )  # fmt: skip
    """Diagnostics that :meth:`around` gives."""

    def serviced(self, service: Service) -> Service:
        """Parts that are renewed at the end of their life have been, if the bench file does not say otherwise."""
        wear = self.entry.wear
        fresh = {part: service.hours % wear[part].life_h for part in _RENEWED if part in wear}
        return service.model_copy(update={"parts": {**fresh, **service.parts}})

    def _equip(self) -> None:
        super()._equip()
        p: Mapping[str, float] = self.entry.numbers()
        self._p = p
        self._count_noise = WhiteNoise(self.seed, f"{self.name}/counts")
        self._flow_noise = WhiteNoise(self.seed, f"{self.name}/flow")
        self._pump = Pump(
            p["pump_free_flow"], p["pump_vacuum"], p["tape_drop"], p["tape_drop_per_ug"], p["design_flow"]
        )  # fmt: skip
        self._capped = False
        self._zero_filter = False
        self._inlets: tuple[object, Inlet] | None = None

    # -- its own clock --------------------------------------------------------------------------------------------

    def minutes_ahead(self, step: int) -> float:
        """Whole minutes that its clock is ahead of bench time as minute ``step`` begins."""
        assert self.clock is not None
        return float(self.clock.minutes_ahead(step * MINUTE_S * SECOND_US))

    def clock_changed(self, step: int) -> None:
        """The cycle goes by the clock as it is from now on."""
        self.restart("ahead", step, self.minutes_ahead(step))

    # -- surroundings ---------------------------------------------------------------------------------------------

    def inlet(self) -> Inlet:
        """The inlet as it stands."""
        key = (self.settings["size"], self.hidden)
        if self._inlets is None or self._inlets[0] != key:
            self._inlets = (key, Inlet(str(key[0]), self._p["design_flow"], self.hidden))
        return self._inlets[1]

    def heater(self) -> Heater:
        """The heater as it stands."""
        return Heater(
            str(self.settings["heater_mode"]), self.number("rh_setpoint"), self.number("delta_setpoint"),
            self._p["heater_reach"], self._p["heater_idle"], self.hidden.heater_available, self.hidden.heater_least,
        )  # fmt: skip

    def around(self, first: int, last: int) -> Around:
        """Return what reaches the unit in steps ``first`` to ``last``."""
        p, h, count = self._p, self.hidden, last - first
        weather = self.site.outside.weather(first, last)
        aerosol = self.site.outside.aerosol(first, last)
        room = self.site.room.gas(first * MINUTE_S, (last - 1) * MINUTE_S + 1)
        room_c, room_hpa = room.temperature_c[::MINUTE_S], room.pressure_hpa[::MINUTE_S]
        warmth = self.warmth(first, last)
        shown_c = weather.temperature_c + h.temperature_sensor_error_c + self.number("at_offset")
        if h.temperature_sensor_off:
            shown_c = np.full(count, p["at_low"])
        shown_hpa = weather.pressure_hpa + h.pressure_sensor_error_hpa + self.number("bp_offset")
        rh_error = h.rh_sensor_error_pct + self.number("rh_offset")
        sample = heated(
            weather.temperature_c, weather.humidity_pct, room_c, self.heater(), tube_exchange=h.tube_exchange,
            warmth=warmth, rh_error_pct=rh_error, filter_error_c=h.filter_sensor_error_c,
            outside_error_c=shown_c - weather.temperature_c,
        )  # fmt: skip
        state = flow_state(
            weather.temperature_c, weather.pressure_hpa, shown_c, shown_hpa,
            control=str(self.settings["flow_control"]), told_as=str(self.settings["concentration_state"]),
            standard_c=self.number("standard_temperature"), sensor_error_pct=h.flow_sensor_error_pct,
            slope=self.number("flow_slope"),
        )  # fmt: skip
        gas = np.zeros(count)
        if h.alkaline_tape > 0.0:
            outside = self.site.outside.gas(first * MINUTE_S, (last - 1) * MINUTE_S + 1)
            gas = h.alkaline_tape * _SO2_UG_PER_PPB * outside.fractions[Species.SO2][::MINUTE_S]
        tape, head = self.share("tape", first, last), self.share("head", first, last)
        dirt = 1.0 - self.share("nozzle", first, last) * (1.0 - h.nozzle_dirt)
        leak = 1.0 - (1.0 - h.leak_fraction) * (1.0 - p["debris_leak"] * dirt)
        if h.nozzle_stuck:
            leak = np.full(count, p["open_nozzle_leak"])
        rows = {
            "ambient_temp": shown_c, "ambient_pressure": shown_hpa,
            "filter_temp": sample.temperature_c + h.filter_sensor_error_c,
            "filter_rh": np.clip(sample.humidity_pct + rh_error, 0.0, 100.0),
            "heater_power": 100.0 * sample.power, "tape_left": 100.0 * tape,
        }  # fmt: skip
        if not self.powered:
            rows["heater_power"] = np.zeros(count)  # sensors are where they are: what they show first is what is there
        shown = self.number("flow_setpoint") * (1.0 + p["flow_noise"] * self._flow_noise.values(first, last))
        flow = shown * state.true
        inlet = flow * (1.0 - leak)
        rain = h.rain_in * p["rain_mass"] * weather.rain_mm_h
        dust = np.zeros(count) if self._zero_filter else inlet / 1000.0
        fine, volatile, coarse, giant = dust * (self.inlet().penetration(inlet, head) * aerosol.mass)
        return Around(
            steps=np.arange(first, last),
            shown=shown, flow=flow, inlet=inlet, true=state.true,
            told=state.told, leak=leak, solid=((fine + coarse) + giant) + (inlet / 1000.0 * gas + rain),
            volatile=volatile, hygroscopic=aerosol.kappa * fine, kappa=aerosol.kappa,
            wet=growth(np.ones(count), sample.humidity_pct) - 1.0,
            left=evaporation(sample.temperature_c, p["volatile_minutes"], p["volatile_step"]),
            pump=h.pump_fraction * self.share("pump", first, last),
            rate=self._rate(room_c, room_hpa, warmth) * self.share("detector", first, last),
            normal=self._count_noise.values(first, last), dirt=dirt, tape=tape, head=head, dry=aerosol.mass, gas=gas,
            rain=rain, rows=rows,
        )  # fmt: skip

    def _rate(self, room_c: FloatArray, room_hpa: FloatArray, warmth: FloatArray) -> FloatArray:
        """Counts per minute through clean tape: a cold unit counts less, warm air in the gap lets more through."""
        p = self._p
        box_kelvin = room_c + p["box_rise"] + ZERO_K
        density = (room_hpa / STANDARD_HPA) * ((p["box_rise"] + 25.0 + ZERO_K) / box_kelvin)
        gap = np.exp(-self.true_mu() * p["gap_air"] * p["gap_uncorrected"] * (density - 1.0))
        cold = 1.0 - p["cold_loss"] * (1.0 - warmth)
        return np.asarray(60.0 * p["count_rate"] * self.hidden.detector_fraction * cold * gap)

    def true_mu(self) -> float:
        """True mass attenuation, cm2/mg."""
        return float(self._p["attenuation"] * (1.0 + self.hidden.attenuation_error_pct / 100.0))

    def path(self) -> AirPath:
        """Inlet, tape and pump as they stand."""
        return AirPath(self.inlet(), self._pump, self._capped, self._zero_filter, self._p["leak_test_gain"])
