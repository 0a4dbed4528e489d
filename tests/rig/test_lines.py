import pytest

from instruments.protocols.ends import DeviceEnd
from rig.clock import VirtualClock
from rig.line_faults import LineFault
from rig.lines import Line, LineTiming


class Echo(DeviceEnd):
    """Answers each CR-ended request with itself, in capitals."""

    def __init__(self):
        self.buffer = b""

    def receive(self, data):
        self.buffer += data
        *requests, self.buffer = self.buffer.split(b"\r")
        return [request.upper() + b"\r" for request in requests]


def line_with_sink(timing):
    clock = VirtualClock()
    line = Line("so2/a", clock, Echo(), timing)
    arrived = []
    line.connect(lambda data: arrived.append((clock.now_us, data)))
    return clock, line, arrived


def test_bytes_take_their_time_at_the_baud_rate():
    clock, line, arrived = line_with_sink(LineTiming(baud=9600, reply_delay_us=20_000))
    line.from_host(b"so2\r")
    clock.wait(1_000_000)
    byte_us = 10e6 / 9600
    assert b"".join(data for _, data in arrived) == b"SO2\r"
    assert arrived[-1][0] == pytest.approx(8 * byte_us + 20_000, abs=2)


def test_a_long_reply_comes_in_groups_of_the_uart():
    clock, line, arrived = line_with_sink(LineTiming(baud=9600))
    line.from_host(b"x" * 40 + b"\r")
    clock.wait(1_000_000)
    assert [len(data) for _, data in arrived] == [14, 14, 13]
    times = [t for t, _ in arrived]
    assert times == sorted(times)
    assert times[0] < times[-1]


def test_without_line_timing_the_reply_is_there_at_once():
    clock, line, arrived = line_with_sink(LineTiming(baud=0))
    line.from_host(b"a\rb\r")
    assert arrived == [(0, b"A\r"), (0, b"B\r")]
    assert clock.now_us == 0


def test_silence_delay_and_stale_replies():
    clock, line, arrived = line_with_sink(LineTiming(baud=0))
    stale, silence = LineFault("a", "stale_reply"), LineFault("b", "silence")
    line.from_host(b"before\r")
    line.condition.begin(stale)
    line.from_host(b"first\r")
    line.from_host(b"second\r")
    assert [data for _, data in arrived] == [b"BEFORE\r", b"BEFORE\r", b"FIRST\r"]
    line.condition.end(stale)
    line.condition.begin(silence)
    line.from_host(b"third\r")
    clock.wait(1_000_000)
    assert len(arrived) == 3
    line.condition.end(silence)
    line.condition.begin(LineFault("c", "delay", 0.5))
    begun = clock.now_us
    line.from_host(b"fourth\r")
    clock.wait(1_000_000)
    assert arrived[-1] == (begun + 500_000, b"FOURTH\r")


def test_what_is_on_the_line_when_the_host_hangs_up_does_not_reach_the_next_host():
    clock, line, arrived = line_with_sink(LineTiming(baud=9600))
    line.from_host(b"old\r")
    line.disconnect()
    fresh = []
    line.connect(fresh.append)
    clock.wait(1_000_000)
    assert arrived == []
    line.from_host(b"new\r")
    clock.wait(1_000_000)
    assert b"".join(fresh).endswith(b"NEW\r")


def test_a_device_without_power_says_nothing():
    clock, line, arrived = line_with_sink(LineTiming(baud=9600))
    line.powered = False
    line.from_host(b"so2\r")
    clock.wait(1_000_000)
    assert arrived == []


class Talker(Echo):
    """Says its number of messages every two seconds, and answers meanwhile; a request puts its next word off."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.due, self.said = clock, 2_000_000, 0

    def receive(self, data):
        self.due = self.clock.now_us + 2_000_000
        return super().receive(data)

    def next_output_us(self):
        return self.due

    def output(self):
        self.due = self.clock.now_us + 2_000_000
        self.said += 1
        return [b"%d\r" % self.said]


def test_a_box_that_speaks_of_its_own_accord_is_heard_on_time():
    clock = VirtualClock()
    line = Line("so2/a", clock, Talker(clock), LineTiming(baud=0))
    arrived = []
    line.connect(lambda data: arrived.append((clock.now_us, data)))
    clock.wait(4_500_000)
    line.from_host(b"a\r")
    clock.wait(4_500_000)
    assert arrived == [
        (2_000_000, b"1\r"), (4_000_000, b"2\r"), (4_500_000, b"A\r"), (6_500_000, b"3\r"), (8_500_000, b"4\r"),
    ]  # fmt: skip


def test_a_box_without_power_says_nothing_and_goes_on_afterwards():
    clock = VirtualClock()
    line = Line("so2/a", clock, Talker(clock), LineTiming(baud=0))
    arrived = []
    line.connect(lambda data: arrived.append((clock.now_us, data)))
    clock.wait(3_000_000)
    line.switch(powered=False)
    clock.wait(4_000_000)
    assert [t for t, _ in arrived] == [2_000_000]
    line.switch(powered=True)
    clock.wait(3_000_000)
    assert [t for t, _ in arrived] == [2_000_000, 7_000_000, 9_000_000]


class Ticker(Echo):
    """Says "tick" each 100 ms until anything at all is said to it."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.silent = clock, False

    def receive(self, data):
        self.silent = True
        return []

    def next_output_us(self):
        return None if self.silent else (self.clock.now_us // 100_000 + 1) * 100_000

    def output(self):
        return [b"tick\r"]


def test_a_box_that_has_been_silenced_says_no_last_word():
    clock = VirtualClock()
    line = Line("a/b", clock, Ticker(clock), LineTiming(baud=0))
    arrived = []
    line.connect(lambda data: arrived.append(clock.now_us))
    clock.wait(250_000)
    line.from_host(b"stop")
    clock.wait(1_000_000)
    assert arrived == [100_000, 200_000]
