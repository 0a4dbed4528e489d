"""The rules of the device side: address, framing, modes, errors, records, memory."""

from __future__ import annotations

import math

import pytest
from feeding import fed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_frame import REQUEST_LIMIT
from instruments.protocols.clink_options import ClinkMemory, ClinkOptions

A43 = b"\xab"

EXCHANGES = [
    (A43 + b"so2\r", b"so2 1.234E+01 ppb\r"),
    (A43 + b"SO2\r", b"SO2 1.234E+01 ppb\r"),
    (b"\xc2\xabso2\r", b"so2 1.234E+01 ppb\r"),
    (b"\x80\xb1" + A43 + b"so2\r", b"so2 1.234E+01 ppb\r"),
    (b"\n" + A43 + b"so2\r", b"so2 1.234E+01 ppb\r"),
    (A43 + b"\nso2\r\n", b"so2 1.234E+01 ppb\r"),
    (b"rubbish" + A43 + b"so2\r", b"so2 1.234E+01 ppb\r"),
    (A43 + b"internal temp\r", b"internal temp 30.2 deg C, actual 30.2\r"),
    (A43 + b"  internal   temp \r", b"  internal   temp 30.2 deg C, actual 30.2\r"),
    (A43 + b"avg time\r", b"avg time 60 sec\r"),
    (A43 + b"range\r", b"range 3: 5.000E+02 ppb\r"),
    (A43 + b"range mode\r", b"range mode single\r"),
    (A43 + b"gas mode\r", b"gas mode sample\r"),
    (A43 + b"temp comp\r", b"temp comp on\r"),
    (A43 + b"flags\r", b"flags 1C000000\r"),
    (A43 + b"instr name\r", b"instr name \nSO2 Analyzer\nSO2 Analyzer\r"),
    (A43 + b"lr\r", b"lr bad cmd\r"),
    (A43 + b"high so2 coef\r", b"high so2 coef can't, wrong settings\r"),
    (A43 + b"set so2 coef 1.1\r", b"set so2 coef 1.1 ok\r"),
    (A43 + b"set so2 coef 99\r", b"set so2 coef 99 too high\r"),
    (A43 + b"set so2 coef 0.0\r", b"set so2 coef 0.0 too low\r"),
    (A43 + b"set so2 coef 1e999\r", b"set so2 coef 1e999 too high\r"),
    (A43 + b"set so2 coef abc\r", b"set so2 coef abc invalid string\r"),
    (A43 + b"set so2 coef nan\r", b"set so2 coef nan invalid string\r"),
    (A43 + b"set so2 coef 1_0\r", b"set so2 coef 1_0 invalid string\r"),
    (A43 + b"set so2 coef\r", b"set so2 coef bad cmd\r"),
    (A43 + b"set avg time 3\r", b"set avg time 3 ok\r"),
    (A43 + b"set avg time 03\r", b"set avg time 03 ok\r"),
    (A43 + b"set avg time 9\r", b"set avg time 9 data not valid\r"),
    (A43 + b"set avg time x\r", b"set avg time x invalid string\r"),
    (A43 + b"set gas unit lb\r", b"set gas unit lb data not valid\r"),
    (A43 + b"set mode service\r", b"set mode service data not valid\r"),
    (A43 + b"set date 02-30-26\r", b"set date 02-30-26 bad cmd\r"),
    (A43 + b"set time 25:00\r", b"set time 25:00 too high\r"),
    (A43 + b"set instrument id 128\r", b"set instrument id 128 too high\r"),
    (A43 + b"lrec 0 5\r", b"lrec 0 5 too low\r"),
    (A43 + b"lrec 5 0\r", b"lrec 5 0 too low\r"),
    (A43 + b"lrec x 5\r", b"lrec x 5 invalid string\r"),
    (A43 + b"lrec 5\r", b"lrec 5 bad cmd\r"),
    (A43 + b"erec 5\r", b"erec 5 bad cmd\r"),
    (A43 + b"lr02\r", b"lr02 bad cmd\r"),
]
SILENT = [b"\xacso2\r", b"so2\r", A43 + b"\r", b"\r\r\r", b"\xab\xacso2\r", A43 + b"x" * (REQUEST_LIMIT + 1) + b"\r"]


@pytest.fixture
def so2(clink_tables, bag_face):
    def make(transport="serial", options=None, **changes):
        face = bag_face("43i", **changes)
        return face, ClinkDevice(clink_tables["43i"], face, transport, options)

    return make


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(("request_bytes", "reply"), EXCHANGES)
def test_exchange(request_bytes, reply, cut, so2):
    assert fed(so2()[1], request_bytes, cut=cut) == [reply]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(
    "junk", [b"", b"\x00\xff", b"junk\xfe", b"\xab\xab", b"so2 so2 so2\xb1oops\r", A43 + b"y" * 5000]
)
@pytest.mark.parametrize("data", SILENT)
def test_silence_and_then_the_next_valid_request(data, junk, cut, so2):
    _, device = so2()
    assert fed(device, data, cut=cut) == []
    assert fed(device, junk + A43 + b"so2\r", cut=cut) == [b"so2 1.234E+01 ppb\r"]


def test_glued_requests_are_answered_one_by_one(so2):
    _, device = so2()
    reports = [(request, reply) for request, reply in EXCHANGES if b"set " not in request]
    assert device.receive(b"".join(request for request, _ in reports)) == [reply for _, reply in reports]


def test_address_on_tcp_and_with_id_zero(so2):
    _, tcp = so2("tcp")
    assert tcp.receive(b"so2\r") == tcp.receive(A43 + b"so2\r") == [b"so2 1.234E+01 ppb\r"]
    assert tcp.receive(b"\xb1so2\r") == []
    _, zero = so2(instrument_id=0)
    assert zero.receive(b"so2\r") == zero.receive(b"\x80so2\r") == [b"so2 1.234E+01 ppb\r"]
    assert zero.receive(A43 + b"so2\r") == []


def test_a_new_id_counts_from_the_next_request(so2):
    _, device = so2()
    answers = device.receive(A43 + b"set instrument id 50\r" + A43 + b"so2\r" + b"\xb2so2\r")
    assert answers == [b"set instrument id 50 ok\r", b"so2 1.234E+01 ppb\r"]


def test_what_is_set_arrives_in_inner_units(clink_tables, bag_face):
    face = bag_face("48i")
    device = ClinkDevice(clink_tables["48i"], face, "tcp")
    device.receive(b"set sp conc 20000\r")
    assert face.applied == [("span_concentration", pytest.approx(20.0))]
    calibrator = bag_face("146i", concentration_unit="umol/mol")
    ClinkDevice(clink_tables["146i"], calibrator, "tcp").receive(b"set conc 20000\rset ozone 200\rset gas d\rset gpt\r")
    assert calibrator.applied == [
        ("concentration", pytest.approx(20.0)), ("ozone", 200.0), ("gas", "d"), ("calibrator_mode", "gpt"),
    ]  # fmt: skip


def test_mass_units_are_for_20_degrees(so2):
    """SO2: 2.6632 ug/m3 to the ppb at 20 deg C and 760 mmHg."""
    _, device = so2("tcp", gas_unit="ug/m3", so2=100.0)
    value = float(device.receive(b"so2\r")[0].split()[1])
    assert value == pytest.approx(266.32, abs=0.1)
    assert device.receive(b"so2\r")[0].endswith(b" ug/m3\r")


def test_what_is_sent_is_mass_while_the_box_shows_mass(so2):
    """42i Trace Level manual p. B-32: values sent are ppb or ug/m3. With mg/m3 shown we take them as ug/m3."""
    for unit in ("ug/m3", "mg/m3"):
        face, device = so2("tcp", gas_unit=unit)
        assert device.receive(b"set sp conc 266.32\r") == [b"set sp conc 266.32 ok\r"]
        assert face.applied == [("span_concentration", pytest.approx(100.0, rel=1e-4))]
    face, device = so2("tcp", gas_unit="ppm")
    device.receive(b"set sp conc 266.32\r")
    assert face.applied == [("span_concentration", pytest.approx(266.32))]


@pytest.mark.parametrize("request_text", ["set host name two words", "set addr ip 10.0.0.1 x"])
def test_a_name_that_no_reply_could_tell_is_refused(request_text, so2):
    _, device = so2("tcp")
    before = device.receive(b"host name\raddr ip\r")
    assert device.receive(request_text.encode() + b"\r") == [request_text.encode() + b" data not valid\r"]
    assert device.receive(b"host name\raddr ip\r") == before


def test_custom_range(so2):
    face, device = so2("tcp")
    assert device.receive(b"set custom 2 range 650\r") == [b"set custom 2 range 650 ok\r"]
    assert device.receive(b"custom 2\r") == [b"custom 2 6.500E+02 ppb\r"]
    assert device.receive(b"set range 9\r") == [b"set range 9 ok\r"]
    assert face.applied == [("range", 650.0)]
    assert device.receive(b"range\r") == [b"range 9: 6.500E+02 ppb\r"]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("unknown", " bad cmd"), ("too high", " too high"), ("too low", " too low"), ("invalid", " data not valid"),
        ("wrong settings", " can't, wrong settings"), ("service mode", " can't, mode is service"),
        ("no option", " feature not enabled"),
    ],
)  # fmt: skip
def test_refusals_of_the_instrument(reason, text, so2):
    face, device = so2("tcp")
    face.refuses["so2_coef"] = reason
    assert device.receive(b"set so2 coef 1.1\r") == [f"set so2 coef 1.1{text}\r".encode()]
    face.refuses["calibrate_so2_coef"] = reason
    assert device.receive(b"set cal so2 coef\r") == [f"set cal so2 coef{text}\r".encode()]


def test_a_quantity_that_the_instrument_lacks(so2):
    face, device = so2("tcp")
    del face.values["lamp_voltage"]
    assert device.receive(b"lamp voltage\r") == [b"lamp voltage feature not enabled\r"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_broken_numbers_are_printed(value, so2):
    face, device = so2("tcp")
    face.values.update(so2=value, pmt_voltage=value)
    assert device.receive(b"so2\r") == [b"so2 0.000E+00 ppb\r"]
    assert device.receive(b"pmt voltage\r") == [b"pmt voltage 0\r"]
    assert len(device.receive(b"lrec\r")) == 1


def test_modes(so2):
    face, plain = so2("tcp", mode="local")
    assert plain.receive(b"set so2 coef 1.1\r") == [b"set so2 coef 1.1 ok\r"]
    face, strict = so2("tcp", ClinkOptions(strict=True), mode="local")
    assert strict.receive(b"set so2 coef 1.1\r") == [b"set so2 coef 1.1 can't, mode is local\r"]
    assert strict.receive(b"set zero\r") == [b"set zero can't, mode is local\r"]
    assert face.applied == []
    assert strict.receive(b"set mode remote\rset zero\r") == [b"set mode remote ok\r", b"set zero ok\r"]
    face, service = so2("tcp", mode="service")
    assert service.receive(b"set so2 coef 1.1\rset mode remote\rso2\r") == [
        b"set so2 coef 1.1 can't, mode is service\r", b"set mode remote can't, mode is service\r",
        b"so2 1.234E+01 ppb\r",
    ]  # fmt: skip
    assert face.applied == []


def test_new_firmware_ignores_mode_commands_until_told(so2):
    face, device = so2("tcp", mode="local")
    assert device.receive(b"set mode remote\rmode\rallow mode cmd\r") == [
        b"set mode remote ok\r", b"mode local\r", b"allow mode cmd 0\r",
    ]  # fmt: skip
    assert device.receive(b"set allow mode cmd 1\rset mode remote\rmode\r")[-1] == b"mode remote\r"
    assert face.applied == [("mode", "remote")]


def test_clock(so2):
    _, device = so2("tcp")
    assert device.receive(b"set date 07-28-26\rset time 15:05:51\r") == [
        b"set date 07-28-26 ok\r", b"set time 15:05:51 ok\r",
    ]  # fmt: skip
    assert device.receive(b"date\rtime\r") == [b"date 07-28-26\r", b"time 15:05:51\r"]
    device.receive(b"set date 12-31-99\r")
    assert device.receive(b"time\rdate\r") == [b"time 15:05:51\r", b"date 12-31-99\r"]


def stamps(reply: bytes) -> list[str]:
    return [line[:14] for line in reply.decode().rstrip("\r").split("\n")[1:]]


def test_records_are_counted_back_from_the_newest(so2):
    """The clock stands at 2026-01-07 00:00, two days after the epoch; the record period is an hour."""
    face, device = so2("tcp")
    face.remember(face.clock_us() - 3_600_000_000, {"so2": 7.5})
    assert stamps(device.receive(b"lrec\r")[0]) == ["00:00 01-07-26"]
    assert stamps(device.receive(b"lrec 3 2\r")[0]) == ["22:00 01-06-26", "23:00 01-06-26"]
    assert b" so2 7.500 " in device.receive(b"lrec 2 1\r")[0]
    assert stamps(device.receive(b"lrec 2 10\r")[0]) == ["23:00 01-06-26", "00:00 01-07-26"]
    assert stamps(device.receive(b"lrec 22:00 01-06-26 2\r")[0]) == ["22:00 01-06-26", "23:00 01-06-26"]
    assert device.receive(b"lrec 22:00 01-08-26 2\r") == [b"lrec 22:00 01-08-26 2 data not valid\r"]
    assert device.receive(b"no of lrec\r") == [b"no of lrec 24 recs\r"]
    assert len(stamps(device.receive(b"lrec 1000 1000\r")[0])) == 24
    device.receive(b"set lrec per 15\r")
    assert device.receive(b"no of lrec\rlrec per\r") == [b"no of lrec 96 recs\r", b"lrec per 15 min\r"]


def test_no_record_before_the_bench_began_or_without_power(so2):
    face, device = so2("tcp")
    face.remember(face.clock_us() - 3_600_000_000, {"powered": False})
    assert stamps(device.receive(b"lrec 3 3\r")[0]) == ["21:00 01-06-26", "22:00 01-06-26", "00:00 01-07-26"]
    face.at_us = 2 * 3_600_000_000
    assert device.receive(b"no of lrec\r") == [b"no of lrec 3 recs\r"]


def test_forms_of_a_record(so2):
    _, device = so2("tcp", so2=1.0)
    named = b"00:00 01-07-26  flags 1C000000 so2 1.000\r"
    bare = b"00:00 01-07-26  1C000000 1.000\r"
    assert device.receive(b"srec\rsr00\rsr01\r") == [b"srec\n" + named, b"sr00\n" + bare, b"sr01\n" + named]
    assert device.receive(b"sr11\r")[0].startswith(b"sr11\n" + named[:-1] + b"\nsum ")
    assert device.receive(b"set srec format 0\rsrec\r")[1] == b"srec\n" + bare
    always = ClinkDevice(device._table, device._face, "tcp", ClinkOptions(tcp_always_sum=True))
    assert b"sum" in always.receive(b"srec\r")[0]
    assert b"sum" not in always.receive(b"sr01\r")[0]


def test_layouts_and_lists(so2):
    _, device = so2("tcp", options=ClinkOptions(layout_stale=True))
    assert device.receive(b"srec layout\r") == [b"srec layout %s %s %lx %f\nt D L f\nflags so2 *\r"]
    assert device.receive(b"list srec\r") == [b"list srec\nfield index variable\n 1  1 so2*\r"]
    assert b"*" not in device.receive(b"erec layout\r")[0]
    assert device.receive(b"so2\r") == [b"so2 1.234E+01 ppb\r"]
    device.receive(b"set stream time 1\r")
    assert b"x time" not in device.receive(b"list stream\r")[0]


def test_stream_line(so2):
    _, device = so2("tcp")
    assert device.stream_line() == b"00:00:00 12.340 30.200 741.700 0.452\r\n"
    device.receive(b"set stream time 1\r")
    assert device.stream_line() == b"12.340 30.200 741.700 0.452\r\n"


def test_a_power_cut_loses_what_was_not_saved(so2):
    _, device = so2("tcp")
    device.receive(b"set host name first\rset save params\rset host name second\rso2")
    device.power_cycled()
    assert device.receive(b"host name\r") == [b"host name first\r"]


def test_lines_of_one_box_share_its_memory(clink_tables, bag_face):
    face, options = bag_face("43i"), ClinkOptions(state={"baud": 19200})
    memory = ClinkMemory(clink_tables["43i"], options)
    one = ClinkDevice(clink_tables["43i"], face, "tcp", options, memory)
    two = ClinkDevice(clink_tables["43i"], face, "serial", options, memory)
    one.receive(b"set host name Both\r")
    assert two.receive(A43 + b"host name\r" + A43 + b"baud\r") == [b"host name Both\r", b"baud 19200\r"]


FRAGMENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\r", b"\n", A43, b"\xb1", b"\x00", b"set ", b"lrec ", b"set so2 coef ", b"set instrument id "]),
    st.sampled_from([request for request, _ in EXCHANGES]),
    st.text(alphabet="set lrc0123456789-:.so2 ", max_size=30).map(lambda text: A43 + text.encode() + b"\r"),
    st.just(b"z" * 1000),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(FRAGMENTS, max_size=30), merge=st.booleans(), transport=st.sampled_from(["serial", "tcp"]))
def test_whatever_comes_in(chunks, merge, transport, so2):
    """The device answers by its rules or stays silent, never raises, never grows, recovers with the next request."""
    face, device = so2(transport, ClinkOptions(merge_pipelined=merge))
    for chunk in chunks:
        for reply in device.receive(chunk):
            assert reply.endswith(b"\r")
            assert reply.isascii()
        assert len(device._buffer) <= REQUEST_LIMIT
    assert set(device.memory.now) == set(ClinkDevice(device._table, face).memory.now)
    own = bytes([0x80 + face.values["instrument_id"]])
    answers = device.receive(own + b"so2\r")
    assert len(answers) == 1
    assert answers[0].startswith(b"so2 ")
