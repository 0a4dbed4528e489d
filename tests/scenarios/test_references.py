"""Duties on references through `rig accept`: flows, zero air, ozone, cylinders, dilution, each with a hidden defect."""

import copy
import json
import sqlite3
import tomllib
from datetime import date

import numpy as np
import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, load_plan, plan_path

STATION = tomllib.loads(bench_path("station").read_text())
PLAN = plan_path("references").read_text()


def small():
    """The station without what makes its air and its particles: references, calibrator, analyzers of gases."""
    data = copy.deepcopy(STATION)
    for name in ("shelter", "manifold", "supply", "pm10", "pm25", "teom", "weather", "visibility", "path"):
        del data["device"][name]
    del data["routine"], data["cell"]
    del data["device"]["ozone_standard"]["power"]
    data["air"] = {"ambient": {"log_sd": 0.5}, "room": {"o3": "40 ppb", "no2": "20 ppb", "so2": "0.5 ppb"}}
    return data


def only(*names, **changes):
    """The plan with some of its steps, and with some of its text changed."""
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[gas]") + 1
    text = PLAN[:begin] + "procedures = [" + ", ".join(f'"{name}"' for name in names) + "]" + PLAN[end:]
    for old, new in changes.get("text", {}).items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def play(tmp_path, plan, bench=None, devices=("calibrator",), name="out"):
    data = small() if bench is None else bench
    (tmp_path / "bench.json").write_text(json.dumps(data, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(plan)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / name, operator="simulated"))  # fmt: skip
    return code, load(tmp_path / name / "result.json")


def verdicts(record):
    return {test.id.partition("/")[2]: test.verdict for test in record.tests}


def notes(record):
    return [note.key for entry in record.procedures for note in entry.notes]


# -- the whole plan ---------------------------------------------------------------------------------------------------


def test_the_embedded_station_passes_whole_and_names_its_references(tmp_path):
    code = accept(AcceptOptions(bench="station", plan="references", out=tmp_path / "out", operator="simulated"))
    record = load(tmp_path / "out" / "result.json")
    assert code == 0, [(test.id, test.verdict) for test in record.tests if test.verdict != "pass"]
    assert record.run.ended_us - record.run.started_us > 6 * 86_400_000_000
    references = {its.id: its for its in record.references}
    assert set(references) >= {
        "small_flow_meter.certificate.volumetric_flow", "flow_meter.certificate.volumetric_flow",
        "ozone_standard.certificate.o3", "climate_meter.certificate.pressure", "cylinder.so2_reference",
    }  # fmt: skip
    assert {its.kind for its in record.references} == {"cylinder", "flow", "meter", "photometer"}
    assert all(its.certificate and date.fromisoformat(its.expires) > date(2026, 7, 6) for its in record.references)
    assert all(its.emulated for its in record.references)
    used = {name for entry in record.procedures for name in entry.references}
    assert used <= set(references)
    assert "safe.done" in [note.key for note in record.notes]  # every meter lies in its case again


@pytest.mark.parametrize("defect", [d for d in defects() if d.plan == "references"], ids=lambda d: d.name)
def test_a_bad_reference_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    plan, _ = load_plan("references")
    steps = [
        step.name for step in plan.steps if step.name != "ozone_qualification"
    ]  # the page's runs have the days too
    text = only(*steps, text={"days = 2": "days = 1"})
    _, record = play(tmp_path, text, defect.bench_data(small()), defect.devices)
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == set()


# -- flows of the calibrator ------------------------------------------------------------------------------------------


def with_hidden(device, **hidden):
    data = small()
    data["device"][device].setdefault("hidden", {}).update(hidden)
    return data


def test_a_controller_out_of_limits_gets_a_new_table_by_hand_and_the_old_one_stays_on_file(tmp_path):
    bench = with_hidden("calibrator", gas_flow_span_pct=4.0, gas_flow_nonlinearity_pct_fs=1.0)
    code, record = play(tmp_path, only("calibrator_flow"), bench)
    assert code == 0
    gas, zero = record.tests
    assert (gas.quantity, zero.quantity) == ("gas_flow", "zero_flow")
    # 50 cc/min set: 4 % too much, and a bulge of 1 % of full scale in the middle: the display is 5.7 % low.
    assert gas.as_found == pytest.approx(100.0 * (50.0 / (50.0 * 1.04 + 1.0) - 1.0), abs=0.5)
    assert abs(gas.as_left) < 0.5
    assert zero.as_left is None
    entry = record.procedures[0]
    assert "flow.table_by_hand" in [note.key for note in entry.notes]
    [setting] = entry.data.settings
    assert setting.name == "gas_flow_table"
    assert setting.as_found.startswith("250:5 500:10 ")
    new = [float(pair.split(":")[1]) for pair in setting.as_left.split()]
    assert len(new) == 20
    assert new[9] == pytest.approx(50.0 * 1.04 + 1.0, rel=0.01)  # what 2500 mV really let through
    assert new[19] == pytest.approx(104.0, rel=0.01)
    [points] = [table for table in entry.data.tables if table.key == "flow_twenty_points"]
    assert [row[0] for row in points.rows] == [250.0 * number for number in range(1, 21)]
    assert record.procedures[1].data.settings == []


def test_a_calibrator_that_takes_a_table_by_wire_is_given_it_by_wire(tmp_path):
    bench = with_hidden("calibrator", zero_flow_span_pct=-3.5)
    bench["device"]["calibrator"]["port"] = {"a": {"kind": "direct", "protocol": "direct"}}
    code, record = play(tmp_path, only("calibrator_flow"), bench)
    assert code == 0
    zero = record.tests[1]
    assert zero.as_found == pytest.approx(3.6, abs=0.5)
    assert abs(zero.as_left) < 0.5
    [_, entry] = record.procedures
    assert "flow.table_written" in [note.key for note in entry.notes]
    changed = {s.name for s in entry.settings if s.as_found != s.as_left}
    assert changed == {"zero_flow_table"}  # the procedure's own change does not void its test


def test_where_nothing_may_be_adjusted_the_twenty_points_are_judged(tmp_path):
    bench = with_hidden("calibrator", gas_flow_span_pct=4.0)
    plan = only("calibrator_flow", text={'adjust = "if-needed"': 'adjust = "never"'})
    code, record = play(tmp_path, plan, bench)
    assert code == 1
    found = {name.removeprefix("calibrator_flow/"): verdict for name, verdict in verdicts(record).items()}
    assert found == {
        "gas_flow/single": "fail", "gas_flow/slope": "fail", "gas_flow/intercept": "pass",
        "gas_flow/correlation": "pass", "zero_flow/single": "pass",
    }  # fmt: skip
    slope = next(test for test in record.tests if test.criterion == "calibrator_flow.slope")
    assert slope.value == pytest.approx(1.0 / 1.04, abs=0.006)
    assert abs(slope.value - 1.0 / 1.04) < 3.0 * slope.u
    chart = next(c for c in record.procedures[0].data.charts if c.key == "flow_errors")
    assert (chart.limit_low, chart.limit_high) == (-2.0, 2.0)


def test_flows_compared_in_two_reference_states_are_nine_percent_apart(tmp_path):
    bench = small()
    bench["device"]["flow_meter"]["settings"] = {"reference_temperature": 0.0}  # what the meter counts at is no matter
    states = {"calibrator_reference_c = 25": "calibrator_reference_c = 0", 'adjust = "if-needed"': 'adjust = "never"'}
    _, right = play(tmp_path, only("calibrator_flow"), bench, name="right")
    _, wrong = play(tmp_path, only("calibrator_flow", text=states), bench, name="wrong")
    singles = [[t.value for t in record.tests if t.criterion == "calibrator_flow.single"] for record in (right, wrong)]
    assert all(abs(value) < 0.6 for value in singles[0])
    assert singles[1] == pytest.approx([100.0 * (298.15 / 273.15 - 1.0)] * 2, abs=0.8)


@pytest.mark.parametrize(("seed", "mistake"), [(1, 0.3), (2, 0.3), (4, 0.3)])
def test_a_meter_at_the_wrong_place_is_noticed_and_connected_anew(tmp_path, seed, mistake):
    bench = small()
    bench["bench"]["seed"] = seed
    bench["operator"]["mistakes"] = mistake
    plan = only("sample_flow")
    _, record = play(tmp_path, plan, bench, devices=("so2", "o3"))
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    held = [slip for slip in truth["slips"] if slip["prompt"] == "prompt.hold_meter"]
    assert held  # this person does take one port for another
    assert notes(record).count("flow.connection_doubted") >= len(held) - 1
    assert {test.verdict for test in record.tests} == {"pass"}


def test_hands_reach_a_bench_that_runs_in_a_thread_of_its_own(tmp_path):
    (tmp_path / "bench.json").write_text(json.dumps(small(), default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(only("sample_flow", text={'settle = "30 s"': 'settle = "60 s"'}))
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=("so2",),
                                clock="paced", speed=100.0, out=tmp_path / "out", operator="simulated"))  # fmt: skip
    assert code == 0
    assert load(tmp_path / "out" / "result.json").tests[0].value == pytest.approx(0.0, abs=2.0)


# -- ozone ------------------------------------------------------------------------------------------------------------

OZONE = ("calibrator", "o3")
NO_LAST = {'last = { slope = 1.0021, u_slope = 0.0015, intercept = -0.4, on = 2026-01-12, source = "as filed" }': ""}


def test_a_transfer_finds_the_error_of_the_photometer_and_its_certificate_counts(tmp_path):
    bench = with_hidden("calibrator", photometer_error_pct=2.0)
    bench["device"]["ozone_standard"]["certificate"]["o3"] |= {"slope": 1.01, "intercept": 0.5}
    _, record = play(tmp_path, only("ozone_transfer"), bench, OZONE)
    slope = next(test for test in record.tests if test.criterion == "ozone_transfer.slope")
    # The true ozone is what the standard shows (it has no error); corrected by its certificate it counts 1 % more.
    assert slope.value == pytest.approx(1.0 / 1.02 / 1.01, abs=0.004)
    assert {line.source for line in slope.budget} >= {"reference_certificate", "repeatability", "drift"}
    change = next(test for test in record.tests if test.criterion == "ozone_transfer.change")
    assert [line.source for line in change.budget if line.cancels] == ["reference_certificate"] * 2
    assert change.value == pytest.approx(100.0 * (slope.value / 1.0021 - 1.0))
    entry = next(e for e in record.procedures if e.device == "calibrator")
    assert len(entry.data.tables[0].rows) == 6
    assert all(check.ok for check in entry.data.checks)


def test_the_record_of_one_transfer_is_the_last_one_of_the_next(tmp_path):
    plan = only("ozone_transfer", text=NO_LAST)
    code, first = play(tmp_path, plan, devices=OZONE, name="first")
    assert code == 0
    assert "ozone.no_last_transfer" in notes(first)
    assert "ozone_transfer.change" not in {test.criterion for test in first.tests}
    [before] = [test.value for test in first.tests if test.criterion == "ozone_transfer.slope"]
    path = tmp_path / "first" / "result.json"
    filed = only("ozone_transfer", text={next(iter(NO_LAST)): f'last_record = "{path}"'})
    bench = with_hidden("calibrator", photometer_error_pct=-4.0)
    code, second = play(tmp_path, filed, bench, OZONE, name="second")
    assert code == 1
    [change] = [test for test in second.tests if test.criterion == "ozone_transfer.change"]
    [after] = [test.value for test in second.tests if test.criterion == "ozone_transfer.slope"]
    assert change.value == pytest.approx(100.0 * (after / before - 1.0))
    assert change.verdict == "fail"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('last_record = "nowhere.json"', "expected a record of an ozone transfer (nowhere.json: FileNotFoundError)"),
        ('last_record = "x"\nlast = { slope = 1.0, on = 2026-01-12 }', "expected last or last_record, not both"),
        ("last = { slope = 0.0, on = 2026-01-12 }", "ozone_transfer.last.slope"),
    ],
)
def test_a_last_transfer_that_is_none_is_one_clear_error(tmp_path, text, said):
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, only("ozone_transfer", text={next(iter(NO_LAST)): text}), devices=OZONE)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_old_transfer_is_called_overdue_and_a_new_one_says_until_when(tmp_path):
    plan = only("ozone_transfer", text={"on = 2026-01-12": "on = 2025-12-30"})
    _, record = play(tmp_path, plan, devices=OZONE)
    said = {note.key: note.values for entry in record.procedures for note in entry.notes}
    assert said["ozone.overdue"]["on"] == "2025-12-30"
    assert said["ozone.valid_until"]["until"] == "2026-12-31"  # the transfer standard's own certificate ends first


def test_photometers_that_reckon_with_different_coefficients_give_no_transfer(tmp_path):
    bench = small()
    bench["device"]["calibrator"].setdefault("settings", {})["photometer_coefficient"] = 304.39
    code, record = play(tmp_path, only("ozone_transfer"), bench, OZONE)
    assert code == 3
    assert {test.verdict for test in record.tests} == {"void"}
    [reason] = {test.message.values["check"] for test in record.tests}
    assert reason == "absorption_coefficient"


@pytest.mark.parametrize(("device", "setting", "value"), [
    ("calibrator", "photometer_slope", 1.01), ("ozone_standard", "o3_bkg", 2.0),
])  # fmt: skip
def test_a_slope_that_somebody_changes_during_the_transfer_voids_it(tmp_path, at, device, setting, value):
    at(device, 1.0, setting, value)
    code, record = play(tmp_path, only("ozone_transfer"), devices=OZONE)
    assert code == 3
    assert {test.verdict for test in record.tests} == {"void"}
    assert {test.message.key for test in record.tests} == {"device.setting_changed"}
    assert {test.message.values["setting"] for test in record.tests} == {setting}


def test_a_cold_standard_is_waited_for(tmp_path):
    bench = small()
    bench["device"]["ozone_standard"]["warm"] = False
    _, cold = play(tmp_path, only("ozone_transfer"), bench, OZONE, name="cold")
    _, warm = play(tmp_path, only("ozone_transfer"), devices=OZONE, name="warm")
    assert {test.verdict for test in cold.tests} == {"pass"}
    waited = [record.procedures[0].data.levels[0].asked_t_s for record in (cold, warm)]
    assert waited[0] > waited[1] + 300.0


def test_a_standard_that_is_not_connected_is_connected_anew(tmp_path):
    bench = small()
    bench["operator"]["mistakes"] = 0.3
    bench["bench"]["seed"] = 0
    _, record = play(tmp_path, only("ozone_transfer"), bench, OZONE)
    slips = json.loads((tmp_path / "out" / "truth.json").read_text())["slips"]
    assert slips == [{"prompt": "prompt.connect_standard", "done": "not done"}]
    assert "ozone.not_connected" in notes(record)
    assert {test.verdict for test in record.tests} == {"pass"}


def test_six_days_qualify_a_steady_photometer_and_not_one_that_drifts(tmp_path):
    code, good = play(tmp_path, only("ozone_qualification"), name="good")
    assert code == 0
    assert good.run.ended_us - good.run.started_us > 5 * 86_400_000_000
    [slopes, intercepts] = good.tests
    assert (slopes.distribution, slopes.dof, slopes.n) == ("chi-square", 5.0, 6)
    assert slopes.value < 0.5
    assert intercepts.value < 0.8
    moved = {
        "kind": "cause",
        "parameter": "photometer_error_pct",
        "severity": 8.0,
        "device": "calibrator",
        "at": "60 h",
    }
    code, bad = play(tmp_path, only("ozone_qualification"), {**small(), "fault": [moved]}, name="bad")
    assert code == 1
    assert verdicts(bad) == {"ozone_qualification/o3/slopes": "fail", "ozone_qualification/o3/intercepts": "pass"}
    slopes = np.array([1.0] * 3 + [1.0 / 1.08] * 3)
    assert bad.tests[0].value == pytest.approx(100.0 * slopes.std(ddof=1) / slopes.mean(), abs=0.3)


# -- cylinders and dilution -------------------------------------------------------------------------------------------


def test_a_mistyped_cylinder_shows_in_the_cross_check_and_is_named(tmp_path):
    bench = small()
    bench["cylinder"]["so2"]["stored"] = "52 ppm"
    code, record = play(tmp_path, only("cylinder_check"), bench, ("so2",))
    assert code == 1
    [test] = record.tests
    # 4 % more believed than there is: 4 % less gas is added for the same level
    assert test.value == pytest.approx(100.0 * (50.1 / 52.0 - 1.0), abs=0.5)
    [note] = [note for note in record.procedures[0].notes if note.key == "cylinder_check.stored_differs"]
    assert note.values == {"cylinder": "cylinder.so2", "found": "52000 nmol/mol", "expected": "50000 nmol/mol"}
    assert {line.source for line in test.budget if line.cancels} == {"gas_flow", "zero_flow"}
    assert sum(line.source == "cylinder" for line in test.budget) == 2


def test_an_offset_of_the_zero_flow_shows_at_the_smaller_of_two_flows(tmp_path):
    bench = with_hidden("calibrator", zero_flow_offset_pct_fs=2.0)
    code, record = play(tmp_path, only("dilution_check"), bench, ("so2",))
    assert code == 1
    assert verdicts(record) == {"dilution_check/so2/prediction": "fail", "dilution_check/so2/repeatability": "pass"}
    # 0.2 L/min too much of 3 and of 8 L/min
    expected = 100.0 * ((3.0 / 3.2) / (8.0 / 8.2) - 1.0)
    assert record.tests[0].value == pytest.approx(expected, abs=0.6)


# -- before anything flows --------------------------------------------------------------------------------------------

BAD = {
    "no such meter": ("small_flow_meter", None, "calibrator_flow.gas_meter: expected a reference of"),
    "no certificate": ("flow_meter", {}, "device.flow_meter.certificate: expected a certificate for volumetric_flow"),
    "expired": (
        "ozone_standard", {"o3": {"certificate": "O3", "expires": "2026-06-30"}},
        "device.ozone_standard.certificate.o3.expires: expected a certificate that is valid on 2026-07-06",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_reference_that_is_missing_or_expired_stops_the_plan_before_gas_flows(tmp_path, case):
    device, certificate, said = BAD[case]
    bench = small()
    if certificate is None:
        del bench["device"][device]
    else:
        bench["device"][device]["certificate"] = certificate
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, only("calibrator_flow", "ozone_transfer"), bench)
    assert len(caught.value.errors) == 1, str(caught.value)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_second_cylinder_must_be_there_valid_and_at_a_port_of_its_own(tmp_path):
    bench = small()
    bench["cylinder"]["so2_reference"]["expires"] = "2026-07-05"
    with pytest.raises(ConfigurationErrors, match=r"cylinder\.so2_reference\.expires: expected a certificate"):
        play(tmp_path, only("cylinder_check"), bench, ("so2",))
    del bench["cylinder"]["so2_reference"]["port"]
    with pytest.raises(ConfigurationErrors, match=r"cylinder\.so2_reference\.port: expected a port"):
        play(tmp_path, only("cylinder_check"), bench, ("so2",))
    del bench["cylinder"]["so2_reference"]
    with pytest.raises(ConfigurationErrors, match=r"cylinder_check\.against: expected a cylinder at the calibrator"):
        play(tmp_path, only("cylinder_check"), bench, ("so2",))


def test_a_calibrator_that_takes_its_gas_by_name_is_set_at_its_keypad(tmp_path):
    bench = small()
    bench["device"]["calibrator"] |= {"model": "T700", "port": {"a": {"protocol": "teledyne", "baud": 115200}}}
    code, record = play(tmp_path, only("cylinder_check"), bench, ("so2",))
    assert code == 0
    [test] = record.tests
    assert test.verdict == "pass"
    assert abs(test.value + 0.2) < 3.0 * test.u  # the station's own holds 0.2 % more than its certificate says
    journal = sqlite3.connect(tmp_path / "out" / "journal.sqlite")
    asked = "".join(str(row) for row in journal.execute("select * from journal"))
    assert "prompt.open_port" in asked
