"""Handles over Modbus and Bayern-Hessen through what a line does wrong: bounded time, never a wrong value."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from standing import standing

from rig.bench_check import check_bench_data
from rig.errors import BadReply, DeviceTimeout, RigError
from rig.session import open_session

PROTOCOLS = ("modbus-rtu", "modbus-tcp", "hessen")
SPOILT = (("flip", 1), ("drop", 1), ("duplicate", 0), ("junk_before", 2), ("junk_after", 2), ("truncate", 3))


@pytest.fixture
def station():
    opened = []

    def make(protocol, **faults):
        port = {"protocol": protocol, "kind": "tcp" if protocol == "modbus-tcp" else "serial"}
        bench = {
            "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
            "device": {"nox": {"model": "T200", "port": {"a": port}}},
            "air": {"ambient": {"no": "60 ppb", "no2": "20 ppb"}},
            **faults,
        }  # fmt: skip
        session = open_session(check_bench_data(bench, "bench.toml"), Path("bench.toml"))
        opened.append(session)
        session.time.sleep(1200.0)
        return session, session.handles["nox"], session.bench.find_line("nox")

    yield make
    for session in opened:
        session.close()


def truth(session, quantity):
    return session.bench.instruments["nox"].device.read(session.bench.clock.now_us, quantity)


def right(session, quantity, value):
    """Whether it is a reading of that quantity, of now or of a few seconds ago."""
    return value == pytest.approx(truth(session, quantity), rel=0.01, abs=0.01)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_healthy_line_needs_no_second_try(protocol, station):
    session, handle, _ = station(protocol)
    for quantity in ("no", "nox", "no2", "no"):
        assert right(session, quantity, handle.read(quantity)[0])
    handle.set("gas_mode", "zero")
    assert handle.read("gas_mode")[0] == truth(session, "gas_mode") == "zero"
    assert handle.link.retries == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_silent_line_is_a_time_out_in_bounded_time(protocol, station):
    session, handle, line = station(protocol)
    before = session.time.now_us()
    with standing(line, "silence"), pytest.raises(DeviceTimeout):
        handle.read("no")
    assert session.time.now_us() - before < 6_000_000
    assert right(session, "no", handle.read("no")[0])


@pytest.mark.parametrize("delay_s", [0.5, 1.9, 2.5, 3.5])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_late_replies_are_never_taken_for_another_s(protocol, delay_s, station):
    session, handle, line = station(protocol)
    with standing(line, "delay", delay_s):
        for quantity in ("no", "nox", "no2", "no", "pressure" if protocol != "hessen" else "no2", "nox"):
            try:
                value = handle.read(quantity)[0]
            except RigError:
                continue
            assert right(session, quantity, value), quantity
    session.time.sleep(10.0)
    for quantity in ("no", "nox", "no2"):
        try:
            assert right(session, quantity, handle.read(quantity)[0])
        except BadReply:
            assert quantity == "no"  # what was still on its way


@pytest.mark.parametrize("protocol", ["modbus-rtu", "modbus-tcp"])
def test_a_line_one_reply_behind_tells_no_other_register_s_value(protocol, station):
    session, handle, line = station(protocol)
    assert right(session, "no", handle.read("no")[0])
    told = 0
    with standing(line, "stale_reply"):
        for quantity in ("nox", "no2", "pressure", "nox"):
            try:
                assert right(session, quantity, handle.read(quantity)[0])
            except RigError:
                told += 1
    assert told + handle.link.retries >= 4
    assert right(session, "no2", handle.read("no2")[0])


@pytest.mark.parametrize("protocol", ["modbus-rtu", "hessen"])
def test_spoilt_bytes_are_tried_again_or_told_and_never_believed(protocol, station):
    session, handle, line = station(protocol)
    told = 0
    with ExitStack() as faults:
        for kind, severity in SPOILT:
            faults.enter_context(standing(line, kind, severity, probability=0.15))
        for quantity in ("no", "nox", "no2", "gas_mode") * 12:
            try:
                value = handle.read(quantity)[0]
            except RigError:
                told += 1
                continue
            assert value == "sample" if quantity == "gas_mode" else right(session, quantity, value)
    assert told < 24
    assert handle.link.retries > 5


@pytest.mark.parametrize(("gap_s", "answered"), [(0.002, True), (0.02, False)])
def test_the_line_s_pace_says_how_long_a_silence_ends_a_frame(gap_s, answered, station):
    session, _, line = station("modbus-rtu")
    came = bytearray()
    line.connect(came.extend)
    request = bytes.fromhex("01 04 00 22 00 02 D1 C1")
    line.from_host(request[:4])
    session.time.sleep(4 * 10 / 9600 + gap_s)
    line.from_host(request[4:])
    session.time.sleep(1.0)
    assert (len(came) == 9) == answered
    line.from_host(request)
    session.time.sleep(1.0)
    assert len(came) == (18 if answered else 9)
