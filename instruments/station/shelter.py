"""The shelter: the room that the instruments stand in, as a device with its sensors and as the gas around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
from pydantic import Field

from instruments.air import FloatArray, GasListener
from instruments.atmosphere import Site
from instruments.device import Value
from instruments.folding import HIGHEST, Fold
from instruments.plumbing import PRESSURE, TEMPERATURE
from instruments.signal import OrnsteinUhlenbeck, interpolated
from instruments.station.climate import Climate, Mode, Row
from instruments.station.minutes import MINUTE_S
from instruments.station.moisture import humidity_pct
from instruments.station.room import Composition, Room, Spill, Vent
from instruments.steps import SECOND_US, Hidden
from instruments.unit import Unit

_MINUTE_US = MINUTE_S * SECOND_US


class ShelterHidden(Hidden):
    """What is wrong with a shelter.

    Attributes:
        ac_capacity: power of the air conditioner over that of a good one; 0: its compressor is dead.
        thermostat_error_c: what its thermostat reads too high.
        heat_factor: heat of the instruments over the catalogue's.
        wall_factor: heat through the walls over that of sound ones (wet insulation, a gap).
        door_open: how far the door stands open, 0 to 1.
        dehumidifier, humidifier: what they move over that of good ones.
        vent_into_room: part of what the calibration system's vents spill that stays inside (a vent line has come off).
        temperature_sensor_error_c, humidity_sensor_error_pct: errors of the room's sensors.
    """

    ac_capacity: float = Field(default=1.0, ge=0.0, le=2.0)
    thermostat_error_c: float = Field(default=0.0, ge=-30.0, le=30.0)
    heat_factor: float = Field(default=1.0, ge=0.0, le=10.0)
    wall_factor: float = Field(default=1.0, gt=0.0, le=20.0)
    door_open: float = Field(default=0.0, ge=0.0, le=1.0)
    dehumidifier: float = Field(default=1.0, ge=0.0, le=5.0)
    humidifier: float = Field(default=1.0, ge=0.0, le=5.0)
    vent_into_room: float = Field(default=0.0, ge=0.0, le=1.0)
    temperature_sensor_error_c: float = Field(default=0.0, ge=-60.0, le=60.0)
    humidity_sensor_error_pct: float = Field(default=0.0, ge=-100.0, le=100.0)


class HeatSource(Protocol):
    """What feeds the instruments: it knows how much of their load has power."""

    def fed_share(self, first: int, last: int) -> FloatArray:
        """Return the share of the load that is fed, minutes ``first`` to ``last`` (exclusive)."""
        ...

    def on_change(self, listener: GasListener) -> None:
        """Call ``listener.gas_changed(second)`` whenever the share from that second on is no longer what it was."""
        ...


class Shelter(Unit):
    """A container or hut with racks, an air conditioner, a dehumidifier, a humidifier, and sensors for people.

    The climate goes by the minute: a command acts from the minute under way, and is felt from the next one on.
    Its own power is that of air conditioner and driers; the instruments' heat comes from what feeds them.
    """

    step_s = 10
    hidden_model = ShelterHidden
    indoors = False
    hidden: ShelterHidden
    diagnostics = (
        "temperature", "humidity", "ac_state", "ac_power", "drier_state", "door",
    )  # fmt: skip
    diagnostic_units: ClassVar[Mapping[str, str]] = {"ac_state": "1", "ac_power": "W", "drier_state": "1", "door": "1"}
    folds: ClassVar[Mapping[str, Fold]] = {"door": HIGHEST}
    report_only = frozenset({"instrument_id"})
    firmware = "1.0"
    room: Room

    def _equip(self) -> None:
        super()._equip()
        self.tripped = -1  # minute of the last loss of power
        self.volume_m3 = self.entry.parameter("volume")
        self.vents: list[Vent] = []
        self._heat: HeatSource | None = None
        self._wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/sensor", 1800.0)

    def place(self, site: Site) -> None:
        """Stand in ``site.outside``; the site's own room is not looked at: this is the room."""
        self.climate = Climate(self, site)
        self.composition = Composition(self, site)
        self.unspoilt = Composition(self, site, spills=False)
        self.room_of_supplies = Room(self, site, self.climate, self.unspoilt)
        self.room = Room(self, site, self.climate, self.composition, as_warm_as=self.room_of_supplies)
        super().place(site)

    def add_vent(self, vent: Vent) -> None:
        """Let ``vent`` spill into the room as far as ``hidden.vent_into_room`` says."""
        self.vents.append(vent)
        vent.on_change(Spill(self))
        self.gas_changed(0)

    def heated_by(self, source: HeatSource) -> None:
        """Let the instruments' heat follow what ``source`` feeds."""
        self._heat = source
        source.on_change(self)
        self.gas_changed(0)

    def gas_changed(self, index: int) -> None:
        """What is outside, or heats, is no longer what it was from second ``index`` on."""
        super().gas_changed(index)
        self._void(index, index // MINUTE_S)

    def settle(self, t_us: int) -> None:
        """Compute everything until the minute of ``t_us``."""
        minute = t_us // _MINUTE_US
        self.climate.ensure(minute)
        self.composition.ensure(minute)
        self.unspoilt.ensure(minute)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """The minute of ``t_us`` is to be computed anew; it is felt from the next one on."""
        super().recompute(t_us)
        minute = t_us // _MINUTE_US
        self._void((minute + 1) * MINUTE_S, minute)

    def _void(self, second: int, minute: int) -> None:
        self.climate.forget(minute)
        self.unspoilt.forget(minute)
        self.room_of_supplies.gas_changed(second)
        self.spilled(second, minute)

    def spilled(self, second: int, minute: int) -> None:
        """What the vents spill is no longer what it was from ``second`` on."""
        self.composition.forget(minute)
        self.room.gas_changed(second)

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us``, also the room of which nobody asks, and let old history go."""
        super().advance(until_us)
        second = until_us // SECOND_US
        self.room.gas(second, second + 1)
        self.room_of_supplies.gas(second, second + 1)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """A dip, however short, stops the compressor; settings survive."""
        if not self.powered:
            self.tripped = t_us // _MINUTE_US
        return {}

    # -- what the climate asks ------------------------------------------------------------------------------------

    def exchange_per_s(self) -> float:
        """Exchange of the room's air with the outside, per second."""
        per_hour = self.entry.parameter("air_exchange") + self.hidden.door_open * self.entry.parameter("door_exchange")
        return per_hour / 3600.0

    def heat_w(self, first: int, last: int) -> FloatArray:
        """Heat of the instruments, W, minutes ``first`` to ``last``."""
        heat = np.full(last - first, self.entry.parameter("instrument_heat") * self.hidden.heat_factor)
        return heat if self._heat is None else heat * self._heat.fed_share(first, last)

    # -- what its sensors see -------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the ten-second steps."""
        begin, end = first * self.step_s, last * self.step_s
        at = slice(self.step_s - 1, None, self.step_s)
        room = self.room.values(begin, end)
        water, air, pressure = room[5, at], room[TEMPERATURE, at], room[PRESSURE, at]
        wander = interpolated(self._wander, first, last, MINUTE_S // self.step_s)
        mode = self.climate.shown(begin, end)
        second = np.arange(begin, end)[at]
        column = second // MINUTE_S - begin // MINUTE_S
        switched = second % MINUTE_S >= mode[1][Row.AT][column]
        state = np.where(switched, mode[1][Row.MODE][column], mode[0][Row.MODE][column])
        rows = np.empty((len(self.rows), last - first))
        figures, hidden = self.entry.parameter, self.hidden
        rows[0] = _round(
            air + hidden.temperature_sensor_error_c + figures("temperature_sensor_sd") * wander,
            figures("temperature_step"),
        )
        humidity = humidity_pct(water, air, pressure) + hidden.humidity_sensor_error_pct
        rows[1] = _round(np.clip(humidity, 0.0, 100.0), figures("humidity_step"))
        rows[2] = state
        fan = figures("fan_power") if self.powered and self.settings["ac_enabled"] else 0.0
        rows[3] = fan + (state != Mode.OFF) * figures("compressor_power") * min(self.hidden.ac_capacity, 1.0)
        rows[4] = mode[1][Row.DRYING][column] if self.powered else 0.0
        rows[5] = float(hidden.door_open > 0.0)
        return rows


def _round(values: FloatArray, step: float) -> FloatArray:
    return np.asarray(np.round(values / step) * step)
