"""A microbalance in its weighing room: repeatability, drift, buoyancy, charge, and filters that take on humidity.

The pan carries a filter of the shared box or a working standard. The reading settles within half a minute. Filters
laid out in the room (``condition``) approach its humidity: the room's humidity is followed with the filter's own time
constant, and a filter adds the fading difference from where it came.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.device import Value
from instruments.errors import Refused
from instruments.filters import lag
from instruments.folding import LAST, Fold
from instruments.particles.filter_user import FilterUser
from instruments.particles.heating import ZERO_K
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.steps import SECOND_US, Hidden

STEP_S = 10
_STEEL = 8.0
"""Density by which balances are adjusted, g/cm3 (OIML D 28: conventional mass)."""
_GAS_CONSTANT = 287.05
"""Of dry air, J/(kg K)."""


class BalanceHidden(Hidden):
    """Causes.

    Attributes:
        sensitivity_error_ppm: error of the span, ppm of the mass.
        noise_factor: noise over that of a quiet place (draught, vibration).
        drift_factor: wander of zero over that of a warm balance.
        ioniser_failed: charge stays on the filters although the ioniser is on.
        room_rh_offset: the room's humidity less what it is set to, %.
        room_temp_offset: the same of its temperature, deg C.
        standard_error_ug: change of the working standards since their certificate, ug.
    """

    sensitivity_error_ppm: float = Field(default=0.0, ge=-1000.0, le=1000.0)
    noise_factor: float = Field(default=1.0, ge=0.0, le=100.0)
    drift_factor: float = Field(default=1.0, ge=0.0, le=100.0)
    ioniser_failed: bool = False
    room_rh_offset: float = Field(default=0.0, ge=-50.0, le=50.0)
    room_temp_offset: float = Field(default=0.0, ge=-15.0, le=20.0)
    standard_error_ug: float = Field(default=0.0, ge=-1000.0, le=1000.0)


class Balance(FilterUser):
    """A microbalance, 10-second steps."""

    step_s = STEP_S
    hidden_model: ClassVar[type[BalanceHidden]] = BalanceHidden
    hidden: BalanceHidden
    diagnostics = ("reading", "stable", "room_temp", "room_rh")
    memory = ("on_pan", "since", "zero", "zero_kept", "gain_kept", "lagged_rh")
    firmware = "1.0"
    actions = ("condition", "put_away", "weigh", "weigh_standard", "clear_pan", "zero_balance", "adjust")

    def _equip(self) -> None:
        super()._equip()
        p: Mapping[str, float] = self.entry.numbers()
        self._p = p
        self._zero = OrnsteinUhlenbeck(self.seed, f"{self.name}/zero", p["drift_hours"] * 3600.0)
        self._repeat = WhiteNoise(self.seed, f"{self.name}/repeatability")
        self._room_rh = OrnsteinUhlenbeck(self.seed, f"{self.name}/room-rh", p["room_minutes"] * 60.0)
        self._room_temp = OrnsteinUhlenbeck(self.seed, f"{self.name}/room-temp", p["room_minutes"] * 60.0)
        self._standards = WhiteNoise(self.seed, f"{self.name}/standards")

    # -- steps ----------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the steps ``first`` to ``last``."""
        p, h, count = self._p, self.hidden, last - first
        per_minute = 60 // STEP_S
        rh, temp = self._room(first, last)
        tau = self._conditioning_hours() * 3600.0
        lagged = lag(rh[None, :], np.array([self.before("lagged_rh", first, float(rh[0]))]), math.exp(-STEP_S / tau))[0]
        zero = p["drift"] * h.drift_factor * interpolated(self._zero, first, last, per_minute)
        on_pan, since = (self.before(name, first, default) for name, default in (("on_pan", 0.0), ("since", 1e6)))
        zero_kept, gain_kept = (self.before(name, first, 0.0) for name in ("zero_kept", "gain_kept"))
        age = since + np.arange(1.0, count + 1.0) * STEP_S
        gain = 1.0 + 1e-6 * (h.sensitivity_error_ppm + p["gain_per_degree"] * (temp - 20.0) - gain_kept)
        settling = p["settling_error"] * np.exp(-age / p["settling_time"])
        noise = p["repeatability"] * h.noise_factor * self._repeat.values(first, last)
        step = p["readability"]
        shown = np.rint((gain * on_pan + zero - zero_kept + settling + noise) / step) * step / 1000.0
        rows = (
            shown, (age >= p["stable_time"]).astype(np.float64), temp, rh, np.full(count, on_pan), age, zero,
            np.full(count, zero_kept), np.full(count, gain_kept), lagged,
        )  # fmt: skip
        if not self.powered:
            rows = (np.zeros(count), np.zeros(count), *rows[2:])
        return np.array(rows)

    def _room(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Humidity and temperature of the weighing room."""
        p, h, per_minute = self._p, self.hidden, 60 // STEP_S
        rh = self.number("room_humidity") + h.room_rh_offset
        temp = self.number("room_temperature") + h.room_temp_offset
        return (
            np.clip(rh + p["room_rh_sd"] * interpolated(self._room_rh, first, last, per_minute), 1.0, 95.0),
            temp + p["room_temp_sd"] * interpolated(self._room_temp, first, last, per_minute),
        )

    def _conditioning_hours(self) -> float:
        return 3.0 if self._box is None else self._box.kind.conditioning_hours.value

    # -- hands ----------------------------------------------------------------------------------------------------

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Lay filters out, put things on the pan, zero and adjust the balance. Raises Refused."""
        if name in ("condition", "put_away", "weigh"):
            self._filter(t_us / SECOND_US, step, name, value)
        elif name == "weigh_standard":
            self._load(step, self._buoyed(step, self._standard_ug(value), _STEEL))
        elif name == "clear_pan":
            self._load(step, 0.0)
        elif name == "zero_balance":
            if self.before("on_pan", step, 0.0) != 0.0:
                raise Refused("wrong settings", "the pan is not empty")
            self.restart("zero_kept", step, self.before("zero", step, 0.0))
        else:  # adjust: with the weight inside, whatever the span is now is taken as right
            temp = float(self._room(step, step + 1)[1][0])
            error = self.hidden.sensitivity_error_ppm + self._p["gain_per_degree"] * (temp - 20.0)
            self.restart("gain_kept", step, error)
        return {}

    def _filter(self, t_s: float, step: int, name: str, value: Value) -> None:
        room = self.before("lagged_rh", step, self.number("room_humidity"))
        if name == "put_away":
            self.box.out_of_the_room(value, room, t_s)
            return
        number = self.box.into_the_room(value, room, t_s)
        if name == "weigh":
            mass = self.box.mass_ug(number, self.box.conditioned_pct(number, room, t_s), t_s)
            charged = not self.settings["ioniser"] or self.hidden.ioniser_failed
            charge = self.box.charge_ug(number)
            self._load(step, self._buoyed(step, mass, self.box.kind.density.value) + (charge if charged else 0.0))

    def _load(self, step: int, apparent_ug: float) -> None:
        self.restart("on_pan", step, apparent_ug)
        self.restart("since", step, 0.0)

    def _buoyed(self, step: int, mass_ug: float, density: float) -> float:
        """What a mass of that density, g/cm3, looks like in air, ug."""
        minute = step * STEP_S // 60
        pressure = float(self.site.outside.weather(minute, minute + 1).pressure_hpa[0])
        kelvin = float(self._room(step, step + 1)[1][0]) + ZERO_K
        air = 0.001 * 100.0 * pressure / (_GAS_CONSTANT * kelvin)  # g/cm3
        return mass_ug * (1.0 - air * (1.0 / density - 1.0 / _STEEL))

    def _standard_ug(self, value: Value) -> float:
        """True mass of a working standard, by its nominal mass in mg."""
        return 1000.0 * self._certified_mg(value) + self.hidden.standard_error_ug

    def _certified_mg(self, value: Value) -> float:
        places = {100: 0, 200: 1, 500: 2}
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in places:
            raise Refused("invalid", f"standard {value!r}: one of {', '.join(map(str, places))} mg")
        place = places[int(value)]
        error = self._p["standard_error_sd"] * float(self._standards.values(place, place + 1)[0])
        return float(value) + round(error) / 1000.0

    def standing(self) -> Mapping[str, Value]:
        """Certificates of the working standards, mg."""
        return {f"standard_{nominal}": self._certified_mg(nominal) for nominal in (100, 200, 500)}

    folds: ClassVar[Mapping[str, Fold]] = {"reading": LAST, "stable": LAST}

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {"reading": "mg", "stable": "1", "room_temp": "deg C", "room_rh": "%"}
