"""A forward-scatter visibility meter (PWD22): scattered light, contamination by backscatter, present weather.

Light of an LED is scattered by the air in a small volume at 45 degrees; what both lenses, the alignment and the LED let
through makes the signal, and visibility is 3 over the extinction that the unit believes in. Dirt on a lens scatters its
own light back: that is what the unit watches, and it does not correct the visibility for it. So a dirty lens reads too
far until the alarm sets the data to slashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray
from instruments.ambient.table import MOR
from instruments.device import Value
from instruments.errors import Refused
from instruments.folding import HIGHEST, LAST, Fold
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise
from instruments.steps import Hidden, Moment
from instruments.unit import Unit
from instruments.weather.present_weather import weather_code, worst
from instruments.weather.surroundings import around, counted, lagged, number, rounded, step_middles, trailing

_ONE_MINUTE, _TEN_MINUTES, _QUARTER, _HOUR = 4, 40, 60, 240  # steps of 15 s
_ICE_TIME_S = 1800.0
_FULL_M, _LEAST_M = 20000.0, 10.0
_BRIGHTEST_PLATE = 300.0
"""Extinction of the brightest plate, 1/km: the shortest visibility that a unit of this kind shows."""


class VisibilityHidden(Hidden):
    """Causes of wrong visibility.

    Attributes:
        lens_dirt: share of the light that dirt on each lens takes.
        alignment: share of the signal that is left of a bent or turned head.
        led: share of the LED's output at a given current.
        web: extinction that a spider's web in the beam feigns, 1/km.
        mist: extinction of drops that are sprayed into the beam, 1/km; the air around has none of them.
        heater: share of the hood and lens heating that is there.
        electronics_drift_hz: drift of the signal's offset frequency.
        supply_v: voltage at the supply's pins.
    """

    lens_dirt: float = Field(default=0.0, ge=0.0, le=0.95)
    alignment: float = Field(default=1.0, gt=0.0, le=1.2)
    led: float = Field(default=1.0, gt=0.0, le=1.0)
    web: float = Field(default=0.0, ge=0.0, le=100.0)
    mist: float = Field(default=0.0, ge=0.0, le=1000.0)
    heater: float = Field(default=1.0, ge=0.0, le=1.0)
    electronics_drift_hz: float = Field(default=0.0, ge=-80.0, le=80.0)
    supply_v: float = Field(default=15.2, ge=0.0, le=32.0)


_STATUS_ORDER = (0.0, 4.0, 2.0, 3.0, 1.0)
"""Codes of ``status`` from the best to the worst: the order in which one overrules the other."""


class VisibilityMeter(Unit):
    """A PWD22."""

    hidden: VisibilityHidden
    step_s = 15
    indoors = False
    hidden_model = VisibilityHidden
    diagnostics = (
        "signal", "offset", "rec_backscatter", "tr_backscatter", "ledi", "ambl", "vbb", "p12", "m12", "ts",
        "tb", "drd", "hood_heaters",
    )  # fmt: skip
    diagnostic_units: ClassVar[Mapping[str, str]] = {
        "signal": "Hz", "offset": "Hz", "rec_backscatter": "Hz", "tr_backscatter": "V", "ledi": "V", "ambl": "V",
        "vbb": "V", "p12": "V", "m12": "V", "ts": "deg C", "tb": "deg C", "drd": "1", "hood_heaters": "1",
    }  # fmt: skip
    folds: ClassVar[Mapping[str, Fold]] = {
        "visibility_alarm": HIGHEST, "status": Fold("worst", _STATUS_ORDER), "weather_now": HIGHEST,
        "weather_15min": HIGHEST, "weather_1h": HIGHEST, "water_sum": LAST, "snow_sum": LAST,
    }  # fmt: skip
    memory = ("scatter", "rain_seen", "water", "snow", "ice", "code", "fault")
    report_only = frozenset(
        {
            "mode", "instrument_id", "calibration", "alarm_limit_1", "alarm_limit_2", "alarm_limit_3", "tr_warning",
            "tr_alarm", "rec_warning", "rec_alarm", "clean_rec", "clean_tr", "offset_reference",
        }
    )  # fmt: skip
    actions = ("set_clean_reference", "set_offset_reference", "reset_sums", "calibrate", "place_plate")
    firmware = "1.00"

    def _equip(self) -> None:
        super()._equip()
        parameter = self.entry.parameter
        self._hz_per_km = parameter("signal_per_extinction")
        self._offset, self._noise_share = parameter("offset"), parameter("scatter_noise")
        self._noise_floor = parameter("signal_noise")
        self._clean_rec, self._clean_tr = parameter("clean_rec_backscatter"), parameter("clean_tr_backscatter")
        self._rec_per_loss, self._tr_per_loss = parameter("rec_per_loss"), parameter("tr_per_loss")
        self._rec_per_web = parameter("rec_per_web")
        self._ledi_new, self._ledi_per_loss = parameter("ledi_new"), parameter("ledi_per_loss")
        self._heated_below, self._drd_dry, self._drd_wet = (
            parameter("heated_below"), parameter("drd_dry"), parameter("drd_wet"),
        )  # fmt: skip
        self._plate = -1.0
        self._white = {
            label: WhiteNoise(self.seed, f"{self.name}/{label}")
            for label in ("scatter", "floor", "rec", "tr", "ambl", "drd")
        }
        self._wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/offset", 6.0 * 3600.0, float(self.step_s))

    # -- measuring ------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the 15-second steps ``first`` to ``last``."""
        hidden, count = self.hidden, last - first
        air = around(self.site.outside, step_middles(first, last, self.step_s))
        noise = {label: path.values(first, last) for label, path in self._white.items()}
        rows = dict.fromkeys(self.rows, np.zeros(count))
        cold = air.temperature_c < self._heated_below
        rows["hood_heaters"] = np.where(cold & self.powered, 1.0, 0.0)
        frost = (air.temperature_c < 0.5) & ((air.humidity_pct > 96.0) | (air.rain_mm_h > 0.0))
        growing = np.where(frost, 1.0 - hidden.heater, 0.0)
        rows["ice"] = lagged(growing, self.before("ice", first, 0.0), math.exp(-self.step_s / _ICE_TIME_S))
        # both lenses lose what dirt and ice take; what they lose they scatter back
        loss = 1.0 - (1.0 - hidden.lens_dirt) * self.share("lenses", first, last) * (1.0 - 0.8 * rows["ice"])
        emitted = self._led(hidden, first, last, rows)
        in_the_beam = air.extinction_per_km + hidden.web + hidden.mist
        target = in_the_beam if self._plate < 0.0 else self._plate
        seen = target * (1.0 - loss) ** 2 * emitted * hidden.alignment
        rows["scatter"] = np.maximum(
            self._hz_per_km * seen * (1.0 + self._noise_share * noise["scatter"]) + self._noise_floor * noise["floor"],
            0.0,
        )
        rows["signal"] = rounded(rows["scatter"], 0.01)
        drifting = 1.5 * self._wander.values(first, last) + 0.05 * (air.temperature_c - 20.0)
        rows["offset"] = rounded(self._offset + drifting + hidden.electronics_drift_hz, 0.01)
        receiver = self._clean_rec + self._rec_per_loss * loss + self._rec_per_web * hidden.web + 3.0 * noise["rec"]
        rows["rec_backscatter"] = rounded(np.clip(receiver, 0.0, 10000.0), 1.0)
        transmitter = self._clean_tr - self._tr_per_loss * loss + 0.02 * noise["tr"]
        rows["tr_backscatter"] = rounded(np.clip(transmitter, 0.0, 13.0), 0.1)
        rows["ambl"] = rounded(-1.0 - air.sun_w_m2 / 500.0 + 0.05 * noise["ambl"], 0.1)
        rows |= self._supplies(hidden, count)
        rows["ts"] = rounded(air.temperature_c, 0.1)
        rows["tb"] = rounded(air.temperature_c + 4.0 * self.warmth(first, last), 0.1)
        self._precipitation(air.rain_mm_h, air.temperature_c, noise["drd"], first, rows)
        believed = rows["scatter"] / self._hz_per_km
        rows["code"] = weather_code(believed, air.humidity_pct, rows["rain_seen"], air.temperature_c)
        rows["fault"] = (
            (rows["ledi"] > 7.0) | (rows["ledi"] < -8.0) | (np.abs(rows["p12"] - 12.0) > 2.0)
            | (rows["offset"] < 80.0) | (rows["offset"] > 170.0) | (not self.powered)
        ).astype(float)  # fmt: skip
        return np.array([rows[label] for label in self.rows])

    def _led(
        self, hidden: VisibilityHidden, first: int, last: int, rows: dict[str, FloatArray]
    ) -> FloatArray:  # fmt: skip
        """Share of the preset light: the loop holds it until its feedback voltage reaches the end of its range."""
        output = hidden.led * self.share("led", first, last)
        ledi = self._ledi_new - self._ledi_per_loss * (1.0 - output)
        rows["ledi"] = rounded(np.maximum(ledi, -8.5), 0.1)
        reach = (self._ledi_new + 8.0) / self._ledi_per_loss  # loss that the loop makes good
        return np.minimum(output / (1.0 - reach), 1.0)

    def _supplies(self, hidden: VisibilityHidden, count: int) -> dict[str, FloatArray]:
        # linear regulators: 12 V as long as the supply is 1 V higher
        regulated = min(12.0, max(hidden.supply_v - 1.0, 0.0)) - 0.5
        return {
            "vbb": rounded(np.full(count, hidden.supply_v), 0.1),
            "p12": rounded(np.full(count, regulated), 0.1),
            "m12": rounded(np.full(count, -regulated + 0.2), 0.1),
        }

    def _precipitation(
        self, rain: FloatArray, temperature: FloatArray, noise: FloatArray, first: int, rows: dict[str, FloatArray]
    ) -> None:
        """Rain on the capacitive sensor; sums of water and of new snow (ten times its water)."""
        wet = 1.0 - np.exp(-rain / 2.0)
        rows["drd"] = rounded(self._drd_dry + (self._drd_wet - self._drd_dry) * wet + 2.0 * noise, 1.0)
        rows["rain_seen"] = np.where(rain >= 0.05, rain, 0.0) * self.powered
        water = rows["rain_seen"] * self.step_s / 3600.0
        rows["water"] = counted(water, self.before("water", first, 0.0))
        rows["snow"] = counted(np.where(temperature < 0.5, 10.0 * water, 0.0), self.before("snow", first, 0.0))

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Commands CLEAN, offset reference of CONF, reset of the sums, and CAL with a plate in the beam.

        ``calibrate`` takes the extinction that the plate stands for, 1/km: the coefficient becomes what makes the unit
        read it from the signal of the last minute. Nothing tells the unit whether a plate is there.

        ``place_plate`` is what hands do: a calibrator's plate goes into the beam, given by the extinction that it
        stands for, 1/km; 0 is a cover that lets no scattered light through, -1 takes it out again.

        Raises:
            Refused: no number for the plate, or no signal.
        """
        if name == "place_plate":
            if isinstance(value, bool) or not isinstance(value, int | float) or not -1.0 <= value <= _BRIGHTEST_PLATE:
                raise Refused("invalid", f"place_plate is a number from -1 to {_BRIGHTEST_PLATE:g}")
            self._plate = float(value)
            return {}
        if name == "reset_sums":
            self.restart("water", step, 0.0)
            self.restart("snow", step, 0.0)
            return {}
        done = max(step - 1, 0)
        if name != "calibrate":
            row = dict(zip(self.rows, self.steps.values(done, done + 1)[:, 0].tolist(), strict=True))
            if name == "set_clean_reference":
                return {"clean_rec": row["rec_backscatter"], "clean_tr": row["tr_backscatter"]}
            return {"offset_reference": row["offset"]}
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0.0:
            raise Refused("invalid", "calibrate takes the plate's extinction, 1/km")
        seen = float(self._mean("scatter", done, done + 1, _ONE_MINUTE)[0]) / self._hz_per_km
        if seen <= 0.0:
            raise Refused("invalid", "calibrate: no signal")
        return {"calibration": self.checked("calibration", round(float(value) / seen, 4))}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Sums are kept in working memory and are lost; settings are not."""
        if self.powered:
            self.restart("water", step, 0.0)
            self.restart("snow", step, 0.0)
        return {}

    def standing(self) -> Mapping[str, Value]:
        """The plate in the beam, 1/km; -1 without one."""
        return {"plate": self._plate}

    # -- reporting ------------------------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """What data message 2 and the status message hold."""
        return {
            "visibility_1min": "m", "visibility_10min": "m", "visibility_alarm": "1", "status": "1", "drift": "Hz",
            "rec_change": "Hz", "tr_change": "V", "weather_now": "1", "weather_15min": "1", "weather_1h": "1",
            "precipitation_intensity": "mm/h", "water_sum": "mm", "snow_sum": "mm",
        }  # fmt: skip

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Return a quantity as the messages show it after each step; no value (NaN) where they show slashes."""
        settings = moment.settings
        if quantity in ("visibility_1min", "visibility_10min"):
            steps = _ONE_MINUTE if quantity == "visibility_1min" else _TEN_MINUTES
            return self._visibility(steps, first, last, moment)
        if quantity == "visibility_alarm":
            return self._visibility_alarm(first, last, moment)
        if quantity == "status":
            return self._status(first, last, settings)
        rows = self.steps.values(first, last)
        if quantity == "drift":
            return rounded(rows[self.rows["offset"]] - number(settings, "offset_reference"), 0.01)
        if quantity == "rec_change":
            return rounded(rows[self.rows["rec_backscatter"]] - number(settings, "clean_rec"), 1.0)
        if quantity == "tr_change":
            return rounded(rows[self.rows["tr_backscatter"]] - number(settings, "clean_tr"), 0.1)
        if quantity in ("water_sum", "snow_sum"):
            label, step, most = ("water", 0.01, 99.99) if quantity == "water_sum" else ("snow", 1.0, 999.0)
            return np.asarray(np.minimum(np.floor(rows[self.rows[label]] / step + 1e-9) * step, most))
        if quantity == "precipitation_intensity":
            return rounded(self._mean("rain_seen", first, last, _ONE_MINUTE), 0.01)
        span = {"weather_now": _ONE_MINUTE, "weather_15min": _QUARTER, "weather_1h": _HOUR}[quantity]
        low = max(first - span + 1, 0)
        codes = self.steps.values(low, last)[self.rows["code"]]
        return worst(trailing(codes, np.arange(first, last) - low, span))

    def _mean(self, label: str, first: int, last: int, steps: int) -> FloatArray:
        low = max(first - steps + 1, 0)
        rows = self.steps.values(low, last)[self.rows[label]]
        return np.asarray(np.nanmean(trailing(rows, np.arange(first, last) - low, steps), axis=1))

    def _visibility(self, steps: int, first: int, last: int, moment: Moment) -> FloatArray:
        """3 over the mean extinction; slashes on a hardware error, a backscatter alarm and until the mean is full."""
        believed = self._mean("scatter", first, last, steps) / self._hz_per_km * number(moment.settings, "calibration")
        metres = 1000.0 * MOR / np.maximum(believed, 1e-6)
        metres = np.clip(rounded(metres, 1.0), _LEAST_M, _FULL_M)
        young = np.arange(first, last) + 1 - moment.power_step < steps
        slashes = np.isin(self._status(first, last, moment.settings), (1.0, 3.0)) | young
        return np.where(slashes, np.nan, metres)

    def _visibility_alarm(self, first: int, last: int, moment: Moment) -> FloatArray:
        seen = self._visibility(_ONE_MINUTE, first, last, moment)
        alarm = np.zeros(last - first)
        for limit in (1, 2, 3):
            alarm[seen < number(moment.settings, f"alarm_limit_{limit}")] = limit
        return alarm

    def _status(self, first: int, last: int, settings: Mapping[str, Value]) -> FloatArray:
        """0 well, 1 hardware error, 2 hardware warning, 3 backscatter alarm, 4 backscatter warning."""
        rows = self.steps.values(first, last)
        rec = rows[self.rows["rec_backscatter"]] - number(settings, "clean_rec")
        tr = number(settings, "clean_tr") - rows[self.rows["tr_backscatter"]]
        drift = np.abs(rows[self.rows["offset"]] - number(settings, "offset_reference"))
        status = np.zeros(last - first)
        status[(rec > number(settings, "rec_warning")) | (tr > number(settings, "tr_warning"))] = 4.0
        status[(rows[self.rows["ledi"]] < -6.0) | (rows[self.rows["ambl"]] < -9.0) | (drift > 10.0)] = 2.0
        status[(rec > number(settings, "rec_alarm")) | (tr > number(settings, "tr_alarm"))] = 3.0
        status[rows[self.rows["fault"]] > 0.0] = 1.0
        return status
