"""What a calibrator shows of itself: flows by its own sensors, its photometer, temperatures, alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping

from instruments.air import GRID_US, Species
from instruments.device import Value
from instruments.signal import MINUTE_S, Path, WhiteNoise
from instruments.supply.outlet import GAS_SET, SHUT, ZERO_SET, Outlet
from instruments.supply.targets import State


class Display:
    """Observables of a calibrator.

    Args:
        figures: the model's figures by name.
        name: the calibrator's name on the bench; keys the random paths.
        seed: root seed.
        outlet: what truly flows.
        slow: paths of unit size by quantity: pressure and temperatures.
    """

    def __init__(
        self, figures: Mapping[str, float], name: str, seed: int, outlet: Outlet, slow: Mapping[str, Path]
    ) -> None:
        self._figures, self._outlet, self._slow = figures, outlet, slow
        self._noise = {label: WhiteNoise(seed, f"{name}/{label}_indicated") for label in ("gas", "zero")}

    def observe(self, t_us: int, state: State, quantity: str) -> Value:
        """Value of an observable at ``t_us``, with the ``state`` of then. Raises KeyError for an unknown quantity."""
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
        cylinder, stored = self._outlet.cylinders.get(state.settings.gas, (None, 0.0))
        if quantity == "concentration_unit":
            # On the wire concentrations are ppb; inside, CO counts in umol/mol.
            return "umol/mol" if cylinder is not None and cylinder.species is Species.CO else "nmol/mol"
        if quantity == "cylinder_value":
            return stored
        if quantity in ("gas_flow_target", "zero_flow_target", "total_flow_target"):
            parts = {"gas": targets.gas, "zero": targets.zero, "total": targets.gas + targets.zero}
            return parts[quantity.split("_", maxsplit=1)[0]] * 1000.0
        if quantity == "alarms":
            return self._alarms(t_us, state)
        if quantity in self._slow:
            return self._slow_value(t_us, state, quantity)
        self._outlet.values(point, point + 1)
        if quantity == "photometer_o3":
            true = self._outlet.history.value(Species.O3, point)
            return (true - state.hidden.photometer_offset) / (1.0 + state.hidden.photometer_error_pct / 100.0)
        gas, zero = self._indicated("gas", point), self._indicated("zero", point)
        if quantity == "ozone_flow":
            active = targets.mode in ("ozone", "gpt")
            return zero * figures["ozone_branch_flow"] / 1000.0 / targets.zero if active else 0.0
        if quantity == "concentration_actual":
            return stored * gas / (gas + zero) if gas + zero > 0.0 else 0.0
        flows = {"gas_flow": gas, "zero_flow": zero, "total_flow_actual": gas + zero}
        return flows[quantity]

    def _indicated(self, label: str, point: int) -> float:
        """Return what a controller's own sensor shows, cc/min: its set flow and a little scatter."""
        row, scale = (GAS_SET, "gas_flow_full_scale") if label == "gas" else (ZERO_SET, "zero_flow_full_scale")
        flow = self._outlet.history.value(row, point)
        if flow < SHUT:
            return 0.0
        full = self._figures[scale] * (1.0 if label == "gas" else 1000.0)
        noise = float(self._noise[label].values(point, point + 1)[0])
        return flow * 1000.0 + self._figures["flow_reading_noise"] / 100.0 * full * noise

    def _slow_value(self, t_us: int, state: State, quantity: str) -> float:
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

    def _alarms(self, t_us: int, state: State) -> tuple[str, ...]:
        found = []
        for quantity in self._slow:
            value = self._slow_value(t_us, state, quantity)
            if value < self._figures[f"{quantity}_low"]:
                found.append(f"{quantity}:low")
            elif value > self._figures[f"{quantity}_high"]:
                found.append(f"{quantity}:high")
        return tuple(sorted(found)) if state.settings.power else ()
