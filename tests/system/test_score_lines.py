"""`rig score` and lines that fail: nothing that could be read is invented, nothing that could not be is lost."""

import json
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

MINUTES = 105
STATES = {"unplug": 45, "half_open": 55, "baud_mismatch": 65, "hang": 75}
"""Minute at which each fault begins that takes the one port of the SO2 analyzer; it lasts five."""


def fault(kind, device, at, minutes=5, **more):
    return {"kind": kind, "device": device, "at": f"{at} min", "for": f"{minutes} min", **more}


STATION = changed(
    DEMO,
    device__nox__port={"a": {"protocol": "clink"}, "b": {"protocol": "clink"}},
    fault=[
        fault("silence", "so2", 5, 10, probability=0.5),
        fault("silence", "so2", 20, nth=3),
        fault("hang", "so2", 30, matching="never asked"),
        fault("hang", "so2", 37, matching="so2", nth=2),
        *(fault(kind, "so2", minute) for kind, minute in STATES.items()),
        fault("refuse", "so2", 85, 10),
        fault("silence", "nox", 10, 20, port="b"),
        # Two of one kind and so of one name; the one ends within the other.
        fault("silence", "nox", 40, 20),
        fault("silence", "nox", 44, 4),
        fault("silence", "nox", 70, 10, port="a"),
        fault("unplug", "nox", 75, 10, port="b"),
    ],
)  # fmt: skip
EPOCH = datetime.fromisoformat(STATION["bench"]["epoch"])
HOW = {"read_termination": "\r", "write_termination": "\r", "encoding": "latin-1", "timeout": 2000}


@pytest.fixture(scope="module")
def polled(tmp_path_factory):
    """The truth, and minute by minute what a sound logger heard on the SO2 analyzer's and both NOx ports."""
    path = tmp_path_factory.mktemp("lines") / "truth.jsonl"
    bench = Bench(parse_bench(STATION, "station"), "station", VirtualClock())
    truth = TruthLog(bench, path)
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    asked = {"so2": ("ASRLso2::INSTR", "\xabso2"), "a": ("ASRLnox::INSTR", "\xaano2"),
             "b": ("ASRLnox.b::INSTR", "\xaano2")}  # fmt: skip
    lines, heard = {}, {name: {} for name in asked}
    with bench.own_time():
        start = time.time()
        for minute in range(MINUTES):
            time.sleep(max(0.0, start + 60.0 * minute + 1.0 - time.time()))
            for name, (resource, request) in asked.items():
                try:
                    if name not in lines:
                        lines[name] = manager.open_resource(resource, **HOW)
                    heard[name][minute] = f"{float(lines[name].query(request).split()[1]):.2f}"
                except (pyvisa.Error, UnicodeDecodeError, ValueError, IndexError):
                    if name in lines:
                        lines.pop(name).close()
        time.sleep(60.0)
    truth.close()
    bench.close()
    return path, heard


def held(polled, tmp_path, records, key="so2,so2", *, port=None):
    """What is found in a log of ``records``, by defect."""
    head = "time,device,quantity,value" + (",port" if port else "")
    rows = [
        f"{(EPOCH + timedelta(minutes=minute)).isoformat()},{key},{value}" + (f",{port}" if port else "")
        for minute, value in sorted(records.items())
    ]
    log = tmp_path / "log.csv"
    log.write_text("\n".join([head, *rows]) + "\n")
    out = tmp_path / "found.json"
    score(polled[0], log, 0, "begin", None, out)
    (found,) = json.loads(out.read_text())
    return {one["defect"]: one["count"] for one in found["findings"]}


def test_what_a_sound_logger_hears_through_failing_lines_is_sound(polled, tmp_path):
    heard = polled[1]
    assert 2 <= len(set(range(5, 15)) & set(heard["so2"])) <= 8  # by chance
    assert len(set(range(20, 25)) & set(heard["so2"])) == 4  # the third
    assert set(range(30, 35)) | set(range(86, 95)) <= set(heard["so2"])  # who is in stays in
    assert not {45, 46, 47, 48, 65, 66, 67, 68, 75, 76, 77, 78} & set(heard["so2"])
    assert held(polled, tmp_path, heard["so2"]) == {}
    assert held(polled, tmp_path, heard["a"], "nox,no2") == {}
    assert held(polled, tmp_path, heard["b"], "nox,no2") == {}


@pytest.mark.parametrize("kind", STATES)
def test_a_value_from_a_port_that_was_not_there_is_invented(polled, tmp_path, kind):
    made_up = {STATES[kind] + n: "987.65" for n in (1, 2, 3)}
    assert held(polled, tmp_path, {**polled[1]["so2"], **made_up}) == {"invented": 3}


def test_a_port_that_refuses_lets_those_stay_who_are_in_and_nobody_make_things_up(polled, tmp_path):
    so2 = polled[1]["so2"]
    assert held(polled, tmp_path, {m: v for m, v in so2.items() if m not in (88, 90)}) == {}
    assert held(polled, tmp_path, {**so2, 88: "987.65", 90: "987.65"}) == {"invented": 2}


def test_between_struck_messages_a_record_can_be_lost_and_wrong(polled, tmp_path):
    so2 = polled[1]["so2"]
    inside = next(m for m in range(6, 14) if {m - 1, m, m + 1} <= set(so2) or m == 13)
    kept = {m: v for m, v in so2.items() if m not in (21, 24, 32, 100)}
    assert held(polled, tmp_path, kept) == {"lost": 4}
    assert held(polled, tmp_path, {**so2, inside: "987.65", 32: "987.65"}) == {"wrong": 2}


def test_of_two_faults_of_one_name_the_longer_one_counts(polled, tmp_path):
    a = polled[1]["a"]
    assert not set(range(41, 59)) & set(a)
    assert held(polled, tmp_path, {**a, 42: "987.65", 46: "987.65", 55: "987.65"}, "nox,no2") == {"invented": 3}


def test_a_device_is_unreadable_only_if_all_its_ports_are(polled, tmp_path):
    a = polled[1]["a"]
    # Port b is dead from 10 to 30 and from 75 to 85, port a from 70 to 80: both from 75 to 80.
    assert held(polled, tmp_path, {**a, 72: "987.65", 77: "987.65"}, "nox,no2") == {"wrong": 1, "invented": 1}
    lost = {m: v for m, v in a.items() if m not in (20, 21)}
    assert held(polled, tmp_path, lost, "nox,no2") == {}  # it may have used the other port


def test_a_log_that_says_by_which_port_is_judged_by_that_port(polled, tmp_path):
    a = polled[1]["a"]
    assert held(polled, tmp_path, a, "nox,no2", port="a") == {}
    lost = {m: v for m, v in a.items() if m not in (20, 21)}
    assert held(polled, tmp_path, lost, "nox,no2", port="a") == {"lost": 2}
    assert held(polled, tmp_path, {**a, 72: "987.65"}, "nox,no2", port="a") == {"invented": 1}
    # What only the other port can have said, though it is what the device showed.
    assert held(polled, tmp_path, {**polled[1]["b"], 20: a[20]}, "nox,no2", port="b") == {"invented": 1}


def test_a_port_that_the_device_has_not_is_told(polled, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(f"time,device,quantity,value,port\n{EPOCH.isoformat()},nox,no2,1.0,c\n")
    done = rig("score", "--truth", polled[0], "--log", log)
    assert "expected a port of nox (a, b)" in complaints(done, 2)[-1]


def test_faults_in_the_truth_log_say_what_they_choose(polled):
    lines = [json.loads(line) for line in polled[0].read_text().splitlines()]
    assert lines[0]["ports"]["nox"] == {"a": "nox/a", "b": "nox/b"}
    told = [
        (one["fault"], one["port"], one["probability"], one["nth"], one["matching"])
        for one in lines
        if one["kind"] == "fault" and one["begins"]
    ]
    assert {("silence", None, 0.5, None, None), ("silence", None, 1.0, 3, None), ("silence", "b", 1.0, None, None),
            ("hang", None, 1.0, None, "never asked")} <= set(told)  # fmt: skip
