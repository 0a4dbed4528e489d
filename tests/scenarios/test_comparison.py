"""Monitors beside manual samplers through `rig accept`: campaign, equivalence, Class III, side by side."""

import copy
import json
import sqlite3
import tomllib

import numpy as np
import pytest
from rig_commands import toml_of

from calibration.record import load
from calibration.statistics import equivalence
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, plan_path

PARTICLES = tomllib.loads(bench_path("particles").read_text())


def small(*monitors, samplers=2):
    data = copy.deepcopy(PARTICLES)
    wanted = [*monitors, *(f"sampler_{number}" for number in range(1, samplers + 1)), "balance"]
    data["device"] = {name: data["device"][name] for name in wanted}
    return data


def plan(name, **steps):
    """An embedded plan; of its steps some keys are set otherwise, or None takes a step out."""
    data = tomllib.loads(plan_path(name).read_text())
    for step, changes in steps.items():
        if changes is None:
            data["procedures"].remove(step)
            del data[step]
        else:
            data[step] |= changes
    return data


def play(tmp_path, bench, data, name="out"):
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    text = "".join(f"{key} = {toml_of(value)}\n" for key, value in data.items())
    (tmp_path / "plan.toml").write_text(text)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"),
                                out=tmp_path / name, operator="simulated"))  # fmt: skip
    return code, load(tmp_path / name / "result.json")


def values(record, device):
    return {test.criterion: test.value for test in record.tests if test.device == device}


def test_a_campaign_finds_the_air_and_the_equivalence_follows_from_its_days(tmp_path):
    data = plan("equivalence", manual_comparison={"days": 6, "least_days": 5})
    data["equivalence_test"] |= {"least_in_subset": 3, "devices": ["pm25", "pm25_b"]}
    code, record = play(tmp_path, small("pm25", "pm25_b"), data)
    assert code == 1
    assert found_in(record)[0] == ["pm25/equivalence_test.pairs"] * 2  # six days are not forty
    entry = next(its for its in record.procedures if its.id == "pm25/equivalence_test/pm25")
    days = next(its for its in record.procedures if its.id == "pm25/manual_comparison/pm25").data.tables[0].rows
    twin = next(its for its in record.procedures if its.id == "pm25_b/manual_comparison/pm25").data.tables[0].rows
    first, second = np.array([row[1] for row in days]), np.array([row[2] for row in days])
    own, other = (np.array([row[3] for row in rows]) for rows in (days, twin))
    assert len(days) == 6
    found = values(record, "pm25")
    u = np.sqrt(np.sum((first - second) ** 2) / 12.0)
    assert found["equivalence_test.reference_between"] == pytest.approx(u)
    assert found["equivalence_test.candidate_between"] == pytest.approx(np.sqrt(np.sum((own - other) ** 2) / 12.0))
    result = equivalence((first + second) / 2, (own + other) / 2, u / np.sqrt(2.0), 30.0, 17.0)
    assert found["equivalence_test.expanded"] == pytest.approx(result.relative_expanded_percent)
    [chart] = entry.data.charts
    assert chart.names == ["pairs", "orthogonal"]  # and the ordinary line with its band
    assert chart.fit.slope != pytest.approx((chart.y[1][-1] - chart.y[1][0]) / chart.x[1][-1], rel=1e-6)
    assert [table.key for table in entry.data.tables] == ["equivalence_lines", "equivalence_budget"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "orthogonal line" in page
    slope, intercept = np.polyfit((first + second) / 2, own, 1)
    assert found["manual_comparison.slope"] == pytest.approx(slope)
    assert found["manual_comparison.intercept"] == pytest.approx(intercept)
    assert "safe.done" in [note.key for note in record.notes]


def test_samplers_and_monitor_of_different_states_are_not_compared(tmp_path):
    bench = small("pm25", "teom", samplers=1)
    bench["device"]["sampler_1"]["settings"] = {"volume_state": "standard"}
    code, record = play(tmp_path, bench, plan("hj817-comparison"))
    assert code == 3
    assert {test.verdict for test in record.tests} == {"not tested"}
    reasons = {test.message.key for test in record.tests}
    assert reasons == {"comparison.states_differ"}
    assert record.run.ended_us - record.run.started_us < 3_600_000_000  # and nobody has sampled for a week


def test_digits_that_were_swapped_and_filters_that_were_mixed_up_are_weighed_again(tmp_path):
    good = play(tmp_path, small("pm25", samplers=1), plan("hj817-comparison", manual_comparison={"days": 5}), "good")[1]
    bench = small("pm25", samplers=1)
    bench["operator"] = {"delay": "10 s", "mistakes": 0.04}
    bench["bench"]["seed"] = 4
    _, record = play(tmp_path, bench, plan("hj817-comparison", manual_comparison={"days": 5}))
    notes = [note.key for entry in record.procedures for note in entry.notes]
    assert "weighing.repeated" in notes
    slips = json.loads((tmp_path / "out" / "truth.json").read_text())["slips"]
    assert {slip["prompt"] for slip in slips} & {"prompt.read_balance", "prompt.weigh_filter"}
    assert abs(values(record, "pm25")["manual_comparison.deviation"]) < 15.0
    assert "weighing.repeated" not in [note.key for entry in good.procedures for note in entry.notes]


def test_a_day_of_a_power_cut_does_not_count_and_says_why(tmp_path):
    bench = small("pm25", samplers=1)
    bench["fault"] = [{"kind": "power_cut", "device": "sampler_1", "at": "80 h", "for": "3 h"}]
    _, record = play(tmp_path, bench, plan("hj817-comparison", manual_comparison={"days": 6}))
    [entry] = record.procedures
    [excluded] = [note for note in entry.notes if note.key == "comparison.day_excluded"]
    assert excluded.values["reason"] == "too short"
    rows = entry.data.tables[0].rows
    assert [row[4] for row in rows].count("too short") == 1
    [test] = record.tests
    assert test.n == 5
    with sqlite3.connect(tmp_path / "out" / "journal.sqlite") as journal:
        told = [row for (row,) in journal.execute("select request from journal where kind = 'prompt'")]
    assert sum("prompt.exclude_sample" in row for row in told) == 6


def test_too_few_days_are_no_result(tmp_path):
    bench = small("pm25", samplers=1)
    bench["fault"] = [{"kind": "power_cut", "device": "sampler_1", "at": "30 h", "for": "80 h"}]
    code, record = play(tmp_path, bench, plan("hj817-comparison", manual_comparison={"days": 5}))
    [test] = record.tests
    assert (code, test.verdict, test.message.key) == (3, "void", "comparison.too_few_days")


CAMPAIGN = {"site": "harbour, summer", "source": "a constructed example"}


def drawn(seed, n=45, slope=1.0, scatter=1.0):
    generator = np.random.default_rng(seed)
    true = generator.lognormal(3.2, 0.5, n)
    return {**CAMPAIGN, "reference_1": (true + generator.normal(0, 0.5, n)).round(2).tolist(),
            "reference_2": (true + generator.normal(0, 0.5, n)).round(2).tolist(),
            "candidate_1": (slope * true + generator.normal(0, scatter, n)).round(2).tolist()}  # fmt: skip


def test_other_sites_come_as_data_and_each_has_its_own_verdict(tmp_path):
    data = plan("equivalence", manual_comparison=None)
    good, bad = drawn(1), {**drawn(2, scatter=8.0), "site": "hill, winter"}
    data["equivalence_test"] |= {"campaigns": [good, bad], "devices": ["pm25"], "twins": {}}
    data["standard"] = ["gde"]
    _, record = play(tmp_path, small("pm25"), data)
    verdicts = {test.criterion.partition(".")[2]: test.verdict for test in record.tests}
    assert verdicts["expanded_site"] == "fail"
    assert verdicts["reference_between"] == "pass"
    assert verdicts["candidate_between"] == "not tested"
    [entry] = record.procedures
    names = [row[0] for row in entry.data.tables[0].rows]
    assert {"all", "above threshold", "harbour, summer", "hill, winter"} <= set(names)
    value = next(test.value for test in record.tests if test.criterion.endswith("expanded_site"))
    twins = np.array([bad["reference_1"], bad["reference_2"]])
    both = np.hstack(
        [np.subtract(*[np.array(its[key]) for key in ("reference_1", "reference_2")]) for its in (good, bad)]
    )
    u = np.sqrt(np.sum(both**2) / (2 * both.size)) / np.sqrt(2.0)
    alone = equivalence(twins.mean(axis=0), bad["candidate_1"], u, 30.0)
    assert value == pytest.approx(max(alone.relative_expanded_percent, equivalence(
        np.mean([good["reference_1"], good["reference_2"]], axis=0), good["candidate_1"], u, 30.0,
    ).relative_expanded_percent))  # fmt: skip


def test_class_iii_has_bounds_that_go_by_slope_and_spread(tmp_path):
    data = plan("epa-class-iii", manual_comparison=None)
    data["class_iii"] |= {"campaigns": [drawn(3)], "devices": ["pm25"]}
    data["standard"] = ["epa-class-iii"]
    code, record = play(tmp_path, small("pm25"), data)
    assert code == 0, found_in(record)
    data["class_iii"]["campaigns"] = [drawn(3, slope=0.85)]
    (tmp_path / "bad").mkdir()
    _, record = play(tmp_path / "bad", small("pm25"), data)
    assert found_in(record)[0] == ["pm25/class_iii.slope", "pm25/class_iii.intercept"]  # 15.05 - 17.32 x 0.85 > 0
    data["class_iii"] |= {"campaigns": [], "least_pairs": 23}
    (tmp_path / "none").mkdir()
    code, record = play(tmp_path / "none", small("pm25"), data)
    assert code == 3
    assert {test.message.key for test in record.tests} == {"comparison.too_few_days"}


@pytest.mark.parametrize(("change", "complaint"), [
    ({"candidate_state": "standard"}, "volumes of harbour, summer in one state"),
    ({"candidate_1": [1.0, 2.0]}, "candidate_1 of harbour, summer with as many days"),
])  # fmt: skip
def test_data_of_other_sites_are_checked_before_anything_is_touched(tmp_path, change, complaint):
    data = plan("equivalence", manual_comparison=None)
    data["equivalence_test"] |= {"campaigns": [drawn(1) | change], "devices": ["pm25"]}
    with pytest.raises(ConfigurationErrors, match=complaint):
        play(tmp_path, small("pm25"), data)


def test_units_beside_each_other(tmp_path):
    data = plan("particle-side-by-side")
    data["particle_parallelism"] |= {"days": 3, "least_days": 3}
    data["between_methods"] |= {"days": 4, "least_days": 3}
    bench = small("pm25", "pm25_b", "pm25_c", "teom", samplers=0)
    bench["device"]["pm25_c"]["hidden"] = {"flow_sensor_error_pct": 45.0}
    _, record = play(tmp_path, bench, data)
    assert found_in(record)[0] == ["pm25/particle_parallelism.overall"] * 3
    rows = next(its for its in record.procedures if its.procedure == "particle_parallelism").data.tables[0].rows
    each = [100.0 * np.std(row[1:], ddof=1) / np.mean(row[1:]) for row in rows]
    assert values(record, "pm25")["particle_parallelism.overall"] == pytest.approx(np.sqrt(np.mean(np.square(each))))
    assert set(values(record, "teom")) == {f"between_methods.{name}" for name in ("slope", "intercept", "correlation")}
    del bench["device"]["pm25_c"]
    data["particle_parallelism"]["devices"] = ["pm25", "pm25_b"]
    with pytest.raises(ConfigurationErrors, match="3 monitors of one kind"):
        play(tmp_path, bench, data)


@pytest.mark.parametrize("defect", [d for d in defects() if d.plan == "hj655-comparison"], ids=lambda d: d.name)
def test_a_bad_monitor_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    bench = defect.bench_data(small("pm25"))
    data = plan("hj655-comparison", manual_comparison={"days": 8, "least_days": 6, "samplers": ["sampler_1"]})
    _, record = play(tmp_path, bench, data)
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == (set() if defect.held_by is None else {defect.held_by})
