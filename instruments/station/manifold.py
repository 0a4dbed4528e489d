"""The sampling manifold: a heated pipe from the roof to the analyzers, drawn through by a blower.

Outside air -> what is done to it at the inlet -> the duct with its wall and its film of water -> the analyzers' tubes,
which draw from :attr:`Manifold.outlet`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
from pydantic import Field

from instruments.air import FloatArray, GasListener
from instruments.atmosphere import Site
from instruments.device import Value
from instruments.filters import lag
from instruments.plumbing import PRESSURE, TEMPERATURE
from instruments.signal import WhiteNoise
from instruments.station.duct import Duct
from instruments.station.film import Film, Row
from instruments.station.inlet import Inlet
from instruments.station.minutes import MINUTE_S
from instruments.station.moisture import humidity_pct
from instruments.steps import SECOND_US, Hidden
from instruments.unit import Unit

_MINUTE_US = MINUTE_S * SECOND_US
_DIFFUSING_LPM = 0.05
"""What goes through without any flow, L/min: diffusion, draught. This project's choice."""


class Draws(Protocol):
    """Something that draws from the manifold: an analyzer at one of its ports."""

    def demand_at(self, port: str, first: int, last: int) -> FloatArray:
        """Return the flow drawn at ``port``, L/min, grid points ``first`` to ``last`` (exclusive)."""
        ...

    def on_demand_change(self, listener: GasListener) -> None:
        """Call ``listener.gas_changed(k)`` whenever the demand from grid index k on is no longer what it was."""
        ...


class ManifoldHidden(Hidden):
    """What is wrong with a manifold, and what is done to its inlet.

    Attributes:
        blower: flow of the blower over that of a new one; 0: it stands still.
        heater: power of the jacket heater over that of a good one.
        draught_c: how much colder than the room the air conditioner's draught keeps the pipe.
        leak_fraction: part of what comes out that is air of the room, drawn in at a joint.
        dirt: dirt on the wall, 0 clean to 1 never cleaned.
        inlet_blockage: part of the inlet's cross-section that is stopped (leaves, a nest, cloth).
        rain_ingress: part of the rain that gets in: the rain cap is missing.
        gauze: a wet or dirty gauze over the inlet, 0 to 1.
        mist: a mist cannon at the inlet, 0 to 1.
        filtered_air: part of what enters that has been sent through activated carbon.
        tempered_air: part of what enters that is air of the room.
        temperature_sensor_error_c: error of the wall's sensor, by which the heater is controlled too.
    """

    blower: float = Field(default=1.0, ge=0.0, le=2.0)
    heater: float = Field(default=1.0, ge=0.0, le=1.0)
    draught_c: float = Field(default=0.0, ge=0.0, le=20.0)
    leak_fraction: float = Field(default=0.0, ge=0.0, le=1.0)
    dirt: float = Field(default=0.0, ge=0.0, le=1.0)
    inlet_blockage: float = Field(default=0.0, ge=0.0, le=1.0)
    rain_ingress: float = Field(default=0.0, ge=0.0, le=1.0)
    gauze: float = Field(default=0.0, ge=0.0, le=1.0)
    mist: float = Field(default=0.0, ge=0.0, le=1.0)
    filtered_air: float = Field(default=0.0, ge=0.0, le=1.0)
    tempered_air: float = Field(default=0.0, ge=0.0, le=1.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-40.0, le=40.0)


class Manifold(Unit):
    """The pipe with its sensors. Analyzers draw from :attr:`outlet`."""

    fed = False
    step_s = 10
    hidden_model = ManifoldHidden
    hidden: ManifoldHidden
    diagnostics = ("temperature", "flow", "residence_time", "static_pressure", "humidity")
    diagnostic_units: ClassVar[Mapping[str, str]] = {"static_pressure": "Pa"}
    actions = ("clean",)
    firmware = "1.0"
    outlet: Duct

    def place(self, site: Site) -> None:
        """Draw from ``site.outside``, hang in ``site.room``."""
        bore, length = self.entry.parameter("bore"), self.entry.parameter("length")
        self.volume_l = 1000.0 * 0.25 * math.pi * bore**2 * length
        self.wall_m2 = math.pi * bore * length
        self._consumers: list[tuple[Draws, str]] = []
        self._noise = WhiteNoise(self.seed, f"{self.name}/flow")
        self.inlet = Inlet(self, site)
        self.film = Film(self, site, self.inlet)
        self.outlet = Duct(self, site, self.inlet, self.film)
        super().place(site)

    def add_consumer(self, consumer: Draws, port: str) -> None:
        """Let ``consumer`` draw through its ``port``; what has been computed is void."""
        self._consumers.append((consumer, port))
        consumer.on_demand_change(self)
        self.gas_changed(0)

    def gas_changed(self, index: int) -> None:
        """Air outside or inside, or what is drawn, is no longer what it was from second ``index`` on."""
        super().gas_changed(index)
        self._void(index, index // MINUTE_S)

    def settle(self, t_us: int) -> None:
        """Compute gas and wall until ``t_us``."""
        second = t_us // SECOND_US + 1
        self.film.ensure(t_us // _MINUTE_US)
        self.outlet.ensure(second)
        self.inlet.ensure(second)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """Gas is computed anew from ``t_us`` on, the water on the wall from its minute on."""
        super().recompute(t_us)
        self._void(t_us // SECOND_US + 1, t_us // _MINUTE_US)

    def _void(self, second: int, minute: int) -> None:
        self.inlet.gas_changed(second)
        self.film.forget(minute)
        self.outlet.gas_changed(second)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Cleaning takes all dirt, and what stops the inlet; it changes no setting."""
        self.hidden = self.hidden.model_copy(update={"dirt": 0.0, "inlet_blockage": 0.0})
        return {}

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go."""
        super().advance(until_us)
        second = until_us // SECOND_US
        self.outlet.gas(second, second + 1)

    # -- what pipe and film ask -----------------------------------------------------------------------------------

    def flow_lpm(self, first: int, last: int) -> FloatArray:
        """Flow through the pipe, L/min, seconds ``first`` to ``last``."""
        hidden = self.hidden
        blown = self.entry.parameter("blower_flow") * hidden.blower * (1.0 - 0.7 * hidden.inlet_blockage)
        seconds = np.arange(first + 1, last + 1, dtype=np.float64)
        flow = blown * self.wear.share("blower", seconds) if self.powered else np.zeros(last - first)
        for consumer, port in self._consumers:
            flow = flow + consumer.demand_at(port, first, last)
        return np.maximum(flow, _DIFFUSING_LPM)

    def nominal_flow_lpm(self, first: int, last: int) -> FloatArray:
        """Flow at the ends of minutes ``first`` to ``last``."""
        return self.flow_lpm(first * MINUTE_S, last * MINUTE_S)[MINUTE_S - 1 :: MINUTE_S]

    def suction_pa(self, flow_lpm: FloatArray) -> FloatArray:
        """How far the pressure in the pipe lies below that outside, Pa, at ``flow_lpm``: by the square of the flow."""
        ratio = flow_lpm / self.entry.parameter("blower_flow")
        harder = 1.0 + self.entry.parameter("blockage_suction") * self.hidden.inlet_blockage
        return np.asarray(self.entry.parameter("suction") * harder * ratio**2)

    def wall_c(self, room_c: FloatArray, entering_c: FloatArray, before_c: float | None) -> FloatArray:
        """Temperature of the wall at the ends of minutes, ``before_c`` at the end of the one before the first.

        Args:
            room_c: the room's temperature at these ends.
            entering_c: that of the air that enters.
            before_c: None before the epoch, when all stood as it is.
        """
        around = room_c - self.hidden.draught_c
        cold = around + self.entry.parameter("air_share") * (entering_c - around)
        wanted = self.number("set_temperature") - self.hidden.temperature_sensor_error_c
        heating = self.hidden.heater if self.powered and self.settings["heating"] else 0.0
        steady = cold + np.minimum(np.maximum(wanted - cold, 0.0), self.entry.parameter("heater_lift") * heating)
        if before_c is None:
            before_c = float(steady[0] if self.power_step < 0 else cold[0])
        decay = math.exp(-MINUTE_S / self.entry.parameter("warm_up_time"))
        return np.asarray(lag(steady[None, :], np.array([before_c]), decay)[0])

    # -- what its sensors see -------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the ten-second steps."""
        begin, end = first * self.step_s, last * self.step_s
        ends = slice(self.step_s - 1, None, self.step_s)
        gas = self.outlet.values(begin, end)[:, ends]
        flow = self.flow_lpm(begin, end)[ends]
        suction = self.suction_pa(flow)
        wall = self.film.by_second(Row.WALL_C, begin, end)[ends]
        noise = 1.0 + self.entry.parameter("flow_noise") * self._noise.values(first, last)
        return np.array([
            np.round(wall + self.hidden.temperature_sensor_error_c, 1),
            np.round(flow * noise, 1),
            np.round(self.volume_l * 60.0 / (flow * noise), 1),
            np.round(-suction * noise, 0),
            np.round(humidity_pct(gas[5], gas[TEMPERATURE], gas[PRESSURE]), 1),
        ])  # fmt: skip
