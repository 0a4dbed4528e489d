"""The host side through each fault of its line: bounded time, and the value itself or a clear error."""

import tomllib
from pathlib import Path

import pytest

from rig.bench_file import parse_bench
from rig.errors import RigError
from rig.session import open_session

DEMO = Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml"
GOOD = {"so2_coef": 1.0, "averaging_time": 60}
"""Settings that stand still, so that another value is a wrong one."""

KINDS = {
    "silence": None, "delay": "3 s", "jitter": "3 s", "drop": 1, "flip": 1, "insert": 1, "duplicate": None,
    "split": "500 ms", "glue": None, "swap": None, "junk_before": 3, "junk_after": 3, "nul_flood": 50,
    "wrong_checksum": None, "truncate": None, "stale_reply": None, "echo": None, "slow_drip": "50 ms", "hang": None,
    "reset": None, "half_open": None, "unplug": "1 s", "baud_mismatch": 19200,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_checksum_no_wrong_value_is_taken(kind):
    severity = {} if KINDS[kind] is None else {"severity": KINDS[kind]}
    data = tomllib.loads(DEMO.read_text(encoding="utf-8"))
    data["device"] = {name: data["device"][name] for name in ("so2", "calibrator")}
    data["tube"] = {"so2": data["tube"]["so2"]}
    data["fault"] = [{"kind": kind, "device": "so2", "at": "1 min", "probability": 0.6, **severity}]
    session = open_session(parse_bench(data, "demo"), DEMO, devices=("so2",))
    handle, clock = session.handles["so2"], session.bench.virtual_clock
    handle.link.ask("set format 01", lambda reply: reply)
    assert {name: handle.read(name)[0] for name in GOOD} == GOOD
    struck = []
    session.bench.line_listeners.append(struck.append)
    clock.run_to(61_000_000)
    outcomes = set()
    for _ in range(10):
        for name, good in GOOD.items():
            before = clock.now_us
            try:
                outcomes.add(handle.read(name)[0] == good)
            except RigError as error:
                outcomes.add(type(error).__name__ if "so2" in str(error) else str(error))
            assert clock.now_us - before < 6_000_000  # two time-outs of 2 s, and what goes with them
    session.close()
    assert struck
    assert outcomes <= {True, "DeviceTimeout", "BadReply", "RigFault"}


def test_without_a_checksum_one_can_be_taken():
    """What the page on lines says of C-Link without its sum."""
    data = tomllib.loads(DEMO.read_text(encoding="utf-8"))
    data["device"] = {name: data["device"][name] for name in ("so2", "calibrator")}
    data["tube"] = {"so2": data["tube"]["so2"]}
    data["fault"] = [{"kind": "wrong_checksum", "device": "so2", "at": "1 min"}]
    session = open_session(parse_bench(data, "demo"), DEMO, devices=("so2",))
    session.bench.virtual_clock.run_to(61_000_000)
    assert session.handles["so2"].read("so2_coef")[0] in [1.0 + digit / 1000 for digit in range(1, 10)]
    session.close()
