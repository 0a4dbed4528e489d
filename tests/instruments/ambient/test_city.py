"""The city's air as an atmosphere: a function of seed, name and time, with the units and means that it promises."""

import time
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from instruments.air import Species
from instruments.ambient.city import CityAir
from instruments.ambient.nitrogen import with_exhaust
from instruments.ambient.paths import Pulses, ShortMemory
from instruments.ambient.sky import sun_height
from instruments.atmosphere import Atmosphere, Mode
from instruments.chemistry import titrated
from instruments.signal import PATH_BLOCK

ZONE = timezone(timedelta(hours=8))
EPOCH = datetime(2026, 7, 1, tzinfo=ZONE)
DAY = 86400


def city(seed=1, name="ambient", epoch=EPOCH, **options) -> Atmosphere:
    return CityAir(seed, name, epoch, **options)


def everything(air, first_minute, last_minute):
    weather, aerosol = air.weather(first_minute, last_minute), air.aerosol(first_minute, last_minute)
    gas = air.gas(first_minute * 60, last_minute * 60)
    parts = [
        weather.temperature_c, weather.humidity_pct, weather.pressure_hpa, weather.east_m_s, weather.north_m_s,
        weather.gust_m_s, weather.rain_mm_h, weather.sun_w_m2, weather.extinction_per_km, aerosol.mass, aerosol.kappa,
        gas.fractions, gas.temperature_c, gas.pressure_hpa, *air.wind(first_minute * 60, last_minute * 60),
    ]  # fmt: skip
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def test_the_fourth_year_is_the_same_however_one_comes_there():
    late = 3 * 365 * 1440 + 17
    walked = city()
    for minute in range(0, late, 7 * 1440):
        walked.weather(minute, minute + 1)
    walked.gas((late - 100) * 60, late * 60)
    assert everything(city(), late, late + 90) == everything(walked, late, late + 90)


def test_pieces_make_the_whole_and_going_back_changes_nothing():
    air, other = city(), city()
    whole = everything(air, 4200, 4500)
    other.gas(9_000_000, 9_000_010)
    other.weather(100_000, 100_010)
    fractions = np.concatenate(
        [other.gas(a, b).fractions for a, b in ((252_000, 254_321), (254_321, 259_199), (259_199, 270_000))], axis=1
    )
    assert fractions.tobytes() == air.gas(252_000, 270_000).fractions.tobytes()
    assert everything(other, 4200, 4500) == whole
    assert air.gas(252_000, 270_000).fractions.flags.c_contiguous


def test_seed_and_name_make_another_air():
    start = everything(city(), 0, 10)
    assert everything(city(seed=2), 0, 10) != start
    assert everything(city(name="elsewhere"), 0, 10) != start


def test_before_the_epoch_stands_the_first_instant():
    air = city()
    gas, begin = air.gas(-5, 3), air.gas(0, 3)
    assert len(gas) == 8
    assert np.all(gas.fractions[:, :6] == begin.fractions[:, :1])
    assert air.weather(-3, -1).temperature_c.tolist() == [air.weather(0, 1).temperature_c[0]] * 2
    assert air.wind(-2, 1)[0].tolist()[:2] == [air.wind(0, 1)[0][0]] * 2


def test_the_second_winds_have_the_minutes_mean_and_their_gusts():
    air = city()
    weather = air.weather(1000, 1600)
    east, north = (axis.reshape(-1, 60) for axis in air.wind(60_000, 96_000))
    np.testing.assert_allclose(east.mean(axis=1), weather.east_m_s, atol=1e-12)
    np.testing.assert_allclose(north.mean(axis=1), weather.north_m_s, atol=1e-12)
    spread = np.sqrt(np.mean((east.var(axis=1) + north.var(axis=1)) / 2.0 / weather.gust_m_s**2))
    assert spread == pytest.approx(1.0, abs=0.03)


def test_the_calendar_comes_from_the_epoch():
    winter, summer = city(epoch=datetime(2026, 1, 10, tzinfo=ZONE)), city(epoch=datetime(2026, 7, 10, tzinfo=ZONE))
    assert winter.weather(0, 7200).temperature_c.mean() < 8.0
    assert summer.weather(0, 7200).temperature_c.mean() > 18.0
    south = city(epoch=datetime(2026, 1, 10, tzinfo=ZONE), latitude=-39.9)
    assert south.weather(0, 7200).temperature_c.mean() > 18.0
    # the same instant told in another zone is the same air
    utc = city(epoch=datetime(2026, 6, 30, 16, tzinfo=UTC))
    assert everything(utc, 0, 5) == everything(city(), 0, 5)
    with pytest.raises(ValueError, match="zone"):
        city(epoch=datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_sun_is_highest_at_solar_noon():
    sun = city().weather(0, 20 * 1440).sun_w_m2.reshape(20, 1440)
    assert np.all(sun[:, : 4 * 60] == 0.0)
    assert sun.max() < 1100.0
    # mean over the days: the centre of light lies at 12:18 in Beijing in July (longitude and equation of time)
    centre = np.sum(np.arange(1440) * sun.mean(axis=0)) / np.sum(sun.mean(axis=0))
    assert centre == pytest.approx(12.3 * 60, abs=30.0)
    equinox = (datetime(2026, 3, 20, 4, 20, tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
    assert sun_height(np.array([equinox / DAY]), 39.9, 116.4)[0] == pytest.approx(np.cos(np.radians(39.9)), abs=0.01)


def test_levels_scale_what_they_name():
    data, today = city(levels={"SO2": 1.0}), city()
    ratio = data.gas(0, DAY).fractions[Species.SO2].mean() / today.gas(0, DAY).fractions[Species.SO2].mean()
    assert ratio == pytest.approx(5.0, rel=0.1)
    with pytest.raises(ValueError, match="SO3"):
        city(levels={"SO3": 1.0})


def test_plumes_of_a_road_come_by_the_minute_in_no_and_co_and_take_ozone():
    calm, kerb = city(road_nox=0.0), city(road_nox=60.0)
    one, other = calm.gas(0, DAY).fractions, kerb.gas(0, DAY).fractions
    extra = other[Species.NO] + other[Species.NO2] - one[Species.NO] - one[Species.NO2]
    assert 25.0 < extra.mean() < 120.0
    # 30 to 120 s pulses: half of the variance about ten-minute means is gone after a minute or so
    minutes = extra - np.repeat(extra.reshape(-1, 600).mean(axis=1), 600)
    assert np.mean(minutes[20:] * minutes[:-20]) > 0.5 * minutes.var()
    assert np.mean(minutes[150:] * minutes[:-150]) < 0.3 * minutes.var()
    assert np.corrcoef(extra, other[Species.CO] - one[Species.CO])[0, 1] > 0.99
    assert other[Species.O3].mean() < one[Species.O3].mean()
    assert other.min() >= 0.0


def test_exhaust_leaves_nox_and_ox_alone_and_takes_the_ozone_that_plug_flow_takes():
    no, no2, o3 = np.array([0.2]), np.array([12.0]), np.array([40.0])
    new_no, new_no2, new_o3 = with_exhaust(no, no2, o3, np.array([0.0]))
    np.testing.assert_allclose([new_no, new_no2, new_o3], [no, no2, o3], rtol=1e-9)
    new_no, new_no2, new_o3 = with_exhaust(no, no2, o3, np.array([100.0]))
    assert new_no + new_no2 == pytest.approx(no + no2 + 100.0)
    assert new_o3 + new_no2 == pytest.approx(o3 + no2 + 12.0)
    left = 40.0 - titrated(np.array([88.2]), o3, np.array([60.0]), np.array([15.0]), np.array([1013.0]))
    assert new_o3[0] == pytest.approx(left[0], abs=3.0)


def test_volatile_particles_are_a_winter_thing():
    winter = city(epoch=datetime(2026, 1, 5, tzinfo=ZONE)).aerosol(0, 20 * 1440).mass
    summer = city().aerosol(0, 20 * 1440).mass

    def share(mass):
        return mass[Mode.VOLATILE].sum() / (mass[Mode.VOLATILE] + mass[Mode.FINE]).sum()

    assert 0.2 < share(winter) < 0.4
    assert 0.05 < share(summer) < 0.18
    assert min(winter.min(), summer.min()) > 0.0


def test_moist_haze_hides_the_hills():
    air = city(levels={"PM2.5": 1.0})
    weather, mass = air.weather(0, 90 * 1440), air.aerosol(0, 90 * 1440).mass
    seen = 3.912 / weather.extinction_per_km
    fine = mass[Mode.FINE] + mass[Mode.VOLATILE]
    clear = (fine < 20.0) & (weather.humidity_pct < 60.0) & (weather.rain_mm_h == 0.0)
    haze = (fine > 100.0) & (weather.humidity_pct > 80.0)
    assert np.median(seen[clear]) > 20.0
    assert np.median(seen[haze]) < 4.0


def test_a_path_with_a_short_memory_is_continuous_and_found_at_once():
    path = ShortMemory(1, "x", 1200.0, 60.0)
    whole = path.values(0, 40 * PATH_BLOCK).copy()
    assert ShortMemory(1, "x", 1200.0, 60.0).values(30 * PATH_BLOCK - 3, 30 * PATH_BLOCK + 3).tobytes() == (
        whole[30 * PATH_BLOCK - 3 : 30 * PATH_BLOCK + 3].tobytes()
    )
    assert np.std(whole) == pytest.approx(1.0, abs=0.05)
    ends = whole[PATH_BLOCK::PATH_BLOCK] - np.exp(-60.0 / 1200.0) * whole[PATH_BLOCK - 1 : -1 : PATH_BLOCK]
    assert np.std(ends) == pytest.approx(np.sqrt(1.0 - np.exp(-2.0 * 60.0 / 1200.0)), rel=0.4)
    with pytest.raises(ValueError, match="block"):
        ShortMemory(1, "x", 3600.0 * 2, 60.0)


def test_pulses_have_mean_one_and_come_as_often_as_told():
    values = Pulses(1, "p", 90.0, 4.0, 35.0).values(0, 300 * PATH_BLOCK)
    assert values.mean() == pytest.approx(1.0, abs=0.05)
    assert values.min() >= 0.0
    # shot noise behind two lags: relative variance interval x 2 (mean square of an exponential size) / (2 (a + b))
    assert values.var() == pytest.approx(90.0 * 2.0 / (2.0 * 39.0), rel=0.15)


def test_a_late_second_costs_little():
    air = city()
    begin = time.process_time()
    air.gas(4 * 365 * DAY, 4 * 365 * DAY + 600)
    assert time.process_time() - begin < 3.0


def test_the_table_for_people_says_what_the_air_is():
    air = city()
    table = air.minute_table(100, 160)
    mass, weather = air.aerosol(100, 160).mass, air.weather(100, 160)
    np.testing.assert_allclose(table["pm10"][0], mass[: Mode.GIANT].sum(axis=0))
    np.testing.assert_allclose(table["visibility"][0] * weather.extinction_per_km, 3.0)
    towards = np.radians(table["wind_direction"][0])
    np.testing.assert_allclose(-table["wind_speed"][0] * np.sin(towards), weather.east_m_s, atol=1e-9)
    assert {unit for _, unit in table.values()} == {"ug/m3", "%", "m/s", "deg", "mm/h", "W/m2", "km"}
