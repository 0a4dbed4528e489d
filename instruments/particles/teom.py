"""A tapered-element oscillating microbalance: sampling, heaters, filter and frequency, common to all its models.

The filter sits on the free end of a hollow glass element that swings like a tuning fork; what collects on it lowers
the frequency. The firmware sees the frequency, the flows and the temperatures and nothing else. Steps are 10 s.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.atmosphere import Mode, Site
from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.history import lag, trailing_mean
from instruments.particles import teom_element as element
from instruments.particles.inlet import Inlet
from instruments.particles.teom_air import (
    ATM_HPA, STEP_S, ZERO_C, Draught, Sensed, Surroundings, draught, particle_water, sensed, surroundings,
)  # fmt: skip
from instruments.particles.teom_bench import BENCH_ACTIONS, FilterBench
from instruments.particles.teom_hidden import TeomHidden
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise
from instruments.steps import SECOND_US, Moment
from instruments.unit import Unit
from instruments.wear import Service

_HEATERS = ("cap", "case", "air")
_NOISE_STEPS = 8
"""Steps over which the shown noise is formed: its own scatter is then 25 %, as in real data (0.0023 +- 0.0006, read)."""
_LOOSE_NOISE = 650.0
"""Noise of a filter that hardly holds over that of a good one: 1.5 against 0.0023 shown (read)."""
_LOOSE_CREEP_UG_S = 2.0 / 60.0
"""Mass that a filter that hardly holds seems to lose per second (choice of this project: base -30...-970 read)."""
_LOOSE_BYPASS = 0.5
"""Part of the particles that pass such a filter at its rim (choice of this project)."""
_ROOM_SHARE = 0.3
"""Fine particles in the shelter over those outside (choice of this project)."""
_STOPS_BELOW = 0.5
"""Drive below which the oscillation breaks off (choice of this project)."""
_ENCLOSURE_ABOVE_ROOM_C = 8.0
_SELF_HEAT_C = 1.0
_OPEN_HEAT = 0.085
"""Heat that an open transducer keeps (choice of this project: real units stay within 2 % during a filter change)."""
_WHITE = (
    "mass", "main_flow", "bypass_flow", "cap", "case", "air", "load", "vacuum", "temperature", "humidity", "pressure",
    "cooler", "dryer",
)  # fmt: skip


UNITS_OF = {
    "frequency": "Hz", "noise": "1", "filter_load": "%", "total_mass": "ug", "mass_rate": "g/h", "main_flow": "L/min",
    "bypass_flow": "L/min", "total_flow": "L/min", "inlet_flow": "L/min", "air_temp": "deg C", "cap_temp": "deg C",
    "case_temp": "deg C", "enclosure_temp": "deg C", "ambient_temp": "deg C", "ambient_humidity": "%",
    "ambient_dew_point": "deg C", "ambient_pressure": "atm", "vacuum": "atm", "operating_mode": "1",
    "k0_free_frequency": "Hz", "k0_filter_frequency": "Hz", "k0_audit": "g Hz2", "k0_difference": "%",
}  # fmt: skip
"""Unit of each diagnostic of every model."""


class Teom(Unit):
    """What all tapered-element monitors share; a model adds its firmware and what it puts before the filter."""

    step_s = STEP_S
    hidden_model: ClassVar[type[TeomHidden]] = TeomHidden
    report_only = frozenset({"mode", "instrument_id", "constant_a", "constant_b"})
    actions = BENCH_ACTIONS
    sensors: ClassVar[tuple[str, ...]] = (
        "frequency", "noise", "filter_load", "total_mass", "mass_rate", "main_flow", "bypass_flow", "total_flow",
        "air_temp", "cap_temp", "case_temp", "enclosure_temp", "ambient_temp", "ambient_humidity", "ambient_dew_point",
        "ambient_pressure", "vacuum", "inlet_flow", "operating_mode", "k0_free_frequency", "k0_filter_frequency",
        "k0_audit", "k0_difference",
    )  # fmt: skip
    """Diagnostics of every model; ``inlet_flow`` is what a flow meter on the inlet would find, L/min of outside air."""
    keeps: ClassVar[tuple[str, ...]] = (
        "inverse", "start_inverse", "sample_flow", "age", "filter_mass", "stable", "volatile", "water", "conditioning",
        "creep", "path_mass", "slow_pressure", "white", "cap_true", "case_true", "air_true", "possible", "exchange",
        "smooth_mass", "smooth_rate",
    )  # fmt: skip
    diagnostics = sensors
    memory = keeps
    bits: ClassVar[tuple[tuple[str, int], ...]]
    """Name and number of each bit of the status word, in alphabetical order."""

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str = "",
        settings: Mapping[str, Value] | None = None, hidden: TeomHidden | None = None, warm: bool = True,
        service: Service | None = None,
    ) -> None:  # fmt: skip
        super().__init__(entry, name, seed, serial=serial, settings=settings, hidden=hidden, warm=warm,
                         service=service)  # fmt: skip
        self.hidden: TeomHidden
        self.figures = entry.numbers()
        self.warm = warm
        self.bench = FilterBench(self)
        self._white = {label: WhiteNoise(seed, f"{name}/{label}") for label in _WHITE}
        self._wander = OrnsteinUhlenbeck(seed, f"{name}/wander", self.figures["mass_wander_time"], self.step_s)
        self._deposit = element.Deposit(self.step_s, self.figures["new_filter_load"], self.figures["load_per_mg"])
        self._site: Site

    def place(self, site: Site) -> None:
        """Stand the unit in its surroundings."""
        self._site = site
        site.outside.on_change(self)
        site.room.on_change(self)
        self.gas_changed(0)

    # -- for a model ----------------------------------------------------------------------------------------------

    def path(self, first: int, last: int) -> FloatArray:
        """Place of the flow path at each step: 0 straight to the filter, 1 by the purge filter."""
        return np.zeros(last - first)

    @abstractmethod
    def prepared(
        self, first: int, last: int, around: Surroundings, path: FloatArray, rows: dict[str, FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Water vapour at the filter, hPa, share of particles that get there, volatile matter that is added, ug/m3."""

    @abstractmethod
    def compute(self, first: int, last: int, around: Surroundings, rows: dict[str, FloatArray]) -> None:
        """Add what the firmware makes of the rows so far."""

    @abstractmethod
    def steady_rate(self) -> float:
        """Mass rate before the epoch, ug/s."""

    @abstractmethod
    def conditions(self, first: int, last: int, moment: Moment) -> Mapping[str, FloatArray]:
        """Status conditions by name, 0 or 1 per step."""

    # -- steps ----------------------------------------------------------------------------------------------------

    @property
    def sampling(self) -> bool:
        """Air is drawn through the filter."""
        return self.powered and self.settings["run"] is True and self.settings["pump"] is True

    def white(self, label: str, first: int, last: int) -> FloatArray:
        """Normal numbers of a sensor."""
        return self._white[label].values(first, last)

    def held(self, label: str, first: int, last: int, otherwise: float) -> FloatArray:
        """A row that stays as it is until an action changes it."""
        return np.full(last - first, self.before(label, first, otherwise))

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps, from the outside air to what the firmware shows."""
        around, seen = self._around(first, last)
        rows: dict[str, FloatArray] = {}
        self._filter_rows(first, last, rows)
        self._heat(first, last, around, rows)
        path = self.path(first, last)
        vapour, passing, added = self.prepared(first, last, around, path, rows)
        self._draw(first, last, around, seen, path, rows, passing, added)
        self._weigh(first, last, around, path, vapour, rows)
        self._sense(first, last, seen, rows)
        self.compute(first, last, around, rows)
        return np.array([rows[label] for label in self.rows])

    def _around(self, first: int, last: int) -> tuple[Surroundings, Sensed]:
        around = surroundings(self._site, first, last)
        return around, sensed(around, self.hidden)

    def _filter_rows(self, first: int, last: int, rows: dict[str, FloatArray]) -> None:
        """The filter that is on, whether the transducer stands open, and for how long the unit has been at work."""
        index = np.arange(first, last)
        rows["filter_mass"] = self.held("filter_mass", first, last, self.hidden.filter_mass)
        opened = index < self.bench.open_until
        rows["exchange"] = ((opened | (rows["filter_mass"] <= 0.0)) & self.sampling).astype(np.float64)
        at_work = (rows["exchange"] == 0.0) & self.sampling & (self.hidden.drive >= _STOPS_BELOW)
        counted = np.arange(last - first)
        idle = np.maximum.accumulate(np.where(at_work, -1, counted))
        age = self.before("age", first, 1.0e6 if self.warm else 0.0)
        rows["age"] = np.where(idle < 0, age + counted + 1.0, counted - idle)
        for label in ("k0_free_frequency", "k0_filter_frequency", "k0_audit", "k0_difference"):
            rows[label] = self.held(label, first, last, 0.0)

    def _heat(self, first: int, last: int, around: Surroundings, rows: dict[str, FloatArray]) -> None:
        """Three heaters, each on its own sensor; the room pulls at them, and they cannot cool."""
        opened = np.where(np.arange(first, last) < self.bench.open_until, _OPEN_HEAT, 1.0)
        floor = around.room_c + _SELF_HEAT_C * self.powered
        coupling = self.figures["room_coupling"] * (around.room_c - 25.0)
        keep = element.decay(self.step_s, self.figures["heater_time"])
        for label in _HEATERS:
            error = getattr(self.hidden, f"{label}_sensor_error_c")
            power = self.figures["heater_reach"] * getattr(self.hidden, f"{label}_heater") * self.powered
            wanted = self.number(f"{label}_temp_set") - error + coupling
            target = np.minimum(np.maximum(wanted, floor), floor + power * opened)
            start = self.before(f"{label}_true", first, float(target[0] if self.warm else around.room_c[0]))
            true = lag(target[None, :], np.array([start]), keep)[0]
            rows[f"{label}_true"] = true
            shown = true + error + self.figures["temperature_noise"] * self.white(label, first, last)
            rows[f"{label}_temp"] = np.round(shown, 3)
        heat = (_ENCLOSURE_ABOVE_ROOM_C + self.hidden.enclosure_heat_c) * self.warmth(first, last)
        rows["enclosure_temp"] = around.room_c + heat

    def _draw(
        self, first: int, last: int, around: Surroundings, seen: Sensed, path: FloatArray, rows: dict[str, FloatArray],
        passing: FloatArray, added: FloatArray,
    ) -> None:  # fmt: skip
        """Flows, and what they bring to the filter and what leaves it."""
        hidden = self.hidden
        asked = (self.number("main_flow_set"), self.number("bypass_flow_set"))
        pump = hidden.pump_fraction * self.share("pump", first, last)
        flows = draught(around, seen, hidden, self.figures, asked, pump)
        on = (rows["exchange"] == 0.0) * float(self.sampling)
        leak = hidden.leak_main + self.leak_on_path(path)
        main = (np.minimum(leak, flows.main_lpm) if self.bench.capped else flows.main_lpm) * on
        leak = np.minimum(leak, main)
        share = np.minimum(flows.headroom, 1.0)
        leak_bypass = np.minimum(hidden.leak_bypass, flows.bypass_lpm)
        bypass = (leak_bypass if self.bench.capped else flows.bypass_lpm * share) * on
        head = np.maximum(main * share - leak + bypass - leak_bypass, 0.0) * on
        inlet = Inlet(str(self.settings["size"]), self.figures["main_flow"] + self.figures["bypass_flow"], hidden)
        passed = around.mass * inlet.penetration(head, self.share("head", first, last))
        held = passing * (1.0 - _LOOSE_BYPASS * hidden.looseness)
        filter_c = 0.5 * (rows["case_true"] + rows["air_true"])
        rows["filter_c"] = filter_c
        air = element.DepositAir(
            main, flows.headroom, leak, held * (passed[Mode.FINE] + passed[Mode.COARSE] + passed[Mode.GIANT]),
            held * passed[Mode.VOLATILE] + added, held * _ROOM_SHARE * around.mass[Mode.FINE],
            element.loss_rate(filter_c, main / self.figures["main_flow"], self.figures["volatile_loss_rate"]),
        )  # fmt: skip
        stable, volatile = self._at_epoch(air)
        rows["stable"], rows["volatile"], kept = self._deposit.collect(
            self.before("stable", first, stable), self.before("volatile", first, volatile), air
        )
        self._show_flows(first, last, flows, main * kept, bypass, rows)
        rows["inlet_flow"] = np.maximum(main * kept - leak + bypass - leak_bypass * on, 0.0)
        fallen = (element.EXCHANGE_FLOW_LPM + self.figures["exchange_bypass"]) * rows["exchange"]
        total = (main * kept + bypass + fallen) / (self.figures["main_flow"] + self.figures["bypass_flow"])
        drawn = self.figures["vacuum"] * total / np.maximum(pump, 0.05)
        jitter = self.figures["vacuum_noise"] * (1.0 + hidden.pump_pulsation) * self.white("vacuum", first, last)
        outside = around.pressure_hpa / ATM_HPA
        pumping = self.powered and self.settings["pump"] is True
        rows["vacuum"] = np.round(np.clip(drawn + jitter, 0.0, outside) if pumping else outside, 3)
        used = (seen.used_hpa / ATM_HPA) * ((self.figures["standard_temp"] + ZERO_C) / (seen.used_c + ZERO_C))
        metered = np.maximum(rows["main_flow"], 0.1)
        rows["sample_flow"] = metered * used if self.settings["volume_state"] == "standard" else metered

    def leak_on_path(self, path: FloatArray) -> FloatArray:
        """Shelter air that leaks into a part of the path, L/min."""
        return np.zeros_like(path)

    def _at_epoch(self, air: element.DepositAir) -> tuple[float, float]:
        """What was on the filter before the first step: volatile matter in balance with that minute's air."""
        brought = float(air.flow_lpm[0]) / 60.0e3 * self.duty * float(air.volatile_ug_m3[0])
        return self.hidden.collected, brought / float(air.loss_per_s[0]) if self.warm else 0.0

    def epoch_mass(self) -> FloatArray:
        """Particles that get through the inlet in the first minute, ug/m3 by mode."""
        around, _ = self._around(0, 1)
        total = self.figures["main_flow"] + self.figures["bypass_flow"]
        inlet = Inlet(str(self.settings["size"]), total, self.hidden)
        return np.asarray((around.mass * inlet.penetration(np.array([total]), np.ones(1)))[:, 0])

    duty: ClassVar[float] = 1.0
    """Part of the time in which particles are collected."""

    def _show_flows(
        self, first: int, last: int, flows: Draught, main: FloatArray, bypass: FloatArray, rows: dict[str, FloatArray]
    ) -> None:
        hidden, pulsing = self.hidden, 1.0 + self.hidden.pump_pulsation
        exchange, on = rows["exchange"] > 0.0, float(self.powered)
        for label, true, bias, zero, fallen in (
            ("main_flow", main, hidden.main_flow_bias, hidden.main_flow_zero, element.EXCHANGE_FLOW_LPM),
            ("bypass_flow", bypass, hidden.bypass_flow_bias, hidden.bypass_flow_zero, self.figures["exchange_bypass"]),
        ):
            metered = np.where(exchange, fallen, zero + (1.0 + bias) * true / flows.ratio)
            noise = self.figures[f"{label}_noise"] * pulsing * self.white(label, first, last)
            rows[label] = np.round((metered + noise) * on, 4)
        rows["total_flow"] = rows["main_flow"] + rows["bypass_flow"]
        load = self._deposit.load_pct(rows["stable"] + rows["volatile"], main)
        load = load * (1.0 - _LOOSE_BYPASS * hidden.looseness)
        load = load + self.figures["load_noise"] * self.white("load", first, last) * (main > 0.0)
        step = self.figures["load_step"]
        load = np.round(np.round(np.maximum(load, 0.0) / step) * step, 4)
        rows["filter_load"] = np.where(exchange, element.EXCHANGE_LOAD_PCT, load)

    def _weigh(
        self, first: int, last: int, around: Surroundings, path: FloatArray, vapour: FloatArray,
        rows: dict[str, FloatArray],
    ) -> None:  # fmt: skip
        """Everything that swings, and the frequency that it swings at."""
        figures, hidden, step = self.figures, self.hidden, self.step_s
        fitted = rows["filter_mass"] > 0.0
        saturated = element.saturation_hpa(rows.pop("filter_c"))
        humidity = np.minimum(100.0 * vapour / saturated, 100.0)
        on_filter = rows["stable"] + rows["volatile"]
        settled = fitted * (figures["filter_water"] * humidity + particle_water(around.kappa, humidity) * on_filter)
        slow = figures["pressure_time"]
        inputs = (
            ("water", settled, figures["water_time"], float(settled[0])),
            ("conditioning", np.zeros(last - first), figures["conditioning_time"], 0.0),
            ("path_mass", -figures["path_mass"] * path * self.path_drag(first, last), figures["path_time"], 0.0),
            ("slow_pressure", around.pressure_hpa, slow, float(around.pressure_hpa[0])),
        )
        for label, values, tau, start in inputs:
            last_output = np.array([self.before(label, first, start)])
            rows[label] = lag(values[None, :], last_output, element.decay(step, tau))[0]
        creep = np.full(last - first + 1, -_LOOSE_CREEP_UG_S * step * hidden.looseness)
        creep[0] = self.before("creep", first, 0.0)
        rows["creep"] = np.cumsum(creep)[1:]
        quiet = hidden.noise_factor * (1.0 + 0.3 * hidden.pump_pulsation) / max(hidden.drive, _STOPS_BELOW)
        scale = figures["mass_noise"] * quiet * (1.0 + _LOOSE_NOISE * hidden.looseness)
        rows["white"] = scale * self.white("mass", first, last)
        seeming = (
            on_filter + rows["water"] + rows["conditioning"] + rows["path_mass"] + rows["creep"] + rows["white"]
            + figures["pressure_mass"] * (around.pressure_hpa - rows["slow_pressure"])
            + figures["thermal_mass"] * (rows["cap_true"] - figures["transducer_temp"])
            + figures["mass_wander"] * self._wander.values(first, last)
        )  # fmt: skip
        bare = hidden.k0 / hidden.free_frequency**2
        mass = bare + rows["filter_mass"] + seeming / element.UG_PER_G
        rows["inverse"] = mass / hidden.k0
        swinging = float(self.powered and hidden.drive >= _STOPS_BELOW)
        rows["frequency"] = np.round(element.frequency_hz(hidden.k0, mass) * swinging, 6)
        rows["noise"] = self._noise(first, last, rows["white"]) * swinging

    def path_drag(self, first: int, last: int) -> FloatArray:
        """Pressure drop of the purge path over that of a clean one."""
        return np.ones(last - first)

    def _noise(self, first: int, last: int, white: FloatArray) -> FloatArray:
        back = min(first, _NOISE_STEPS - 1)
        before = self.steps.history.view(first - back, first)[self.rows["white"]] if back else np.empty(0)
        squares = np.concatenate([np.full(_NOISE_STEPS - 1 - back, white[0] if first == 0 else before[0]), before,
                                  white]) ** 2  # fmt: skip
        mean = trailing_mean(squares, _NOISE_STEPS, last - first)
        return np.asarray(np.round(self.figures["noise_per_ug"] * np.sqrt(mean), 6))

    def _sense(self, first: int, last: int, seen: Sensed, rows: dict[str, FloatArray]) -> None:
        """Outside sensors."""
        temperature = seen.temperature_c + 0.1 * self.white("temperature", first, last)
        humidity = seen.humidity_pct + 0.3 * self.white("humidity", first, last)
        rows["possible"] = seen.possible
        rows["ambient_temp"] = np.round(temperature, 3)
        rows["ambient_humidity"] = np.round(humidity, 3)
        moisture = np.clip(humidity, 1.0, 100.0) / 100.0 * element.saturation_hpa(np.clip(temperature, -60.0, 90.0))
        rows["ambient_dew_point"] = np.round(element.dew_point_c(moisture), 3)
        pressure = seen.pressure_hpa / ATM_HPA + 0.001 * self.white("pressure", first, last)
        rows["ambient_pressure"] = np.round(pressure, 3)

    # -- people ---------------------------------------------------------------------------------------------------

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Hands at the filter and the inlet, and the K0 wizard; see :mod:`instruments.particles.teom_bench`."""
        return self.bench.act(step, name, value)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Averages and the settling time begin anew; filter, settings and what the wizard found are kept."""
        self.restart("age", step, 0.0)
        return {}

    def alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        """Names of the status conditions that stand."""
        if not moment.powered:
            return ()
        step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
        return tuple(sorted(name for name, on in self.conditions(step, step + 1, moment).items() if on[0]))

    def alarm_texts(self, table: Mapping[str, FloatArray]) -> NDArray[np.str_]:
        """Names of the bits of the status word at each step of a recording, with blanks between."""
        status = np.nan_to_num(table["status"]).astype(np.int64)
        words = {int(word): " ".join(name for name, bit in self.bits if word >> bit & 1) for word in np.unique(status)}
        return np.array([words[word] for word in status.tolist()], dtype="U200")

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**UNITS_OF, **self.reported()}
