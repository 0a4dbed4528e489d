"""A recorded atmosphere: means over hours or minutes become values by the minute and the second, and stay the means.

Within an interval the value runs in two straight lines: from the border with the interval before to the middle and on
to the border with the next one. Borders are half-way between neighbours, and never more than twice the lesser one; the
middle is what the mean asks for. So the course is continuous, local, never negative, and its mean over every interval
is the recorded one. Recorded negatives are an instrument's noise and count as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from instruments.air import FloatArray, Gas, GasListener, Species
from instruments.ambient.nitrogen import district_balance, rate_per_ppb
from instruments.ambient.particles import extinction, modes_of_masses, volatile_share
from instruments.ambient.replay_file import Recording
from instruments.ambient.sky import global_radiation, photolysis, sun_height
from instruments.ambient.table import MOR, minute_table
from instruments.ambient.units import REFERENCE_K, STANDARD_PRESSURE_PA, Quantity
from instruments.ambient.vapour import vapour_hpa
from instruments.ambient.winds import Gusts
from instruments.atmosphere import Aerosol, Weather
from instruments.errors import ConfigurationError

_SIGNED = frozenset({"temperature", "east", "north"})
_GASES: Mapping[Species, Quantity] = {
    Species.SO2: "so2", Species.NO: "no", Species.NO2: "no2", Species.O3: "o3", Species.CO: "co",
    Species.PAN: "pan",
}  # fmt: skip
STANDING: Mapping[Quantity, float] = {
    "so2": 0.0, "no": 0.0, "no2": 0.0, "o3": 0.0, "co": 0.0, "pan": 0.0, "pm2_5": 0.0, "pm10": 0.0,
    "temperature": 20.0, "humidity": 50.0, "pressure": 1013.25, "wind_speed": 2.0, "wind_direction": 0.0, "rain": 0.0,
}  # fmt: skip
"""What stands for quantities that neither the file nor the bench gives; units inside."""

_YEAR_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2000_S = 946684800
_COARSE_OF_FINE = 0.5
"""Coarse over fine mass where only one of PM2.5 and PM10 was recorded (choice of this project)."""

AHEAD_S = 3600
"""Devices look ahead of the present, by a step or a block: so long the last value stands after the end."""


class ReplayAir:
    """An :class:`~instruments.atmosphere.Atmosphere` from a recording.

    Args:
        seed: root seed of the bench (for gusts).
        name: full name.
        epoch: calendar time in the recording that is bench time 0.
        recording: what was recorded.
        values: constant quantities that the recording does not hold, units inside.
        latitude: of the place, for the sun where radiation was not recorded.
        longitude: of the place.

    Raises:
        ConfigurationError: the epoch lies outside the recording.
    """

    def __init__(
        self, seed: int, name: str, epoch: datetime, recording: Recording, *,
        values: Mapping[Quantity, float] | None = None, latitude: float = 39.9, longitude: float = 116.4,
    ) -> None:  # fmt: skip
        self._file, self._hold = recording.file, recording.gaps == "hold"
        self._epoch_s = round((epoch - _YEAR_1970) / timedelta(seconds=1))
        self._begin, self._step, self._count = recording.begin_s - self._epoch_s, recording.step_s, recording.count
        if not 0 <= -self._begin < self._count * self._step:
            raise ConfigurationError(
                recording.file, "", f"the bench's epoch {epoch.isoformat()} (or start) within the recording",
                f"{_calendar(recording.begin_s)} to {_calendar(recording.begin_s + self._count * self._step)}",
            )  # fmt: skip
        self._latitude, self._longitude = latitude, longitude
        self._references = recording.references
        self._constant = {**STANDING, **(values or {})}
        self._recorded = set(recording.series)
        series: dict[str, FloatArray] = {key: line for key, line in recording.series.items() if "wind" not in key}
        if "wind_speed" in recording.series:
            towards = np.radians(recording.series["wind_direction"] + 180.0)
            series["east"] = recording.series["wind_speed"] * np.sin(towards)
            series["north"] = recording.series["wind_speed"] * np.cos(towards)
        if "visibility" in series:
            series["visibility"] = MOR / series["visibility"]  # means of extinction, not of distance
        if "visibility" in self._constant:
            self._constant["visibility"] = MOR / self._constant["visibility"]
        # an instrument's negative values are its noise, not the air's
        series = {key: line if key in _SIGNED else np.maximum(line, 0.0) for key, line in series.items()}
        self._borders = {key: _borders(line, signed=key in _SIGNED) for key, line in series.items()}
        self._means = series
        self._gusts = Gusts(seed, name)

    # -- what an Atmosphere gives -----------------------------------------------------------------------------------

    def gas(self, first: int, last: int) -> Gas:
        """Return gas of the seconds ``first`` (inclusive) to ``last`` (exclusive).

        Raises:
            ConfigurationError: the recording ended more than :data:`AHEAD_S` before, and may not be held.
        """
        times = np.maximum(np.arange(first, last), 0) + 0.5
        temperature, pressure = self._at("temperature", times), self._at("pressure", times)
        fractions = np.empty((len(Species), len(times)))
        for species, quantity in _GASES.items():
            fractions[species] = self._at(quantity, times)
        if {"no2", "o3"} <= self._recorded and "no" not in self._recorded and "no" not in self._given:
            light = photolysis(self._sun(times))
            rate = rate_per_ppb(temperature, pressure)
            fractions[Species.NO], _ = district_balance(
                fractions[Species.NO2], np.maximum(fractions[Species.O3], 0.1), light, np.ones(len(times)), rate
            )
        fractions[Species.H2O] = self._water(times, temperature, pressure)
        return Gas(first, fractions, temperature, pressure)

    def aerosol(self, first: int, last: int) -> Aerosol:
        """Return particles of the minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        times = self._minute_times(first, last)
        mass, kappa = self._particles(times)
        return Aerosol(first, mass, kappa)

    def weather(self, first: int, last: int) -> Weather:
        """Return weather of the minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        times = self._minute_times(first, last)
        east, north = self._wind(times)
        humidity, rain = self._humidity(times), self._at("rain", times)
        if "visibility" in self._recorded or "visibility" in self._constant:
            seen = self._at("visibility", times)
        else:
            mass, kappa = self._particles(times)
            seen = extinction(mass, kappa, humidity, rain)
        gust = self._gusts.strength(np.hypot(east, north))
        return Weather(first, self._at("temperature", times), humidity, self._at("pressure", times), east, north, gust,
                       rain, self._sun(times), seen)  # fmt: skip

    def wind(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Return east and north components, m/s, of the seconds ``first`` to ``last`` (exclusive)."""
        low, high = first // 60, -(-last // 60)
        east, north = self._wind(self._minute_times(low, high))
        gust = np.repeat(self._gusts.strength(np.hypot(east, north)), 60)
        ahead = max(-low, 0) * 60  # before the epoch nothing moves
        eddies = self._gusts.seconds(max(low, 0) * 60, max(high, 1) * 60)
        lines = []
        for mean, eddy in ((east, eddies[0]), (north, eddies[1])):
            moving = np.concatenate((np.zeros(ahead), eddy))[: (high - low) * 60]
            lines.append((np.repeat(mean, 60) + gust * moving)[first - low * 60 : last - low * 60])
        return lines[0], lines[1]

    def minute_table(self, first: int, last: int) -> dict[str, tuple[FloatArray, str]]:
        """Return particles and weather of the minutes ``first`` to ``last`` as columns with their units."""
        return minute_table(self, first, last)

    def on_change(self, listener: GasListener) -> None:
        """Nothing of this air ever changes: ``listener`` need not be called."""

    # -- from means to courses --------------------------------------------------------------------------------------

    @staticmethod
    def _minute_times(first: int, last: int) -> FloatArray:
        return np.maximum(np.arange(first, last), 0) * 60.0 + 30.0

    @property
    def _given(self) -> set[str]:
        return {key for key, value in self._constant.items() if STANDING.get(key) != value}

    def reaches(self, second: float) -> None:
        """Make sure that the recording, or what may be held after it, goes on until a second of the bench.

        Raises:
            ConfigurationError: it ends before.
        """
        end = self._begin + self._count * self._step
        if second > end and not self._hold:
            raise ConfigurationError(
                self._file, "", 'a recording as long as the run, or gaps = "hold"',
                f"an end at {_calendar(self._epoch_s + end)}",
            )  # fmt: skip

    def _at(self, key: str, times: FloatArray) -> FloatArray:
        if key not in self._means:
            return np.full(len(times), self._constant[key])  # type: ignore[index]  # every quantity is in STANDING
        position = (times - self._begin) / self._step
        interval = position.astype(np.intp)
        if len(times) and interval[-1] >= self._count:
            self.reaches(times[-1] - AHEAD_S)
            position = np.minimum(position, float(self._count))
            interval = np.minimum(interval, self._count - 1)
        borders, mean = self._borders[key], self._means[key][interval]
        left, right = borders[interval], borders[interval + 1]
        middle = 2.0 * mean - 0.5 * (left + right)
        share = 2.0 * (position - interval)
        return np.asarray(
            np.where(share < 1.0, left + (middle - left) * share, middle + (right - middle) * (share - 1.0))
        )

    def _wind(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        if "east" in self._means:
            return self._at("east", times), self._at("north", times)
        towards = np.radians(self._constant["wind_direction"] + 180.0)
        speed = self._constant["wind_speed"] * np.ones(len(times))
        return speed * np.sin(towards), speed * np.cos(towards)

    def _humidity(self, times: FloatArray) -> FloatArray:
        if "h2o" in self._recorded and "humidity" not in self._recorded:
            vapour = self._at("h2o", times) * 1e-3 * self._at("pressure", times)
            return np.clip(100.0 * vapour / vapour_hpa(self._at("temperature", times)), 0.0, 100.0)
        return np.clip(self._at("humidity", times), 0.0, 100.0)

    def _water(self, times: FloatArray, temperature: FloatArray, pressure: FloatArray) -> FloatArray:
        if "h2o" in self._recorded or "h2o" in self._constant:
            return self._at("h2o", times)
        return 1e3 * self._humidity(times) / 100.0 * vapour_hpa(temperature) / pressure

    def _sun(self, times: FloatArray) -> FloatArray:
        if "sun" in self._recorded or "sun" in self._constant:
            return np.maximum(self._at("sun", times), 0.0)
        days = (self._epoch_s - _YEAR_2000_S + times) / 86400.0
        clear = np.zeros(len(times))
        return global_radiation(sun_height(days, self._latitude, self._longitude), clear, clear)

    def _particles(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        temperature, pressure = self._at("temperature", times), self._at("pressure", times)
        masses = {}
        for key in ("pm2_5", "pm10"):
            mass = np.maximum(self._at(key, times), 0.0)
            reference = self._references.get(key, "outside")
            if reference != "outside":
                mass = mass * (
                    REFERENCE_K[reference] / (temperature + 273.15) * pressure * 100.0 / STANDARD_PRESSURE_PA
                )
            masses[key] = mass
        fine, both = masses["pm2_5"], masses["pm10"]
        known = {key for key in masses if key in self._recorded or key in self._given}
        if known == {"pm10"}:
            fine = both / (1.0 + _COARSE_OF_FINE)
        elif known == {"pm2_5"}:
            both = fine * (1.0 + _COARSE_OF_FINE)
        share = volatile_share(temperature, self._humidity(times), np.zeros(len(times)))
        east, north = self._wind(times)
        return modes_of_masses(fine, np.maximum(both - fine, 0.0), share, np.hypot(east, north), np.zeros(len(times)))


def _borders(means: FloatArray, *, signed: bool) -> FloatArray:
    """Return values at the borders of the intervals, shape (n + 1,)."""
    before, after = np.concatenate((means[:1], means)), np.concatenate((means, means[-1:]))
    half = 0.5 * (before + after)
    return np.asarray(half if signed else np.minimum(half, 2.0 * np.minimum(before, after)))


def _calendar(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat()
