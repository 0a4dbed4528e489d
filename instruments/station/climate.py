"""Heat and moisture of a shelter, minute by minute, with the instants at which its air conditioner switches.

Two nodes, air and the mass of racks and inner walls: C dT/dt = h (M - T) + UA (W - T) + G (T_out - T) + Q - P, where W
is the temperature outside plus what the sun adds, after the lag of the wall. In each minute the other temperatures
stand, so the air goes exponentially, and the instant at which it crosses the thermostat's threshold has a closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Site, Weather
from instruments.filters import lag
from instruments.station.minutes import MINUTE_S, MinuteSeries
from instruments.station.moisture import saturated, saturation_at

if TYPE_CHECKING:
    from instruments.station.shelter import Shelter

_AIR_J_PER_M3_K = 1200.0
"""Heat capacity of air by volume."""

_VAPOUR_G_PER_M3 = 0.735
"""Mass of 1 mmol/mol of water vapour in a cubic metre of air at 25 C and 1013 hPa."""


class Row(IntEnum):
    """Rows of :class:`Climate`, at the minute's end unless said otherwise."""

    AIR = 0
    MASS = 1
    WALL = 2
    WATER = 3
    """mmol/mol."""
    MODE = 4
    """State of the air conditioner, :class:`Mode`."""
    RESTED = 5
    """Seconds since its compressor stopped."""
    DRYING = 6
    """State of dehumidifier and humidifier: 1 dries, -1 moistens."""
    AT = 7
    """Second of the minute at which the air conditioner switched; 60: it did not."""
    AIR_AT = 8
    """The air's temperature at that second."""
    DUTY = 9
    """Part of the minute in which the compressor ran."""


class Mode(IntEnum):
    """What the air conditioner does."""

    OFF = 0
    COOL = 1
    HEAT = 2


@dataclass(frozen=True, slots=True)
class _Thermostat:
    """Air temperatures at which the air conditioner switches."""

    cool_on: float
    cool_off: float
    heat_on: float
    heat_off: float
    rest_s: float
    allowed: bool

    def stays(self, mode: Mode, air: float, end: float) -> bool:
        """Nothing can happen while the air goes from ``air`` to ``end``."""
        if not self.allowed:
            return mode is Mode.OFF
        if mode is Mode.OFF:
            return self.heat_on < air < self.cool_on and self.heat_on < end < self.cool_on
        if mode is Mode.COOL:
            return air > self.cool_off and end > self.cool_off
        return air < self.heat_off and end < self.heat_off

    def next_mode(self, mode: Mode, air: float) -> Mode:
        if not self.allowed:
            return Mode.OFF
        if mode is Mode.OFF:
            return Mode.COOL if air >= self.cool_on else Mode.HEAT if air <= self.heat_on else Mode.OFF
        if mode is Mode.COOL:
            return Mode.OFF if air <= self.cool_off else Mode.COOL
        return Mode.OFF if air >= self.heat_off else Mode.HEAT

    def threshold(self, mode: Mode, rising: bool) -> float:
        """The temperature that the air must reach for the mode to change."""
        if mode is Mode.OFF:
            return self.cool_on if rising else self.heat_on
        return self.cool_off if mode is Mode.COOL else self.heat_off


class Climate(MinuteSeries):
    """The shelter's inside on the minute grid."""

    def __init__(self, shelter: Shelter, site: Site) -> None:
        super().__init__(len(Row))
        self._shelter, self._site = shelter, site

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        figures, hidden, volume = self._shelter.entry.parameter, self._shelter.hidden, self._shelter.volume_m3
        weather = self._site.outside.weather(first, last)
        sunlit = weather.temperature_c + figures("sun_gain") * weather.sun_w_m2
        before = self.first_row()
        if before is None:
            before = self._start(weather, float(sunlit[0]))
        wall = lag(sunlit[None, :], before[Row.WALL : Row.WALL + 1], math.exp(-MINUTE_S / figures("wall_time")))[0]

        exchange = self._shelter.exchange_per_s()
        leak_ua = exchange * volume * _AIR_J_PER_M3_K
        wall_ua, mass_ua = figures("wall_conductance") * hidden.wall_factor, figures("mass_conductance")
        total_ua = mass_ua + wall_ua + leak_ua
        tau = figures("air_capacity") / total_ua
        fading = math.exp(-MINUTE_S / tau)
        mass_share = MINUTE_S * mass_ua / figures("mass_capacity")
        gains = wall_ua * wall + leak_ua * weather.temperature_c + self._shelter.heat_w(first, last)
        pull_cool, pull_heat = self._pulls(weather, first, last)
        thermostat = self._thermostat()

        water_outside = 10.0 * weather.humidity_pct * saturated(weather.temperature_c, weather.pressure_hpa) / 1000.0
        coil = saturated(np.full(last - first, figures("coil_temperature")), weather.pressure_hpa)
        renewal, coil_rate = exchange * MINUTE_S, figures("coil_exchange") / 60.0 * hidden.ac_capacity
        dry_on, moist_on, dry_step, moist_step = self._driers(volume)

        air, mass, _, water, mode_code, rested, drying = before[:7].tolist()
        mode = Mode(int(mode_code))
        tripped = first == self._shelter.tripped and mode is not Mode.OFF
        if tripped:  # a dip of the mains: the compressor stops, and must rest
            mode, rested = Mode.OFF, 0.0
        whole = float(MINUTE_S)
        minutes = []
        for gain, cool, heat, out_water, coil_water, pressure in zip(
            gains.tolist(), pull_cool.tolist(), pull_heat.tolist(), water_outside.tolist(), coil.tolist(),
            weather.pressure_hpa.tolist(), strict=True,
        ):  # fmt: skip
            rest = (gain + mass_ua * mass) / total_ua
            pulls = (0.0, -cool / total_ua, heat / total_ua)
            towards = rest + pulls[mode]
            end = towards + (air - towards) * fading
            duty = 0.0 if mode is Mode.OFF else 1.0
            if thermostat.stays(mode, air, end):
                at, air_at, after = whole, end, mode
            else:
                at, air_at, after = _switching(thermostat, mode, air, end, towards, tau, rested)
            if after is mode:
                mean = 0.5 * (air + end)
                rested = rested + MINUTE_S if mode is Mode.OFF else 0.0
            else:
                towards = rest + pulls[after]
                end = towards + (air_at - towards) * math.exp((at - MINUTE_S) / tau)
                part = at / MINUTE_S
                mean = 0.5 * ((air + air_at) * part + (air_at + end) * (1.0 - part))
                duty = part if after is Mode.OFF else 1.0 - part
                rested = MINUTE_S - at if after is Mode.OFF else 0.0
            cools = mode is Mode.COOL or after is Mode.COOL
            mass += mass_share * (mean - mass)
            cooling = coil_rate * duty if cools and water > coil_water else 0.0
            water = (water + renewal * out_water + cooling * coil_water) / (1.0 + renewal + cooling)
            humidity = 0.1 * water * pressure / saturation_at(end)
            if drying == 0.0:
                drying = 1.0 if humidity > dry_on else -1.0 if humidity < moist_on else 0.0
            elif (drying > 0.0 and humidity < dry_on - _BAND_PCT) or (drying < 0.0 and humidity > moist_on + _BAND_PCT):
                drying = 0.0
            water = max(water - (dry_step if drying > 0.0 else moist_step * drying), 0.1)
            air, mode = end, after
            minutes.append((air, mass, 0.0, water, float(mode), rested, drying, at, air_at, duty))
        rows[:] = np.array(minutes).T
        rows[Row.WALL] = wall
        if tripped and rows[Row.AT, 0] == whole:
            rows[Row.AT, 0], rows[Row.AIR_AT, 0] = 0.0, before[Row.AIR]

    def _start(self, weather: Weather, sunlit: float) -> FloatArray:
        """The minute before the epoch: running at its set point, or as cold as it is outside."""
        shelter = self._shelter
        inside = shelter.number("setpoint") if shelter.warm_at_start else float(weather.temperature_c[0])
        water = 10.0 * 0.4 * saturation_at(inside) * 100.0 / float(weather.pressure_hpa[0])
        row = np.zeros(len(Row))
        row[[Row.AIR, Row.MASS, Row.WALL, Row.WATER, Row.RESTED]] = inside, inside, sunlit, water, 3600.0
        return row

    def _pulls(self, weather: Weather, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Cooling and heating power, W, as the compressor runs; the hotter outside, the less cooling."""
        figures, hidden = self._shelter.entry.parameter, self._shelter.hidden
        seconds = np.asarray((np.arange(first, last) + 1.0) * MINUTE_S, dtype=np.float64)
        left = hidden.ac_capacity * self._shelter.wear.share("air_filter", seconds)
        hot = 1.0 - figures("cooling_loss_per_c") * (weather.temperature_c - 35.0)
        return figures("cooling_power") * hot * left, figures("heating_power") * left

    def _thermostat(self) -> _Thermostat:
        shelter = self._shelter
        half, error = shelter.number("hysteresis"), shelter.hidden.thermostat_error_c
        cool, heat = shelter.number("setpoint") - error, shelter.number("heat_setpoint") - error
        allowed = shelter.powered and bool(shelter.settings["ac_enabled"])
        return _Thermostat(
            cool + half, cool - half, heat - half, heat + half, shelter.entry.parameter("compressor_rest"), allowed
        )

    def _driers(self, volume: float) -> tuple[float, float, float, float]:
        """Humidities, %, at which dehumidifier and humidifier start, and what each moves in a minute, mmol/mol."""
        shelter = self._shelter
        figures, hidden = shelter.entry.parameter, shelter.hidden
        grams = _VAPOUR_G_PER_M3 * volume
        dry = figures("dehumidifier_rate") / 60.0 / grams * hidden.dehumidifier
        moist = figures("humidifier_rate") / 60.0 / grams * hidden.humidifier
        if not shelter.powered:
            dry = moist = 0.0
        return shelter.number("dehumidify_above"), shelter.number("humidify_below"), dry, moist


_BAND_PCT = 5.0
"""Hysteresis of dehumidifier and humidifier, % relative humidity. This project's choice."""


def _switching(
    thermostat: _Thermostat, mode: Mode, air: float, end: float, towards: float, tau: float, rested: float
) -> tuple[float, float, Mode]:
    """Second of the minute at which the mode changes (60: not), the air's temperature then, the mode after it."""
    at, air_at = 0.0, air
    if mode is Mode.OFF and rested < thermostat.rest_s:
        at = thermostat.rest_s - rested
        if at >= MINUTE_S:
            return float(MINUTE_S), end, mode
        air_at = towards + (air - towards) * math.exp(-at / tau)
    after = thermostat.next_mode(mode, air_at)
    if after is not mode:
        return at, air_at, after
    after = thermostat.next_mode(mode, end)
    if after is mode:
        return float(MINUTE_S), end, mode
    reached = thermostat.threshold(mode, end > air)
    return tau * math.log((air - towards) / (reached - towards)), reached, after
