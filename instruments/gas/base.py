"""A gas analyzer as a device: the gas at its ports, what it draws, commands, and settings with their past."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from instruments.air import GRID_US, FloatArray, Gas, GasListener, GasSource
from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.gas.hidden import AnalyzerHidden
from instruments.gas.readout import Moment, Readout
from instruments.gas.settings import checked, with_hidden
from instruments.gas.stages import STEP_S, STEP_US

PORTS = ("sample", "zero", "span")
_KEPT_S = 26 * 3600
_DAY_US = 86_400 * GRID_US
_REPORT_ONLY = ("mode", "gas_unit", "averaging_time", "range_mode", "span_concentration", "instrument_id")
_ENDINGS = ("_bkg", "_coef")


class PointAnalyzer(Readout):
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
        super().__init__(entry, name, seed, serial=serial, settings=chosen, hidden=hidden, warm=warm)
        for key, value in settings.items():
            chosen[key] = checked(entry, key, value)
        self._name = name
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
            hidden = with_hidden(self.hidden, name.removeprefix("hidden."), value)
        elif name == "power":
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
            powered = value
        elif name in settings:
            settings[name] = checked(self.entry, name, value)
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


def _until(moment: Moment) -> int:
    return moment.until_us
