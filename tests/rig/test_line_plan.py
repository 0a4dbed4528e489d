"""Faults of lines and keys of ports in a bench file: what is taken, and the one error for what is not."""

import tomllib
from pathlib import Path

import pytest

from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.clock import VirtualClock
from rig.errors import ConfigurationErrors
from rig.faults import plan_fault

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())


def with_fault(**fault):
    return DEMO | {"fault": [{"device": "so2", "at": "1 min", **fault}]}


def with_port(**port):
    so2 = DEMO["device"]["so2"] | {"port": {"a": {"protocol": "clink", **port}}}
    return DEMO | {"device": DEMO["device"] | {"so2": so2}}


def test_a_fault_of_a_line_is_planned_as_it_stands():
    file = check_bench_data(with_fault(kind="flip", severity=3, probability=0.1, matching=r"\xabso2", port="a",
                                       direction="to device", nth=4, **{"for": "1 h"}), "demo")  # fmt: skip
    line = plan_fault(file.fault[0], 0, "demo").line
    assert (line.kind, line.severity, line.probability, line.nth) == ("flip", 3.0, 0.1, 4)
    assert (line.direction, line.port, line.start_us) == ("to device", "a", 60_000_000)
    assert line.matching.search(b"\xabso2\r")
    unsolicited = check_bench_data(with_fault(kind="unsolicited", every="30 s", say="\xb1READY\r\n"), "demo")
    assert plan_fault(unsolicited.fault[0], 0, "demo").line.text == b"\xb1READY\r\n"


def test_only_an_adapter_that_a_message_throws_out_has_a_time_of_its_own():
    def severity(**more):
        file = check_bench_data(with_fault(kind="unplug", **more), "demo")
        return plan_fault(file.fault[0], 0, "demo").severity

    assert severity(**{"for": "20 s"}) is True  # it is or is not: `for` says how long
    assert (severity(nth=3), severity(nth=3, severity="5 s")) == (2.0, 5.0)


def reply_comes_at_us(**port):
    bench = Bench(check_bench_data(with_port(**port), "demo"), "demo", VirtualClock())
    line, arrived = bench.find_line("so2"), []
    line.connect(lambda data: arrived.append(bench.clock.now_us))
    line.from_host(b"\xabgas unit\r")
    bench.virtual_clock.run_to(1_000_000)
    bench.close()
    return arrived[0]


def test_a_box_thinks_as_long_as_its_port_says_whether_bytes_take_time_or_not():
    assert reply_comes_at_us(line_timing=False, reply_delay="300 ms") == 300_000
    assert reply_comes_at_us(line_timing=False) == 0
    as_usual, at_once = reply_comes_at_us(), reply_comes_at_us(reply_delay="0 s")
    assert as_usual - at_once == 20_000
    assert reply_comes_at_us(reply_delay="300 ms") - at_once == 300_000


@pytest.mark.parametrize(
    ("fault", "key", "words"),
    [
        ({"kind": "flip", "severity": 0}, "fault.0.severity", "a whole number of bits, 1 to"),
        ({"kind": "flip", "severity": "2 s"}, "fault.0.severity", "a whole number of bits"),
        ({"kind": "baud_mismatch", "severity": 3}, "fault.0.severity", "50 to 1000000"),
        ({"kind": "delay"}, "fault.0.severity", "a time of 0 s or more"),
        ({"kind": "glue", "severity": 1}, "fault.0.severity", "glue has no severity"),
        ({"kind": "unplug", "severity": "2 s"}, "fault.0.severity", "lasts as long as for says"),
        ({"kind": "unplug", "severity": "2 s", "probability": 1.0}, "fault.0.severity", "lasts as long as for says"),
        ({"kind": "glue", "direction": "to device"}, "fault.0.direction", "'to host' for glue"),
        ({"kind": "silence", "matching": "("}, "fault.0.matching", "a regular expression of bytes"),
        ({"kind": "refuse", "matching": "so2"}, "fault.0.matching", "chooses among connections"),
        ({"kind": "unsolicited", "say": "hello"}, "fault.0.every", "a time"),
        ({"kind": "unsolicited", "every": "1 s", "say": "Ω"}, "fault.0.say", "Latin-1"),
        ({"kind": "silence", "say": "x"}, "fault.0.say", "says nothing of its own accord"),
        ({"kind": "silence", "port": "b"}, "fault.0.port", "a port of so2 (a)"),
        ({"kind": "silence", "probability": 2.0}, "fault.0.probability", "less than or equal to 1"),
        ({"kind": "power_cut", "nth": 2}, "fault.0.nth", "power_cut is no fault of a line"),
        ({"kind": "clock_jump", "severity": "late"}, "fault.0.severity", "a time"),
    ],
)  # fmt: skip
def test_a_fault_that_a_line_cannot_have_is_named(fault, key, words):
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(with_fault(**fault), "demo")
    assert [(error.key, words in str(error)) for error in caught.value.errors] == [(key, True)]


@pytest.mark.parametrize(
    ("port", "key", "words"),
    [
        ({"clients": 2}, "device.so2.port.a.clients", 'kind = "tcp"'),
        ({"kind": "tcp", "latency": "16 ms"}, "device.so2.port.a.latency", 'kind = "serial" or "rfc2217"'),
        ({"latency": "16 ms", "line_timing": False}, "device.so2.port.a.latency", "bytes take no time"),
        ({"parity": "even"}, "device.so2.port.a.kind", "a pty carries 8 bits without parity only"),
        ({"kind": "rfc2217", "device": "/dev/ttyUSB0"}, "device.so2.port.a.device", 'kind = "serial"'),
        ({"kind": "rfc2217", "parity": "mark"}, "device.so2.port.a.parity", "none"),
    ],
)  # fmt: skip
def test_a_port_that_cannot_be_is_named(port, key, words):
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(with_port(**port), "demo")
    assert [(error.key, words in str(error)) for error in caught.value.errors] == [(key, True)]


@pytest.mark.parametrize(("at", "lasts"), [(60, 60), (61, 2), (63, 20)])
def test_a_clock_that_jumps_jumps_back_when_the_fault_passes(at, lasts):
    from rig.bench import Bench
    from rig.clock import VirtualClock

    data = with_fault(kind="clock_jump", severity="-8 h", at=f"{at} s", **{"for": f"{lasts} s"})
    bench = Bench(check_bench_data(data, "demo"), "demo", VirtualClock())
    face, seen = bench.instruments["so2"].face, []
    for second in (at - 1, at + 1, at + lasts + 1):
        bench.virtual_clock.run_to(second * 1_000_000)
        seen.append((face.clock_us() - face.now_us()) // 3_600_000_000)
    assert [hours - seen[0] for hours in seen] == [0, -8, 0]
    bench.close()
