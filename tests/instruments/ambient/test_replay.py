"""A recorded atmosphere: means stay the means, units become ours, and every bad file says what is wrong with it."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from instruments.air import Species
from instruments.ambient.city import CityAir
from instruments.ambient.replay import ReplayAir
from instruments.ambient.settings import build_atmosphere, parse_ambient, recording_of
from instruments.atmosphere import Mode
from instruments.errors import ConfigurationError, ConfigurationErrors

ZONE = timezone(timedelta(hours=8))
EPOCH = datetime(2026, 3, 1, tzinfo=ZONE)

O3 = [30.0, 28.0, 0.0, 4.0, 60.0, 95.0, 100.0, 20.0]
T = [3.0, 1.0, -2.0, -4.0, 0.0, 5.0, 9.0, 8.0]


def write(tmp_path, rows=None, head="time,O3,T", name="air.csv"):
    if rows is None:
        rows = [f"2026-03-01 {hour:02}:00,{o3},{t}" for hour, (o3, t) in enumerate(zip(O3, T, strict=True))]
    (tmp_path / name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def section(file="air.csv", **changes):
    return {
        "model": "replay", "file": file, "zone": "+08:00",
        "column": {
            "o3": {"name": "O3", "unit": "ug/m3", "reference": "298 K"},
            "temperature": {"name": "T", "unit": "deg C"},
        },
    } | changes  # fmt: skip


def replay(tmp_path, **changes) -> ReplayAir:
    return build_atmosphere(parse_ambient(section(**changes), "bench.toml"), 1, "ambient", EPOCH, tmp_path)


def refused(tmp_path, **changes) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        replay(tmp_path, **changes)
    return caught.value


def test_hour_means_stay_the_means_by_the_second_and_by_the_minute(tmp_path):
    write(tmp_path)
    air = replay(tmp_path)
    gas = air.gas(0, 8 * 3600)
    ozone = gas.fractions[Species.O3].reshape(8, 3600)
    np.testing.assert_allclose(ozone.mean(axis=1), np.array(O3) / 1.96187, rtol=1e-4, atol=1e-9)
    assert ozone.min() >= 0.0
    assert np.abs(np.diff(ozone.ravel())).max() < 0.06  # no steps: 41 ppb in an hour is 0.012 a second
    weather = air.weather(0, 480)
    np.testing.assert_allclose(weather.temperature_c.reshape(8, 60).mean(axis=1), T, atol=1e-9)
    np.testing.assert_allclose(gas.temperature_c.reshape(8, 3600).mean(axis=1), T, atol=1e-9)


def test_cuts_change_nothing_and_before_the_epoch_it_stands(tmp_path):
    write(tmp_path)
    air = replay(tmp_path)
    whole = air.gas(0, 9000).fractions
    parts = [air.gas(a, b).fractions for a, b in ((0, 1), (1, 3601), (3601, 9000))]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    assert air.gas(-3, 1).fractions[:, 0].tolist() == whole[:, 0].tolist()
    east, _ = air.wind(-70, 130)
    assert east[70:].tolist() == air.wind(0, 130)[0].tolist()
    assert len(east) == 200


@pytest.mark.parametrize(
    ("quantity", "column", "value", "inside"),
    [
        ("o3", {"unit": "ug/m3", "reference": "273 K"}, 214.14, 100.0),
        ("o3", {"unit": "ug/m3", "reference": "293 K"}, 199.53, 100.0),
        ("o3", {"unit": "ug/m3", "reference": "298 K"}, 196.19, 100.0),
        ("pan", {"unit": "ug/m3", "reference": "273 K"}, 5.401, 1.0),
        ("so2", {"unit": "ug/m3", "reference": "273 K"}, 28.58, 10.0),
        ("so2", {"unit": "mg/m3", "reference": "298 K"}, 0.02618, 10.0),
        ("no2", {"unit": "ppm"}, 0.05, 50.0),
        ("no", {"unit": "ppb"}, 7.0, 7.0),
        ("co", {"unit": "mg/m3", "reference": "273 K"}, 1.24967, 1.0),
        ("co", {"unit": "mg/m3", "reference": "298 K"}, 1.14488, 1.0),
        ("co", {"unit": "ppb"}, 800.0, 0.8),
    ],
)
def test_concentrations_of_networks_become_mole_fractions(tmp_path, quantity, column, value, inside):
    write(tmp_path, [f"2026-03-01 {hour:02}:00,{value},20" for hour in range(4)], "time,X,T")
    air = replay(tmp_path, column={quantity: {"name": "X", **column}})
    found = air.gas(100, 101).fractions[Species[quantity.upper()], 0]
    assert found == pytest.approx(inside, rel=1e-3)


def test_particles_come_to_outside_conditions_and_weather_in_any_unit(tmp_path):
    write(
        tmp_path, [f"2026-03-01 {hour:02}:00,50,80,303.15,95.0,10.8,90,4000" for hour in range(4)],
        "time,PM2.5,PM10,T,P,WS,WD,V",
    )  # fmt: skip
    air = replay(tmp_path, column={
        "pm2_5": {"name": "PM2.5", "unit": "ug/m3", "reference": "273 K"},
        "pm10": {"name": "PM10", "unit": "ug/m3", "reference": "outside"},
        "temperature": {"name": "T", "unit": "K"}, "pressure": {"name": "P", "unit": "kPa"},
        "wind_speed": {"name": "WS", "unit": "km/h"}, "wind_direction": {"name": "WD", "unit": "deg"},
        "visibility": {"name": "V", "unit": "m"},
    }, value={"humidity": 70.0})  # fmt: skip
    weather, mass = air.weather(0, 60), air.aerosol(0, 60).mass
    fine = 50.0 * 273.15 / 303.15 * 950.0 / 1013.25
    np.testing.assert_allclose(mass[Mode.FINE] + mass[Mode.VOLATILE], fine, rtol=1e-9)
    np.testing.assert_allclose(mass[: Mode.GIANT].sum(axis=0), 80.0, rtol=1e-9)
    assert weather.temperature_c[0] == pytest.approx(30.0)
    assert weather.pressure_hpa[0] == pytest.approx(950.0)
    # an east wind blows to the west
    assert weather.east_m_s[0] == pytest.approx(-3.0)
    assert weather.north_m_s[0] == pytest.approx(0.0, abs=1e-9)
    assert weather.extinction_per_km[0] == pytest.approx(3.0 / 4.0)
    assert weather.humidity_pct[0] == 70.0
    vapour = air.gas(0, 1).fractions[Species.H2O, 0]
    assert vapour == pytest.approx(0.7 * 42.4 / 950.0 * 1e3, rel=0.01)


def test_no_follows_from_no2_and_ozone_where_it_was_not_recorded(tmp_path):
    write(tmp_path, [f"2026-03-01 {hour:02}:00,20,40" for hour in range(24)], "time,NO2,O3")
    columns = {"no2": {"name": "NO2", "unit": "ppb"}, "o3": {"name": "O3", "unit": "ppb"}}
    no = replay(tmp_path, column=columns).gas(0, 86400).fractions[Species.NO].reshape(24, 3600).mean(axis=1)
    assert 4.0 < no[12] < 15.0
    assert no[0] < 1.5
    assert replay(tmp_path, column=columns, value={"no": 5.0}).gas(0, 1).fractions[Species.NO, 0] == 5.0


def test_minutes_parquet_zones_and_the_end_of_an_interval(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    begin = datetime(2026, 2, 28, 16, tzinfo=UTC)
    values = [10.0 + (minute % 7) for minute in range(300)]
    table = arrow.table({
        "when": [begin + timedelta(minutes=minute + 1) for minute in range(300)],
        "O3": values,
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "air.parquet")
    air = replay(tmp_path, file="air.parquet", zone="", time="when", stamp="end",
                 column={"o3": {"name": "O3", "unit": "ppb"}})  # fmt: skip
    found = air.gas(0, 18000).fractions[Species.O3].reshape(300, 60).mean(axis=1)
    np.testing.assert_allclose(found, values, rtol=1e-9)


def test_an_old_recording_is_played_at_any_epoch(tmp_path):
    write(tmp_path)
    late = datetime(2030, 1, 1, tzinfo=ZONE)
    data = section(start=datetime(2026, 3, 1, 4, tzinfo=ZONE))
    air = build_atmosphere(parse_ambient(data, "b"), 1, "ambient", late, tmp_path)
    assert air.gas(0, 3600).fractions[Species.O3].mean() == pytest.approx(60.0 / 1.96187, rel=1e-4)
    error = refused(tmp_path, start=datetime(2025, 3, 1, tzinfo=ZONE))
    assert "2026-02-28T16:00" in str(error)


def test_gaps_are_refused_with_their_line_or_held(tmp_path):
    rows = [f"2026-03-01 {hour:02}:00,{o3},{t}" for hour, (o3, t) in enumerate(zip(O3, T, strict=True))]
    write(tmp_path, [*rows[:3], *rows[5:]])
    error = refused(tmp_path)
    assert "line 5" in str(error)
    assert "2 rows missing" in str(error)
    air = replay(tmp_path, gaps="hold")
    held = air.gas(0, 8 * 3600).fractions[Species.O3].reshape(8, 3600).mean(axis=1) * 1.96187
    np.testing.assert_allclose(held[[2, 3, 4, 5]], [0.0, 0.0, 0.0, 95.0], atol=0.02)
    write(tmp_path, [*rows[:2], "2026-03-01 02:00,NA,3", *rows[3:]])
    assert "line 4: O3" in str(refused(tmp_path))
    assert replay(tmp_path, gaps="hold").gas(9000, 9001).fractions[Species.O3, 0] > 10.0
    write(tmp_path, ["2026-03-01 00:00,,3", *rows[1:]])
    assert "line 2" in str(refused(tmp_path, gaps="hold"))


def test_the_end_of_the_file_is_an_error_or_is_held(tmp_path):
    write(tmp_path)
    with pytest.raises(ConfigurationError, match=r"air\.csv.*2026-03-01T00:00"):
        replay(tmp_path).gas(9 * 3600 - 10, 9 * 3600 + 1)
    ahead = replay(tmp_path).gas(8 * 3600 - 2, 9 * 3600).temperature_c  # devices look ahead of the last second
    assert ahead[0] == pytest.approx(ahead[-1], abs=1e-3)
    with pytest.raises(ConfigurationError, match="a recording as long as the run"):
        replay(tmp_path).reaches(8 * 3600 + 1)
    assert replay(tmp_path, gaps="hold").weather(600, 601).temperature_c[0] == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,1,1", "2026-03-01 01:00,1,1"], ["line 4", "same time"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 02:00,1,1", "2026-03-01 01:00,1,1"], ["line 4", "earlier"]),
        (["2026-03-01 00:00,1,1", "yesterday,1,1"], ["line 3", "ISO 8601", "yesterday"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,high,1"], ["line 3", "O3", "a number", "high"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,inf,1"], ["line 3", "finite"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,1"], ["line 3", "3 cells", "2"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,5000,1"], ["line 3", "o3", "is the unit ug/m3 right"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 01:00,1,281"], ["line 3", "temperature", "deg C"]),
        (["2026-03-01 00:00,1,1", "2026-03-01 00:00:07,1,1"], ["multiple of two minutes", "7 s"]),
        (
            ["2026-03-01 00:00,1,1", "2026-03-01 01:00,1,1", "2026-03-01 02:00,1,1", "2026-03-01 03:30,1,1"],
            ["line 5", "3600 s apart"],
        ),
        (["2026-03-01 00:00,1,1"], ["two rows"]),
        ([], ["two rows"]),
    ],
)
def test_bad_rows_are_told_by_their_line(tmp_path, rows, says):
    write(tmp_path, rows)
    error = refused(tmp_path)
    assert not isinstance(error, ConfigurationErrors)
    assert "air.csv" in str(error)
    for word in says:
        assert word in str(error)


def test_files_that_are_none(tmp_path):
    assert "no such file" in str(refused(tmp_path, file="nowhere.csv"))
    write(tmp_path, name="air.txt")
    assert ".csv or .parquet" in str(refused(tmp_path, file="air.txt"))
    write(tmp_path, head="time,ozone,T")
    assert "'O3'" in str(refused(tmp_path))
    assert "time, ozone, T" in str(refused(tmp_path))
    write(tmp_path, head="time,O3,O3")
    assert "different names" in str(refused(tmp_path))
    (tmp_path / "air.csv").write_bytes(b"time,O3,T\n\xff\xfe\x00,1,2\n")
    assert "UTF-8" in str(refused(tmp_path))
    write(tmp_path)
    assert "a zone" in str(refused(tmp_path, zone=""))
    assert "air.ambient.zone" in str(refused(tmp_path, zone="Beijing"))
    pytest.importorskip("pyarrow")
    (tmp_path / "air.parquet").write_bytes(b"PAR?")
    assert "readable Parquet" in str(refused(tmp_path, file="air.parquet"))


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (
            {"column": {"o3": {"name": "O3", "unit": "ug/m3"}}},
            "air.ambient.column.o3.reference",
            "a state, for a mass: 273 K, 293 K, 298 K",
        ),
        (
            {"column": {"o3": {"name": "O3", "unit": "ppb", "reference": "273 K"}}},
            "air.ambient.column.o3.reference",
            "no state for ppb, found '273 K'",
        ),
        (
            {"column": {"o3": {"name": "O3", "unit": "ug/m3", "reference": "outside"}}},
            "air.ambient.column.o3.reference",
            "273 K, 293 K, 298 K",
        ),
        (
            {"column": {"temperature": {"name": "T", "unit": "ppb"}}},
            "air.ambient.column.temperature.unit",
            "deg C, K, found 'ppb'",
        ),
        ({"column": {"ozone": {"name": "O3", "unit": "ppb"}}}, "air.ambient.column.ozone", "o3"),
        (
            {"column": {"wind_speed": {"name": "WS", "unit": "m/s"}}},
            "air.ambient.column",
            "together, found 'wind_speed'",
        ),
        ({"gaps": "guess"}, "air.ambient.gaps", "refuse"),
        ({"tea": 1}, "air.ambient.tea", "no such key here"),
        ({"model": "dream"}, "air.ambient", "city"),
    ],
)
def test_bad_sections_name_their_key(change, key, says):
    with pytest.raises(ConfigurationErrors) as caught:
        parse_ambient(section(**change), "bench.toml")
    found = [error for error in caught.value.errors if error.key.startswith(key)]
    assert found
    assert any(says in str(error) for error in found), str(caught.value)


def test_a_city_is_built_from_its_section_and_an_unknown_climate_is_named(tmp_path):
    data = {"model": "city", "latitude": 31.2, "longitude": 121.5, "levels": {"SO2": 0.5}, "road_nox_ppb": 30.0}
    air = build_atmosphere(parse_ambient(data, "bench.toml"), 1, "ambient", EPOCH, tmp_path)
    twin = CityAir(1, "ambient", EPOCH, latitude=31.2, longitude=121.5, levels={"SO2": 0.5}, road_nox=30.0)
    assert air.gas(0, 60).fractions.tobytes() == twin.gas(0, 60).fractions.tobytes()
    with pytest.raises(ConfigurationError, match="expected one of beijing, found 'mars'"):
        build_atmosphere(parse_ambient({"model": "city", "climate": "mars"}, ""), 1, "a", EPOCH, tmp_path, "bench.toml")
    with pytest.raises(ConfigurationErrors, match="SO3"):
        parse_ambient({"model": "city", "levels": {"SO3": 1.0}}, "bench.toml")


def test_a_recording_keeps_what_it_is(tmp_path):
    write(tmp_path)
    recording = recording_of(parse_ambient(section(stamp="end"), "b"), tmp_path)
    assert recording.step_s == 3600
    assert recording.count == 8
    assert recording.begin_s == datetime(2026, 2, 28, 23, tzinfo=ZONE).timestamp()
