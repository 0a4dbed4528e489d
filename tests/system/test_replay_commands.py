"""A recorded atmosphere from outside: a bad file is told in one line, and alike, by `rig check` and `rig simulate`."""

import csv
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rig.cli.app import run_app

BENCH = """
[bench]
epoch = "2026-07-06T00:00:00+08:00"
[device.o3]
model = "49i"
[device.o3.port.a]
protocol = "clink"
[device.calibrator]
model = "146i"
[device.calibrator.port.a]
protocol = "clink"
[air.ambient]
model = "replay"
file = "{file}"
zone = "+08:00"
{more}
[air.ambient.column.o3]
name = "O3"
unit = "{unit}"
{reference}
[air.ambient.column.temperature]
name = "T"
unit = "deg C"
"""
ROWS = [f"2026-07-06 {hour:02}:00,{40 + 3 * hour},{20 + hour % 7}" for hour in range(24)]


@pytest.fixture
def rig(monkeypatch, capsys):
    """Runs a command in this process; gives its code, output and complaints."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rig", *map(str, arguments)])
        code = run_app()
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def bench(folder, rows=ROWS, head="time,O3,T", unit="ug/m3", reference='reference = "298 K"', more="", file="air.csv"):
    (folder / "air.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    path = folder / "bench.toml"
    path.write_text(BENCH.format(file=file, unit=unit, reference=reference, more=more), encoding="utf-8")
    return path


BAD = {
    "a gap": ({"rows": ROWS[:5] + ROWS[8:]}, ["air.csv: line 7:", 'no gap, or gaps = "hold"', "3 rows missing"]),
    "an empty cell": ({"rows": [*ROWS[:3], "2026-07-06 03:00,,20", *ROWS[4:]]}, ["line 5: O3:", "a value", "nothing"]),
    "the same time twice": (
        {"rows": [*ROWS[:5], ROWS[4], *ROWS[5:]]}, ["line 7: time:", "after that of line 6", "same time again"],
    ),
    "a time that goes back": (
        {"rows": [*ROWS[:5], ROWS[6], ROWS[5], *ROWS[7:]]}, ["line 8: time:", "an earlier one: 2026-07-06 05:00"],
    ),
    "a missing column": ({"head": "time,OZONE,T"}, ["air.csv: expected a column 'O3'", "columns time, OZONE, T"]),
    "no file": ({"file": "nowhere.csv"}, ["nowhere.csv: expected a recorded atmosphere, found no such file"]),
    "a unit that is none": (
        {"unit": "furlong"}, ["bench.toml: air.ambient.column.o3.unit:", "ug/m3", "found 'furlong'"],
    ),
    "a unit that the values deny": ({"unit": "ppm", "reference": ""}, ["line 2: O3:", "is the unit ppm right?"]),
    "a mass without its state": ({"reference": ""}, ["column.o3.reference:", "273 K, 293 K, 298 K", "found none"]),
    "a state that nobody uses": ({"reference": 'reference = "310 K"'}, ["column.o3.reference:", "found '310 K'"]),
    "an epoch outside": (
        {"rows": [row.replace("07-06", "07-08") for row in ROWS]}, ["air.csv:", "2026-07-06T00:00:00+08:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_recording_is_one_clear_line_and_exit_code_2(tmp_path, rig, case):
    changes, says = BAD[case]
    path = bench(tmp_path, **changes)
    out = tmp_path / "out.csv"
    checked, simulated = rig("check", path), rig("simulate", path, "--for", "2 h", "--out", out)
    for code, printed, told in (checked, simulated):
        assert code == 2
        assert printed == ""
        (line,) = told.splitlines()
        assert line.startswith("rig: ")
        for words in says:
            assert words in line
    assert checked[2] == simulated[2]
    assert not out.exists()


def hourly(path, name="outside.o3 [nmol/mol]"):
    with path.open() as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


@pytest.mark.parametrize(("state", "kelvin"), [("273 K", 273.15), ("293 K", 293.15), ("298 K", 298.15)])
def test_masses_at_each_state_come_out_as_mole_fractions(tmp_path, rig, state, kelvin):
    out = tmp_path / "out.csv"
    path = bench(tmp_path, reference=f'reference = "{state}"')
    assert rig("check", path) == (0, f"{path}: a bench without mistakes\n", "")
    assert rig("simulate", path, "--for", "12 h", "--every", "1 h", "--out", out)[0] == 0
    expected = (40.0 + 3.0 * np.arange(12)) * 8.314462618 * kelvin / 101325.0 / 47.998 * 1e3
    np.testing.assert_allclose(hourly(out), expected, rtol=1e-5)


def test_a_gap_that_is_held_keeps_the_last_value_and_the_rest_is_untouched(tmp_path, rig):
    out = tmp_path / "out.csv"
    path = bench(tmp_path, rows=ROWS[:5] + ROWS[8:], more='gaps = "hold"', unit="ppb", reference="")
    assert rig("simulate", path, "--for", "12 h", "--every", "1 h", "--out", out)[0] == 0
    seen = hourly(out)
    np.testing.assert_allclose(seen[:5], [40.0, 43.0, 46.0, 49.0, 52.0], rtol=1e-6)
    np.testing.assert_allclose(seen[5:8], 52.0, atol=0.01)
    np.testing.assert_allclose(seen[8:], [64.0, 67.0, 70.0, 73.0], rtol=1e-6)


@pytest.mark.parametrize("every", ["10 s", "1 h"])
def test_a_recording_is_played_to_its_end_and_no_second_longer(tmp_path, rig, every):
    path = bench(tmp_path, unit="ppb", reference="")
    out = tmp_path / "out.csv"
    assert rig("simulate", path, "--for", "24 h", "--every", every, "--out", out)[0] == 0
    seen = hourly(out)
    # the last hour keeps the mean that was recorded, though nothing follows it
    assert seen[-len(seen) // 24 :].mean() == pytest.approx(40.0 + 3.0 * 23, rel=1e-5)
    code, _, told = rig("simulate", path, "--for", "86410 s", "--out", tmp_path / "longer.csv")
    assert code == 2
    assert "found an end at 2026-07-06T16:00:00+00:00" in told


def test_a_run_beyond_the_recording_is_told_and_leaves_nothing(tmp_path, rig):
    path = bench(tmp_path)
    code, _, told = rig("simulate", path, "--for", "30 h", "--out", tmp_path / "out.csv")
    assert code == 2
    assert told.startswith(f"rig: {tmp_path / 'air.csv'}: expected a recording as long as the run")
    assert not list(tmp_path.glob("*out*"))


def test_parquet_says_the_same_as_csv(tmp_path, rig):
    begin = datetime(2026, 7, 5, 16, tzinfo=UTC)
    table = {
        "time": [begin + timedelta(hours=hour) for hour in range(24)],
        "O3": [40.0 + 3.0 * hour for hour in range(24)], "T": [20.0 + hour % 7 for hour in range(24)],
    }  # fmt: skip
    written = []
    for file in ("air.csv", "air.parquet"):
        pq.write_table(pa.table(table), tmp_path / "air.parquet")
        path, out = bench(tmp_path, file=file), tmp_path / f"{file}.out.csv"
        assert rig("simulate", path, "--for", "3 h", "--every", "10 min", "--out", out)[0] == 0
        written.append(out.read_text())
    assert written[0] == written[1]
    table["O3"][3] = None
    pq.write_table(pa.table(table), tmp_path / "air.parquet")
    code, _, told = rig("check", bench(tmp_path, file="air.parquet"))
    assert code == 2
    assert "air.parquet: row 4: O3: expected a value" in told
