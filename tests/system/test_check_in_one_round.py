"""`rig check`: what hides behind another mistake is told with it; `--connect` tells how each box's clock stands."""

from rig_commands import DEMO, changed, complaints, rig, write

from rig.serve import ServedBench
from scenarios.opening import load_bench


def test_mistakes_behind_mistakes_are_told_in_the_same_round(tmp_path):
    data = changed(
        DEMO,
        air__ambient={"model": "replay", "file": "nowhere.csv", "column": {"so2": {"name": "so2", "unit": "ppb"}}},
        device__so2__port__a={"protocol": "klink", "tcp_port": 9880},  # no such protocol, and a key of other ports
        device__nox__model="42x",
        device__nox__port__a={"protocol": "clink", "clients": 2},
        fault=[
            {"kind": "flip", "device": "o3", "at": "1 min", "probability": 2.0},
            {"kind": "delay", "device": "co", "at": "1 min", "port": "nowhere"},  # no severity, and no such port
        ],
    )  # fmt: skip
    told = complaints(rig("check", write(tmp_path / "bench.json", data)), 2)
    for key in ("device.so2.port.a.protocol", "device.so2.port.a.tcp_port", "device.nox.model",
                "device.nox.port.a.clients", "fault.0.probability", "fault.1.severity", "fault.1.port"):  # fmt: skip
        assert sum(f" {key}:" in line for line in told) == 1, (key, told)
    assert sum("nowhere.csv" in line for line in told) == 1, told


def test_connect_shows_the_clock_of_a_box_that_only_stamps_its_messages(tmp_path):
    file, path = load_bench("teledyne")
    file = file.model_copy(update={"fault": []})
    file.device["so2"].hidden["clock_jump_s"] = -3600.0
    with ServedBench(file, path, tmp_path, 1.0) as served:
        served.write_endpoints(tmp_path / "endpoints.json")
        done = rig("check", tmp_path / "endpoints.json", "--connect")
    assert done.returncode == 0, done.stdout + done.stderr
    clocks = [line for line in done.stdout.splitlines() if line.startswith("  clock ")]
    assert len(clocks) == 5  # four analyzers and the calibrator
    assert sum("60 min behind the bench's" in line for line in clocks) == 1
    assert sum(", as the bench's" in line or " 1 min " in line for line in clocks) == 4
