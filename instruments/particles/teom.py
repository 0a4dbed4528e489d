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
from instruments.device import Value
from instruments.filters import lag
from instruments.folding import BITS, LOWEST, Fold
from instruments.particles import teom_element as element
from instruments.particles.inlet import Inlet
from instruments.particles.teom_air import ATM_HPA, STEP_S, Prepared, Stretch, sensed, surroundings
from instruments.particles.teom_bench import BENCH_ACTIONS, FilterBench
from instruments.particles.teom_draw import draw
from instruments.particles.teom_hidden import TeomHidden
from instruments.particles.teom_swing import STOPS_BELOW, swing
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise
from instruments.steps import SECOND_US, Moment
from instruments.unit import Unit

_HEATERS = ("cap", "case", "air")
_ENCLOSURE_ABOVE_ROOM_C, _SELF_HEAT_C = 8.0, 1.0
"""Warmth of the electronics and of the unheated sensor above the room (choice of this project)."""
_SENSOR_NOISE_C, _SENSOR_NOISE_PCT, _SENSOR_NOISE_ATM = 0.1, 0.3, 0.001
"""Scatter of the outside sensors from row to row in real 1405-F data (read)."""
_LONG = 1.0e6
"""Steps for which a unit has been at work that ran before the epoch."""
_OPEN_HEAT = 0.085
"""Heat that an open transducer keeps (choice of this project: real units stay within 2 % during a filter change)."""
_WHITE = (
    "mass", "main_flow", "bypass_flow", "cap", "case", "air", "load", "vacuum", "temperature", "humidity", "pressure",
    "cooler", "dryer",
)  # fmt: skip


UNITS_OF = {
    "frequency": "Hz", "noise": "1", "filter_load": "%", "total_mass": "ug", "mass_rate": "g/h", "main_flow": "L/min",
    "bypass_flow": "L/min", "total_flow": "L/min", "main_flow_mass": "L/min", "bypass_flow_mass": "L/min",
    "inlet_flow": "L/min", "air_temp": "deg C", "cap_temp": "deg C",
    "case_temp": "deg C", "enclosure_temp": "deg C", "ambient_temp": "deg C", "ambient_humidity": "%",
    "ambient_dew_point": "deg C", "ambient_pressure": "atm", "vacuum": "atm", "operating_mode": "1",
    "k0_free_frequency": "Hz", "k0_filter_frequency": "Hz", "k0_audit": "g Hz2", "k0_difference": "%",
}  # fmt: skip
"""Unit of each diagnostic of every model."""


class Teom(Unit):
    """What all tapered-element monitors share; a model adds its firmware and what it puts before the filter."""

    step_s = STEP_S
    folds: ClassVar[Mapping[str, Fold]] = {"status": BITS, "operating_mode": LOWEST}
    hidden_model: ClassVar[type[TeomHidden]] = TeomHidden
    hidden: TeomHidden
    goes_by_its_clock = True
    report_only = frozenset({"mode", "instrument_id", "constant_a", "constant_b"})
    actions = BENCH_ACTIONS
    sensors: ClassVar[tuple[str, ...]] = (
        "frequency", "noise", "filter_load", "total_mass", "mass_rate", "main_flow", "bypass_flow", "total_flow",
        "main_flow_mass", "bypass_flow_mass", "air_temp", "cap_temp", "case_temp", "enclosure_temp", "ambient_temp",
        "ambient_humidity", "ambient_dew_point", "ambient_pressure", "vacuum", "inlet_flow", "operating_mode",
        "k0_free_frequency", "k0_filter_frequency", "k0_audit", "k0_difference",
    )  # fmt: skip
    """Diagnostics of every model. The ``mass`` flows are at standard temperature and pressure; ``inlet_flow`` is what a
    flow meter on the inlet would find, L/min of outside air."""
    keeps: ClassVar[tuple[str, ...]] = (
        "inverse", "start_inverse", "sample_flow", "age", "filter_mass", "stable", "volatile", "water", "conditioning",
        "creep", "path_mass", "slow_pressure", "white", "cap_true", "case_true", "air_true", "possible",
        "smooth_mass", "smooth_rate",
    )  # fmt: skip
    diagnostics = sensors
    memory = keeps
    bits: ClassVar[tuple[tuple[str, int], ...]]
    """Name and number of each bit of the status word, in alphabetical order."""

    def _equip(self) -> None:
        super()._equip()
        self.figures = self.entry.numbers()
        self.bench = FilterBench(self)
        self._white = {label: WhiteNoise(self.seed, f"{self.name}/{label}") for label in _WHITE}
        self.wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/wander", self.figures["mass_wander_time"], self.step_s)
        self.deposit = element.Deposit(self.step_s, self.figures["new_filter_load"], self.figures["load_per_mg"])

    # -- for a model ----------------------------------------------------------------------------------------------

    def path(self, first: int, last: int) -> FloatArray:
        """Place of the flow path at each step: 0 straight to the filter, 1 by the purge filter."""
        return np.zeros(last - first)

    @abstractmethod
    def prepare(self, steps: Stretch) -> Prepared:
        """Add the rows of what stands before the filter; return what it does to the air."""

    @abstractmethod
    def compute(self, steps: Stretch) -> None:
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
        steps = self._stretch(first, last)
        self._note_filter(steps)
        self._heat(steps)
        prepared = self.prepare(steps)
        draw(self, steps, prepared)
        swing(self, steps, prepared.vapour_hpa)
        self._sense(steps)
        self.compute(steps)
        return np.array([steps.rows[label] for label in self.rows])

    def _stretch(self, first: int, last: int) -> Stretch:
        around = surroundings(self.site, first, last)
        return Stretch(first, last, around, sensed(around, self.hidden), self.path(first, last), {})

    def _note_filter(self, steps: Stretch) -> None:
        """The filter that is on, whether the transducer stands open, and for how long the unit has been at work."""
        first, last, rows = steps.first, steps.last, steps.rows
        rows["filter_mass"] = self.held("filter_mass", first, last, self.hidden.filter_mass)
        opened = np.arange(first, last) < self.bench.open_until
        rows["exchange"] = ((opened | (rows["filter_mass"] <= 0.0)) & self.sampling).astype(np.float64)
        at_work = (rows["exchange"] == 0.0) & self.sampling & (self.hidden.drive >= STOPS_BELOW)
        counted = np.arange(last - first)
        idle = np.maximum.accumulate(np.where(at_work, -1, counted))
        age = self.before("age", first, _LONG if self.warm_at_start else 0.0)
        rows["age"] = np.where(idle < 0, age + counted + 1.0, counted - idle)
        for label in ("k0_free_frequency", "k0_filter_frequency", "k0_audit", "k0_difference"):
            rows[label] = self.held(label, first, last, 0.0)

    def _heat(self, steps: Stretch) -> None:
        """Three heaters, each on its own sensor; the room pulls at them, and they cannot cool."""
        first, last, rows, room_c = steps.first, steps.last, steps.rows, steps.around.room_c
        opened = np.where(np.arange(first, last) < self.bench.open_until, _OPEN_HEAT, 1.0)
        floor = room_c + _SELF_HEAT_C * self.powered
        coupling = self.figures["room_coupling"] * (room_c - 25.0)
        keep = element.decay(self.step_s, self.figures["heater_time"])
        for label in _HEATERS:
            error = getattr(self.hidden, f"{label}_sensor_error_c")
            power = self.figures["heater_reach"] * getattr(self.hidden, f"{label}_heater") * self.powered
            wanted = self.number(f"{label}_temp_set") - error + coupling
            target = np.minimum(np.maximum(wanted, floor), floor + power * opened)
            start = self.before(f"{label}_true", first, float(target[0] if self.warm_at_start else room_c[0]))
            true = lag(target[None, :], np.array([start]), keep)[0]
            rows[f"{label}_true"] = true
            shown = true + error + self.figures["temperature_noise"] * self.white(label, first, last)
            rows[f"{label}_temp"] = np.round(shown, 3)
        heat = (_ENCLOSURE_ABOVE_ROOM_C + self.hidden.enclosure_heat_c) * self.warmth(first, last)
        rows["enclosure_temp"] = room_c + heat

    def leak_on_path(self, path: FloatArray) -> FloatArray:
        """Shelter air that leaks into a part of the path, L/min."""
        return np.zeros_like(path)

    def path_drag(self, first: int, last: int) -> FloatArray:
        """Pressure drop of the purge path over that of a clean one."""
        return np.ones(last - first)

    def epoch_mass(self) -> FloatArray:
        """Particles that get through the inlet in the first step, ug/m3 by mode."""
        total = self.figures["main_flow"] + self.figures["bypass_flow"]
        inlet = Inlet(str(self.settings["size"]), total, self.hidden)
        passed = inlet.penetration(np.array([total]), np.ones(1))
        return np.asarray((surroundings(self.site, 0, 1).mass * passed)[:, 0])

    fully_at_work: ClassVar[float]
    """Value of ``operating_mode`` from which on everything is shown."""
    duty: ClassVar[float] = 1.0
    """Part of the time in which particles are collected."""

    def _sense(self, steps: Stretch) -> None:
        """Outside sensors."""
        first, last, seen, rows = steps.first, steps.last, steps.seen, steps.rows
        temperature = seen.temperature_c + _SENSOR_NOISE_C * self.white("temperature", first, last)
        humidity = seen.humidity_pct + _SENSOR_NOISE_PCT * self.white("humidity", first, last)
        rows["possible"] = seen.possible
        rows["ambient_temp"] = np.round(temperature, 3)
        rows["ambient_humidity"] = np.round(humidity, 3)
        moisture = np.clip(humidity, 1.0, 100.0) / 100.0 * element.saturation_hpa(np.clip(temperature, -60.0, 90.0))
        rows["ambient_dew_point"] = np.round(element.dew_point_c(moisture), 3)
        pressure = seen.pressure_hpa / ATM_HPA + _SENSOR_NOISE_ATM * self.white("pressure", first, last)
        rows["ambient_pressure"] = np.round(pressure, 3)

    filed: ClassVar[Mapping[str, str]] = {"hour_s": "hour_end"}
    """When a period of the unit's clock was filed last, bench seconds: the row that counts the steps until then."""

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Return what an observer finds; when the last hour was filed beside the rest."""
        if quantity in self.filed:
            step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
            return float(self.steps.values(step, step + 1)[self.rows[self.filed[quantity]], 0]) * self.step_s
        return super().observe(t_us, moment, quantity)

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
        return np.array([words[word] for word in status.tolist()])

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**super().units(), **UNITS_OF, **self.reported()}
