"""Particle monitors through `rig accept`: good units pass, bad ones fail as predicted, hands' slips are caught."""

import json
import sqlite3
import tomllib
from contextlib import closing

import pytest

from calibration.record import load
from rig.bench_check import check_bench_data
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, load_bench, load_plan, plan_path
from scenarios.preflight import check_plan
from scenarios.units import chosen_units

STATION = tomllib.loads(bench_path("station").read_text())
PLAN = plan_path("hj655-pm").read_text()


def play(tmp_path, bench=None, plan=PLAN, devices=()):
    (tmp_path / "bench.json").write_text(json.dumps(bench or STATION, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(plan)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def only(*names):
    """The plan with some of its steps."""
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[leak_as_found]") + 1
    return PLAN[:begin] + "procedures = [" + ", ".join(f'"{name}"' for name in names) + "]" + PLAN[end:]


def particles_only():
    """A bench of monitors and meters, without any gas."""
    devices = {name: STATION["device"][name] for name in ("pm10", "pm25", "teom", "flow_meter", "climate_meter")}
    return {key: STATION[key] for key in ("bench", "air", "operator")} | {"device": devices}


def table_of(record, device, step):
    [entry] = [its for its in record.procedures if its.device == device and its.id.startswith(f"{device}/{step}")]
    return entry.data.tables[0]


def test_an_oscillating_balance_passes_whole(tmp_path):
    code, record = play(tmp_path, particles_only(), devices=("teom",))
    assert code == 0
    assert {test.verdict for test in record.tests} == {"pass"}
    assert record.run.ended_us - record.run.started_us > 1.5 * 86_400e6
    # The comparison with manual samplers has its place after the tests on the unit itself.
    rows = table_of(record, "teom", "k0_verification").rows
    assert len(rows) == 3
    for _, free, loaded, k0, audit, difference in rows:  # K0 = m / (1/f1^2 - 1/f0^2), worked out here again
        assert k0 == pytest.approx(0.08312 / (loaded**-2 - free**-2), rel=1e-9)
        assert audit == pytest.approx(k0, rel=1e-4)  # the unit's own figure, from one frequency
        assert difference == pytest.approx(100.0 * (k0 / 14976.0 - 1.0), abs=1e-9)
    assert len({row[1] for row in rows}) == 3
    [k0] = [test for test in record.tests if test.criterion == "k0_verification.difference"]
    assert {line.source for line in k0.budget} == {"filter_mass", "resolution", "repeatability"}
    assert k0.interval.low < 0.0 < k0.interval.high  # the stored K0 is the element's own here
    page = (tmp_path / "out" / "report.html").read_text()
    assert "K0 verification" in page
    assert "FILTER-2026-3" in page
    assert "limit not confirmed" in page


def test_a_beta_monitor_shows_its_days_of_foil_and_its_flow_in_one_state(tmp_path):
    code, record = play(tmp_path, particles_only(), only("foil_check", "flow_as_found", "tape_check"), ("pm25",))
    assert code == 0
    rows = table_of(record, "pm25", "foil_check").rows
    assert [row[0] for row in rows] == [1.0, 2.0, 3.0]
    for row in rows:  # HJ 655, eq. (8), of the day's mean
        assert row[4] == pytest.approx(100.0 * (sum(row[1:4]) / 3.0 - 0.7766) / 0.7766)
    [foil] = [test for test in record.tests if test.criterion == "foil_check.error"]
    assert abs(foil.value) == pytest.approx(max(abs(row[4]) for row in rows))
    begun, ended = ((its.started_s, its.ended_s) for its in record.procedures if "foil" in its.id).__next__()
    assert ended - begun > 2 * 86_400.0


@pytest.mark.parametrize(("name", "steps"), [
    ("stored K0 is not the element's", ("stored_constants", "teom_condition", "k0_verification")),
    ("valve stays at base", ("leak", "teom_condition", "fdms_check")),
])  # fmt: skip
def test_a_bad_balance_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, name, steps):
    """Of the steps around it; benchmarks/confusion_table.py runs the whole plan."""
    [defect] = [its for its in defects() if its.name == name]
    _, record = play(tmp_path, defect.bench_data(particles_only()), only(*steps), defect.devices)
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert not held
    again = [note for its in record.procedures for note in its.notes if note.key == "k0_verification.repeated"]
    assert len(again) == (1 if "K0" in name else 0)  # seated anew and repeated once, and no K0 typed in
    assert not [its for entry in record.procedures for its in entry.settings if its.as_found != its.as_left]


def test_the_foil_of_another_unit_is_found_by_its_certificate(tmp_path):
    [defect] = [its for its in defects() if its.name == "foil of another unit in the case"]
    code, record = play(tmp_path, defect.bench_data(particles_only()), only("foil_check"), ("pm10",))
    assert code == 3
    [test] = record.tests
    assert (test.verdict, test.message.key, test.value) == ("void", "piece.of_another_unit", None)


@pytest.mark.parametrize(("device", "piece"), [("pm10", "foil"), ("teom", "3")])
def test_an_expired_foil_or_filter_is_said_before_anything_is_touched(tmp_path, device, piece):
    bench = json.loads(json.dumps(particles_only(), default=lambda value: value.isoformat()))
    bench["device"][device]["plate"]["piece"][piece]["expires"] = "2026-07-05"
    with pytest.raises(
        ConfigurationErrors, match=rf"device\.{device}\.plate\.piece\.{piece}\.expires: expected .*2026-07-06"
    ):
        play(tmp_path, bench, only("foil_check", "k0_verification"))
    assert not (tmp_path / "out").exists()
    file = check_bench_data(bench, "bench")
    plan = load_plan("hj655-pm")[0].only("tape_check", "teom_condition")  # nothing there rests on it
    check_plan(plan, tmp_path, file, tmp_path, (device,), file.bench.epoch.date())


def test_slips_of_a_hurried_person_are_caught(tmp_path):
    """A wrong foil, a foil that was not placed, swapped digits: each foil reading stays the unit's own."""
    bench = {**particles_only(), "operator": {"delay": "30 s", "mistakes": 0.25}}
    plan = only("foil_check").replace("days = 3", "days = 1")
    _, record = play(tmp_path, bench, plan, ("pm10",))
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    slips = [slip["prompt"] for slip in truth["slips"]]
    assert slips  # seed 1 makes some
    [entry] = record.procedures
    with closing(sqlite3.connect(tmp_path / "out" / "journal.sqlite")) as journal:
        asked = journal.execute("select count(*) from journal where kind = 'prompt'").fetchone()[0]
    assert asked > 11  # three readings need that many: something was asked again
    assert any(note.key == "foil_check.doubted" for note in entry.notes)
    for reading in entry.data.tables[0].rows[0][1:4]:
        assert reading == pytest.approx(0.7471, rel=0.02)


def test_a_bench_without_gas_can_be_tested_and_one_without_monitors_is_refused(tmp_path):
    code, record = play(tmp_path, particles_only(), only("leak", "teom_condition"), ("pm25", "teom"))
    assert code == 0
    assert {test.device for test in record.tests} == {"pm25", "teom"}
    demo = tomllib.loads(bench_path("demo").read_text())
    with pytest.raises(ConfigurationErrors, match="device: expected an analyzer of kind pm to test"):
        play(tmp_path, demo)


def test_gas_plans_leave_monitors_alone_and_the_order_is_that_of_the_issue():
    file, _ = load_bench("station")
    for name in ("hj193-debug", "hj193-acceptance", "hj818-daily", "references"):
        assert not [unit for unit in chosen_units(load_plan(name)[0], file) if unit.weighing]
    plan, _ = load_plan("hj655-pm")
    names = [step.name for step in plan.steps]
    order = ["leak_as_found", "flow_as_found", "clean", "leak", "particle_sensors", "particle_flow", "foil_check",
             "k0_verification", "zero_background"]  # fmt: skip
    assert [name for name in names if name in order] == order
    assert {unit.name for unit in chosen_units(plan, file)} == {"pm10", "pm25", "teom"}


@pytest.mark.parametrize(("name", "least"), [("hj817-weekly", 9), ("hj817-monthly", 22)])
def test_routine_rounds_pass_on_good_monitors(tmp_path, name, least):
    code, record = play(tmp_path, particles_only(), plan_path(name).read_text())
    assert code == 0
    assert len(record.tests) == least
    assert {test.device for test in record.tests} == {"pm10", "pm25", "teom"}
