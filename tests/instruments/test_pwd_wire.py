"""The PWD22's wire: polled and automatic messages, slashes, status report, the operator's line; byte for byte."""

import math

import pytest
from faces import face_of
from feeding import WAYS, talked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.errors import Refused
from instruments.protocols.dialects import dialect

DIALECT = dialect(load("PWD22"), "pwd")
GUIDE = {
    "model": "PWD22", "firmware": "1.00", "serial": "Y46101", "visibility_1min": 1839.0, "visibility_10min": 1505.0,
    "visibility_alarm": 0.0, "status": 0.0, "weather_now": 61.0, "weather_15min": 61.0, "weather_1h": 61.0,
    "precipitation_intensity": 0.33, "water_sum": 12.16, "snow_sum": 0.0, "signal": 0.53, "offset": 136.9,
    "drift": 0.0, "rec_backscatter": 993.0, "rec_change": 58.0, "tr_backscatter": 12.0, "tr_change": 0.0, "ledi": 2.6,
    "ambl": -1.0, "vbb": 15.2, "p12": 11.5, "m12": -11.3, "ts": 23.4, "tb": 27.4, "drd": 815.0, "hood_heaters": 0.0,
    "alarm_limit_1": 1000, "alarm_limit_2": 200, "alarm_limit_3": 100, "calibration": 1.0, "tr_warning": 1.0,
    "tr_alarm": 5.0, "rec_warning": 200.0, "rec_alarm": 500.0, "clean_rec": 935.0, "clean_tr": 12.0,
    "offset_reference": 136.9,
}  # fmt: skip
POLL = b"\r\x05PW  1 2\r"
MESSAGE = b"\x01PW  1\x0200  1839  1505  R- 61 61 61  0.33  12.16   0\x03\r\n"
STATUS_TEXT = (
    b"VAISALA PWD22 V 1.00 2003-12-15 SN:Y46101\r\n\r\n"
    b"SIGNAL     0.53 OFFSET   136.90 DRIFT    0.00\r\n"
    b"REC. BACKSCATTER    993  CHANGE    58\r\n"
    b"TR. BACKSCATTER   12.0  CHANGE   0.0\r\n"
    b"LEDI   2.6  AMBL  -1.0\r\n"
    b"VBB  15.2  P12  11.5  M12  -11.3\r\n"
    b"TS   23.4  TB   27.4\r\n"
    b"DRD    815\r\n"
    b"HOOD HEATERS OFF\r\n"
    b"HARDWARE :\r\n OK\r\n"
)
CONVERSATION = [
    (POLL, MESSAGE),
    (b"\x05PW  1 2\r", MESSAGE),
    (b"\x05PW  1\r\n", MESSAGE),
    (b"\x05PW  2 2\r", b""),
    (b"\x05PW  1 9\r", b""),
    (b"\x05PW  1 0\r", b"\x01PW  1\x0200  1839  1505\x03\r\n"),
    (b"\x05PW  1 7\r",
     b"\x01PW  1\x0200  1839  1505  R- 61 61 61  0.33  12.16   0  23.4 //////\r\n-RA\r\n\x03\r\n"),
    (b"\x05PW  1 3\r", b"\x01PW  1\x02" + STATUS_TEXT + b"\x03\r\n"),
    (b"STA\r", b""),
    (b"OPEN 2\r", b""),
    (b"OPEN *\r", b"\r\nLINE OPENED FOR OPERATOR COMMANDS\r\n>"),
    (b"STA\r", b"\r\n" + STATUS_TEXT + b">"),
    (b"AMES 2 15\r", b"\r\nAUTOMATIC MESSAGE 2 INTERVAL 15\r\n>"),
    (b"AMES 9\r", b"\r\nERROR\r\n>"),
    (b"DATE 2026 7 6\r", b"\r\n2026-07-06\r\n>"),
    (b"TIME 12 30 00\r", b"\r\n12:30:00\r\n>"),
    (b"DATE 2026 2 30\r", b"\r\nERROR\r\n>"),
    (b"CLEAN\r", b"\r\nOK\r\n>"),
    (b"NONSENSE\r", b"\r\nERROR\r\n>"),
    (b"CLOSE\r", b"\r\nLINE CLOSED\r\n>"),
    (b"STA\r", b""),
]  # fmt: skip


@pytest.fixture
def meter():
    def make(options=None, **changes):
        face = face_of(**{**GUIDE, **changes})
        return face, DIALECT.box(face).line("serial", options or {}, None)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_the_conversation(meter, way):
    face, device = meter()
    replies = talked(device, [request for request, _ in CONVERSATION], way)
    assert replies == [reply for _, reply in CONVERSATION if reply]
    assert ("set_clean_reference", True) in face.applied


def test_slashes_where_contamination_forbids_a_value(meter):
    """Backscatter alarm: status 3, no visibility."""
    _, device = meter(visibility_1min=math.nan, visibility_10min=math.nan, status=3.0)
    assert device.receive(POLL) == [b"\x01PW  1\x0203 ///// /////  R- 61 61 61  0.33  12.16   0\x03\r\n"]


@pytest.mark.parametrize(
    ("changes", "line", "text"),
    [
        ({"rec_change": 250.0}, b"CHANGE*  250", b" BACKSCATTER HIGH"),
        ({"tr_change": -2.0}, b"CHANGE* -2.0", b" BACKSCATTER HIGH"),
        ({"ledi": -7.0}, b"LEDI *-7.0", b" TRANSMITTER INTENSITY LOW"),
        ({"ledi": -8.5}, b"LEDI *-8.5", b" TRANSMITTER ERROR"),
        ({"p12": 9.5}, b"P12 * 9.5", b" POWER ERROR"),
        ({"offset": 70.0}, b"OFFSET *  70.00", b" OFFSET ERROR"),
        ({"drift": 12.0}, b"DRIFT * 12.00", b" OFFSET DRIFTED"),
    ],
)
def test_the_status_report_marks_what_is_beyond_its_limit(meter, changes, line, text):
    _, device = meter(**changes)
    (report,) = device.receive(b"\x05PW  1 3\r")
    assert line in report
    assert text in report.split(b"HARDWARE :\r\n")[1].split(b"\r\n")
    assert b" OK" not in report


def test_automatic_messages_rest_while_the_operator_s_line_is_open(meter):
    face, device = meter({"interval": 15})
    start = face.now_us()
    assert device.next_output_us() == start + 15_000_000
    face.at_us = start + 15_000_000
    assert device.output() == [MESSAGE]
    device.receive(b"OPEN\r")
    assert device.next_output_us() == start + 90_000_000  # 15 s and the minute of the open line
    face.at_us = start + 80_000_000
    assert device.receive(b"STA\r") == []  # it has closed of itself
    device.receive(b"OPEN\rCLOSE\r")
    assert device.next_output_us() == start + 90_000_000
    device.receive(b"OPEN\rAMES 0 0\rCLOSE\r")
    assert device.next_output_us() is None


def test_the_host_reads_data_status_and_acts(meter):
    face, device = meter()
    host = DIALECT.host(None)

    def ask(text):
        raw = b""
        stream = b"".join(device.receive(host.request(text)))
        while missing := host.missing(text, raw):
            assert len(raw) < len(stream), (text, raw)
            raw, rest = raw + stream[len(raw) : len(raw) + missing], stream
        assert raw == rest
        return host.parse(text, raw)

    def read(quantity):
        text = host.read_request(quantity)
        return host.value(quantity, ask(text))

    assert read("visibility_1min") == (1839.0, "m")
    assert read("water_sum") == (12.16, "mm")
    assert read("ledi") == (2.6, "V")
    assert read("firmware") == ("1.00", "")
    face.values |= {"visibility_1min": math.nan, "status": 3.0, "rec_change": 600.0}
    assert math.isnan(read("visibility_1min")[0])
    assert read("status") == (3.0, "1")
    assert read("rec_change") == (600.0, "Hz")
    ask(host.set_request("calibrate", 12.5))
    assert face.applied[-1] == ("calibrate", 12.5)
    face.refuses["calibrate"] = "invalid"
    with pytest.raises(Refused):
        ask(host.set_request("calibrate", 13.0))
    with pytest.raises(KeyError):
        host.set_request("alarm_limit_1", 500)


@pytest.mark.parametrize(
    "spoiled",
    [MESSAGE[:20] + MESSAGE[21:], MESSAGE.replace(b"1839", b"18x9"), MESSAGE[1:], MESSAGE.replace(b"PW  1", b"PW  2"),
     MESSAGE.replace(b"\x0200", b"\x0295"), MESSAGE[:-3]],
)  # fmt: skip
def test_what_breaks_the_form_is_no_reply(spoiled):
    with pytest.raises(ValueError, match=r".+"):
        DIALECT.host(None).parse("2", spoiled)


WORDS = [b"\x05PW", b"\x05PW  1 ", b"OPEN\r", b"CAL ", b"DATE 1 ", b"AMES ", b"TIME x y z\r", b"nan\r", b"9" * 30]
PIECES = st.one_of(st.binary(max_size=40), st.sampled_from(WORDS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_whatever_comes_in_it_answers_by_its_rules_and_recovers(meter, pieces):
    """Never raises, never grows, answers the next valid poll."""
    _, device = meter()
    for piece in pieces:
        device.receive(piece)
        assert len(device._buffer) <= 80
    device.receive(b"\r")
    assert device.receive(POLL) == [MESSAGE]


def test_the_model_has_all_that_the_table_needs():
    unit = build_unit(load("PWD22"), "v", 1)
    assert DIALECT.quantities() <= {*unit.settings, *unit.quantities(), *unit.texts, *unit.actions}
