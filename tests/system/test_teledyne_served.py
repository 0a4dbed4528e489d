"""Boxes of the T series on a pty and on TCP, read by clients that are not ours and by our own through PyVISA's @py."""

import json
import re
import socket
import time
from pathlib import Path

import pytest
import pyvisa
import serial
from rig_commands import write
from teledyne_wire import wire_bench

from rig.bench_check import check_bench_data
from rig.bench_file import read_bench_file
from rig.host.calibrator import GasRequest
from rig.serve import ServedBench
from rig.session import open_session


@pytest.fixture
def served(tmp_path):
    data = wire_bench()
    for name in ("o3", "calibrator"):
        data["device"][name]["port"]["net"] = {"kind": "tcp", "protocol": "teledyne"}
    data = json.loads(write(tmp_path / "teledyne-wire.json", data).read_text())
    with ServedBench(check_bench_data(data, "teledyne-wire"), Path("teledyne-wire"), tmp_path / "ports") as bench:
        yield bench


def places(served):
    return {(e.device, e.port): e for e in served.endpoints}


@pytest.mark.parametrize(("device", "count"), [("nox", 35), ("co", 31), ("o3", 29)])
def test_a_batch_poller_has_the_whole_list_within_two_seconds(served, device, count):
    with serial.Serial(places(served)[device, "a"].address, 115200, timeout=5) as line:
        line.write(b"t list all\r\n")
        time.sleep(1.0)
        said = b""
        while line.in_waiting:
            said += line.read(line.in_waiting)
    values = [re.search("(?<==)[^\\s]+", text).group() for text in said.decode().split("\n") if "=" in text]
    assert len(values) == count
    assert said.endswith(b"\r\n")


def test_a_socket_client_in_pieces_and_two_at_once(served):
    host, _, port = places(served)["o3", "net"].address.rpartition(":")
    with socket.create_connection((host, int(port)), 5) as one, socket.create_connection((host, int(port)), 5) as two:
        for byte in b"T O3\r\n":
            one.sendall(bytes([byte]))
        two.sendall(b"V MODE\r\n")
        answers = [reader.makefile("rb").readline() for reader in (one, two)]
    assert re.fullmatch(rb"T 5:08:\d\d 0000 O3=-?\d+\.\d PPB\r\n", answers[0])
    assert re.fullmatch(rb"V 5:08:\d\d 0000 MODE=SAMPLE\r\n", answers[1])


def test_a_terminal_on_a_pty_sees_its_echo(served):
    with serial.Serial(places(served)["so2", "a"].address, 115200, timeout=5) as line:
        line.write(b"\x14T RANG\x08GE\r")
        assert line.read_until(b"PPB\r\n").startswith(b"T RANG\b \bGE\r\nT 5:")


def test_pyvisa_of_others_reads_it(served):
    manager = pyvisa.ResourceManager("@py")
    try:
        so2 = manager.open_resource(places(served)["so2", "a"].resource, read_termination="\r\n",
                                    write_termination="\r\n", baud_rate=115200)  # fmt: skip
        so2.timeout = 5000
        assert re.fullmatch(r"T 5:08:\d\d 0000 SO2=-?\d+\.\d PPB", so2.query("T SO2"))
        assert so2.query("C ZERO").endswith("START ZERO CALIBRATION")
        assert so2.query("C EXIT").endswith("FINISH ZERO CALIBRATION")
        so2.close()
    finally:
        manager.close()


def test_our_handles_drive_a_served_bench_over_pty_and_tcp(served, tmp_path):
    data = served.endpoints_data()
    data["device"]["calibrator"]["resource"] = places(served)["calibrator", "net"].resource
    path = write(tmp_path / "endpoints.json", data)
    session = open_session(read_bench_file(path), path)
    try:
        calibrator = session.handles["calibrator"]
        calibrator.offer(GasRequest("so2", 400.0, None, 5.0, "a"))
        assert calibrator.read("calibrator_mode")[0] == "span"
        assert served.call(lambda bench: bench.instruments["calibrator"].face.read("concentration")) == 400.0
        calibrator.standby()
        so2 = session.handles["so2"]
        assert so2.alarms() == ()
        so2.set("gas_mode", "span")
        assert served.call(lambda bench: bench.instruments["so2"].face.read("gas_mode")) == "span"
        assert isinstance(so2.read("so2")[0], float)
    finally:
        session.close()
