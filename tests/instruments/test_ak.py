"""AK: what a TEOM answers, byte for byte, and what a host makes of it."""

import re

import pytest
from faces import START_US, BagFace, face_of
from feeding import each_way, whole
from hypothesis import given
from hypothesis import strategies as st

from instruments import catalogue
from instruments.build import build_unit
from instruments.errors import ConfigurationErrors, Refused
from instruments.protocols.ak import AkDevice, AkMemory, AkOptions
from instruments.protocols.ak_table import AkTable
from instruments.protocols.dialects import dialect

HOUR_US = 3_600_000_000
OLD, NEW = dialect(catalogue.load("1400a"), "ak"), dialect(catalogue.load("1405-F"), "ak")

# Partisol 2000i manual p. 376-387 (the frame, AREG, errors), clients of the 1400a and the 1405.
EXCHANGES = [
    (b"\x024AREG K0 8\x03", b"\x024AREG 0 8 16.694\x03\r\n"),
    (b"\x024AREG K0 008\x03", b"\x024AREG 0 008 16.694\x03\r\n"),
    (b"\x024AREG K0 8\x03\r\n", b"\x024AREG 0 8 16.694\x03\r\n"),
    (b"\x024AREG K0 7\x03", b"\x024AREG 0 7 3.005E-06\x03\r\n"),
    (b"\x024AREG K0 12\x03", b"\x024AREG 0 12 251.39257\x03\r\n"),
    (b"\x024AREG K0 41\x03", b"\x024AREG 0 41 0\x03\r\n"),
    (b"\x024AREG K0 63\x03", b"\x024AREG 0 63 21045\x03\r\n"),
    (b"\x024AREG K0 999\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024AREG K0\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024AREG K0 8 9\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024AREG K0 x\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024AREG K1 8\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024AREG\x03", b"\x024AREG 0 SE\x03\r\n"),
    (b"\x024ZZZZ K0\x03", b"\x024???? 0 SE\x03\r\n"),
    (b"\x024AKID K0\x03", b"\x024AKID 0 1400 3.20\x03\r\n"),
    (b"\x024ESAV K0\x03", b"\x024ESAV 0\x03\r\n"),
    (b"\x024SF02 K0\x03", b"\x024SF02 0\x03\r\n"),
    (b"\x024SF02 K0 1\x03", b"\x024SF02 0 SE\x03\r\n"),
    (b"\x024EREG K0 42 12500\x03", b"\x024EREG 0 BS\x03\r\n"),  # it samples
    (b"\x024EREG K0 8 1\x03", b"\x024EREG 0 SE\x03\r\n"),  # nobody enters a concentration
    (b"\x024EREG K0 42 abc\x03", b"\x024EREG 0 SE\x03\r\n"),
    (b"\x024SSTO K0 B\x03", b"\x024SSTO 0\x03\r\n"),
    (b"\x024SSTO K0 X\x03", b"\x024SSTO 0 SE\x03\r\n"),
    (b"\x024ASTO K0 0\x03", b"\x024ASTO 0 SE\x03\r\n"),
    (b"\x024SF10 K0 24:00:00\x03", b"\x024SF10 0 SE\x03\r\n"),
    (b"\x024SF11 K0 02/30/26\x03", b"\x024SF11 0 SE\x03\r\n"),
]
SILENT = [
    b"\x025AREG K0 8\x03",
    b"AREG K0 8\r",
    b"\x02\x03",
    b"\x024AR\x03",
    b"\x02" + b"4" * 500 + b"\x03",
    b"\x03\x03",
]


class FilingFace(BagFace):
    """A unit that files half hours and hours by its clock, which has always gone as it does."""

    def read_at(self, quantity, t_us):
        if quantity == "clock_us":
            return t_us + self._offset_us
        if quantity in ("half_hour_s", "hour_s"):
            every = HOUR_US if quantity == "hour_s" else HOUR_US // 2
            return (t_us - (t_us + self._offset_us) % every) / 1_000_000
        return super().read_at(quantity, t_us)


@pytest.fixture
def teom():
    def make(options=None, memory=None, dialect_=OLD, **values):
        face = FilingFace(
            {
                "alarms": (), "powered": True,
                "run": True, "firmware": "3.20", "serial": "21045", "concentration": 16.694, "mass_rate": 3.005e-6,
                "frequency": 251.39257, "status": 0.0, "k0": 13125.0, "concentration_30min": 15.0,
                "concentration_1h": 14.5, **values,
            }
        )  # fmt: skip
        return face, AkDevice(dialect_.table, face, 52, options, memory)

    return make


@each_way
@pytest.mark.parametrize(("request_bytes", "reply"), EXCHANGES)
def test_exchange(request_bytes, reply, feed, teom):
    assert feed(teom()[1], request_bytes) == reply


@each_way
@pytest.mark.parametrize("junk", [b"", b"\r\n\x00", b"rubbish", b"\x024AREG K0", b"\x02\x02", b"\x02" + b"x" * 5000])
def test_silence_and_then_the_next_request(junk, feed, teom):
    for data in SILENT:
        _, device = teom()
        assert feed(device, data) == b""
        assert feed(device, junk + b"\x024AREG K0 8\x03") == b"\x024AREG 0 8 16.694\x03\r\n"


def test_glued_requests_are_answered_one_by_one(teom):
    _, device = teom()
    reports = [(asked, reply) for asked, reply in EXCHANGES if b"SF02 K0\x03" not in asked]
    assert device.receive(b"".join(asked for asked, _ in reports)) == [reply for _, reply in reports]


def test_the_status_digit_tells_a_condition(teom):
    _, device = teom(alarms=("flow",), status=4.0)
    assert whole(device, b"\x024AREG K0 41\x03") == b"\x024AREG 1 41 4\x03\r\n"


def test_clients_find_what_they_look_for(teom):
    """OPAS wants one status character and CR LF; Datalogger2 the fourth blank-separated part, up to ETX."""
    reply = whole(teom()[1], b"\x024AREG K0 8\x03\r\n")
    assert re.fullmatch(rb"\x024AREG . 8 (\S+)\x03\r\n", reply)[1] == b"16.694"
    assert float(reply.decode().split(" ")[3].partition("\x03")[0]) == 16.694


def test_a_request_that_stops_halfway_is_forgotten(teom):
    face, device = teom()
    device.receive(b"\x024AREG K0")
    face.at_us += 6_000_000
    assert device.receive(b" 8\x03") == []


def test_a_register_is_entered_only_while_the_unit_is_stopped(teom):
    face, device = teom()
    whole(device, b"\x024SF02 K0\x03")
    assert whole(device, b"\x024EREG K0 42 12500.5\x03") == b"\x024EREG 0 42\x03\r\n"
    face.refuses["k0"] = "too high"
    assert whole(device, b"\x024EREG K0 42 99999999\x03") == b"\x024EREG 0 SE\x03\r\n"
    assert face.applied == [("run", False), ("k0", 12500.5)]


def test_rs232_set_to_none_is_silent_until_power_comes_back(teom):
    _, device = teom()
    assert whole(device, b"\x024SF50 K0\x03") == b"\x024SF50 0\x03\r\n"
    assert whole(device, b"\x024AKID K0\x03") == b""
    device.power_cycled()
    assert whole(device, b"\x024AKID K0\x03") == b"\x024AKID 0 1400 3.20\x03\r\n"


def test_ports_differ_in_station_channel_and_line_ends():
    face = face_of(concentration=16.694, status=0.0)
    line = NEW.box(face).line("serial", {"channel": "2", "crlf": False}, 49)
    assert whole(line, b"\x021AREG 2 245\x03") == b"\x021AREG 0 245 16.694\x03"
    with pytest.raises(ValueError, match="33 to 126"):
        NEW.host(7)


def test_records_are_given_from_the_pointer_on(teom):
    memory = AkMemory()
    face, device = teom(memory=memory)
    face.at_us = 2 * HOUR_US + 60_000_000
    face.set_clock(START_US + face.at_us)
    values = {"concentration": 1.5, "concentration_30min": 2.5, "concentration_1h": 3.5, "status": 4.0}
    face.remember(START_US + 2 * HOUR_US, values)
    assert whole(device, b"\x024SSTO K0 E\x03") == b"\x024SSTO 0\x03\r\n"
    assert whole(device, b"\x024ASTO K0 5\x03") == b"\x024ASTO 0 0\x03\r\n"
    whole(device, b"\x024SSTO K0 -1\x03")
    assert whole(device, b"\x024ASTO K0 5\x03") == b"\x024ASTO 0 1\r\n02:00:00,01/05/26,1.500,2.500,3.500,4\x03\r\n"
    whole(device, b"\x024SSTO K0 B\x03")
    first = whole(device, b"\x024ASTO K0 2\x03").decode().split("\r\n")
    assert [line[:5] for line in first[1:3]] == ["00:30", "01:00"]
    assert whole(device, b"\x024ASTO K0 9\x03").decode().startswith("\x024ASTO 0 2\r\n01:30:00")


def test_the_pointer_survives_a_power_cut_only_where_it_was_saved(teom):
    memory = AkMemory()
    _, device = teom(memory=memory)
    whole(device, b"\x024SSTO K0 E\x03\x024ESAV K0\x03")
    saved = memory.pointer_us
    whole(device, b"\x024SSTO K0 B\x03")
    device.power_cycled()
    assert memory.pointer_us == saved > 0


def test_the_clock_is_set_by_two_functions(teom):
    face, device = teom()
    assert (
        whole(device, b"\x024SF11 K0 03/19/26\x03\x024SF10 K0 01:02:03\x03")
        == b"\x024SF11 0\x03\r\n\x024SF10 0\x03\r\n"
    )
    assert face.clock_us() // 1_000_000 == 1_773_882_123


def test_print_on_line_speaks_at_round_times_and_answers_nothing(teom):
    face, device = teom(AkOptions(print_on_line=True, print_every=300))
    assert whole(device, b"\x024AREG K0 8\x03") == b""
    due = device.next_output_us()
    assert due % 300_000_000 == 0
    assert 0 < due - face.now_us() <= 300_000_000
    (line,) = device.output()
    assert line == b"Time= 00:00:00 Mass Conc= 16.694 30-Min MC= 15.000 1-Hr MC= 14.500\n"
    words = line.decode().strip().replace("=", " ").split(" ")
    assert [float(words[at]) for at in (6, 10, 14)] == [16.694, 15.0, 14.5]  # where air-trend looks


def test_a_model_without_such_a_line_prints_none(teom):
    _, device = teom(AkOptions(print_on_line=True), dialect_=NEW)
    assert device.next_output_us() is None
    assert device.output() == []


@given(pieces=st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([e[0] for e in EXCHANGES])), max_size=12))
def test_whatever_comes_it_answers_by_its_rules_or_is_silent_and_recovers(pieces):
    """Whatever comes in, the device answers by its rules or stays silent, never raises, never grows, and recovers."""
    values = {row.quantity: 1.0 for row in OLD.table.registers.values()}
    face = FilingFace(
        {**values, "alarms": (), "powered": True, "concentration": 16.694, "run": False, "firmware": "3.20"}
    )
    device = AkDevice(OLD.table, face, 52)
    for piece in pieces:
        for reply in device.receive(piece):
            assert re.fullmatch(rb"\x024(\S{4}) [01].*\x03\r\n", reply, re.DOTALL)
    assert len(device._request or b"") <= OLD.table.longest_request
    device.power_cycled()
    assert device.receive(b"\x024AREG K0 8\x03") == [b"\x024AREG 0 8 16.694\x03\r\n"]


# -- host --


def test_a_host_asks_as_the_manual_does():
    host = OLD.host(None)
    assert host.request(host.read_request("concentration")) == b"\x024AREG K0 8\x03"
    assert host.request(host.set_request("k0", 12500.25)) == b"\x024EREG K0 42 12500.25\x03"
    assert host.request(host.set_request("run", False)) == b"\x024SF02 K0\x03"
    assert host.set_request("clock_time", 1_767_574_923_000_000) == "SF10 01:02:03"
    assert host.set_request("clock_date", 1_767_574_923_000_000) == "SF11 01/05/26"
    reply = NEW.host(None).parse("AREG 390", b"\x024AREG 0 390 01:02:03\x03\r\n")
    assert NEW.host(None).value("clock_time", reply) == (3_723_000_000, "us")


def test_every_register_is_read_back_as_it_was_written(teom):
    for spoken in (OLD, NEW):
        host = spoken.host(None)
        values = {row.quantity: 3.0 for row in spoken.table.registers.values()} | {"serial": "7", "firmware": "1.74"}
        _, device = teom(dialect_=spoken, **values)
        for row in spoken.table.registers.values():
            asked = f"AREG {row.code}"
            reply = host.parse(asked, whole(device, host.request(asked)))
            if row.quantity in host._table.by_quantity and row.quantity not in ("firmware", "serial", "clock_time"):
                assert host.value(row.quantity, reply) == (3.0, row.unit)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "no frame"), (b"4AREG 0 8 16.694\r\n", "no frame"), (b"\x024AREG 0 8 16.694", "no frame"),
        (b"\x025AREG 0 8 16.694\x03\r\n", "station 4"), (b"\x024AREG 0 9 16.694\x03\r\n", "register 8"),
        (b"\x024AKID 0 1400 3.20\x03\r\n", "the reply is to AKID"), (b"\x024AREG K0 8 16.694\x03\r\n", "no reply"),
        (b"\x024AREG 0 8\x03\r\n", "does not tell"), (b"\x024AREG 0 8 1.2.3\x03\r\n", "could not convert"),
    ],
)  # fmt: skip
def test_what_is_no_reply_is_not_believed(raw, what):
    host = OLD.host(None)
    with pytest.raises(ValueError, match=re.escape(what)):
        host.value("concentration", host.parse("AREG 8", raw))


def test_refusals_and_words_before_a_reply():
    host = OLD.host(None)
    for code, reason in ((b"SE", "invalid"), (b"BS", "wrong settings")):
        with pytest.raises(Refused) as caught:
            host.parse("EREG 42 1", b"\x024EREG 0 " + code + b"\x03\r\n")
        assert caught.value.reason == reason
    reply = host.parse("AREG 8", b"junk\x024AREG 0 9 1\x03\r\n\x024AREG 1 8 16.694\x03\r\n")
    assert host.value("concentration", reply) == (16.694, "ug/m3")
    assert reply.condition
    for wrong in ("alarms", "flow_of_nothing"):
        with pytest.raises((ValueError, KeyError)):
            host.value(wrong, reply)
    with pytest.raises(ValueError, match="in ug/m3, not in mg/m3"):
        host.value("concentration", reply, "mg/m3")
    with pytest.raises(KeyError):
        host.set_request("concentration", 1.0)


def test_alarms_are_the_bits_of_the_status_word():
    host = NEW.host(None)
    reply = host.parse("AREG 41", b"\x024AREG 1 41 134217729\x03\r\n")  # manual's example: 2^27 + 2^0
    assert host.value("alarms", reply) == (("exchange_filter", "power_failure"), "")


def test_a_host_knows_what_still_lacks():
    host = OLD.host(None)
    reply = b"\x024AREG 0 8 16.694\x03\r\n"
    have = b""
    reads = 0
    while lacking := host.missing("AREG 8", have):
        assert lacking <= len(reply) - len(have)
        have, reads = reply[: len(have) + lacking], reads + 1
    assert have == reply
    assert reads < 8


def test_tables_name_their_mistakes():
    data = dict(catalogue.load("1400a").protocols["ak"])
    with pytest.raises(ConfigurationErrors, match=r"protocol\.ak\.status"):
        AkTable.from_data({key: value for key, value in data.items() if key != "status"}, "1400a.toml")


def test_models_have_what_the_registers_hold():
    for model, spoken in (("1400a", OLD), ("1405-F", NEW)):
        unit = build_unit(catalogue.load(model), "pm", 1)
        known = {*unit.quantities(), *unit.settings, *unit.texts, "alarms", "powered"}
        assert spoken.quantities() <= known
        assert dict(unit.bits) == {bit.alarm: bit.bit for bit in spoken.table.bits}
        assert spoken.weakest_mark(["AKID"]) == "read"
        assert spoken.weakest_mark(["AKID", spoken.host(None).read_request("concentration")]) == "reported"
        assert len(list(spoken.told())) > 35
