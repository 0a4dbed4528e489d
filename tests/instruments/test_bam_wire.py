"""The serial port of a BAM-1020: prompt, keys, reports, escape commands with and without a checksum; both ends."""

import re

import pytest
from faces import START_US, BagFace
from feeding import each_way, whole
from hypothesis import given
from hypothesis import strategies as st

from instruments import catalogue
from instruments.build import build_unit
from instruments.errors import ConfigurationErrors, Refused
from instruments.particles.flags import LETTERS, RELAY, letters
from instruments.protocols.bam import BamDevice, BamOptions
from instruments.protocols.bam_table import BamTable, checksum
from instruments.protocols.dialects import dialect

HOUR_US = 3_600_000_000
DIALECT = dialect(catalogue.load("BAM-1020"), "bam")
HEADER = b"Time,Conc(mg/m3),Qtot(m3),WS(MPS),WD(DEG),BP(mm),RH(%),Delta(C),AT(C),E,U,M,I,L,R,N,F,P,D,C,T"
ROW = b"01/05/26 02:00, 0.084, 0.834,  0.0,0,750,30,57.0,27.1,1,0,0,0,0,0,0,0,0,0,0,1"
ARRAY = b"01/05/26 02:00, 0.084, 0.834,   0.0,     0,   750,    30,  57.0,  27.1,     1,"
ARRAY += b"     0," * 10 + b"     1\r"
CUSTOM = b"01/05/26 02:00,  0.084,  0.834,    0.0,      0,    750,     30,   57.0,   27.1,      1,"
CUSTOM += b"      0," * 10 + b"      1\r"
HOUR = {
    "concentration": 84.0, "qtot": 0.834, "hour_pressure": 1000.0, "hour_rh": 30.0, "hour_delta": 57.0,
    "hour_temp": 27.1, "flags": float(0x801), "record_s": 7200.0,
}  # fmt: skip


class Hours(BagFace):
    """A BAM-1020 at 02:01:40 with records at one and two o'clock; letters and sample of BAM-1020-9800 Rev W."""

    def read(self, quantity):
        return self.read_at(quantity, self.at_us)

    def read_at(self, quantity, t_us):
        if quantity == "record_s":
            return float(t_us // HOUR_US * 3600)
        if quantity == "concentration" and t_us < 2 * HOUR_US:
            return 36.0
        if quantity == "flags" and t_us < 2 * HOUR_US:
            return 0.0
        if quantity == "flow":
            return 16.7 if 540_000_000 < t_us % HOUR_US <= 3_060_000_000 else 0.0
        return self.values[quantity]


def hours(**values):
    settings = {row.quantity: 1.0 for row in DIALECT.table.parameters.values()}
    values = {
        **settings, **HOUR, "phase": 3.0, "maintenance": False, "firmware": "3236-07 5.6.0", "model": "BAM-1020",
        "ambient_temp": 20.0, "ambient_pressure": 1000.0, "flow": 16.7, **values,
    }  # fmt: skip
    return Hours(values, 2 * HOUR_US + 100_000_000)


def device(options=None, face=None):
    return BamDevice(DIALECT.table, face or hours(), options)


def lines(answer):
    return answer.split(b"\r\n")


EXCHANGES = [
    (b"\r", b""),
    (b"\r\r", b"\r\n*"),
    (b"\r\r\r", b"\r\n*\r\n*"),
    (b"\n\r\n\r5", b"\r\n*01/05/2026 02:01:40\r\n"),
    (b"5", b""),
    (b"\rx\r5", b""),  # the returns come one after the other
    (b"\r\rx5", b"\r\n*01/05/2026 02:01:40\r\n"),
    (b"\x1bQ\r", ARRAY),
    (b"\x1bQC\r", CUSTOM),
    (b"\x1bQH\r", HEADER + b"\r"),
    (b"\x1bQCH\r", HEADER + b"\r"),
    (b"\x02Q\r", ARRAY),
    (b"\x1b1\r", HEADER + b"\r\n"),
    (b"\x1b4\r", ROW + b",\r\n"),
    (b"\x1b4*00052\r", ROW + b",*%05d\r\n" % checksum(ROW.decode() + ",")),
    (b"\x1b4*00053\r", b""),
    (b"\x1b4*52\r", b""),
    (b"\x1bRV\r", b"BAM-1020, 3236-07, R5.6.0\r\n"),
    (b"\x1brv*//\r", b"BAM-1020, 3236-07, R5.6.0*01283\r\n"),
    (b"\x1brv*00232\r", b"BAM-1020, 3236-07, R5.6.0*01283\r\n"),
    (b"\x1bRV*00168\r", b"BAM-1020, 3236-07, R5.6.0*01283\r\n"),
    (b"\x1bnothing\r", b"\r\n"),
    (b"\x1bRV 1*//\r", b"*00000\r\n"),
    (b"\x1b\r", b"\r\n"),
    (b"\x1bDT\r", b"01/05/26\r\n"),
    (b"\x1bTM\r", b"02:01:40\r\n"),
    (b"\x1bTM 10:00:00\r", b"BUSY\r\n"),
    (b"\x1bPR 5\r", b"PR 5, K FACTOR, 1.000\r\n"),
    (b"\x1bPR 5 1.02\r", b"PR 5, K FACTOR, BUSY\r\n"),
    (b"\x1bPR 99\r", b"\r\n"),
    (b"\x1b8\r", b"01/05/26 02:00,0.0,20.0,750\r\n"),
    (b"\x1b3 24\r", b""),
]  # fmt: skip


@each_way
@pytest.mark.parametrize(("request_bytes", "reply"), EXCHANGES)
def test_exchange(request_bytes, reply, feed):
    assert feed(device(), request_bytes) == reply


@each_way
@pytest.mark.parametrize("junk", [b"", b"\x00\xff\n", b"rubbish", b"\x1bhalf a", b"\x1b" + b"x" * 5000, b"\r\r6"])
def test_escape_commands_work_whatever_came_before(junk, feed):
    for request_bytes, reply in EXCHANGES:
        if request_bytes[:1] == b"\x1b":
            unit = device()
            feed(unit, junk)
            assert feed(unit, request_bytes) == reply


def test_glued_commands_are_answered_one_by_one():
    escapes = [exchange for exchange in EXCHANGES if exchange[0][:1] == b"\x1b" and exchange[1]]
    assert device().receive(b"".join(asked for asked, _ in escapes)) == [reply for _, reply in escapes]


def test_checksums_of_the_manual():
    """7500-series protocol, ES-405 manual p. 28-29."""
    assert [checksum(text) for text in ("RV", "rv", "4")] == [168, 232, 52]
    assert checksum("ES-405, 83904, R1.2.0.0a") == 1278
    assert checksum("000.015,2.0,+05.4,017,0857.8,00,") == 1552


def test_the_last_record_by_menu_is_four_lines_as_datalogger2_counts():
    unit = device()
    assert whole(unit, b"\r\r") == b"\r\n*"
    assert whole(unit, b"6").endswith(b">")
    said = whole(unit, b"4")
    assert said.count(b"\n") == 4
    assert lines(said) == [b"4 - Display CSV Data", b"Station, 1", HEADER, ROW + b",", b""]
    assert float(lines(said)[3].split(b",")[1]) == 0.084
    assert whole(unit, b"5") == b"01/05/2026 02:01:40\r\n"  # the prompt stands


@each_way
def test_keys_sent_without_pauses_as_sadraaqms_does(feed):
    said = feed(device(), b"\n\r\n\r64")
    row = next(line for line in lines(said) if b":" in line and b"," in line)
    word = 0
    for flag in row.split(b",")[9:21]:
        word = word << 1 | int(flag)
    assert word == 0x801


def test_new_data_is_new_once_and_the_report_port_counts_for_itself():
    face = hours()
    box = DIALECT.box(face)
    main, also, report = (box.line("serial", {"report_port": own}, None) for own in (False, False, True))
    assert [line[:14] for line in lines(whole(main, b"\r\r\r63"))[-3:-1]] == [b"01/05/26 01:00", b"01/05/26 02:00"]
    assert lines(whole(also, b"\r\r63"))[-2] == HEADER
    assert lines(whole(report, b"\r\r63"))[-2] == ROW + b","
    assert whole(main, b"\x1b3 1\r") == b""  # an hour back
    assert whole(main, b"\x1b3\r") == ROW + b",\r\n"
    assert whole(main, b"\x1b3\r") == b"\r\n"


def test_text_report_has_flags_as_letters_behind_the_time():
    said = lines(whole(device(), b"\r\r\r1"))
    start = next(at for at, line in enumerate(said) if line.startswith(b"Report for 01/05/2026"))
    assert said[start + 2].startswith(b"01:00------------  0.036  0.834")
    assert said[start + 3].startswith(b"02:00E----------T  0.084  0.834")
    assert said[start + 4] == b"Valid Daily 1 of 2"


def test_flow_statistics_and_five_minute_flow():
    said = lines(whole(device(), b"\r\r65"))
    assert said[-2] == b"01/05/26 01:09,00:42,16.7,0.0,0.701,0,20.0,20.0,20.0,750,750,750"
    said = lines(whole(device(), b"\r\r67"))
    assert said[-3:-1] == [b"01/05/26 01:55,0.0,20.0,750", b"01/05/26 02:00,0.0,20.0,750"]
    assert b"01/05/26 01:30,16.7,20.0,750" in said
    unit = device()
    assert len(lines(whole(unit, b"\r\r68"))) > 20
    assert b"Date/Time" in lines(whole(unit, b"68"))[-2]
    assert b"Start,Elapsed" in lines(whole(unit, b"66"))[-4]
    assert b"Start,Elapsed" in lines(whole(unit, b"66"))[-2]


def test_settings_errors_pointers_and_the_menu_are_printed():
    unit = device()
    whole(unit, b"\r\r")
    assert b"K FACTOR          1.000" in lines(whole(unit, b"4"))
    assert lines(whole(unit, b"7")) == [b"Last 100 Errors", b"01/05/26 02:00,E T", b""]
    assert lines(whole(unit, b"9"))[0] == b"Data        begin"
    assert b"6 - CSV reports" in lines(whole(unit, b"H"))


def test_the_prompt_goes_after_idle_minutes_and_half_a_command_after_seconds():
    face = hours()
    unit = device(face=face)
    whole(unit, b"\r\r\x1bR")
    face.at_us += 6_000_000
    assert whole(unit, b"V\r\r\r5").endswith(b"*01/05/2026 02:01:46\r\n")
    face.at_us += 301_000_000
    assert whole(unit, b"5") == b""


def test_units_and_commas_as_another_firmware_has_them():
    said = whole(device(BamOptions(micrograms=True, trailing_comma=False)), b"\r\r64")
    assert lines(said)[-3].startswith(b"Time,Conc(ug/m3),Qtot(m3)")
    assert lines(said)[-2].startswith(b"01/05/26 02:00,    84, 0.834,")
    assert not lines(said)[-2].endswith(b",")


def test_words_at_the_prompt_end_with_the_record_as_datalogger2_takes_it():
    """It sends CR LF twice, throws away what comes, sends ``4`` CR LF and takes the last line."""
    unit = device(BamOptions(words=True, micrograms=True))
    assert whole(unit, b"\r\n\r\n") == b"\r\n*"
    said = whole(unit, b"4\r\n")
    last = [line for line in said.split(b"\n") if line.strip()][-1]
    assert float(last.split(b",")[1]) / 1000.0 == 0.084


def test_old_firmware_is_deaf_while_somebody_has_a_screen_open():
    face = hours(maintenance=True, phase=5.0)
    assert whole(device(BamOptions(deaf_in_menus=True), face), b"\x1bRV\r") == b""
    assert whole(device(face=face), b"\x1bRV\r") != b""


def test_settings_and_clock_change_only_while_no_cycle_runs():
    face = hours(phase=5.0)
    unit = device(face=face)
    assert whole(unit, b"\x1bPR 6 0.0012\r") == b"PR 6, BKGD mg/m3, 0.0012\r\n"
    assert face.applied == [("bkgd", 1.2)]
    face.refuses["k_factor"] = "too high"
    assert whole(unit, b"\x1bPR 5 9\r") == b"PR 5, K FACTOR, RANGE\r\n"
    assert whole(unit, b"\x1bPR 5 nine\r") == b"PR 5, K FACTOR, RANGE\r\n"
    assert whole(unit, b"\x1bTM 03:04:05\r") == b"03:04:05\r\n"
    assert whole(unit, b"\x1bDT 12/31/26\r") == b"12/31/26\r\n"
    assert whole(unit, b"\x1bDT 02/30/26\r") == b"\r\n"


def test_the_unit_stamps_by_its_own_clock():
    face = hours(record_s=0.0)
    face.set_clock(face.clock_us() - 300_000_000)
    assert whole(device(face=face), b"\x1bTM\r") == b"01:56:40\r\n"


def test_the_printer_port_prints_each_hour_once_and_hears_nothing():
    face = hours()
    face.at_us = 2 * HOUR_US - 90_000_000
    printer = device(BamOptions(printer=True), face)
    assert whole(printer, b"\r\r\x1bRV\r") == b""
    said = []
    for _ in range(4):
        face.at_us = printer.next_output_us()
        said += printer.output()
    assert said == [b"01/05/26 02:00:00, +00.084,+0.834\r\n"]
    assert device().next_output_us() is None


def test_power_takes_the_prompt_and_leaves_the_pointers():
    unit = device()
    whole(unit, b"\r\r\r63\x1bR")
    unit.power_cycled()
    assert whole(unit, b"V\r5") == b""  # neither half a command nor the prompt is left
    assert whole(unit, b"\x1b3\r") == b"\r\n"


@given(pieces=st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([e[0] for e in EXCHANGES])), max_size=10))
def test_whatever_comes_it_answers_by_its_rules_or_is_silent_and_recovers(pieces):
    """Whatever comes in, the device answers by its rules or stays silent, never raises, never grows, and recovers."""
    unit = device()
    for piece in pieces:
        for reply in unit.receive(piece):
            assert reply.isascii()
            assert reply.endswith((b"\r", b"\n", b"*", b">"))
    assert len(unit._command or b"") <= DIALECT.table.longest_request
    assert whole(unit, b"\x1bRV*00168\r") == b"BAM-1020, 3236-07, R5.6.0*01283\r\n"


# -- host --


def asked(host, unit, text):
    return host.parse(text, whole(unit, host.request(text)))


def test_a_host_reads_what_the_unit_tells():
    host, unit = DIALECT.host(None), device(face=hours(bkgd=-1.2, k_factor=1.02))
    assert host.request("4") == b"\x1b4*00052\r"
    names = ("concentration", "qtot", "hour_temp", "alarms", "flow", "bkgd", "k_factor", "firmware", "model")
    values = {name: host.value(name, asked(host, unit, host.read_request(name))) for name in names}
    assert values == {
        "concentration": (84.0, "ug/m3"), "qtot": (0.834, "m3"), "hour_temp": (27.1, "deg C"),
        "alarms": (("E", "T"), ""), "flow": (0.0, "L/min"), "bkgd": (-1.2, "ug/m3"), "k_factor": (1.02, ""),
        "firmware": ("3236-07 5.6.0", ""), "model": ("BAM-1020", ""),
    }  # fmt: skip
    clock = [host.value(name, asked(host, unit, host.read_request(name))) for name in ("clock_date", "clock_time")]
    assert clock == [(START_US, "us"), (7_300_000_000, "us")]
    with pytest.raises(ValueError, match="does not match format"):
        host.value("clock_time", host.parse("TM", b"99:00:00*%05d\r\n" % checksum("99:00:00")))
    with pytest.raises(KeyError):
        host.read_request("filter_temp")


def test_a_host_sets_and_hears_no():
    host, face = DIALECT.host(None), hours(phase=0.0)
    unit = device(face=face)
    reply = asked(host, unit, host.set_request("bkgd", -2.0))
    assert host.value("bkgd", reply) == (-2.0, "ug/m3")
    assert face.applied == [("bkgd", -2.0)]
    assert host.set_request("clock_time", START_US + 3_723_000_000) == "TM 01:02:03"
    assert host.set_request("clock_date", START_US) == "DT 01/05/26"
    face.values["phase"] = 3.0
    for text, reason in ((host.set_request("k_factor", 1.1), "wrong settings"), ("ZZ", "unknown")):
        with pytest.raises(Refused) as caught:
            asked(host, unit, text)
        assert caught.value.reason == reason
    with pytest.raises(KeyError):
        host.set_request("self_test", True)
    with pytest.raises(Refused):
        host.set_request("k_factor", True)


def test_a_wrong_checksum_is_never_accepted():
    host, unit = DIALECT.host(None), device()
    raw = bytearray(whole(unit, host.request("4")))
    for place in range(len(raw) - 2):
        spoilt = bytearray(raw)
        spoilt[place] ^= 0x01
        with pytest.raises((ValueError, Refused)):
            host.parse("4", bytes(spoilt))
    with pytest.raises(ValueError, match="no checksum"):
        host.parse("4", ROW + b"\r\n")
    with pytest.raises(ValueError, match="by 21 fields"):
        host.parse("4", whole(unit, host.request("8")))
    with pytest.raises(ValueError, match="asked 'PR 6'"):
        host.parse("PR 6", whole(unit, host.request("PR 5")))
    reply = asked(host, unit, "4")
    with pytest.raises(ValueError, match="does not tell flow"):
        host.value("flow", reply)
    with pytest.raises(ValueError, match="not in mg/m3"):
        host.value("concentration", reply, "mg/m3")


def test_the_model_has_what_the_table_needs():
    unit = build_unit(catalogue.load("BAM-1020"), "pm", 1)
    known = {*unit.quantities(), *unit.settings, *unit.texts, *unit.standing(), "alarms", "powered"}
    assert DIALECT.quantities() <= known
    assert "".join(flag.letter for flag in DIALECT.table.flags) == LETTERS
    assert {flag.letter for flag in DIALECT.table.flags if flag.relay} == set(letters(RELAY))
    assert DIALECT.weakest_mark(["Q"]) == "recalled"
    assert DIALECT.weakest_mark(["QH"]) == "read"
    assert len({told.section for told in DIALECT.told()}) == 7


def test_tables_name_their_mistakes():
    data = {**catalogue.load("BAM-1020").protocols["bam"], "station": "five"}
    with pytest.raises(ConfigurationErrors, match=re.escape("protocol.bam.station")):
        BamTable.from_data(data, "BAM-1020.toml")
