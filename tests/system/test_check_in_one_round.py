"""`rig check`: what hides behind another mistake is told with it; `--connect` tells how each box's clock stands."""

import re

from rig_commands import DEMO, ROOT, changed, complaints, rig, write

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


def test_every_mistake_of_every_fault_is_told_beside_those_of_its_form(tmp_path):
    """Also of a fault, a device and a port whose form is wrong: what can be understood of them is looked at."""
    event = {"device": "so2", "kind": "flip", "at": "1 min"}
    data = changed(
        DEMO,
        bench__interface="300.1.1.1",
        device__co__port__a={"baud": 9600},  # no protocol
        fault=[
            {**event, "at": "soon", "device": "nowhere"},
            {**event, "probability": 2.0, "port": "no", "matching": "("},
            {**event, "kind": "flop", "port": "no", "matching": "("},
            {**event, "device": "nowhere", "matching": "("},
            {"kind": "flip", "at": "1 min", "matching": "("},
            {"device": "so2", "port": "no", "at": 5},
            {**event, "device": "co", "port": "a"},
        ],
    )  # fmt: skip
    told = complaints(rig("check", write(tmp_path / "bench.json", data)), 2)
    keys = [line.split(": ")[2] for line in told]
    assert sorted(keys) == sorted([
        "bench.interface", "device.co.port.a.protocol", "fault.0.at", "fault.0.device",
        "fault.1.probability", "fault.1.port", "fault.1.matching", "fault.2.kind", "fault.2.port", "fault.2.matching",
        "fault.3.device", "fault.3.matching", "fault.4.device", "fault.4.matching",
        "fault.5.kind", "fault.5.at", "fault.5.port",
    ])  # fmt: skip
    words = dict(zip(keys, told, strict=True))
    assert words["fault.4.device"].endswith(
        f"expected the name of a device of this bench ({', '.join(DEMO['device'])}), found nothing"
    )
    assert words["fault.5.kind"].endswith("found nothing")
    assert "expected silence, delay" in words["fault.5.kind"]
    assert words["bench.interface"].endswith("found '300.1.1.1'")
    # The same file is refused by who would serve it, with the same words.
    assert complaints(rig("serve", tmp_path / "bench.json"), 2) == told


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


def test_all_figures_that_a_model_of_ones_own_lacks_are_told_at_once(tmp_path):
    """Some are asked for when the unit begins, some in its first step."""
    lacking = {"1400a": ("vacuum", "load_limit", "mass_noise"), "43i": ("cell_time", "stray_light", "zero_noise")}
    for model, names in lacking.items():
        text = (ROOT / "instruments" / "catalogue" / f"{model}.toml").read_text()
        for name in names:
            text, found = re.subn(rf"(?ms)^\[parameters\.{name}\]\n.*?(?=^\[)", "", text)
            assert found == 1, name
        (tmp_path / f"my-{model}.toml").write_text(text.replace(f'name = "{model}"', f'name = "my-{model}"', 1))
    bench = {
        "bench": {"epoch": "2026-01-05T00:00:00+08:00"},
        "air": {"ambient": {"model": "city", "climate": "beijing"}},
        "device": {
            f"d{place}": {"model": str(tmp_path / f"my-{model}.toml"), "port": {"a": {"protocol": "modbus-rtu"}}}
            for place, model in enumerate(lacking)
        },
    }
    expected = sorted(f"rig: my-{model}.toml: parameters.{name}: expected a value, found nothing"
                      for model, names in lacking.items() for name in names)  # fmt: skip
    assert sorted(complaints(rig("check", write(tmp_path / "bench.json", bench)), 2)) == expected
