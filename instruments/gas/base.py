"""What all gas analyzers share: inlet, leak, cell, ten-second steps, averaging, settings, power.

Gas is followed on the one-second grid up to the cell. The detector gives one raw value per channel and ten-second step;
the firmware averages the last steps and applies coefficient and background:
reported = coefficient x averaged - background.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from instruments.air import GRID_US, FloatArray, Gas, GasListener, GasSource, Species
from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.gas.hidden import AnalyzerHidden
from instruments.history import GasSeries, Series, as_rows, lag
from instruments.signal import Flicker, OrnsteinUhlenbeck, RandomWalk, WhiteNoise, interpolated

STEP_S = 10
"""Length of a measuring step, seconds."""

STEP_US = STEP_S * GRID_US
PORTS = ("sample", "zero", "span")
_KEEP_STEPS = 25 * 360
_STEPS_PER_MINUTE = 6
_DAY_STEPS = 8640.0
_BOX_ABOVE_ROOM_C = 8.0


class Cell(GasSeries):
    """Gas in the cell: what the open port gives, diluted by the leak, after the cell's lag."""

    def __init__(self, analyzer: PointAnalyzer) -> None:
        super().__init__()
        self._analyzer = analyzer

    def gas_changed(self, index: int) -> None:
        """Forget gas and detector from grid point ``index`` on."""
        super().gas_changed(index)
        self._analyzer.steps.forget(index // STEP_S)

    def _compute(self, first: int, last: int) -> FloatArray:
        inlet = as_rows(self._analyzer.inlet(first, last))
        leak = self._analyzer.hidden.leak_fraction
        if leak > 0.0:
            inlet += leak * (as_rows(self._analyzer.room(first, last)) - inlet)
        count = len(Species)
        previous = inlet[:count, 0] if first == 0 else self.history.last()[:count]
        inlet[:count] = lag(np.ascontiguousarray(inlet[:count]), previous, self._analyzer.cell_decay())
        return inlet


class Steps(Series):
    """Raw channels and diagnostics on the grid of ten-second steps; step k ends at (k + 1) x 10 s."""

    def __init__(self, analyzer: PointAnalyzer, rows: int) -> None:
        super().__init__(rows, keep=_KEEP_STEPS, block=60)
        self._analyzer = analyzer

    def forget(self, index: int) -> None:
        """Forget steps from ``index`` on."""
        self.history.truncate(max(index, self.history.start))

    def _compute(self, first: int, last: int) -> FloatArray:
        return self._analyzer.detect(first, last)


class Surroundings:
    """Paths and conditions that a detector works under, for steps ``first`` to ``last``."""

    def __init__(self, analyzer: PointAnalyzer, first: int, last: int) -> None:
        cell = analyzer.cell.gas(first * STEP_S, last * STEP_S)
        self.cell = cell
        shape = (-1, STEP_S)
        room = analyzer.room(first * STEP_S, last * STEP_S)
        self.room_c = room.temperature_c.reshape(shape)[:, -1].copy()
        self.pressure_mmhg = cell.pressure_hpa.reshape(shape)[:, -1] * 0.750062
        self.days = np.arange(first, last) / _DAY_STEPS
        self.box_c = self.room_c + _BOX_ABOVE_ROOM_C * analyzer.warmth(first, last)

    def mean(self, species: Species, begin: int = 0) -> FloatArray:
        """Mean over each step's seconds ``begin`` to 10 of a species in the cell. Sums in a fixed order."""
        table = self.cell.fractions[species].reshape(-1, STEP_S)
        total = table[:, begin].copy()
        for second in range(begin + 1, STEP_S):
            total += table[:, second]
        return np.asarray(total / (STEP_S - begin))


class PointAnalyzer(ABC):
    """A gas analyzer as a :class:`~instruments.device.Device`.

    Args:
        entry: its catalogue entry.
        name: name on the bench; keys the random paths.
        seed: root seed.
        serial: serial number.
        settings: settings that differ from the defaults.
        hidden: the unit's hidden truth.
        warm: has been running before the epoch.
    """

    channels: tuple[str, ...]
    """Raw channels: the first rows of the steps."""
    diagnostics: tuple[str, ...]
    """Observables of the steps' further rows."""
    gas: Species
    fresh_steps_per_minute = _STEPS_PER_MINUTE
    """Independent values of a channel in a minute: what an average over a minute is made of."""
    hidden_model: type[AnalyzerHidden] = AnalyzerHidden

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str, settings: Mapping[str, Value],
        hidden: AnalyzerHidden, warm: bool,
    ) -> None:  # fmt: skip
        self.entry = entry
        self.hidden = hidden
        self._name = name
        self._texts: dict[str, Value] = {"serial": serial, "firmware": "01.06.00", "model": entry.name}
        self._settings: dict[str, Value] = {key: limits.default for key, limits in entry.settings.items()}
        for key, value in settings.items():
            self._settings[key] = self._checked(key, value)
        self._settings.setdefault("instrument_id", 0)
        self._powered = True
        self._power_step = -_KEEP_STEPS if warm else 0
        self._coldness = 0.0 if warm else 1.0
        self._sources: dict[str, GasSource] = {}
        self._demand: list[tuple[int, str, float]] = [(0, str(self._settings["gas_mode"]), self.flow_lpm())]
        self._demand_listeners: list[GasListener] = []
        self.noise = {channel: WhiteNoise(seed, f"{name}/{channel}-noise") for channel in self.channels}
        self.flicker = {channel: Flicker(seed, f"{name}/{channel}-flicker") for channel in self.channels}
        self.wander = RandomWalk(seed, f"{name}/span-wander")
        self.slow = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", 3600.0) for label in self.diagnostics}
        self.cell = Cell(self)
        self.steps = Steps(self, len(self.channels) + len(self.diagnostics))
        self._rows = {label: row for row, label in enumerate((*self.channels, *self.diagnostics))}
        self._cache: dict[str, Value] = {}
        self._cached_step = -2

    # -- gas ------------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The device's name on the bench."""
        return self._name

    def connect(self, port: str, source: GasSource) -> None:
        """Connect ``source`` to ``sample``, ``zero`` or ``span``, or as the ``room`` around the unit."""
        if port not in (*PORTS, "room"):
            raise ValueError(f"port {port!r}: expected one of {', '.join(PORTS)}, room")
        self._sources[port] = source
        source.on_change(self.cell)
        self.cell.gas_changed(0)

    def inlet(self, first: int, last: int) -> Gas:
        """Gas at the open port; a port without a line draws room air."""
        return self._sources.get(str(self._settings["gas_mode"]), self._sources["room"]).gas(first, last)

    def room(self, first: int, last: int) -> Gas:
        """The air around the unit."""
        return self._sources["room"].gas(first, last)

    def demand_at(self, port: str, first: int, last: int) -> FloatArray:
        """Flow drawn at ``port``, L/min, grid points ``first`` to ``last`` (exclusive)."""
        flow = np.zeros(last - first)
        for index, open_port, drawn in self._demand:
            flow[max(0, index - first) :] = drawn if open_port == port else 0.0
        return flow

    def on_demand_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the flow drawn changes."""
        self._demand_listeners.append(listener)

    def flow_lpm(self) -> float:
        """True sample flow, L/min."""
        return self.entry.parameter("sample_flow") * self.hidden.pump_fraction if self._powered else 0.0

    def cell_decay(self) -> float:
        """exp(-1 s / cell time constant); the constant grows as the flow falls."""
        tau = self.entry.parameter("cell_time") * self.hidden.cell_time_factor / self.hidden.pump_fraction
        return math.exp(-1.0 / tau)

    # -- detector -------------------------------------------------------------------------------------------------

    @abstractmethod
    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Raw value of each channel (after the firmware's own compensation, before noise) and the diagnostics."""

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps ``first`` to ``last``: channels with their noise, then diagnostics, quantised."""
        around = Surroundings(self, first, last)
        raw, observed = self.sense(around, first, last)
        rows = np.empty((len(self._rows), last - first))
        for row, (channel, values) in enumerate(zip(self.channels, raw, strict=True)):
            rows[row] = values + self._noise(channel, values, first, last)
        for label in self.diagnostics:
            step = self.entry.parameter(f"{label}_step")
            rows[self._rows[label]] = np.round(observed[label] / step) * step
        return rows

    def gain(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Sensitivity over nominal, step by step."""
        hidden = self.hidden
        error = hidden.span_error_pct + hidden.span_drift_pct_per_day * around.days
        error = error + hidden.span_wander_pct * interpolated(self.wander, first, last, _STEPS_PER_MINUTE)
        return (1.0 + error / 100.0) * (1.0 + hidden.span_pct_per_c * (around.box_c - 33.0) / 100.0)

    def offset(self, around: Surroundings) -> FloatArray:
        """Detector offset, unit of the gas."""
        return self.hidden.zero_offset + self.hidden.zero_drift_per_day * around.days

    def bent(self, value: FloatArray) -> FloatArray:
        """Add the unit's non-linearity: nothing at zero and full scale, the stated bend in the middle."""
        scale = float(self._settings["range"])  # type: ignore[arg-type]
        share = value / scale
        return value + 4.0 * share * (1.0 - share) * scale * self.hidden.linearity_pct_fs / 100.0

    def _noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """White noise and flicker: at 60 s averaging the catalogue's figure at zero, more with concentration."""
        zero = self.entry.parameter("zero_noise")
        share = self.entry.parameter("span_noise_share")
        size = np.sqrt(zero**2 + (share * level) ** 2) * self.hidden.noise_factor / math.sqrt(self.hidden.lamp_fraction)
        white = math.sqrt(self.fresh_steps_per_minute) * self.noise[channel].values(first, last)
        floor = 0.3 * interpolated(self.flicker[channel], first, last, _STEPS_PER_MINUTE)
        return size * (0.95 * white + floor)

    def warmth(self, first: int, last: int) -> FloatArray:
        """How far heaters have come, 0 cold to 1 at temperature, at the end of each step."""
        since = np.maximum(np.arange(first, last) + 1 - self._power_step, 0) * STEP_S
        tau = self.entry.parameter("warm_up_time")
        fading = np.exp(-since / tau)
        return 1.0 - self._coldness * fading if self._powered else (1.0 - self._coldness) * fading

    def heated(self, around: Surroundings, label: str, first: int, last: int, jitter: float = 0.05) -> FloatArray:
        """Temperature of a controlled part: from the room's to its set point as the unit warms."""
        target = self.entry.parameter(label)
        warm = self.warmth(first, last)
        return around.room_c + (target - around.room_c) * warm + jitter * self.wobble(label, first, last)

    def wobble(self, label: str, first: int, last: int) -> FloatArray:
        """Slow path of unit size that belongs to a diagnostic."""
        return interpolated(self.slow[label], first, last, _STEPS_PER_MINUTE)

    # -- device ---------------------------------------------------------------------------------------------------

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go."""
        step = until_us // STEP_US - 1
        if step >= 0:
            self.steps.values(step, step + 1)

    def next_event_us(self) -> int | None:
        """Analyzers of this family make no events of their own."""
        return None

    def read(self, t_us: int, quantity: str) -> Value:
        """Value of an observable or a setting at ``t_us``. Raises KeyError for an unknown quantity."""
        if quantity in self._settings:
            return self._settings[quantity]
        step = t_us // STEP_US - 1
        if step != self._cached_step:
            self._cache.clear()
            self._cached_step = step
        value = self._cache.get(quantity)
        if value is None:
            value = self._cache[quantity] = self._observe(t_us, step, quantity)
        return value

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on. Raises Refused."""
        name, value = command.name, command.value
        self._cache.clear()
        if name.startswith("calibrate_"):
            self._calibrate(t_us, name.removeprefix("calibrate_"))
        elif name.startswith("hidden."):
            self._change(t_us, hidden=self._hidden_with(name.removeprefix("hidden."), value))
        elif name == "power":
            self._change(t_us, power=bool(value))
        elif name == "gas_mode":
            self._change(t_us, port=str(self._checked(name, value)))
        elif name in self._settings:
            self._settings[name] = self._checked(name, value)
        else:
            raise Refused("unknown", name)

    def _change(
        self, t_us: int, *, hidden: AnalyzerHidden | None = None, power: bool | None = None, port: str | None = None
    ) -> None:
        point = t_us // GRID_US + 1
        self.cell.ensure(point)
        self.steps.ensure(t_us // STEP_US)
        if power is not None and power != self._powered:
            step = t_us // STEP_US
            warm = float(self.warmth(step - 1, step)[0]) if step > 0 else 1.0 - self._coldness
            self._powered, self._power_step, self._coldness = power, step, 1.0 - warm
        if hidden is not None:
            self.hidden = hidden
        if port is not None:
            self._settings["gas_mode"] = port
        self._demand.append((point, str(self._settings["gas_mode"]), self.flow_lpm()))
        self.cell.gas_changed(point)
        for listener in self._demand_listeners:
            listener.gas_changed(point)

    def _hidden_with(self, key: str, value: Value) -> AnalyzerHidden:
        if key not in type(self.hidden).model_fields:
            raise Refused("unknown", f"hidden.{key}")
        return type(self.hidden).model_validate({**self.hidden.model_dump(), key: value})

    def _checked(self, key: str, value: Value) -> Value:
        limits = self.entry.settings.get(key)
        if limits is None:
            if key == "instrument_id":
                return value
            raise Refused("unknown", key)
        if isinstance(limits.default, bool) is not isinstance(value, bool):
            raise Refused("invalid", f"{key}: {value!r}")
        if limits.choices and value not in limits.choices:
            raise Refused("invalid", f"{key}: one of {', '.join(map(str, limits.choices))}, not {value!r}")
        if isinstance(value, int | float) and not isinstance(value, bool):
            if limits.low is not None and value < limits.low:
                raise Refused("too low", f"{key}: {value:g}")
            if limits.high is not None and value > limits.high:
                raise Refused("too high", f"{key}: {value:g}")
        return value

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _observe(self, t_us: int, step: int, quantity: str) -> Value:
        if quantity in self._texts:
            return self._texts[quantity]
        if quantity == "powered":
            return self._powered
        if quantity == "uptime_s":
            return max(0.0, t_us / GRID_US - self._power_step * STEP_S) if self._powered else 0.0
        if quantity == "inlet_flow":
            return self.flow_lpm()
        if quantity.startswith("inlet_"):
            point = t_us // GRID_US
            return float(self.inlet(point, point + 1).fractions[Species[quantity[6:].upper()], 0])
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        if quantity == "alarms":
            return self._alarms(t_us)
        if quantity == "warming_up":
            return any(alarm.split(":")[0].endswith("_temp") for alarm in self._alarms(t_us))
        if quantity in self.reported():
            return self._reported(step, quantity)
        row = self._rows[quantity]
        step = max(step, 0)
        return float(self.steps.values(step, step + 1)[row, 0])

    def reported(self) -> tuple[str, ...]:
        """Concentrations that the unit shows."""
        return self.channels

    def _reported(self, step: int, quantity: str) -> float:
        return self._scaled(quantity, self.averaged(step, quantity))

    def _scaled(self, channel: str, averaged: float) -> float:
        coefficient, background = self._settings[f"{channel}_coef"], self._settings[f"{channel}_bkg"]
        return float(coefficient) * averaged - float(background)  # type: ignore[arg-type]

    def averaged(self, step: int, channel: str) -> float:
        """Mean of the raw steps within the averaging time, in a fixed order; fewer right after power on."""
        if step < 0:
            step = 0
        window = max(1, int(self._settings["averaging_time"]) // STEP_S)  # type: ignore[arg-type]
        window = max(1, min(window, step + 1, step + 1 - self._power_step))
        values = self.steps.values(step + 1 - window, step + 1)[self._rows[channel]].tolist()
        return sum(values) / window  # type: ignore[no-any-return]

    def _alarms(self, t_us: int) -> tuple[str, ...]:
        found = []
        for label, limits in self.entry.alarms.items():
            value = float(self.read(t_us, label))  # type: ignore[arg-type]
            if limits.low is not None and value < limits.low:
                found.append(f"{label}:low")
            elif limits.high is not None and value > limits.high:
                found.append(f"{label}:high")
        return tuple(sorted(found))

    def _calibrate(self, t_us: int, setting: str) -> None:
        """Set a background or coefficient so that the present averaged reading becomes 0 or the span target."""
        channel, _, what = setting.rpartition("_")
        if channel not in self.channels or what not in ("bkg", "coef"):
            raise Refused("unknown", f"calibrate_{setting}")
        averaged = self.averaged(t_us // STEP_US - 1, channel)
        coefficient = float(self._settings[f"{channel}_coef"])  # type: ignore[arg-type]
        if what == "bkg":
            self._settings[setting] = self._checked(setting, round(coefficient * averaged, 4))
            return
        target = float(self._settings["span_concentration"]) + float(self._settings[f"{channel}_bkg"])  # type: ignore[arg-type]
        if averaged <= 0.0:
            raise Refused("wrong settings", "there is no span gas")
        self._settings[setting] = self._checked(setting, round(target / averaged, 4))
