"""107 replies of a real 49i-PS: the host reads them all, and our device in the same state gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from instruments.errors import Refused
from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_frame import ClinkError, checksum, split_reply
from instruments.protocols.clink_host import ClinkHost
from instruments.protocols.clink_options import ClinkOptions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US = 60_000_000
REPORTS = (
    "lrec layout", "srec layout", "lrec 100 5", "list lrec", "lrec", "erec", "srec", "lr00", "instr name", "flags",
    "date", "time", "temp comp", "pres comp", "o3 bkg", "o3 coef",
)  # fmt: skip
REFUSALS = {" bad cmd": "unknown", " can't, wrong settings": "wrong settings"}
MERGED = {
    "flagslrec layout": ["flags", "lrec layout"],
    "set time 17:30set save params": ["set time 17:30", "set save params"],
}
NAMES = {
    "o3": "o3", "cellai": "cell_a_intensity", "cellbi": "cell_b_intensity", "bncht": "bench_temp", "lmpt": "lamp_temp",
    "o3lt": "o3_lamp_temp", "flowa": "flow_a", "flowb": "flow_b", "pres": "pressure",
}  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    raw: bytes
    requests: list[str]

    @property
    def text(self) -> str:
        return self.raw.decode().rstrip("\r").split("\nsum ")[0].rstrip("*")


def recorded() -> list[Recorded]:
    path = Path(__file__).parents[1] / "data" / "thermo-49i-ps-transcript.csv"
    found: list[Recorded] = []
    lines: list[str] = []
    for line in [*path.read_text(encoding="ascii").split("\n"), ""]:
        if line.startswith("sum ") or (not line and lines):
            raw = "\n".join([*lines, line] if line else lines)
            found.append(Recorded(raw.encode() + b"\r", requests_for(raw)))
            lines = []
        elif line:
            lines.append(line)
    return found


def requests_for(raw: str) -> list[str]:
    text = raw.split("\nsum ")[0].rstrip("*")
    for merged, requests in MERGED.items():
        if text.startswith(merged):
            return requests
    for ending in (" ok", *REFUSALS):
        if text.endswith(ending):
            return [text.removesuffix(ending)]
    return [next(report for report in REPORTS if text.startswith(report))]


REPLIES = recorded()


def clock_of(stamp: str) -> int:
    return int((datetime.strptime(f"{stamp} +0000", "%H:%M %m-%d-%y %z") - EPOCH).total_seconds()) * 1_000_000


def line_values(line: str) -> tuple[int, dict[str, float]]:
    """Stamp and fields of a recorded line, taken apart by plain splitting."""
    words = line.split()
    if words[2] == "flags":
        named = dict(zip(words[4::2], words[5::2], strict=True))
    else:
        named = dict(zip(NAMES, words[3:], strict=True))
    return clock_of(" ".join(words[:2])), {NAMES[name]: float(value) for name, value in named.items()}


def put_into(face, reply: Recorded) -> None:
    """Bring the face into the state that the reply tells of."""
    first = reply.requests[0]
    lines = reply.text.split("\n")
    if first == "erec":
        words = lines[1].replace("lo o3", "lo_o3").replace("int a", "int_a").replace("int b", "int_b").split()
        at = {
            name: words[words.index(name) + 1]
            for name in ("lo_o3", "bencht", "lampt", "ozlampt", "flowa", "flowb", "Pres")
        }
        face.set_clock(clock_of(" ".join(words[:2])))
        face.values.update(
            o3=float(at["lo_o3"]), bench_temp=float(at["bencht"]), lamp_temp=float(at["lampt"]),
            o3_lamp_temp=float(at["ozlampt"]), flow_a=float(at["flowa"]), flow_b=float(at["flowb"]),
            pressure=float(at["Pres"]), cell_a_intensity=float(int(words[words.index("int_a") + 1], 16)),
            cell_b_intensity=float(int(words[words.index("int_b") + 1], 16)),
        )  # fmt: skip
    elif first in ("lrec", "lr00", "srec", "lrec 100 5"):
        records = [line_values(line) for line in lines[1:]]
        later = 95 if first == "lrec 100 5" else 0
        face.set_clock(records[-1][0] + later * MINUTE_US + 7_000_000)
        present = {stamp for stamp, _ in records}
        for stamp, values in records:
            face.remember(stamp, values)
        for stamp in range(records[0][0], records[-1][0], MINUTE_US):
            if stamp not in present:
                face.remember(stamp, {"powered": False})
    elif first == "time":
        face.set_clock(clock_of(reply.text.split()[1][:5] + " 07-28-21") + int(reply.text[-2:]) * 1_000_000)
    else:
        face.set_clock(clock_of("15:05 07-28-21"))


@pytest.fixture
def primary_standard(bag_face):
    return bag_face(
        "49i-PS", mode="local", alarms=("flow_a:low", "flow_b:low"), o3_coef=1.004, o3_bkg=0.0, range=200.0
    )  # fmt: skip


def test_the_file_holds_what_it_is_said_to_hold():
    assert len([reply for reply in REPLIES if b"\nsum " in reply.raw]) == 107
    assert len([reply for reply in REPLIES if b"\nsum " not in reply.raw]) == 3
    assert len({reply.text for reply in REPLIES}) > 50


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text.split("\n")[0][:24])
def test_host_reads_the_reply(reply: Recorded, clink_tables):
    host = ClinkHost(clink_tables["49i-PS"])
    frame = split_reply(reply.raw)
    assert (frame.text, frame.stale) == (reply.text, True)
    assert frame.summed == (b"\nsum " in reply.raw)

    refusal = next((reason for ending, reason in REFUSALS.items() if reply.text.endswith(ending)), None)
    if len(reply.requests) == 2:
        with pytest.raises(ClinkError, match=r"^echo"):
            host.parse(reply.requests[0], reply.raw)
    elif refusal:
        with pytest.raises(Refused) as caught:
            host.parse(reply.requests[0], reply.raw)
        assert caught.value.reason == refusal
    else:
        parsed = host.parse(reply.requests[0], reply.raw)
        assert parsed.layout_stale
        if reply.requests[0] in ("lrec", "lr00", "srec", "lrec 100 5"):
            lines = [line_values(line) for line in reply.text.split("\n")[1:]]
            assert len(parsed.records) == len(lines)
            for record, (stamp, values) in zip(parsed.records, lines, strict=True):
                assert record.clock_us == stamp
                assert record.flags == 0x0D800500
                assert record.alarms == ("flow_a:low", "flow_b:low")
                assert {NAMES[name]: record.number(name) for name in record.fields} == values


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text.split("\n")[0][:24])
def test_one_wrong_bit_is_noticed(reply: Recorded, clink_tables):
    if b"\nsum " not in reply.raw:
        with pytest.raises(ClinkError, match=r"echo|not text"):
            ClinkHost(clink_tables["49i-PS"]).parse("lr00", bytes([reply.raw[0] ^ 0x01]) + reply.raw[1:])
        return
    with pytest.raises(ClinkError, match=r"^checksum"):
        split_reply(bytes([reply.raw[0] ^ 0x01]) + reply.raw[1:])


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.text.split("\n")[0][:24])
def test_device_gives_the_same_bytes(reply: Recorded, clink_tables, primary_standard):
    put_into(primary_standard, reply)
    options = ClinkOptions(layout_stale=True, tcp_always_sum=True, merge_pipelined=True)
    device = ClinkDevice(clink_tables["49i-PS"], primary_standard, "tcp", options)
    together = b"".join(b"\xb1" + request.encode() + b"\r" for request in reply.requests)
    assert device.receive(together) == [reply.raw]


def test_only_the_first_of_merged_requests_is_executed(clink_tables, primary_standard):
    device = ClinkDevice(
        clink_tables["49i-PS"], primary_standard, "tcp", ClinkOptions(merge_pipelined=True, layout_stale=True)
    )  # fmt: skip
    device.receive(b"set time 17:30\rset o3 coef 1.100\r")
    assert [name for name, _ in primary_standard.applied] == ["clock_us"]
    plain = ClinkDevice(clink_tables["49i-PS"], primary_standard, "tcp")
    assert plain.receive(b"set time 17:30\rset o3 coef 1.100\r") == [b"set time 17:30 ok\r", b"set o3 coef 1.100 ok\r"]


def test_letters_for_the_time_are_midnight_as_on_the_real_box(clink_tables, primary_standard):
    primary_standard.set_clock(clock_of("15:05 07-28-21"))
    ClinkDevice(clink_tables["49i-PS"], primary_standard, "tcp").receive(b"set time hh:mm:ss\r")
    assert primary_standard.applied == [("clock_us", clock_of("00:00 07-28-21"))]


def test_sum_is_of_all_bytes_before_the_line_feed():
    assert checksum(b"o3 coef 1.004*") == 0x039C
