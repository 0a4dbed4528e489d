"""Sensors on a served bench, asked by clients that are not ours: PyPI's alicat, pyserial, a socket, pyvisa @py."""

import asyncio
import os
import socket

import pytest
import pyvisa
import serial

from instruments.protocols.checks import crc16, printable

WIRES = {
    "weather": {"port": {"b": {"kind": "tcp", "protocol": "wxt"}}},
    "visibility": {"port": {"b": {"kind": "tcp", "protocol": "pwd", "id": 1}}},
    "flow": {"model": "alicat-m-10slpm", "serial": "88211", "hidden": {"flow_offset": 0.5},
             "port": {"a": {"kind": "serial", "protocol": "alicat", "baud": 19200},
                      "b": {"kind": "tcp", "protocol": "alicat"}}},
}  # fmt: skip
SENSORS = pytest.mark.rig(bench="station", overrides={"device": WIRES})


def places(served):
    return {f"{endpoint.device}.{endpoint.port}": endpoint.address for endpoint in served.endpoints}


@SENSORS
def test_pypi_s_alicat_reads_tares_chooses_gases_and_locks(served_bench):
    alicat = pytest.importorskip("alicat", reason="PyPI's alicat is in the extra 'test'")
    ports = places(served_bench)

    async def talk(address):
        async with alicat.FlowMeter(address=address, timeout=2.0) as meter:
            first = await meter.get()
            await meter.tare_volumetric()
            await asyncio.sleep(2.2)  # a reading takes a second and is shown for the next one
            tared = await meter.get()
            await meter.set_gas("CO2")
            other = await meter.get()
            await meter.set_gas("Air")
            await meter.lock()
            locked = await meter.is_locked()
            await meter.unlock()
            unlocked, firmware = await meter.is_locked(), await meter.get_firmware()
            await meter.hw.close()  # it leaves its sockets open otherwise
            return first, tared, other, locked, unlocked, firmware

    tcp = ports["flow.b"]
    first, tared, other, locked, unlocked, firmware = asyncio.run(talk(tcp))
    assert first["volumetric_flow"] == pytest.approx(0.5, abs=0.01)
    assert set(first) == {"pressure", "temperature", "volumetric_flow", "mass_flow", "gas"}
    assert tared["volumetric_flow"] == 0.0
    assert (other["gas"], locked, unlocked) == ("CO2", True, False)
    assert firmware.endswith("6v21.0-R22 Nov 30 2016,16:04:20")

    async def serially(path):
        async with alicat.FlowMeter(address=path, timeout=2.0) as meter:
            return await meter.get()

    assert asyncio.run(serially(os.path.realpath(ports["flow.a"])))["gas"] == "Air"


@SENSORS
def test_a_logger_polls_the_weather_on_a_pty_and_listens_to_it_on_tcp(served_bench):
    ports = places(served_bench)
    with serial.Serial(ports["weather.a"], 19200, timeout=3) as port:
        # as air-trend starts: eight numbers behind "="
        port.write(b"0XU,C=2,I=0,M=P\r\n")
        assert port.readline() == b"0XU,C=2,I=0,M=P\r\n"
        port.write(b"0R0\r\n")
        values = [part.split(b"=")[1] for part in port.readline().strip().split(b",")[1:]]
        assert len([float(value[:-1]) for value in values]) == 8
        # as komakallio's does: automatic, with CRC
        port.write(b"0XU,M=a\r\n0WU,I=1\r\n")
        assert b",M=a" in port.readline()
        port.readline()
        host, _, number = ports["weather.b"].partition(":")
        with socket.create_connection((host, int(number)), timeout=3) as tcp:
            heard = tcp.makefile("rb").readline()
        for line in (heard, port.readline()):
            text, check = line.strip()[:-3], line.strip()[-3:]
            assert text.startswith(b"0r")
            assert printable(crc16(text)).encode() == check


@SENSORS
def test_a_socket_and_pyvisa_poll_the_visibility(served_bench):
    host, _, number = places(served_bench)["visibility.b"].partition(":")
    with socket.create_connection((host, int(number)), timeout=3) as tcp:
        tcp.sendall(b"\r\x05PW  1 2\r")
        message = b""
        while not message.endswith(b"\x03\r\n"):
            message += tcp.recv(100)
    assert message.startswith(b"\x01PW  1\x0200 ")
    assert len(message.split()) >= 9
    manager = pyvisa.ResourceManager("@py")
    resource = manager.open_resource(f"TCPIP::{host}::{number}::SOCKET", read_termination="\x03")
    resource.timeout = 2000
    resource.write_raw(b"\r\x05PW  1 3\r")
    report = resource.read()
    resource.close()
    manager.close()
    assert "HARDWARE :\r\n OK" in report
