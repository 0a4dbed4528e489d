"""`rig score`: two small loggers, one sound and one with each defect, held against the truth of what they polled."""

import csv
import json
import re
import time
from datetime import datetime, timedelta

import pytest
import pyvisa
from rig_commands import DEMO, changed, complaints, rig

from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.cli.score import score
from rig.clock import VirtualClock
from rig.ports.visa import RigVisaLibrary
from rig.truth import TruthLog

HOURS = 5
STATION = changed(
    DEMO,
    fault=[{"kind": "silence", "device": "so2", "at": "150 min", "for": "12 min"}],
    routine=[
        {
            "name": "zero check", "at": "200 min", "every": "24 h",
            "steps": [
                {"after": "0 s", "device": "so2", "set": {"gas_mode": "zero"}},
                {"after": "30 min", "device": "so2", "set": {"gas_mode": "sample"}},
            ],
        }
    ],
)  # fmt: skip
EPOCH = datetime.fromisoformat(STATION["bench"]["epoch"])


@pytest.fixture(scope="module")
def polled(tmp_path_factory):
    """What a sound logger wrote down in five hours, minute by minute, and the truth beside it."""
    folder = tmp_path_factory.mktemp("score")
    bench = Bench(parse_bench(STATION, "station"), "station", VirtualClock())
    truth = TruthLog(bench, folder / "truth.jsonl")
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    how = {"read_termination": "\r", "write_termination": "\r", "encoding": "latin-1", "timeout": 2000}
    so2 = manager.open_resource("ASRLso2::INSTR", **how)
    nox = manager.open_resource("ASRLnox::INSTR", **how)
    rows = []
    with bench.own_time():
        start = time.time()
        for minute in range(HOURS * 60):
            time.sleep(max(0.0, start + 60.0 * minute - time.time()))
            stamp = EPOCH + timedelta(minutes=minute)
            for device, resource, address, quantity in (
                ("so2", so2, "\xab", "so2"), ("nox", nox, "\xaa", "no"), ("nox", nox, "\xaa", "no2")
            ):  # fmt: skip
                try:
                    value = resource.query(address + quantity).split()[1]
                    mode = resource.query(address + "gas mode").split()[-1]
                except pyvisa.VisaIOError:
                    continue  # a sound logger writes nothing where it has heard nothing
                rows.append([stamp, device, quantity, f"{float(value):.2f}", str(mode == "sample").lower()])
        time.sleep(60.0)
    truth.close()
    bench.close()
    return folder / "truth.jsonl", rows


def write_log(path, rows, *, zone=True):
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "device", "quantity", "value", "valid"])
        for stamp, *rest in rows:
            out.writerow([stamp.isoformat() if zone else stamp.replace(tzinfo=None).isoformat(sep=" "), *rest])
    return path


def held(truth, log, tmp_path, *options):
    out = tmp_path / "found.json"
    done = rig("score", "--truth", truth, "--log", log, "--out", out, *options)
    assert done.returncode in (0, 1), done.stderr
    found = {f"{one['device']}.{one['quantity']}": one for one in json.loads(out.read_text())}
    return done, found


def defects(found, name):
    return {(one["defect"], one["count"]) for one in found[name]["findings"]}


@pytest.mark.parametrize("zone", [True, False])
def test_a_sound_logger_is_sound(polled, tmp_path, zone):
    truth, rows = polled
    done, found = held(truth, write_log(tmp_path / "log.csv", rows, zone=zone), tmp_path)
    assert done.returncode == 0, done.stdout
    assert all(one["sound"] for one in found.values())
    assert found["nox.no"]["records"] == HOURS * 60
    assert found["so2.so2"]["records"] == HOURS * 60 - 12


def only(rows, quantity, change):
    """The log with the records of one quantity changed."""
    return [new for row in rows for new in (change(row) if row[2] == quantity else [row])]


CHANGES = {
    "utc": (lambda r: [[r[0] - timedelta(hours=8), *r[1:]]], "so2", {"shifted"}, "-8 h: times are in UTC"),
    "late": (lambda r: [[r[0] + timedelta(minutes=1), *r[1:]]], "so2", {"shifted"}, "+60 s"),
    "mass at 298 K": (
        lambda r: [[*r[:3], f"{float(r[3]) * 64.06 / 24.465:.2f}", r[4]]], "so2", {"rescaled"}, "ug/m3 at 298 K",
    ),
    "mass at 273 K": (
        lambda r: [[*r[:3], f"{float(r[3]) * 46.006 / 22.414:.2f}", r[4]]], "no2", {"rescaled"}, "ug/m3 at 273 K",
    ),
    "another unit": (lambda r: [[*r[:3], f"{float(r[3]) / 1000:.5f}", r[4]]], "no2", {"rescaled"}, "1000 times"),
    "a slope of its own": (lambda r: [[*r[:3], f"{float(r[3]) * 1.1:.2f}", r[4]]], "no2", {"rescaled"}, "factor of 1."),
    "all valid": (lambda r: [[*r[:4], "true"]], "so2", {"wrongly valid"}, "zero or span gas"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_each_defect_of_a_whole_log_is_named_and_nothing_else(polled, tmp_path, name):
    truth, rows = polled
    change, quantity, expected, words = CHANGES[name]
    done, found = held(truth, write_log(tmp_path / "log.csv", only(rows, quantity, change)), tmp_path)
    assert done.returncode == 1
    key = next(key for key in found if key.endswith("." + quantity))
    assert {one["defect"] for one in found[key]["findings"]} == expected, done.stdout
    assert words in done.stdout
    assert all(one["sound"] for other, one in found.items() if other != key)


def test_records_lost_repeated_stale_and_invented_are_counted(polled, tmp_path):
    truth, rows = polled
    so2 = [row for row in rows if row[2] == "so2"]
    minute = {row[0]: row for row in so2}
    at = lambda n: EPOCH + timedelta(minutes=n)  # noqa: E731
    log = [row for row in so2 if row[0] not in {at(20), at(21), at(22)}]  # three lost
    log.insert(50, log[49])  # one twice
    for n in range(60, 70):
        log[next(i for i, row in enumerate(log) if row[0] == at(n))] = [at(n), *minute[at(59)][1:]]  # ten stale
    log += [[at(n), "so2", "so2", "12.34", "true"] for n in range(152, 160)]  # eight from a device that was silent
    log[next(i for i, row in enumerate(log) if row[0] == at(100))] = [at(100), "so2", "so2", "987.65", "true"]
    log.sort(key=lambda row: row[0])
    done, found = held(truth, write_log(tmp_path / "log.csv", log), tmp_path)
    assert done.returncode == 1
    named = dict(defects(found, "so2.so2"))
    assert named["lost"] == 3
    assert named["invented"] == 8
    assert named["wrong"] == 1
    # The one that stands twice, and those of the ten stale ones that did not happen to be right.
    assert sum(count for defect, count in defects(found, "so2.so2") if defect == "repeated") >= 5
    assert "(line 102)" in done.stdout or "line" in done.stdout


def hourly(rows, quantity, *, label_end):
    groups = {}
    for stamp, device, name, value, valid in rows:
        if name == quantity and valid == "true":
            groups.setdefault(stamp.replace(minute=0), []).append((device, float(value)))
    shift = timedelta(hours=1) if label_end else timedelta()
    return [
        [stamp + shift, group[0][0], quantity, f"{sum(v for _, v in group) / len(group):.1f}", "true"]
        for stamp, group in groups.items()
    ]


def test_hourly_means_are_held_against_hourly_means_and_their_label(polled, tmp_path):
    truth, rows = polled
    begin = write_log(tmp_path / "begin.csv", hourly(rows, "no2", label_end=False))
    end = write_log(tmp_path / "end.csv", hourly(rows, "no2", label_end=True))
    assert held(truth, begin, tmp_path, "--average", "1 h")[0].returncode == 0
    assert held(truth, end, tmp_path, "--average", "1 h", "--label", "end")[0].returncode == 0
    done, _ = held(truth, end, tmp_path, "--average", "1 h")
    assert done.returncode == 1
    assert "shifted: 5: +3600 s, as if labelled by the other end of the interval" in done.stdout


MASSES = {2.62: "ug/m3 at 298 K", 2.663: "ug/m3 at 293 K", 2.858: "ug/m3 at 273 K"}


@pytest.mark.parametrize("factor", MASSES)
def test_of_several_factors_that_fit_hourly_means_the_nearest_is_told(polled, tmp_path, capsys, factor):
    rows = [[*row[:3], f"{float(row[3]) * factor:.2f}", row[4]] for row in hourly(polled[1], "so2", label_end=False)]
    assert score(polled[0], write_log(tmp_path / "log.csv", rows), 3600, "begin", None, None) == 1
    told = next(line for line in capsys.readouterr().out.splitlines() if "rescaled" in line)
    assert re.search(r"rescaled: \d+: x [\d.]+: (ug/m3 at \d+ K)", told)[1] == MASSES[factor]
    assert float(re.search(r"measured: x ([\d.]+)", told)[1]) == pytest.approx(factor, rel=0.01)


def truth_of(path, values):
    """A truth log of an SO2 analyzer that shows each of ``values`` for a minute."""
    rows = [{"kind": "bench", "epoch": "2026-01-05T00:00:00+08:00"}]
    rows += [{"kind": "reading", "t_us": (60 * minute + second) * 1_000_000, "device": "so2", "powered": True,
              "mode": "sample", "alarms": [], "shown": {"so2": value}}
             for minute, value in enumerate(values) for second in range(0, 60, 10)]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_factors_that_a_log_cannot_tell_apart_are_both_told(tmp_path, capsys):
    """Six readings of 3 ppb in whole ug/m3: 8 is 3 times 2.62 and 2.66, and not 2.86."""
    truth = truth_of(tmp_path / "truth.jsonl", [3.0] * 7)
    log = tmp_path / "log.csv"
    log.write_text("time,so2.so2\n" + "".join(f"2026-01-05T00:0{minute}:00,8\n" for minute in range(6)))
    assert score(truth, log, 0, "begin", None, None) == 1
    told = capsys.readouterr().out
    first, second = told.split("cannot be told apart from")
    assert "293 K" in first
    assert "298 K" in second
    assert "measured: x 2.667" in first


def test_three_significant_digits_of_a_wire_are_enough_at_every_size(tmp_path):
    """From 2 to 600 ppb: 2.06, 20.6, 206."""
    values = [2.0034 * 1.1**step for step in range(60)]
    truth = truth_of(tmp_path / "truth.jsonl", values)
    log, out = tmp_path / "log.csv", tmp_path / "found.json"
    log.write_text("time,so2.so2\n" + "".join(
        f"2026-01-05T00:{minute:02d}:30,{float(format(value, '.3g')) * 2.6184:.3f}\n"
        for minute, value in enumerate(values)
    ))  # fmt: skip
    score(truth, log, 0, "begin", None, out)
    (found,) = json.loads(out.read_text())
    assert [one["defect"] for one in found["findings"]] == ["rescaled"]


@pytest.mark.parametrize(
    ("wire", "converted"),
    [(".1f", 64.06 / 22.414), (".1f", 64.06 / 24.055), (".1f", 64.06 / 24.465)],
)
def test_a_conversion_does_not_give_the_wire_more_digits(polled, tmp_path, capsys, wire, converted):
    """A wire that tells tenths of a ppb (two digits here), and a log of what came by it in ug/m3 with two decimals."""
    heard = {row[0]: row[4] for row in polled[1] if row[2] == "so2"}
    rows = []
    for line in map(json.loads, polled[0].read_text().splitlines()):
        stamp = EPOCH + timedelta(microseconds=line["t_us"])
        if line["kind"] == "reading" and line["device"] == "so2" and stamp in heard:
            value = float(format(line["shown"]["so2"], wire)) * converted
            rows.append([stamp, "so2", "so2", f"{value:.2f}", heard[stamp]])
    out = tmp_path / "found.json"
    assert score(polled[0], write_log(tmp_path / "log.csv", rows), 0, "begin", None, out) == 1
    (found,) = json.loads(out.read_text())
    assert [one["defect"] for one in found["findings"]] == ["rescaled"], capsys.readouterr().out
    # What the device did not show is still told.
    rows[40][3] = f"{float(rows[40][3]) * 1.5:.2f}"
    assert score(polled[0], write_log(tmp_path / "log.csv", rows), 0, "begin", None, out) == 1
    (found,) = json.loads(out.read_text())
    assert {(one["defect"], one["count"]) for one in found["findings"][1:]} == {("wrong", 1)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zeit,so2.so2\n", "line 1: expected a column time"),
        ("time,value\n", "expected columns device, quantity, value, or columns such as so2.so2"),
        ("time,so2.so2\nyesterday,1\n", "line 2, time: expected a time such as"),
        ("time,so2.so2\n2026-01-05T00:00:00,many\n", "line 2, value: expected a number, or nothing"),
        ("time,so2.so2,so2.so2.valid\n2026-01-05T00:00:00,1,perhaps\n", "line 2, valid: expected true, false"),
        ("time,pm.pm10\n2026-01-05T00:00:00,1\n", "expected a quantity of the truth log"),
    ],
)
def test_a_log_that_is_none_is_told_in_one_line(polled, tmp_path, text, expected):
    log = tmp_path / "log.csv"
    log.write_text(text)
    done = rig("score", "--truth", polled[0], "--log", log)
    assert expected in complaints(done, 2)[-1]


def test_a_truth_log_that_is_none_is_told(polled, tmp_path):
    log = write_log(tmp_path / "log.csv", polled[1][:5])
    assert "expected a line of a truth log" in complaints(rig("score", "--truth", log, "--log", log), 2)[0]
    assert "No such file" in complaints(rig("score", "--truth", tmp_path / "none", "--log", log), 2)[0]


@pytest.mark.parametrize("fault", ["power_cut", "silence", "unplug"])
def test_a_mean_over_a_gap_is_not_said_to_be_of_zero_gas(tmp_path, fault):
    """Four hours, the third with the mains or the line away for 24 minutes and nothing else."""
    truth = tmp_path / "truth.jsonl"
    cut, back = 2 * 3600 + 600, 2 * 3600 + 2040
    rows = [{"kind": "bench", "epoch": "2026-01-05T00:00:00+08:00"}]
    for second in range(0, 4 * 3600, 10):
        if second in (cut, back):
            rows.append({"kind": "fault", "t_us": second * 1_000_000, "device": "so2", "name": "cut",
                         "fault": fault, "begins": second == cut})  # fmt: skip
        off = fault == "power_cut" and cut <= second < back
        rows.append({"kind": "reading", "t_us": second * 1_000_000, "device": "so2", "powered": not off,
                     "mode": "sample", "alarms": [], "shown": {} if off else {"so2": 20.0}})  # fmt: skip
    truth.write_text("".join(json.dumps(row) + "\n" for row in rows))
    log = tmp_path / "log.csv"
    log.write_text("time,so2.so2,so2.so2.valid\n" + "".join(f"2026-01-05T0{h}:00:00,20.0,true\n" for h in range(4)))
    done, found = held(truth, log, tmp_path, "--average", "1 h")
    assert defects(found, "so2.so2") == {("wrongly valid", 1)}
    assert "no power" in done.stdout
    assert "zero or span" not in done.stdout
