"""A gas analyzer: its ports and what it draws, averaging, coefficient and background, calibration, warm-up.

Gas is followed on the one-second grid up to the cell. The detector gives one raw value per channel and ten-second step;
the firmware averages the last steps and applies coefficient and background:
reported = coefficient x averaged - background.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import GRID_US, UNIT_OF, FloatArray, Gas, GasListener, GasSource, Species
from instruments.atmosphere import Site
from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import Refused
from instruments.gas.detector import Detector, raw
from instruments.gas.stages import STEP_S, STEP_US, Surroundings
from instruments.steps import Hidden, Moment
from instruments.wear import Service

PORTS = ("sample", "zero", "span")
_KEPT_S = 26 * 3600
_ENDINGS = ("_bkg", "_coef")
CALIBRATE = "calibrate_"


class PointAnalyzer(Detector):
    """A gas analyzer with sample, zero and span ports. Arguments as :class:`~instruments.unit.Unit`."""

    firmware = "01.06.00"
    report_only: ClassVar[frozenset[str]] = frozenset(
        {"mode", "gas_unit", "averaging_time", "range_mode", "span_concentration", "instrument_id"}
    )

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str = "",
        settings: Mapping[str, Value] | None = None, hidden: Hidden | None = None, warm: bool = True,
        service: Service | None = None,
    ) -> None:  # fmt: skip
        super().__init__(entry, name, seed, serial=serial, settings=settings, hidden=hidden, warm=warm, service=service)
        # An analyzer's own calibration: each background and coefficient that it reports with can be made by it.
        self.actions = tuple(
            CALIBRATE + key for key in self.settings
            if key.endswith(_ENDINGS) and key.rpartition("_")[0] in self.reported()
        )  # fmt: skip
        self._sources: dict[str, GasSource] = {}
        self._demand: list[tuple[int, str, float]] = [(0, str(self.settings["gas_mode"]), self._inlet_lpm())]
        self._demand_listeners: list[GasListener] = []

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

    # -- what a change does ---------------------------------------------------------------------------------------

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go; lines at closed ports are kept up to date too."""
        super().advance(until_us)
        point = until_us // GRID_US
        for source in self._sources.values():
            source.gas(point, point + 1)

    def settle(self, t_us: int) -> None:
        """Compute cell and steps until ``t_us``."""
        self.cell.ensure(t_us // GRID_US + 1)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """Gas in the cell and all after it are computed anew; whoever supplies gas hears of another demand."""
        super().recompute(t_us)
        point = t_us // GRID_US + 1
        drawn = (point, str(self.settings["gas_mode"]), self._inlet_lpm())
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
        return super().changes_physics(setting) and not setting.endswith(_ENDINGS)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Background or coefficient that makes the present averaged reading 0 or the span target."""
        setting = name.removeprefix(CALIBRATE)
        channel, _, what = setting.rpartition("_")
        last = max(t_us // STEP_US - 1, 0)
        shown = float(self.report(channel, last, last + 1, self.moment(t_us))[0])
        background = self.number(f"{channel}_bkg") if f"{channel}_bkg" in self.settings else 0.0
        if what == "bkg":
            return {setting: self.checked(setting, round(shown + background, 4))}
        present = (shown + background) / self.number(setting)
        if present <= 0.0:
            raise Refused("wrong settings", "there is no span gas")
        target = self.number("span_concentration") + background
        return {setting: self.checked(setting, round(target / present, 4))}

    # -- what is seen ---------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """The measured components, each with its unit."""
        return dict.fromkeys(self.channels, UNIT_OF[self.gas])

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Coefficient x averaged - background."""
        coefficient, background = moment.settings[f"{quantity}_coef"], moment.settings[f"{quantity}_bkg"]
        averaged = self._averaged(first, last, moment, quantity)
        return np.asarray(float(coefficient) * averaged - float(background))  # type: ignore[arg-type]

    def _averaged(self, first: int, last: int, moment: Moment, channel: str) -> FloatArray:
        """Means of the raw steps within the averaging time, summed oldest first; fewer right after power on."""
        window = max(1, int(moment.settings["averaging_time"]) // STEP_S)  # type: ignore[arg-type]
        row = self.rows[raw(channel)]
        oldest = max(0, moment.power_step)
        if last - first == 1:
            begin = max(first + 1 - window, min(oldest, first))
            total = 0.0
            for value in self.steps.values(begin, last)[row].tolist():
                total += value
            return np.array([total / (last - begin)])
        begin = max(0, first + 1 - window)
        values = self.steps.values(begin, last)[row]
        steps = np.arange(first, last)
        total_of = np.zeros(last - first)
        for back in range(window - 1, -1, -1):
            # Steps before the power came, or before the epoch, are not there to be averaged.
            there = (steps - back >= oldest) | (back == 0)
            total_of = np.where(there, total_of + values[np.maximum(steps - back - begin, 0)], total_of)
        count = np.minimum(window, np.maximum(steps + 1 - oldest, 1))
        return np.asarray(total_of / count)

    def standing(self) -> Mapping[str, Value]:
        """The flow that the unit draws."""
        return {"inlet_flow": self._inlet_lpm()}

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
        since_s = t_us / GRID_US - moment.power_step * STEP_S
        if not moment.powered or since_s > 10.0 * self.entry.parameter("warm_up_time"):
            return False
        return any(alarm.split(":")[0].endswith("_temp") for alarm in self.alarms(t_us, moment))
