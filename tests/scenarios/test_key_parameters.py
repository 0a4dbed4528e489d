"""Key technical parameters and their effect: ranges, last record, a unit's own log, steps that are put back."""

import copy
import io
import json
import sys
import tomllib

import pytest

from calibration.procedures.common.history import last_settings
from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.cli.play import Play
from rig.errors import ConfigurationError
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path

DEMO = tomllib.loads(bench_path("demo").read_text())


def bench(device="so2", faults=(), **settings):
    data = copy.deepcopy(DEMO)
    data["device"][device]["settings"] = settings
    data["fault"] = [{"device": device, "at": "0 s", **fault} for fault in faults]
    return data


def play(folder, data, plan="key-parameters", devices=("so2",), last=None):
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(data, default=lambda value: value.isoformat()))
    code = accept(AcceptOptions(bench=str(folder / "bench.json"), plan=plan, devices=devices, out=folder / "out",
                                operator="simulated", last_record=last))  # fmt: skip
    return code, load(folder / "out" / "result.json")


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A run on the good unit, and its folder."""
    folder = tmp_path_factory.mktemp("before")
    code, _ = play(folder, bench())
    assert code == 0
    return folder / "out"


@pytest.mark.parametrize(("name", "n"), [("demo", 39), ("teledyne", 38)])
def test_every_filed_parameter_of_a_good_station_is_read_and_within(tmp_path, name, n):
    data = tomllib.loads(bench_path(name).read_text())
    code, record = play(tmp_path, data, devices=())
    assert code == 0
    rows = [row for entry in record.procedures for row in entry.data.tables[0].rows]
    assert len(rows) == n
    assert {row[5] for row in rows} == {"within"}
    assert {row[4] for row in rows} <= {"read", "reported", "recalled"}
    assert {test.criterion: test.value for test in record.tests}["key_parameters.outside"] == 0.0


def test_a_weak_lamp_lies_outside_its_filed_range_and_is_named(tmp_path):
    code, record = play(tmp_path, bench(faults=[{"kind": "lamp_weak", "severity": 0.7}]))
    assert code == 1
    [test] = [test for test in record.tests if test.verdict == "fail"]
    assert test.criterion == "key_parameters.outside"
    assert test.message.values["setting"] == "lamp_intensity"
    assert test.limit_mark == "reported"


def test_a_change_past_the_log_is_counted_without_a_record_and_named_with_one(tmp_path, before):
    data = bench(faults=[{"kind": "coefficient_changed_unlogged", "severity": 0.9}])
    code, record = play(tmp_path / "alone", data)
    assert code == 1
    [test] = [test for test in record.tests if test.verdict == "fail"]
    assert (test.criterion, test.value, test.message.key) == (
        "key_parameters.hidden", 1.0, "key_parameters.past_the_log",
    )  # fmt: skip
    code, record = play(tmp_path / "compared", data, last=before)
    [test] = [test for test in record.tests if test.verdict == "fail"]
    assert test.message.key == "key_parameters.hidden_change"
    found = test.message.values
    assert (found["setting"], float(found["before"]), float(found["after"])) == ("so2_coef", 1.0, 0.9)


@pytest.mark.parametrize(
    "defect", [d for d in defects() if d.plan in ("key-parameters", "inspection")], ids=lambda d: d.name
)
def test_a_bad_unit_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    data = defect.bench_data(copy.deepcopy(DEMO))
    _, record = play(tmp_path, data, plan=defect.plan, devices=(defect.device,))
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == set()


def test_a_change_at_the_panel_is_no_hidden_one_but_has_no_calibration(tmp_path, before):
    data = bench(faults=[{"kind": "background_changed", "severity": 6.0}])
    code, record = play(tmp_path, data, last=before / "result.json")
    verdicts = {test.criterion: (test.verdict, test.message) for test in record.tests}
    assert code == 1
    assert verdicts["key_parameters.hidden"][0] == "pass"
    assert verdicts["key_parameters.changed"][0] == "fail"
    message = verdicts["key_parameters.changed"][1]
    assert message.key == "key_parameters.changed_by_hand"
    assert message.values["setting"] == "so2_bkg"
    assert message.values["by"] == "panel"


def test_a_calibration_explains_a_new_coefficient(tmp_path, before):
    plan = tmp_path / "plan.toml"
    plan.write_text("""
title = "A calibration, and the look at the parameters after it"
standard = ["city-stations", "hj818"]
procedures = ["zero_span", "key_parameters"]
[zero_span]
adjust = "if-needed"
""")
    data = bench()
    data["device"]["so2"]["hidden"] = {"span_error_pct": -7.0}
    code, record = play(tmp_path, data, plan=str(plan), last=before)
    assert code == 0
    [entry] = [its for its in record.procedures if its.procedure == "key_parameters"]
    keys = {note.key: note.values for note in entry.notes}
    assert keys["key_parameters.calibrated"]["setting"] == "so2_coef"
    assert "so2_coef" in [row[2] for row in entry.data.tables[1].rows]


def test_the_last_record_is_that_of_the_serial_number(before):
    record = load(before / "result.json")
    assert last_settings(record, "another_name", "SIM-0043")["so2_coef"] == "1"
    assert last_settings(record, "so2", "SIM-9999") == {}
    assert last_settings(record, "so2", "")["so2_coef"] == "1"


@pytest.mark.parametrize("content", [None, "{}", "no record"])
def test_a_last_record_that_is_none_is_one_clear_error(tmp_path, content):
    path = tmp_path / "result.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"--last-record: expected the result\.json of an earlier run"):
        play(tmp_path, bench(), last=path)
    assert not (tmp_path / "out").exists()


def test_each_adjustable_parameter_has_its_effect_and_is_put_back(tmp_path):
    code, record = play(tmp_path, copy.deepcopy(DEMO), plan="parameter-effect", devices=("co", "nox"))
    assert code == 0
    rows = {(entry.device, row[0], row[3]): row[1:3] + row[4:] for entry in record.procedures
            if entry.procedure == "parameter_effect" for row in entry.data.tables[0].rows}  # fmt: skip
    # A coefficient multiplies: 5 % of 40 umol/mol; a background shifts zero and span alike.
    assert rows["co", "co_coef", "co"][4] == pytest.approx(2.0, abs=0.15)
    for change in rows["co", "co_bkg", "co"][2], rows["co", "co_bkg", "co"][4]:
        assert change == pytest.approx(-0.5, abs=0.1)
    assert rows["nox", "no_coef", "no"][4] == pytest.approx(20.0, abs=2.0)
    assert rows["nox", "no_coef", "no2"][4] == pytest.approx(-20.0, abs=2.5)  # NO2 is NOx less NO
    assert rows["nox", "no2_coef", "no2"][4] == pytest.approx(0.05 * 200.0, abs=2.0)  # on titrated gas
    assert {row[-1] for row in rows.values()} == {"yes"}
    for entry in record.procedures:
        assert all(its.as_found == its.as_left for its in entry.settings)


def test_a_parameter_that_the_unit_refuses_has_an_unknown_effect(tmp_path):
    code, record = play(tmp_path, bench(so2_coef=2.0), plan="parameter-effect")
    assert code == 1
    verdicts = {test.criterion: test for test in record.tests}
    assert verdicts["parameter_effect.unknown"].verdict == "fail"
    assert verdicts["parameter_effect.unknown"].message.values["setting"] == "so2_coef"
    assert verdicts["parameter_effect.not_restored"].verdict == "pass"


@pytest.mark.parametrize(("answer", "verdict"), [("yes", "pass"), ("no", "fail")])
def test_where_no_wire_carries_the_log_a_person_looks_it_through(tmp_path, monkeypatch, answer, verdict):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    monkeypatch.setattr(Play, "_hands", lambda play: None)  # as at a real unit, whose display the rig cannot see
    (tmp_path / "bench.json").write_text(json.dumps(DEMO, default=lambda value: value.isoformat()))
    accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan="key-parameters", devices=("so2",), clock="paced",
                         speed=100.0, out=tmp_path / "out", operator="terminal"))  # fmt: skip
    record = load(tmp_path / "out" / "result.json")
    assert {test.criterion: test.verdict for test in record.tests}["key_parameters.hidden"] == verdict
    assert "key_parameters.log_by_eye" in [note.key for entry in record.procedures for note in entry.notes]
