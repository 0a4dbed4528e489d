"""The WXT protocol: conversations of the maker's guides and of real clients, byte for byte; CRC, NMEA, automatic."""

import math

import pytest
from faces import face_of
from feeding import WAYS, talked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.errors import Refused
from instruments.protocols.checks import crc16, printable, xor_of
from instruments.protocols.dialects import dialect

DIALECT = dialect(load("WXT536"), "wxt")
DAY_US = 86_400_000_000
# The values of the messages in the maker's guides.
GUIDE = {
    "model": "WXT520", "firmware": "2.14", "serial": "", "wind_direction_min": 236.0, "wind_direction_avg": 283.0,
    "wind_direction_max": 31.0, "wind_speed_min": 0.0, "wind_speed_avg": 1.0, "wind_speed_max": 2.2,
    "air_temperature": 23.6, "internal_temperature": 24.4, "relative_humidity": 14.2, "air_pressure": 1026.6,
    "rain_amount": 0.1, "rain_duration": 2380.0, "rain_intensity": 0.0, "rain_peak_intensity": 4.0,
    "hail_amount": 0.0, "hail_duration": 0.0, "hail_intensity": 0.0, "hail_peak_intensity": 0.0,
    "heating_temperature": 25.9, "heating_voltage": 12.0, "heating_power": 0.0, "supply_voltage": 15.2,
    "reference_voltage": 3.475, "wind_update": 60, "wind_averaging": 10, "wind_extremes": 1,
    "wind_direction_offset": 0, "ptu_update": 60, "rain_update": 60, "rain_limit": 0.0, "heating": True,
}  # fmt: skip

CONVERSATION = [
    (b"?\r\n", b"0\r\n"),
    (b"0\r\n", b"0\r\n"),
    (b"0XU\r\n", b"0XU,A=0,M=P,T=0,C=2,I=0,B=19200,D=8,P=N,S=1,L=25,N=WXT520,V=2.14\r\n"),
    (b"0XU,M=P\r\n", b"0XU,M=P\r\n"),
    (b"0R1\r\n", b"0R1,Dn=236D,Dm=283D,Dx=031D,Sn=0.0M,Sm=1.0M,Sx=2.2M\r\n"),
    (b"0R2\r\n", b"0R2,Ta=23.6C,Ua=14.2P,Pa=1026.6H\r\n"),
    (b"0R3\r\n", b"0R3,Rc=0.10M,Rd=2380s,Ri=0.0M,Hc=0.0M,Hd=0s,Hi=0.0M\r\n"),
    (b"0R5\r\n", b"0R5,Th=25.9C,Vh=12.0N,Vs=15.2V,Vr=3.475V\r\n"),
    (b"0r1abc\r\n", b"0tX,Use chksum GoeIU~\r\n"),
    (b"0r1\r\n", b"0tX,Use chksum GoeIU~\r\n"),
    (b"0WU\r\n", b"0WU,R=11111100&01001000,I=60,A=10,G=1,U=M,D=0,N=W,F=1\r\n"),
    (b"0RU,R=11111111&10000000\r\n", b"0RU,R=11111111&10000000\r\n"),
    (b"0R3\r\n", b"0R3,Rc=0.10M,Rd=2380s,Ri=0.0M,Hc=0.0M,Hd=0s,Hi=0.0M,Rp=4.0M,Hp=0.0M\r\n"),
    (b"0TU,T=F,P=M\r\n", b"0TU,T=F,P=M\r\n"),
    (b"0R2\r\n", b"0R2,Ta=74.5F,Ua=14.2P,Pa=770.0M\r\n"),
    (b"0R9\r\n", b"0TX,Unknown cmd error\r\n"),
    (b"1R1\r\n", b"0TX,Sync/address error\r\n"),
    (b"0WU,I=0\r\n", b"0TX,Unknown cmd error\r\n"),
    (b"0SU,S=N\r\n", b"0SU,S=N\r\n"),
    (b"0R9\r\n", b""),
    (b"1R1\r\n", b""),
    (b"0XZRU\r\n", b"0TX,Rain reset\r\n"),
    (b"0XZ\r\n", b"0TX,Start-up\r\n"),
    (b"0XXU,M=P!", b"0XU,M=P\r\n"),
    (b"0XU,A=b\r\n", b"bXU,A=b\r\n"),
    (b"?\r\n", b"b\r\n"),
]
# Requests and messages with the CRC that the guides print.
CRCS = ["0r1Goe", "0r2Gje", "0r3Kid", "0r5Kcd", "0r0Kld", "0rBVT", "0r2,Ta=22.7C,Ua=55.5P,Pa=1004.7H@Fn",
        "0r3,Rc=0.00M,Rd=0s,Ri=0.0MIlm", "0r5,Th=25.0C,Vh=10.6#,Vs=10.8V,Vr=3.369VO]T",
        "0r1,Sn=0.1M,Sm=0.1M,Sx=0.1MGOG", "0+3.14OqZ"]  # fmt: skip


@pytest.fixture
def transmitter():
    def make(options=None, number=None, **changes):
        face = face_of(**{**GUIDE, **changes})
        return face, DIALECT.box(face).line("serial", options or {}, number)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_the_guides_conversation(transmitter, way):
    _, device = transmitter()
    replies = talked(device, [request for request, _ in CONVERSATION], way)
    assert replies == [reply for _, reply in CONVERSATION if reply]


@pytest.mark.parametrize("text", CRCS)
def test_the_crc_is_the_guides(text):
    assert printable(crc16(text[:-3].encode())) == text[-3:]


def test_messages_with_crc_are_the_guides(transmitter):
    _, device = transmitter(air_temperature=22.7, relative_humidity=55.5, air_pressure=1004.7, rain_amount=0.0,
                            rain_duration=0.0, wind_speed_min=0.1, wind_speed_avg=0.1, wind_speed_max=0.1)  # fmt: skip
    device.receive(b"0RU,R=11100000&00000000\r\n0WU,R=00011100&00000000\r\n")
    assert device.receive(b"0r2Gje\r\n0r3Kid\r\n0r1Goe\r\n") == [
        b"0r2,Ta=22.7C,Ua=55.5P,Pa=1004.7H@Fn\r\n", b"0r3,Rc=0.00M,Rd=0s,Ri=0.0MIlm\r\n",
        b"0r1,Sn=0.1M,Sm=0.1M,Sx=0.1MGOG\r\n",
    ]  # fmt: skip


def test_no_value_is_marked(transmitter):
    _, device = transmitter(wind_speed_avg=math.nan, wind_direction_avg=math.nan)
    assert device.receive(b"0R1\r\n") == [b"0R1,Dn=236D,Dm=000#,Dx=031D,Sn=0.0M,Sm=0.0#,Sx=2.2M\r\n"]
    device.receive(b"0XU,M=Q\r\n")
    (wind,) = device.receive(b"$--WIQ,MWV\r\n")
    assert wind.startswith(b"$WIMWV,,R,,M,V*")


def test_real_clients_start_up(transmitter):
    """air-trend wants eight values of aR0; komakallio switches to automatic with CRC and looks for ``,M=a``."""
    face, device = transmitter()
    assert device.receive(b"0XU,C=2,I=0,M=P\r\n") == [b"0XU,C=2,I=0,M=P\r\n"]
    assert device.receive(b"0R0\r\n")[0].count(b"=") == 8
    assert b",M=a" in device.receive(b"0XU,M=a\r\n")[0]
    face.at_us = 2 * DAY_US + 60_000_000
    assert [line[:3] for line in device.output()] == [b"0r1", b"0r2", b"0r3", b"0r5"]
    # NOAA's opens with an SDI-12 form, stray terminators and a reset of the mode
    replies = device.receive(b"\r\n0XU,I=0,M=P\r\n!0XXU,I=0!?\r\n")
    assert replies == [b"0XU,I=0,M=P\r\n", b"0XU,I=0\r\n", b"0\r\n"]


def test_nmea_sentences_have_the_ids_and_sums_that_clients_demand(transmitter):
    _, device = transmitter({"mode": "Q"}, air_pressure=880.0, air_temperature=21.0, internal_temperature=22.0,
                            relative_humidity=35.0, wind_direction_avg=57.0, wind_speed_avg=1.5)  # fmt: skip
    device.receive(b"0TU,R=11110000&00000000\r\n")
    query = b"WIQ,XDR"
    (all_but_wind,) = device.receive(b"$--" + query + b"*%02X\r\n" % xor_of(b"--" + query))
    lines = all_but_wind.split(b"\r\n")
    assert lines[0] == b"$WIXDR,P,880.0,H,0,C,21.0,C,0,C,22.0,C,1,H,35.0,P,0*64"
    assert lines[2].startswith(b"$WIXDR,C,25.9,C,2,U,15.2,V,0,U,12.0,N,1,U,3.475,V,2*")
    assert device.receive(b"$--WIQ,MWV\r\n") == [b"$WIMWV,057,R,001.5,M,A*38\r\n"]
    assert device.receive(b"0XZ\r\n") == [b"$WITXT,01,01,07,Start-up*29\r\n"]
    assert device.receive(b"$--WIQ,XDR*00\r\n$--WIQ,ABC\r\n") == []
    for line in lines[:-1]:
        body, _, stated = line[1:].partition(b"*")
        assert int(stated, 16) == xor_of(body)


def test_automatic_messages_come_at_multiples_of_their_intervals(transmitter):
    face, device = transmitter({"mode": "A", "composite_interval": 30}, wind_update=10)
    device.receive(b"0SU,R=00000000&11000000\r\n")
    said = []
    while (due := device.next_output_us()) <= 2 * DAY_US + 60_000_000:
        face.at_us = due
        said += [((due - 2 * DAY_US) / 1e6, line[:3].decode()) for line in device.output()]
    assert said == [
        (10.0, "0R1"), (20.0, "0R1"), (30.0, "0R1"), (30.0, "0R0"), (40.0, "0R1"), (50.0, "0R1"),
        (60.0, "0R1"), (60.0, "0R2"), (60.0, "0R3"), (60.0, "0R0"),
    ]  # fmt: skip
    device.receive(b"0XU,M=P\r\n")
    assert device.next_output_us() is None


def test_power_up_is_told_and_what_was_half_is_lost(transmitter):
    face, device = transmitter()
    device.receive(b"0R")
    device.power_cycled()
    assert device.next_output_us() == face.now_us()
    assert device.output() == [b"0TX,Start-up\r\n"]
    assert device.receive(b"0R2\r\n") == [b"0R2,Ta=23.6C,Ua=14.2P,Pa=1026.6H\r\n"]


def test_on_rs485_a_stranger_s_request_is_left_alone(transmitter):
    _, device = transmitter({"serial": 3}, number=11)
    assert device.receive(b"0R1\r\n?\r\nB\r\n") == [b"B\r\n", b"B\r\n"]


def test_the_host_reads_and_sets_through_the_crc(transmitter):
    face, device = transmitter()
    host = DIALECT.host(None)

    def ask(text):
        return host.parse(text, b"".join(device.receive(host.request(text))))

    def read(quantity):
        text = host.read_request(quantity)
        return host.value(quantity, ask(text))

    for quantity in ("wind_direction_max", "air_pressure", "rain_amount", "supply_voltage"):
        assert read(quantity)[0] == pytest.approx(GUIDE[quantity])
    assert read("wind_update") == (60, "s")
    ask(host.set_request("wind_update", 5))
    ask(host.set_request("heating", value=False))
    ask(host.set_request("reset_rain", value=True))
    assert face.applied == [("wind_update", 5), ("heating", False), ("reset_rain", True)]
    face.refuses["wind_update"] = "wrong settings"
    with pytest.raises(Refused):
        ask(host.set_request("wind_update", 6))
    with pytest.raises(Refused):
        host.set_request("wind_update", 0)
    with pytest.raises(KeyError):
        host.set_request("firmware", "3")
    device.receive(b"0TU,R=10000000&00000000\r\n")
    with pytest.raises(ValueError, match="leaves Ta out"):
        read("air_temperature")
    device.receive(b"0TU,R=11110000&00000000,T=F,P=I\r\n")
    assert read("air_temperature")[0] == pytest.approx(23.6, abs=0.03)
    assert read("air_pressure")[0] == pytest.approx(1026.6, abs=0.2)


def test_sdi12_measures_first_and_tells_then(transmitter):
    face, device = transmitter({"mode": "S"}, serial="K1230001", relative_humidity=math.nan)
    start = face.now_us()
    assert device.receive(b"?!0!0I!") == [b"0\r\n", b"0\r\n", b"013VAISALA_WXT520214K1230001\r\n"]
    assert device.receive(b"1M!0R1!0Q!") == []
    # six values after three seconds, which the service request announces
    assert device.receive(b"0M1!") == [b"00036\r\n"]
    assert device.next_output_us() == start + 3_000_000
    face.at_us = start + 3_000_000
    assert device.output() == [b"0\r\n"]
    assert device.next_output_us() is None
    assert device.receive(b"0D0!0D1!") == [b"0+236+283+031+0.0+1.0+2.2\r\n", b"0\r\n"]
    # with CRC, more than 35 characters in parts, no service request after a concurrent measurement
    assert device.receive(b"0CC!") == [b"000308\r\n"]
    assert device.next_output_us() is None
    assert device.receive(b"0D0!") == [b"0" + printable(crc16(b"0")).encode() + b"\r\n"]  # nothing there yet
    face.at_us = start + 6_000_000
    text = b"0+283+1.0+23.6-9999+1026.6+0.10+25.9+12.0"
    assert device.receive(b"0D0!") == [text + printable(crc16(text)).encode() + b"\r\n"]
    # a command before the data are there stops the measurement
    device.receive(b"0M!")
    device.receive(b"0!")
    face.at_us = start + 10_000_000
    assert device.next_output_us() is None
    assert device.receive(b"0D0!") == [b"0\r\n"]
    # settings in SDI-12's form; back to ASCII, under another address
    assert device.receive(b"0XWU,I=9!0XWU,I=0!0Ac!") == [b"0WU,I=9\r\n", b"c\r\n"]
    assert device.receive(b"cXXU,M=R!cR5!") == [b"cXU,M=R\r\n", b"c+25.9+12.0+15.2+3.475\r\n"]
    assert device.receive(b"cRC5!")[0][-5:-2].decode() == printable(crc16(b"c+25.9+12.0+15.2+3.475"))
    assert device.receive(b"cXXU,M=P!c\r\n")[1] == b"c\r\n"


@pytest.mark.parametrize("flipped", range(3, 36, 4))
def test_no_flipped_byte_is_taken_for_a_value(transmitter, flipped):
    _, device = transmitter()
    host = DIALECT.host(None)
    (raw,) = device.receive(host.request("r2"))
    assert len(raw) >= 36
    spoiled = raw[:flipped] + bytes([raw[flipped] ^ 0x01]) + raw[flipped + 1 :]
    with pytest.raises(ValueError, match=r"CRC|begins"):
        host.parse("r2", spoiled)


PIECES = st.one_of(st.binary(max_size=40), st.sampled_from([b"0R", b"0r1Goe", b"0WU,I=", b"0XU,M=", b"=", b"&", b"!",
                                                           b"$--WIQ,", b"\r\n", b"0XZ", b"0TU,R=1111"]))  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_whatever_comes_in_it_answers_by_its_rules_and_recovers(transmitter, pieces):
    """Never raises, never grows, answers the next valid request."""
    _, device = transmitter()
    for piece in pieces:
        device.receive(piece)
        assert len(device._buffer) <= 96
    device.receive(b"\r\n0XU,M=P\r\n")
    assert device.receive(b"?\r\n") == [b"0\r\n"]


def test_the_model_has_all_that_the_table_needs():
    entry = load("WXT536")
    unit = build_unit(entry, "w", 1)
    known = {*unit.settings, *unit.quantities(), *unit.texts, *unit.actions}
    assert DIALECT.quantities() <= known
    assert {told.section for told in DIALECT.told()} >= {"message aR1", "settings aXU", "resets"}
