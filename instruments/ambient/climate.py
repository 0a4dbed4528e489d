"""A city's climate as data: how pollutants and weather run through the year and the day, and how they vary together.

One TOML file per climate, checked here. :class:`Cycles` makes of its tables what a minute of a year is to be: knots are
chosen so that means over the table's months, seasons and hours come out as the table says, though the lines between
knots cut corners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from instruments.air import FloatArray
from instruments.catalogue import Mark
from instruments.errors import ConfigurationError
from instruments.reading import validate_toml

_FOLDER = Path(__file__).parent

Season = Literal["DJF", "MAM", "JJA", "SON"]
SEASONS: tuple[Season, ...] = ("DJF", "MAM", "JJA", "SON")

POLLUTANTS = ("PM2.5", "PM10", "SO2", "NO2", "CO", "O3")
"""Order of the pollutants everywhere in this package."""

WEATHER = ("wind", "temperature", "dew_point", "pressure", "cloud", "north", "east")
"""What varies together with them, in this order."""

VARIABLES = (*POLLUTANTS, *WEATHER)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Marked(_Section):
    mark: Mark
    source: str


Day = Annotated[list[float], Field(min_length=24, max_length=24)]
Daily = dict[Season, Day]
Seasonal = dict[Season, float]
Parts = list[tuple[float, float]]
"""Ornstein-Uhlenbeck parts of an anomaly: (share of its variance, correlation time in hours)."""


class _About(_Marked):
    name: str
    title: str
    latitude: float = Field(ge=-90.0, le=90.0)
    longitude: float = Field(ge=-180.0, le=180.0)
    zone_h: float


class Pollutant(_Section):
    """One pollutant's statistics, ug/m3 at 273.15 K."""

    monthly_geomean: Annotated[list[float], Field(min_length=12, max_length=12)]
    log_sd: Seasonal
    parts: Parts
    geomean: Daily
    mean: Daily


class _Correlation(_Section):
    order: list[str]
    matrix: list[list[float]]
    stronger: list[tuple[str, str, float]] = Field(default_factory=list)


class _Variable(_Marked):
    title: str
    sd: Seasonal = Field(default_factory=dict)
    parts: Parts
    correlation: list[float]


class Front(_Marked):
    """Cold fronts, and bursts of activity.

    Attributes:
        interval_h: mean time between fronts.
        spread: standard deviation of the logarithm of a front's strength.
        rise_h: time in which it comes.
        stay_h: time for which the wind stays turned.
        burst_share: share of the 80-minute stretches in which everything changes faster.
        burst_factor, calm_factor: how much faster, for quick parts of pollutants, and for haze and weather.
        haze_h: correlation time from which a part is haze.
        loading: correlation of each variable's innovations with the fronts'.
    """

    interval_h: float = Field(gt=0.0)
    spread: float = Field(ge=0.0)
    rise_h: float = Field(gt=0.0)
    stay_h: float = Field(gt=0.0)
    burst_share: float = Field(gt=0.0, lt=1.0)
    burst_factor: float = Field(ge=1.0)
    calm_factor: float = Field(ge=1.0)
    haze_h: float = Field(gt=0.0)
    loading: dict[str, float]


class Shape(_Section):
    """How a pollutant's distribution departs from the log-normal one.

    Attributes:
        knee: standard deviations of the logarithm above which high values are pressed down.
        room: standard deviations that are left above the knee, however high a draw is.
        floor: least concentration, ug/m3 at 273.15 K, at the levels of the data.
    """

    knee: float
    room: float = Field(gt=0.0)
    floor: float = Field(gt=0.0)


class Shapes(_Marked):
    """The shapes of all pollutants."""

    pm2_5: Shape = Field(alias="PM2.5")
    pm10: Shape = Field(alias="PM10")
    so2: Shape = Field(alias="SO2")
    no2: Shape = Field(alias="NO2")
    co: Shape = Field(alias="CO")
    o3: Shape = Field(alias="O3")

    def items(self) -> Iterator[tuple[str, Shape]]:
        """Every pollutant with its shape."""
        yield from zip(POLLUTANTS, (self.pm2_5, self.pm10, self.so2, self.no2, self.co, self.o3), strict=True)


class Particles(_Marked):
    """What is asked of PM10 so that PM2.5 plus a coarse part that is never negative comes out right.

    Attributes:
        course: factor on the daily course of the drawn PM10, by season.
        level: factor on the drawn PM10, by season.
    """

    course: dict[Season, Annotated[float, Field(gt=0.0)]]
    level: dict[Season, Annotated[float, Field(gt=0.0)]]


class Night(_Marked):
    """What bounds ozone: no night holds more than the air above the city does.

    Attributes:
        base, share: most of a night, ug/m3: ``base`` + ``share`` x the season's highest geometric mean of an hour.
        day: most of a day over the same highest mean.
    """

    base: float = Field(gt=0.0)
    share: float = Field(ge=0.0)
    day: float = Field(gt=1.0)


class _Traffic(_Marked):
    by_hour: Day


class Rain(_Marked):
    """Share of the time with rain, and its mean intensity (mm/h) then."""

    wet_share: Seasonal
    intensity: Seasonal


class Wind(_Marked):
    """Distribution of speeds, and the mountain and valley wind (degrees that it blows towards)."""

    weibull_k: float = Field(gt=0.0)
    night_towards: float
    day_towards: float
    share: float = Field(ge=0.0)


class Climate(_Section):
    """A climate's file."""

    climate: _About
    pollutant: dict[str, Pollutant]
    weather: dict[Literal["TEMP", "DEWP", "PRES", "WSPM"], Daily]
    correlation: _Correlation
    variable: dict[str, _Variable]
    front: Front
    shape: Shapes
    particles: Particles
    night: Night
    today: dict[str, float | str]
    traffic: _Traffic
    rain: Rain
    wind: Wind

    @model_validator(mode="after")
    def _is_complete(self) -> Climate:
        for name, found, expected in (
            ("pollutant", self.pollutant, POLLUTANTS),
            ("variable", self.variable, WEATHER), ("front.loading", self.front.loading, VARIABLES),
            ("today", self.today, (*POLLUTANTS, "mark", "source")),
        ):  # fmt: skip
            if tuple(found) != tuple(expected):
                raise ValueError(f"{name} holds {', '.join(expected)}, in this order")
        for place, name in enumerate(WEATHER):
            known = 0 if name == "wind" else len(POLLUTANTS) + place
            if len(self.variable[name].correlation) != known:
                raise ValueError(f"variable.{name}.correlation has a number for each of the {known} before it")
        return self

    def courses(self) -> tuple[Daily, Daily, Daily, Daily]:
        """Mean courses of temperature, dew point, pressure and wind speed."""
        return self.weather["TEMP"], self.weather["DEWP"], self.weather["PRES"], self.weather["WSPM"]

    def levels_today(self) -> dict[str, float]:
        """Today's levels over those of the data, by pollutant."""
        return {name: float(self.today[name]) for name in POLLUTANTS}

    def correlations(self) -> FloatArray:
        """Correlations asked of the anomalies of all variables, shape (13, 13)."""
        matrix = np.eye(len(VARIABLES))
        known = len(self.correlation.order)
        matrix[:known, :known] = self.correlation.matrix
        for row, name in enumerate(VARIABLES):
            if row >= known:
                matrix[row, :row] = matrix[:row, row] = self.variable[name].correlation
        for one, other, value in self.correlation.stronger:
            row, column = self.correlation.order.index(one), self.correlation.order.index(other)
            matrix[row, column] = matrix[column, row] = value
        return matrix

    def parts(self) -> dict[str, Parts]:
        """Parts of every variable's anomaly."""
        return {name: (self.pollutant.get(name) or self.variable[name]).parts for name in VARIABLES}


@cache
def climates() -> list[str]:
    """Names of all climates."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def load_climate(name: str) -> Climate:
    """Read a climate's file.

    Raises:
        ConfigurationError: no such climate. ConfigurationErrors: mistakes in its file.
    """
    path = _FOLDER / f"{name}.toml"
    if name not in climates():
        raise ConfigurationError("air.ambient", "climate", f"one of {', '.join(climates())}", repr(name))
    return validate_toml(Climate, path.read_text(encoding="utf-8"), str(path))


class Cycles:
    """Tables over the twelve months and 24 hours, read at any minute: lines between the middles of months and hours.

    Args:
        tables: means by month and hour, shape (12, 24) each.
    """

    def __init__(self, tables: Mapping[str, FloatArray]) -> None:
        self._names = tuple(tables)
        self._knots = np.array([_sharpened(_sharpened(table).T).T for table in tables.values()])

    def at(self, year_share: FloatArray, hour: FloatArray) -> dict[str, FloatArray]:
        """Return every table's value where ``year_share`` of the year is over and at ``hour`` of the day."""
        month, hour = np.mod(year_share * 12.0 - 0.5, 12.0), np.mod(hour - 0.5, 24.0)
        m, h = month.astype(np.intp), hour.astype(np.intp)
        a, b = month - m, hour - h
        m, h = m % 12, h % 24
        m1, h1 = (m + 1) % 12, (h + 1) % 24
        k = self._knots
        low = k[:, m, h] + (k[:, m, h1] - k[:, m, h]) * b
        high = k[:, m1, h] + (k[:, m1, h1] - k[:, m1, h]) * b
        return dict(zip(self._names, low + (high - low) * a, strict=True))


def _sharpened(means: FloatArray) -> FloatArray:
    """Return knots along axis 0 between which lines have these means about each knot.

    The mean of a line through knots over a cell is 1/8 of each neighbour and 3/4 of its own knot.
    """
    count = means.shape[0]
    blur = 0.75 * np.eye(count) + 0.125 * (np.roll(np.eye(count), 1, axis=0) + np.roll(np.eye(count), -1, axis=0))
    return np.asarray(np.linalg.solve(blur, means))


def by_month(seasonal: Mapping[Season, Sequence[float] | float]) -> FloatArray:
    """Return twelve monthly values, shape (12, ...), whose smooth course has the given means over the seasons.

    A mean, a wave of a year and one of half a year go through four seasons; averaging over a season damps them by
    sin(x) / x with x = pi / 4 and pi / 2.
    """
    winter, spring, summer, autumn = (np.asarray(seasonal[season], dtype=float) for season in SEASONS)
    mean = (winter + spring + summer + autumn) / 4.0
    cosine = (winter - summer) / 2.0 / (math.sin(math.pi / 4.0) / (math.pi / 4.0))
    sine = (spring - autumn) / 2.0 / (math.sin(math.pi / 4.0) / (math.pi / 4.0))
    twice = (winter - spring + summer - autumn) / 4.0 / (2.0 / math.pi)
    angle = 2.0 * np.pi * np.arange(12) / 12.0
    months = [mean + cosine * math.cos(x) + sine * math.sin(x) + twice * math.cos(2.0 * x) for x in angle]
    return np.array(months)


def city_cycles(climate: Climate) -> Cycles:
    """Return the cycles of a climate.

    ``<pollutant>`` is the mean of the logarithm of its concentration, ``<pollutant> sd`` its standard deviation; beside
    them stand the weather's means, the standard deviations of its anomalies, the day's mean temperature, the traffic
    and the rain.
    """
    tables: dict[str, FloatArray] = {}
    for name, data in climate.pollutant.items():
        courses = {season: np.log(data.geomean[season]) for season in SEASONS}
        swings = {season: courses[season] - courses[season].mean() for season in SEASONS}
        if name == "PM10":
            asked = climate.particles
            swings = {s: swing * asked.course[s] + math.log(asked.level[s]) for s, swing in swings.items()}
        shape = by_month(swings)
        tables[name] = np.log(data.monthly_geomean)[:, None] + shape
        spread = {}
        for season in SEASONS:
            # log-normal: mean over geometric mean is exp(sd**2 / 2); so the data show which hours vary most
            ratio = np.asarray(data.mean[season]) / np.asarray(data.geomean[season])
            by_hour = np.sqrt(2.0 * np.log(np.maximum(ratio, 1.01)))
            spread[season] = by_hour * data.log_sd[season] / np.sqrt(np.mean(by_hour**2))
        tables[f"{name} sd"] = np.maximum(by_month(spread), 0.15)
    for name, course in zip(("temperature", "dew_point", "pressure", "wind"), climate.courses(), strict=True):
        tables[name] = by_month(course)
    tables["day temperature"] = np.repeat(tables["temperature"].mean(axis=1, keepdims=True), 24, axis=1)
    for name in ("temperature", "dew_point", "pressure"):
        tables[f"{name} sd"] = _every_hour(by_month(climate.variable[name].sd))
    tables["wet share"] = _every_hour(np.maximum(by_month(climate.rain.wet_share), 1e-4))
    tables["rain"] = _every_hour(np.maximum(by_month(climate.rain.intensity), 0.1))
    tables["most O3"] = _most_ozone(climate)
    tables["traffic"] = np.repeat(np.asarray(climate.traffic.by_hour)[None], 12, axis=0)
    return Cycles(tables)


def _most_ozone(climate: Climate) -> FloatArray:
    """Logarithm of the most ozone at each hour of each month, ug/m3 at 273.15 K."""
    highest = by_month({season: max(climate.pollutant["O3"].geomean[season]) for season in SEASONS})
    night, day = climate.night.base + climate.night.share * highest, climate.night.day * highest
    light = np.interp(np.arange(24) + 0.5, [0.0, 7.5, 11.0, 18.0, 22.0, 24.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    return np.asarray(np.log(night)[:, None] * (1.0 - light) + np.log(day)[:, None] * light)


def _every_hour(months: FloatArray) -> FloatArray:
    return np.repeat(months[:, None], 24, axis=1)
