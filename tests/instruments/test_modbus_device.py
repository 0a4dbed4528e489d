"""Modbus, the device side: replies byte for byte, faults of frames, silences, exceptions, clocks."""

import struct

import pytest
from feeding import fed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_ends import crc, device_of

from instruments.protocols.modbus_frames import RtuReader, TcpReader

T100 = {
    "so2": 41.7, "gas_mode": "sample", "alarms": (), "span_concentration": 400.0, "system_reset": False,
    "warming_up": False, "sample_flow": 0.65,
}  # fmt: skip
T700 = {"calibrator_mode": "span", "purge": False, "gas_flow": 41.7, "alarms": ("box_temp:high",), "pressure": 762.0}
MODELS = {"T100": T100, "T700": T700, "T400": {"gas_mode": "sample", "alarms": ()}}


def hexed(text):
    return bytes.fromhex(text)


@pytest.fixture
def box(bag_face):
    def make(model, protocol="modbus-rtu", number=None, options=None, **changes):
        if model in MODELS:
            face = bag_face("49i", **{**MODELS[model], **changes})
        else:
            face = bag_face(model, **changes)
        return face, device_of(model, face, protocol, number, **(options or {}))

    return make


EXCHANGES = [
    # Reference protocols-gas 2.2 and 1.12, bytes as printed there.
    ("T100", {}, "01 04 00 16 00 02 90 0F", "01 04 04 42 26 CC CD 9A A2"),
    ("T100", {}, "01 05 00 15 FF 00 9D FE", "01 05 00 15 FF 00 9D FE"),
    ("T100", {}, "01 05 00 14 FF 00 CC 3E", "01 05 00 14 FF 00 CC 3E"),
    ("T100", {}, "01 04 00 64 00 02 30 14", "01 84 02 C2 C1"),
    ("49i", {"o3": 31.4}, "31 04 00 01 00 02 25 FB", "31 04 04 41 FB 33 33 FA AF"),
]
# What is not printed there: the sum is added here by a library of others.
SUMMED = [
    ("49i", {"o3": 31.4}, "31 03 00 01 00 02", "31 03 04 41 FB 33 33"),  # function 3 reads the same
    ("49i", {}, "31 01 00 04 00 03", "31 01 01 04"),  # zero, span, sample: sample
    ("49i", {"gas_mode": "zero"}, "31 02 00 04 00 03", "31 02 01 01"),
    ("49i", {"mode": "service"}, "31 02 00 02 00 01", "31 02 01 01"),
    ("49i", {"alarms": ("flow_b:low",)}, "31 02 00 0D 00 09", "31 02 02 01 01"),  # general, and flow B
    ("49i", {}, "31 02 00 19 00 0A", "31 02 02 00 00"),
    ("48i", {"co": 4.567}, "30 04 00 01 00 02", "30 04 04 45 8E B8 00"),  # ppb on the wire
    ("T100", {"alarms": ("uv_lamp:low", "hvps:high")}, "01 02 00 00 00 14", "01 02 03 82 00 00"),
    ("T100", {}, "01 02 00 13 00 01", "01 02 01 01"),  # system OK
    ("T100", {"gas_mode": "span"}, "01 02 00 10 00 02", "01 02 01 02"),
    ("T100", {"gas_mode": "span"}, "01 01 00 14 00 02", "01 01 01 02"),
    ("T100", {}, "01 04 00 32 00 02", "01 04 04 44 22 80 00"),  # 0.65 L/min as 650 cc/min
    ("T100", {}, "01 04 00 16 00 01", "01 04 02 42 26"),  # half a number can be read
    ("T100", {}, "01 03 00 00 00 02", "01 03 04 43 C8 00 00"),
    ("T100", {}, "01 10 00 00 00 02 04 43 AF 00 00", "01 10 00 00 00 02"),
    ("T100", {}, "01 0F 00 14 00 02 01 02", "01 0F 00 14 00 02"),
    ("T700", {}, "01 04 00 00 00 02", "01 04 04 3D 2A CD 9F"),
    ("T700", {}, "01 02 00 00 00 14", "01 02 03 02 00 00"),
    ("T700", {}, "01 05 00 63 FF 00", "01 05 00 63 FF 00"),
    ("T100", {}, "01 05 00 64 FF 00", "01 85 02"),  # no such coil
    ("T100", {}, "01 05 00 15 12 34", "01 85 03"),  # neither on nor off
    ("T100", {}, "01 06 00 00 43 C8", "01 86 02"),  # half a number cannot be written
    ("T100", {}, "01 10 00 00 00 02 02 43 C8", "01 90 03"),  # byte count and count disagree
    ("T100", {}, "01 10 00 00 00 02 04 7F C0 00 00", "01 90 03"),  # no number
    ("T100", {}, "01 04 00 16 00 00", "01 84 03"),
    ("T100", {}, "01 04 00 16 00 7E", "01 84 03"),
    ("T100", {}, "01 04 FF FF 00 02", "01 84 02"),
    ("T100", {}, "01 01 00 14 07 D1", "01 81 03"),
    ("T100", {}, "01 11", "01 91 01"),
    ("T100", {}, "01 41 01 02 03", "01 C1 01"),  # a function of nobody knows what length
    ("T400", {"gas_mode": "sample", "alarms": ()}, "01 05 00 15 FF 00", "01 85 04"),  # low span: not fitted
]  # fmt: skip
SILENT = [
    ("T100", "02 04 00 16 00 02 90 3C"),  # another address
    ("T100", "01 04 00 16 00 02 90 0E"),  # wrong sum
    ("T100", "00 04 00 16 00 02 91 DE"),  # nobody answers a broadcast
    ("T100", "01 84 02 C2 C1"),  # another box's exception
    ("T100", ""),
]


@pytest.mark.parametrize("cut", [None, 1, 3])
@pytest.mark.parametrize("before", ["", "00", "FF 01 04", "01 10 00 00 00 7B F6"])
@pytest.mark.parametrize(("model", "state", "request_hex", "reply_hex"), EXCHANGES)
def test_printed_exchanges(model, state, request_hex, reply_hex, before, cut, box):
    _, device = box(model, **state)
    assert fed(device, hexed(before) + hexed(request_hex), cut=cut) == [hexed(reply_hex)]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(("model", "state", "request_hex", "reply_hex"), SUMMED)
def test_exchanges(model, state, request_hex, reply_hex, cut, box):
    state = {**({"gas_mode": "sample"} if model != "T700" else {}), **state}
    _, device = box(model, **state)
    assert fed(device, crc(hexed(request_hex)), cut=cut) == [crc(hexed(reply_hex))]


@pytest.mark.parametrize("cut", [None, 1])
@pytest.mark.parametrize(("model", "state", "request_hex", "reply_hex"), SUMMED)
def test_the_same_messages_on_tcp(model, state, request_hex, reply_hex, cut, box):
    _, device = box(model, "modbus-tcp", **state)
    request, reply = hexed(request_hex), hexed(reply_hex)

    def framed(number, pdu):
        return struct.pack(">HHH", number, 0, len(pdu)) + pdu

    if request_hex.endswith("41 01 02 03") or len(request) > 2:
        assert fed(device, framed(7, request), cut=cut) == [framed(7, reply)]


@pytest.mark.parametrize(("model", "data"), SILENT)
def test_silence_and_then_the_next_request(model, data, box):
    _, device = box(model)
    assert fed(device, hexed(data)) == []
    assert fed(device, hexed(EXCHANGES[0][2])) == [hexed(EXCHANGES[0][3])]


def test_glued_requests_are_answered_one_by_one(box):
    _, device = box("T100")
    requests = [exchange for exchange in EXCHANGES if exchange[0] == "T100"]
    data = b"".join(hexed(request) for _, _, request, _ in requests)
    assert fed(device, data) == [hexed(reply) for _, _, _, reply in requests]


def test_writes_move_valves_targets_and_actions(box):
    face, device = box("T100")
    fed(device, crc(hexed("01 05 00 14 FF 00")))
    assert face.values["gas_mode"] == "zero"
    fed(device, crc(hexed("01 05 00 15 00 00")))  # the span coil is off already
    assert face.values["gas_mode"] == "zero"
    fed(device, crc(hexed("01 05 00 14 00 00")))
    assert face.values["gas_mode"] == "sample"
    fed(device, crc(hexed("00 05 00 15 FF 00")))  # a broadcast is obeyed
    assert face.values["gas_mode"] == "span"
    fed(device, crc(hexed("01 0F 00 14 00 02 01 00")))
    assert face.values["gas_mode"] == "sample"
    fed(device, crc(hexed("01 10 00 00 00 02 04 43 AF 00 00")))
    assert face.values["span_concentration"] == 350.0
    face, device = box("43i")
    fed(device, crc(hexed("2B 05 00 69 FF 00")))
    assert face.applied == [("calibrate_so2_bkg", True)]


@pytest.mark.parametrize(("reason", "code"), [("too high", 3), ("invalid", 3), ("unknown", 2), ("no option", 2),
                                              ("wrong settings", 4), ("service mode", 4)])  # fmt: skip
def test_a_refusal_becomes_an_exception(reason, code, box):
    face, device = box("T100")
    face.refuses["span_concentration"] = reason
    assert fed(device, crc(hexed("01 10 00 00 00 02 04 43 AF 00 00"))) == [crc(bytes((1, 0x90, code)))]


def test_the_address_is_the_instrument_id_of_an_iseries_box_and_the_port_s_of_others(box):
    face, device = box("49i", number=5, o3=31.4)
    face.values["instrument_id"] = 50
    assert fed(device, crc(hexed("31 04 00 01 00 02"))) == []
    assert fed(device, crc(hexed("32 04 00 01 00 02"))) == [crc(hexed("32 04 04 41 FB 33 33"))]
    _, device = box("T100", number=9)
    assert fed(device, crc(hexed("09 04 00 16 00 02"))) == [crc(hexed("09 04 04 42 26 CC CD"))]


@pytest.mark.parametrize(
    ("byte_us", "gap_us", "answered"),
    [(1041.7, 3000, True), (1041.7, 4000, False), (86.8, 1500, True), (86.8, 1900, False), (0.0, 900_000, True),
     (0.0, 1_100_000, False)],
)  # fmt: skip
def test_half_a_frame_is_forgotten_after_a_silence(byte_us, gap_us, answered, box):
    face, device = box("T100")
    device.pace(byte_us)
    request = hexed(EXCHANGES[0][2])
    assert device.receive(request[:5]) == []
    face.at_us += round(gap_us + 3 * byte_us)
    replies = device.receive(request[5:])
    assert replies == ([hexed(EXCHANGES[0][3])] if answered else [])
    face.at_us += 2_000_000
    assert device.receive(request) == [hexed(EXCHANGES[0][3])]


def test_tcp_unit_ids(box):
    request = hexed("00 01 00 00 00 06 FF 04 00 16 00 02")
    assert fed(box("T100", "modbus-tcp")[1], request) == [hexed("00 01 00 00 00 07 FF 04 04 42 26 CC CD")]
    assert fed(box("T100", "modbus-tcp", options={"any_unit": False})[1], request) == []
    as_forge = box("49i", "modbus-tcp", options={"map": "iq", "echo_unit": False}, o3=31.4)[1]
    # The exchange of forge with its own simulator of a 49iQ (protocols-gas 1.13).
    assert fed(as_forge, hexed("00 01 00 00 00 06 01 03 08 34 00 02")) == [
        hexed("00 01 00 00 00 07 FF 03 04 33 33 41 FB")
    ]


def test_orders_of_words_and_bytes(box):
    request = crc(hexed("01 04 00 16 00 02"))

    def sent(**options):
        return fed(box("T100", options=options)[1], request)[0][3:7].hex(" ")

    assert sent() == "42 26 cc cd"
    assert sent(word_order="low first") == "cc cd 42 26"
    assert sent(byte_order="swapped") == "26 42 cd cc"  # Saimosen: registers 0x2642, 0xCDCC
    assert sent(word_order="low first", byte_order="swapped") == "cd cc 26 42"


def test_the_49iq_tells_who_it_is_and_lets_its_clock_be_set(box):
    face, device = box("49i", options={"map": "iq"})

    def ask(text):
        return fed(device, crc(hexed(text)))[0]

    assert ask("31 03 02 0B 00 10")[3:-2].rstrip(b"\0") == b"49iQ 01.00.01.074"
    assert ask("31 03 1D 83 00 03")[3:-2] == b"ppb\0\0\0"
    before = face.clock_us()
    assert ask("31 06 14 73 00 01")[1] == 0x86  # locked
    assert face.clock_us() == before
    for text in ("31 06 14 57 00 03", "31 10 14 41 00 06 0C 00 0C 00 22 00 38 00 07 00 1C 07 E5", "31 06 14 73 00 01",
                 "31 06 14 57 00 00"):  # fmt: skip
        assert not ask(text)[1] & 0x80, text
    assert face.clock_us() == 1_627_475_696_000_000  # 2021-07-28 12:34:56
    assert ask("31 03 14 41 00 06")[3:-2] == struct.pack(">6H", 12, 34, 56, 7, 28, 2021)
    ask("31 06 14 57 00 03")
    ask("31 06 14 44 00 0D")
    assert ask("31 06 14 73 00 01") == crc(hexed("31 86 03"))  # there is no 13th month


def test_every_bit_of_the_status_block_and_no_more(box):
    _, device = box("43i")
    assert fed(device, crc(hexed("2B 02 00 00 00 1F")))[0][1] == 2
    assert fed(device, crc(hexed("2B 02 00 00 00 20"))) == [crc(hexed("2B 82 02"))]


@pytest.mark.parametrize(("value", "raw"), [(1e39, "7F7FFFFF"), (-1e39, "FF7FFFFF"), (float("nan"), "7FC00000")])
def test_numbers_beyond_the_register(value, raw, box):
    reply = fed(box("T100", so2=value)[1], crc(hexed("01 04 00 16 00 02")))[0]
    assert reply[3:7] == hexed(raw)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), junk=st.binary(max_size=600), protocol=st.sampled_from(["modbus-rtu", "modbus-tcp"]))
def test_whatever_comes_it_answers_by_its_rules_or_is_silent_and_recovers(data, junk, protocol, bag_face):
    face = bag_face("49i", **T100)
    device = device_of("T100", face, protocol)
    headed = data.draw(st.sampled_from([b"", b"\x01\x10\x00\x00\x00\x02\x04", b"\x00\x01\x00\x00\x00\x06\x01"]))
    whole = fed(device, headed + junk)
    again = device_of("T100", bag_face("49i", **T100), protocol)
    assert fed(again, headed + junk, cut=1) == whole
    reader = device._reader
    assert len(reader._bytes) <= 260
    if isinstance(reader, RtuReader):
        assert len(reader._undecided) + sum(map(len, reader._ends.values())) <= 260
    else:
        assert isinstance(reader, TcpReader)
    face.at_us += 3_000_000
    if protocol == "modbus-rtu":
        assert device.receive(hexed(EXCHANGES[0][2])) == [hexed(EXCHANGES[0][3])]
    else:
        reply = device.receive(hexed("00 05 00 00 00 06 01 04 00 16 00 02"))
        assert reply == [hexed("00 05 00 00 00 07 01 04 04 42 26 CC CD")]
