"""Recorded conversations: written, read, played as a device, compared by meaning."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.clock import VirtualClock
from rig.conversation.comparison import compare
from rig.conversation.file import Exchange, Piece, exchanges, head_line, piece_line, read_pieces
from rig.conversation.replay import ReplayEnd
from rig.errors import ConfigurationError
from rig.lines import Line, LineTiming

HOST, DEVICE = "host", "device"
POLLED = [
    Piece(0, HOST, b"\xabso2\r"), Piece(30_000, DEVICE, b"so2 1.234"), Piece(45_000, DEVICE, b"E+01 ppb\r"),
    Piece(1_000_000, HOST, b"\xabflow\r"), Piece(1_020_000, DEVICE, b"flow 0.450 l/m\r"),
    Piece(2_000_000, HOST, b"\xabso2\r"), Piece(2_030_000, DEVICE, b"so2 1.250E+01 ppb\r"),
]  # fmt: skip


def modbus(transaction, *values, swap=False):
    body = b"".join(struct.pack(">f", value) for value in values)
    if swap:
        body = b"".join(body[at + 2 : at + 4] + body[at : at + 2] for at in range(0, len(body), 4))
    pdu = bytes([1, 4, len(body)]) + body
    return struct.pack(">HHH", transaction, 0, len(pdu)) + pdu


def written(path, pieces, tail=""):
    path.write_text(
        head_line("/dev/ttyUSB0", 9600, "2026-11-24T10:00:00+00:00") + "".join(map(piece_line, pieces)) + tail
    )
    return path


def test_a_file_gives_back_what_was_written(tmp_path):
    assert read_pieces(written(tmp_path / "a.jsonl", POLLED)) == POLLED


def test_a_last_line_cut_off_by_a_power_cut_is_left_out_and_one_in_the_middle_is_told(tmp_path):
    assert read_pieces(written(tmp_path / "a.jsonl", POLLED, '{"us": 3000000, "fr')) == POLLED
    spoiled = written(tmp_path / "b.jsonl", POLLED).read_text().replace('"us": 1000000', '"us": "soon"')
    (tmp_path / "b.jsonl").write_text(spoiled)
    with pytest.raises(ConfigurationError, match=r"b\.jsonl: line 5: expected a line of a conversation"):
        read_pieces(tmp_path / "b.jsonl")
    (tmp_path / "c.jsonl").write_text("time,value\n")
    with pytest.raises(ConfigurationError, match="expected the first line of a conversation"):
        read_pieces(tmp_path / "c.jsonl")


def test_requests_are_paired_with_their_answers():
    so2, flow, again = exchanges(POLLED)
    assert so2.request == b"\xabso2\r"
    assert so2.replies == ((30_000, b"so2 1.234"), (45_000, b"E+01 ppb\r"))
    assert (flow.us, again.reply) == (1_000_000, b"so2 1.250E+01 ppb\r")


def test_a_request_without_a_line_end_and_without_an_answer_is_one_of_its_own():
    first, second = exchanges([
        Piece(0, HOST, b"\x01\x04\x00"), Piece(3_000, HOST, b"\x16\x00\x02\x90\x0f"), Piece(900_000, HOST, b"\x01\x04"),
        Piece(910_000, DEVICE, b"\x01\x84\x02\xc2\xc1"),
    ])  # fmt: skip
    assert (first.request, first.replies) == (b"\x01\x04\x00\x16\x00\x02\x90\x0f", ())
    assert second.request == b"\x01\x04"


def played(recorded):
    clock, told = VirtualClock(), []
    line = Line("replay", clock, ReplayEnd(recorded, lambda: clock.now_us, told.append), LineTiming(baud=0))
    heard = []
    line.connect(lambda data: heard.append((clock.now_us, data)))
    return clock, line, heard, told


def test_a_recording_answers_by_meaning_in_its_own_time_and_order():
    clock, line, heard, told = played(list(exchanges(POLLED)))
    for request in (b"\xabSO2  \r\n", b"\xabso2\r", b"\xabso2\r"):
        line.from_host(request)
        clock.wait(1_000_000)
    assert heard == [
        (30_000, b"so2 1.234"), (45_000, b"E+01 ppb\r"), (1_030_000, b"so2 1.250E+01 ppb\r"),
        (2_030_000, b"so2 1.234"), (2_045_000, b"E+01 ppb\r"),
    ]  # fmt: skip
    assert told == []


def test_what_was_not_recorded_is_met_with_silence_and_told():
    clock, line, heard, told = played(list(exchanges(POLLED)))
    line.from_host(b"\xabno\r")
    line.from_host(b"\xaaso2\r")  # another box's address
    clock.wait(1_000_000)
    assert heard == []
    assert told == ["not in the recording: <ab> no", "not in the recording: <aa> so2"]


def test_modbus_tcp_is_answered_with_the_clients_own_transaction_number():
    ask = bytes.fromhex("000100000006 010400160002")
    clock, line, heard, _ = played([Exchange(0, ask, ((5_000, modbus(1, 41.7)),))])
    line.from_host(b"\x12\x34" + ask[2:])
    clock.wait(100_000)
    assert heard == [(5_000, modbus(0x1234, 41.7))]


def test_a_line_end_within_a_binary_request_is_a_number():
    ask, reply = bytes.fromhex("0104000a000251c9"), bytes.fromhex("010404426 6cccd9b8e".replace(" ", ""))
    assert list(exchanges([Piece(0, HOST, ask[:4]), Piece(2_000, HOST, ask[4:]), Piece(9_000, DEVICE, reply)])) == [
        Exchange(2_000, ask, ((7_000, reply),))
    ]
    clock, line, heard, told = played([Exchange(0, ask, ((5_000, reply),))])
    line.from_host(ask)
    clock.wait(100_000)
    assert heard == [(5_000, reply)]
    line.from_host(b"\x01\x04\x00\x0d\x00")
    clock.wait(1_000_000)
    line.from_host(ask)
    clock.wait(100_000)
    assert heard[1:] == [(1_105_000, reply)]
    assert told == ["not in the recording: 01 04 00 0d 00"]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_whatever_comes_a_recording_keeps_its_wits(pieces):
    clock, line, heard, _ = played(list(exchanges(POLLED)))
    for data in pieces:
        line.from_host(data)
        clock.wait(10_000)
    clock.wait(300_000)
    heard.clear()
    line.from_host(b"\r\xabflow\r")
    clock.wait(5_000_000)
    assert heard[-1][1] == b"flow 0.450 l/m\r"


def compared(first, second, relative=0.01, absolute=0.0):
    return list(compare(first, second, relative=relative, absolute=absolute))


def test_two_conversations_with_one_meaning_do_not_differ():
    first = list(exchanges(POLLED))
    second = [
        Exchange(0, b"\xabflow\r\n", ((0, b"flow 0.451 l/m\r"),)),
        Exchange(1, b"\xabSO2\r", ((0, b"so2 1.240E+01 ppb*\nsum 0512\r"),)),
        Exchange(2, b"\xabso2\r", ((0, b"so2 12.5 ppb\r"),)),
    ]
    assert compared(first, second) == []


def test_each_difference_is_one_line():
    first = list(exchanges(POLLED))
    second = [
        Exchange(0, b"\xabso2\r", ((0, b"so2 2.468E+01 ppb\r"),)),
        Exchange(1, b"\xabso2\r", ((0, b"so2 bad cmd\r"),)),
        Exchange(2, b"\xabflow\r", ()),
        Exchange(3, b"\xabset mode remote\r", ((0, b"set mode remote ok\r"),)),
    ]
    assert compared(first, second) == [
        "<ab> so2 (number 1): 1.234e+01 became 2.468e+01 in 'so2 1.234e+01 ppb'",
        "<ab> so2 (number 2): 'so2 1.250e+01 ppb' became 'so2 bad cmd'",
        "<ab> flow (number 1): was answered, then was not",
        "<ab> set mode remote: asked 0 times, then 1 times",
    ]


@pytest.mark.parametrize("swap", [False, True])
def test_registers_are_compared_as_floats(swap):
    ask = bytes.fromhex("000100000006 010400160004")
    first = [Exchange(0, ask, ((0, modbus(1, 41.7, 12.0, swap=swap)),))]
    near = [Exchange(0, b"\0\x09" + ask[2:], ((0, modbus(9, 41.9, 12.0, swap=swap)),))]
    far = [Exchange(0, ask, ((0, modbus(1, 51.7, 12.0, swap=swap)),))]
    assert compared(first, near) == []
    (line,) = compared(first, far)
    assert line.startswith("Modbus TCP 01 04 00 16 00 04 (number 1): 01 04 08")


def test_small_whole_numbers_in_registers_are_not_taken_for_floats():
    ask, reply = bytes.fromhex("0104001600029 00f".replace(" ", "")), bytes.fromhex("010404000000050000")
    changed = bytes.fromhex("010404000000060000")
    assert len(compared([Exchange(0, ask, ((0, reply),))], [Exchange(0, ask, ((0, changed),))], 0.5, 0.5)) == 1
