"""Faults strike causes, overlap, and go away without a trace."""

import tomllib
from pathlib import Path

import pytest
import pyvisa

from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.ports.visa import RigVisaLibrary

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())


@pytest.fixture
def on_bench(request):
    faults = request.param
    opened = Bench(parse_bench(DEMO | {"fault": faults}, "demo"), "demo", VirtualClock())
    yield opened
    opened.close()


def hidden(bench, second, device, name):
    bench.virtual_clock.run_to(int(second * 1e6))
    return bench.hidden(device, name)


OVERLAPPING = [
    {"kind": "span_step", "device": "so2", "at": "10 s", "for": "30 s", "severity": 5.0},
    {"kind": "cause", "device": "so2", "at": "20 s", "for": "10 s", "parameter": "span_error_pct", "severity": 9.0},
    {"kind": "cause", "device": "calibrator", "at": "10 s", "parameter": "photometer_error_pct", "severity": -2.0},
]


@pytest.mark.parametrize("on_bench", [OVERLAPPING], indirect=True)
def test_of_two_faults_on_one_cause_the_later_counts_and_the_earlier_comes_back(on_bench):
    seen = [hidden(on_bench, second, "so2", "span_error_pct") for second in (5, 15, 25, 35, 45)]
    assert seen == [0.0, 5.0, 9.0, 5.0, 0.0]
    assert on_bench.hidden("calibrator", "photometer_error_pct") == -2.0


CROSSING = [
    {"kind": "delay", "device": "so2", "at": "10 s", "for": "20 s", "severity": "2 s"},
    {"kind": "delay", "device": "so2", "at": "20 s", "for": "20 s", "severity": 5},
    {"kind": "silence", "device": "co", "at": "10 s", "for": "20 s"},
    {"kind": "silence", "device": "co", "at": "20 s", "for": "20 s"},
]


@pytest.mark.parametrize("on_bench", [CROSSING], indirect=True)
def test_faults_of_a_line_may_cross(on_bench):
    delays, silences = [], []
    for second in (5, 15, 25, 35, 45):
        on_bench.virtual_clock.run_to(second * 1_000_000)
        delays.append(on_bench.find_line("so2").condition.delay_us)
        silences.append(on_bench.find_line("co").condition.silent)
    assert delays == [0, 2_000_000, 5_000_000, 5_000_000, 0]
    assert silences == [False, True, True, True, False]


CUT = [{"kind": "power_cut", "device": "so2", "at": "30 s", "for": "10 s"}]


@pytest.mark.parametrize("on_bench", [CUT], indirect=True)
def test_a_box_without_mains_says_nothing_and_forgets_what_it_had_not_saved(on_bench):
    manager = pyvisa.ResourceManager(RigVisaLibrary.for_bench(on_bench))
    so2 = manager.open_resource("ASRLso2::INSTR", read_termination="\r", write_termination="\r", encoding="latin-1")
    assert so2.query("\xabset lrec per 5").endswith("ok")
    assert so2.query("\xablrec per") == "lrec per 5 min"
    on_bench.virtual_clock.run_to(35_000_000)
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        so2.query("\xabso2")
    on_bench.virtual_clock.run_to(45_000_000)
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):  # it boots
        so2.query("\xabso2")
    on_bench.virtual_clock.run_to(60_000_000)
    assert so2.query("\xablrec per") == "lrec per 60 min"
    manager.close()
