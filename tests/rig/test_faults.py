"""Faults strike causes, overlap, and go away without a trace."""

import tomllib
from pathlib import Path

import pytest
import pyvisa

from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.errors import ConfigurationErrors
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
    arrived = {"so2": [], "co": []}
    for name, number in (("so2", 171), ("co", 176)):
        line = on_bench.find_line(name)
        line.connect(lambda data, name=name: arrived[name].append(on_bench.clock.now_us // 1_000_000))
        for second in (5, 15, 25, 35, 45):
            on_bench.clock.after(
                second * 1_000_000, lambda n=number, line=line: line.from_host(bytes([n]) + b"flags\r")
            )
    on_bench.virtual_clock.run_to(60_000_000)
    assert sorted(set(arrived["so2"])) == [5, 17, 30, 40, 45]
    assert sorted(set(arrived["co"])) == [5, 45]


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


GROWING = [
    {"kind": "inlet_leak", "device": "so2", "at": "10 min", "onset": "ramp", "over": "10 min", "severity": 0.4},
    {"kind": "detector_noisy", "device": "co", "at": "10 min", "for": "35 min", "onset": "intermittent",
     "period": "10 min", "duty": 0.3},
    {"kind": "valve_left_at_span", "device": "o3", "at": "10 min", "for": "5 min"},
    {"kind": "background_changed", "device": "so2", "at": "10 min"},
]  # fmt: skip


@pytest.mark.parametrize("on_bench", [GROWING], indirect=True)
def test_faults_of_the_library_grow_come_and_go(on_bench):
    leak = [hidden(on_bench, 60 * minute + 1, "so2", "leak_fraction") for minute in (9, 10, 14, 20)]
    assert leak == pytest.approx([0.0, 0.04, 0.2, 0.4])
    noisy = [hidden(on_bench, 60 * minute + 1, "co", "noise_factor") for minute in (22, 24, 31, 35, 41, 46, 52)]
    assert noisy == [4.0, 1.0, 4.0, 1.0, 4.0, 1.0, 1.0]
    assert on_bench.instruments["so2"].device.read(3200_000_000, "so2_bkg") == pytest.approx(6.0, abs=30.0)
    assert "panel so2_bkg" in on_bench.instruments["so2"].device.read(3200_000_000, "audit_log")[0]


@pytest.mark.parametrize("on_bench", [GROWING], indirect=True)
def test_what_a_person_forgot_for_a_while_is_put_back(on_bench):
    modes = []
    for minute in (9, 11, 16):
        on_bench.virtual_clock.run_to(minute * 60_000_000)
        modes.append(on_bench.instruments["o3"].device.read(minute * 60_000_000, "gas_mode"))
    assert modes == ["sample", "span", "sample"]


@pytest.mark.parametrize(
    ("fault", "key", "words"),
    [
        ({"kind": "scrubber_spent", "device": "so2"}, "fault.0.kind", "befalls o3, t400"),
        ({"kind": "inlet_leak", "device": "so2", "severity": 2.0}, "fault.0.severity", "0 to 1"),
        ({"kind": "inlet_leak", "device": "so2", "severity": "much"}, "fault.0.severity", "0 to 1"),
        ({"kind": "valve_left_at_span", "device": "so2", "severity": 1.0}, "fault.0.severity", "has no severity"),
        ({"kind": "valve_left_at_span", "device": "so2", "onset": "ramp", "over": "1 h"}, "fault.0.onset", "of step"),
        ({"kind": "inlet_leak", "device": "so2", "onset": "ramp"}, "fault.0.over", "a time, for ramp"),
        ({"kind": "inlet_leak", "device": "so2", "duty": 0.5}, "fault.0.duty", "intermittent"),
        ({"kind": "inlet_leek", "device": "so2"}, "fault.0.kind", "silence"),
        ({"kind": "inlet_leak", "device": "so2", "severity": "20 %"}, "fault.0.severity",
         "expected 0 to 1 (part of the gas in the cell that is room air), found '20 %'"),
        ({"kind": "inlet_leak", "device": "so9"}, "fault.0.device", "a device of this bench (so2, nox, o3, co"),
        ({"kind": "beta_frozen", "device": "so2"}, "fault.0.kind", "befalls bam-1020, 5014i"),
    ],
)  # fmt: skip
def test_faults_that_cannot_be_are_named(fault, key, words):
    with pytest.raises(ConfigurationErrors) as caught:
        Bench(parse_bench(DEMO | {"fault": [{"at": "1 min", **fault}]}, "demo"), "demo", VirtualClock())
    assert key in [error.key for error in caught.value.errors]
    assert words in str(caught.value)
