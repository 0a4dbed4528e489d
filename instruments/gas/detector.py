"""The detector of a gas analyzer: conditions, sensitivity, noise, and what becomes of a step's gas."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from instruments.air import FloatArray, Gas, Species
from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.gas.hidden import AnalyzerHidden
from instruments.gas.stages import KEEP_STEPS, STEP_S, STEPS_PER_MINUTE, Cell, Steps, Surroundings
from instruments.signal import Flicker, OrnsteinUhlenbeck, Path, RandomWalk, WhiteNoise, interpolated

_FLOOR = 0.3
"""Flicker floor over the zero noise at 60 s averaging."""
_WHITE = math.sqrt(1.0 - _FLOOR**2)


class Detector(ABC):
    """Physics that all gas analyzers share; a kind adds :meth:`sense`.

    Args:
        entry: its catalogue entry.
        name: name on the bench; keys the random paths.
        seed: root seed.
        settings: all settings as they stand.
        hidden: the unit's hidden truth.
        warm: has been running before the epoch.
    """

    channels: tuple[str, ...]
    """Raw channels: the first rows of the steps."""
    diagnostics: tuple[str, ...]
    """Observables of the steps' further rows, quantised."""
    memory: tuple[str, ...] = ()
    """Rows that the next step needs to the last digit."""
    fresh_steps_per_minute = STEPS_PER_MINUTE
    """How many independent values a channel gets per minute."""
    gas: Species
    hidden_model: type[AnalyzerHidden] = AnalyzerHidden

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, settings: dict[str, Value], hidden: AnalyzerHidden,
        warm: bool,
    ) -> None:  # fmt: skip
        self.entry, self.hidden, self.settings = entry, hidden, settings
        self.powered = True
        self.power_step = -KEEP_STEPS if warm else 0
        self._coldness = 0.0 if warm else 1.0
        self._drift = (0.0, 0.0, 0.0)
        self.noise: Mapping[str, Path] = {c: WhiteNoise(seed, f"{name}/{c}-noise") for c in self.channels}
        self.flicker: Mapping[str, Path] = {c: Flicker(seed, f"{name}/{c}-flicker") for c in self.channels}
        self.wander = RandomWalk(seed, f"{name}/span-wander")
        self.slow: Mapping[str, Path] = {
            label: OrnsteinUhlenbeck(seed, f"{name}/{label}", 3600.0) for label in self.diagnostics
        }
        labels = (*self.channels, *self.diagnostics, *self.memory)
        self.rows = {label: row for row, label in enumerate(labels)}
        self.cell = Cell(self)
        self.steps = Steps(self, len(labels))

    @abstractmethod
    def inlet(self, first: int, last: int) -> Gas:
        """Gas at the open port, grid points ``first`` to ``last`` (exclusive)."""

    @abstractmethod
    def room(self, first: int, last: int) -> Gas:
        """The air around the unit, grid points ``first`` to ``last`` (exclusive)."""

    @abstractmethod
    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Raw value of each channel (after the firmware's own compensation, before noise); diagnostics and memory."""

    def flow_lpm(self) -> float:
        """True flow through the cell, L/min."""
        return self.entry.parameter("sample_flow") * self.hidden.pump_fraction if self.powered else 0.0

    def cell_decay(self) -> float:
        """exp(-1 s / cell time constant); the constant grows as the flow falls, and nothing moves without power."""
        if not self.powered:
            return 1.0
        tau = self.entry.parameter("cell_time") * self.hidden.cell_time_factor / self.hidden.pump_fraction
        return math.exp(-1.0 / tau)

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps ``first`` to ``last``: channels with their noise, diagnostics quantised, memory."""
        around = Surroundings(self, first, last)
        raw, observed = self.sense(around, first, last)
        rows = np.empty((len(self.rows), last - first))
        for row, (channel, values) in enumerate(zip(self.channels, raw, strict=True)):
            rows[row] = values + self.channel_noise(channel, values, first, last)
        for label in self.diagnostics:
            rows[self.rows[label]] = self.quantised(label, observed[label])
        for label in self.memory:
            rows[self.rows[label]] = observed[label]
        return rows

    def before(self, label: str, first: int, otherwise: float) -> float:
        """Value of a row at the step before ``first``; ``otherwise`` before the epoch."""
        return self.steps.history.value(self.rows[label], first - 1) if first > 0 else otherwise

    def quantised(self, label: str, values: FloatArray) -> FloatArray:
        """Values as the unit's converter resolves them."""
        step = self.entry.parameter(f"{label}_step")
        return np.asarray(np.round(values / step) * step)

    def number(self, key: str) -> float:
        """A numeric setting as it stands."""
        value = self.settings[key]
        if not isinstance(value, int | float):
            raise TypeError(f"setting {key} is no number: {value!r}")
        return float(value)

    # -- sensitivity ----------------------------------------------------------------------------------------------

    def gain(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Sensitivity over nominal, step by step."""
        hidden = self.hidden
        since, drifted, _ = self._drift
        error = hidden.span_error_pct + drifted + hidden.span_drift_pct_per_day * (around.days - since)
        error = error + hidden.span_wander_pct * interpolated(self.wander, first, last, STEPS_PER_MINUTE)
        return (1.0 + error / 100.0) * (1.0 + hidden.span_pct_per_c * (around.box_c - 33.0) / 100.0)

    def offset(self, around: Surroundings) -> FloatArray:
        """Detector offset, unit of the gas."""
        hidden = self.hidden
        since, _, drifted = self._drift
        drift = drifted + hidden.zero_drift_per_day * (around.days - since)
        return hidden.zero_offset + drift + hidden.zero_per_c * (around.box_c - 33.0)

    def hold_drift(self, days: float) -> None:
        """Keep what has drifted so far: a rate that changes at ``days`` acts from there on."""
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

    def noise_size(self, level: FloatArray) -> FloatArray:
        """Standard deviation at 60 s averaging: the catalogue's figure at zero, more with concentration, less light."""
        zero = self.entry.parameter("zero_noise")
        share = self.entry.parameter("span_noise_share")
        light = math.sqrt(self.hidden.lamp_fraction)
        return np.asarray(np.sqrt(zero**2 + (share * level) ** 2) * self.hidden.noise_factor / light)

    def flicker_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """The part of the noise that averaging does not remove."""
        floor = _FLOOR * interpolated(self.flicker[channel], first, last, STEPS_PER_MINUTE)
        return self.noise_size(level) * floor

    def channel_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """White noise and flicker that together have :meth:`noise_size` at 60 s averaging."""
        white = _WHITE * math.sqrt(self.fresh_steps_per_minute) * self.noise[channel].values(first, last)
        return self.noise_size(level) * white + self.flicker_noise(channel, level, first, last)

    # -- temperatures and pressures -------------------------------------------------------------------------------

    def switch(self, powered: bool, step: int) -> None:
        """Turn the mains on or off from ``step`` on; heaters go on from where they are."""
        warm = float(self.warmth(step - 1, step)[0]) if step > 0 else 1.0 - self._coldness
        self.powered, self.power_step, self._coldness = powered, step, 1.0 - warm

    def warmth(self, first: int, last: int) -> FloatArray:
        """How far heaters have come, 0 cold to 1 at temperature, at the end of each step."""
        since = np.maximum(np.arange(first, last) + 1 - self.power_step, 0) * STEP_S
        fading = np.exp(-since / self.entry.parameter("warm_up_time"))
        return 1.0 - self._coldness * fading if self.powered else (1.0 - self._coldness) * fading

    def heated(self, around: Surroundings, label: str, first: int, last: int, jitter: float = 0.05) -> FloatArray:
        """Temperature of a controlled part: from the room's to its set point as the unit warms."""
        target = self.entry.parameter(label)
        warm = self.warmth(first, last)
        return around.room_c + (target - around.room_c) * warm + jitter * self.wobble(label, first, last)

    def wobble(self, label: str, first: int, last: int) -> FloatArray:
        """Slow path of unit size that belongs to a diagnostic."""
        return interpolated(self.slow[label], first, last, STEPS_PER_MINUTE)

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
