"""RS-485 on two wires: an echo, boxes that hear each other, and what becomes of two who send at once."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

import rig.pyserial
from rig.bench import Bench
from rig.bench_file import parse_bench
from rig.clock import VirtualClock
from rig.errors import BadReply, ConfigurationErrors
from rig.serve import ServedBench
from rig.session import open_session
from rig.uart import LineSettings, as_heard
from rig.wire_pair import WirePair

DEMO = tomllib.loads((Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text())
BYTE_US = 10 * 1e6 / 9600
SETTINGS = st.builds(
    LineSettings, st.just(9600), st.sampled_from((7, 8)),
    st.sampled_from(("none", "even", "odd")), st.sampled_from((1, 2)),
)  # fmt: skip


def file_of(so2, o3, faults=(), **both):
    devices = DEMO["device"] | {
        name: DEMO["device"][name]
        | {"port": {"a": {"protocol": "clink", "line": "bus", "wires": 2, "baud": 9600, **both, **its}}}
        for name, its in (("so2", so2), ("o3", o3))
    }
    return parse_bench(DEMO | {"device": devices, "fault": list(faults)}, "demo")


class Host:
    """A bench with so2 and o3 on one pair, and what its host hears, with the times."""

    def __init__(self, so2=None, o3=None, faults=(), **both):
        file = file_of(so2 or {"id": 43}, o3 or {"id": 49}, faults, **both)
        self.bench = Bench(file, "demo", VirtualClock())
        self.clock = self.bench.virtual_clock
        self.line = self.bench.find_line("bus")
        self.heard = []
        self.line.connect(lambda data: self.heard.append((self.clock.now_us, data)))
        self.clock.wait(1)

    def says(self, data, wait_s=0.5):
        """What is heard within that time."""
        self.heard.clear()
        self.line.from_host(data)
        self.clock.wait(round(wait_s * 1e6))
        return b"".join(data for _, data in self.heard)


def test_the_host_hears_itself_and_then_the_box_that_it_has_called():
    host = Host()
    begun = host.clock.now_us
    assert host.says(b"\xabso2 coef\r") == b"\xabso2 coef\rso2 coef 1.000\r"
    times = [t - begun for t, _ in host.heard]
    # Each byte is there half a bit before its stop bit is over; the box thinks for 20 ms after the request.
    assert times[9] == pytest.approx(10 * BYTE_US - BYTE_US / 20, abs=2)
    assert times[-1] == pytest.approx(25 * BYTE_US + 20_000 - BYTE_US / 10, abs=3)
    assert host.says(b"\xb1o3 coef\r") == b"\xb1o3 coef\ro3 coef 1.000\r"
    assert host.says(b"\xaaso2 coef\r") == b"\xaaso2 coef\r"


def test_an_adapter_that_is_deaf_while_it_sends_hears_no_echo_and_misses_what_comes_meanwhile():
    host = Host(echo=False)
    assert host.says(b"\xabso2 coef\r") == b"so2 coef 1.000\r"
    host.line.from_host(b"\xabso2 coef\r")
    host.clock.wait(round(10 * BYTE_US) + 20_000 + round(3 * BYTE_US))
    # Three characters of the reply have come; the rest comes while the host sends again.
    assert host.says(b"\xaa" * 40, wait_s=0.1) == b""


def test_who_asks_again_too_early_garbles_the_reply_and_his_request_and_the_next_one_is_well():
    host = Host()
    whole = host.says(b"\xabinstr name\r")
    host.line.from_host(b"\xabinstr name\r")
    host.clock.wait(round(12 * BYTE_US) + 20_000 + round(4.3 * BYTE_US))
    heard = b"".join(data for _, data in host.heard[len(whole) :]) + host.says(b"\xb1o3 coef\r")
    assert heard.startswith(b"\xabinstr name\rinst")
    assert b"o3 coef" not in heard
    assert b"1.000" not in heard
    assert heard != whole
    assert host.says(b"\xb1o3 coef\r") == b"\xb1o3 coef\ro3 coef 1.000\r"


def test_two_boxes_with_one_address_pull_each_others_bits_down():
    alone = [Host().says(bytes([128 + n]) + b"instr name\r")[12:] for n in (43, 49)]
    heard = Host({"id": 43}, {"id": 43}).says(b"\xabinstr name\r")
    short, long = sorted(alone, key=len)
    assert heard == b"\xabinstr name\r" + bytes(x & y for x, y in zip(short, long, strict=False)) + long[len(short) :]


def test_a_box_without_an_address_takes_another_ones_reply_for_a_request():
    # As in libmodbus #83 (read): on two wires a box hears what others answer.
    heard = Host({"id": 43}, {"id": 0}).says(b"\xabso2 coef\r")
    assert heard == b"\xabso2 coef\rso2 coef 1.000\rso2 coef 1.000 bad cmd\r"


def test_a_fault_towards_the_boxes_is_heard_in_the_echo_and_one_of_the_reply_is_chosen_by_the_hosts_words_alone():
    broken = {"kind": "truncate", "device": "so2", "at": "0 s", "direction": "to device"}
    host = Host(faults=[broken])
    heard = host.says(b"\xabso2 coef\r")
    assert len(heard) < 10
    assert b"\xabso2 coef\r".startswith(heard)
    lost = {"kind": "silence", "device": "so2", "at": "0 s", "matching": "o3"}
    host = Host(faults=[lost])
    assert host.says(b"\xabso2 coef\r") == b"\xabso2 coef\rso2 coef 1.000\r"
    assert host.says(b"\xb1o3 coef\r") == b"\xb1o3 coef\r"


def test_the_fault_echo_leaves_the_receiver_of_a_deaf_adapter_on():
    host = Host(echo=False, faults=[{"kind": "echo", "device": "so2", "at": "0 s", "for": "1 s"}])
    assert host.says(b"\xabso2 coef\r", wait_s=1) == b"\xabso2 coef\rso2 coef 1.000\r"
    assert host.says(b"\xabso2 coef\r") == b"so2 coef 1.000\r"


@given(st.binary(min_size=1, max_size=12), SETTINGS, SETTINGS)
def test_one_who_sends_alone_is_heard_as_on_a_line_of_his_own(data, sent, heard):
    clock, came = VirtualClock(), bytearray()
    pair = WirePair(clock)
    pair.listen(lambda: heard, lambda byte, begin, end: came.append(byte))
    end = pair.send("one", data, sent, 123.4)
    clock.wait(round(end) + 1_000_000)
    assert bytes(came) == as_heard(data, sent, heard)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=8), st.floats(0.0, 30_000.0)), min_size=2, max_size=4))
def test_whatever_collides_bytes_come_one_after_the_other_and_the_pair_is_well_afterwards(sendings):
    clock, came = VirtualClock(), []
    pair = WirePair(clock)
    pair.listen(LineSettings, lambda byte, begin, end: came.append((byte, begin, end)))
    for number, (data, start) in enumerate(sendings):
        pair.send(number, data, LineSettings(), start)
    clock.wait(1_000_000)
    assert len(came) >= 1
    # Where a stop bit is missing the next character may begin within its place.
    assert all(end - 1.1e6 / 9600 <= begin for (_, _, end), (_, begin, _) in pairwise(came))
    came.clear()
    pair.send(0, b"after", LineSettings(), clock.now_us)
    clock.wait(1_000_000)
    assert bytes(byte for byte, _, _ in came) == b"after"


def test_a_pyserial_client_reads_its_own_request_first():
    host = Host()
    host.line.disconnect()
    with (
        rig.pyserial.attached("two-wires", host.bench),
        serial.serial_for_url("rig://two-wires/bus", timeout=1) as port,
    ):
        port.write(b"\xb1o3 coef\r")
        assert port.read(9 + 14) == b"\xb1o3 coef\ro3 coef 1.000\r"


def test_a_served_pty_has_the_echo_too_and_the_endpoints_file_says_so(tmp_path):
    path = tmp_path / "bench.toml"
    file = file_of({"id": 43}, {"id": 49})
    with ServedBench(file, path, folder=tmp_path, speed=20.0) as served:
        with serial.Serial(str(tmp_path / "bus"), 9600, timeout=5) as port:
            port.write(b"\xabso2 coef\r")
            assert port.read(25) == b"\xabso2 coef\rso2 coef 1.000\r"
        device = served.endpoints_data()["device"]["so2"]
    assert device["echo"] is True
    assert (device["ports"]["a"]["line"], device["ports"]["a"]["wires"], device["ports"]["a"]["echo"]) == (
        "bus",
        2,
        True,
    )


@pytest.mark.parametrize(
    ("model", "protocol"), [("43i", "clink"), ("43i", "modbus-rtu"), ("43i", "hessen"), ("T100", "teledyne")]
)
def test_a_host_that_knows_of_the_echo_finds_the_reply_behind_it(model, protocol):
    port = {"protocol": protocol, "line": "bus", "wires": 2}
    bench = {"bench": {"epoch": "2026-01-05T00:00:00+08:00"}, "device": {"so2": {"model": model, "port": {"a": port}}}}
    two = parse_bench(bench, "two")
    four = parse_bench(bench | {"device": {"so2": {"model": model, "port": {"a": port | {"wires": 4}}}}}, "four")
    read = []
    for file in (four, two):
        session = open_session(file, Path("bench.toml"))
        read.append(session.handles["so2"].read("so2"))
        session.close()
    assert read[0] == read[1]


def test_a_host_tells_that_somebody_has_sent_at_the_same_time():
    port = {"protocol": "clink", "line": "bus", "wires": 2}
    fault = {"kind": "unsolicited", "device": "so2", "at": "0 s", "every": "2 ms", "say": "U"}
    bench = {"bench": {"epoch": "2026-01-05T00:00:00+08:00"}, "device": {"so2": {"model": "43i", "port": {"a": port}}}}
    session = open_session(parse_bench(bench | {"fault": [fault]}, "x"), Path("bench.toml"))
    with pytest.raises(BadReply, match="somebody sent at the same time"):
        session.handles["so2"].read("so2")
    session.close()


@pytest.mark.parametrize(
    ("key", "so2"),
    [
        ("wires", {"line_timing": False}), ("wires", {"kind": "tcp"}), ("line", {"line": None}),
        ("echo", {"wires": 4, "echo": False}),
    ],
)  # fmt: skip
def test_where_two_wires_cannot_be_is_told(key, so2):
    with pytest.raises(ConfigurationErrors) as caught:
        Bench(file_of({"id": 43, **so2}, {"id": 49, **so2}), "demo", VirtualClock())
    assert f"device.so2.port.a.{key}" in [error.key for error in caught.value.errors]


def test_boxes_of_one_line_agree_on_its_wires():
    with pytest.raises(ConfigurationErrors) as caught:
        Bench(file_of({"id": 43}, {"id": 49, "wires": 4}), "demo", VirtualClock())
    assert "device.o3.port.a.wires" in [error.key for error in caught.value.errors]
