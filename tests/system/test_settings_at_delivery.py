"""Ports that nobody has set are as their makers deliver them, and an endpoints file tells a client all it needs."""

import json

import pytest
import serial
from rig_commands import complaints, rig, write

from rig.bench_check import check_bench_data
from rig.cli.serve import _table as table_of
from rig.errors import ConfigurationError
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
        "stop_bits": 1, "id": 1,
    }  # fmt: skip
    pty = devices["sight"]["ports"]["a"]
    assert devices["sight"]["resource"] == pty["resource"] == f"ASRL{pty['address']}::INSTR"
    assert (pty["data_bits"], pty["parity"]) == (8, "none")
    assert devices["weather"]["ports"]["a"]["baud"] == 19200
    assert set(devices["flow"]["ports"]["net"]) == {"kind", "protocol", "address", "resource", "id"}
    assert "id" not in devices["pm10"]["ports"]["far"]  # it has no address


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
    assert ["sight", "far", "PWD22", "pwd", "9600 7E1", "1", url] in cells
    assert ["flow", "net", "alicat-m-10slpm", "alicat", "-", "0", address_of(delivered, "flow", "net")] in cells
    assert ["weather", "a", "WXT536", "wxt", "19200 8N1", "0", address_of(delivered, "weather", "a")] in cells


def test_a_device_that_visa_cannot_reach_is_in_the_file_with_its_address(delivered, tmp_path):
    path = tmp_path / "endpoints.json"
    delivered.write_endpoints(path)
    pm10 = json.loads(path.read_text())["device"]["pm10"]
    assert "resource" not in pm10
    assert pm10["ports"]["far"]["address"] == address_of(delivered, "pm10", "far")
    done = rig("check", path, "--connect")
    assert f"not asked: no VISA library reaches {pm10['ports']['far']['address']}" in done.stdout
    assert done.returncode == 0, done.stderr


def delivered_in(mode, **port):
    return {"model": "WXT536", "port": {"a": {"protocol": "wxt", "options": {"mode": mode}, **port}}}


def test_a_wxt_has_the_rate_of_the_mode_that_it_is_delivered_in_and_says_so(tmp_path):
    devices = {"ascii": delivered_in("P"), "nmea": delivered_in("Q"), "sdi": delivered_in("S"),
               "far": delivered_in("R", kind="rfc2217"), "told": delivered_in("Q", baud=9600)}  # fmt: skip
    file = check_bench_data(AT_DELIVERY | {"device": devices}, "bench.toml")
    with ServedBench(file, tmp_path / "bench.toml", tmp_path, 10.0) as served:
        settings = {e.device: str(e.settings) for e in served.endpoints}
        with serial.Serial(str(tmp_path / "nmea"), 4800, timeout=5) as port:
            port.write(b"0XU\r\n")
            assert b",M=Q,T=0,C=2,I=0,B=4800,D=8,P=N,S=1," in port.read_until(b"\r\n")
            port.baudrate, port.timeout = 19200, 0.3
            port.write(b"0XU\r\n")
            assert b"XU" not in port.read_until(b"\r\n")
        url = next(e.address for e in served.endpoints if e.device == "far")
        with serial.serial_for_url(url, 1200, bytesize=7, parity="E", timeout=5) as port:
            port.write(b"0!")
            assert port.read_until(b"\r\n") == b"0\r\n"
    assert settings == {
        "ascii": "19200 8N1", "nmea": "4800 8N1", "sdi": "1200 8N1", "far": "1200 7E1", "told": "9600 8N1",
    }  # fmt: skip


def test_an_address_that_the_bench_file_leaves_out_is_told_and_is_answered(tmp_path):
    """Of a box with one number for its ports; with an address to a port; by table and file; on each port asked so."""
    boxes = {
        "so2": {"model": "43i", "port": {"a": {"protocol": "clink"}, "mb": {"protocol": "modbus-tcp", "kind": "tcp"}}},
        "o3": {"model": "49i", "port": {"a": {"protocol": "clink"}, "b": {"protocol": "clink", "id": 77}}},
        "pm": {"model": "1400a", "port": {"a": {"protocol": "ak"}}},
    }
    file = check_bench_data(AT_DELIVERY | {"device": boxes}, "bench.toml")
    with ServedBench(file, tmp_path / "bench.toml", tmp_path, 10.0) as served:
        listed = {tuple(row.split()[:2]): row.split()[-2] for row in table_of(served).splitlines()[1:]}
        devices = json.loads(json.dumps(served.endpoints_data()))["device"]
        ports = {(name, port): its["id"] for name in boxes for port, its in devices[name]["ports"].items()}
        assert ports == {("so2", "a"): 43, ("so2", "mb"): 43, ("o3", "a"): 77, ("o3", "b"): 77, ("pm", "a"): 52}
        assert listed == {place: str(number) for place, number in ports.items()}
        for device in ("so2", "o3"):
            with serial.Serial(address_of(served, device, "a"), 9600, timeout=5) as port:
                port.write(bytes([128 + ports[device, "a"]]) + b"gas unit\r")
                assert port.read_until(b"\r") == b"gas unit ppb\r"


@pytest.mark.parametrize("kind", ["tcp", "rfc2217"])
def test_a_port_at_every_address_is_told_with_one_that_a_client_can_use(kind, tmp_path):
    port = {"protocol": "clink", "kind": kind}
    boxes = {"so2": {"model": "43i", "port": {"net": {**port, "interface": "0.0.0.0"}, "own": port}}}
    file = check_bench_data(AT_DELIVERY | {"device": boxes}, "bench.toml")
    with ServedBench(file, tmp_path / "bench.toml", tmp_path, 10.0) as served:
        so2 = json.loads(json.dumps(served.endpoints_data()))["device"]["so2"]
        net, own = so2["ports"]["net"], so2["ports"]["own"]
        host, number = net["address"].removeprefix("rfc2217://").split(":")
        assert (host, net["interface"]) == ("127.0.0.1", "0.0.0.0")
        assert "interface" not in own
        if kind == "tcp":
            assert so2["resource"] == f"TCPIP::127.0.0.1::{number}::SOCKET"
        assert f"{net['address']} (at 0.0.0.0)" in table_of(served)
        scheme = "rfc2217" if kind == "rfc2217" else "socket"
        for own_address in ("127.0.0.1", "127.0.0.2"):  # it does listen at all of them
            with serial.serial_for_url(f"{scheme}://{own_address}:{number}", 9600, timeout=5) as client:
                client.write(b"\xabgas unit\r")
                assert client.read_until(b"\r") == b"gas unit ppb\r"


def test_an_address_that_this_machine_does_not_have_is_a_mistake_of_the_file(tmp_path):
    net = {"protocol": "clink", "kind": "tcp"}
    own = {"device": {"so2": {"model": "43i", "port": {"net": {**net, "interface": "192.0.2.1"}}}}}
    bench = write(tmp_path / "bench.json", {"bench": AT_DELIVERY["bench"], **own})
    (line,) = complaints(rig("serve", bench), 2)
    words = "interface: expected an address of this machine, found '192.0.2.1'"
    assert line == f"rig: {bench}: device.so2.port.net.{words}"
    of_all = {"bench": {**AT_DELIVERY["bench"], "interface": "192.0.2.1"},
              "device": {"so2": {"model": "43i", "port": {"net": net}}}}  # fmt: skip
    served = ServedBench(check_bench_data(of_all, "bench.toml"), tmp_path / "bench.toml", tmp_path)
    with pytest.raises(ConfigurationError) as caught, served:
        pass
    assert str(caught.value) == f"{tmp_path}/bench.toml: bench.{words}"
