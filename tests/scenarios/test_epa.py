"""40 CFR 53 and 58: double samples of tests, precision and bias of one-point checks."""

import pytest

from calibration.statistics.epa_part_58 import precision_and_bias
from rig.errors import ConfigurationErrors
from scenarios.defects import defects
from scenarios.opening import load_bench, load_plan
from scenarios.preflight import check_plan
from tests.helpers.type_bench import bench_of, plan_of, play


def one(unit, **hidden):
    bench = bench_of(unit, file="demo")
    bench["device"][unit]["hidden"] = hidden
    return bench


def test_a_good_unit_passes_seven_of_each(tmp_path):
    code, record = play(tmp_path, one("co"), plan_of("epa-53", "calibration", "noise", "lower_limit", "response"))
    assert code == 0
    counted = [test for test in record.tests if test.procedure == "sampled"]
    assert {test.criterion.partition(".")[2] for test in counted} == {
        "noise", "detection_limit", "ratio", "lag", "rise", "fall",
    }  # fmt: skip
    assert {(test.value, test.n, test.verdict) for test in counted} == {(0.0, 7, "pass")}
    [rise] = [table for entry in record.procedures if entry.id == "co/response/co" for table in entry.data.tables
              if table.key == "sampled_rise"]  # fmt: skip
    minutes = [row[1] for row in rise.rows]
    assert len(set(minutes)) == 7  # seven steps, each with its own crossing
    assert all(0.3 < value < 2.0 for value in minutes)
    assert {row[3] for row in rise.rows} == {2.0}


@pytest.mark.parametrize(
    ("noise_factor", "failures", "n", "verdict"), [(8.3, 2, 15, "pass"), (8.6, 3, 15, "fail"), (20.0, 7, 7, "fail")]
)
def test_failures_are_counted_and_few_of_them_ask_for_eight_more_tests(tmp_path, noise_factor, failures, n, verdict):
    """Noise close to the limit of 0.2 ppm, and far above it, at the bench's own seed."""
    code, record = play(tmp_path, one("co", noise_factor=noise_factor), plan_of("epa-53", "noise"))
    [noise] = [test for test in record.tests if test.criterion == "sampled.noise"]
    [table] = [t for its in record.procedures for t in its.data.tables if t.key == "sampled_noise"]
    failed = [row[4] != "pass" for row in table.rows]
    assert [row[1] > row[3] for row in table.rows] == failed
    assert (sum(failed), len(failed)) == (failures, n)
    assert (noise.value, noise.n, noise.verdict) == (failures, n, verdict)
    assert code == (verdict == "fail")
    assert noise.message.values["consumer"] == 39


def test_checks_of_a_unit_that_reads_low_have_a_negative_bias(tmp_path):
    bench = one("co", span_error_pct=-4.0)
    plan = plan_of("epa-58", "one_point_qc", every='"1 d"', checks=9)
    code, record = play(tmp_path, bench, plan)
    assert code == 0
    bias, cv = (next(t for t in record.tests if t.criterion == f"one_point_qc.{name}") for name in ("bias", "cv"))
    assert bias.message.key == "one_point_qc.negative"
    assert 3.0 < bias.value < 6.0
    [entry] = [its for its in record.procedures if its.procedure == "one_point_qc"]
    checks, audits = entry.data.tables
    assert [row[0] for row in checks.rows] == [float(day) for day in range(9)]
    again = precision_and_bias([row[3] for row in checks.rows])
    assert (cv.value, bias.value) == (again.precision, again.bias)
    assert len(audits.rows) == 6
    assert entry.notes[0].key == "one_point_qc.audits"


def test_a_unit_that_reads_twelve_percent_low_fails_by_bias_alone(tmp_path):
    plan = plan_of("epa-58", "one_point_qc", every='"6 h"', checks=8, audits=0)
    code, record = play(tmp_path, one("co", span_error_pct=-12.0), plan)
    assert code == 1
    assert [test.criterion for test in record.tests if test.verdict == "fail"] == ["one_point_qc.bias"]


@pytest.mark.parametrize("name", ["epa-53", "epa-58"])
def test_the_embedded_station_can_carry_it(name):
    plan, path = load_plan(name)
    bench, where = load_bench("demo")
    check_plan(plan, path, bench, where, (), bench.bench.epoch.date())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('of = "zero_noise"', 'of = "sampled"', "of: one of"),
        ("count = 25, interval", "count = 2, interval", "noise"),
        ('of = "zero_range"', 'of = "zero_rage"', "of: one of"),
    ],
)
def test_a_wrong_plan_is_one_clear_error(tmp_path, old, new, complaint):
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, one("co"), plan_of("epa-53").replace(old, new, 1))
    assert complaint in str(caught.value)


def test_bad_units_are_foretold():
    assert {defect.device for defect in defects() if defect.plan == "epa-53"} == {"co"}
