"""Particle monitors served on ptys and TCP, asked by clients that are not ours, in those clients' bytes."""

import re
import shutil
import socket
import subprocess
import time

import pytest
import pyvisa
import serial

from rig.bench_file import read_bench_file
from rig.serve import ServedBench
from rig.session import open_session

BENCH = """
[bench]
epoch = "2026-01-05T00:00:00+08:00"
[device.bam]
model = "BAM-1020"
[device.bam.port.a]
protocol = "bam"
[device.bam.port.net]
kind = "tcp"
protocol = "bam"
options = { words = true, micrograms = true }
[device.teom]
model = "1405-F"
serial = "21045"
[device.teom.port.a]
protocol = "ak"
[device.teom.port.net]
kind = "tcp"
protocol = "ak"
id = 49
options = { channel = "2" }
[device.beta]
model = "5014i"
[device.beta.port.a]
protocol = "clink"
id = 50
[device.beta.port.net]
kind = "tcp"
protocol = "clink"
id = 50
[air.ambient]
model = "city"
climate = "beijing"
"""


@pytest.fixture
def serve(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(BENCH)

    def start(speed):
        return ServedBench(read_bench_file(path), path, tmp_path / "ports", speed)

    return start


def ports(served, device):
    """Path of a device's pty, and its TCP address."""
    reached = served.endpoints_data()["device"][device]["resources"]
    host, port = re.fullmatch(r"TCPIP::(.+)::(\d+)::SOCKET", reached["net"]).groups()
    return reached["a"][4:].split("::")[0], (host, int(port))


def until(client, end):
    got = b""
    while not got.endswith(end):
        piece = client.recv(4096)
        assert piece, got
        got += piece
    return got


def test_pyserial_pyvisa_and_plain_sockets_read_what_they_know(serve):
    with serve(1.0) as served:
        pty, address = ports(served, "teom")
        with serial.Serial(pty, 9600, timeout=5) as line:  # as OPAS does it: CR LF behind ETX
            line.write(b"\x024AREG K0 245\x03\r\n")
            assert re.fullmatch(rb"\x024AREG . 245 \S+\x03\r\n", line.read_until(b"\n"))
        with socket.create_connection(
            address, timeout=5
        ) as client:  # as Datalogger2: station 1, channel 2, no line end
            client.sendall(b"\x021AREG 2 245\x03")
            parts = until(client, b"\n").decode().split(" ")
            assert float(parts[3].partition("\x03")[0]) > 0.0
        pty, address = ports(served, "beta")
        manager = pyvisa.ResourceManager("@py")
        beta = manager.open_resource(pty.join(["ASRL", "::INSTR"]), read_termination="\r", timeout=5000)
        beta.write_raw(b"\xb2instrument id\r")
        assert beta.read() == "instrument id 50"
        beta.close()
        manager.close()
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(b"flags\r")
            assert until(client, b"\r").startswith(b"flags 0000")


@pytest.mark.skipif(shutil.which("socat") is None, reason="socat is not installed")
def test_socat_reads_through_a_pty(serve):
    with serve(1.0) as served:
        pty, _ = ports(served, "bam")
        asked = subprocess.run(["socat", "-t1", "-", f"{pty},raw,echo=0"], input=b"\x1bRV*00168\r", capture_output=True,
                               timeout=20, check=True)  # fmt: skip
        assert asked.stdout == b"BAM-1020, 3236-07, R5.6.0*01283\r\n"


def test_a_stored_hour_is_read_as_real_loggers_read_it(serve):
    with serve(2400.0) as served:
        pty, address = ports(served, "bam")
        deadline = time.monotonic() + 20
        while served.call(lambda bench: bench.instruments["bam"].face.read("record_s")) == 0.0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with serial.Serial(pty, 9600, timeout=2) as line:
            line.write(b"\n\r\n\r64")  # SadraAQMS, in one write
            row = line.read_until(b",\r\n").splitlines()[-1]
            assert re.match(rb"01/05/26 \d\d:00, ", row)
            assert len(row.rstrip(b",").split(b",")) == 21
            line.write(b"\x1bQ\r")  # Datalogger2, new firmware
            fields = line.read_until(b"\r").split(b",")
            assert [float(field) for field in fields[1:9]][1] == pytest.approx(0.70, abs=0.01)
        with socket.create_connection(address, timeout=5) as client:  # Datalogger2 on port 7500
            client.sendall(b"\r\n\r\n")
            until(client, b"*")
            client.sendall(b"4\r\n")
            last = [row for row in until(client, b",\r\n").split(b"\n") if row.strip()][-1]
            assert float(last.split(b",")[1]) == served.call(
                lambda bench: bench.instruments["bam"].face.read("concentration")
            )


def test_handles_reach_a_served_bench_like_real_monitors(serve, tmp_path):
    with serve(1.0) as served:
        served.write_endpoints(tmp_path / "endpoints.json")
        session = open_session(read_bench_file(tmp_path / "endpoints.json"), tmp_path / "endpoints.json")
        try:
            teom, beta, bam = (session.handles[name] for name in ("teom", "beta", "bam"))
            assert teom.concentration() > 0.0
            assert 200.0 < teom.read("frequency")[0] < 300.0
            assert beta.read("flow_setpoint") == (16.67, "L/min")
            assert bam.read("firmware") == ("3236-07 5.6.0", "")
            assert bam.settings()["k_factor"].value == 1.0
        finally:
            session.close()
