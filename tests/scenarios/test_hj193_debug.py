"""The debug sequence of HJ 193 through `rig accept`: good units pass, each bad unit fails by what was predicted."""

import copy
import json
import sqlite3
import tomllib
from pathlib import Path

import pytest

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, load_plan, plan_path

ROOT = Path(__file__).parents[2]
DEMO = tomllib.loads(bench_path("demo").read_text())
PLAN = plan_path("hj193-debug").read_text()


def play(tmp_path, bench=None, plan=PLAN, devices=(), **options):
    (tmp_path / "bench.json").write_text(json.dumps(bench or DEMO, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(plan)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated", **options))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def only(*names):
    """The plan with some of its steps."""
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[gas]") + 1
    return PLAN[:begin] + "procedures = [" + ", ".join(f'"{name}"' for name in names) + "]" + PLAN[end:]


def test_the_embedded_station_passes_whole(tmp_path):
    code, record = play(tmp_path)
    assert code == 0
    assert record.run.ended_us - record.run.started_us > 10 * 86_400_000_000
    assert {test.device for test in record.tests} == {"so2", "nox", "o3", "co"}
    nox = {test.quantity for test in record.tests if test.device == "nox"}
    assert nox == {"running_time", "leak", "sample_flow", "no", "nox", "no2"}
    assert {test.verdict for test in record.tests} == {"pass"}
    by_document = {test.document for test in record.tests}
    assert by_document == {"HJ 193-2013", "HJ 818-2018"}  # the calibration before the tests is of HJ 818
    noise = [test for test in record.tests if test.criterion == "zero_noise.noise"]
    assert {test.distribution for test in noise} == {"chi-square"}
    for test in noise:
        assert test.dof <= 24.0
        assert test.interval.low < test.value < test.interval.high
    detection = {test.device + test.quantity: test.value for test in record.tests if "detection" in test.criterion}
    assert detection == {test.device + test.quantity: pytest.approx(2.0 * test.value) for test in noise}
    drift = [test for test in record.tests if test.criterion == "drift.high"]
    for test in drift:  # the gas is the same on all days: what is wrong with it does not count
        assert {line.source for line in test.budget if line.cancels} >= {"gas_flow", "cylinder"} or test.device == "o3"
        assert all(line.contribution == 0.0 for line in test.budget if line.cancels)


@pytest.mark.parametrize("defect", [d for d in defects() if d.plan == "hj193-debug"], ids=lambda d: d.name)
def test_a_bad_unit_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    good = tomllib.loads(bench_path(defect.bench).read_text())
    _, record = play(tmp_path, defect.bench_data(good), devices=defect.devices)
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == (set() if defect.held_by is None else {defect.held_by})


def test_the_page_tells_of_every_bad_unit():
    page = (ROOT / "docs" / "confusion.md").read_text()
    for defect in defects():
        [row] = [line for line in page.splitlines() if line.startswith(f"| {defect.name} |")]
        assert "as predicted" in row
        assert all(f"`{name}`" in row for name in [*defect.fails, *([defect.held_by] if defect.held_by else [])])


def test_a_power_cut_begins_the_hours_anew(tmp_path):
    bench = {**DEMO, "fault": [{"kind": "power_cut", "device": "co", "at": "50 h", "for": "2 h"}]}
    code, record = play(tmp_path, bench, only("undisturbed_run"))
    assert code == 0
    [so2, co] = [
        next(t for t in record.tests if t.device == name and t.criterion.endswith("hours")) for name in ("so2", "co")
    ]
    assert co.value == pytest.approx(168.0, abs=0.1)
    assert so2.value > co.value + 50.0  # the others waited for it
    entry = next(its for its in record.procedures if its.device == "co")
    assert entry.notes[0].key == "undisturbed_run.interrupted"
    assert entry.notes[0].values["hours"] == pytest.approx(50.0, abs=1.1)


def test_a_unit_that_is_never_undisturbed_is_not_tested(tmp_path):
    bench = {**DEMO, "fault": [{"kind": "lamp_weak", "device": "so2", "at": "50 h", "severity": 0.9}]}
    code, record = play(tmp_path, bench, only("undisturbed_run", "zero_noise"), devices=("so2",))
    assert code == 1
    verdicts = {test.criterion: test.verdict for test in record.tests}
    assert verdicts["undisturbed_run.hours"] == "fail"
    assert verdicts["zero_noise.noise"] == "not tested"


def test_noise_is_not_measured_with_an_averaging_time_longer_than_its_data(tmp_path):
    bench = json.loads(json.dumps(DEMO, default=lambda value: value.isoformat()))
    bench["device"]["o3"]["settings"] = {"averaging_time": 300}
    code, record = play(tmp_path, bench, only("zero_noise", "span_noise"), devices=("o3", "co"))
    assert code == 3
    for test in record.tests:
        assert test.verdict == ("void" if test.device == "o3" else "pass")
        if test.device == "o3":
            assert test.message.key == "noise.averaging_too_long"


def test_two_units_of_a_gas_share_its_levels(tmp_path):
    bench = json.loads(json.dumps(DEMO, default=lambda value: value.isoformat()))
    bench["device"] = {"spare": {**bench["device"]["so2"], "serial": "SIM-2043"}, **bench["device"]}
    bench["device"]["spare"]["port"] = {"a": {"kind": "serial", "protocol": "clink", "id": 44}}
    bench["tube"]["spare"] = {**bench["tube"]["so2"], "to": "spare.span"}
    code, record = play(tmp_path, bench, only("precision"), devices=("so2", "spare"))
    assert code == 0
    windows = {its.device: [level.asked_t_s for level in its.data.levels] for its in record.procedures}
    assert windows["so2"] == windows["spare"]
    values = {test.device: test.value for test in record.tests if test.criterion == "precision.high"}
    assert values["so2"] != values["spare"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[precision]\n", '[precision]\ncriteria = ["middle"]\n', "precision.criteria: expected criteria of precision"),
        ("[precision]\n", '[precision]\ndevices = ["so9"]\n', "precision.devices: expected analyzers of the bench"),
        ("repeats = 6", "repeats = 1", "precision.repeats"),
        ("high_pct = 80.0", "high_pct = 180.0", "precision.high_pct"),
        ('standard = ["hj193", "hj818"]', 'standard = "hj818"', "expected limits for undisturbed_run in HJ 818-2018"),
        ("[drift]\n", "[drift]\nday = 3\n", "drift.day: expected no such key here"),
        ('"prepare", "cert', '"prepair", "cert', "procedures: expected one of"),
        ('procedure = "zero_span"', 'procedure = "zero_spam"', "calibration.procedure: expected one of"),
    ],
)
def test_a_wrong_plan_is_one_clear_error(tmp_path, old, new, complaint):
    assert old in PLAN
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, plan=PLAN.replace(old, new, 1), devices=("so2",))
    assert complaint in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_steps_know_their_procedures():
    plan, _ = load_plan("hj193-debug")
    names = [step.name for step in plan.steps]
    assert names.index("certificates") < names.index("undisturbed_run") < names.index("calibration")
    assert next(step for step in plan.steps if step.name == "calibration").procedure.name == "zero_span"


SHORT = json.loads(json.dumps(DEMO, default=lambda value: value.isoformat()))
SHORT["cylinder"]["so2"] |= {"model": "cylinder-8l", "pressure": "0.13 MPa"}
LEAKING = json.loads(json.dumps(DEMO, default=lambda value: value.isoformat()))
LEAKING["cylinder"]["so2"]["model"] = "cylinder-8l"
LEAKING["fault"] = [{"kind": "cylinder_leak", "device": "cylinder.so2", "at": "0 s", "severity": 1000.0}]


def test_a_cylinder_that_is_known_not_to_last_is_refused_before_gas_flows(tmp_path):
    with pytest.raises(
        ConfigurationErrors, match=r"cylinder.so2.pressure: expected 1\.\d\d MPa or more .*, found 0.13 MPa"
    ):
        play(tmp_path, SHORT, only("zero_noise", "span_noise", "precision"), devices=("so2",))
    assert not (tmp_path / "out").exists()


def test_a_cylinder_that_may_run_out_is_journaled_and_named(tmp_path):
    code, record = play(tmp_path, SHORT, only("zero_noise", "span_noise"), devices=("so2",), gas_may_run_out=True)
    assert code == 4
    [note] = [note for note in record.notes if note.key == "gas.will_not_last"]
    assert (note.values["cylinder"], note.values["pressure"]) == ("cylinder.so2", 0.13)
    with sqlite3.connect(tmp_path / "out" / "journal.sqlite") as journal:
        rows = journal.execute("SELECT seq, request FROM journal WHERE kind = 'accepted'").fetchall()
        [first] = journal.execute("SELECT min(seq) FROM journal WHERE kind = 'offer'").fetchone()
    [(seq, request)] = rows
    assert request == '["gas may run out", "cylinder.so2"]'
    assert seq < first
    assert "cylinder.so2 would not last" in (tmp_path / "out" / "report.html").read_text()


def test_a_gas_that_fades_is_not_put_down_to_the_unit(tmp_path):
    """A fifth less than asked for and falling: the calibrator's trouble (exit 4, resumable), not a void test."""
    fading = copy.deepcopy(SHORT)
    fading["cylinder"]["so2"]["pressure"] = "0.2 MPa"
    plan = only("indication_error").replace("level_pct = 50.0\nrepeats = 3", "level_pct = 90.0\nrepeats = 12", 1)
    plan = plan.replace('total_flow = "5 L/min"', 'total_flow = "9 L/min"', 1)
    assert "repeats = 12" in plan
    code, record = play(tmp_path, fading, plan, devices=("so2",), gas_may_run_out=True)
    assert code == 4
    assert {test.verdict for test in record.tests} == {"error"}
    [broken] = [note for note in record.notes if note.key == "run.error"]
    assert "a cylinder or the zero air has run short" in broken.values["error"]


@pytest.mark.parametrize("bench", [SHORT, LEAKING], ids=["short", "leaking"])
def test_a_cylinder_that_runs_empty_in_mid_plan_ends_the_run_and_says_so(tmp_path, bench):
    plan = only("zero_noise", "span_noise", "precision")
    if bench is LEAKING:  # it is nearly full at the beginning: nobody can know
        plan = only("zero_noise", "span_noise", "drift")
    code, record = play(tmp_path, bench, plan, devices=("so2",), gas_may_run_out=bench is SHORT)
    assert code == 4
    verdicts = {test.criterion: test.verdict for test in record.tests}
    assert verdicts["zero_noise.noise"] == "pass"  # what was measured before is kept
    assert set(verdicts.values()) <= {"pass", "error", "not tested"}
    [broken] = [note for note in record.notes if note.key == "run.error"]
    assert "gas_flow_deviation" in broken.values["error"]
    assert any(note.key == "safe.done" for note in record.notes)


def test_a_setting_changed_between_two_tests_ends_the_unit_and_is_named(tmp_path):
    # CO waits while SO2 is under test; somebody changes it meanwhile.
    bench = {**DEMO, "fault": [{"kind": "averaging_time_long", "device": "co", "at": "4 h"}]}
    code, record = play(tmp_path, bench, only("zero_noise", "precision", "drift"), devices=("so2", "co"))
    assert code == 3
    found = {(test.device, test.criterion): test for test in record.tests}
    assert found["co", "zero_noise.noise"].verdict == "pass"
    assert found["co", "precision.low"].verdict == "void"
    assert found["co", "drift.zero"].verdict == "not tested"
    for name in ("precision.low", "drift.zero"):
        assert found["co", name].message.key == "device.setting_changed_between"
        assert found["co", name].message.values["setting"] == "averaging_time"
    assert {test.verdict for (device, _), test in found.items() if device == "so2"} == {"pass"}


def test_a_certificate_that_runs_out_before_the_plan_ends_is_refused_before_gas_flows(tmp_path):
    bench = json.loads(json.dumps(DEMO, default=lambda value: value.isoformat()))
    bench["cylinder"]["co"]["expires"] = "2026-01-10"  # the plan begins on 5 January and takes eleven days
    with pytest.raises(ConfigurationErrors, match=r"cylinder.co.expires: expected a certificate that is valid on"):
        play(tmp_path, bench)
