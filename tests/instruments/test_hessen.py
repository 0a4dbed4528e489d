"""Bayern-Hessen: frames and replies byte for byte, makers' habits, silences, and the host that reads them back."""

import re
from functools import partial
from pathlib import Path

import pytest
from feeding import fed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_ends import asked, device_of, host_of

from instruments import catalogue
from instruments.build import build_unit
from instruments.catalogue import load, models
from instruments.errors import ConfigurationErrors, Refused
from instruments.protocols.dialects import dialect, protocols_of
from instruments.protocols.hessen_frame import block_check, frame
from instruments.protocols.hessen_table import number_of, number_text

CATALOGUE = Path(catalogue.__file__).parent
MODELS = [model for model in models() if "hessen" in protocols_of(load(model))]
ANALYZERS = ("42i", "43i", "48i", "49i", "T100", "T200", "T300", "T400")
made = partial(device_of, protocol="hessen")
asking = partial(host_of, protocol="hessen")

# Reference protocols-gas 3.1, bytes as printed there.
FRAMES = [
    ("02 44 41 03 30 34", "DA"), ("02 44 41 30 30 35 03 33 31", "DA005"), ("02 44 41 20 20 35 03 33 31", "DA  5"),
    ("02 44 41 30 39 37 03 33 41", "DA097"), ("02 53 54 38 34 33 20 4B 03 35 32", "ST843 K"),
]  # fmt: skip
CHECKS = [("ST042 N", "5E"), ("ST042 K", "5B"), ("ST042 M", "5D"), ("DA044", "34"), ("DA003", "37")]


@pytest.mark.parametrize(("raw", "text"), FRAMES)
def test_printed_frames(raw, text):
    assert frame(text.encode(), with_check=True) == bytes.fromhex(raw)


@pytest.mark.parametrize(("text", "check"), CHECKS)
def test_printed_block_checks(text, check):
    assert frame(text.encode(), with_check=True)[-2:].decode() == check
    assert frame(text.encode(), with_check=False) == b"\x02" + text.encode() + b"\r"


def told(text, check):
    return b"\x02" + text.encode() + b"\x03" + check.encode()


MANUAL = "MD03 001 +2578+01 {op} 04 0000000000 002 +5681+00 {op} 04 0000000000 003 +1175+01 {op} 04 0000000000 "
REPLIES = [
    # Thermo appendix D prints operating status 03; which state that is nobody knows: here it reads 00.
    ("42i", {"no": 25.78, "no2": 5.681, "nox": 11.75, "alarms": ("internal_temp:high",)}, {}, 1, MANUAL.format(op="00"),
     None),
    ("42i", {"no": 12.34, "no2": 51.0, "nox": 17.44}, {"variant": "horiba", "numbers": "decimal"}, 1,
     "MD03 011 +1234+01 00 00 008 000000 012 +5100+01 00 00 008 000000 013 +1744+01 00 00 008 000000 ", None),
    ("42i", {"no": 12.34, "no2": 5.1, "nox": 17.44}, {"variant": "horiba", "numbers": "decimal"}, 1,
     "MD03 011 +1234+01 00 00 008 000000 012 +5100+00 00 00 008 000000 013 +1744+01 00 00 008 000000 ", "24"),
    ("43i", {"so2": 126.4}, {"variant": "horiba"}, 1, "MD01 006 +1264-01 00 00 008 000000 ", None),
    ("43i", {"so2": 12.34}, {}, 843, "MD01 843 +1234+01 00 00 0000000000 ", None),
    ("43i", {"so2": 12.34, "gas_mode": "span"}, {"serial": 123}, 43, "MD01 043 +1234+01 08 00 1230000000 ", None),
    ("43i", {"so2": float("nan"), "gas_mode": "zero"}, {}, 43, "MD01 043 +0000+00 04 00 0000000000 ", None),
    ("43i", {"so2": -3.2}, {"variant": "ecotech"}, 43, "MD01 043 -3200+00 40 00000 00000000 ", None),
    ("43i", {"so2": 0.0, "alarms": ("sample_flow:low",)}, {"variant": "ecotech-new"}, 43,
     "MD01 043 +0000+00 40 03 000 000000 ", None),
    ("43i", {"so2": 568.1}, {"variant": "classic"}, 43, "MD01 043 +5681+02 00 00 000 000000 ", None),
]  # fmt: skip


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize("before", ["", "00FF", "02", "024441303033", "0244410330"])
@pytest.mark.parametrize(("model", "state", "options", "address", "text", "check"), REPLIES)
def test_replies(model, state, options, address, text, check, before, cut, bag_face):
    face = bag_face(model, **{**state, "instrument_id": address})
    request = frame(f"DA{address:03d}".encode(), with_check=True)
    reply = frame(text.encode(), with_check=True)
    assert check is None or reply == told(text, check)
    assert fed(made(model, face, **options), bytes.fromhex(before) + request, cut=cut) == [reply]


def test_the_printed_record_of_thermo_has_the_printed_sum():
    framed = b"\x02" + MANUAL.format(op="03").encode() + b"\x03"
    assert block_check(framed) == b"3C"


TELEDYNE = {"so2": 41.7, "gas_mode": "sample", "alarms": (), "warming_up": False, "mode": ""}


@pytest.mark.parametrize(
    ("state", "status"),
    [({}, "40 00"), ({"gas_mode": "zero"}, "44 00"), ({"gas_mode": "span", "warming_up": True}, "C8 00"),
     ({"alarms": ("sample_flow:low", "box_temp:high")}, "40 09")],
)  # fmt: skip
def test_teledyne_s_status_word(state, status, bag_face):
    face = bag_face("43i", **{**TELEDYNE, **state})
    text = f"MD01 110 +4170+01 {status} 000 000000 "
    assert fed(made("T100", face), b"\x02DA\r") == [b"\x02" + text.encode() + b"\r"]


def test_a_bam_tells_mg_and_its_phase(bag_face):
    values = {row.quantity: 1.5 for row in dialect(load("BAM-1020"), "hessen").rows.measurement}
    face = bag_face("43i", **{**values, "concentration": -15.0, "phase": 3.0, "flags_now": float(0x400 | 0x010)})
    said = fed(made("BAM-1020", face), b"\x02DA\r")[0].decode()
    assert said.startswith("\x02MD11 001 -1500-02 08 11 001 000000 002 +1500+00 08 11 001 000000 003 ")
    assert len(said.split(" ")) == 1 + 11 * 6 + 1  # KB2 splits at single blanks: six words a channel


@pytest.mark.parametrize(
    ("options", "request_bytes", "ending"),
    [({}, b"\x02DA\r", b"\r"), ({}, b"\x02DA\x0304", b""), ({"ending": "bcc"}, b"\x02DA\r", b""),
     ({"ending": "cr"}, b"\x02DA\x0304", b"\r")],
)  # fmt: skip
def test_the_reply_ends_as_the_request_or_as_it_is_told_to(options, request_bytes, ending, bag_face):
    (reply,) = fed(made("43i", bag_face("43i"), **options), request_bytes)
    assert reply.endswith(ending or block_check(reply[:-2]))
    assert (reply[-3:-2] == b"\x03") == (not ending)


SILENT = ["DA044", "DA44 ", "DA4a3", "DB", "DA0430", "da043", "", "ST043 K", "ST043 X", "ST044 N", "MD01"]


@pytest.mark.parametrize("with_check", [True, False])
@pytest.mark.parametrize("text", SILENT)
def test_silence_and_then_the_next_request(text, with_check, bag_face):
    device = made("43i", bag_face("43i"))
    assert fed(device, frame(text.encode(), with_check=with_check)) == []
    assert fed(device, b"\x02DA043\x03" + block_check(b"\x02DA043\x03")[:1] + b"x") == []
    assert len(fed(device, b"\x02DA043\r\x02DA 43\r\x02DA\r\x02DA43\r")) == 4


def test_wildcards_are_ecotech_s(bag_face):
    for variant, answers in (("ecotech", 2), ("thermo", 0)):
        device = made("43i", bag_face("43i"), variant=variant)
        assert len(fed(device, b"\x02DA000\r\x02DA???\r")) == answers


def test_letters_open_ports_in_silence_unless_the_box_is_in_service_mode(bag_face):
    face = bag_face("43i")
    device = made("43i", face)
    for letter, port in (("N", "zero"), ("K", "span"), ("M", "sample")):
        assert fed(device, frame(f"ST043 {letter}".encode(), with_check=True)) == []
        assert face.values["gas_mode"] == port
    face.values["mode"] = "service"
    fed(device, b"\x02ST043 K\r")
    assert face.values["gas_mode"] == "sample"
    face.values["mode"] = "local"
    face.refuses["gas_mode"] = "no option"
    assert fed(device, b"\x02ST043 K\r") == []


@pytest.mark.parametrize(
    ("value", "decimal", "integer"),
    [(-5384000.0, "-5384+06", "-5384+03"), (0.04567, "+4567-02", "+4567-05"), (25.78, "+2578+01", "+2578-02"),
     (5.681, "+5681+00", "+5681-03"), (0.0356, "+3560-02", "+3560-05"), (0.0, "+0000+00", "+0000+00"),
     (9.9996, "+1000+01", "+1000-02"), (1e120, "+0000+00", "+0000+00"), (float("inf"), "+0000+00", "+0000+00")],
)  # fmt: skip
def test_numbers(value, decimal, integer):
    for numbers, text in (("decimal", decimal), ("integer", integer)):
        assert number_text(value, numbers) == text
        assert number_of(text, numbers) == (pytest.approx(value, rel=1e-3) if "0000" not in text else 0.0)


@pytest.mark.parametrize("variant", ["", "thermo", "teledyne", "horiba", "ecotech", "ecotech-new", "classic"])
@pytest.mark.parametrize("model", ANALYZERS)
def test_the_host_reads_every_maker_s_records(model, variant, bag_face):
    entry = load(model)
    rows = dialect(entry, "hessen").rows
    unit = build_unit(entry, model, 1)
    values = {row.quantity: 1.234 * (3.0 + n) for n, row in enumerate(rows.measurement)}
    own = {name for row in rows.error for name in row.alarm}
    alarm = "sample_flow" if "sample_flow" in own else "flow_a"
    face = bag_face("43i", **values, instrument_id=7, gas_mode="span", warming_up=False, alarms=(f"{alarm}:low",))
    device, host = made(model, face, number=7, variant=variant), asking(model, number=7, variant=variant)
    reply = asked(host, device, "DA")
    for row in rows.measurement:
        found, unit_inside = host.value(row.quantity, reply)
        assert found == pytest.approx(values[row.quantity], rel=5e-4)
        assert unit_inside == unit.units()[row.quantity]
    assert host.value("gas_mode", reply)[0] == "span"
    assert alarm in host.value("alarms", reply)[0]
    assert host.set_request("gas_mode", "zero") == "ST N"
    assert not host.answers("ST N")
    device.receive(host.request("ST N"))
    assert host.value("gas_mode", asked(host, device, "DA"))[0] == "zero"


@pytest.mark.parametrize("model", MODELS)
def test_a_table_needs_nothing_that_the_model_lacks(model):
    entry = load(model)
    unit = build_unit(entry, model, 1)
    known = {*unit.quantities(), *unit.settings, *entry.alarms, "alarms", "warming_up"}
    spoken = dialect(entry, "hessen")
    assert spoken.quantities() - {"gas_mode", "mode"} <= known
    inside = unit.units()
    factors = {("umol/mol", "ppm"): 1.0, ("nmol/mol", "ppb"): 1.0, ("ug/m3", "mg/m3"): 1e-3, ("hPa", "mmHg"): 0.750062}
    for row in spoken.rows.measurement:
        there = inside[row.quantity]
        assert row.scale == (1.0 if there == row.unit else factors[there, row.unit]), row
    assert {told.section for told in spoken.told()} >= {"habits", "measurements", "error status"}


def spoilt_replies(raw):
    for at in range(len(raw)):
        for bit in range(7):
            changed = bytearray(raw)
            changed[at] ^= 1 << bit
            yield bytes(changed)


def test_no_flipped_bit_is_accepted(bag_face):
    host = asking("43i")
    raw = b"".join(made("43i", bag_face("43i")).receive(host.request("DA")))
    right = host.parse("DA", raw)
    for reply in spoilt_replies(raw):
        if host.missing("DA", reply) == 0:
            with pytest.raises(ValueError):  # noqa: PT011 - one of several reasons
                host.parse("DA", reply)
    assert host.parse("DA", b"\xff\x02MD" + raw) == right
    assert [host.missing("DA", raw[:n]) for n in (0, 5, len(raw) - 2, len(raw) - 1, len(raw))] == [3, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [("MD02 043 +1234+01 00 00 0000000000 ", "expected 'MD01 '"),
     ("MD01 044 +1234+01 00 00 0000000000 ", "number 044, not 043"),
     ("MD01 043 +12.4+01 00 00 0000000000 ", "measurement 1 is"),
     ("MD01 043 +1234+01 00 00 000 000000 ", "measurement 1 is"),
     ("MD01 043 +1234+01 00 00 0000000000 043 ", "after the last measurement")],
)  # fmt: skip
def test_a_record_of_another_form_or_box_is_not_accepted(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        asking("43i").parse("DA", frame(text.encode(), with_check=True))
    with pytest.raises(ValueError, match="another unit"):
        asking("T100").parse("DA", frame(b"MD01 110 +1234+01 60 00 000 000000 ", with_check=True))


def test_what_it_cannot_tell_or_set_is_said():
    host = asking("43i")
    for quantity in ("so2_coef", "range", "mode"):
        with pytest.raises(KeyError):
            host.read_request(quantity)
    with pytest.raises(KeyError):
        host.set_request("averaging_time", 60)
    with pytest.raises(Refused):
        host.set_request("gas_mode", "purge")
    with pytest.raises(KeyError):
        asking("BAM-1020").set_request("gas_mode", "zero")
    with pytest.raises(ValueError, match="no request of Bayern-Hessen"):
        host.request("so2")
    spoken = dialect(load("T300"), "hessen")
    assert spoken.weakest_mark(["DA"]) == "recalled"
    assert spoken.weakest_mark(["ST N"]) == "reported"
    with pytest.raises(KeyError):
        spoken.weakest_mark(["so2"])


def test_mistakes_of_a_table_are_named(tmp_path):
    text = CATALOGUE.joinpath("43i.toml").read_text(encoding="utf-8")
    text = text.replace("address = 43\n", 'address = "far"\ncolour = 1\n')
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(ConfigurationErrors) as caught:
        dialect(load(str(tmp_path / "my.toml")), "hessen")
    assert "protocol.hessen.address" in str(caught.value)
    assert "protocol.hessen.colour" in str(caught.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([b"\x02", b"\x03", b"\r", b"DA", b"ST043 K", b"\x02DA04"])),
        max_size=30,
    )
)
def test_whatever_comes_it_answers_by_its_rules_or_is_silent_and_recovers(parts, bag_face):
    data = b"".join(parts)
    device = made("43i", bag_face("43i"))
    assert fed(device, data) == fed(made("43i", bag_face("43i")), data, cut=1)
    assert len(device._buffer._text or b"") <= 64
    assert fed(device, b"\x02DA043\r") == [b"\x02MD01 043 +1234+01 0%d 00 0000000000 \r" % (
        {"sample": 0, "zero": 4, "span": 8}[device._face.values["gas_mode"]])]  # fmt: skip
