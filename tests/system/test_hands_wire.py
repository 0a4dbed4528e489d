"""Hands over the wire: prompts are carried out on a bench of another process; a plan gives the same verdicts there."""

import json
import socket
import sys
import time
import tomllib

import pytest
from gas_bench import CERTIFIED, data
from rig_commands import RIG, ROOT, rig

from calibration.record import load
from rig.bench_check import check_bench_data
from rig.cli.accept import AcceptOptions, accept
from rig.errors import RigFault
from rig.hands_wire import FarHands
from rig.operators import Habits, SimulatedOperator
from rig.prompts import Deed, Prompt, Sight
from rig.serve import ServedBench
from scenarios.opening import plan_path

METER = Deed("flow", "connected_to", "so2.sample", home="room")
READ = Prompt("prompt.read", sight=Sight("flow", "volumetric_flow", decimals=2))


@pytest.fixture
def bench(tmp_path):
    meter = {
        "model": "defender-530",
        "certificate": {"volumetric_flow": CERTIFIED},
        "port": {"a": {"protocol": "ascii"}},
    }
    file = check_bench_data(data(device__flow=meter), "bench.toml")
    with ServedBench(file, tmp_path / "bench.toml", tmp_path / "ports", speed=60.0) as served:
        yield served


def say(address, text):
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line, line.makefile("rb") as answers:
        line.sendall(text)
        return [json.loads(answer) for answer in answers.read().splitlines()]


def test_what_is_done_over_the_wire_is_done_and_what_is_seen_is_there(bench):
    assert bench.endpoints_data()["bench"]["hands"] == bench.hands
    assert bench.hands.startswith("127.0.0.1:")
    hands = FarHands(bench.hands)
    person = SimulatedOperator(None, Habits(), hands)
    person.ask(Prompt("prompt.hold_meter", deeds=(METER,)))
    assert bench.call(lambda its: its.instruments["flow"].device.settings["connected_to"]) == "so2.sample"
    deadline = time.monotonic() + 10.0
    while (shown := float(person.ask(READ))) < 0.3 and time.monotonic() < deadline:  # the meter's display follows
        time.sleep(0.02)
    assert 0.3 < shown < 0.7
    assert hands.look("so2", "alarms") == bench.call(lambda its: its.observed("so2", "alarms"))  # a tuple both times
    with pytest.raises(RigFault, match="nobody can set power of cheese") as nobody:
        hands.do([Deed("cheese", "power", value=True)])
    assert nobody.value.device is None
    with pytest.raises(RigFault, match="flow: connected_to by hand") as refused:
        hands.do([Deed("flow", "connected_to", "nowhere.at.all")])
    assert refused.value.device == "flow"
    with pytest.raises(RigFault, match="nobody can read colour off flow"):
        hands.look("flow", "colour")
    hands.close()


@pytest.mark.parametrize(
    "text",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"verb": "eval", "device": "flow", "quantity": "x"}\n',
        b'{"verb": "see", "device": "flow", "quantity": "volumetric_flow", "more": 1}\n',
        b"\xff\xfe\n",
    ],
)
def test_anything_else_is_answered_by_an_error_and_hung_up_on(bench, text):
    [answer] = say(bench.hands, text + b'{"verb": "see", "device": "flow", "quantity": "volumetric_flow"}\n')
    assert answer["error"].startswith('expected {"verb": "do"')


def test_a_line_without_an_end_is_cut_off(bench):
    with pytest.raises(ConnectionResetError):
        say(bench.hands, b"x" * 200_000)


def test_hands_end_with_the_bench(bench):
    hands = FarHands(bench.hands)
    hands.look("flow", "volumetric_flow")
    bench.__exit__()
    with pytest.raises(RigFault, match="do not answer"):
        hands.look("flow", "volumetric_flow")
    with pytest.raises(RigFault, match="no hands at"):
        FarHands(bench.hands)
    hands.close()


def test_a_plan_with_prompts_gives_the_same_verdicts_over_ptys_at_speed_3600(tmp_path):
    text = plan_path("hj193-debug").read_text()
    begin, end = text.index("procedures = ["), text.index("]\n\n[gas]") + 1
    steps = ["prepare", "certificates", "leak_check", "sample_flow", "calibration", "indication_error"]
    (tmp_path / "plan.toml").write_text(text[:begin] + f"procedures = {json.dumps(steps)}" + text[end:])
    bench = tomllib.loads((ROOT / "scenarios" / "benches" / "demo.toml").read_text())
    bench["device"]["co"]["hidden"] = {"span_error_pct": 12.0}  # one that fails, beside one that passes
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    chosen = ["--plan", tmp_path / "plan.toml", "--device", "o3", "--device", "co", "--operator", "simulated"]
    code = "import os, sys; sys.argv[2:2] = ['--bench', os.environ['RIG_ENDPOINTS']]; from rig.cli import main; main()"
    done = rig("serve", tmp_path / "bench.json", "--speed", "3600", "--", sys.executable, "-c", code, "accept",
               *chosen, "--out", tmp_path / "paced")  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert RIG[0] == sys.executable
    accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=("o3", "co"),
                         operator="simulated", out=tmp_path / "virtual"))  # fmt: skip
    paced, virtual = (load(tmp_path / name / "result.json") for name in ("paced", "virtual"))
    assert (paced.run.clock, paced.run.speed, virtual.run.clock) == ("paced", 3600.0, "virtual")
    assert {test.id: test.verdict for test in paced.tests} == {test.id: test.verdict for test in virtual.tests}
    assert {test.verdict for test in paced.tests} == {"pass", "fail"}
