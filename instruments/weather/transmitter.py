"""A compact weather transmitter: wind by ultrasound, temperature, humidity, pressure, rain by the drops that hit it.

The wind is sampled every second and reported over windows as the maker does: at each end of the update interval over
the averaging time before it; between updates the last result stands. Heating keeps ice off the transducers and the rain
sensor; where it cannot, ice comes with frost or freezing rain, and the wind is not valid any more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.ambient.paths import upper_quantile
from instruments.ambient.vapour import vapour_hpa
from instruments.device import Value
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise, interpolated
from instruments.steps import Moment
from instruments.unit import Unit
from instruments.weather.climate_sensors import ClimateFigures, ClimateHidden, ClimateSensors
from instruments.weather.fixture import WindFixture
from instruments.weather.surroundings import (
    Around,
    around,
    counted,
    lagged,
    number,
    rounded,
    step_middles,
    trailing,
    turned,
    updates,
    whole,
)
from instruments.weather.wind_windows import WIND_QUANTITIES, Method, wind_statistic

_ICE_TIME_S = 1800.0
_ICED = 0.5
_PEAKS = ("rain_highest", "hail_highest")
_COUNTERS = ("rain_total", "rain_seconds", "hail_total", "hail_seconds", *_PEAKS)


class TransmitterHidden(ClimateHidden):
    """Causes of wrong readings of a weather transmitter.

    Attributes:
        north_offset_deg: how far the mast or the head is turned from north, clockwise.
        speed_gain: a bent array reads its wind times this.
        transducer_blocked: share of the wind samples that are spoiled (birds, webs, drops).
        rain_blocked: share of the drops that are not felt (leaves, dirt, snow on the cover).
        vibration_mm_h: rain that a shaking mast feigns in a wind of 10 m/s.
        hail_hits_cm2_h: hits that the cover feels as hail: hail itself, or birds that peck, per cm2 and hour.
        heater: share of the heating power that is there.
        supply_v: voltage at the supply's pins.
        heating_supply_v: voltage at the heating's pins.
    """

    north_offset_deg: float = Field(default=0.0, ge=-180.0, le=180.0)
    speed_gain: float = Field(default=1.0, gt=0.0, le=2.0)
    transducer_blocked: float = Field(default=0.0, ge=0.0, le=1.0)
    rain_blocked: float = Field(default=0.0, ge=0.0, le=1.0)
    vibration_mm_h: float = Field(default=0.0, ge=0.0, le=50.0)
    hail_hits_cm2_h: float = Field(default=0.0, ge=0.0, le=1000.0)
    heater: float = Field(default=1.0, ge=0.0, le=1.0)
    supply_v: float = Field(default=12.2, ge=0.0, le=32.0)
    heating_supply_v: float = Field(default=12.0, ge=0.0, le=32.0)


class WeatherTransmitter(Unit):
    """A weather transmitter of the WXT family."""

    hidden: TransmitterHidden
    step_s = 1
    indoors = False
    hidden_model = TransmitterHidden
    diagnostics = (
        "internal_temperature", "heating_temperature", "heating_voltage", "heating_power", "supply_voltage",
        "reference_voltage",
    )  # fmt: skip
    diagnostic_units: ClassVar[Mapping[str, str]] = {
        "internal_temperature": "deg C", "heating_temperature": "deg C", "heating_voltage": "V", "heating_power": "%",
        "supply_voltage": "V", "reference_voltage": "V",
    }  # fmt: skip
    memory = (
        "east", "north", "shield", "vapour", "thermometer", "humidity", "pressure", "rain_felt", "rain_total",
        "rain_seconds", "rain_highest", "hail_felt", "hail_total", "hail_seconds", "hail_highest", "ice",
    )  # fmt: skip
    report_only = frozenset(
        {
            "mode", "instrument_id", "wind_update", "wind_averaging", "wind_extremes", "wind_method", "ptu_update",
            "rain_update", "rain_limit", "wind_direction_offset",
        }
    )  # fmt: skip
    actions = ("reset_rain", "reset_intensity", "tunnel_speed", "tunnel_from")
    firmware = "2.14"

    def _equip(self) -> None:
        super()._equip()
        parameter = self.entry.parameter
        self._climate = ClimateSensors(self.seed, self.name, ClimateFigures.of(parameter), self.step_s)
        self._wind_noise = parameter("wind_noise")
        self._rain_scatter = parameter("rain_scatter")
        self._least_supply = parameter("least_supply")
        self._rise = parameter("heating_rise")
        self._heated_below = parameter("heated_below")
        self._kept_above = parameter("kept_above")
        self._noise = [WhiteNoise(self.seed, f"{self.name}/{label}") for label in ("east", "north", "spoiled")]
        self._fixture = WindFixture()
        self._drops = OrnsteinUhlenbeck(self.seed, f"{self.name}/drops", 180.0)

    # -- measuring ------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> list[FloatArray]:
        """Return the rows of the seconds ``first`` to ``last``."""
        hidden = self.hidden
        air = around(self.site.outside, step_middles(first, last, self.step_s))
        rows = dict.fromkeys(self.rows, np.zeros(last - first))
        rows |= self._heating(hidden, air)
        icing = (rows["heating_temperature"] < 0.5) & (air.temperature_c < 0.5)
        icing &= (air.humidity_pct > 97.0) | (air.rain_mm_h > 0.0)
        ice = lagged(icing.astype(float), self.before("ice", first, 0.0), math.exp(-self.step_s / _ICE_TIME_S))
        rows["ice"] = ice
        rows["east"], rows["north"] = self._samples(hidden, ice, first, last)
        inside = (
            self.before("shield", first, float(air.temperature_c[0])),
            self.before("vapour", first, float(air.humidity_pct[0] / 100.0 * vapour_hpa(air.temperature_c[:1])[0])),
        )
        left = self.share("ptu", first, last)
        rows["shield"], rows["vapour"], rows["humidity"], rows["pressure"] = self._climate.sensed(
            hidden, air, first, last, inside, left
        )
        rows["thermometer"] = self._climate.thermometer(hidden, rows["shield"], first, last)
        rows["internal_temperature"] = rounded(rows["shield"] + 0.8 * self.warmth(first, last), 0.1)
        self._rain(hidden, air, ice, first, last, rows)
        return [rows[label] for label in self.rows]

    def _heating(self, hidden: TransmitterHidden, air: Around) -> dict[str, FloatArray]:
        """Heating from 10 deg C downwards, so much that 4 deg C are kept as long as the power is enough."""
        count = len(air.temperature_c)
        on = bool(self.settings["heating"]) and self.powered
        # power goes with the square of the voltage; the figure is that of the nominal 12 V
        most = self._rise * hidden.heater * min(hidden.heating_supply_v / 12.0, 2.0) ** 2 * on
        wanted = np.clip(self._kept_above + 0.5 - air.temperature_c, 0.0, self._rise)
        wanted = np.where(air.temperature_c < self._heated_below, wanted, 0.0)
        power = np.where(wanted > 0.5 * self._rise, 100.0, np.where(wanted > 0.0, 50.0, 0.0)) * on
        return {
            "heating_temperature": rounded(air.temperature_c + np.minimum(wanted, most), 0.1),
            "heating_power": power,
            "heating_voltage": np.full(count, round(hidden.heating_supply_v, 1)),
            "supply_voltage": np.full(count, round(hidden.supply_v, 1)),
            "reference_voltage": np.full(count, 3.475 if hidden.supply_v > 4.0 else 0.87 * hidden.supply_v),
        }

    def _samples(
        self, hidden: TransmitterHidden, ice: FloatArray, first: int, last: int
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """One-second samples of the wind, in the head's own directions; NaN where not valid."""
        east, north = self._fixture.wind(self.site.outside, first, last)
        noise = self._wind_noise * (1.0 + 4.0 * ice)
        east = hidden.speed_gain * east + noise * self._noise[0].values(first, last)
        north = hidden.speed_gain * north + noise * self._noise[1].values(first, last)
        lost = ice > _ICED
        if hidden.transducer_blocked > 0.0:
            lost |= self._noise[2].values(first, last) > upper_quantile(hidden.transducer_blocked)
        if hidden.supply_v < self._least_supply or not self.powered:
            lost[:] = True
        # a head that is turned clockwise sees every wind turned the other way
        cosine = math.cos(math.radians(hidden.north_offset_deg))
        sine = math.sin(math.radians(hidden.north_offset_deg))
        seen_east, seen_north = cosine * east - sine * north, sine * east + cosine * north
        return np.where(lost, np.nan, seen_east), np.where(lost, np.nan, seen_north)

    def _rain(
        self, hidden: TransmitterHidden, air: Around, ice: FloatArray, first: int, last: int,
        rows: dict[str, FloatArray],
    ) -> None:  # fmt: skip
        """Counters of rain: amount and time since the reset, and all that was ever felt."""
        felt = np.zeros(last - first)
        if air.rain_mm_h.any():
            scatter = 1.0 + self._rain_scatter * interpolated(self._drops, first, last, 60)
            felt = air.rain_mm_h * (1.0 - hidden.rain_blocked) * self.share("rain_cover", first, last) * scatter
            felt = np.where(ice > _ICED, 0.0, felt)
        felt += hidden.vibration_mm_h * (air.speed_m_s / 10.0) ** 2 * (air.speed_m_s > 3.0)
        felt = np.where(felt > 0.05, felt, 0.0) * self.powered
        hits = np.where(ice > _ICED, 0.0, hidden.hail_hits_cm2_h * (1.0 - hidden.rain_blocked)) * self.powered
        self._count("rain", felt, first, rows)
        self._count("hail", hits, first, rows)

    def _count(self, what: str, felt: FloatArray, first: int, rows: dict[str, FloatArray]) -> None:
        """What falls by the hour, its sum, its time and its peak since the reset."""
        rows[f"{what}_felt"] = felt
        if not felt.any():  # what is nearly always so: nothing falls
            for counter in ("total", "seconds", "highest"):
                rows[f"{what}_{counter}"] = np.full(len(felt), self.before(f"{what}_{counter}", first, 0.0))
            return
        rows[f"{what}_total"] = counted(felt / 3600.0, self.before(f"{what}_total", first, 0.0))
        rows[f"{what}_seconds"] = counted((felt > 0.0).astype(float), self.before(f"{what}_seconds", first, 0.0))
        highest = np.maximum.accumulate(np.concatenate(([self.before(f"{what}_highest", first, 0.0)], felt)))
        rows[f"{what}_highest"] = highest[1:]

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """``reset_rain`` empties the counters, ``reset_intensity`` forgets the peak (aXZRU, aXZRI).

        ``tunnel_speed`` and ``tunnel_from`` put the head into a wind tunnel (:mod:`.fixture`).
        """
        if name.startswith("tunnel"):
            self._fixture.change(name, value)
            return {}
        for label in _COUNTERS if name == "reset_rain" else _PEAKS:
            self.restart(label, step, 0.0)
        return {}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """The counters do not survive a loss of power (user's guide, precipitation counter reset); settings do."""
        if self.powered:
            for label in _COUNTERS:
                self.restart(label, step, 0.0)
        return {}

    def standing(self) -> Mapping[str, Value]:
        """The tunnel around the head, if there is one."""
        return {name: value for name, value in self._fixture.standing().items() if name in self.actions}

    # -- reporting ------------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """What the data messages hold."""
        return {
            **{name: "deg" if "direction" in name else "m/s" for name in WIND_QUANTITIES},
            "air_temperature": "deg C", "relative_humidity": "%", "air_pressure": "hPa", "rain_amount": "mm",
            "rain_duration": "s", "rain_intensity": "mm/h", "rain_peak_intensity": "mm/h", "hail_amount": "1/cm2",
            "hail_duration": "s", "hail_intensity": "1/(cm2 h)", "hail_peak_intensity": "1/(cm2 h)",
        }  # fmt: skip

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Return a quantity as the data messages show it after each step."""
        settings = moment.settings
        if quantity in WIND_QUANTITIES:
            return self._wind_report(quantity, first, last, settings)
        if quantity.startswith(("rain", "hail")):
            return self._rain_report(quantity, first, last, settings)
        label, step = {
            "air_temperature": ("thermometer", 0.1), "relative_humidity": ("humidity", 0.1),
            "air_pressure": ("pressure", 0.1),
        }[quantity]  # fmt: skip
        return rounded(self._held(label, first, last, whole(settings, "ptu_update")), step)

    def _held(self, label: str, first: int, last: int, every: int) -> FloatArray:
        """Values of a row as they stood at the last end of an update interval."""
        formed, which = updates(first, last, every)
        low = int(formed[0])
        return np.asarray(self.steps.values(low, last)[self.rows[label]][formed - low][which])

    def _wind_report(
        self, quantity: str, first: int, last: int, settings: Mapping[str, Value]
    ) -> FloatArray:  # fmt: skip
        every, length = whole(settings, "wind_update"), whole(settings, "wind_averaging")
        formed, which = updates(first, last, every)
        low = max(int(formed[0]) - length - 2, 0)
        rows = self.steps.values(low, last)
        method: Method = "vector" if settings["wind_method"] == "vector" else "scalar"
        found = wind_statistic(
            quantity, rows[self.rows["east"]], rows[self.rows["north"]], formed - low, length, method=method,
            gust_s=whole(settings, "wind_extremes"),
        )[which]  # fmt: skip
        if "direction" in quantity:
            return turned(found + number(settings, "wind_direction_offset"))
        return rounded(found, 0.1)

    def _rain_report(
        self, quantity: str, first: int, last: int, settings: Mapping[str, Value]
    ) -> FloatArray:  # fmt: skip
        every = whole(settings, "rain_update")
        what = quantity.partition("_")[0]
        if quantity == "hail_amount":
            return rounded(self._held("hail_total", first, last, every), 0.1)
        if quantity == "rain_amount":
            amount = self._held("rain_total", first, last, every)
            limit = number(settings, "rain_limit")
            return np.floor((np.mod(amount, limit) if limit > 0.0 else amount) / 0.01 + 1e-9) * 0.01
        if quantity.endswith("_duration"):
            return np.floor(self._held(f"{what}_seconds", first, last, every) / 10.0) * 10.0
        if quantity.endswith("_peak_intensity"):
            return rounded(self._held(f"{what}_highest", first, last, every), 0.1)
        # mean of the last minute, formed anew every ten seconds (user's guide)
        formed, which = updates(first, last, every)
        formed = np.maximum((formed + 1) // 10 * 10 - 1, 0)
        low = max(int(formed[0]) - 59, 0)
        felt = self.steps.values(low, last)[self.rows[f"{what}_felt"]]
        means = np.nansum(trailing(felt, formed - low, 60), axis=1) / 60.0
        return rounded(means[which], 0.1)
