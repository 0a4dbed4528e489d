"""What the truth log says is shown is what a client reads."""

import json
import time
import tomllib
from pathlib import Path

import pytest
import pyvisa
import serial

from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.cli.accept import AcceptOptions, accept
from rig.clock import VirtualClock
from rig.errors import ConfigurationError
from rig.ports.visa import RigVisaLibrary
from rig.serve import ServedBench
from rig.truth import TruthLog

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())
FAULTS = [
    {"kind": "span_step", "device": "so2", "at": "95 s", "for": "60 s", "severity": 20.0, "name": "a knock"},
    {"kind": "power_cut", "device": "co", "at": "42 s", "for": "31 s"},
]


def lines(path, kind, device=None):
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in found if line["kind"] == kind and device in (None, line.get("device"))]


@pytest.fixture
def bench(tmp_path):
    opened = Bench(parse_bench(DEMO | {"fault": FAULTS}, "demo"), "demo", VirtualClock(), 3)
    log = TruthLog(opened, tmp_path / "truth.jsonl")
    yield opened
    log.close()
    opened.close()


def test_shown_is_what_a_client_reads_until_the_next_instant(bench, tmp_path):
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    so2 = manager.open_resource("ASRLso2::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")
    nox = manager.open_resource("ASRLnox::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")
    clock = bench.virtual_clock
    so2.query("\xabset span")
    read = {}
    for second in range(14, 400, 10):
        clock.run_to(second * 1_000_000)
        read[second // 10 * 10_000_000] = float(so2.query("\xabso2").split()[1]), float(nox.query("\xaano2").split()[1])
    manager.close()
    path = tmp_path / "truth.jsonl"
    told = {line["t_us"]: line["shown"]["so2"] for line in lines(path, "reading", "so2")}
    told_nox = {line["t_us"]: line["shown"]["no2"] for line in lines(path, "reading", "nox")}
    assert set(told) == set(range(0, 400_000_000, 10_000_000))
    for t_us, (value, no2) in read.items():
        assert value == pytest.approx(told[t_us], rel=1e-3)  # four digits on the wire
        assert no2 == pytest.approx(told_nox[t_us], rel=1e-3)
    assert len({round(value, 6) for value in told.values()}) > 30
    assert lines(path, "reading", "so2")[-1]["mode"] == "span"


def test_the_gas_that_is_offered_and_the_air_around(bench, tmp_path):
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(bench))
    box = manager.open_resource("ASRLcalibrator::INSTR", read_termination="\r", write_termination="\r",
                                encoding="latin-1")  # fmt: skip
    for command in ("set total flow 5.0", "set gas a", "set conc 400", "set span"):
        assert box.query("\xb3" + command).endswith("ok")
    bench.virtual_clock.run_to(900_000_000)
    manager.close()
    path = tmp_path / "truth.jsonl"
    first, *_, last = lines(path, "offer")
    assert first["mode"] == "standby"
    assert first["flow_lpm"] == 0.0
    assert last["mode"] == "span"
    assert last["flow_lpm"] == pytest.approx(5.0, rel=0.01)
    # hidden truth of demo: cylinder + 0.2 %, gas flow + 0.2 %, zero air - 0.1 %
    assert last["gas"]["so2"] == pytest.approx(400.0 * 1.005, rel=0.004)
    (air, *_) = lines(path, "air")
    assert air["ambient"].keys() == {"so2", "no", "no2", "o3", "co"}
    assert air["room"]["so2"] == pytest.approx(1.0, rel=0.5)


def test_faults_stand_in_the_log_with_hidden_truth_as_built(bench, tmp_path):
    bench.virtual_clock.run_to(300_000_000)
    path = tmp_path / "truth.jsonl"
    seen = [(line["t_us"] / 1e6, line["name"], line["begins"]) for line in lines(path, "fault")]
    assert seen == [(42.0, "power_cut of co", True), (73.0, "power_cut of co", False), (95.0, "a knock", True),
                    (155.0, "a knock", False)]  # fmt: skip
    powered = {line["t_us"] // 1_000_000: line["powered"] for line in lines(path, "reading", "co")}
    assert [t for t, on in powered.items() if not on] == [50, 60, 70]
    assert all(line["shown"] == {} for line in lines(path, "reading", "co") if not line["powered"])
    (head,) = lines(path, "bench")
    assert head["devices"]["nox"]["converter_efficiency"] == 0.985
    assert head["devices"]["calibrator"]["photometer_error_pct"] == 0.3
    assert head["cylinders"] == {
        "so2": {"deviation_pct": 0.2},
        "no": {"deviation_pct": 0.0},
        "co": {"deviation_pct": 0.0},
    }
    assert bench.truth()["devices"]["so2"]["span_error_pct"] == 0.0  # as built, not as a fault left it


def test_a_log_that_cannot_be_written(tmp_path, bench):
    with pytest.raises(ConfigurationError, match="--truth: expected a file that can be written"):
        TruthLog(bench, tmp_path / "none" / "truth.jsonl")


def test_no_instant_is_left_out_however_fast_the_clock(tmp_path):
    path = tmp_path / "truth.jsonl"
    with ServedBench(parse_bench(DEMO, "demo"), Path("demo"), tmp_path / "ports", 600.0, truth=path) as served:
        served.wait(1.5)
        until = served.call(lambda bench: bench.clock.now_us)
    instants = [line["t_us"] for line in lines(path, "reading", "so2")]
    assert instants == list(range(0, instants[-1] + 1, 10_000_000))
    assert instants[-1] >= until - 60_000_000


def test_a_client_on_a_pty_reads_what_the_log_says_was_shown_at_that_instant(tmp_path):
    path, seen = tmp_path / "truth.jsonl", []
    with ServedBench(parse_bench(DEMO, "demo"), Path("demo"), tmp_path / "ports", 20.0, truth=path) as served:
        with serial.Serial(str(tmp_path / "ports" / "so2"), 9600, timeout=5) as port:

            def ask(text):
                port.write(b"\xab" + text.encode() + b"\r")
                return port.read_until(b"\r").decode().removeprefix(text).split()[0]

            ask("set avg time 10")
            begun = time.monotonic()
            while time.monotonic() - begun < 4.0:
                # The box's own clock, before and after, tells which instant of the log the value belongs to.
                before, value, after = ask("time"), ask("so2"), ask("time")
                if before[:7] == after[:7]:
                    seen.append((_seconds(before) // 10 * 10_000_000, float(value)))
        served.check()
    told = {line["t_us"]: line["shown"]["so2"] for line in lines(path, "reading", "so2")}
    assert len({t_us for t_us, _ in seen}) >= 5
    for t_us, value in seen:
        assert value == pytest.approx(told[t_us], rel=1e-3, abs=1e-6)


def _seconds(text):
    hours, minutes, seconds = map(int, text.split(":"))
    return hours * 3600 + minutes * 60 + seconds - 8 * 3600  # the bench's epoch is eight o'clock


def test_the_truth_of_a_run_has_what_struck_beside_what_was_built(tmp_path):
    bench = tmp_path / "bench.json"
    faults = [{"kind": "span_step", "device": "co", "at": "20 min", "for": "5 min", "severity": 1.0, "name": "a knock"},
              {"kind": "silence", "device": "o3", "at": "30 d"}]  # fmt: skip
    bench.write_text(json.dumps(DEMO | {"fault": faults}, default=lambda value: value.isoformat()))
    accept(AcceptOptions(bench=str(bench), devices=("co",), out=tmp_path / "out", operator="simulated"))
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert [fault["name"] for fault in truth["faults"]] == ["a knock", "silence of o3"]
    assert [(e["t_us"], e["name"], e["begins"]) for e in truth["events"]] == [
        (1_200_000_000, "a knock", True), (1_500_000_000, "a knock", False)
    ]  # fmt: skip
    assert truth["devices"]["co"]["span_error_pct"] == 0.0
    assert truth["seed"] == 1
