"""Runs of a type test's plan, whole or some of its steps, on some units of the embedded bench ``type-test``."""

import json
import re
import tomllib

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.opening import bench_path, plan_path

SUPPORT = ("chamber", "variac", "calibrator")


def bench_of(*units, file="type-test", without=()):
    """The bench with these analyzers only: the others would be computed too."""
    data = tomllib.loads(bench_path(file).read_text())
    kept = {*units, *SUPPORT} - set(without)
    data["device"] = {name: section for name, section in data["device"].items() if name in kept}
    data["tube"] = {name: tube for name, tube in data["tube"].items() if tube["to"].partition(".")[0] in kept}
    return data


def plan_of(name, *steps, **replaced):
    """Text of a plan with some of its steps (all, if none are named); ``replaced`` are keys with other values."""
    text = plan_path(name).read_text()
    if steps:
        begin, end = text.index("procedures = ["), text.index("]\n\n[gas]") + 1
        text = text[:begin] + f"procedures = {json.dumps(steps)}" + text[end:]
    for key, value in replaced.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count
    return text


def play(tmp_path, bench, plan, devices=()):
    """Exit code and record."""
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(plan)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")
