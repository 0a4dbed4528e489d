"""The air of a city, as an :class:`~instruments.atmosphere.Atmosphere`: gases, particles and weather of any instant.

Everything is a function of (seed, name, time), made in fixed blocks: three days by the minute, one hour by the second.
No value depends on what was asked for before, and a point years ahead costs the walk of the ten-minute paths only.
Before the epoch the air stood as in its first minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.special import ndtr

from instruments.air import FloatArray, Gas, GasListener, Species
from instruments.ambient.anomalies import STEP_S, anomalies, fast_parts
from instruments.ambient.climate import POLLUTANTS, VARIABLES, Climate, city_cycles, load_climate
from instruments.ambient.courseless import Courseless
from instruments.ambient.nitrogen import CO_PER_NOX, district_balance, rate_per_ppb, with_exhaust
from instruments.ambient.particles import extinction, modes
from instruments.ambient.paths import Pulses, ShortMemory
from instruments.ambient.shapes import Marginal
from instruments.ambient.sky import YEAR_D, global_radiation, photolysis, sun_height
from instruments.ambient.table import minute_table
from instruments.ambient.units import STANDARD_PRESSURE_PA, ug_m3_per_ppb
from instruments.ambient.vapour import vapour_hpa
from instruments.ambient.winds import Winds
from instruments.atmosphere import Aerosol, Mode, Weather
from instruments.signal import stretched

MINUTES = 4320
"""Minutes of one block: a whole number of ten-minute steps."""
SECONDS = 3600
"""Seconds of one block of gas."""

_DATA_K = 273.15
_GASES = ("SO2", "NO2", "O3", "CO")
_MODES = len(Mode)
_WEATHER = ("temperature", "humidity", "pressure", "east", "north", "gust", "rain", "sun", "extinction")
_ROWS = ("SO2", "NO", "NO2", "O3", "CO", "H2O", "PAN", *_WEATHER, "exhaust", "kappa")
_ROW = {label: row for row, label in enumerate(_ROWS)}
_COUNT = len(_ROWS) + _MODES
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_ROAD_NOX = 4.0
"""Nitrogen oxides from nearby streets at the data's stations, nmol/mol (choice of this project)."""
_MOIST = 4.0
"""Rain in saturated air over rain in all air, so that the climate's share comes out (found by trial)."""
_OZONE_BACKGROUND = 30.0
"""Ozone that comes with the air, nmol/mol; what is above it was made here, and PAN with it (recalled)."""
PAN_OF_OZONE = 0.03
"""Peroxyacetyl nitrate for each part of ozone above its background, where the bench file does not say (recalled; 0.02
to 0.04 on photochemical days)."""
_PULSED = 0.6
"""Share of the exhaust that comes in single plumes (choice of this project)."""


class CityAir:
    """Ambient air with the statistics of a climate.

    Args:
        seed: root seed of the bench.
        name: full name; keys the random paths.
        epoch: calendar time of bench time 0, with its zone.
        climate: the climate, or its name.
        latitude, longitude: of the place; the climate's own if None. South of the equator the year is turned round.
        levels: of each pollutant over those of the climate's data; today's where left out.
        road_nox: mean of nitrogen oxides from the streets nearby, nmol/mol; None: as at the stations of the data
            (4 nmol/mol times the level of NO2). A kerb has 40 to 80.
        pan_of_ozone: peroxyacetyl nitrate for each part of ozone above its background (on photochemical days 0.02 to
            0.04; recalled). A molybdenum converter takes it for NO2.

    Raises:
        ConfigurationError: no such climate.
        ValueError: ``epoch`` has no zone, or ``levels`` names no pollutant.
    """

    def __init__(
        self, seed: int, name: str, epoch: datetime, *, climate: str | Climate = "beijing",
        latitude: float | None = None, longitude: float | None = None, levels: Mapping[str, float] | None = None,
        road_nox: float | None = None, pan_of_ozone: float = PAN_OF_OZONE,
    ) -> None:  # fmt: skip
        if epoch.tzinfo is None:
            raise ValueError("the epoch of the ambient air needs a zone")
        data = load_climate(climate) if isinstance(climate, str) else climate
        chosen = {**data.levels_today(), **(levels or {})}
        if set(chosen) != set(POLLUTANTS):
            raise ValueError(f"levels: of {', '.join(POLLUTANTS)}, not {', '.join(set(chosen) - set(POLLUTANTS))}")
        self._latitude = data.climate.latitude if latitude is None else latitude
        self._longitude = data.climate.longitude if longitude is None else longitude
        self._days_at_epoch = (epoch - _YEAR_2000) / timedelta(days=1)
        # the data's hours are those of a zone; elsewhere the same sun stands at the same local solar time
        self._hour_shift = data.climate.zone_h + (self._longitude - data.climate.longitude) / 15.0
        # the data's NO2 and ozone contain what their own streets did to them: only the difference comes on top
        self._usual_road = _ROAD_NOX * chosen["NO2"]
        self._road = self._usual_road if road_nox is None else road_nox
        self._pan_of_ozone = pan_of_ozone
        self._cycles = city_cycles(data)
        self._levels = chosen
        self._marginals = {key: Marginal(shape, shape.floor * chosen[key]) for key, shape in data.shape.items()}
        self._slow = Courseless(anomalies(seed, f"{name}/anomalies", data), len(VARIABLES), 86400 // STEP_S)
        self._fast = {
            key: (share, ShortMemory(seed, f"{name}/fast/{key}", tau * 3600.0, 60.0))
            for key, (share, tau) in fast_parts(data.parts()).items()
        }
        self._puffs = ShortMemory(seed, f"{name}/fast/particles", 0.22 * 3600.0, 60.0)
        self._winds = Winds(seed, name, data.wind)
        self._street = ShortMemory(seed, f"{name}/street", 1200.0, 60.0)
        self._clouds = ShortMemory(seed, f"{name}/clouds", 600.0, 60.0)
        self._shower = ShortMemory(seed, f"{name}/shower", 360.0, 60.0)
        self._cell = ShortMemory(seed, f"{name}/rain", 7200.0, float(STEP_S))
        self._mood = ShortMemory(seed, f"{name}/composition", 10.0 * 3600.0, float(STEP_S))
        self._plumes = Pulses(seed, f"{name}/plumes", 90.0, 4.0, 35.0)
        self._minutes: dict[int, FloatArray] = {}
        self._hours: dict[int, FloatArray] = {}

    # -- what an Atmosphere gives -----------------------------------------------------------------------------------

    def gas(self, first: int, last: int) -> Gas:
        """Return gas of the seconds ``first`` (inclusive) to ``last`` (exclusive)."""
        rows = _pieces(self._gas_block, SECONDS, first, last)
        count = len(Species)
        return Gas(first, np.ascontiguousarray(rows[:count]), rows[count], rows[count + 1])

    def gas_by_minute(self, first: int, last: int) -> FloatArray:
        """Return gas of the minutes ``first`` to ``last``, shape (len(Species), n), without the single plumes."""
        return np.asarray(self._of_minutes(first, last)[: len(Species)])

    def aerosol(self, first: int, last: int) -> Aerosol:
        """Return particles of the minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        rows = self._of_minutes(first, last)
        return Aerosol(first, rows[len(_ROWS) :], rows[_ROW["kappa"]])

    def weather(self, first: int, last: int) -> Weather:
        """Return weather of the minutes ``first`` (inclusive) to ``last`` (exclusive)."""
        rows = self._of_minutes(first, last)
        begin = _ROW[_WEATHER[0]]
        return Weather(first, *rows[begin : begin + len(_WEATHER)])

    def wind(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Return east and north components, m/s, of the seconds ``first`` to ``last`` (exclusive)."""
        east, north = _pieces(self._wind_block, SECONDS, first, last)
        return east, north

    def minute_table(self, first: int, last: int) -> dict[str, tuple[FloatArray, str]]:
        """Return particles and weather of the minutes ``first`` to ``last`` as columns with their units."""
        return minute_table(self, first, last)

    def on_change(self, listener: GasListener) -> None:
        """Nothing of this air ever changes: ``listener`` need not be called."""

    # -- minutes ----------------------------------------------------------------------------------------------------

    def _of_minutes(self, first: int, last: int) -> FloatArray:
        return _pieces(self._minute_block, MINUTES, first, last)

    def _minute_block(self, number: int) -> FloatArray:
        return _kept(self._minutes, number, 6, self._made_minutes)

    def _made_minutes(self, number: int) -> FloatArray:
        first, last = number * MINUTES, (number + 1) * MINUTES
        steps = MINUTES * 60 // STEP_S
        knots = self._slow.values(number * steps, (number + 1) * steps + 1)
        z = {label: _by_minute(knots[:, column]) for column, label in enumerate((*VARIABLES, "front"))}
        tens = np.arange(number * steps, (number + 1) * steps + 1, dtype=float)
        days = self._days_at_epoch + (tens * 10.0 + 0.5) / 1440.0
        turned = 0.0 if self._latitude >= 0.0 else 0.5
        hour = days * 24.0 + self._hour_shift
        usual = {
            label: _by_minute(line)
            for label, line in self._cycles.at(np.mod(days / YEAR_D + turned, 1.0), hour).items()
        }  # fmt: skip
        usual["sun height"] = _by_minute(sun_height(days, self._latitude, self._longitude))
        rows = np.empty((_COUNT, MINUTES))
        row = {label: rows[place] for label, place in _ROW.items()}
        wetness = self._weather_rows(first, last, z, usual, _by_minute(hour), row)
        drawn = self._drawn(first, last, z, usual)
        kelvin = row["temperature"] + 273.15
        outside = _DATA_K / kelvin * row["pressure"] * 100.0 / STANDARD_PRESSURE_PA
        mood = _by_minute(self._mood.values(number * steps, (number + 1) * steps + 1))
        mass, row["kappa"][:] = modes(
            drawn["PM2.5"] * outside, drawn["PM10"] * outside, row["temperature"], row["humidity"], mood,
            np.hypot(row["east"], row["north"]), wetness,
        )  # fmt: skip
        rows[len(_ROWS) :] = mass
        row["extinction"][:] = extinction(mass, row["kappa"], row["humidity"], row["rain"])
        self._sunshine(first, last, z, usual["sun height"], row)
        self._gas_rows(first, last, drawn, usual, row)
        return rows

    def _drawn(
        self, first: int, last: int, z: Mapping[str, FloatArray], usual: Mapping[str, FloatArray]
    ) -> dict[str, FloatArray]:
        """Pollutants by themselves, ug/m3 at 273.15 K."""
        drawn = {}
        for name in POLLUTANTS:
            number = z[name]
            if name in self._fast:
                share, path = self._fast[name]
                fast = path.values(first, last)
                if name.startswith("PM"):  # puffs carry both sizes
                    fast = 0.9 * self._puffs.values(first, last) + 0.436 * fast
                number = number + np.sqrt(share) * fast
            level = np.log(self._levels[name])
            drawn[name] = self._marginals[name].value(usual[name] + level, usual[f"{name} sd"], number)
        most = np.exp(usual["most O3"]) * self._levels["O3"]
        drawn["O3"] = drawn["O3"] / (1.0 + (drawn["O3"] / most) ** 2.5) ** 0.4
        return drawn

    def _weather_rows(
        self, first: int, last: int, z: Mapping[str, FloatArray], usual: Mapping[str, FloatArray], hour: FloatArray,
        row: Mapping[str, FloatArray],
    ) -> FloatArray:  # fmt: skip
        """Fill temperature, humidity, pressure, wind and rain; return how far rain has washed the air."""
        cover = ndtr(z["cloud"])
        swing = usual["temperature"] - usual["day temperature"]
        dry = (
            usual["temperature"] + swing * 0.3 * (0.5 - cover) + usual["temperature sd"] * z["temperature"]
        )  # fmt: skip
        gap = dry - usual["dew_point"] - usual["dew_point sd"] * z["dew_point"]
        gap = 0.5 * (gap + np.sqrt(gap * gap + 6.0))  # the air is hardly ever saturated
        # rain falls where a normal number made of cloud and passing cells is among the highest, and not into dry air
        cell = _by_minute(self._cell.values(first * 60 // STEP_S, last * 60 // STEP_S + 1))
        chance = usual["wet share"] * _MOIST * np.exp(-gap / 4.0)
        rank = ndtr(-(0.75 * z["cloud"] + 0.661 * cell)) / chance
        shower = np.exp(0.7 * self._shower.values(first, last) - 0.245)
        row["rain"][:] = np.where(rank < 1.0, -np.log(np.clip(rank, 1e-6, 1.0)) * usual["rain"] * shower, 0.0)
        wetness = np.clip(1.25 - 0.25 * rank, 0.0, 1.0)  # begins before and ends after the rain itself
        row["temperature"][:] = dry - 2.0 * wetness
        depression = gap * (1.0 - 0.6 * wetness)
        row["humidity"][:] = 100.0 * vapour_hpa(row["temperature"] - depression) / vapour_hpa(row["temperature"])
        row["pressure"][:] = usual["pressure"] + usual["pressure sd"] * z["pressure"]
        row["H2O"][:] = 1e3 * vapour_hpa(row["temperature"] - depression) / row["pressure"]
        row["east"][:], row["north"][:], row["gust"][:] = self._winds.minutes(
            first, last, usual["wind"], z["wind"], (z["east"], z["north"]), z["front"], hour
        )
        return np.asarray(wetness)

    def _sunshine(
        self, first: int, last: int, z: Mapping[str, FloatArray], height: FloatArray, row: Mapping[str, FloatArray]
    ) -> None:
        cover = ndtr(z["cloud"] + 0.35 * self._clouds.values(first, last))
        cover = np.maximum(cover, np.where(row["rain"] > 0.0, 0.9, 0.0))
        row["sun"][:] = global_radiation(height, cover, 0.8 * np.minimum(row["extinction"], 4.0))

    def _gas_rows(
        self, first: int, last: int, drawn: Mapping[str, FloatArray], usual: Mapping[str, FloatArray],
        row: Mapping[str, FloatArray],
    ) -> None:  # fmt: skip
        """Fill the gases; NO follows from NO2, ozone, light and traffic, and exhaust of the street comes on top."""
        for gas in _GASES:
            row[gas][:] = drawn[gas] / ug_m3_per_ppb(gas, _DATA_K)
        row["CO"] *= 1e-3
        rate = rate_per_ppb(row["temperature"], row["pressure"])
        light = photolysis(row["sun"])
        row["NO"][:], row["O3"][:] = district_balance(row["NO2"], row["O3"], light, usual["traffic"], rate)
        row["PAN"][:] = self._pan_of_ozone * np.maximum(row["O3"] - _OZONE_BACKGROUND, 0.0)
        speed = np.hypot(row["east"], row["north"])
        patches = np.exp(0.6 * self._street.values(first, last) - 0.18)
        row["exhaust"][:] = self._road * usual["traffic"] * patches * _dilution(speed)
        self._add_exhaust(row, row["exhaust"] - self._usual_road * usual["traffic"] * _dilution(usual["wind"]))

    @staticmethod
    def _add_exhaust(row: Mapping[str, FloatArray], exhaust: FloatArray) -> None:
        lacking = np.maximum(exhaust, -0.5 * (row["NO"] + row["NO2"]))
        row["NO"][:], row["NO2"][:], row["O3"][:] = with_exhaust(row["NO"], row["NO2"], row["O3"], lacking)
        row["CO"][:] = np.maximum(row["CO"] + CO_PER_NOX * lacking, 0.5 * row["CO"])

    # -- seconds ----------------------------------------------------------------------------------------------------

    def _gas_block(self, number: int) -> FloatArray:
        return _kept(self._hours, number, 12, self._made_gas)

    def _made_gas(self, number: int) -> FloatArray:
        minutes = SECONDS // 60
        first = number * minutes
        labels = ("SO2", "NO", "NO2", "O3", "CO", "H2O", "PAN", "temperature", "pressure", "exhaust")
        knots = self._of_minutes(first - 1, first + minutes + 1)[[_ROW[label] for label in labels]]
        fine = np.empty((len(labels), SECONDS))
        for seconds, line in zip(fine, knots, strict=True):
            seconds[:] = stretched(line, 30, 30 + SECONDS, 60)
        row = dict(zip(labels, fine, strict=True))
        # the minutes hold the mean of the plumes; by the second a part of it comes in pulses, and between them it lacks
        pulses = self._plumes.values(number * SECONDS, (number + 1) * SECONDS)
        self._add_exhaust(row, _PULSED * row["exhaust"] * (pulses - 1.0))
        return fine[:-1]

    def _wind_block(self, number: int) -> FloatArray:
        minutes = SECONDS // 60
        rows = self._of_minutes(number * minutes, (number + 1) * minutes)
        gust = np.repeat(rows[_ROW["gust"]], 60)
        gusts = self._winds.gusts.seconds(number * SECONDS, (number + 1) * SECONDS)
        return np.array(
            [
                np.repeat(rows[_ROW[axis]], 60) + gust * eddies
                for axis, eddies in zip(("east", "north"), gusts, strict=True)
            ]
        )


def _dilution(speed_m_s: FloatArray) -> FloatArray:
    """Return exhaust at a wind speed over its mean: a street holds it in calm air (choice of this project)."""
    return 2.2 / (speed_m_s + 0.6)


def _by_minute(knots: FloatArray) -> FloatArray:
    """Return the minutes of a block from its ten-minute knots."""
    return stretched(np.ascontiguousarray(knots), 0, MINUTES, STEP_S // 60)


def _kept(
    blocks: dict[int, FloatArray], number: int, most: int, make: Callable[[int], FloatArray]
) -> FloatArray:  # fmt: skip
    block = blocks.get(number)
    if block is None:
        block = make(number)
        block.flags.writeable = False
        while len(blocks) >= most:
            del blocks[next(iter(blocks))]
        blocks[number] = block
    return block


def _pieces(block: Callable[[int], FloatArray], size: int, first: int, last: int) -> FloatArray:
    """Return points ``first`` to ``last`` along axis 1; points before the epoch are its first one."""
    if first < 0:
        ahead = np.repeat(block(0)[:, :1], min(last, 0) - first, axis=1)
        return ahead if last <= 0 else np.concatenate((ahead, _pieces(block, size, 0, last)), axis=1)
    parts = []
    while first < last:
        number, begin = divmod(first, size)
        end = min(last - number * size, size)
        parts.append(block(number)[:, begin:end])
        first = number * size + end
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
