"""A unit that cuts off what lies below zero is named, and nothing more is tested on it."""

import copy
import json
import tomllib

import numpy as np
import pytest

from calibration.procedures.room_for_negatives import signs_of
from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.opening import bench_path, plan_path

DEMO = tomllib.loads(bench_path("demo").read_text())
PLAN = plan_path("hj193-debug").read_text()


@pytest.mark.parametrize("step", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("mean", [-0.6, -0.2, 0.0, 0.2])
def test_noise_about_zero_tells_a_cut_from_an_honest_display(mean, step):
    noise = mean + 0.3 * np.random.Generator(np.random.Philox(7)).standard_normal(45)
    shown = np.round(noise / step) * step + 0.0 if step else noise
    assert signs_of([float(value) for value in shown], 3) == "below"
    assert signs_of([float(value) for value in np.maximum(shown, 0.0)], 3) in ("clipped", "silent")


def test_a_zero_above_the_noise_accuses_nobody():
    noise = 2.0 + 0.3 * np.random.Generator(np.random.Philox(8)).standard_normal(45)
    assert signs_of([float(value) for value in np.maximum(noise, 0.0)], 3) == "above"
    assert signs_of([0.0] * 45, 3) == "silent"
    assert signs_of([0.1, 0.0, 0.1, 0.1, 0.2, 0.1, 0.0, 0.2], 2) == "above"  # a coarse display just above zero


def played(tmp_path, *steps, bench=DEMO, devices=("so2", "co")):
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[gas]") + 1
    (tmp_path / "plan.toml").write_text(PLAN[:begin] + f"procedures = {json.dumps(steps)}" + PLAN[end:])
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def test_of_two_units_on_the_same_zero_gas_only_the_one_that_is_cut_off_is_not_tested(tmp_path):
    bench = copy.deepcopy(DEMO)
    bench["device"]["so2"]["settings"] = {"clip_negatives": True}
    code, record = played(tmp_path, "room_for_negatives", "zero_noise", bench=bench)
    assert code == 3
    verdicts = {(test.device, test.criterion): test.verdict for test in record.tests}
    assert verdicts == {
        ("so2", "zero_noise.noise"): "not tested", ("so2", "zero_noise.detection_limit"): "not tested",
        ("co", "zero_noise.noise"): "pass", ("co", "zero_noise.detection_limit"): "pass",
    }  # fmt: skip
    so2 = next(test for test in record.tests if test.device == "so2")
    assert so2.message.key == "negatives.cut_off"
    assert so2.message.values["at_zero"] > 20
    found = {p.device: p.data.checks[0].ok for p in record.procedures if p.procedure == "room_for_negatives"}
    assert found == {"so2": False, "co": True}


def test_a_unit_that_tells_its_setting_is_believed(tmp_path):
    bench = copy.deepcopy(DEMO)
    bench["device"]["so2"] |= {
        "settings": {"clip_negatives": True}, "hidden": {"zero_offset": 5.0},
        "port": {"a": {"kind": "direct", "protocol": "direct"}},
    }  # fmt: skip
    _, record = played(tmp_path, "room_for_negatives", "zero_noise", bench=bench, devices=("so2",))
    assert {test.message.key for test in record.tests} == {"negatives.setting"}


def prepared(tmp_path, name, bench, plan):
    (tmp_path / "plan.toml").write_text(plan)
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=("so2",),
                         out=tmp_path / name, operator="simulated"))  # fmt: skip
    [entry] = load(tmp_path / name / "result.json").procedures
    return {check.name: check for check in entry.data.checks}


def test_a_new_filter_gives_the_flow_back_and_the_day_is_on_record(tmp_path):
    bench = copy.deepcopy(DEMO)
    bench["device"]["so2"]["hidden"] = {"filter_clogged": 0.8}
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[gas]") + 1
    plan = PLAN[:begin] + 'procedures = ["prepare"]' + PLAN[end:]
    left = prepared(tmp_path, "left", bench, plan.replace("filter_change = true", "filter_change = false"))
    changed = prepared(tmp_path, "changed", bench, plan)
    assert "filter_change" not in left
    assert (changed["filter_change"].ok, changed["filter_change"].found) == (True, "2026-01-05")
    flow = [float(checks["sample_flow"].found.split()[0]) for checks in (left, changed)]
    assert flow[1] == pytest.approx(0.5, rel=0.05)
    assert flow[0] < 0.9 * flow[1]
