"""Bayern-Hessen on a pty and on TCP, asked by pyserial and a socket as station software asks, and by the handle."""

import json
import re
import socket
from pathlib import Path

import pytest
import serial

from rig.bench_check import check_bench_data
from rig.bench_file import read_bench_file
from rig.serve import ServedBench
from rig.session import open_session

BENCH = {
    "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
    "device": {
        "nox": {"model": "42i", "port": {
            "a": {"protocol": "hessen", "id": 5},
            "net": {"kind": "tcp", "protocol": "hessen", "options": {"variant": "horiba"}}}},
        "so2": {"model": "T100", "port": {"a": {"protocol": "hessen", "id": 2}}},
    },
    "air": {"ambient": {"no": "60 ppb", "no2": "20 ppb", "so2": "20 ppb"}},
}  # fmt: skip
THERMO = re.compile(rb"\x02MD03( 00[567] [+-]\d{4}[+-]\d\d 00 00 0000000000){3} \r")
OPAS = re.compile(r"MD\d\d 011 [+-]\d{4}[+-]\d\d \d\d \d\d \d{3} 000000 012 .* 013 .*")
"""The regular expression of opas-dl-service for a Horiba APNA, as far as the reference tells it."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hessen")
    with ServedBench(check_bench_data(BENCH, "bench.toml"), Path("bench.toml"), folder, 200.0) as bench:
        yield bench


def address(served, device, port):
    return next(e.address for e in served.endpoints if (e.device, e.port) == (device, port))


def test_station_software_on_a_pty(served):
    with serial.Serial(address(served, "nox", "a"), 9600, timeout=2) as port:
        for request in (b"\x02DA\r", b"\x02DA005\r", b"\x02DA  5\r"):
            port.write(request)
            assert THERMO.fullmatch(port.read_until(b"\r")), request
        port.write(b"\x02DA006\r\x02DA005\x0331")
        reply = port.read(64 + 40)
        assert reply.count(b"\x02") == 1  # the other address is silence
        assert reply.rstrip()[-3:-2] == b"\x03"
        port.write(b"\x02ST005 K\r\x02DA005\r")
        assert port.read_until(b"\r").split(b" ")[3] == b"08"
        port.write(b"\x02ST005 M\r\x02DA005\r")
        assert port.read_until(b"\r").split(b" ")[3] == b"00"


def test_a_reader_of_horiba_on_tcp(served):
    host, _, port = address(served, "nox", "net").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(b"\x02DA\r")
        reply = b""
        while not reply.endswith(b"\r"):
            reply += client.recv(200)
    assert OPAS.fullmatch(reply.decode()[1:].rstrip("\r ").strip())


@pytest.mark.parametrize("device", ["nox", "so2"])
def test_the_handle_reads_through_the_served_port(served, device, tmp_path):
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps(served.endpoints_data()))
    session = open_session(read_bench_file(path), path, devices=(device,))
    try:
        handle = session.handles[device]
        quantity = "no" if device == "nox" else "so2"
        assert handle.read(quantity)[1] == "nmol/mol"
        handle.set("gas_mode", "span")
        assert handle.read("gas_mode")[0] == "span"
        handle.set("gas_mode", "sample")
        assert handle.read("gas_mode")[0] == "sample"
        assert handle.alarms() == ()
        assert handle.link.retries == 0
    finally:
        session.close()
