"""Duties and inspections: audits, blind levels, lists that people answer, trial run, points of a form."""

import copy
import io
import json
import re
import sys
import tomllib

import pytest
from pydantic import ValidationError

from calibration.procedures.accuracy_audit import AccuracyAuditPlan
from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.run import Run
from scenarios.opening import bench_path, plan_path

DEMO = tomllib.loads(bench_path("demo").read_text())


def bench(device="so2", faults=(), **hidden):
    data = copy.deepcopy(DEMO)
    data["device"][device]["hidden"] = hidden
    data["fault"] = [{"device": device, "at": "0 s", **fault} for fault in faults]
    return data


def plan(name, *steps, **replaced):
    """An embedded plan, with some of its steps, and texts of it replaced."""
    text = plan_path(name).read_text()
    if steps:
        text = re.sub(r"procedures = \[.*?\]", f"procedures = {json.dumps(steps)}", text, count=1, flags=re.S)
    for old, new in replaced.items():
        text, n = re.subn(rf"(?m)^{old} = .*$", f"{old} = {new}", text)
        assert n, old
    return text


def play(tmp_path, text, data=None, devices=("so2",), operator="simulated"):
    (tmp_path / "bench.json").write_text(json.dumps(data or DEMO, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(text)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator=operator))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def of(record, procedure):
    return [entry for entry in record.procedures if entry.procedure == procedure]


def test_an_inspection_takes_points_for_what_it_finds_and_adjusts_nothing(tmp_path, capsys):
    code, record = play(tmp_path, plan("inspection"), bench(span_error_pct=-7.0))
    assert code == 1
    failed = {test.criterion for test in record.tests if test.verdict == "fail"}
    assert failed == {"zero_span.span", "accuracy_audit.mean_error"}
    assert "so2: 23 of 35 points." in capsys.readouterr().out  # 6 and 6 points lost, no converter
    for entry in record.procedures:
        assert all(setting.as_found == setting.as_left for setting in entry.settings if setting.name != "gas_mode")


def test_nobody_is_told_a_blind_level_before_the_report(tmp_path, monkeypatch, capsys):
    told = []
    monkeypatch.setattr(Run, "step", lambda self, text: told.append(text))
    code, record = play(tmp_path, plan("inspection", "accuracy_audit"))
    assert code == 0
    [entry] = of(record, "accuracy_audit")
    assert [level.label for level in entry.data.levels] == ["blind 1", "blind 2", "blind 3", "blind 4"]
    assert sum("blind" in text for text in told) == 4
    said = " ".join(told) + capsys.readouterr().out
    drawn = AccuracyAuditPlan(blind_pct=[(10.0, 20.0), (30.0, 45.0), (55.0, 70.0), (75.0, 90.0)]).drawn("so2")
    for level, percent in zip(entry.data.levels, drawn, strict=True):
        assert level.nominal == pytest.approx(5.0 * percent, rel=0.01)
        assert f"{percent:g}" not in said
    errors = [row[3] for row in entry.data.tables[0].rows]
    [test] = record.tests
    assert test.value == pytest.approx(sum(abs(error) for error in errors) / 4.0)
    assert test.u > 0.0


def test_a_draw_is_repeatable_in_its_ranges_and_another_one_each_time():
    ranges = [(10.0, 20.0), (30.0, 45.0), (55.0, 70.0)]
    draws = {}
    for draw in range(20):
        for gas in ("so2", "co"):
            levels = AccuracyAuditPlan(blind_pct=ranges, draw=draw).drawn(gas)
            assert levels == AccuracyAuditPlan(blind_pct=ranges, draw=draw).drawn(gas)
            for level, (low, high) in zip(sorted(levels), ranges, strict=True):
                assert low <= level <= high
            draws[draw, gas] = tuple(levels)
    assert len(set(draws.values())) > 35
    assert len({tuple(sorted(levels)) == levels for levels in draws.values()}) == 2  # the order is drawn, too


@pytest.mark.parametrize(
    "wrong",
    [{"blind_pct": [(20.0, 10.0)]}, {"blind_pct": [(0.0, 10.0)]}, {"levels_pct": [0.0, 10.0]}, {"levels_pct": []}],
)
def test_levels_that_cannot_be_audited_are_refused(wrong):
    with pytest.raises(ValidationError, match="above 0"):
        AccuracyAuditPlan(**wrong)


def test_the_precision_audit_sees_what_wanders_between_its_readings(tmp_path):
    code, record = play(tmp_path, plan("hj818-routine", "precision_audit"))
    assert code == 0
    [good] = record.tests
    [entry] = record.procedures
    means = [row[2] for row in entry.data.tables[0].rows]
    mean = sum(means) / 6.0
    s = (sum((value - mean) ** 2 for value in means) / 5.0) ** 0.5
    assert good.value == pytest.approx(100.0 * s / mean)
    assert (good.n, good.dof, good.distribution) == (6, 5.0, "chi-square")
    wanders = bench(span_drift_pct_per_day=100.0)
    (tmp_path / "again").mkdir()
    code, record = play(tmp_path / "again", plan("hj818-routine", "precision_audit"), wanders)
    assert code == 1
    assert record.tests[0].value > 5.0 > good.value


def test_a_missing_paper_stops_the_acceptance_of_that_unit_only(tmp_path, monkeypatch):
    # Five papers of so2, of which the third is missing, five of co; the terminal takes Enter for yes.
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\nno\n\n\n" + "\n" * 5))
    text = plan("hj193-acceptance", "document_gate", "indication_error")
    code, record = play(tmp_path, text, devices=("so2", "co"), operator="terminal")
    assert code == 1
    verdicts = {(test.device, test.criterion): test.verdict for test in record.tests}
    assert verdicts == {
        ("so2", "checklist.missing"): "fail", ("co", "checklist.missing"): "pass",
        ("so2", "indication_error.error"): "not tested", ("co", "indication_error.error"): "pass",
    }  # fmt: skip
    [message] = [test.message for test in record.tests if test.verdict == "fail"]
    assert (message.values["document"], message.values["n"]) == ("trial_run_report", 1)


def test_a_list_of_the_station_is_asked_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\nno\nyes\nyes\nno\n"))
    code, record = play(tmp_path, plan("hj818-daily", "daily_list"), devices=("so2", "co"), operator="terminal")
    assert code == 1
    assert {test.device: test.value for test in record.tests} == {"so2": 2.0, "co": 2.0}
    assert {test.limit_mark for test in record.tests} == {"read"}


@pytest.mark.parametrize(
    ("answers", "ended", "key", "day", "fails"),
    [
        ("61\n93.5\n", "2025-11-30", "trial_run.due", "2026-02-28", set()),
        ("45\n1e3\n85\n", "2025-09-01", "trial_run.overdue", "2025-12-01", {"trial_run.days", "trial_run.capture"}),
    ],
)
def test_the_trial_runs_report_is_asked_for_and_the_months_are_counted(
    tmp_path, monkeypatch, capsys, answers, ended, key, day, fails
):
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    text = plan("hj193-acceptance", "trial_run", acceptance_months=f"3\nended = {ended}")
    code, record = play(tmp_path, text, operator="terminal")
    assert code == bool(fails)
    assert {test.criterion for test in record.tests if test.verdict == "fail"} == fails
    assert [note.key for note in record.notes if note.key.startswith("trial_run")] == [key]
    assert f"by {day}" in capsys.readouterr().out


def test_the_acceptance_passes_whole_on_the_embedded_station(tmp_path):
    code, record = play(tmp_path, plan("hj193-acceptance"), devices=("so2", "nox"))
    assert code == 0
    assert {entry.procedure for entry in record.procedures} >= {"checklist", "trial_run", "indication_error", "drift"}
    assert {test.criterion for test in record.tests if test.procedure == "drift"} == {"drift.zero", "drift.high"}


def test_the_half_yearly_round_passes_whole_on_the_embedded_station(tmp_path):
    code, record = play(tmp_path, plan("hj818-routine"), devices=("nox",))
    assert code == 0
    assert {test.document for test in record.tests} == {"HJ 818-2018", "City-station rules (trial)"}
    [no2] = [test for test in record.tests if test.criterion == "converter_efficiency.efficiency"]
    assert no2.quantity == "no2"
