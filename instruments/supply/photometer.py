"""An ozone standard (Thermo 49i-PS): a two-cell photometer with an ozonator of its own.

It measures what comes to its sample port (a calibrator's ozone), or makes ozone in zero air, measures it and offers it
to others at :attr:`OzoneStandard.outlet`. What it reads is the value to go by; the lamp is held by its own light, so
what it makes is near its setting only.
"""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from instruments.air import FloatArray, Gas, GasListener, GasSource, Species
from instruments.atmosphere import Site
from instruments.device import Command
from instruments.errors import Refused
from instruments.filters import first_order, lag
from instruments.gas.detector import DAY_S
from instruments.gas.hidden import O3Hidden
from instruments.gas.o3 import O3Analyzer
from instruments.history import ROWS, GasSeries, put
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck, interpolated
from instruments.supply.generator import ZeroAirGenerator
from instruments.supply.zero_air import ZeroAir, ZeroSource

_COUNT = len(Species)
_DOSE, _OZONE, _OFFERED = ROWS, ROWS, ROWS + 1
_CONDITIONED = 4000.0
"""nmol/mol min of ozone that take the wall loss to 1/e: 20 min at 200 nmol/mol (this project's choice)."""
_FORGOTTEN_S = 2 * 86400.0
"""How long walls remember ozone (this project's choice)."""
_LAMP_TIME_S = 300.0
_HEADROOM = 1.25
"""Strongest ozone of a new lamp over the highest setting (this project's choice)."""


class StandardHidden(O3Hidden):
    """What is wrong with an ozone standard, beside what can be with any photometer.

    Attributes:
        ozonator_error_pct: how far the ozone made lies from the setting.
        ozone_lamp_fraction: light of the ozone lamp over that of a new one.
        ozone_fluctuation_pct: fluctuation of the ozone made, two standard deviations, % of it.
        ozone_wall_loss_pct: ozone lost in lines and cells that have seen none for long.
        ozone_line_loss_pct: ozone lost on dirt before the cells, always.
    """

    ozonator_error_pct: float = Field(default=0.0, gt=-100.0, le=1000.0)
    ozone_lamp_fraction: float = Field(default=1.0, gt=0.0, le=1.5)
    ozone_fluctuation_pct: float = Field(default=0.3, ge=0.0, le=100.0)
    ozone_wall_loss_pct: float = Field(default=2.0, ge=0.0, le=100.0)
    ozone_line_loss_pct: float = Field(default=0.0, ge=0.0, le=100.0)


class OzonatorOutlet(GasSeries):
    """Ozone in zero air, as the standard makes it: a supply for a vented manifold."""

    def __init__(self, unit: OzoneStandard) -> None:
        super().__init__(extra_rows=2)
        self._unit = unit
        self._lamp = OrnsteinUhlenbeck(unit.seed, f"{unit.name}/ozone", _LAMP_TIME_S)

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """What is left for others, L/min: the standard's own cells take their part first."""
        offered: FloatArray = self.values(first, last)[_OFFERED]
        return offered

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        unit = self._unit
        before = None if self.history.stop == 0 else self.history.last()
        rows[:_COUNT] = unit.zero_air.fractions(first, last)
        goal = max(unit.ozone_goal(first), 1e-30)
        start = np.array([goal if before is None else before[_OZONE]])
        decay = math.exp(-1.0 / unit.entry.parameter("ozone_settling"))
        rows[_OZONE] = lag(np.full((1, last - first), goal), start, decay)[0]
        wander = unit.hidden.ozone_fluctuation_pct / 200.0 * interpolated(self._lamp, first, last, MINUTE_S)
        rows[Species.O3] += rows[_OZONE] * (1.0 + wander)
        rows[_OFFERED] = unit.spare_lpm(first)
        room = unit.room(first, last)
        rows[_COUNT], rows[_COUNT + 1] = room.temperature_c, room.pressure_hpa


class ZeroDraw:
    """What a standard draws of a zero-air generator: its output, while it makes zero air or ozone."""

    def __init__(self, unit: OzoneStandard) -> None:
        self._unit = unit

    def zero_lpm(self, first: int, last: int) -> FloatArray:
        """Flow asked for, L/min, by the second."""
        made = self._unit.demand_at("zero", first, last) + self._unit.demand_at("span", first, last)
        return np.where(made > 0.0, self._unit.entry.parameter("output_flow"), 0.0)

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when it changes."""
        self._unit.on_demand_change(listener)


class Intake(GasSeries):
    """Gas after the lines inside: ozone is lost there until the walls have had their fill of it."""

    def __init__(self, unit: OzoneStandard) -> None:
        super().__init__(extra_rows=1)
        self._unit = unit

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        unit = self._unit
        put(rows, unit.at_port(first, last))
        fresh = 20.0 * _CONDITIONED if unit.warm_at_start else 0.0
        dose = np.array([fresh if self.history.stop == 0 else self.history.last()[_DOSE]])
        rows[_DOSE] = first_order((rows[Species.O3] / 60.0)[None], dose, math.exp(-1.0 / _FORGOTTEN_S))[0]
        rows[Species.O3] *= 1.0 - unit.hidden.ozone_wall_loss_pct / 100.0 * np.exp(-rows[_DOSE] / _CONDITIONED)
        rows[Species.O3] *= 1.0 - unit.hidden.ozone_line_loss_pct / 100.0


class OzoneStandard(O3Analyzer):
    """A photometer with an ozonator. Arguments as :class:`~instruments.unit.Unit`."""

    hidden_model = StandardHidden
    hidden: StandardHidden

    def _equip(self) -> None:
        super()._equip()
        self.zero_air: ZeroSource = ZeroAir()
        self._check_ozone(self.number("ozone"))
        self.intake = Intake(self)
        self.intake.on_change(self.cell)
        self.outlet = OzonatorOutlet(self)
        for port in ("zero", "span"):
            self._sources[port] = self.outlet
        self.outlet.on_change(self.intake)
        self.made = (self.outlet, self.intake)

    def connect(self, port: str, source: GasSource) -> None:
        """Connect what is measured to ``sample``, or the ``room`` around; zero air goes to :meth:`connect_zero_air`."""
        if port not in ("sample", "room"):
            raise ValueError(f"port {port!r}: expected sample or room")
        self._sources[port] = source
        source.on_change(self.intake)
        if port == "room":
            source.on_change(self.outlet)
            self.outlet.gas_changed(0)
        self.intake.gas_changed(0)

    def place(self, site: Site) -> None:
        """Stand in the shelter; nothing hangs at the sample port, so it draws the room's air."""
        self.connect("room", site.room)
        self.connect("sample", site.room)

    def connect_zero_air(self, generator: ZeroAirGenerator) -> None:
        """Make ozone in what ``generator`` gives."""
        self.zero_air = generator.outlet
        generator.serve(ZeroDraw(self))
        generator.outlet.on_change(self.outlet)
        self.outlet.gas_changed(self.outlet.history.start)

    def spare_lpm(self, second: int) -> float:
        """Flow that the outlet offers beyond what the cells draw, L/min."""
        makes = self.powered and self.settings["gas_mode"] in ("zero", "span")
        return max(self.entry.parameter("output_flow") - self.flow_lpm(second), 0.0) if makes else 0.0

    def ozone_goal(self, second: int) -> float:
        """Ozone that the lamp settles at, nmol/mol. The lamp is as old as when the day began, or when it was lit."""
        if not self.powered or self.settings["gas_mode"] != "span":
            return 0.0
        most = (
            _HEADROOM * self.entry.parameter("ozone_high") * self.hidden.ozone_lamp_fraction * self._worn_lamp(second)
        )
        return min(self.number("ozone") * (1.0 + self.hidden.ozonator_error_pct / 100.0), most)

    def _worn_lamp(self, second: int) -> float:
        since = max(second // DAY_S * DAY_S, self.wear.since_s("o3_lamp"))
        return float(self.wear.share("o3_lamp", np.array([since]))[0])

    @property
    def open_port(self) -> str:
        """Where the gas comes from; ``open``, the room's air, while nothing is connected to the sample port."""
        port = super().open_port
        return "open" if port == "sample" and self.settings["sample_line"] == "open" else port

    def at_port(self, first: int, last: int) -> Gas:
        """Gas at the open port."""
        return super().inlet(first, last)

    def inlet(self, first: int, last: int) -> Gas:
        """Gas that enters the cells."""
        return self.intake.gas(first, last)

    def apply(self, t_us: int, command: Command) -> None:
        """As any analyzer. Refused: ozone that the ozonator cannot make."""
        if command.name == "ozone":
            value = self.checked("ozone", command.value)
            self._check_ozone(float(value))  # type: ignore[arg-type]
        super().apply(t_us, command)

    def _check_ozone(self, ozone: float) -> None:
        low = self.entry.parameter("ozone_low")
        if 0.0 < ozone < low:
            raise Refused("too low", f"ozone: {ozone:g} nmol/mol is below {low:g}")
