"""The rules of the device side, byte for byte: requests, modes, machine id, logon, refusals, reports."""

import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.protocols.teledyne_frame import Editor

H = "326:10:38 0000"
EXCHANGES = [
    ("T100", b"T SO2\r\n", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"t so2\r", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"T SO2\n", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"  T   SO2 \r", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"T 0 SO2\r", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"T 0000 SO2\r", f"T {H} SO2=261.4 PPB\r\n"),
    ("T100", b"T PMTTEMP\r", f"T {H} PMT TEMP=7.0 C\r\n"),
    ("T100", b"T RANGE\r", f"T {H} RANGE=500.0 PPB\r\n"),
    ("T100", b"T CLOCKTIME\r", f"T {H} TIME=10:38:27\r\n"),
    ("T100", b"T SAMPFLOW\r", f"T {H} SAMP FL=652 CC/M\r\n"),
    ("T100", b"T SLOPE\r", f"T {H} SLOPE=1.012\r\n"),
    ("T100", b"T LAMPRATIO\r", f"T {H} LAMP RATIO=99.9 %\r\n"),
    ("T100", b"T XENON\r", f"T {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"T\r", f"T {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"T SO2 PMT\r", f"T {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"T LIST MORE\r", f"T {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"V FILT_SIZE\r", f"V {H} FILT_SIZE=240 <1-1000>\r\n"),
    ("T100", b"V FILT_SIZE=120\r", f"V {H} FILT_SIZE=120 <1-1000>\r\n"),
    ("T100", b"v filt_size = 0x10\r", f"V {H} FILT_SIZE=16 <1-1000>\r\n"),
    ("T100", b"V FILT_SIZE=1001\r", f"V {H} ERROR: ABOVE LIMIT\r\n"),
    ("T100", b"V FILT_SIZE=0\r", f"V {H} ERROR: BELOW LIMIT\r\n"),
    ("T100", b"V FILT_SIZE=1.5\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b"V FILT_SIZE=1e2\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b"V FILT_SIZE=\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b"V FILT_SIZE=nan\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b"V FILT_ADAPT\r", f"V {H} FILT_ADAPT=ON\r\n"),
    ("T100", b"V FILT_ADAPT=OFF\r", f"V {H} FILT_ADAPT=OFF\r\n"),
    ("T100", b"V FILT_ADAPT=1\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b'V USER_UNITS="ppm"\r', f"V {H} USER_UNITS=PPM\r\n"),
    ("T100", b"V USER_UNITS=LB\r", f"V {H} ERROR: BAD VALUE\r\n"),
    ("T100", b"V FILT_SIZE=120 1 2\r", f"V {H} ERROR: OPTION NOT INSTALLED\r\n"),
    ("T100", b"V SO2_SLOPE1=1.05\r", f"V {H} SO2_SLOPE1=1.0500 <0.7-1.3>\r\n"),
    ("T100", b"V BOX_SET\r", f"V {H} BOX_SET=30.0 8 50 <0-70>\r\n"),
    ("T100", b"V SAMP_FLOW_SET\r", f"V {H} SAMP_FLOW_SET=700 500 1000 <0-1200>\r\n"),
    ("T100", b"V BOX_SET=31\r", f"V {H} ERROR: NOT NOW\r\n"),
    ("T100", b"V BOX_SET=30 5 60\r", f"V {H} ERROR: OPTION NOT INSTALLED\r\n"),
    ("T100", b"V BOX_SET=30 8 50\r", f"V {H} ERROR: NOT NOW\r\n"),
    ("T100", b"V MODE\r", f"V {H} MODE=SAMPLE\r\n"),
    ("T100", b"V MODE=ZERO\r", f"V {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"V NOTHING\r", f"V {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"W LIST\r", ""),
    ("T100", b"W WBOXTEMP\r", ""),
    ("T100", b"w clear WBENCHLED\r\n", f"W {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"W CLEAR ALL\r", f"W {H} ALL CLEARED\r\n"),
    ("T100", b"C EXIT\r\n", f"C {H} EXIT\r\n"),
    ("T100", b"C ZERO\r", f"C {H} START ZERO CALIBRATION\r\n"),
    ("T100", b"C SPAN\rC EXIT\r", f"C {H} START SPAN CALIBRATION\r\nC {H} FINISH SPAN CALIBRATION\r\n"),
    ("T100", b"C SPAN\rC EXITZ\rV MODE\r", f"C {H} START SPAN CALIBRATION\r\nC {H} EXITZ\r\nV {H} MODE=SPAN CAL\r\n"),
    ("T100", b"C SPAN\rC EXITS\r", f"C {H} START SPAN CALIBRATION\r\nC {H} FINISH SPAN CALIBRATION\r\n"),
    ("T100", b"C COMPUTE ZERO\r", f"C {H} COMPUTE ZERO\r\n"),
    ("T100", b"C LOWSPAN\r", f"C {H} ERROR: OPTION NOT INSTALLED\r\n"),
    ("T100", b"C DANCE\r", f"C {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"C GENERATE 400 PPB SO2\r", f"C {H} ERROR: COMMAND NOT KNOWN\r\n"),
    ("T100", b"D ENTER SIG\rC ZERO\rV MODE\rD EXIT\r",
     f"D {H} ENTER DIAGNOSTIC MODE\r\nC {H} ERROR: DIAGNOSTIC MODE\r\nV {H} MODE=DIAGNOSTIC\r\n"
     f"D {H} EXIT DIAGNOSTIC MODE\r\n"),
    ("T100", b"C ZERO\rD ZERO_VALVE\r", f"C {H} START ZERO CALIBRATION\r\nD {H} ZERO VALVE=ON\r\n"),
    ("T100", b"D LIST\r", f"D {H} ZERO VALVE=OFF\r\nD {H} SPAN VALVE=OFF\r\n"),
    ("T200", b"T NO\rT NOX\rT NO2\r",
     f"T {H} NO=100.0 PPB\r\nT {H} NOX=141.7 PPB\r\nT {H} NO2=41.6 PPB\r\n"),
    ("T200", b"T NONOX\r", f"T {H} NOX=141.7 NO=100.0 PPB\r\n"),
    ("T200", b"V CE_FACTOR1=0.98\r", f"V {H} CE_FACTOR1=0.9800 <0.8-1.2>\r\n"),
    ("T300", b"T CO\r", f"T {H} CO=6.827 PPM\r\n"),
    ("T300", b"T STABILITY\r", f"T {H} STABIL=0.012 PPM\r\n"),
    ("T400", b"T O3\r\n", f"T {H} O3=41.7 PPB\r\n"),
    ("T400", b"T OFFSET\r", f"T {H} OFFSET=-0.4 PPB\r\n"),
    ("T700", b"T ACT\r", f"T {H} ACT=399.8 PPB\r\n"),
    ("T700", b"T ACTCAL\r", f"T {H} A-CAL=0.0400 LPM\r\n"),
    ("T700", b"T PHOTOSPRESS\r", f"T {H} PHPRES=29.1 IN-HG-A\r\n"),
    ("T700", b"C GENERATE 400 PPB SO2 5.0 LPM\r", f"C {H} GENERATE 400 PPB SO2 5.0 LPM\r\n"),
    ("T700", b"c gpt 450 ppb no 160 ppb o3 5\r", f"C {H} GPT 450 PPB NO 160 PPB O3 5\r\n"),
    ("T700", b"C STANDBY\r", f"C {H} STANDBY\r\n"),
    ("T700", b"C GENERATE\r", f"C {H} ERROR: BAD VALUE\r\n"),
    ("T700", b'C EXECSEQ "SPAN"\r\n', f'C {H} EXECSEQ "SPAN"\r\n'),
    ("T700", b"V GPT_VOLUME=5\r", f"V {H} ERROR: NOT NOW\r\n"),
    ("T700", b"C ZERO\r", f"C {H} ERROR: COMMAND NOT KNOWN\r\n"),
]  # fmt: skip
SILENT = [b"\r\n\r\n", b"SO2\r", b"T 412 SO2\r", b"X LIST\r", b"T SO2", b"T \xd3O2\r", b"T \x1bSO2\r",
          b"T " + b"SO2 " * 40 + b"\r", f"T {H} SO2=261.4 PPB\r\n".encode(), b"hello\n"]  # fmt: skip


@pytest.mark.parametrize("how", ["whole", "byte by byte", "glued", "with junk"])
@pytest.mark.parametrize(("model", "request_bytes", "reply"), EXCHANGES)
def test_each_exchange(boxes, model, request_bytes, reply, how):
    box = boxes(model)
    if how == "glued":
        before = b"V MODE\r\n"
        first = box.say(before)
        assert box.say(before + request_bytes) == first + reply.encode()
    elif how == "with junk":
        assert box.say(b"\x00\x00rubbish\xff\xfe\r" + request_bytes + b"\x00\xffmore\r\n\r\n") == reply.encode()
    else:
        assert box.say(request_bytes, byte_by_byte=how == "byte by byte") == reply.encode()


@pytest.mark.parametrize("data", SILENT)
@pytest.mark.parametrize("byte_by_byte", [False, True])
def test_it_is_silent_and_answers_the_next_request(boxes, data, byte_by_byte):
    box = boxes("T100")
    assert box.say(data, byte_by_byte=byte_by_byte) in (b"", f"T {H} ERROR: COMMAND NOT KNOWN\r\n".encode())
    box.say(b"\r\n")
    assert box.say(b"T SO2\r\n") == f"T {H} SO2=261.4 PPB\r\n".encode()


def test_one_item_to_a_request_and_none_to_half_a_one(boxes):
    device = boxes("T100").device
    assert device.receive(b"T SO") == []
    assert len(device.receive(b"2\rT PMT\r\nT LIST\r\nT ")) == 3


@pytest.mark.parametrize(
    ("unit", "reply"),
    [("ppb", "SO2=261.4 PPB"), ("ppm", "SO2=0.261 PPM"), ("ug/m3", "SO2=747.7 UGM"), ("mg/m3", "SO2=0.748 MGM")],
)
def test_concentrations_come_in_the_unit_of_the_box(boxes, unit, reply):
    assert boxes("T100", gas_unit=unit).say(b"T SO2\r").decode().strip() == f"T {H} {reply}"


@pytest.mark.parametrize(
    ("changes", "request_text", "reply"),
    [({"so2": math.nan}, "SO2", "SO2=XXXX PPB"), ({"uptime_s": 12.0}, "SO2", "SO2=XXXX PPB"),
     ({"uptime_s": 12.0}, "BOXTEMP", "BOX TEMP=31.4 C"), ({"uv_lamp": 5600.0}, "UVLAMP", "UV LAMP=XXXX MV"),
     ({"box_temp": math.inf}, "BOXTEMP", "BOX TEMP=XXXX C")],
)  # fmt: skip
def test_what_it_cannot_tell_is_xxxx(boxes, changes, request_text, reply):
    assert boxes("T100", **changes).say(f"T {request_text}\r".encode()).decode().strip() == f"T {H} {reply}"


def test_what_it_could_not_tell_it_tells_when_it_can_and_forgets_with_the_mains(boxes):
    box = boxes("T100", uptime_s=12.0)
    assert b"SO2=XXXX PPB" in box.say(b"T SO2\r")
    box.face.values["uptime_s"] = 31.0
    assert b"SO2=261.4 PPB" in box.say(b"T SO2\r")
    box.face.values["so2"] = 12.0
    assert b"SO2=12.0 PPB" in box.say(b"T SO2\r")
    box.face.values["gas_unit"] = "ppm"
    assert b"SO2=0.012 PPM" in box.say(b"T SO2\r")
    box.device.power_cycled()
    box.face.values["uptime_s"] = 1.0
    assert b"SO2=XXXX PPM" in box.say(b"T SO2\r")


def test_the_day_has_no_leading_zeros_and_the_machine_id_four_digits(boxes):
    box = boxes("T100", instrument_id=412)
    box.face.set_clock(30 * 86_400_000_000 + (10 * 60 + 6) * 60_000_000)
    assert box.say(b"T 412 SO2\r") == b"T 31:10:06 0412 SO2=261.4 PPB\r\n"
    assert box.say(b"T 41 SO2\r") == b""
    assert box.say(b"V MACHINE_ID=9999\r") == b"V 31:10:06 9999 MACHINE_ID=9999 <0-9999>\r\n"


def test_a_multidrop_line_answers_only_who_is_called(boxes):
    box = boxes("T100", {"multidrop": True}, instrument_id=100)
    assert box.say(b"T SO2\r") == b""
    assert box.say(b"T 100 SO2\r") != b""


def test_terminal_mode_echoes_and_edits(boxes):
    box = boxes("T100")
    answer = f"T {H} SO2=261.4 PPB\r\n".encode()
    assert box.say(b"\x14T SO3\x082\r", byte_by_byte=True) == b"T SO3\b \b2\r\n" + answer
    assert box.say(b"V MO\x1bT SO2\r\n") == b"V MO" + b"\b \b" * 4 + b"T SO2\r\n" + answer
    assert box.say(b"\x05") == b"T SO2\r\n" + answer
    assert box.say(b"\x12\r") == b"T SO2\r\n" + answer
    assert box.say(b"\r") == b"\r\n"
    assert box.say(b"\x03T SO2\r") == answer


def test_a_port_may_begin_in_terminal_mode_and_comes_back_to_it_after_the_mains(boxes):
    box = boxes("T100", {"terminal": True})
    assert box.say(b"V MODE\r").startswith(b"V MODE\r\nV ")
    box.say(b"\x03T SO")
    box.device.power_cycled()
    assert box.say(b"V MODE\r").startswith(b"V MODE\r\nV ")


def test_a_secured_port_wants_a_logon_and_forgets_it_after_an_hour(boxes):
    box = boxes("T100", {"security": True})
    required = f"T {H} LOGON REQUIRED\r\n".encode()
    assert box.say(b"T SO2\r") == required
    assert box.say(b"LOGON 123456\r") == f"L {H} LOGON FAILED\r\n".encode()
    assert box.say(b"T SO2\r") == required
    assert box.say(b"logon 0 940331\r") == f"L {H} LOGON SUCCEEDED\r\n".encode()
    box.face.at_us += 3599 * 1_000_000
    assert b"SO2=" in box.say(b"T SO2\r")
    box.face.at_us += 3599 * 1_000_000
    assert b"SO2=" in box.say(b"T SO2\r")
    box.face.at_us += 3601 * 1_000_000
    assert b"LOGON REQUIRED" in box.say(b"T SO2\r")
    box.say(b"LOGON 940331\rLOGOFF\r")
    assert b"LOGON REQUIRED" in box.say(b"T SO2\r")


def test_lists_by_name_hold_names_only(boxes):
    box = boxes("T400")
    names = [line.split(" ", 3)[3] for line in box.say(b"T LIST ALL NAMES\r\n").decode().splitlines()]
    assert names == list(box.table.tests)
    assert len(box.say(b"T LIST\r").splitlines()) < len(names)
    told = [line.split(" ", 3)[3] for line in box.say(b"V LIST\r").decode().splitlines()]
    assert [line.partition("=")[0] for line in told] == list(box.table.variables)
    warnings = box.say(b"W LIST ALL NAMES\r").decode().splitlines()
    assert [line.split(" ", 3)[3] for line in warnings] == list(box.table.warnings)


@pytest.mark.parametrize("model", ["T100", "T200", "T300", "T400", "T700"])
def test_help_names_requests_that_the_box_knows(boxes, model):
    box = boxes(model)
    for line in box.say(b"?\r\n").decode().splitlines():
        request = re.sub(r"\[.*|=.*", "", line.split(" ", 3)[3]).strip()
        if request[:1] in "TVWD" and "name" not in request:
            assert b"NOT KNOWN" not in box.say(f"{request}\r".encode()), request
    assert box.say(b"? 0\r") == box.say(b"?\r")


def test_a_refusal_of_the_instrument_is_told_in_its_words(boxes):
    box = boxes("T700")
    for reason, text in (("too high", "ABOVE LIMIT"), ("wrong settings", "NOT NOW"), ("invalid", "BAD VALUE")):
        box.face.refuses["generate"] = reason
        assert box.say(b"C GENERATE 9 PPM SO2\r") == f"C {H} ERROR: {text}\r\n".encode()


def test_compute_calibrates_every_channel(boxes):
    box = boxes("T200")
    box.say(b"C COMPUTE SPAN\rC COMPUTE ZERO\r")
    assert [name for name, _ in box.face.applied] == [
        "calibrate_no_span", "calibrate_nox_span", "calibrate_no_zero", "calibrate_nox_zero",
    ]  # fmt: skip


def test_warnings_stand_until_their_cause_is_gone_and_a_restart_until_it_is_seen(boxes):
    box = boxes("T400", alarms=("box_temp:high", "sample_flow:low"), system_reset=True)
    told = f"W {H} SYSTEM RESET\r\nW {H} SAMPLE FLOW WARN\r\nW {H} BOX TEMP WARNING\r\n".encode()
    assert box.say(b"W LIST\r") == told
    assert box.say(b"W WBOXTEMP\r") == f"W {H} BOX TEMP WARNING\r\n".encode()
    box.say(b"W CLEAR WSAMPFLOW\rW CLEAR WSYSRES\r")
    assert box.say(b"W LIST\r") == told.split(b"\r\n", 1)[1]


def test_a_line_that_is_not_quiet_reports_what_happens_and_its_own_commands_once(boxes):
    box = boxes("T100", {"quiet": False})
    other = box.line({"quiet": False})
    quiet = box.line()
    assert quiet.next_output_us() is None
    assert box.device.next_output_us() == box.face.now_us() + 1_000_000
    box.say(b"C ZERO\r")
    box.face.values["alarms"] = ("hvps:low",)
    warning = f"W {H} HVPS WARNING\r\n".encode()
    assert box.device.output() == [warning]
    assert other.output() == [f"C {H} START ZERO CALIBRATION\r\n".encode(), warning]
    box.face.values["gas_mode"] = "span"
    assert box.device.output() == [f"C {H} FINISH ZERO CALIBRATION\r\n".encode(),
                                   f"C {H} START SPAN CALIBRATION\r\n".encode()]  # fmt: skip
    assert box.device.output() == []


def test_stored_means_are_of_the_full_hours_of_the_boxs_clock(boxes):
    box = boxes("T300")
    clock_us, hour_us = box.face.clock_us(), 3_600_000_000
    end_us = clock_us - clock_us % hour_us
    for minute in range(120):
        box.face.remember(end_us - minute * 60_000_000, {"co": 6.8 if minute < 60 else 2.0 + minute % 2})
    assert box.say(b'D REPORT "CONC"\r') == b"D 326:10:00 0000 CONC : AVG CONC1=6.800 PPM\r\n"
    assert box.say(b'd report "conc" records=2 compact\r') == (
        b"D 326:09:00 0000 CONC : 2.500 PPM\r\nD 326:10:00 0000 CONC : 6.800 PPM\r\n"
    )
    assert box.say(b'D REPORT "NOISE"\r') == f"D {H} ERROR: COMMAND NOT KNOWN\r\n".encode()
    assert box.say(b"D REPORT CONC\r") == f"D {H} ERROR: COMMAND NOT KNOWN\r\n".encode()
    assert len(box.say(b'D REPORT "CONC" RECORDS=9999\r').splitlines()) == 24


FRAGMENTS = [
    b"T SO2", b"V FILT_SIZE=", b"C ZERO", b"LOGON 940331", b'D REPORT "CONC" RECORDS=', b"\r", b"\n", b"? 5", b"\x14",
    b"\x03", b"\x08", b"\x1b", b"\x12", b"\x05", b"W CLEAR ", b"9" * 40, b" = ", b"\x00\xff",
]  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from(FRAGMENTS)), max_size=30))
def test_whatever_comes_it_answers_or_is_silent_and_recovers(boxes, pieces):
    """Whatever comes in, the device answers by its rules or stays silent, never raises, never grows without bound, and
    recovers by the next valid request."""
    box, twin = boxes("T100"), boxes("T100")
    said = b"".join(box.say(piece) for piece in pieces)
    assert said == twin.say(b"".join(pieces), byte_by_byte=True)
    assert len(box.device._editor._line) <= 128
    box.say(b"\r")
    expected = f"T {H} SO2=261.4 PPB\r\n".encode()
    assert box.say(b"T SO2\r\n").endswith(expected)
    assert box.say(b"\x03T SO2\r\n") == expected


def test_the_editor_keeps_no_more_than_a_line():
    editor = Editor(terminal=True)
    echoed = b"".join(typed.echo for typed in editor.feed(b"x" * 100_000))
    assert len(echoed) == 128
