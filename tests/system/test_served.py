"""A served bench, used by other processes: `rig accept`, pyserial, pyvisa @py, all at once."""

import itertools
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import pyvisa
import serial
from responder import Responder, bench_of
from rig_commands import RIG

PLAN = """
title = "Three levels on one analyzer"
standard = "hj818"
procedures = ["prepare", "zero_span", "multipoint"]
[gas.stability]
window = "2 min"
poll = "10 s"
most = "40 min"
drift_pct_full_scale = 0.6
scatter_pct_full_scale = 1.0
[gas.stability.least]
default = "3 min"
so2 = "6 min"
[multipoint]
levels_pct = [0.0, 40.0, 80.0]
"""


@pytest.fixture
def served(tmp_path):
    endpoints = tmp_path / "endpoints.json"
    command = [*RIG, "serve", "demo", "--speed", "600", "--endpoints", str(endpoints), "--folder", str(tmp_path / "p"),
               "--truth", str(tmp_path / "truth.jsonl")]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        deadline = time.monotonic() + 30
        while not endpoints.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        yield tmp_path, endpoints, server
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.wait(10)


def test_three_clients_at_once_and_nothing_is_left_behind(served):
    folder, endpoints, server = served
    (folder / "plan.toml").write_text(PLAN)
    accept = subprocess.Popen(
        [*RIG, "accept", "--bench", str(endpoints), "--plan", str(folder / "plan.toml"), "--device", "so2",
         "--out", str(folder / "out")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    devices = json.loads(endpoints.read_text())["device"]
    with serial.Serial(devices["co"]["resource"][4:].split("::")[0], 9600, timeout=5) as port:
        port.write(bytes([128 + 48]) + b"co coef\r")
        assert port.read_until(b"\r") == b"co coef 1.000\r"
    manager = pyvisa.ResourceManager("@py")
    ozone = manager.open_resource(devices["o3"]["resource"], read_termination="\r")
    ozone.timeout = 5000
    ozone.write_raw(bytes([128 + 49]) + b"o3 coef\r")
    assert ozone.read() == "o3 coef 1.000"
    ozone.close()
    manager.close()
    said, _ = accept.communicate(timeout=100)
    assert accept.returncode == 0, said
    record = json.loads((folder / "out" / "result.json").read_text())
    assert record["verdict"] == "pass"
    assert record["run"]["simulated"] is True
    assert record["run"]["clock"] == "paced"
    server.send_signal(signal.SIGTERM)
    server.wait(10)
    assert not endpoints.exists()
    assert list((folder / "p").iterdir()) == []
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    assert {line["device"] for line in truth if line["kind"] == "reading"} == {"so2", "nox", "o3", "co", "flow_meter"}


TUBE = """
[tube.t1]
from = "calibrator.out"
to = "so2.span"
length = "2 m"
"""

QUICK = PLAN.replace('"2 min"', '"0.5 s"').replace('"10 s"', '"0.05 s"').replace('"3 min"', '"0.1 s"').replace(
    '"6 min"', '"0.1 s"')  # fmt: skip


def test_a_real_unit_that_the_rig_did_not_make_with_gas_set_by_hand(tmp_path):
    levels = [0.0]
    count = itertools.count(1)

    def so2():
        return f"so2 {1.01 * levels[-1] + 0.2 * ((next(count) * 7) % 5 - 2):.3E} ppb"

    with Responder(answers={"so2": so2, "program no": "program no bad cmd"}) as box:
        (tmp_path / "bench.toml").write_text(bench_of(box.path, "id = 43") + TUBE)
        (tmp_path / "plan.toml").write_text(QUICK)
        command = [*RIG, "accept", "--bench", str(tmp_path / "bench.toml"), "--plan", str(tmp_path / "plan.toml"),
                   "--device", "so2", "--out", str(tmp_path / "out")]  # fmt: skip
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as accept:
            said = ""
            while letter := accept.stdout.read(1):
                said += letter
                if said.endswith("> "):
                    # A level is asked for with its value; what is asked without one leaves the box on the room's air.
                    asked = said.rstrip().endswith("] >")
                    levels.append(float(said.rsplit("[", 1)[-1].split()[0]) if asked else 5.0)
                    accept.stdin.write("\n")
                    accept.stdin.flush()
            code = accept.wait(30)
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert code == 0, said
    assert record["run"]["simulated"] is False
    slope = next(test for test in record["tests"] if test["criterion"] == "multipoint.slope")
    assert slope["value"] == pytest.approx(1.01, abs=0.005)
    assert "400.0" in said
    assert not Path(tmp_path / "out" / "truth.json").exists()
