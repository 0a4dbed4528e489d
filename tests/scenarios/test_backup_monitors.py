"""Spare particle monitors: papers, tests, swaps, through `rig accept`, without any gas."""

import json
import re
import tomllib

import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, plan_path

SPARES = tomllib.loads(bench_path("spares-pm").read_text())
SWAP = "backup-swap-pm"


def play(tmp_path, plan, devices, bench=SPARES, steps=()):
    text = plan_path(plan).read_text()
    if steps:
        text = re.sub(r"procedures = \[.*?\]", f"procedures = {json.dumps(steps)}", text, count=1, flags=re.S)
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(text)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


@pytest.mark.parametrize(("device", "piece"), [("pm10_spare", "foil_check.error"),
                                               ("teom_spare", "k0_verification.difference")])  # fmt: skip
def test_a_good_monitor_goes_on_duty_in_less_than_four_hours(tmp_path, device, piece):
    code, record = play(tmp_path, SWAP, (device,))
    assert code == 0
    values = {test.criterion: test.value for test in record.tests}
    assert piece in values
    assert 1.0 < values["backup_in_service.swap"] < 4.0
    [said] = [note for note in record.notes if note.key == "backup_in_service.on_duty"]
    assert said.values["left"] == pytest.approx(48.0 - values["backup_in_service.within"], abs=0.06)
    assert {test.device for test in record.tests} == {device}


def test_a_monitor_on_the_shelf_is_ready_for_half_a_year_and_its_papers_are_looked_at(tmp_path):
    steps = ("backup_documents", "stored_constants", "leak", "backup_readiness")
    code, record = play(tmp_path, "backup-shelf-pm", ("pm10_spare", "teom_spare"), steps=steps)
    assert code == 0
    until = {note.values["device"]: note.values["day"] for note in record.notes if note.key == "backup_readiness.until"}
    assert until == {"pm10_spare": "2027-01-06", "teom_spare": "2027-01-06"}
    assert len([test for test in record.tests if test.criterion.startswith("backup_documents.")]) == 8


@pytest.mark.parametrize("defect", [d for d in defects() if d.bench == "spares-pm"], ids=lambda d: d.name)
def test_a_bad_monitor_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    code, record = play(tmp_path, defect.plan, defect.devices, defect.bench_data(SPARES))
    assert code == 1
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == (set() if defect.held_by is None else {defect.held_by})
    assert "backup_in_service.on_duty" not in {note.key for note in record.notes}
