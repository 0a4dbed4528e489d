"""Boxes that share a line: each answers to its own address, two with one address collide, one may be dark."""

import tomllib
from pathlib import Path

import pytest

from instruments.device import Command
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.errors import ConfigurationErrors

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())


def bench_of(so2, o3, faults=()):
    devices = DEMO["device"] | {
        name: DEMO["device"][name] | {"port": {"a": {"protocol": "clink", "line": "rs485", **its}}}
        for name, its in (("so2", so2), ("o3", o3))
    }
    data = DEMO | {"device": devices, "fault": list(faults)}
    return Bench(parse_bench(data, "demo"), "demo", VirtualClock())


def ask(bench, request):
    heard = []
    line = bench.find_line("rs485")
    line.connect(heard.append)
    line.from_host(request)
    bench.virtual_clock.wait(500_000)
    line.disconnect()
    return b"".join(heard)


def test_each_answers_to_its_own_address_and_one_without_power_leaves_the_line_to_the_other():
    bench = bench_of({"id": 43}, {"id": 49})
    assert bench.find_line("so2") is bench.find_line("rs485")
    assert ask(bench, b"\xabso2 coef\r") == b"so2 coef 1.000\r"
    assert ask(bench, b"\xb1o3 coef\r") == b"o3 coef 1.000\r"
    assert ask(bench, b"\xaaso2 coef\r") == b""
    bench.command("so2", Command("power", False))
    assert ask(bench, b"\xabso2 coef\r") == b""
    assert ask(bench, b"\xb1o3 coef\r") == b"o3 coef 1.000\r"
    bench.command("so2", Command("power", True))
    bench.virtual_clock.wait(20_000_000)
    assert ask(bench, b"\xabso2 coef\r") == b"so2 coef 1.000\r"
    bench.close()


def test_two_boxes_with_one_address_answer_at_once_and_garble_each_other():
    bench = bench_of({"id": 43}, {"id": 43})
    heard = ask(bench, b"\xabinstr name\r")
    alone = [ask(bench_of({"id": 43}, {"id": 49}), bytes([128 + n]) + b"instr name\r") for n in (43, 49)]
    assert heard not in alone
    assert len(heard) == max(map(len, alone))
    short = min(map(len, alone))
    assert heard[:short] == bytes(x & y for x, y in zip(*alone, strict=False))
    bench.close()


def test_a_fault_of_the_line_befalls_all_that_share_it():
    bench = bench_of({"id": 43}, {"id": 49}, [{"kind": "silence", "device": "so2", "at": "0 s"}])
    bench.virtual_clock.wait(1)
    assert ask(bench, b"\xb1o3 coef\r") == b""
    bench.close()


@pytest.mark.parametrize(
    ("other", "key"),
    [({"baud": 19200}, "device.o3.port.a.baud"), ({"line": "so2"}, "device.o3.port.a.line")],
)
def test_what_cannot_share_a_line_is_named(other, key):
    with pytest.raises(ConfigurationErrors) as caught:
        bench_of({"id": 43}, {"id": 49, **other})
    assert key in [error.key for error in caught.value.errors]
