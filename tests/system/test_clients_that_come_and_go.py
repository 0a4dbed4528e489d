"""The usual logger opens a connection for each command: a closed one must not keep the next one out."""

import json
import socket

import pytest
import serial
from rig_commands import DEMO, changed, served

NET = {"net": {"kind": "tcp", "protocol": "clink", "id": 43, "clients": 1}}
FAR = {"kind": "rfc2217", "protocol": "clink", "id": 43}


def test_one_connection_a_command_without_a_pause(tmp_path):
    with served(tmp_path, changed(DEMO, device__so2__port=NET)) as (_, endpoints, _):
        host, port = endpoints["device"]["so2"]["resource"].split("::")[1:3]
        for _ in range(10):
            with socket.create_connection((host, int(port)), timeout=5) as client:
                client.sendall(b"so2 coef\r")
                said = b""
                while not said.endswith(b"\r"):
                    said += client.recv(100)
                assert said.startswith(b"so2 coef 1.0")


@pytest.mark.filterwarnings("ignore:setDaemon:DeprecationWarning", "ignore:setName:DeprecationWarning")  # pyserial
def test_an_rfc2217_port_is_opened_again_at_once(tmp_path):
    with served(tmp_path, changed(DEMO, device__so2__port={"far": FAR})) as (_, _, table):
        address = next(row[-1] for row in table if row[0] == "so2")
        for _ in range(3):
            with serial.serial_for_url(address, 9600, timeout=5) as client:
                client.write(bytes([128 + 43]) + b"so2 coef\r")
                assert client.read_until(b"\r").startswith(b"so2 coef 1.0")


def test_endpoints_give_a_port_its_own_address_only(tmp_path):
    ports = {"a": {"protocol": "teledyne"}, "mb": {"protocol": "modbus-rtu", "id": 1}}
    data = changed(DEMO, device__so2__model="T100", device__so2__port=ports)
    with served(tmp_path, data) as (_, endpoints, _):
        so2 = endpoints["device"]["so2"]
    assert so2["protocol"] == "teledyne"
    assert so2["id"] == 0  # the machine id, not Modbus's address
    assert so2["ports"]["mb"]["id"] == 1
    assert json.dumps(so2["resources"])
