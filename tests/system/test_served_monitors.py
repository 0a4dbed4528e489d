"""Particle monitors over pseudo-terminals and TCP, by the protocols of three makers: the verdicts of virtual time."""

import json
import subprocess
import time
import tomllib

import pytest
from rig_commands import RIG

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.opening import bench_path

PLAN = """
title = "Leak and constants of particle monitors"
standard = ["hj655", "hj817"]
kinds = ["pm"]
procedures = ["stored_constants", "particle_leak", "teom_condition"]
[particle_leak]
settle = "3 min"
readings = 2
recover = "1 min"
[teom_condition]
readings = 2
every = "1 min"
"""
MONITORS = {"pm10": "bam", "pm25": "clink", "teom": "ak"}


@pytest.fixture
def bench(tmp_path):
    """The three monitors of the station, one of them leaking, one on TCP; people take no time."""
    station = tomllib.loads(bench_path("station").read_text())
    devices = {name: station["device"][name] for name in MONITORS}
    devices["pm10"]["hidden"] = {"leak_fraction": 0.08}
    devices["teom"]["port"]["a"] |= {"kind": "tcp"}
    data = {"bench": station["bench"], "air": station["air"], "device": devices}
    (tmp_path / "bench.json").write_text(json.dumps(data, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def verdicts(folder):
    record = load(folder / "result.json")
    protocols = {its.name: its.protocol for its in record.devices if its.name in MONITORS}
    assert protocols == MONITORS
    return {test.id: test.verdict for test in record.tests}


def test_served_monitors_get_the_verdicts_of_virtual_time(bench):
    plan, endpoints = str(bench / "plan.toml"), bench / "e.json"
    command = [*RIG, "serve", str(bench / "bench.json"), "--speed", "3600", "--endpoints", str(endpoints),
               "--folder", str(bench / "p")]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 30
            while not endpoints.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            served = accept(AcceptOptions(bench=str(endpoints), plan=plan, out=bench / "served", operator="simulated"))
        finally:
            server.terminate()
    virtual = accept(AcceptOptions(bench=str(bench / "bench.json"), plan=plan, out=bench / "virtual",
                                   operator="simulated"))  # fmt: skip
    assert served == virtual == 1
    found = verdicts(bench / "served")
    assert found == verdicts(bench / "virtual")
    assert [name for name, verdict in found.items() if verdict == "fail"] == ["pm10/particle_leak/leak/beta"]
