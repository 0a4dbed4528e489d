"""pymodbus's own client against a served bench: RTU on a pty, TCP on a port; host handles through the same ports."""

import json
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymodbus import ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from instruments import catalogue
from instruments.catalogue import load
from rig.bench_check import check_bench_data
from rig.bench_file import read_bench_file
from rig.errors import RigError
from rig.serve import ServedBench
from rig.session import open_session

BENCH = {
    "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
    "device": {
        "so2": {"model": "T100", "serial": "SIM-0100", "port": {
            "a": {"protocol": "modbus-rtu", "id": 3, "baud": 19200},
            "net": {"kind": "tcp", "protocol": "modbus-tcp"}}},
        # A box has three TCP connections, and lets them go some seconds after the client: a box for each test.
        "crowded": {"model": "T100", "port": {"net": {"kind": "tcp", "protocol": "modbus-tcp"}}},
        "handled": {"model": "T100", "port": {"net": {"kind": "tcp", "protocol": "modbus-tcp"}}},
        "o3": {"model": "49i", "port": {
            "a": {"protocol": "modbus-rtu"}, "c": {"protocol": "clink", "id": 50},
            "iq": {"kind": "tcp", "protocol": "modbus-tcp", "options": {"map": "iq"}}}},
        "meter": {"model": "alicat-m-10slpm", "port": {"a": {"protocol": "modbus-rtu"}}},
    },
    "air": {"ambient": {"so2": "20 ppb", "o3": "40 ppb"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modbus")
    file = check_bench_data(BENCH, "bench.toml")
    with ServedBench(file, Path("bench.toml"), folder, 200.0) as bench:
        until(lambda: bench.call(lambda b: b.clock.now_us) > 150_000_000)  # gas has come, averages are full
        yield bench


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def endpoint(served, device, port):
    return next(e for e in served.endpoints if (e.device, e.port) == (device, port))


@pytest.fixture
def rtu(served):
    made = []

    def connect(device, baud=9600, timeout=2.0):
        client = ModbusSerialClient(endpoint(served, device, "a").address, baudrate=baud, timeout=timeout, retries=0)
        assert client.connect()
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


@pytest.fixture
def tcp(served):
    made = []

    def connect(device, port):
        host, _, number = endpoint(served, device, port).address.rpartition(":")
        client = ModbusTcpClient(host, port=int(number), timeout=2, retries=0)
        assert client.connect()
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


def number(client, registers, order="big"):
    return client.convert_from_registers(registers, client.DATATYPE.FLOAT32, word_order=order)


def test_rtu_reads_and_writes_as_on_a_real_t100(rtu, served):
    client = rtu("so2", 19200)
    so2 = number(client, client.read_input_registers(22, count=2, device_id=3).registers)
    assert so2 == pytest.approx(20.0, abs=2.0)
    # KB2's habit: every register one by one, those with an exception are dropped.
    kept = [at for at in range(0, 60, 2) if not client.read_input_registers(at, count=2, device_id=3).isError()]
    assert kept == [value.row.at for value in dialect_map("T100") if 4 in value.functions]
    assert client.read_input_registers(12, count=2, device_id=3).exception_code == 2
    assert client.read_discrete_inputs(0, count=27, device_id=3).bits[19] is True
    assert not client.write_coil(21, True, device_id=3).isError()
    assert client.read_coils(20, count=2, device_id=3).bits[:2] == [False, True]
    assert served.call(lambda bench: bench.observed("so2", "gas_mode")) == "span"
    assert not client.write_coils(20, [False, False], device_id=3).isError()
    assert served.call(lambda bench: bench.observed("so2", "gas_mode")) == "sample"
    raw = client.convert_to_registers(350.0, client.DATATYPE.FLOAT32)
    assert not client.write_registers(0, raw, device_id=3).isError()
    assert served.call(lambda bench: bench.observed("so2", "span_concentration")) == 350.0
    assert client.write_register(0, 1, device_id=3).exception_code == 2


def dialect_map(model):
    from instruments.protocols.dialects import dialect

    return dialect(load(model), "modbus-rtu").maps[""].values


def test_a_wrong_address_is_silence_and_a_broadcast_is_obeyed(rtu, served):
    client = rtu("so2", 19200, 0.3)
    with pytest.raises(ModbusException):
        client.read_input_registers(22, count=2, device_id=4)
    client.write_coil(20, True, device_id=0, no_response_expected=True)
    client.read_coils(20, count=1, device_id=3)
    assert served.call(lambda bench: bench.observed("so2", "gas_mode")) == "zero"
    client.write_coil(20, False, device_id=3)


def test_tcp_with_any_unit_id(tcp):
    client = tcp("so2", "net")
    for unit in (1, 3, 255):
        so2 = number(client, client.read_input_registers(22, count=2, device_id=unit).registers)
        assert so2 == pytest.approx(20.0, abs=2.0)


def test_the_iseries_box_has_one_id_for_all_protocols(rtu):
    client = rtu("o3", timeout=0.5)
    o3 = number(client, client.read_holding_registers(1, count=2, device_id=50).registers)
    assert o3 == pytest.approx(40.0, abs=4.0)
    with pytest.raises(ModbusException):
        client.read_holding_registers(1, count=2, device_id=49)


def test_the_iq_map_low_word_first(tcp):
    client = tcp("o3", "iq")
    registers = client.read_holding_registers(2100, count=2, device_id=255).registers
    assert number(client, registers, "little") == pytest.approx(40.0, abs=4.0)
    text = client.read_holding_registers(523, count=16, device_id=255).registers
    assert client.convert_from_registers(text, client.DATATYPE.STRING).startswith("49iQ ")


def test_a_model_without_a_map_of_its_maker(rtu):
    client = rtu("meter")
    assert number(client, client.read_input_registers(6, count=2, device_id=1).registers) == pytest.approx(1013, abs=40)
    text = client.read_input_registers(3000, count=16, device_id=1).registers
    assert client.convert_from_registers(text, client.DATATYPE.STRING) == "alicat-m-10slpm"


def test_requests_in_pieces_and_many_clients(served):
    host, _, port = endpoint(served, "crowded", "net").address.rpartition(":")
    request = bytes.fromhex("00 09 00 00 00 06 01 04 00 16 00 02")
    clients = [socket.create_connection((host, int(port)), timeout=5) for _ in range(3)]
    try:
        for client in clients:
            client.sendall(request[:5])
            client.sendall(request[5:] + request)
            reply = b""
            while len(reply) < 26:
                reply += client.recv(100)
            assert reply[:9].hex() == "00090000000701" + "0404"
            assert struct.unpack(">f", reply[9:13])[0] == pytest.approx(20.0, abs=2.0)
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize(("device", "protocol"), [("so2", "modbus-rtu"), ("handled", "modbus-tcp")])
def test_the_handle_reads_through_the_served_ports(served, device, protocol, tmp_path):
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps(served.endpoints_data()))
    session = open_session(read_bench_file(path), path, devices=(device,))
    try:
        handle = session.handles[device]
        assert handle.identity.protocol == protocol
        assert handle.read("so2")[0] == pytest.approx(20.0, abs=2.0)
        assert handle.alarms() == ()
        handle.set("gas_mode", "span")
        assert handle.read("gas_mode")[0] == "span"
        handle.set("gas_mode", "sample")
        assert handle.read("gas_mode")[0] == "sample"
        assert handle.link.retries == 0
    finally:
        session.close()


def test_a_bench_without_modbus_does_not_import_pymodbus():
    code = (
        "import sys; from pathlib import Path; from scenarios.opening import load_bench; "
        "from rig.session import open_session; import rig.cli; file, path = load_bench('demo'); "
        "session = open_session(file, path); session.close(); sys.exit('pymodbus' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [({"protocol": "modbus-tcp"}, ['port.a.kind: expected kind = "tcp" for modbus-tcp']),
     ({"options": {"map": "mine"}}, ["options.map", "'generic'", "'mine'"]),
     ({"options": {"word_order": "upside down"}}, ["options.word_order", "'low first'"]),
     ({"options": {"any_unit": True}}, ["options.any_unit", "one of map, word_order, byte_order"]),
     ({"id": 248}, ["an address from 0 to 247"])],
)  # fmt: skip
def test_mistakes_of_a_port_are_named(change, words):
    data = json.loads(json.dumps(BENCH))
    data["device"] = {"so2": data["device"]["so2"]}
    data["device"]["so2"]["port"] = {"a": {"protocol": "modbus-rtu", **change}}
    with pytest.raises(ValueError, match="so2") as caught:
        check_bench_data(data, "bench.toml")
    for word in words:
        assert word in str(caught.value)


def test_one_id_for_the_protocols_that_share_it():
    data = json.loads(json.dumps(BENCH))
    data["device"]["o3"]["port"]["a"]["id"] = 51
    with pytest.raises(ValueError, match=r"device\.o3\.port\.c\.id: expected 51, the box's one id"):
        check_bench_data(data, "bench.toml")


def test_a_box_that_hangs_up_is_a_time_out_and_never_a_wait_without_end(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        data = {
            "bench": BENCH["bench"],
            "device": {"so2": {"model": "T100", "resource": f"TCPIP::{host}::{port}::SOCKET", "protocol": "modbus-tcp",
                               "timeout": "0.2 s"}},
        }  # fmt: skip
        path = tmp_path / "bench.json"
        path.write_text(json.dumps(data))
        session = open_session(read_bench_file(path), path)
        try:
            server.accept()[0].close()
            with pytest.raises(RigError):
                session.handles["so2"].read("so2")
        finally:
            session.close()


def test_a_mistake_in_the_map_of_a_model_of_one_s_own_is_told_by_the_check(tmp_path):
    text = Path(catalogue.__file__).with_name("T100.toml").read_text(encoding="utf-8")
    (tmp_path / "my.toml").write_text(text.replace("{ at = 2, quantity", '{ at = "two", colour = 1, quantity'))
    data = json.loads(json.dumps(BENCH))
    data["device"] = {"so2": {"model": str(tmp_path / "my.toml"), "port": {"a": {"protocol": "modbus-rtu"}}}}
    with pytest.raises(ValueError, match=r"protocol\.modbus\.registers\.0\.rows\.1\.at") as caught:
        check_bench_data(data, "bench.toml")
    assert "colour" in str(caught.value)
