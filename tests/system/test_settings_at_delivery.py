"""Ports that nobody has set are as their makers deliver them, and an endpoints file tells a client all it needs."""

import json

import pytest
import serial
from rig_commands import rig

from rig.bench_check import check_bench_data
from rig.cli.serve import _table as table_of
from rig.serve import ServedBench
from rig.session import open_session

AT_DELIVERY = {
    "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
    "air": {"ambient": {"model": "city", "climate": "beijing"}},
    "device": {
        "weather": {"model": "WXT536",
                    "port": {"a": {"protocol": "wxt"}, "far": {"protocol": "wxt", "kind": "rfc2217"}}},
        "sight": {"model": "PWD22", "port": {"far": {"protocol": "pwd", "kind": "rfc2217"}, "a": {"protocol": "pwd"}}},
        "pm10": {"model": "BAM-1020", "port": {"far": {"protocol": "bam", "kind": "rfc2217"}}},
        "flow": {"model": "alicat-m-10slpm", "port": {"net": {"protocol": "alicat", "kind": "tcp"}}},
    },
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning", "ignore:setName:DeprecationWarning")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivered")
    with ServedBench(check_bench_data(AT_DELIVERY, "bench.toml"), folder / "bench.toml", folder, 10.0) as served:
        yield served


def address_of(served, device, port):
    return next(e.address for e in served.endpoints if (e.device, e.port) == (device, port))


def test_the_wxt_is_at_19200_baud(delivered):
    with serial.Serial(address_of(delivered, "weather", "a"), 19200, timeout=5) as port:
        port.write(b"?\r\n")
        assert port.read(3) == b"0\r\n"
        port.baudrate, port.timeout = 9600, 0.5
        port.write(b"?\r\n")
        assert port.read(3) != b"0\r\n"
    with serial.serial_for_url(address_of(delivered, "weather", "far"), 19200, timeout=5) as port:
        port.write(b"\r\n?\r\n")
        assert port.read_until(b"0\r\n").endswith(b"0\r\n")


POLL = b"\r\x05PW  1 2\r"


def test_the_pwd22_has_seven_bits_and_even_parity_where_the_line_carries_them(delivered):
    url = address_of(delivered, "sight", "far")
    with serial.serial_for_url(url, 9600, bytesize=7, parity="E", timeout=5) as port:
        port.write(POLL)
        message = port.read_until(b"\r\n")
        assert message.startswith(b"\x01PW  1\x02")
    with serial.serial_for_url(url, 9600, timeout=0.5) as port:
        port.write(b"".join(bytes([byte | (byte.bit_count() & 1) << 7]) for byte in POLL))  # 7E1 by hand
        heard = port.read_until(b"\r\n", 200)
        assert heard != message
        assert bytes(byte & 0x7F for byte in heard).startswith(b"\x01PW  1\x02")  # the eighth bit is the parity
        assert all(byte.bit_count() % 2 == 0 for byte in heard)
    with serial.Serial(address_of(delivered, "sight", "a"), 9600, timeout=5) as port:  # a pty has eight bits
        port.write(POLL)
        assert port.read_until(b"\r\n").startswith(b"\x01PW  1\x02")


def test_the_endpoints_file_has_every_port_with_its_settings(delivered, tmp_path):
    path = tmp_path / "endpoints.json"
    delivered.write_endpoints(path)
    devices = json.loads(path.read_text())["device"]
    url = address_of(delivered, "sight", "far")
    assert devices["sight"]["ports"]["far"] == {
        "kind": "rfc2217", "protocol": "pwd", "address": url, "baud": 9600, "data_bits": 7, "parity": "even",
        "stop_bits": 1,
    }  # fmt: skip
    pty = devices["sight"]["ports"]["a"]
    assert devices["sight"]["resource"] == pty["resource"] == f"ASRL{pty['address']}::INSTR"
    assert (pty["data_bits"], pty["parity"]) == (8, "none")
    assert devices["weather"]["ports"]["a"]["baud"] == 19200
    assert set(devices["flow"]["ports"]["net"]) == {"kind", "protocol", "address", "resource"}


def test_a_host_reaches_every_device_by_that_file_alone(delivered, tmp_path):
    path = tmp_path / "endpoints.json"
    delivered.write_endpoints(path)
    session = open_session(check_bench_data(json.loads(path.read_text()), str(path)), path)
    try:
        assert set(session.handles) == {"sight", "weather", "flow"}
        for device, quantity in (("sight", "visibility_1min"), ("weather", "air_temperature"), ("flow", "mass_flow")):
            value, _ = session.handles[device].read(quantity)
            assert isinstance(value, float)
    finally:
        session.close()


def test_the_table_names_port_protocol_settings_and_address(delivered):
    head, *rows = (line.split("  ") for line in table_of(delivered).splitlines())
    cells = [[cell.strip() for cell in row if cell.strip()] for row in (head, *rows)]
    assert cells[0] == ["device", "port", "model", "protocol", "settings", "id", "address"]
    url = address_of(delivered, "sight", "far")
    assert ["sight", "far", "PWD22", "pwd", "9600 7E1", "-", url] in cells
    assert ["flow", "net", "alicat-m-10slpm", "alicat", "-", "-", address_of(delivered, "flow", "net")] in cells
    assert ["weather", "a", "WXT536", "wxt", "19200 8N1", "-", address_of(delivered, "weather", "a")] in cells


def test_a_device_that_visa_cannot_reach_is_in_the_file_with_its_address(delivered, tmp_path):
    path = tmp_path / "endpoints.json"
    delivered.write_endpoints(path)
    pm10 = json.loads(path.read_text())["device"]["pm10"]
    assert "resource" not in pm10
    assert pm10["ports"]["far"]["address"] == address_of(delivered, "pm10", "far")
    done = rig("check", path, "--connect")
    assert f"not asked: no VISA library reaches {pm10['ports']['far']['address']}" in done.stdout
    assert done.returncode == 0, done.stderr
