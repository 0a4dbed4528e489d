"""A dynamic calibrator: dilution of cylinder gas, ozone, gas-phase titration, on the one-second grid.

The transit time of the reaction chamber (about half a minute) counts for the chemistry, not as a delay of the gas.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from instruments.air import GRID_US, FloatArray, Species
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.history import ROWS, GasSeries, lag
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.supply.cylinder import Cylinder
from instruments.supply.mass_flow import MassFlowController
from instruments.supply.ozone import check_dose, titrate
from instruments.supply.zero_air import ZeroAir

MODES = ("standby", "zero", "span", "ozone", "gpt")
PORTS = ("a", "b", "c", "d", "e", "f")
MMHG_PER_HPA = 0.750061683
_COUNT = len(Species)
_GAS_SET, _ZERO_SET, _GAS_TRUE, _ZERO_TRUE, _OZONE, _OFFERED = range(ROWS, ROWS + 6)
_FLOOR = 1e-30  # closed valves settle here: denormal numbers would be slow
_SHUT = 1e-6
_KEEP_S = 25 * 3600


class Hidden(BaseModel):
    """The unit's hidden truth; all per cent, of reading unless named full scale (fs); offset in nmol/mol."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    gas_flow_span_pct: float = 0.0
    gas_flow_offset_pct_fs: float = 0.0
    gas_flow_nonlinearity_pct_fs: float = 0.0
    zero_flow_span_pct: float = 0.0
    zero_flow_offset_pct_fs: float = 0.0
    flow_repeatability_pct: float = 0.1
    photometer_error_pct: float = 0.0
    photometer_offset: float = 0.0
    ozone_table_error_pct: float = 0.0
    lamp_flow_change_pct: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the calibrator as they stand; see the catalogue for units."""

    calibrator_mode: str = "standby"
    gas: str = "a"
    concentration: float = 0.0
    ozone: float = 0.0
    total_flow: float = 5.0
    mode: str = "remote"
    gas_unit: str = "ppb"
    instrument_id: int = 51
    power: bool = True


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "calibrator_mode": MODES,
    "gas": PORTS,
    "mode": ("local", "remote", "service"),
    "gas_unit": ("ppb", "ppm"),
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Flows (L/min) and ozone (nmol/mol in the total flow) that the settings ask for."""

    gas: float = 0.0
    zero: float = 0.0
    ozone: float = 0.0
    mode: str = "standby"


@dataclass(frozen=True, slots=True)
class _State:
    settings: Settings
    hidden: Hidden
    targets: Targets
    since_us: int | None  # instant of the last power switch, None: long before the epoch
    clock_offset_us: int


class Outlet(GasSeries):
    """The calibrator's outlet: gas, and the flow offered."""

    def __init__(self, calibrator: Calibrator) -> None:
        super().__init__(extra_rows=6)
        self._keep = _KEEP_S
        self._calibrator = calibrator

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Return the true total flow, L/min, grid points ``first`` to ``last``."""
        offered: FloatArray = self.values(first, last)[_OFFERED]
        return offered

    def _compute(self, first: int, last: int) -> FloatArray:
        state = None if self.history.stop == 0 else self.history.last()
        return self._calibrator.outlet_rows(first, last, state)


class Calibrator:
    """A dynamic calibrator as a :class:`~instruments.device.Device`.

    Args:
        parameters: the model's figures by name, as in its catalogue file.
        name: name on the bench; keys the random paths.
        seed: root seed.
        zero_air: what dilutes.
        settings: settings that differ from the defaults.
        hidden: the unit's hidden truth.
        serial: serial number.
        firmware: firmware version.
        model: model name.
    """

    def __init__(
        self,
        parameters: Mapping[str, float],
        name: str,
        seed: int,
        *,
        zero_air: ZeroAir,
        settings: Mapping[str, Value] | None = None,
        hidden: Hidden | None = None,
        serial: str = "",
        firmware: str = "",
        model: str = "146i",
    ) -> None:
        self._name, self._figures = name, dict(parameters)
        self._texts = {"serial": serial, "firmware": firmware, "model": model}
        self._zero = zero_air.composition()
        self._cylinders: dict[str, tuple[Cylinder, float]] = {}
        repeat = self._figures["flow_repeatability_time"]
        self._paths = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", repeat) for label in ("gas", "zero")}
        slow = ("pressure", "bench_temp", "lamp_temp", "o3_lamp_temp")
        self._slow = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", 3600.0) for label in slow}
        self._noise = {label: WhiteNoise(seed, f"{name}/{label}_indicated") for label in ("gas", "zero")}
        chosen = Settings()
        for key, value in (settings or {}).items():
            chosen = self._with(chosen, key, value)
        self._states = [_State(chosen, hidden or Hidden(), Targets(), None, 0)]
        self._instants = [-1]
        self._settle(chosen)
        self.outlet = Outlet(self)

    @property
    def name(self) -> str:
        """The device's name on the bench."""
        return self._name

    def connect_cylinder(self, port: str, cylinder: Cylinder, stored_value: float | None = None) -> None:
        """Connect ``cylinder`` to ``port``; ``stored_value`` (None: certified) is what the calibrator believes."""
        if port not in PORTS:
            raise ValueError(f"port {port!r}: expected one of {', '.join(PORTS)}")
        self._cylinders[port] = (cylinder, cylinder.certified if stored_value is None else stored_value)
        self._settle(self._states[-1].settings)
        self.outlet.gas_changed(self.outlet.history.start)

    def advance(self, until_us: int) -> None:
        """Compute the outlet's gas up to ``until_us``."""
        point = until_us // GRID_US
        self.outlet.values(point, point + 1)

    def next_event_us(self) -> int | None:
        """Return None: a calibrator has no cycles of its own."""
        return None

    def apply(self, t_us: int, command: Command) -> None:
        """Let a setting, ``hidden.<field>`` or ``clock_us`` act from ``t_us`` on; Refused changes nothing."""
        now = self._states[-1]
        new = now
        if command.name.startswith("hidden."):
            field = command.name.removeprefix("hidden.")
            new = replace(now, hidden=self._hidden_with(now.hidden, field, command.value))
        elif command.name == "clock_us":
            if isinstance(command.value, bool) or not isinstance(command.value, int):
                raise Refused("invalid", "clock_us is a whole number")
            new = replace(now, clock_offset_us=command.value - t_us)
        else:
            settings = self._with(now.settings, command.name, command.value)
            targets = self._plan(settings)
            switched = settings.power != now.settings.power
            new = replace(now, settings=settings, targets=targets, since_us=t_us if switched else now.since_us)
        if (new.targets, new.hidden, new.settings) == (now.targets, now.hidden, now.settings):
            self._record(t_us, new)
            return
        point = t_us // GRID_US + 1
        self.outlet.ensure(point)
        self._record(t_us, new)
        self.outlet.gas_changed(point)

    def read(self, t_us: int, quantity: str) -> Value:
        """Return a setting or an observable as it stands at ``t_us`` (25 h back at most for flows and gas)."""
        state = self._states[max(bisect_right(self._instants, t_us) - 1, 0)]
        if quantity in Settings.__dataclass_fields__:
            found: Value = getattr(state.settings, quantity)
            return found
        if quantity in self._texts:
            return self._texts[quantity]
        if quantity.startswith("hidden.") and quantity[7:] in Hidden.model_fields:
            truth: Value = getattr(state.hidden, quantity[7:])
            return truth
        return self._observe(t_us, state, quantity)

    def _record(self, t_us: int, state: _State) -> None:
        if self._instants[-1] == t_us:
            self._states[-1] = state
        else:
            self._instants.append(t_us)
            self._states.append(state)

    def _settle(self, settings: Settings) -> None:
        try:
            targets = self._plan(settings)
        except Refused as error:
            # before its cylinder is connected a unit that starts in span offers nothing
            if error.reason != "wrong settings":
                raise
            targets = Targets()
        self._states[-1] = replace(self._states[-1], settings=settings, targets=targets)

    def _with(self, settings: Settings, key: str, value: Value) -> Settings:
        if key not in Settings.__dataclass_fields__:
            raise Refused("unknown", key)
        if key in _CHOICES:
            if value not in _CHOICES[key]:
                raise Refused("invalid", f"{key}: expected one of {', '.join(_CHOICES[key])}")
        elif key == "power":
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused("invalid", f"{key} is a number")
        elif key == "instrument_id":
            if not 0 <= value <= 127 or value != int(value):
                raise Refused("invalid", "instrument_id is a whole number from 0 to 127")
            value = int(value)
        elif value < 0.0:
            raise Refused("too low", f"{key} is not negative")
        else:
            value = float(value)
        return replace(settings, **{key: value})  # type: ignore[arg-type]

    @staticmethod
    def _hidden_with(hidden: Hidden, key: str, value: Value) -> Hidden:
        if key not in Hidden.model_fields:
            raise Refused("unknown", f"hidden.{key}")
        try:
            return Hidden.model_validate({**hidden.model_dump(), key: value})
        except ValidationError as error:
            raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None

    def _controllers(self, hidden: Hidden) -> tuple[MassFlowController, MassFlowController]:
        figures = self._figures
        return (
            MassFlowController(
                "cylinder gas", figures["gas_flow_full_scale"] / 1000.0, figures["gas_flow_lowest"],
                hidden.gas_flow_span_pct, hidden.gas_flow_offset_pct_fs, hidden.gas_flow_nonlinearity_pct_fs,
            ),
            MassFlowController(
                "zero air", figures["zero_flow_full_scale"], figures["zero_flow_lowest"],
                hidden.zero_flow_span_pct, hidden.zero_flow_offset_pct_fs,
            ),
        )  # fmt: skip

    def _plan(self, settings: Settings) -> Targets:
        mode, total = settings.calibrator_mode, settings.total_flow
        if mode == "standby":
            return Targets()
        gas_controller, zero_controller = self._controllers(Hidden())
        gas = 0.0
        if mode in ("span", "gpt"):
            if settings.gas not in self._cylinders:
                raise Refused("wrong settings", f"no cylinder at port {settings.gas}")
            cylinder, stored = self._cylinders[settings.gas]
            if mode == "gpt" and cylinder.species is not Species.NO:
                raise Refused("wrong settings", "gas-phase titration needs a cylinder of NO")
            gas = settings.concentration / stored * total
            gas_controller.check(gas)
        zero_controller.check(total - gas)
        ozone = settings.ozone if mode in ("ozone", "gpt") else 0.0
        check_dose(ozone, total, self._figures["ozone_dose_low"], self._figures["ozone_dose_high"])
        return Targets(gas, total - gas, ozone, mode) if settings.power else Targets()

    def outlet_rows(self, first: int, last: int, before: FloatArray | None) -> FloatArray:
        """Return the outlet's rows for grid points ``first`` to ``last``; ``before`` is the point before, or None."""
        state, figures = self._states[-1], self._figures
        targets, hidden = state.targets, state.hidden
        lamp = targets.ozone > 0.0
        told = np.array([targets.gas, targets.zero])
        gas_controller, zero_controller = self._controllers(hidden)
        flows = np.array([gas_controller.true_flow(told[0]), zero_controller.true_flow(told[1])])
        if lamp:
            flows[1] += hidden.lamp_flow_change_pct / 100.0 * flows.sum()
        error = hidden.photometer_error_pct if targets.mode == "ozone" else hidden.ozone_table_error_pct
        offset = hidden.photometer_offset if targets.mode == "ozone" and lamp else 0.0
        ozone = max(targets.ozone * (1.0 + error / 100.0) + offset, 0.0)

        inputs = np.maximum(np.concatenate([told, flows, [ozone]]), _FLOOR)
        start = inputs if before is None else before[_GAS_SET : _OZONE + 1]
        steps = np.repeat(inputs[:, None], last - first, axis=1)
        rows = np.empty((ROWS + 6, last - first))
        rows[_GAS_SET:_OZONE] = lag(steps[:4], start[:4], math.exp(-1.0 / figures["flow_settling"]))
        rows[_OZONE] = lag(steps[4:], start[4:], math.exp(-1.0 / figures["ozone_settling"]))[0]
        scatter = hidden.flow_repeatability_pct / 100.0
        gas = rows[_GAS_TRUE] * (1.0 + scatter * interpolated(self._paths["gas"], first, last, MINUTE_S))
        zero = rows[_ZERO_TRUE] * (1.0 + scatter * interpolated(self._paths["zero"], first, last, MINUTE_S))
        total = gas + zero
        rows[_OFFERED] = np.where(total > _SHUT, total, 0.0)

        pressure = figures["pressure"] + figures["pressure_sd"] * interpolated(
            self._slow["pressure"], first, last, MINUTE_S
        )
        rows[_COUNT], rows[_COUNT + 1] = figures["room_temp"], pressure / MMHG_PER_HPA
        mixture = self._mixture(state, gas, zero, rows[_OZONE])
        # nothing is blown out of the mixing volume while no gas flows
        flow = targets.gas + targets.zero
        decay = math.exp(-flow / 60.0 / figures["mixing_volume"])
        mixture = np.maximum(mixture, _FLOOR)
        rows[:_COUNT] = lag(mixture, mixture[:, 0] if before is None else before[:_COUNT], decay)
        return rows

    def _mixture(self, state: _State, gas: FloatArray, zero: FloatArray, ozone: FloatArray) -> FloatArray:
        targets, figures = state.targets, self._figures
        total = np.maximum(gas + zero, _SHUT)
        residue = self._zero[:, None]
        if state.settings.gas in self._cylinders:
            content = self._cylinders[state.settings.gas][0].composition()[:, None]
        else:
            content = residue
        if targets.mode != "gpt":
            mixed = residue + (content - residue) * (gas / total)
            if targets.mode == "ozone":
                mixed[Species.O3] += ozone
            return np.asarray(mixed)
        branch = zero * (figures["ozone_branch_flow"] / 1000.0 / targets.zero)
        chamber = np.maximum(gas + branch, _SHUT)
        entering = residue + (content - residue) * (gas / chamber)
        # the lamp's table gives a dose: ozone asked for in the total flow asked for
        entering[Species.O3] += ozone * (targets.gas + targets.zero) / chamber
        leaving = titrate(
            entering, chamber, figures["chamber_volume"], figures["room_temp"], figures["pressure"] / MMHG_PER_HPA
        )
        return np.asarray(residue + (leaving - residue) * (chamber / total))

    def _observe(self, t_us: int, state: _State, quantity: str) -> Value:
        point, targets, figures = t_us // GRID_US, state.targets, self._figures
        powered = state.settings.power
        up = (t_us if state.since_us is None else t_us - state.since_us) / 1e6
        if quantity == "clock_us":
            return t_us + state.clock_offset_us
        if quantity == "powered":
            return powered
        if quantity == "uptime_s":
            return up if powered else 0.0
        if quantity == "warming_up":
            return powered and state.since_us is not None and up < figures["warm_up"]
        if quantity == "chamber_volume":
            return figures["chamber_volume"]
        if quantity == "ozonator":
            return targets.ozone > 0.0
        if quantity == "concentration_unit":
            # On the wire concentrations are ppb; inside, CO counts in umol/mol.
            port = state.settings.gas
            is_co = port in self._cylinders and self._cylinders[port][0].species is Species.CO
            return "umol/mol" if is_co else "nmol/mol"
        if quantity == "cylinder_value":
            return self._cylinders[state.settings.gas][1] if state.settings.gas in self._cylinders else 0.0
        if quantity in ("gas_flow_target", "zero_flow_target", "total_flow_target"):
            parts = {"gas": targets.gas, "zero": targets.zero, "total": targets.gas + targets.zero}
            return parts[quantity.split("_", maxsplit=1)[0]] * 1000.0
        if quantity == "alarms":
            return self._alarms(t_us, state)
        if quantity in self._slow:
            return self._slow_value(t_us, state, quantity)
        self.outlet.values(point, point + 1)
        if quantity == "photometer_o3":
            true = self.outlet.history.value(Species.O3, point)
            return (true - state.hidden.photometer_offset) / (1.0 + state.hidden.photometer_error_pct / 100.0)
        gas, zero = self._indicated("gas", point), self._indicated("zero", point)
        if quantity == "ozone_flow":
            active = targets.mode in ("ozone", "gpt")
            return zero * figures["ozone_branch_flow"] / 1000.0 / targets.zero if active else 0.0
        if quantity == "concentration_actual":
            stored = self._cylinders[state.settings.gas][1] if state.settings.gas in self._cylinders else 0.0
            return stored * gas / (gas + zero) if gas + zero > 0.0 else 0.0
        flows = {"gas_flow": gas, "zero_flow": zero, "total_flow_actual": gas + zero}
        return flows[quantity]

    def _indicated(self, label: str, point: int) -> float:
        """Return what a controller's own sensor shows, cc/min: its set flow and a little scatter."""
        row, scale = (_GAS_SET, "gas_flow_full_scale") if label == "gas" else (_ZERO_SET, "zero_flow_full_scale")
        flow = self.outlet.history.value(row, point)
        if flow < _SHUT:
            return 0.0
        full = self._figures[scale] * (1.0 if label == "gas" else 1000.0)
        noise = float(self._noise[label].values(point, point + 1)[0])
        return flow * 1000.0 + self._figures["flow_reading_noise"] / 100.0 * full * noise

    def _slow_value(self, t_us: int, state: _State, quantity: str) -> float:
        figures = self._figures
        minute = t_us // (GRID_US * MINUTE_S)
        noise = float(self._slow[quantity].values(minute, minute + 1)[0])
        if quantity == "pressure":
            return figures["pressure"] + figures["pressure_sd"] * noise
        warm, room = figures[quantity], figures["room_temp"]
        goal, other = (warm, room) if state.settings.power else (room, warm)
        if state.since_us is not None:
            goal += (other - goal) * math.exp(-(t_us - state.since_us) / 1e6 / figures["thermal_time"])
        return goal + figures["temperature_sd"] * noise

    def _alarms(self, t_us: int, state: _State) -> tuple[str, ...]:
        found = []
        for quantity in self._slow:
            value = self._slow_value(t_us, state, quantity)
            if value < self._figures[f"{quantity}_low"]:
                found.append(f"{quantity}:low")
            elif value > self._figures[f"{quantity}_high"]:
                found.append(f"{quantity}:high")
        return tuple(sorted(found)) if state.settings.power else ()
