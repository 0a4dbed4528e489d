"""`rig diff` that knows who answered: registers of Modbus by the map of the model, and what it says without one."""

import struct

import pytest
from rig_commands import DEMO, changed, write

from instruments.protocols.modbus import Message, encode_reply, encode_request, rtu_frame, tcp_frame
from rig.cli.conversation import diff
from rig.conversation.file import Piece, head_line, piece_line
from rig.errors import ConfigurationError


def recorded(path, *exchanges):
    pieces, us = [], 0
    for request, reply in exchanges:
        pieces += [Piece(us, "host", request), Piece(us + 30_000, "device", reply)]
        us += 1_000_000
    path.write_text(head_line("/dev/ttyUSB0", 9600, "2026-11-24T10:00:00+00:00") + "".join(map(piece_line, pieces)))
    return path


def read(function, at, values, unit=1, over_tcp=False):
    """A request for registers or bits, and its reply."""
    request = encode_request(Message(function, at, len(values)))
    reply = encode_reply(Message(function, values=tuple(values)))
    if over_tcp:
        return tcp_frame(unit, 7, request), tcp_frame(unit, 7, reply)
    return rtu_frame(unit, request), rtu_frame(unit, reply)


def words(*numbers):
    raw = struct.pack(f">{len(numbers)}f", *numbers)
    return struct.unpack(f">{len(raw) // 2}H", raw)


# As the number of high word first that it is, the concentration has doubled; as one of low word first, it is the same.
DOUBLED = (0x3F80, 0x4226), (0x4000, 0x4226)


def held(capsys, tmp_path, first, second, **known):
    code = diff(recorded(tmp_path / "a", *first), recorded(tmp_path / "b", *second), 0.01, 0.0, **known)
    return code, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("over_tcp", [False, True])
def test_what_the_guess_at_floats_hides_the_map_tells_by_name(capsys, tmp_path, over_tcp):
    before, after = ([read(3, 1, registers, over_tcp=over_tcp)] for registers in DOUBLED)
    code, lines = held(capsys, tmp_path, before, after)
    assert (code, lines[-1]) == (0, "0 differences in 1 and 1 requests")
    assert lines[0] == (
        "registers of 2 replies are taken for 32-bit floats where they look like some; "
        "--model or --bench tells what they are"
    )
    code, lines = held(capsys, tmp_path, before, after, model="43i")
    assert code == 1
    assert lines[0].endswith("(number 1): register 1 (so2): 1.00202 became 2.00404")
    assert lines[1:] == ["registers of Modbus are read by the map of 43i", "1 differences in 1 and 1 requests"]


def test_numbers_have_their_tolerance_and_codes_texts_and_bits_have_none(capsys, tmp_path):
    before = [read(3, 1, words(10.0)), read(2, 4, (0, 1))]
    after = [read(3, 1, words(10.05)), read(2, 4, (1, 0))]
    code, lines = held(capsys, tmp_path, before, after, model="43i")
    assert code == 1
    assert lines[0].endswith("bit 4 (zero mode): off became on; bit 5 (span mode): on became off")
    assert lines[-1] == "1 differences in 2 and 2 requests"


def test_what_the_map_does_not_have_is_compared_as_it_is(capsys, tmp_path):
    before, after = [read(3, 3, (5, 6))], [read(3, 3, (5, 7))]
    code, lines = held(capsys, tmp_path, before, after, model="43i")
    assert code == 1
    assert lines[0].endswith("(number 1): register 4: 0006 became 0007")


def bench(tmp_path, **ports):
    devices = {name: DEMO["device"][name] | {"port": {"a": {"protocol": "modbus-rtu", **port}}}
               for name, port in ports.items()}  # fmt: skip
    return str(write(tmp_path / "bench.json", changed(DEMO, device=DEMO["device"] | devices)))


def test_a_bench_tells_maps_orders_and_who_has_which_unit_id(capsys, tmp_path):
    path = bench(tmp_path, so2={"id": 5, "options": {"word_order": "low first"}}, o3={"id": 6})
    both = [read(3, 1, DOUBLED[0], unit) for unit in (5, 6)], [read(3, 1, DOUBLED[1], unit) for unit in (5, 6)]
    code, lines = held(capsys, tmp_path, *both, bench=path)
    assert code == 1
    assert [line.rpartition("): ")[0].rpartition("1 (")[2] for line in lines[:-2]] == ["o3"]
    assert lines[-2] == "registers of Modbus are read by the map of so2, o3"
    # Named, a device has answered whatever the id is.
    code, lines = held(capsys, tmp_path, *both, bench=path, device="so2")
    assert (code, lines[-2]) == (0, "registers of Modbus are read by the map of so2")


def test_who_answered_has_to_be_clear(tmp_path):
    file = recorded(tmp_path / "a", read(3, 1, DOUBLED[0]))
    twins = bench(tmp_path, so2={"id": 5}, o3={"id": 5})
    for known, key, expected in (
        ({"bench": twins}, "--device", "one of so2, o3: two of them have one unit id"),
        ({"bench": twins, "device": "co"}, "--device", "a device that speaks Modbus"),
        ({"bench": twins, "device": "no2"}, "--device", "one of so2, "),
        ({"device": "so2"}, "--device", "a --bench that has it"),
        ({"bench": "demo", "model": "43i"}, "--model", "a model or a bench, not both"),
        ({"bench": "demo"}, "--bench", "a bench with a device that speaks Modbus"),
        ({"model": "44x"}, "", "44x"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            diff(file, file, 0.0, 0.0, **known)
        assert key in str(caught.value)
        assert expected in str(caught.value)
