"""The type test of HJ 654: good units pass, each bad unit fails by what was predicted, a bare bench is refused."""

from pathlib import Path

import pytest

from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import load_bench, load_plan
from scenarios.preflight import check_plan
from tests.helpers.type_bench import bench_of, plan_of, play

UNITS = ("so2_a", "so2_b", "so2_c")
OWN = ("interference", "port_difference", "parallelism", "voltage_influence", "temperature_influence")
DEFECTS = [defect for defect in defects() if defect.plan == "hj654-type"]


def test_three_good_units_pass_what_only_a_type_test_asks(tmp_path):
    steps = ("prepare", "calibration", *OWN, "warm_up")
    code, record = play(tmp_path, bench_of(*UNITS), plan_of("hj654-type", *steps))
    assert code == 0
    found = {(test.device, test.criterion): test for test in record.tests}
    assert {test.verdict for test in record.tests} == {"pass"}
    # 0.006 of 400 ppb of NO, as the model has it
    assert all(found[unit, "interference.each"].value == pytest.approx(0.48, abs=0.15) for unit in UNITS)
    warmth = found["so2_a", "temperature_influence.span"]
    assert warmth.unit == "nmol/mol/K"
    assert warmth.value == pytest.approx(0.12, abs=0.12)  # 0.03 % of 400 ppb per degree
    assert {line.source for line in warmth.budget if line.cancels} >= {"cylinder", "gas_flow"}
    assert found["so2_a", "parallelism.deviation"].dof == 2.0
    assert ("so2_b", "parallelism.deviation") not in found  # a result of the three together
    assert all(10.0 < found[unit, "warm_up.minutes"].value < 60.0 for unit in UNITS)
    assert found["so2_a", "voltage_influence.change"].document == "HJ 654-2013"
    last = [note.key for note in record.notes]
    assert "safe.done" in last  # chamber, supply and valves are back


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_bad_unit_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    """Its own step and two others that it must not move; benchmarks/confusion_table.py runs the whole plan."""
    chosen = {name.partition("/")[2].partition(".")[0] for name in defect.fails}
    steps = ("prepare", "calibration", "zero_noise", "voltage_influence", *sorted(chosen - {"voltage_influence"}))
    units = defect.devices if "parallelism" in chosen else (defect.device,)
    _, record = play(tmp_path, defect.bench_data(bench_of(*units)), plan_of("hj654-type", *steps))
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == set()
    assert {test.device for test in record.tests if test.verdict == "fail"} <= {"so2_a"}


def test_a_bench_without_apparatus_is_refused_and_told_what_it_lacks(tmp_path):
    bench = bench_of("so2_a", "so2_b", without=("variac", "chamber"))
    del bench["cylinder"]["no"]
    bench["tube"] = {name: tube for name, tube in bench["tube"].items() if not tube["to"].endswith("sample")}
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, bench, plan_of("hj654-type"))
    said = str(caught.value)
    for lacking in ("kind variac", "kind chamber", "the interferent no", "3 analyzers of so2", "to sample and to"):
        assert lacking in said
    assert said.count("kind variac") == 1
    assert not (tmp_path / "out").exists()


def test_a_chamber_that_does_not_get_there_voids_the_test(tmp_path):
    bench = bench_of(*UNITS)
    bench["device"]["chamber"]["hidden"] = {"capacity": 0.1}
    code, record = play(tmp_path, bench, plan_of("hj654-type", "prepare", "temperature_influence"), ("so2_a",))
    [test] = record.tests
    assert code == 3
    assert test.verdict == "void"
    assert test.message.key == "influence.temperature_not_reached"
    assert test.message.values["limit"] == 35.0


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("temperatures", "[25.0, 35.0, 15.0]", "temperature_influence: expected temperatures that go from"),
        ("so2", "{ so2 = 400.0 }", "for so2 at least one gas other than its own"),
        ("change_pct", "40.0", "voltage_influence.change_pct"),
    ],
)
def test_a_wrong_plan_is_one_clear_error(tmp_path, key, value, complaint):
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, bench_of(*UNITS), plan_of("hj654-type", **{key: value}))
    assert complaint in str(caught.value)


def test_the_embedded_bench_carries_the_whole_plan():
    plan, path = load_plan("hj654-type")
    bench, where = load_bench("type-test")
    check_plan(plan, path, bench, where, (), bench.bench.epoch.date())
    assert {"voltage_influence", "temperature_influence", "drift", "warm_up"} <= {step.name for step in plan.steps}


def test_the_page_tells_of_every_bad_unit():
    page = (Path(__file__).parents[2] / "docs" / "confusion.md").read_text()
    for defect in DEFECTS:
        [row] = [line for line in page.splitlines() if line.startswith(f"| {defect.name} |")]
        assert "as predicted" in row
