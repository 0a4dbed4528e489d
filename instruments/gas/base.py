"""A gas analyzer as a device: ports, settings with their past, power, averaging, calibration, alarms.

Gas is followed on the one-second grid up to the cell. The detector gives one raw value per channel and ten-second step;
the firmware averages the last steps and applies coefficient and background:
reported = coefficient x averaged - background.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from instruments.air import GRID_US, FloatArray, Gas, GasListener, GasSource, Species
from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.gas.detector import Detector
from instruments.gas.hidden import AnalyzerHidden
from instruments.gas.stages import STEP_S, STEP_US, Surroundings

PORTS = ("sample", "zero", "span")
_KEPT_S = 26 * 3600
_DAY_US = 86_400 * GRID_US
_REPORT_ONLY = ("mode", "gas_unit", "averaging_time", "range_mode", "span_concentration", "instrument_id")
_ENDINGS = ("_bkg", "_coef")


@dataclass(frozen=True, slots=True)
class Moment:
    """The unit as an observer finds it until an instant."""

    until_us: int
    settings: Mapping[str, Value]
    powered: bool
    power_step: int
    flow_lpm: float


class PointAnalyzer(Detector):
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

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str, settings: Mapping[str, Value],
        hidden: AnalyzerHidden, warm: bool,
    ) -> None:  # fmt: skip
        chosen: dict[str, Value] = {key: limits.default for key, limits in entry.settings.items()}
        chosen["instrument_id"] = 0
        super().__init__(entry, name, seed, chosen, hidden, warm)
        for key, value in settings.items():
            chosen[key] = self._checked(key, value)
        self._name = name
        self._texts: dict[str, Value] = {"serial": serial, "firmware": "01.06.00", "model": entry.name}
        self._sources: dict[str, GasSource] = {}
        self._demand: list[tuple[int, str, float]] = [(0, str(chosen["gas_mode"]), self._inlet_lpm())]
        self._demand_listeners: list[GasListener] = []
        self._past: list[Moment] = []
        self._since_us = 0
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
        return self._sources.get(str(self.settings["gas_mode"]), self._sources["room"]).gas(first, last)

    def room(self, first: int, last: int) -> Gas:
        """The air around the unit."""
        return self._sources["room"].gas(first, last)

    def demand_at(self, port: str, first: int, last: int) -> FloatArray:
        """Flow drawn at ``port``, L/min, grid points ``first`` to ``last`` (exclusive)."""
        flow = np.zeros(last - first)
        for index, open_port, drawn in self._demand:
            if index < last:
                flow[max(0, index - first) :] = drawn if open_port == port else 0.0
        return flow

    def on_demand_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the flow drawn changes."""
        self._demand_listeners.append(listener)

    def _inlet_lpm(self) -> float:
        """Flow drawn at the open port: what the leak lets in does not come through it."""
        return self.flow_lpm() * (1.0 - self.hidden.leak_fraction)

    @abstractmethod
    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Raw value of each channel (after the firmware's own compensation, before noise); diagnostics and memory."""

    # -- device ---------------------------------------------------------------------------------------------------

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go; lines at closed ports are kept up to date too."""
        step = until_us // STEP_US - 1
        if step < 0:
            return
        self.steps.values(step, step + 1)
        point = until_us // GRID_US
        for source in self._sources.values():
            source.gas(point, point + 1)

    def next_event_us(self) -> int | None:
        """Analyzers of this family make no events of their own."""
        return None

    def read(self, t_us: int, quantity: str) -> Value:
        """Value of an observable or a setting at ``t_us``, up to 25 h back. Raises KeyError for an unknown quantity."""
        if t_us < self._since_us:
            return self._observe(t_us, self._past[bisect_right(self._past, t_us, key=_until)], quantity)
        if quantity in self.settings:
            return self.settings[quantity]
        step = t_us // STEP_US - 1
        if step != self._cached_step:
            self._cache.clear()
            self._cached_step = step
        value = self._cache.get(quantity)
        if value is None:
            value = self._observe(t_us, self._moment(t_us), quantity)
            if quantity != "uptime_s" and not quantity.startswith("inlet_"):
                self._cache[quantity] = value
        return value

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on. Raises Refused, and then nothing has changed."""
        name, value = command.name, command.value
        settings, hidden, powered = dict(self.settings), self.hidden, self.powered
        if name.startswith("calibrate_"):
            key = name.removeprefix("calibrate_")
            settings[key] = self._calibrated(t_us, key)
        elif name.startswith("hidden."):
            hidden = self._hidden_with(name.removeprefix("hidden."), value)
        elif name == "power":
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
            powered = value
        elif name in settings:
            settings[name] = self._checked(name, value)
        else:
            raise Refused("unknown", name)
        if (settings, hidden, powered) != (self.settings, self.hidden, self.powered):
            self._change(t_us, settings, hidden, powered)

    def _change(self, t_us: int, settings: dict[str, Value], hidden: AnalyzerHidden, powered: bool) -> None:
        point = t_us // GRID_US + 1
        step = point // STEP_S
        changed = [key for key, value in settings.items() if value != self.settings[key]]
        # What only the display does leaves gas and detector alone.
        physical = hidden != self.hidden or powered != self.powered
        physical = physical or not all(key in _REPORT_ONLY or key.endswith(_ENDINGS) for key in changed)
        if physical:
            self.cell.ensure(point)
            self.steps.ensure(step)
        self._past.append(self._moment(t_us))
        self._past = self._past[bisect_right(self._past, t_us - _KEPT_S * GRID_US, key=_until) :]
        self._since_us = t_us
        self._cache.clear()
        self.settings = settings
        if powered != self.powered:
            self.switch(powered, step)
        if hidden != self.hidden:
            self.hold_drift(t_us / _DAY_US)
            self.hidden = hidden
        if not physical:
            return
        drawn = (point, str(settings["gas_mode"]), self._inlet_lpm())
        moved = drawn[1:] != self._demand[-1][1:]
        if moved:
            self._demand.append(drawn)
            while len(self._demand) > 1 and self._demand[1][0] < point - _KEPT_S:
                del self._demand[0]
        self.cell.gas_changed(point)
        if moved:
            for listener in self._demand_listeners:
                listener.gas_changed(point)

    def _hidden_with(self, key: str, value: Value) -> AnalyzerHidden:
        if key not in type(self.hidden).model_fields:
            raise Refused("unknown", f"hidden.{key}")
        try:
            return type(self.hidden).model_validate({**self.hidden.model_dump(), key: value})
        except ValidationError as error:
            raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None

    def _checked(self, key: str, value: Value) -> Value:
        if key == "instrument_id":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 127:
                raise Refused("invalid", "instrument_id is a whole number from 0 to 127")
            return value
        limits = self.entry.settings.get(key)
        if limits is None:
            raise Refused("unknown", key)
        numeric = isinstance(limits.default, int | float) and not isinstance(limits.default, bool)
        if numeric:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise Refused("invalid", f"{key}: {value!r} is no number")
        elif type(value) is not type(limits.default):
            raise Refused("invalid", f"{key}: {value!r}")
        if limits.choices and value not in limits.choices:
            raise Refused("invalid", f"{key}: one of {', '.join(map(str, limits.choices))}, not {value!r}")
        if isinstance(value, int | float):
            if limits.low is not None and value < limits.low:
                raise Refused("too low", f"{key}: {value:g}")
            if limits.high is not None and value > limits.high:
                raise Refused("too high", f"{key}: {value:g}")
        return value

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _moment(self, until_us: int) -> Moment:
        return Moment(until_us, self.settings, self.powered, self.power_step, self._inlet_lpm())

    def _observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        if quantity in moment.settings:
            return moment.settings[quantity]
        if quantity in self._texts:
            return self._texts[quantity]
        if quantity in ("powered", "power"):
            return moment.powered
        if quantity == "uptime_s":
            return max(0.0, t_us / GRID_US - moment.power_step * STEP_S) if moment.powered else 0.0
        if quantity == "inlet_flow":
            return moment.flow_lpm
        if quantity.startswith("inlet_"):
            point = t_us // GRID_US
            return float(self.inlet(point, point + 1).fractions[Species[quantity[6:].upper()], 0])
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        if quantity == "alarms":
            return self._alarms(t_us, moment)
        if quantity == "warming_up":
            return self._warming_up(t_us, moment)
        if quantity in self.reported():
            return self._reported(t_us // STEP_US - 1, moment, quantity)
        step = max(t_us // STEP_US - 1, 0)
        return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])

    def reported(self) -> tuple[str, ...]:
        """Concentrations that the unit shows."""
        return self.channels

    def _reported(self, step: int, moment: Moment, quantity: str) -> float:
        coefficient, background = moment.settings[f"{quantity}_coef"], moment.settings[f"{quantity}_bkg"]
        return float(coefficient) * self._averaged(step, moment, quantity) - float(background)  # type: ignore[arg-type]

    def _averaged(self, step: int, moment: Moment, channel: str) -> float:
        """Mean of the raw steps within the averaging time, in a fixed order; fewer right after power on."""
        step = max(step, 0)
        window = max(1, int(moment.settings["averaging_time"]) // STEP_S)  # type: ignore[arg-type]
        window = max(1, min(window, step + 1, step + 1 - moment.power_step))
        values = self.steps.values(step + 1 - window, step + 1)[self.rows[channel]].tolist()
        return sum(values) / window  # type: ignore[no-any-return]

    def _alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        if not moment.powered:
            return ()
        found = []
        for label, limits in self.entry.alarms.items():
            value = float(self._observe(t_us, moment, label))  # type: ignore[arg-type]
            if limits.low is not None and value < limits.low:
                found.append(f"{label}:low")
            elif limits.high is not None and value > limits.high:
                found.append(f"{label}:high")
        return tuple(sorted(found))

    def _warming_up(self, t_us: int, moment: Moment) -> bool:
        """After power on, until all temperatures are inside their limits; a hot box later on is an alarm only."""
        since_s = t_us / GRID_US - moment.power_step * STEP_S
        if not moment.powered or since_s > 10.0 * self.entry.parameter("warm_up_time"):
            return False
        return any(alarm.split(":")[0].endswith("_temp") for alarm in self._alarms(t_us, moment))

    def _calibrated(self, t_us: int, setting: str) -> float:
        """Background or coefficient that makes the present averaged reading 0 or the span target."""
        channel, _, what = setting.rpartition("_")
        if channel not in self.reported() or setting not in self.settings:
            raise Refused("unknown", f"calibrate_{setting}")
        moment, step = self._moment(t_us), t_us // STEP_US - 1
        shown = self._reported(step, moment, channel)
        background = self.number(f"{channel}_bkg") if f"{channel}_bkg" in self.settings else 0.0
        if what == "bkg":
            return float(self._checked(setting, round(shown + background, 4)))  # type: ignore[arg-type]
        present = (shown + background) / self.number(setting)
        if present <= 0.0:
            raise Refused("wrong settings", "there is no span gas")
        target = self.number("span_concentration") + background
        return float(self._checked(setting, round(target / present, 4)))  # type: ignore[arg-type]


def _until(moment: Moment) -> int:
    return moment.until_us
