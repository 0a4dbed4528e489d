"""The Alicat's wire, byte for byte; what PyPI's alicat does with it stands in tests/system."""

import pytest
from faces import face_of
from feeding import WAYS, talked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.build import build_unit
from instruments.catalogue import load
from instruments.errors import Refused
from instruments.protocols.dialects import dialect

DIALECT = dialect(load("alicat-m-10slpm"), "alicat")
STATE = {
    "pressure": 1013.53, "temperature": 25.0, "volumetric_flow": 0.0, "mass_flow": 0.0, "gas": "Air",
    "buttons_locked": False, "firmware": "6v21.0-R22", "serial": "88211",
}  # fmt: skip
FRAME = b"A +14.70 +25.00 +00.000 +00.000 Air\r"
CONVERSATION = [
    (b"A\r", FRAME),
    (b"a\r\n", FRAME),
    (b"B\r", b""),
    (b"AVE\r", b"A   6v21.0-R22 Nov 30 2016,16:04:20\r"),
    (b"A$$R46\r", b"A   046 = 0\r"),
    (b"A$$W46=8\r", b"A   046 = 8\r"),
    (b"AG 0\r", FRAME),
    (b"AG 99\r", b"?\r"),
    (b"A$$W46=99\r", b"?\r"),
    (b"AS5.00\r", b"?\r"),
    (b"A$$V\r", FRAME),
    (b"A$$L\r", b"A +14.70 +25.00 +00.000 +00.000 Air LCK\r"),
    (b"A$$U\r", FRAME),
    (b"AR91\r", b"A   091 = 50\r"),
    (b"AW91=0\r", b"?\r"),
    (b"AW91\r", b"?\r"),
    (b"A@=C\r", FRAME.replace(b"A ", b"C ", 1)),
    (b"A\r", b""),
    (b"C@ A\r", FRAME),
]


@pytest.fixture
def meter():
    def make(number=None, model=DIALECT, **changes):
        face = face_of(**{**STATE, **changes})
        return face, model.box(face).line("serial", {}, number)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_the_conversation(meter, way):
    face, device = meter()
    replies = talked(device, [request for request, _ in CONVERSATION], way)
    assert replies == [reply for _, reply in CONVERSATION if reply]
    assert face.applied == [("gas", "N2"), ("gas", "Air"), ("tare_flow", True), ("buttons_locked", True),
                            ("buttons_locked", False)]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "flow", "shown"),
    [("alicat-m-10slpm", 4.9995, b"+05.000"), ("alicat-m-1slpm", 0.4521, b"+0.4521"),
     ("alicat-m-100sccm", 0.0401, b"+040.10")],
)  # fmt: skip
def test_decimals_follow_the_full_scale(meter, model, flow, shown):
    _, device = meter(model=dialect(load(model), "alicat"), mass_flow=flow)
    assert device.receive(b"A\r")[0].split()[4] == shown


def test_words_of_over_range(meter):
    _, device = meter(volumetric_flow=11.0, mass_flow=10.5, temperature=60.0)
    assert device.receive(b"A\r")[0].split()[-3:] == [b"MOV", b"TOV", b"VOV"]


def test_the_tables_that_a_client_asks_for_when_it_opens(meter):
    _, device = meter()
    (maker,) = device.receive(b"A??M*\r")
    lines = maker.split(b"\r")
    assert len(lines) == 11
    assert lines[4] == b"A M04 Model Number M-10SLPM-D"
    assert lines[5] == b"A M05 Serial Number 88211"
    (layout,) = device.receive(b"A??D*\r")
    assert b"\rA D02 002 Abs Press                  s decimal     7/2 010 02 PSIA\r" in layout
    (gases,) = device.receive(b"A??G*\r")
    assert b"\rA G08      N2\r" in gases


def test_streaming_has_frames_without_a_letter_until_it_gets_one(meter):
    face, device = meter()
    device.receive(b"AW91=200\r")
    assert device.receive(b"A@ @\r") == []
    start = face.now_us()
    said = []
    for _ in range(3):
        face.at_us = device.next_output_us()
        said.append((face.now_us() - start, device.output()))
    assert said == [(n * 200_000, [FRAME[2:]]) for n in (1, 2, 3)]
    assert device.receive(b"A\r") == []
    assert device.receive(b"@@ B\r") == [FRAME.replace(b"A ", b"B ", 1)]
    assert device.next_output_us() is None
    assert device.receive(b"@@ C\r") == []  # it does not stream any more


def test_the_host_reads_and_sets(meter):
    face, device = meter(mass_flow=1.234, number=3)
    host = DIALECT.host(3)

    def ask(text):
        return host.parse(text, b"".join(device.receive(host.request(text))))

    def read(quantity):
        text = host.read_request(quantity)
        return host.value(quantity, ask(text))

    assert read("mass_flow") == (1.234, "L/min")
    assert read("pressure")[0] == pytest.approx(1013.5, abs=0.4)
    assert read("firmware") == ("6v21.0-R22", "")
    ask(host.set_request("gas", "N2"))
    assert read("gas") == ("N2", "")
    ask(host.set_request("tare_flow", value=True))
    assert face.applied == [("gas", "N2"), ("tare_flow", True)]
    face.refuses["gas"] = "invalid"
    with pytest.raises(Refused):
        ask(host.set_request("gas", "Air"))
    with pytest.raises(Refused):
        host.set_request("gas", "SF6")


@pytest.mark.parametrize(
    "raw", [FRAME[2:], FRAME.replace(b"A ", b"B ", 1), FRAME.replace(b"+25", b"25"), FRAME.replace(b"Air", b"Aiq"),
            FRAME.replace(b"Air", b"Air XYZ"), b"A +14.70 +25.00 +00.000 +00.000 +05.000 Air\r"],
)  # fmt: skip
def test_what_is_no_frame_of_that_meter_is_no_reply(raw):
    with pytest.raises(ValueError, match=r".+"):
        DIALECT.host(0).parse("poll", raw)


PIECES = st.one_of(st.binary(max_size=30), st.sampled_from([b"A", b"A$$W46=", b"AW91=", b"A@", b"@@ A\r", b"AG", b"A??",
                                                           b"99999", b"*\r"]))  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=12))
def test_whatever_comes_in_it_answers_by_its_rules_and_recovers(meter, pieces):
    """Never raises, never grows; a host that first gives it a letter, streaming or not, is answered."""
    _, device = meter()
    for piece in pieces:
        device.receive(piece)
        assert len(device._buffer) <= 64
    device.receive(b"\r@@ A\r")
    replies = [device.receive(bytes([letter]) + b"\r") for letter in range(ord("A"), ord("Z") + 1)]
    assert sum(1 for reply in replies if reply and b"+14.70 +25.00" in reply[0]) == 1


def test_the_model_has_all_that_the_table_needs():
    unit = build_unit(load("alicat-m-10slpm"), "flow", 1)
    assert DIALECT.quantities() <= {*unit.settings, *unit.quantities(), *unit.texts, *unit.actions}
