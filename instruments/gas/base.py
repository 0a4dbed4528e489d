"""A gas analyzer: its ports and what it draws, its channels and their calibration, warm-up.

Gas is followed on the one-second grid up to the cell. The detector gives one raw value per channel and measuring step;
what the firmware makes of them (averages, coefficient and background) is a matter of the family: :mod:`.thermo` and
:mod:`.teledyne`. Which settings calibrate a channel is data of the catalogue.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import GRID_US, UNIT_OF, FloatArray, Gas, GasListener, GasSource, Species
from instruments.atmosphere import Site
from instruments.catalogue import Channel
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.gas.detector import DAY_S, Detector
from instruments.gas.stages import Surroundings
from instruments.steps import Moment

PORTS = ("sample", "zero", "span")
_KEPT_S = 26 * 3600


class PointAnalyzer(Detector):
    """A gas analyzer with sample, zero and span ports. Arguments as :class:`~instruments.unit.Unit`."""

    report_only: ClassVar[frozenset[str]] = frozenset(
        {"mode", "gas_unit", "range_mode", "span_concentration", "instrument_id", "clip_negatives"}
    )

    def _equip(self) -> None:
        super()._equip()
        self.calibrations: dict[str, tuple[str, Channel]] = {
            action: (quantity, channel)
            for quantity, channel in self.entry.channels.items()
            for action in (channel.calibrate_zero, channel.calibrate_span)
            if action
        }
        self.actions = tuple(self.calibrations)
        self._calibrating = frozenset(
            setting for channel in self.entry.channels.values()
            for setting in (channel.background, channel.coefficient, channel.converter_factor)
        )  # fmt: skip
        self._sources: dict[str, GasSource] = {}
        self._valve = str(self.settings["gas_mode"])
        self._held = dict.fromkeys(self.reported(), 0.0) if self.hidden.display_hung else {}
        self._demand: list[tuple[int, str, float]] = [(0, self.open_port, self._inlet_lpm(0))]
        self._demand_listeners: list[GasListener] = []

    # -- for a family ---------------------------------------------------------------------------------------------

    @abstractmethod
    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Raw value of each channel (after the firmware's own compensation); diagnostics and memory."""

    @abstractmethod
    def corrected(self, channel: str, first: int, last: int, moment: Moment) -> FloatArray:
        """A channel's averaged reading with its coefficient and background, steps ``first`` to ``last``."""

    @abstractmethod
    def zeroed(self, shown: float, channel: Channel) -> float:
        """The background with which a channel that shows ``shown`` would show 0."""

    @abstractmethod
    def spanned(self, shown: float, target: float, channel: Channel) -> float:
        """The coefficient with which a channel that shows ``shown`` would show ``target``.

        Raises Refused: there is no span gas.
        """

    # -- gas ------------------------------------------------------------------------------------------------------

    def place(self, site: Site) -> None:
        """Draw the outside air at the sample port; the shelter's air is around the unit."""
        self.connect("room", site.room)
        self.connect("sample", site.outside)

    def connect(self, port: str, source: GasSource) -> None:
        """Connect ``source`` to ``sample``, ``zero`` or ``span``, or as the ``room`` around the unit."""
        if port not in (*PORTS, "room"):
            raise ValueError(f"port {port!r}: expected one of {', '.join(PORTS)}, room")
        self._sources[port] = source
        source.on_change(self.cell)
        self.cell.gas_changed(0)

    @property
    def open_port(self) -> str:
        """Where the gas really comes from: the valve may be stuck, or the sample port be fed from outside."""
        return "span" if self._valve == "sample" and self.hidden.outer_valve_open else self._valve

    def inlet(self, first: int, last: int) -> Gas:
        """Gas at the open port; a port without a line draws room air."""
        return self._sources.get(self.open_port, self._sources["room"]).gas(first, last)

    def room(self, first: int, last: int) -> Gas:
        """The air around the unit."""
        return self._sources["room"].gas(first, last)

    def leak(self) -> float:
        """Part of the gas in the cell that is room air: by the leak behind the valves, and by the filter's holder."""
        before = self.hidden.sample_leak_fraction if self.open_port == "sample" else 0.0
        return 1.0 - (1.0 - super().leak()) * (1.0 - before) if before > 0.0 else super().leak()

    def demand_at(self, port: str, first: int, last: int) -> FloatArray:
        """Flow drawn at ``port``, L/min, grid points ``first`` to ``last`` (exclusive)."""
        self._draw(last)
        flow = np.zeros(last - first)
        standing = max(0, bisect_right(self._demand, first, key=_since) - 1)
        for index, open_port, drawn in self._demand[standing:]:
            if index < last:
                flow[max(0, index - first) :] = drawn if open_port == port else 0.0
        return flow

    def on_demand_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the flow drawn changes."""
        self._demand_listeners.append(listener)

    def _inlet_lpm(self, second: int) -> float:
        """Flow drawn at the open port: what the leak lets in does not come through it."""
        return 0.0 if self.capped else self.flow_lpm(second) * (1.0 - self.leak())

    def _draw(self, last: int) -> None:
        """Note what is drawn at each day's beginning up to grid point ``last``: the pump ages from day to day."""
        while (day := (self._demand[-1][0] // DAY_S + 1) * DAY_S) < last:
            self._demand.append((day, self.open_port, self._inlet_lpm(day)))

    # -- what a change does ---------------------------------------------------------------------------------------

    def apply(self, t_us: int, command: Command) -> None:
        """As any unit; ``inlet_cap`` puts a cap on the open port, or takes it off: hands do it, no log knows of it."""
        if command.name != "inlet_cap":
            super().apply(t_us, command)
            return
        if not isinstance(command.value, bool):
            raise Refused("invalid", "inlet_cap is true or false")
        if command.value != self.capped:
            self._cut(t_us, physical=True)
            self.capped = command.value
            self.recompute(t_us)

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go; lines at closed ports are kept up to date too."""
        super().advance(until_us)
        point = until_us // GRID_US
        for source in self._sources.values():
            source.gas(point, point + 1)

    def settle(self, t_us: int) -> None:
        """Compute cell and steps until ``t_us``."""
        self.cell.ensure(t_us // GRID_US + 1)
        self._draw(t_us // GRID_US + 1)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """Gas in the cell and all after it are computed anew; whoever supplies gas hears of another demand."""
        if not self.hidden.valve_stuck:
            self._valve = str(self.settings["gas_mode"])
        if not self.hidden.display_hung:
            self._held = {}
        elif not self._held:
            step, moment = max(t_us // (self.step_s * GRID_US) - 1, 0), self.moment(t_us)
            self._held = {name: float(self.shown(name, step, step + 1, moment)[0]) for name in self.reported()}
        super().recompute(t_us)
        point = t_us // GRID_US + 1
        while len(self._demand) > 1 and self._demand[-1][0] >= point:
            del self._demand[-1]  # what was foreseen
        drawn = (point, self.open_port, self._inlet_lpm(point))
        moved = drawn[1:] != self._demand[-1][1:]
        if moved:
            self._demand.append(drawn)
            while len(self._demand) > 1 and self._demand[1][0] < point - _KEPT_S:
                del self._demand[0]
        self.cell.gas_changed(point)
        if moved:
            for listener in self._demand_listeners:
                listener.gas_changed(point)

    def changes_physics(self, setting: str) -> bool:
        """Coefficients, backgrounds and what only the display does leave gas and detector alone."""
        return super().changes_physics(setting) and setting not in self._calibrating

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Background or coefficient that makes the present averaged reading 0 or the span target."""
        quantity, channel = self.calibrations[name]
        last = max(t_us // (self.step_s * GRID_US) - 1, 0)
        shown = float(self.corrected(quantity, last, last + 1, self.moment(t_us))[0])
        if name == channel.calibrate_zero:
            setting, found = channel.background, self.zeroed(shown, channel)
        else:
            setting = channel.coefficient
            found = self.spanned(shown, self.number("span_concentration"), channel)
        return {setting: self.checked(setting, round(found, 4))}

    # -- what is seen ---------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """The measured components, each with its unit."""
        return dict.fromkeys(self.channels, UNIT_OF[self.gas])

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """A channel's reading."""
        return self.corrected(quantity, first, last, moment)

    def shown(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """As reported, with negative concentrations cut off where the setting says so, unless the display hangs."""
        if quantity in moment.held:
            return np.full(last - first, moment.held[quantity])
        values = self.report(quantity, first, last, moment)
        clips = moment.settings.get("clip_negatives", False) and quantity in (*self.channels, "no2")
        return np.maximum(values, 0.0) if clips else values

    def moment(self, until_us: int) -> Moment:
        """The unit as it stands, with the flow that it draws, and where its display hangs."""
        flow = {"inlet_flow": self._inlet_lpm(until_us // GRID_US)}
        return Moment(until_us, self.settings, self.powered, self.power_step, flow, self._held)

    def keeps_for_a_step(self, quantity: str) -> bool:
        """Gas at the inlet moves by the second."""
        return super().keeps_for_a_step(quantity) and not quantity.startswith("inlet_")

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Also the gas at the open port (``inlet_so2``, ...), and whether the unit still warms up."""
        if quantity.startswith("inlet_") and quantity not in moment.standing:
            point = t_us // GRID_US
            return float(self.inlet(point, point + 1).fractions[Species[quantity[6:].upper()], 0])
        if quantity == "warming_up":
            return self._warming_up(t_us, moment)
        return super().observe(t_us, moment, quantity)

    def _warming_up(self, t_us: int, moment: Moment) -> bool:
        """After power on, until all temperatures are inside their limits; a hot box later on is an alarm only."""
        since_s = t_us / GRID_US - moment.power_step * self.step_s
        if not moment.powered or since_s > 10.0 * self.entry.parameter("warm_up_time"):
            return False
        return any(alarm.split(":")[0].endswith("_temp") for alarm in self.alarms(t_us, moment))


def _since(demand: tuple[int, str, float]) -> int:
    """The grid point from which on a demand stands, for searching."""
    return demand[0]


def span_share(present: float, target: float) -> float:
    """Return ``target / present``. Raises Refused where there is nothing to be spanned."""
    if present <= 0.0:
        raise Refused("wrong settings", "there is no span gas")
    return target / present
