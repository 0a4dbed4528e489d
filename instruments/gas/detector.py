"""The detector of a gas analyzer: conditions, sensitivity, noise, and what becomes of a step's gas."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from instruments.air import FloatArray, Gas, Species
from instruments.cabinet import CABINET, Cabinet
from instruments.device import Command, Value
from instruments.gas.hidden import AnalyzerHidden
from instruments.gas.stages import STEP_S, Cell, Surroundings
from instruments.signal import Flicker, OrnsteinUhlenbeck, Path, RandomWalk, Together, WhiteNoise, interpolated
from instruments.unit import Unit
from instruments.wear import Service

DAY_S = 86_400
_DAY_US = DAY_S * 1_000_000

_STILL = 1e-3
"""Flow through a pump that stands still, over nominal: what diffuses (this project's choice)."""
FILTER = "sample_filter"
"""Name of the part that keeps dust out of the cell; it stands behind the valves of the ports."""
_FLOW_LOST, _DROP_MMHG = 0.5, 150.0
"""Flow that a filter with no open pores takes (the rest finds its way past the seal), and what it takes of the pressure
in the cell, mmHg: choices of this project."""
_ADSORBED = 0.1
"""Part of ozone and SO2 that the dust of such a filter takes (ozone: 0 to 10 %, rising with load; recalled)."""
_FLOOR = 0.3
"""Flicker floor over the zero noise after averaging."""
WHITE = math.sqrt(1.0 - _FLOOR**2)
"""What is left of the noise for its white part."""


NOMINAL_V = 220.0
"""Voltage that the instruments are built for: that of the mains in China."""


class Mains(Protocol):
    """What feeds an instrument, where its voltage can be set."""

    def volts(self, first: int, last: int, step_s: int) -> FloatArray:
        """Return the voltage at the ends of steps ``first`` to ``last`` (exclusive) of ``step_s`` seconds."""
        ...


def raw(channel: str) -> str:
    """Name of the row that holds a channel's raw value."""
    return f"raw_{channel}"


class Detector(Unit):
    """Physics that all gas analyzers share; a kind adds :meth:`sense`."""

    step_s = STEP_S
    channels: ClassVar[tuple[str, ...]]
    """Measured components; the first rows of the steps hold their raw values."""
    fresh_steps_per_minute: ClassVar[int] = 60 // STEP_S
    """How many independent values a channel gets per minute."""
    gas: ClassVar[Species]
    answers_to: ClassVar[tuple[Species, ...]]
    """Species in the cell that move the detector: its own gas and what interferes."""
    hidden_model: ClassVar[type[AnalyzerHidden]] = AnalyzerHidden
    hidden: AnalyzerHidden

    def _equip(self) -> None:
        super()._equip()
        self.per_minute = 60 // self.step_s
        self._drift = (0.0, 0.0, 0.0)
        self.noise: Mapping[str, Path] = {c: WhiteNoise(self.seed, f"{self.name}/{c}-noise") for c in self.channels}
        self.flicker: Mapping[str, Path] = {c: Flicker(self.seed, f"{self.name}/{c}-flicker") for c in self.channels}
        self.wander = RandomWalk(self.seed, f"{self.name}/span-wander")
        self.slow: Mapping[str, Path] = {
            label: OrnsteinUhlenbeck(self.seed, f"{self.name}/{label}", 3600.0) for label in self.diagnostics
        }
        self._wobbles = Together(self.slow, self.per_minute)
        self._pump_runs = True
        self.capped = False
        self._mains: Mains | None = None
        self.cell = Cell(self)
        self.cabinet = Cabinet(self)

    def plug_into(self, mains: Mains) -> None:
        """Be fed by ``mains``, whose voltage is somebody's to set; without it the voltage is nominal."""
        self._mains = mains
        self.gas_changed(0)

    def volts_off(self, first: int, last: int) -> FloatArray | None:
        """Voltage of the supply less nominal, V, at the ends of steps; None where nobody can move it."""
        return None if self._mains is None else self._mains.volts(first, last, self.step_s) - NOMINAL_V

    def recompute(self, t_us: int) -> None:
        """All that comes after ``t_us`` is computed anew, maybe with a pump that runs again."""
        self._pump_runs |= self.hidden.pump_restarts
        super().recompute(t_us)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """The pump may not start; settings come back as delivered if the battery that keeps them is flat."""
        kept = super().power_changed(t_us, step)
        if not self.powered:
            return kept
        self._pump_runs = self.hidden.pump_restarts
        if not self.hidden.battery_flat:
            return kept
        return {**kept, **{key: limits.default for key, limits in self.entry.settings.items()}}

    def row_labels(self) -> tuple[str, ...]:
        """Raw channels, diagnostics, memory."""
        return (*map(raw, self.channels), *self.diagnostics, *self.memory, CABINET)

    @abstractmethod
    def inlet(self, first: int, last: int) -> Gas:
        """Gas at the open port, grid points ``first`` to ``last`` (exclusive)."""

    @abstractmethod
    def room(self, first: int, last: int) -> Gas:
        """The air around the unit, grid points ``first`` to ``last`` (exclusive)."""

    @abstractmethod
    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Raw value of each channel (after the firmware's own compensation, before noise); diagnostics and memory."""

    def leak(self) -> float:
        """Part of the gas in the cell that is room air."""
        return self.hidden.leak_fraction

    def light(self, first: int, last: int) -> FloatArray:
        """Light of the lamp or source over that of a new one in a good unit, step by step."""
        return self.hidden.lamp_fraction * self.share("lamp", first, last)

    def pump(self, second: int) -> float:
        """Flow over nominal at a bench second. A pump is as old as when the day began, or when it began to run."""
        since = max(second // DAY_S * DAY_S, self.wear.since_s("pump"))
        running = 1.0 if self._pump_runs else _STILL
        return self.hidden.pump_fraction * self.wear.share_at("pump", since) * running

    def serviced(self, service: Service) -> Service:
        """A sample filter is changed by routine: it is no older than its life, unless the bench file says so."""
        part = self.entry.wear.get(FILTER)
        if part is None or FILTER in service.parts:
            return service
        return service.model_copy(update={"parts": {**service.parts, FILTER: service.hours % part.life_h}})

    def apply(self, t_us: int, command: Command) -> None:
        """As any unit; a new sample filter is a clean one."""
        part = self.entry.wear.get(FILTER)
        if part is not None and command.name == part.replaced_by:
            self.settle(t_us)
            self.hidden = self.hidden.model_copy(update={"filter_clogged": 0.0})
        super().apply(t_us, command)

    def clogged(self, second: int) -> float:
        """Part of the sample filter's pores that is closed, as when the day began or the filter was changed."""
        since = max(second // DAY_S * DAY_S, self.wear.since_s(FILTER))
        return 1.0 - (1.0 - self.hidden.filter_clogged) * self.wear.share_at(FILTER, since)

    def through_filter(self, second: int) -> float:
        """Flow through the sample filter over that through a new one."""
        return 1.0 - _FLOW_LOST * self.clogged(second)

    def filter_drop_mmhg(self, second: int) -> float:
        """What the dust in the sample filter takes of the pressure in the cell."""
        return _DROP_MMHG * self.clogged(second) if self.powered else 0.0

    def filter_passes(self, second: int) -> float:
        """Part of ozone and SO2 that the dust in the sample filter lets through."""
        return 1.0 - _ADSORBED * self.clogged(second)

    def flow_share(self, second: int) -> float:
        """Flow through the cell over nominal."""
        return self.pump(second) * self.through_filter(second)

    def flow_lpm(self, second: int) -> float:
        """True flow through the cell, L/min."""
        if not self.powered:
            return 0.0
        return self.entry.parameter("sample_flow") * self.flow_share(second) * self.let_in()

    def let_in(self) -> float:
        """Share of its usual flow that comes in: with a cap on the inlet, only what the leak lets in."""
        return self.hidden.leak_fraction if self.capped else 1.0

    def cell_decay(self, second: int) -> float:
        """exp(-1 s / cell time constant); the constant grows as the flow falls, and nothing moves without power."""
        if not self.powered:
            return 1.0
        if (flow := self.flow_share(second) * self.let_in()) <= 0.0:
            return 1.0
        tau = self.entry.parameter("cell_time") * self.hidden.cell_time_factor / flow
        return math.exp(-1.0 / tau)

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps ``first`` to ``last``: channels with their noise, diagnostics quantised, memory."""
        around = Surroundings(self, first, last)
        raw, observed = self.sense(around, first, last)
        rows = np.empty((len(self.rows), last - first))
        for row, (channel, values) in enumerate(zip(self.channels, raw, strict=True)):
            rows[row] = values + self.channel_noise(channel, values, first, last)
        self.put_observed(rows, observed)
        rows[self.rows[CABINET]] = around.box_c
        return rows

    def put_observed(self, rows: FloatArray, observed: Mapping[str, FloatArray]) -> None:
        """Write diagnostics, as the unit's converter resolves them, and memory into the ``rows`` of a detection."""
        for label in (*self.diagnostics, *self.memory):
            rows[self.rows[label]] = observed[label]
        begin = self.rows[self.diagnostics[0]]
        shown = rows[begin : begin + len(self.diagnostics)]
        shown /= self._resolution
        np.round(shown, out=shown)
        shown *= self._resolution

    @cached_property
    def _resolution(self) -> FloatArray:
        """Steps of the converter, a column in the order of the diagnostics, which follow each other in the rows."""
        return np.array([[self.entry.parameter(f"{label}_step")] for label in self.diagnostics])

    def quantised(self, label: str, values: FloatArray) -> FloatArray:
        """Values as the unit's converter resolves them."""
        step = self.entry.parameter(f"{label}_step")
        return np.asarray(np.round(values / step) * step)

    # -- sensitivity ----------------------------------------------------------------------------------------------

    def gain(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Sensitivity over nominal, step by step."""
        hidden = self.hidden
        since, drifted, _ = self._drift
        error = hidden.span_error_pct + drifted + hidden.span_drift_pct_per_day * (around.days - since)
        error = error + hidden.span_wander_pct * interpolated(self.wander, first, last, self.per_minute)
        gain = (
            self.share("pmt", first, last)
            * (1.0 + error / 100.0)
            * (1.0 + hidden.span_pct_per_c * around.box_off_c / 100.0)
        )
        return gain if around.volts_off is None else gain * (1.0 + hidden.span_pct_per_v * around.volts_off / 100.0)

    def offset(self, around: Surroundings) -> FloatArray:
        """Detector offset, unit of the gas."""
        hidden = self.hidden
        since, _, drifted = self._drift
        drift = drifted + hidden.zero_drift_per_day * (around.days - since)
        offset = hidden.zero_offset + drift + hidden.zero_per_c * around.box_off_c
        return offset if around.volts_off is None else offset + hidden.zero_per_v * around.volts_off

    def hidden_changes(self, t_us: int) -> None:
        """Keep what has drifted so far: a rate that changes at ``t_us`` acts from there on."""
        days = t_us / _DAY_US
        since, span, zero = self._drift
        span += self.hidden.span_drift_pct_per_day * (days - since)
        zero += self.hidden.zero_drift_per_day * (days - since)
        self._drift = (days, span, zero)

    def bent(self, value: FloatArray) -> FloatArray:
        """Add the unit's non-linearity: nothing at zero and full scale, the stated bend in the middle."""
        scale = self.number("range")
        share = value / scale
        return value + 4.0 * share * (1.0 - share) * scale * self.hidden.linearity_pct_fs / 100.0

    # -- noise ----------------------------------------------------------------------------------------------------

    def fresh_values(self) -> int:
        """How many independent values the average has for which the catalogue states the noise (60 s of them)."""
        return self.fresh_steps_per_minute

    def noise_size(self, level: FloatArray, first: int, last: int) -> FloatArray:
        """Standard deviation after averaging: the catalogue's figure at zero, more with concentration, less light."""
        zero = self.entry.parameter("zero_noise")
        share = self.entry.parameter("span_noise_share")
        light = np.sqrt(self.light(first, last))
        return np.asarray(np.sqrt(zero**2 + (share * level) ** 2) * self.hidden.noise_factor / light)

    def flicker_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """The part of the noise that averaging does not remove."""
        return self.noise_size(level, first, last) * self._floor(channel, first, last)

    def channel_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """White noise and flicker that together have :meth:`noise_size` after averaging."""
        white = WHITE * math.sqrt(self.fresh_values()) * self.noise[channel].values(first, last)
        size = self.noise_size(level, first, last)
        return size * white + size * self._floor(channel, first, last)

    def _floor(self, channel: str, first: int, last: int) -> FloatArray:
        """Flicker over :meth:`noise_size`."""
        return _FLOOR * interpolated(self.flicker[channel], first, last, self.per_minute)

    # -- temperatures and pressures -------------------------------------------------------------------------------

    def heated(
        self, around: Surroundings, label: str, first: int, last: int, jitter: float = 0.05, power: float = 1.0
    ) -> FloatArray:  # fmt: skip
        """Temperature of a controlled part: from the room's to its set point as far as its heater goes."""
        target = self.entry.parameter(label)
        warm = self.warmth(first, last) * power
        return around.room_c + (target - around.room_c) * warm + jitter * self.wobble(label, first, last)

    def wobble(self, label: str, first: int, last: int) -> FloatArray:
        """Slow path of unit size that belongs to a diagnostic."""
        return self._wobbles.values(label, first, last)

    def measured_temperature(self, label: str, actual: FloatArray) -> FloatArray:
        """What the unit's own sensor makes of it: its error and its resolution."""
        return self.quantised(label, actual + self.hidden.temperature_sensor_error_c)

    def measured_pressure(self, label: str, actual: FloatArray) -> FloatArray:
        """What the unit's own transducer makes of it, mmHg."""
        return self.quantised(label, actual + self.hidden.pressure_sensor_error_mmhg)

    def compensating(
        self, temperature: FloatArray, pressure: FloatArray, fixed_temperature: float, fixed_pressure: float
    ) -> tuple[FloatArray, FloatArray]:
        """Temperature and pressure that the firmware calculates with: measured, or fixed where compensation is off."""
        if not self.settings["temp_comp"]:
            temperature = np.full_like(temperature, fixed_temperature)
        if not self.settings["pres_comp"]:
            pressure = np.full_like(pressure, fixed_pressure)
        return temperature, pressure
