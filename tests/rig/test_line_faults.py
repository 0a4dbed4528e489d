"""Every fault of a line, seen from the host's side of it, and the rules by which it chooses messages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from instruments.protocols.ends import DeviceEnd
from rig.clock import VirtualClock
from rig.line_condition import LineCondition
from rig.line_faults import LineFault
from rig.lines import Line, LineTiming
from rig.uart import LineSettings, as_heard


class Answers(DeviceEnd):
    """Answers ``ask N`` with ``N=1.25E+01``, each CR-ended request by itself."""

    def __init__(self):
        self.buffer = b""
        self.asked = []

    def power_cycled(self):
        self.buffer = b""

    def receive(self, data):
        self.buffer = (self.buffer + data)[-500:]
        *requests, self.buffer = self.buffer.split(b"\r")
        self.asked += requests
        return [request[4:] + b"=1.25E+01\r" for request in requests if request.startswith(b"ask ")]


class Rig:
    """A line with faults, and a host that notes what comes and when."""

    def __init__(self, *faults, baud=0, seed=1, connection=False, settings=None):
        self.clock, self.events, self.arrived, self.resets = VirtualClock(), [], [], 0
        self.condition = LineCondition("so2/a", self.clock, seed, self.events.append)
        self.end = Answers()
        self.line = Line("so2/a", self.clock, self.end, LineTiming(baud=baud), settings=settings,
                         condition=self.condition, is_connection=connection)  # fmt: skip
        self.line.on_reset = self._reset
        self.line.connect(lambda data: self.arrived.append((self.clock.now_us, data)))
        for fault in faults:
            self.condition.begin(fault)

    def _reset(self):
        self.resets += 1

    def ask(self, *names, wait_us=1_000_000):
        """What comes after each request, joined."""
        heard = []
        for name in names:
            before = len(self.arrived)
            self.line.from_host(b"ask " + name + b"\r")
            self.clock.wait(wait_us)
            heard.append(b"".join(data for _, data in self.arrived[before:]))
        return heard


A, B, C = b"a=1.25E+01\r", b"b=1.25E+01\r", b"c=1.25E+01\r"


@pytest.mark.parametrize(
    ("kind", "severity", "heard"),
    [
        ("silence", 0, [b"", b"", b""]),
        ("stale_reply", 0, [b"", A, B]),
        ("duplicate", 0, [A * 2, B * 2, C * 2]),
        ("glue", 0, [b"", A + B, b""]),
        ("swap", 0, [b"", B + A, b""]),
        ("hang", 0, [b"", b"", b""]),
        ("echo", 0, [b"ask a\r" + A, b"ask b\r" + B, b"ask c\r" + C]),
        ("nul_flood", 5, [bytes(5) + A, bytes(5) + B, bytes(5) + C]),
    ],
)
def test_what_the_host_hears_of_three_requests(kind, severity, heard):
    rig = Rig(LineFault("f", kind, severity))
    assert rig.ask(b"a", b"b", b"c") == heard
    assert {event.kind for event in rig.events} <= {kind}
    assert rig.events


@pytest.mark.parametrize(("kind", "owed"), [("hang", A + B + C), ("glue", C), ("swap", C)])
def test_what_was_kept_back_comes_when_the_fault_passes(kind, owed):
    fault = LineFault("f", kind)
    rig = Rig(fault)
    rig.ask(b"a", b"b", b"c")
    before = len(rig.arrived)
    rig.condition.end(fault)
    assert b"".join(data for _, data in rig.arrived[before:]) == owed
    released = [event for event in rig.events if event.direction == "to host" and not event.request]
    assert b"".join(event.sent for event in released) == owed
    assert {(event.fault, event.kind, event.meant == event.sent) for event in released} == {("f", kind, True)}
    assert rig.ask(b"a") == [A]


@pytest.mark.parametrize("kind", ["drop", "truncate", "flip", "insert", "junk_before", "junk_after", "wrong_checksum"])
def test_a_spoiled_reply_is_no_reply_differs_each_time_and_is_journaled(kind):
    rig = Rig(LineFault("f", kind, 2))
    heard = rig.ask(*[b"a"] * 8)
    assert A not in heard
    assert len(set(heard)) > 2
    assert [event.sent for event in rig.events] == heard
    assert {(event.meant, event.request) for event in rig.events} == {(A, b"ask a\r")}
    expected = {"drop": -2, "insert": 2, "junk_before": 2, "junk_after": 2, "flip": 0, "wrong_checksum": 0}
    if kind in expected:
        assert {len(one) - len(A) for one in heard} == {expected[kind]}
    if kind == "flip":
        assert {sum((x ^ y).bit_count() for x, y in zip(one, A, strict=True)) for one in heard} == {2}
    if kind == "wrong_checksum":  # still a digit, so that only a checksum can tell
        assert all(re.fullmatch(rb"a=1.25E\+0[02-9]\r", one) for one in heard)
    assert Rig(LineFault("f", kind, 2)).ask(*[b"a"] * 8) == heard
    assert Rig(LineFault("f", kind, 2), seed=2).ask(*[b"a"] * 8) != heard


@pytest.mark.parametrize("kind", ["silence", "drop", "flip", "insert", "truncate", "junk_before", "nul_flood"])
def test_towards_the_device_the_request_is_spoiled(kind):
    rig = Rig(LineFault("f", kind, 1, "to device"))
    rig.ask(b"a")
    assert rig.end.asked != [b"ask a"]
    assert rig.events[0].direction == "to device"
    assert rig.events[0].meant == b"ask a\r"


def test_times_delay_jitter_split_and_drip():
    def times(kind, severity):
        rig = Rig(LineFault("f", kind, severity))
        rig.line.from_host(b"ask a\r")
        rig.clock.wait(30_000_000)
        assert b"".join(data for _, data in rig.arrived) == A
        return [t for t, _ in rig.arrived]

    assert times("delay", 1.5) == [1_500_000]
    (late,) = times("jitter", 1.5)
    assert 0 < late < 1_500_000
    first, second = times("split", 0.3)
    assert (first, second) == (0, 300_000)
    assert times("slow_drip", 0.25) == [250_000 * (place + 1) for place in range(len(A))]


def test_the_nth_the_matching_and_one_in_so_many():
    nth = Rig(LineFault("f", "silence", nth=2))
    assert nth.ask(b"a", b"b", b"c") == [A, b"", C]
    matching = Rig(LineFault("f", "silence", matching=re.compile(rb"ask [bc]")))
    assert matching.ask(b"a", b"b", b"c") == [A, b"", b""]
    both = Rig(LineFault("f", "silence", nth=2, matching=re.compile(rb"ask [bc]")))
    assert both.ask(b"b", b"a", b"c", b"b") == [B, A, b"", B]
    share = Rig(LineFault("f", "silence", probability=0.3)).ask(*[b"a"] * 400).count(b"")
    assert 90 <= share <= 150  # 120 +- 9.2


def test_who_polls_in_between_changes_nothing_for_the_requests_that_are_chosen():
    fault = {"probability": 0.5, "matching": re.compile(b"ask a")}
    alone = Rig(LineFault("f", "flip", 3, **fault)).ask(*[b"a"] * 20)
    among = Rig(LineFault("f", "flip", 3, **fault)).ask(*[b"a", b"b", b"c"] * 20)
    assert among[::3] == alone
    assert set(among[1::3]) == {B}
    # Nor does it matter how the requests were cut, or that they were glued.
    rig = Rig(LineFault("f", "flip", 3, **fault))
    for byte in b"ask a\r" * 10:
        rig.line.from_host(bytes([byte]))
    rig.line.from_host(b"ask a\r" * 10)
    assert [data for _, data in rig.arrived] == alone


def test_of_two_of_a_kind_the_later_counts_and_of_different_kinds_all():
    first, second = LineFault("x", "delay", 2.0), LineFault("y", "delay", 5.0)
    rig = Rig(first, second, LineFault("z", "duplicate"))
    rig.line.from_host(b"ask a\r")
    rig.clock.wait(10_000_000)
    assert rig.arrived == [(5_000_000, A), (5_000_000, A)]
    assert rig.events[0].kind == "delay+duplicate"
    rig.condition.end(second)
    begun = rig.clock.now_us
    rig.line.from_host(b"ask a\r")
    rig.clock.wait(10_000_000)
    assert rig.arrived[2:] == [(begun + 2_000_000, A)] * 2


def test_a_box_that_says_something_now_and_then():
    fault = LineFault("f", "unsolicited", text=b"READY\r", every_us=2_000_000)
    rig = Rig(fault)
    rig.clock.wait(5_000_000)
    rig.condition.end(fault)
    rig.clock.wait(5_000_000)
    assert rig.arrived == [(2_000_000, b"READY\r"), (4_000_000, b"READY\r")]
    assert [event.sent for event in rig.events] == [b"READY\r"] * 2


def test_reset_unplug_and_half_open_of_a_connection():
    rig = Rig(LineFault("f", "reset", nth=2), connection=True)
    assert rig.ask(b"a", b"b") == [A, b""]
    assert rig.resets == 1
    unplug = LineFault("g", "unplug")
    rig.condition.begin(unplug)
    assert (rig.resets, rig.ask(b"a")) == (2, [b""])
    rig.condition.end(unplug)
    assert rig.ask(b"a") == [A]
    cut = LineFault("h", "half_open")
    rig.condition.begin(cut)
    assert rig.ask(b"a") == [b""]
    assert rig.resets == 2
    fresh, heard = Line("so2/a", rig.clock, Answers(), LineTiming(baud=0), condition=rig.condition), []
    fresh.connect(heard.append)
    fresh.from_host(b"ask a\r")
    assert heard == [A]  # who connects anew is well
    rig.condition.end(cut)
    assert rig.ask(b"a") == [b""]
    assert rig.resets == 3  # the first word afterwards meets a reset


def told(rig, first=0):
    """What was journaled, from the event number ``first`` on."""
    return [(event.kind, event.direction, event.request, event.meant, event.sent) for event in rig.events[first:]]


@pytest.mark.parametrize(("connection", "resets"), [(True, 1), (False, 0)])
def test_what_goes_into_a_dead_connection_is_told(connection, resets):
    cut = LineFault("dead", "half_open")
    rig = Rig(cut, connection=connection)
    assert told(rig) == [("half_open", "to host", b"", b"", b"")]  # it begins
    assert rig.ask(b"a", b"b") == [b"", b""]
    lost = [
        ("half_open", "to device", b"ask a\r", b"ask a\r", b""),
        ("half_open", "to device", b"ask b\r", b"ask b\r", b""),
    ]
    assert told(rig, 1) == lost
    rig.condition.end(cut)
    heard = rig.ask(b"c")
    if connection:  # its first word meets the reset, and is told too
        assert heard == [b""]
        assert told(rig, 3) == [("half_open", "to device", b"ask c\r", b"ask c\r", b"")]
    else:
        assert heard == [C]
        assert told(rig, 3) == []
    assert rig.resets == resets
    assert {event.fault for event in rig.events} == {"dead"}


@pytest.mark.parametrize("kind", ["half_open", "unplug"])
@pytest.mark.parametrize("at", [3_000, 10_000])
def test_what_is_on_the_wire_when_the_port_goes_is_told(kind, at):
    """At 9600 baud the request has arrived after 6.25 ms, and the reply is on its way until 17.7 ms."""
    rig = Rig(baud=9600, connection=True)
    rig.line.from_host(b"ask a\r")
    rig.clock.wait(at)
    before = len(rig.arrived)
    rig.condition.begin(LineFault("gone", kind))
    rig.clock.wait(1_000_000)
    assert rig.arrived[before:] == []
    first, *lost = told(rig)
    assert first == (kind, "to host", b"", b"", b"")
    if at < 6_250:
        assert lost == [(kind, "to device", b"ask a\r", b"ask a\r", b"")]
    else:
        assert b"".join(meant for _, _, _, meant, _ in lost) == A
        assert {(direction, sent) for _, direction, _, _, sent in lost} == {("to host", b"")}


def test_a_message_throws_the_adapter_out_for_a_while():
    rig = Rig(LineFault("f", "unplug", 3.0, nth=1))
    assert rig.ask(b"a") == [b""]
    assert rig.condition.unplugged
    assert not rig.condition.admits()
    rig.clock.wait(3_000_000)
    assert not rig.condition.unplugged
    assert rig.ask(b"b") == [B]


@pytest.mark.parametrize("baud", [0, 9600])
def test_a_device_at_another_rate_gives_garbage_both_ways(baud):
    rig = Rig(LineFault("f", "baud_mismatch", 19200), baud=baud)
    assert rig.ask(b"a")[0] != A
    assert b"ask a" not in rig.end.asked
    only_replies = Rig(LineFault("f", "baud_mismatch", 4800, matching=re.compile(b"ask b")), baud=baud)
    good, bad, again = only_replies.ask(b"a", b"b", b"c")
    assert (good, again) == (A, C)
    assert bad != B
    assert only_replies.end.asked == [b"ask a", b"ask b", b"ask c"]


def test_a_host_with_other_settings_hears_garbage_until_it_sets_them_right():
    rig = Rig(baud=9600)
    rig.line.set_host(LineSettings(4800))
    assert rig.ask(b"a") != [A]
    rig.line.set_host(LineSettings(9600))
    rig.ask(b"")  # ends the junk
    assert rig.ask(b"a") == [A]
    seven = Rig(baud=9600, settings=LineSettings(9600, 7, "even"))
    assert seven.ask(b"a") == [A]
    seven.line.set_host(LineSettings())
    (heard,) = seven.ask(b"a")
    assert heard == b""  # a receiver that checks parity takes half of the characters, and no whole request


def test_an_adapter_hands_over_every_16_milliseconds():
    clock, arrived = VirtualClock(), []
    line = Line("so2/a", clock, Answers(), LineTiming(baud=9600, latency_us=16_000))
    line.connect(lambda data: arrived.append((clock.now_us, len(data))))
    line.from_host(b"ask a\r")
    line.from_host(b"ask " + b"x" * 80 + b"\r")
    clock.wait(1_000_000)
    assert sum(count for _, count in arrived) == len(A) + 90
    assert all(t % 16_000 == 0 or count == 62 for t, count in arrived)
    assert len(arrived) < 8


@given(some.binary(max_size=40), some.sampled_from([1200, 4800, 9600, 19200, 115200]), some.sampled_from([7, 8]),
       some.sampled_from(["none", "even", "odd"]), some.sampled_from([1, 2]))  # fmt: skip
def test_equal_settings_carry_every_byte_and_unequal_ones_something_finite(data, baud, bits, parity, stops):
    own = LineSettings(baud, bits, parity, stops)
    assert as_heard(data, own, own) == bytes(byte & ((1 << bits) - 1) for byte in data)
    other = as_heard(data, own, LineSettings(9600))
    assert len(other) <= 20 * len(data)


def test_known_bytes_at_a_wrong_rate():
    """By hand: 'U' (0x55) alternates with every bit, so half the rate sees 0 and 1 by turns of two."""
    assert as_heard(b"\x00", LineSettings(9600), LineSettings(19200))[:1] == b"\x00"
    assert as_heard(b"\xff", LineSettings(9600), LineSettings(19200)) == b"\xfe"  # start bit of two bit times
    assert as_heard(b"\xe6\x1c", LineSettings(19200), LineSettings(19200)) == b"\xe6\x1c"
    assert as_heard(b"A", LineSettings(9600, 7, "even"), LineSettings(9600)) == b"A"  # parity of two ones is 0
    assert as_heard(b"C", LineSettings(9600, 7, "even"), LineSettings(9600)) == b"\xc3"


KINDS = ["drop", "flip", "duplicate", "insert", "split", "glue", "swap", "junk_before", "junk_after", "nul_flood",
         "wrong_checksum", "truncate", "stale_reply", "echo", "slow_drip", "hang", "delay", "jitter", "baud_mismatch",
         "half_open", "reset", "unplug", "silence"]  # fmt: skip


@given(some.lists(some.tuples(some.sampled_from(KINDS), some.floats(0.1, 1.0)), min_size=1, max_size=5),
       some.lists(some.binary(max_size=30), max_size=6))  # fmt: skip
def test_whatever_stands_and_whatever_comes_nothing_raises_and_the_next_request_is_answered(kinds, requests):
    faults = [LineFault(f"{kind}{place}", kind, 4800 if kind == "baud_mismatch" else 2, probability=share)
              for place, (kind, share) in enumerate(kinds)]  # fmt: skip
    rig = Rig(*faults)
    for request in requests:
        rig.line.from_host(request)
        rig.clock.wait(10_000)
    for fault in faults:
        rig.condition.end(fault)
    rig.clock.wait(1_000_000_000)
    rig.line.from_host(b"\r")
    assert rig.ask(b"a") == [A]
