"""Strings that the makers' manuals print, byte for byte, with their sums."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from instruments.protocols.clink import ClinkDevice
from instruments.protocols.clink_frame import checksum
from instruments.protocols.clink_options import ClinkOptions
from instruments.protocols.clink_table import ClinkTable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUMMED = ClinkOptions(state={"format": 1})


def clock_of(stamp: str) -> int:
    return int((datetime.strptime(f"{stamp} +0000", "%H:%M %m-%d-%y %z") - EPOCH).total_seconds()) * 1_000_000


def answer(device: ClinkDevice, text: str) -> bytes:
    (reply,) = device.receive(text.encode() + b"\r")
    return reply


def test_146i_record_of_the_manual(clink_data, bag_face):
    """146i manual p. 295. The low part of its flags word is not decoded, so the bits are switched on by hand."""
    data = clink_data("146i")
    data["flag"] += [{"bit": bit, "when": {}, "mark": "read", "source": "test"} for bit in (0, 3, 6, 7, 9, 12)]
    face = bag_face(
        "146i", mode="local", concentration_actual=533.746, gas_flow_target=25.0, gas_flow=26.689,
        zero_flow_target=4975.0, zero_flow=4970.95, total_flow_target=5000.0, total_flow_actual=4997.64,
        pressure=741.699,
    )  # fmt: skip
    face.set_clock(clock_of("11:00 12-12-05"))
    expected = (
        b"lr11\n11:00 12-12-05  flags C0012C9 conc 533.746 tgflo 25.000 agflo 26.689 tzflo 4975.000 azflo 4970.950 "
        b"ttflo 5000.000 atflo 4997.640 pres 741.699\nsum 2583\r"
    )
    assert answer(ClinkDevice(ClinkTable.from_data(data), face, "tcp"), "lr11") == expected


def test_146i_list_stream_of_the_manual(clink_tables, bag_face):
    device = ClinkDevice(clink_tables["146i"], bag_face("146i"), "tcp", SUMMED)
    assert answer(device, "list stream") == (
        b"list stream\nfield index variable\n x  x time\n 1  1 conc\n 2  2 tgflo\n 3  3 agflo\n 4  4 tzflo\n"
        b" 5  5 azflo\n 6  6 ttflo\n 7  7 atflo\nsum 242d\r"
    )


def test_146i_list_dout_of_the_manual(clink_tables, bag_face):
    device = ClinkDevice(clink_tables["146i"], bag_face("146i", calibrator_mode="standby"), "tcp", SUMMED)
    reply = answer(device, "list dout")
    assert reply.startswith(b"list dout\noutput index variable state\n 1   1 GAS BIT 1 open\n")
    assert reply.endswith(b"\n10  10 O3/PERM BIT 4 open\nsum 462d\r")


def test_146i_outputs_follow_the_state(clink_tables, bag_face):
    face = bag_face("146i", calibrator_mode="gpt", gas="c")
    rows = answer(ClinkDevice(clink_tables["146i"], face, "tcp"), "list dout").decode().split("\n")[2:]
    assert [row[7:] for row in rows if row.rstrip().endswith("closed")] == [
        "GAS BIT 1 closed", "GAS BIT 2 closed", "SPAN BIT 1 closed", "O3/PERM BIT 1 closed",
    ]  # fmt: skip


def test_49i_erec_of_the_manual(clink_tables, bag_face):
    """49i manual p. 266: a box without power on its bench, which is what its alarms say."""
    alarms = (
        "bench_temp:high", "lamp_temp:high", "pressure:low", "flow_a:low", "flow_b:low", "cell_a_intensity:low",
        "cell_b_intensity:low",
    )  # fmt: skip
    face = bag_face(
        "49i", alarms=alarms, o3=0.0, bench_temp=999.9, lamp_temp=999.9, o3_lamp_temp=0.0, flow_a=0.0, flow_b=0.0,
        pressure=0.0, averaging_time=10, o3_bkg=0.0, o3_coef=1.0, range=200_000.0, cell_a_intensity=0.0,
        cell_b_intensity=0.0,
    )  # fmt: skip
    face.set_clock(clock_of("13:05 08-12-05"))
    assert answer(ClinkDevice(clink_tables["49i"], face, "tcp", SUMMED), "erec") == (
        b"erec\n13:05 08-12-05 flags 1C00554A o3 0.000  1 lo o3 0.000  1 lampi 0000 bencht 999.900 lampt 999.900 "
        b"ozlampt 0.000 flowa 0.000 flowb 0.000 Pres 0.000 avgt 10 lo avgt 10 O3bkg 0.000 O3 coef 1.000 "
        b"lo O3 coef 1.000 O3 range 200000.000 lo O3 range 200000.000 int a 0000 int b 0000\nsum 46f6\r"
    )


OFF = {"temp_comp": False, "pres_comp": False, "mode": "local"}


@pytest.mark.parametrize(
    ("model", "changes", "request_text", "body", "total"),
    [
        ("42i", {**OFF, "gas_mode": "span"}, "flags", "flags 80028000", 0x03BF),
        ("48i", {**OFF, "gas_mode": "span", "gas_unit": "ppm", "alarms": ("co:high",)}, "flags", "flags 80068000",
         None),
        ("42i", {}, "pmt voltage", "pmt voltage -750", 0x054C),
        ("42i", {"pressure": 753.4, "pressure_actual": 306.6}, "pres", "pres 753.4 mm Hg, actual 306.6", None),
        ("42i", {"chamber_temp": 49.0}, "react temp", "react temp 49.0 deg C", None),
        ("42i", {}, "ozonator flow", "ozonator flow 0.050 l/m", None),
        ("42i", {}, "set unit ppm", "set unit ppm bad cmd", 0x0734),
        ("42i", {}, "set mode remote", "set mode remote ok", 0x06B7),
        ("42i", {}, "lrec mem size", "lrec mem size 1503 recs, 7 blocks", None),
        ("42i", {}, "program no", "program no iSeries 42i 01.00.01.074", None),
        ("48i", {"pressure": 753.4}, "pres", "pres 753.4 mmHg", None),
        ("48i", {}, "ratio", "ratio 1.161100", None),
        ("48i", {"gas_unit": "ppm"}, "co bkg", "co bkg 1.400 ppm", None),
        ("48i", {"gas_unit": "ppm", "co": 40.0}, "co", "co 4.000E+1 ppm", None),
        ("42i", {"span_concentration": 5000.0}, "sp conc", "sp conc 5.000E+03 ppb", None),
        ("49i", {}, "o3 bkg", "o3 bkg  0.2 ppb", None),
        ("49i", {}, "bench temp", "bench temp 032.3 deg C, actual 032.3", None),
        ("49i", {}, "cell a int", "cell a int 98425 Hz", None),
        ("43i", {}, "lrec format", "lrec format 01", None),
        ("42i", {}, "analog iout range 4", "analog iout range 4 feature not enabled", None),
        ("42i", {}, "set cal no2 coef", "set cal no2 coef ok", None),
        ("42i", {}, "analog vout range 2", "analog vout range 2 3", None),
        ("48i", {}, "set analog vout range 2 3", "set analog vout range 2 3 ok", None),
        ("49i-PS", {}, "set sp field 5 11", "set sp field 5 11 ok", None),
    ],
)  # fmt: skip
def test_scalar_replies(model, changes, request_text, body, total, clink_tables, bag_face):
    device = ClinkDevice(clink_tables[model], bag_face(model, **changes), "tcp")
    assert answer(device, request_text) == body.encode() + b"\r"
    if total is not None:
        assert checksum(body.encode()) == total
        summed = ClinkDevice(clink_tables[model], bag_face(model, **changes), "tcp", SUMMED)
        assert answer(summed, request_text).endswith(b"\nsum %04x\r" % total)


def test_scratch_pad_and_ranges_of_voltage_outputs_keep_what_is_set_and_refuse_what_cannot_be(clink_tables, bag_face):
    device = ClinkDevice(clink_tables["42i"], bag_face("42i"), "tcp")
    for request, reply in (
        ("set sp field 5 11", "ok"), ("sp field 5", "11"), ("sp field 6", "0"), ("sp field 33", "bad cmd"),
        ("set analog vout range 2 4", "ok"), ("analog vout range 2", "4"), ("analog vout range 1", "3"),
        ("analog vout range 7", "bad cmd"),
    ):  # fmt: skip
        assert answer(device, request) == f"{request} {reply}\r".encode()
    refused = answer(device, "set analog vout range 2 5")
    assert refused.startswith(b"set analog vout range 2 5 ")
    assert not refused.endswith(b"ok\r")
    assert answer(device, "analog vout range 2") == b"analog vout range 2 4\r"


def test_the_reply_to_the_format_change_has_the_new_form(clink_tables, bag_face):
    device = ClinkDevice(clink_tables["43i"], bag_face("43i"), "tcp")
    assert answer(device, "set format 01") == b"set format 01 ok\nsum 0570\r"
    assert answer(device, "set format 00") == b"set format 00 ok\r"


def test_the_star_adds_to_the_sum(clink_tables, bag_face):
    device = ClinkDevice(
        clink_tables["42i"], bag_face("42i"), "tcp", ClinkOptions(layout_stale=True, state={"format": 1})
    )
    assert answer(device, "set mode remote") == b"set mode remote ok*\nsum %04x\r" % (0x06B7 + 0x2A)
    assert answer(device, "layout ack") == b"layout ack 1*\nsum %04x\r" % checksum(b"layout ack 1*")
    assert answer(device, "set layout ack") == b"set layout ack ok\nsum %04x\r" % checksum(b"set layout ack ok")
    assert not answer(device, "mode").startswith(b"mode remote*")
