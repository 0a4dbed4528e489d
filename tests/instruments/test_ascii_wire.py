"""The generic ASCII table: what its keys do, on both sides; the tables of the catalogue are whole."""

import math

import pytest
from faces import face_of
from feeding import WAYS, talked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.build import build_unit
from instruments.catalogue import load, models
from instruments.errors import ConfigurationErrors, Refused
from instruments.protocols.ascii_dialect import AsciiDevice, AsciiHost
from instruments.protocols.ascii_table import AsciiTable
from instruments.protocols.checks import crc16
from instruments.protocols.dialects import dialect

MODELS = [name for name in models() if "ascii" in load(name).protocols]
BALANCE = dialect(load("balance-5"), "ascii")
# MT-SICS, levels 0 and 1; a weight stands in ten columns.
SICS = [
    (b"SI\r\n", b"S S    0.14627 g\r\n"),
    (b"S\r\n", b"S S    0.14627 g\r\n"),
    (b"si\r\n", b"ES\r\n"),
    (b"Q\r\n", b"ES\r\n"),
    (b"Z\r\n", b"Z A\r\n"),
    (b"I4\r\n", b'I4 A "B5-77"\r\n'),
    (b"I2\r\n", b'I2 A "balance-5"\r\n'),
    (b"C3\r\n", b"C3 A\r\n"),
]
TABLE = {
    "address": "#{n:02d}", "check": "xor", "unknown": "?", "no_value": "--", "terminator": "\r",
    "refusals": {"too high": "HI", "invalid": "BAD"}, "unit": {"level": "m", "limit": "m"}, "scale": {"level": 100.0},
    "command": [
        {"request": "L", "reply": "{level:5.1f} cm {door:words}", "words": {"open": True, "shut": False}},
        {"request": "LIM?", "reply": "{limit:.2f}"},
        {"request": "LIM {limit:.2f}", "reply": "OK", "high": 5.0},
        {"request": "ZERO", "reply": "DONE", "apply": {"zero": True}, "only_if": {"door": False}, "otherwise": "DOOR"},
        {"request": "QUIET", "apply": {"beep": False}},
    ],
}  # fmt: skip


def table(**changes):
    data = {**TABLE, **changes}
    data["command"] = [{"mark": "recalled", "source": "a test", **row} for row in data["command"]]
    return AsciiTable(data, "test.toml")


@pytest.fixture
def gauge():
    def make(made=None, number=7, **changes):
        face = face_of(**{"level": 1.5, "door": False, "limit": 3.0, "beep": True, **changes})
        return face, AsciiDevice(made or table(), face, number), AsciiHost(made or table(), number)

    return make


@pytest.fixture
def balance():
    def make(**changes):
        face = face_of(**{"reading": 146.27, "stable": 1.0, "room_temp": 20.1, "serial": "B5-77", "model": "balance-5",
                       "firmware": "1.0", **changes})  # fmt: skip
        return face, BALANCE.box(face).line("serial", {}, None)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_a_balance_speaks_sics(balance, way):
    face, device = balance()
    assert talked(device, [request for request, _ in SICS], way) == [reply for _, reply in SICS]
    assert face.applied == [("zero_balance", True), ("adjust", True)]


def test_a_balance_that_is_not_at_rest_says_so(balance):
    face, device = balance(stable=0.0)
    assert device.receive(b"SI\r\nS\r\nZ\r\n") == [b"S D    0.14627 g\r\n", b"S I\r\n", b"Z I\r\n"]
    assert face.applied == []
    face.values["stable"] = 1.0
    face.refuses["zero_balance"] = "wrong settings"  # something lies on the pan
    assert device.receive(b"Z\r\n") == [b"Z I\r\n"]
    host = BALANCE.host(None)
    with pytest.raises(Refused):
        host.parse("Z", b"Z I\r\n")
    assert host.value("reading", host.parse("SI", b"S S    0.14627 g\r\n"))[0] == pytest.approx(146.27)


@pytest.mark.parametrize("way", WAYS)
def test_address_check_scale_words_and_refusals(gauge, way):
    face, device, _ = gauge()
    face.refuses["beep"] = "wrong settings"
    talk = [
        (b"#07L*68\r", b"150.0 cm shut"), (b"#07l*48\r", b"150.0 cm shut"), (b"#07L*00\r", b""), (b"#07L\r", b""),
        (b"#08L*67\r", b""), (b"#07LIM 4.5*%02X\r", b"OK"), (b"#07LIM?*%02X\r", b"4.50"),
        (b"#07LIM 6*%02X\r", b"HI"), (b"#07LIM x*%02X\r", b"BAD"), (b"#07NO*%02X\r", b"?"),
        (b"#07ZERO*%02X\r", b"DONE"), (b"#07QUIET*%02X\r", b"?"),
    ]  # fmt: skip

    def summed(text):
        return text + b"*%02X\r" % _xor(text)

    requests = [summed(request.partition(b"*")[0]) if b"%" in request else request for request, _ in talk]
    assert talked(device, requests, way) == [summed(reply) for _, reply in talk if reply]
    assert face.applied == [("limit", 4.5), ("zero", True)]


def _xor(text):
    found = 0
    for byte in text:
        found ^= byte
    return found


@pytest.mark.parametrize(
    ("check", "tail"), [("sum8", b"*%02X" % (sum(b"#07L") % 256)), ("sum16", b"*%04X" % sum(b"#07L")),
                        ("crc16", b"*%04X" % crc16(b"#07L")), ("none", b"")],
)  # fmt: skip
def test_kinds_of_check(gauge, check, tail):
    _, device, host = gauge(table(check=check))
    request = b"#07L" + tail + b"\r"
    assert host.request("L") == request
    (raw,) = device.receive(request)
    assert host.value("level", host.parse("L", raw)) == (pytest.approx(1.5), "m")


def test_what_the_check_forbids_is_no_value(gauge):
    _, device, host = gauge()
    (raw,) = device.receive(host.request("L"))
    for at in range(len(raw) - 1):
        with pytest.raises(ValueError, match=r".+"):
            host.parse("L", raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
    with pytest.raises(ValueError, match="no check"):
        host.parse("L", b"150.0 cm shut\r")


def test_no_value_comes_and_goes_as_its_text(gauge):
    _, device, host = gauge(table(check="none"), level=math.nan)
    (raw,) = device.receive(b"#07L\r")
    assert raw == b"   -- cm shut\r"
    assert math.isnan(host.value("level", host.parse("L", raw))[0])


def test_a_request_without_a_reply_is_obeyed_in_silence(gauge):
    face, device, host = gauge()
    text = host.set_request("beep", value=False)
    assert not host.answers(text)
    assert device.receive(host.request(text)) == []
    assert face.applied == [("beep", False)]
    with pytest.raises(Refused):
        host.set_request("limit", 9.0)
    with pytest.raises(KeyError):
        host.set_request("level", 1.0)


def test_all_mistakes_of_the_commands_are_told_at_once():
    rows = [{"request": "A", "reply": "{x:lots}"}, {"request": "B {x:d} {y:d}"}, {"request": "C", "reply": "1"},
            {"request": "c", "reply": "2"}]  # fmt: skip
    with pytest.raises(ConfigurationErrors) as caught:
        table(command=rows)
    assert [error.key.split(" ")[0] for error in caught.value.errors] == [
        "protocol.ascii.command[0]", "protocol.ascii.command[1]", "protocol.ascii.command[3]",
    ]  # fmt: skip


WORDS = [b"#07", b"LIM ", b"*", b"1e999", b"nan", b"\r", b"ZERO*4A"]
PIECES = st.one_of(st.binary(max_size=40), st.sampled_from(WORDS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_whatever_comes_in_it_answers_by_its_rules_and_recovers(gauge, pieces):
    """Never raises, never grows, answers the next valid request."""
    _, device, _ = gauge()
    for piece in pieces:
        device.receive(piece)
        assert len(device._buffer) <= 128
    device.receive(b"\r")
    assert device.receive(b"#07L*68\r") == [b"150.0 cm shut*%02X\r" % _xor(b"150.0 cm shut")]


@pytest.mark.parametrize("name", MODELS)
def test_each_table_of_the_catalogue_is_whole(name):
    """Quantities that the model has, in its units; each report of the device is read back by the host."""
    entry = load(name)
    made = dialect(entry, "ascii")
    unit = build_unit(entry, "x", 1, serial="S-1")
    known = {*unit.settings, *unit.quantities(), *unit.standing(), *unit.texts, *unit.actions, "alarms"}
    assert made.quantities() <= known
    units = {**{key: its.unit for key, its in entry.settings.items()}, **unit.units()}
    assert {key: units[key] for key in made.table.rows.unit} == made.table.rows.unit
    assert len(list(made.told())) == len(made.table.rows.command)
    values = (
        dict.fromkeys((*unit.quantities(), *unit.standing()), 1.0)
        | unit.settings
        | unit.texts
        | {"alarms": ("a:low", "b:high")}
    )
    face = face_of(**values)
    device, host = made.box(face).line("serial", {}, None), made.host(None)
    for one in made.table.exact.values():
        if one.reply is None or one.row.apply:
            continue
        request = one.row.request
        reply = host.parse(request, b"".join(device.receive(host.request(request))))
        for place in one.reply.placeholders:
            told, _ = host.value(place.quantity, reply)
            assert told == (pytest.approx(values[place.quantity]) if isinstance(told, float)
                            else values[place.quantity])  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_each_setting_of_the_catalogue_s_tables_can_be_set_through_them(name):
    entry = load(name)
    made = dialect(entry, "ascii")
    unit = build_unit(entry, "x", 1)
    face = face_of(**unit.settings)
    device, host = made.box(face).line("serial", {}, None), made.host(None)
    for setter in made.table.setters:
        setting = setter.request.placeholders[0].quantity
        text = host.set_request(setting, unit.settings[setting])
        host.parse(text, b"".join(device.receive(host.request(text))))
        assert face.applied[-1] == (setting, pytest.approx(unit.settings[setting]))
