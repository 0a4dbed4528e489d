"""A weather set of the old kind: cup anemometer, wind vane, climate sensors in a shield, a tipping bucket for rain.

Cups turn only above a threshold, which grows as the bearing wears: friction takes its torque from one that grows with
the square of the wind, so the cups run as if the wind were sqrt(U**2 - threshold**2). A vane stands still below its own
threshold and keeps its last direction; its potentiometer has a dead gap at north, where it reads 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.ambient.vapour import vapour_hpa
from instruments.device import Value
from instruments.signal import WhiteNoise
from instruments.steps import Moment
from instruments.unit import Unit
from instruments.weather.climate_sensors import ClimateFigures, ClimateHidden, ClimateSensors
from instruments.weather.fixture import ACTIONS, WindFixture
from instruments.weather.surroundings import (
    around,
    counted,
    direction_deg,
    number,
    rounded,
    step_middles,
    trailing,
    turned,
    updates,
    whole,
)
from instruments.weather.wind_windows import wind_statistic

_GUST_S = 3
_ROW_OF = {"air_temperature": "thermometer", "relative_humidity": "humidity", "air_pressure": "pressure"}


class CupVaneHidden(ClimateHidden):
    """Causes of wrong readings of a cup-and-vane set.

    Attributes:
        bearing_friction: added to the cups' starting threshold, m/s.
        cup_gain: bent or broken cups turn this much of what they should.
        vane_friction: added to the vane's threshold, m/s.
        north_offset_deg: how far the vane's mark is turned from north, clockwise.
        vane_bend_deg: largest error of a worn potentiometer, a quarter round from the gap: too much in the east, too
            little in the west.
        rain_blocked: share of the rain that does not reach the bucket.
        bucket_error: share by which a tip holds more than it should.
        supply_v: voltage at the logger's pins.
    """

    bearing_friction: float = Field(default=0.0, ge=0.0, le=30.0)
    cup_gain: float = Field(default=1.0, ge=0.0, le=1.5)
    vane_friction: float = Field(default=0.0, ge=0.0, le=60.0)
    north_offset_deg: float = Field(default=0.0, ge=-180.0, le=180.0)
    vane_bend_deg: float = Field(default=0.0, ge=-45.0, le=45.0)
    rain_blocked: float = Field(default=0.0, ge=0.0, le=1.0)
    bucket_error: float = Field(default=0.0, ge=-0.5, le=1.0)
    supply_v: float = Field(default=13.0, ge=0.0, le=30.0)


class CupVaneStation(Unit):
    """Five parameters and rain, with a logger that forms vector means."""

    hidden: CupVaneHidden
    step_s = 1
    indoors = False
    hidden_model = CupVaneHidden
    diagnostics = ("supply_voltage", "logger_temperature", "cup_rate", "vane_position")
    diagnostic_units: ClassVar[Mapping[str, str]] = {
        "supply_voltage": "V", "logger_temperature": "deg C", "cup_rate": "Hz", "vane_position": "deg",
    }  # fmt: skip
    memory = ("turning", "pointing", "thermometer", "humidity", "pressure", "shield", "vapour", "water", "tips")
    report_only = frozenset({"mode", "instrument_id", "averaging", "wind_direction_offset", "cup_factor"})
    actions = ("reset_rain", *ACTIONS)
    firmware = "1.0"

    def _equip(self) -> None:
        super()._equip()
        parameter = self.entry.parameter
        self._climate = ClimateSensors(self.seed, self.name, ClimateFigures.of(parameter), self.step_s)
        self._threshold, self._vane_threshold = parameter("cup_threshold"), parameter("vane_threshold")
        self._worn = parameter("worn_bearing_threshold")
        self._hertz, self._gap = parameter("cup_rate"), parameter("vane_gap")
        self._vane_noise, self._tip = parameter("vane_noise"), parameter("tip")
        self._warmth_inside = parameter("logger_warmth")
        self._fixture = WindFixture()
        self._noise = WhiteNoise(self.seed, f"{self.name}/vane")

    # -- measuring ------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the seconds ``first`` to ``last``."""
        hidden, count = self.hidden, last - first
        air = around(self.site.outside, step_middles(first, last, self.step_s))
        east, north = self._fixture.wind(self.site.outside, first, last)
        speed = np.hypot(east, north)
        rows = dict.fromkeys(self.rows, np.zeros(count))
        friction = self._threshold + self._worn * (1.0 - self.share("bearing", first, last)) + hidden.bearing_friction
        cups = hidden.cup_gain * np.sqrt(np.maximum(speed**2 - friction**2, 0.0)) * self.powered
        rows["cup_rate"] = rounded(cups * self._hertz, 0.01)
        rows["turning"] = cups
        rows["vane_position"] = rows["pointing"] = self._vane(hidden, east, north, speed, first, last)
        inside = (
            self.before("shield", first, float(air.temperature_c[0])),
            self.before("vapour", first, float(air.humidity_pct[0] / 100.0 * vapour_hpa(air.temperature_c[:1])[0])),
        )
        rows["shield"], rows["vapour"], rows["humidity"], rows["pressure"] = self._climate.sensed(
            hidden, air, first, last, inside, self.share("climate_sensors", first, last)
        )
        rows["thermometer"] = self._climate.thermometer(hidden, rows["shield"], first, last)
        caught = air.rain_mm_h / 3600.0 * (1.0 - hidden.rain_blocked) / (1.0 + hidden.bucket_error)
        rows["water"] = counted(caught, self.before("water", first, 0.0))
        tips = np.floor(rows["water"] / self._tip)
        fresh = np.diff(np.concatenate(([np.floor(self.before("water", first, 0.0) / self._tip)], tips)))
        rows["tips"] = counted(fresh * self.powered, self.before("tips", first, 0.0))
        rows["supply_voltage"] = np.full(count, round(hidden.supply_v, 1))
        rows["logger_temperature"] = rounded(
            air.temperature_c + self._warmth_inside * self.warmth(first, last), 0.1
        )  # fmt: skip
        return np.array([rows[label] for label in self.rows])

    def _vane(
        self, hidden: CupVaneHidden, east: FloatArray, north: FloatArray, speed: FloatArray, first: int, last: int
    ) -> FloatArray:
        """Where the vane points, degrees from its own mark."""
        held = self._fixture.holds_vane
        of_wind = np.full(last - first, self._fixture.vane_deg) if held else direction_deg(east, north)
        true = of_wind - hidden.north_offset_deg
        true = true + hidden.vane_bend_deg * np.sin(np.radians(true))
        shaken = 0.0 if held else self._vane_noise
        true = np.mod(true + shaken * self._noise.values(first, last), 360.0)
        true = np.where(true > 360.0 - self._gap, 0.0, true)
        moved = (speed > self._vane_threshold + hidden.vane_friction) | held
        place = np.maximum.accumulate(np.where(moved, np.arange(last - first), -1))
        start = self.before("pointing", first, float(true[0]))
        return np.where(place >= 0, true[np.maximum(place, 0)], start)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """``reset_rain`` sets the count of tips to 0; the others are what hands do to the head (:mod:`.fixture`)."""
        if name in ACTIONS:
            self._fixture.change(name, value)
            return {}
        self.restart("tips", step, 0.0)
        return {}

    def standing(self) -> Mapping[str, Value]:
        """The tunnel around the head and the hand at the vane, if there are any."""
        return self._fixture.standing()

    # -- reporting ------------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """What the logger gives."""
        return {
            "wind_speed": "m/s", "wind_direction": "deg", "wind_gust": "m/s", "air_temperature": "deg C",
            "relative_humidity": "%", "air_pressure": "hPa", "rain_amount": "mm",
        }  # fmt: skip

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Return a quantity as the logger gives it after each step: means over the averaging time up to then."""
        length = whole(moment.settings, "averaging")
        if quantity == "rain_amount":
            return rounded(self.steps.values(first, last)[self.rows["tips"]] * self._tip, 0.01)
        formed, which = updates(first, last, length)
        low = max(int(formed[0]) - length - _GUST_S, 0)
        rows = self.steps.values(low, last)
        ends = formed - low
        if quantity.startswith("wind"):
            # The logger's factor turns the cups' rate into speed; a vane's angle and that speed make a vector.
            speed = rows[self.rows["turning"]] * number(moment.settings, "cup_factor")
            if quantity == "wind_gust":
                calm = np.zeros_like(speed)
                return rounded(
                    wind_statistic("wind_speed_max", calm, speed, ends, length, gust_s=_GUST_S)[which], 0.1
                )  # fmt: skip
            if quantity == "wind_speed":
                return rounded(np.nanmean(trailing(speed, ends, length), axis=1)[which], 0.1)
            angle = np.radians(rows[self.rows["pointing"]])
            weight = np.maximum(speed, 1e-3)  # in a calm the vane alone says where it was
            found = wind_statistic(
                "wind_direction_avg", -weight * np.sin(angle), -weight * np.cos(angle), ends, length
            )[which]
            return turned(found + number(moment.settings, "wind_direction_offset"))
        label = {"air_temperature": "thermometer", "relative_humidity": "humidity", "air_pressure": "pressure"}[
            quantity
        ]
        return rounded(np.nanmean(trailing(rows[self.rows[label]], ends, length), axis=1)[which], 0.1)
