"""A zero-air generator: compressor, drier, Purafil, charcoal and CO oxidiser, each used up by what it takes.

What leaves is residual + what the medium let pass (physics.md section 2): c_i = r0_i + x_i (1 - E_i), with x_i what
reaches the medium and E_i = share / (1 + exp((used - 1) / width)), ``used`` the dose taken over the capacity. Purafil
turns NO into NO2, which the charcoal behind it has to take: spent charcoal lets NO2 pass, spent Purafil lets NO pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
from pydantic import Field

from instruments.air import FloatArray, Gas, GasListener, GasSource, Species
from instruments.atmosphere import Site
from instruments.device import Command
from instruments.filters import lag
from instruments.history import GasSeries
from instruments.signal import MINUTE_S, OrnsteinUhlenbeck
from instruments.steps import Hidden
from instruments.supply.moisture import dew_point
from instruments.supply.sequence import by_second, running, steps_of, summed
from instruments.unit import Unit

MEDIA = ("charcoal", "purafil", "oxidiser", "drier")
_COUNT = len(Species)
_RESIDUALS = ("so2", "no", "no2", "o3", "co", "h2o")
_SCRUBBED = [Species.SO2, Species.NO, Species.NO2, Species.O3, Species.PAN, Species.CO]
"""What a cartridge of fresh media behind the generator takes."""
_PER_CO = 1000.0
"""nmol/mol in a umol/mol."""


class Draws(Protocol):
    """Somebody who draws zero air."""

    def zero_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow asked for, L/min, seconds ``first`` to ``last`` (exclusive)."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` from which second on the flow is no longer what it was."""
        ...


class GeneratorHidden(Hidden):
    """What is wrong with this generator.

    Attributes:
        charcoal_used, purafil_used, oxidiser_used, drier_used: share of the medium's capacity that is gone beside what
            this unit's own hours and doses account for; 1 lets half of its gas pass.
        oxidiser_heat: heating of the CO oxidiser over what it needs.
        compressor_fraction: flow of the compressor over nominal.
        bypass_fraction: part of the air that leaks past all media.
        pressure_sensor_error_psi: error of the pressure gauge.
    """

    charcoal_used: float = Field(default=0.0, ge=0.0, le=100.0)
    purafil_used: float = Field(default=0.0, ge=0.0, le=100.0)
    oxidiser_used: float = Field(default=0.0, ge=0.0, le=100.0)
    drier_used: float = Field(default=0.0, ge=0.0, le=100.0)
    oxidiser_heat: float = Field(default=1.0, ge=0.0, le=1.2)
    compressor_fraction: float = Field(default=1.0, ge=0.0, le=1.0)
    bypass_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    pressure_sensor_error_psi: float = Field(default=0.0, ge=-150.0, le=150.0)


class ZeroAirOutlet(GasSeries):
    """What leaves the generator, by the second."""

    def __init__(self, generator: ZeroAirGenerator) -> None:
        super().__init__()
        self._generator = generator

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow that the compressor can deliver, L/min, seconds ``first`` to ``last``."""
        return self._generator.capacity_lpm(first, last)

    def fractions(self, first: int, last: int) -> FloatArray:
        """Return mole fractions, shape (len(Species), n)."""
        return self.gas(first, last).fractions

    def limit_lpm(self, first: int, last: int) -> FloatArray:
        """Return the flow beyond which there is no more zero air, L/min."""
        return self.offered_lpm(first, last)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        unit = self._generator
        given = unit.intake(first, last)
        low, high = steps_of(first, last, unit.step_s)
        table = unit.steps.values(low, high)[unit.passing_rows]
        charcoal, purafil, co, water = by_second(table, low, unit.step_s, first, last)
        mixed = rows[:_COUNT]
        mixed[:] = unit.residuals[:, None]
        air = given.fractions
        mixed[Species.SO2] += air[Species.SO2] * charcoal
        mixed[Species.O3] += air[Species.O3] * charcoal
        mixed[Species.NO] += air[Species.NO] * purafil
        mixed[Species.NO2] += (air[Species.NO2] + air[Species.NO] * (1.0 - purafil)) * charcoal
        mixed[Species.PAN] += air[Species.PAN] * charcoal
        mixed[Species.CO] += air[Species.CO] * co
        mixed[Species.H2O] += air[Species.H2O] * water
        bypass = unit.hidden.bypass_fraction
        if bypass > 0.0:
            mixed += bypass * (air - mixed)
        if unit.settings["extra_scrubber"]:
            mixed[_SCRUBBED] *= unit.scrubber_pass
        before = mixed[:, 0] if self.history.stop == 0 else self.history.last()[:_COUNT]
        rows[:_COUNT] = lag(mixed, before, unit.tank_decay)
        rows[_COUNT], rows[_COUNT + 1] = given.temperature_c, given.pressure_hpa


class ZeroAirGenerator(Unit):
    """A zero-air generator. Arguments as :class:`~instruments.unit.Unit`."""

    step_s = 60
    hidden_model = GeneratorHidden
    hidden: GeneratorHidden
    diagnostics = ("pressure", "reactor_temp", "dew_point", "flow")
    diagnostic_units: ClassVar[Mapping[str, str]] = {"flow": "L/min"}
    memory = (
        *(f"{medium}_dose" for medium in MEDIA), "pass_charcoal", "pass_purafil", "pass_co", "pass_h2o", "capacity",
    )  # fmt: skip
    firmware: ClassVar[str] = "1.0"

    def _equip(self) -> None:
        super()._equip()
        lives = {medium: self.entry.wear[medium].life_h for medium in MEDIA}
        self._used_at_epoch = {medium: self.wear.hours(0.0, medium) / lives[medium] for medium in MEDIA}
        self.residuals = np.zeros(_COUNT)  # of PAN nothing is known to come out
        for label in _RESIDUALS:
            self.residuals[Species[label.upper()]] = self.entry.parameter(f"residual_{label}")
        self.passing_rows = [self.rows[label] for label in ("pass_charcoal", "pass_purafil", "pass_co", "pass_h2o")]
        self.scrubber_pass = self.entry.parameter("extra_scrubber_pass")
        self.tank_decay = math.exp(-1.0 / self.entry.parameter("tank_time"))
        self._slow = {
            label: OrnsteinUhlenbeck(self.seed, f"{self.name}/{label}", 3600.0) for label in ("pressure", "reactor")
        }
        self._consumers: list[Draws] = []
        self._sources: dict[str, GasSource] = {}
        self.outlet = ZeroAirOutlet(self)
        self.made = (self.outlet,)

    # -- gas ------------------------------------------------------------------------------------------------------

    def place(self, site: Site) -> None:
        """Draw room or outside air, as the setting ``intake`` says."""
        self.connect("room", site.room)
        self.connect("outside", site.outside)

    def connect(self, port: str, source: GasSource) -> None:
        """Connect the air that is drawn when ``intake`` says ``room`` or ``outside``."""
        if port not in ("room", "outside"):
            raise ValueError(f"port {port!r}: expected room or outside")
        self._sources[port] = source
        source.on_change(self)
        self.gas_changed(0)

    def serve(self, consumer: Draws) -> None:
        """Let ``consumer`` draw zero air."""
        self._consumers.append(consumer)
        consumer.on_change(self)
        self.gas_changed(self.outlet.history.start)

    def intake(self, first: int, last: int) -> Gas:
        """The air drawn, seconds ``first`` to ``last``; the room's if the chosen one is not connected."""
        return self._sources.get(str(self.settings["intake"]), self._sources["room"]).gas(first, last)

    def capacity_lpm(self, first: int, last: int) -> FloatArray:
        """What the compressor can deliver, L/min, by the second."""
        low, high = steps_of(first, last, self.step_s)
        rows: FloatArray = self.steps.values(low, high)[self.rows["capacity"]]
        found: FloatArray = by_second(rows[None], low, self.step_s, first, last)[0]
        return found

    def gas_changed(self, index: int) -> None:
        """Air drawn, or flow asked for, from second ``index`` on are no longer what they were."""
        super().gas_changed(index)
        self.outlet.gas_changed(index)

    # -- what a change does ---------------------------------------------------------------------------------------

    def apply(self, t_us: int, command: Command) -> None:
        """As any unit; a new medium has taken nothing yet."""
        part = self.wear.action(command.name)
        if part in MEDIA:
            self.settle(t_us)
            self.restart(f"{part}_dose", self.step_at(t_us), 0.0)
        super().apply(t_us, command)

    # -- physics --------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Doses, what passes, pressure, temperature and dew point of the minutes ``first`` to ``last``."""
        figures, hidden = self.entry.parameter, self.hidden
        begin, end = first * self.step_s, last * self.step_s
        given = self.intake(begin, end)
        air = given.fractions[:, self.step_s - 1 :: self.step_s]
        compressor = self.share("compressor", first, last) * hidden.compressor_fraction
        capacity = figures("flow_capacity") * compressor * float(self.powered)
        asked = np.zeros(last - first)
        for consumer in self._consumers:
            asked += summed(consumer.zero_lpm(begin, end), self.step_s) / self.step_s
        flow = np.minimum(asked, capacity)
        litres = flow * self.step_s / 60.0
        doses, passing = {}, {}

        def work(medium: str, load: FloatArray) -> None:
            capacity_of = figures(f"{medium}_capacity")
            start = self.before(f"{medium}_dose", first, self._used_at_epoch[medium])
            doses[medium] = running(start, litres * load / capacity_of)
            before = np.concatenate(([start], doses[medium][:-1]))
            used = before + getattr(hidden, f"{medium}_used")
            exhausted = 1.0 / (1.0 + np.exp(np.minimum((used - 1.0) / figures("exhaustion_width"), 700.0)))
            passing[medium] = 1.0 - self.share(medium, first, last) * exhausted

        work("purafil", air[Species.NO] + air[Species.SO2])
        no_as_no2 = air[Species.NO] * (1.0 - passing["purafil"])
        work("charcoal", air[Species.SO2] + air[Species.O3] + air[Species.NO2] + no_as_no2)
        work("oxidiser", air[Species.CO] * _PER_CO)
        work("drier", air[Species.H2O])
        room_c = self._sources["room"].gas(begin, end).temperature_c[self.step_s - 1 :: self.step_s]
        warm = self.warmth(first, last)
        wobble = {label: path.values(first * self.step_s // MINUTE_S, last * self.step_s // MINUTE_S)
                  for label, path in self._slow.items()}  # fmt: skip
        reactor = room_c + (figures("reactor_temp") - room_c) * warm * hidden.oxidiser_heat + 0.5 * wobble["reactor"]
        lit = 1.0 / (1.0 + np.exp((figures("light_off_temp") - reactor) / figures("light_off_width")))
        passing["oxidiser"] = 1.0 - (1.0 - passing["oxidiser"]) * lit
        water = self.residuals[Species.H2O] + air[Species.H2O] * passing["drier"]
        water = water + hidden.bypass_fraction * (air[Species.H2O] - water)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(asked > capacity, capacity / np.maximum(asked, 1e-9), 1.0)
        on = np.where(capacity > 0.0, 1.0, 0.0)
        pressure = figures("pressure") * ratio * on + 0.2 * wobble["pressure"] * on + hidden.pressure_sensor_error_psi
        rows = np.empty((len(self.rows), last - first))
        found = {
            "pressure": self._quantised("pressure", pressure),
            "reactor_temp": self._quantised("reactor_temp", reactor),
            "dew_point": self._quantised("dew_point", dew_point(water)),
            "flow": flow,
            **{f"{medium}_dose": dose for medium, dose in doses.items()},
            "pass_charcoal": passing["charcoal"], "pass_purafil": passing["purafil"],
            "pass_co": passing["oxidiser"], "pass_h2o": passing["drier"], "capacity": capacity,
        }  # fmt: skip
        for label, values in found.items():
            rows[self.rows[label]] = values
        return rows

    def _quantised(self, label: str, values: FloatArray) -> FloatArray:
        step = self.entry.parameter(f"{label}_step")
        return np.asarray(np.round(values / step) * step)
