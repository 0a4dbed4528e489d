"""`rig simulate`: columns with units, the same whatever the interval, in Parquet and CSV."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from instruments.device import Command
from rig.bench import Bench
from rig.cli.simulate import seconds, simulate
from rig.clock import VirtualClock
from rig.errors import ConfigurationError
from rig.recording import record, spread
from scenarios.opening import load_bench


def bench(seed=1):
    file, path = load_bench("demo")
    return Bench(file, str(path), VirtualClock(), seed)


def test_a_parquet_file_holds_every_channel_with_its_unit_and_the_true_air(tmp_path):
    out = tmp_path / "day.parquet"
    assert simulate("demo", 8 * 3600, out, 10, None, 1) == 0
    table = pq.read_table(out)
    assert table.num_rows == 8 * 360
    units = {
        field.name: field.metadata[b"unit"].decode()
        for field in table.schema
        if field.metadata and b"unit" in field.metadata
    }
    assert units["so2.so2"] == "nmol/mol"
    assert units["co.co"] == "umol/mol"
    assert units["nox.converter_temp"] == "deg C"
    assert all(units.values())
    assert {"so2.alarms", "so2.gas_mode", "outside.o3", "room.temperature"} <= set(table.column_names)
    shown, true = table["o3.o3"].to_numpy(), table["outside.o3"].to_numpy()
    assert abs(np.mean(shown) - np.mean(true)) < 1.0
    assert sorted(tmp_path.iterdir()) == [tmp_path / "day.audit.json", out]


def test_each_unit_s_own_log_is_written_beside_the_table(tmp_path):
    text = (Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(
        text
        + """
[[routine]]
name = "by the station"
at = "1 h"
steps = [{ device = "so2", set = { averaging_time = 10 } }]
[[fault]]
kind = "coefficient_changed_unlogged"
device = "nox"
at = "1 h 30 min"
"""
    )
    assert simulate(str(own), 2 * 3600, tmp_path / "two.csv", 60, None, 1) == 0
    logs = json.loads((tmp_path / "two.audit.json").read_text(encoding="utf-8"))
    (entry,) = logs["so2"]["entries"]
    assert (entry["by"], entry["setting"], entry["old"], entry["new"]) == ("remote", "averaging_time", 60, 10)
    assert logs["so2"]["parameter_writes"] == 1
    assert logs["nox"] == {"parameter_writes": 1, "entries": []}  # somebody wrote past the log
    assert logs["o3"] == {"parameter_writes": 0, "entries": []}


def test_what_is_recorded_is_what_a_client_reads():
    opened = bench()
    (chunk,) = record(opened, 3600)
    device = opened.instruments["nox"].device
    for row in (0, 17, 359):
        for quantity in ("no2", "chamber_temp"):
            assert chunk.numbers[f"nox.{quantity}"][row] == device.read(round(chunk.t_s[row] * 1e6), quantity)
    opened.close()


def test_longer_intervals_are_means_of_the_short_ones():
    fine, coarse = list(record(bench(), 12 * 3600)), list(record(bench(), 12 * 3600, 3600))
    for name in ("co.co", "outside.so2"):
        short = np.concatenate([chunk.numbers[name] for chunk in fine]).reshape(12, -1).mean(axis=1)
        assert np.concatenate([chunk.numbers[name] for chunk in coarse]) == pytest.approx(short, rel=1e-12)


def test_angles_are_averaged_as_vectors_and_gaps_left_out():
    values = np.array([350.0, 10.0, 359.0, 3.0])
    ends = np.array([20.0, 40.0])
    assert spread(values, 0, 10, ends, 20, circular=True) == pytest.approx([0.0, 1.0], abs=1e-9)
    holed = spread(np.array([1.0, math.nan, math.nan, math.nan]), 0, 10, ends, 20)
    assert holed[0] == 1.0
    assert math.isnan(holed[1])
    assert spread(np.array([5.0, 7.0]), 0, 60, np.array([60.0, 90.0, 120.0]), 30).tolist() == [5.0, 5.0, 7.0]


def station(tmp_path, more):
    text = (Path(__file__).parents[2] / "scenarios" / "benches" / "station.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(f"{text}\n{more}", encoding="utf-8")
    return str(tmp_path / "own.toml")


def test_an_hour_has_every_bit_the_worst_code_all_alarms_and_every_mode_that_stood(tmp_path):
    """Held against the same run at native resolution, with a cut of the mains and a pump that is weak for a while."""
    own = station(
        tmp_path,
        """
[[fault]]
kind = "mains_cut"
device = "supply"
at = "40 min"
for = "5 min"
[[fault]]
kind = "cause"
device = "teom"
parameter = "pump_fraction"
severity = 0.3
at = "70 min"
for = "10 min"
""",
    )
    tables = {}
    for every in (10, 3600):
        for kind in ("csv", "parquet"):
            assert simulate(own, 2 * 3600, tmp_path / f"{every}.{kind}", every, None, 1) == 0
        tables[every] = pq.read_table(tmp_path / f"{every}.parquet")
    fine, hours = tables[10], tables[3600]
    said = {field.name: field.metadata[b"interval"].decode() for field in hours.schema if field.name != "time"}
    seen = np.nan_to_num(fine["teom.status"].to_numpy()).astype(np.int64).reshape(2, 360)
    assert len(np.unique(seen)) > 1
    assert hours["teom.status"].to_pylist() == np.bitwise_or.reduce(seen, axis=1).tolist()
    assert said["teom.status"] == "every bit that was set in the interval"
    with (tmp_path / "3600.csv").open(encoding="utf-8") as file:  # and every digit of the word
        assert [int(row["teom.status [1]"]) for row in csv.DictReader(file)] == hours["teom.status"].to_pylist()
    for name, worst in (
        ("pm25.hour_valid", np.nanmin),
        ("path.so2_status", np.nanmax),
        ("supply.on_battery", np.nanmax),
    ):
        assert hours[name].to_pylist() == worst(fine[name].to_numpy().reshape(2, 360), axis=1).tolist()
    words = np.array(fine["teom.alarms"].to_pylist()).reshape(2, 360)
    assert hours["teom.alarms"].to_pylist() == [" ".join(sorted(set(" ".join(hour).split()))) for hour in words]
    assert hours["so2.gas_mode"].to_pylist() == ["sample+span", "span+sample"]
    assert said["so2.gas_mode"] == "the values that stood in the interval, joined by +, the longest first"
    assert "from best to worst: 0, 4, 2, 3, 1" in said["visibility.status"]
    # whatever is a whole number without a unit, no share of time and no signal, says what stands for an hour
    meant = {
        "shelter.ac_state", "shelter.drier_state", "pm25.changing", "teom.valve_position", "visibility.hood_heaters",
        "visibility.drd",
    }  # fmt: skip
    codes = {
        field.name
        for field in fine.schema
        if (field.metadata or {}).get(b"unit") == b"1"
        and np.all(np.mod(np.nan_to_num(fine[field.name].to_numpy()), 1.0) == 0.0)
    }
    assert {name for name in codes if said[name].startswith("mean")} == meant


def test_csv_names_units_and_a_picture_is_drawn(tmp_path):
    out, plot = tmp_path / "day.csv", tmp_path / "day.png"
    simulate("demo", 7200, out, 600, plot, 1)
    rows = list(csv.reader(out.read_text().splitlines()))
    assert rows[0][0] == "time"
    assert "so2.so2 [nmol/mol]" in rows[0]
    assert len(rows) == 13
    assert rows[1][0] == "2026-01-05T08:10:00+08:00"
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_one_seed_one_file_another_seed_another(tmp_path):
    names = []
    for n, seed in enumerate((3, 3, 4)):
        out = tmp_path / f"{n}.csv"
        simulate("demo", 3600, out, 60, None, seed)
        names.append(out.read_text())
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("7", "unit of time"),
        ("7 parsecs", "unit of time"),
        ("0.5 s", "whole seconds"),
        ("x d", "number"),
        ("-1 h", "from 1 s to 36525 d"),
        ("1e400 d", "from 1 s"),
        ("1e12 d", "from 1 s"),
    ],
)
def test_times_without_sense_are_told(text, words):
    with pytest.raises(ConfigurationError, match=f"--for.*{words}"):
        seconds(text, "--for")


def test_files_that_cannot_be(tmp_path):
    with pytest.raises(ConfigurationError, match=r"\.parquet or \.csv"):
        simulate("demo", 3600, tmp_path / "day.txt", 10, None, 1)
    with pytest.raises(ConfigurationError, match=r"--out: expected a file in a folder that exists.*nowhere"):
        simulate("demo", 3600, tmp_path / "nowhere" / "day.csv", 10, None, 1)
    with pytest.raises(ConfigurationError, match=r"--plot: expected a file in a folder that exists.*nowhere"):
        simulate("demo", 3600, tmp_path / "day.csv", 10, tmp_path / "nowhere" / "day.png", 1)
    with pytest.raises(ConfigurationError, match=r"--plot: expected a file ending in \.png, \.svg or \.pdf"):
        simulate("demo", 3600, tmp_path / "day.csv", 10, tmp_path / "day.bmp", 1)
    with pytest.raises(ConfigurationError, match=r"--every.*a whole part of --for.*7 s of 3600 s"):
        simulate("demo", 3600, tmp_path / "day.csv", 7, None, 1)
    with pytest.raises(ConfigurationError, match="--every"):
        simulate("demo", 3600, tmp_path / "day.csv", 7200, None, 1)
    assert not any(tmp_path.iterdir())


def test_what_a_station_spills_into_its_room_is_breathed_there_though_its_calibrator_stands_in_it(tmp_path):
    text = (Path(__file__).parents[2] / "scenarios" / "benches" / "station.toml").read_text(encoding="utf-8")
    fault = '[[fault]]\nkind = "calibration_vent_in_room"\ndevice = "shelter"\nat = "0 s"\nseverity = 1.0\n'
    highest = []
    for name, added in (("sound", ""), ("spilling", fault)):
        (tmp_path / f"{name}.toml").write_text(f"{text}\n{added}", encoding="utf-8")
        out = tmp_path / f"{name}.parquet"
        assert simulate(str(tmp_path / f"{name}.toml"), 4 * 3600, out, 60, None, 1) == 0
        highest.append(pq.read_table(out)["room.so2"].to_numpy().max())
    # 25 min of 400 nmol/mol, of which the analyzers leave more than half of 5 L/min, into a room of some 30 m3
    assert 0.3 < highest[1] - highest[0] < 5.0


@pytest.mark.parametrize("name", ["day.csv", "day.parquet"])
def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path, name):
    """A process that may write no more than 50 kB to a file finds out as on a full disk."""
    limit = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); from rig.cli import main; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", limit, "simulate", "demo", "--for", "6 h", "--every", "10 s", "--out", name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 4
    assert ended.stderr.startswith(f"rig: {name}: cannot be written: ")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_last_line_is_the_file_and_a_setting_s_text_is_whole(tmp_path, capsys):
    out = tmp_path / "hour.parquet"
    simulate("demo", 3600, out, 60, tmp_path / "hour.svg", 1)
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "hour.svg"), str(tmp_path / "hour.audit.json"), str(out),
    ]  # fmt: skip
    table = pq.read_table(out)
    assert table["calibrator.gas_flow_table"][0].as_py().endswith(":100")  # the twentieth point, at full scale
    assert table.schema.metadata[b"seed"] == b"1"
    assert table.schema.metadata[b"epoch"] == b"2026-01-05T08:00:00+08:00"


@pytest.mark.parametrize("name", ["teledyne", "demo"])
def test_a_calibrator_s_columns_have_one_unit_each_whatever_the_gas(name):
    file, path = load_bench(name)
    opened = Bench(file, str(path), VirtualClock(), 1)
    ports = {s.species or n: s.port or "abc"[k] for k, (n, s) in enumerate(opened.file.cylinder.items())}
    made = {}
    for gas, amount in (("so2", 400.0), ("co", 40.0)):
        mode = "calibrator_mode"
        for setting, value in ((mode, "standby"), ("gas", ports[gas]), ("concentration", amount), (mode, "span")):
            opened.command("calibrator", Command(setting, value))
        (chunk,) = record(opened, 1800, 60)
        units = {name: unit for name, unit in chunk.units.items() if name.startswith("calibrator.")}
        made[gas] = {name: chunk.numbers[name][-5:].mean() for name in units}
    opened.close()
    for quantity in ("concentration_actual", *(("act", "targ") if name == "teledyne" else ())):
        assert made["so2"][f"calibrator.{quantity}"] == pytest.approx(400.0, rel=0.02)
        assert made["co"][f"calibrator.{quantity}"] == pytest.approx(40_000.0, rel=0.02)
        assert units[f"calibrator.{quantity}"] == "nmol/mol"
    assert set(units.values()) <= {"cc/min", "L/min", "nmol/mol", "mmHg", "inHg", "deg C", "mV", "psi", "1", "s", "%"}
