"""A dynamic calibrator as a device: commands in, states kept, gas at its outlet, observables on its display."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

from instruments.air import GRID_US
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.signal import OrnsteinUhlenbeck
from instruments.supply.cylinder import Cylinder
from instruments.supply.display import Display
from instruments.supply.outlet import Outlet
from instruments.supply.settings import PORTS, Hidden, Settings, with_hidden, with_setting
from instruments.supply.targets import State, Targets, plan
from instruments.supply.zero_air import ZeroAir

_SLOW = ("pressure", "bench_temp", "lamp_temp", "o3_lamp_temp")


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
        self._cylinders: dict[str, tuple[Cylinder, float]] = {}
        chosen = Settings()
        for key, value in (settings or {}).items():
            chosen = with_setting(chosen, key, value)
        self._states = [State(chosen, hidden or Hidden(), Targets(), None, 0)]
        self._instants = [-1]
        slow = {label: OrnsteinUhlenbeck(seed, f"{name}/{label}", 3600.0) for label in _SLOW}
        self.outlet = Outlet(self._figures, name, seed, zero_air, slow["pressure"], self._states[-1])
        self.outlet.cylinders = self._cylinders
        self._display = Display(self._figures, name, seed, self.outlet, slow)
        self._settle()

    @property
    def name(self) -> str:
        """The device's name on the bench."""
        return self._name

    def connect_cylinder(self, port: str, cylinder: Cylinder, stored_value: float | None = None) -> None:
        """Connect ``cylinder`` to ``port``; ``stored_value`` (None: certified) is what the calibrator believes."""
        if port not in PORTS:
            raise ValueError(f"port {port!r}: expected one of {', '.join(PORTS)}")
        self._cylinders[port] = (cylinder, cylinder.certified if stored_value is None else stored_value)
        self._settle()
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
        if command.name.startswith("hidden."):
            field = command.name.removeprefix("hidden.")
            new = replace(now, hidden=with_hidden(now.hidden, field, command.value))
        elif command.name == "clock_us":
            if isinstance(command.value, bool) or not isinstance(command.value, int):
                raise Refused("invalid", "clock_us is a whole number")
            new = replace(now, clock_offset_us=command.value - t_us)
        else:
            settings = with_setting(now.settings, command.name, command.value)
            targets = plan(settings, self._cylinders, self._figures)
            switched = settings.power != now.settings.power
            new = replace(now, settings=settings, targets=targets, since_us=t_us if switched else now.since_us)
        point = t_us // GRID_US + 1
        changes_gas = (new.targets, new.hidden, new.settings) != (now.targets, now.hidden, now.settings)
        if changes_gas:
            self.outlet.ensure(point)
        self._record(t_us, new)
        if changes_gas:
            self.outlet.gas_changed(point)

    def read(self, t_us: int, quantity: str) -> Value:
        """Return a setting or an observable as it stands at ``t_us`` (25 h back at most for flows and gas).

        Raises:
            KeyError: there is none such.
        """
        state = self._states[max(bisect_right(self._instants, t_us) - 1, 0)]
        if quantity in Settings.__dataclass_fields__:
            found: Value = getattr(state.settings, quantity)
            return found
        if quantity in self._texts:
            return self._texts[quantity]
        if quantity.startswith("hidden.") and quantity[7:] in Hidden.model_fields:
            truth: Value = getattr(state.hidden, quantity[7:])
            return truth
        return self._display.observe(t_us, state, quantity)

    def _record(self, t_us: int, state: State) -> None:
        if self._instants[-1] == t_us:
            self._states[-1] = state
        else:
            self._instants.append(t_us)
            self._states.append(state)
        self.outlet.state = state

    def _settle(self) -> None:
        """Plan what the settings as they stand ask for."""
        state = self._states[-1]
        try:
            targets = plan(state.settings, self._cylinders, self._figures)
        except Refused as error:
            # before its cylinder is connected a unit that starts in span offers nothing
            if error.reason != "wrong settings":
                raise
            targets = Targets()
        self._states[-1] = self.outlet.state = replace(state, targets=targets)
