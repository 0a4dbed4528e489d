"""Backup units: papers, shelf, swap on site, hours and days that the rules count, through `rig accept`."""

import io
import json
import re
import sys
import tomllib
from datetime import date, datetime, timedelta

import pytest

from calibration.procedures.backup_documents import last_day_of_use
from calibration.procedures.common.dates import months_later, years_between
from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from rig.host.plate import Plate
from scenarios.defects import defects, found_in
from scenarios.opening import bench_path, plan_path

BENCH = bench_path("spares").read_text()
SHELF, SWAP = plan_path("backup-shelf").read_text(), plan_path("backup-swap").read_text()
PAPERS = ("backup_documents",)
SHORT = ("backup_documents", "prepare", "shelf_ageing", "backup_readiness")


def bench(device="so2_spare", **sections):
    """The bench of spare units, with parts of one device written otherwise; None takes a part away."""
    data = tomllib.loads(BENCH)
    own = data["device"][device]
    for key, value in sections.items():
        if value is None:
            del own[key]
        else:
            own[key] = {**own.get(key, {}), **value} if isinstance(value, dict) else value
    return data


def only(plan, *names):
    """A plan with some of its steps."""
    return re.sub(r"procedures = \[.*?\]", f"procedures = {json.dumps(names)}", plan, count=1, flags=re.S)


def play(tmp_path, plan, data=None, devices=("so2_spare",), operator="simulated"):
    (tmp_path / "bench.json").write_text(json.dumps(data or bench(), default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(plan)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator=operator))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def headline(record, key):
    [found] = [note.values for note in record.notes if note.key == key]
    return found


def test_a_good_unit_from_the_shelf_is_ready_for_half_a_year(tmp_path, capsys):
    code, record = play(tmp_path, SHELF)
    assert code == 0
    assert {test.document for test in record.tests} == {"City-station rules (trial)", "HJ 193-2013", "HJ 818-2018"}
    found = headline(record, "backup_readiness.until")
    ended = datetime.fromisoformat(record.run.epoch) + timedelta(microseconds=record.run.ended_us)
    assert date.fromisoformat(found["day"]) == months_later(ended.date(), 6)
    assert found["binding"] == "tests"
    assert f"until {found['day']}" in capsys.readouterr().out
    assert {test.device for test in record.tests} == {"so2_spare"}  # the unit that it replaces is not tested


@pytest.mark.parametrize("defect", [d for d in defects() if d.bench == "spares"], ids=lambda d: d.name)
def test_a_bad_unit_fails_by_what_was_predicted_and_by_nothing_else(tmp_path, defect):
    plan = plan_path(defect.plan).read_text()
    code, record = play(tmp_path, plan, defect.bench_data(tomllib.loads(BENCH)), devices=(defect.device,))
    assert code == 1
    failed, held = found_in(record)
    assert sorted(failed) == sorted(defect.fails)
    assert held == (set() if defect.held_by is None else {defect.held_by})
    assert "backup_readiness.until" not in {note.key for note in record.notes}
    assert "backup_in_service.on_duty" not in {note.key for note in record.notes}


def test_a_unit_that_turns_eight_next_week_is_told_the_days(tmp_path, capsys):
    data = bench(plate={"manufactured": "2017-12-01", "in_service": "2018-01-12"})
    code, _ = play(tmp_path, only(SHELF, *PAPERS), data)
    assert code == 1
    said = capsys.readouterr().out
    assert "8 years are full on 2026-01-12" in said
    assert "The last day for a use to begin is 2025-12-12" in said


@pytest.mark.parametrize(
    ("in_service", "hidden", "days", "until", "binding"),
    [
        ("2018-03-10", {}, 200.0, date(2026, 2, 10), "age"),
        ("2023-09-01", {"span_error_pct": -4.0}, 30.0, None, "shelf"),
    ],
)
def test_ready_until_the_earliest_of_its_dates(tmp_path, in_service, hidden, days, until, binding):
    data = bench(plate={"manufactured": "2018-01-10", "in_service": in_service}, hidden=hidden,
                 service={"hours": 0.0, "shelf_days": days})  # fmt: skip
    code, record = play(tmp_path, only(SHELF, *SHORT), data)
    assert code == 0
    found = headline(record, "backup_readiness.until")
    assert found["binding"] == binding
    if until is not None:
        assert date.fromisoformat(found["day"]) == until
        return
    [entry] = [its for its in record.procedures if its.procedure == "shelf_ageing"]
    [value] = [test.value for test in record.tests if test.criterion == "shelf_ageing.span"]
    [rate] = [row[-1] for row in entry.data.tables[0].rows if row[0] == "span"]
    assert value == pytest.approx(-4.0, abs=1.0)
    assert rate == pytest.approx(value / (30.0 / 30.4375))
    left = date.fromisoformat(found["day"]).toordinal() - date(2026, 1, 5).toordinal()
    assert left == pytest.approx(5.0 / abs(rate) * 30.4375, abs=1.0)


def test_swapped_in_time_the_unit_goes_on_duty_and_its_days_are_counted(tmp_path, capsys):
    code, record = play(tmp_path, SWAP)
    assert code == 0
    values = {test.criterion: test.value for test in record.tests}
    found = headline(record, "backup_in_service.on_duty")
    assert values["backup_in_service.within"] == pytest.approx(11.0 + values["backup_in_service.swap"], abs=0.01)
    assert found["left"] == pytest.approx(48.0 - values["backup_in_service.within"], abs=0.06)
    assert (found["filing"], found["ends"]) == ("2026-01-11 21:00+08:00", "2026-02-05")
    assert f"{found['left']:g} h of the 48 h left" in capsys.readouterr().out
    assert values["leak_check.flow"] < 2.0
    [overlap] = [its for its in record.procedures if its.procedure == "overlap"]
    [backup, replaced, difference, u] = overlap.data.tables[0].rows[0]
    assert difference == pytest.approx(backup - replaced)
    assert 0.0 < u < 1.0
    marks = {test.criterion: test.limit_mark for test in record.tests}
    assert marks["backup_in_service.within"] == marks["backup_documents.age"] == "read"


def test_a_unit_that_is_too_late_or_replaces_a_silent_one(tmp_path):
    data = bench(backup={"fault_began": "2026-01-03T06:00:00+08:00"})
    data["fault"] = [{"kind": "power_cut", "device": "so2", "at": "1 min"}]
    code, record = play(tmp_path, only(SWAP, "backup_documents", "overlap", "backup_in_service"), data)
    assert code == 1
    verdicts = {test.criterion: test.verdict for test in record.tests}
    assert verdicts["backup_in_service.within"] == "fail"
    assert headline(record, "backup_in_service.not_on_duty")["left"] < 0.0
    [overlap] = [its for its in record.procedures if its.procedure == "overlap"]
    assert overlap.notes[0].key in ("overlap.not_possible", "overlap.fell_silent")


def test_a_cap_on_the_inlet_shows_the_leak_and_is_taken_off_again(tmp_path):
    data = bench()
    data["fault"] = [{"kind": "inlet_leak", "device": device, "at": "0 s", "severity": 0.3}
                     for device in ("so2_spare", "nox_spare")]  # fmt: skip
    code, record = play(tmp_path, only(SWAP, "leak_check"), data, devices=())
    assert code == 1
    for test in record.tests:
        assert test.value == pytest.approx(30.0, abs=2.0)
    for entry in record.procedures:
        [before, _, after] = entry.data.tables[0].rows[0]
        assert after == pytest.approx(before, rel=0.05)


def test_a_paper_that_is_missing_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\nperhaps\nno\n\n\n"))
    code, record = play(tmp_path, only(SHELF, *PAPERS), operator="terminal")
    assert code == 1
    assert {t.criterion: t.value for t in record.tests}["backup_documents.papers"] == 1.0
    assert "certificate of type approval" in capsys.readouterr().out


def test_a_unit_of_unknown_age_has_not_been_shown_to_be_fit(tmp_path):
    data = bench()
    data["device"]["so2_spare"]["plate"] = {"approval": "EP"}
    code, record = play(tmp_path, only(SHELF, *PAPERS), data)
    assert code == 3
    assert {t.criterion: t.verdict for t in record.tests}["backup_documents.age"] == "not tested"


@pytest.mark.parametrize(
    ("sections", "complaint"),
    [
        ({"backup": {"of": "so3"}}, "device.so2_spare.backup.of: expected another device of this bench"),
        ({"backup": {"model": "43i"}}, "device.so2_spare.backup: expected of (a device of this bench) or model"),
        ({"backup": {"fault_began": "2026-01-04T21:00:00"}}, "device.so2_spare.backup.fault_began: expected"),
        ({"backup": {"since": "2026-01-04"}}, "device.so2_spare.backup.since: expected no such key here"),
    ],
)
def test_a_wrong_backup_is_one_clear_error(tmp_path, sections, complaint):
    with pytest.raises(ConfigurationErrors) as caught:
        play(tmp_path, SWAP, bench(**sections))
    assert complaint in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_a_plan_of_backups_needs_is_asked_for_before_it_begins(tmp_path):
    data = bench()
    del data["device"]["so2_spare"]["backup"]["fault_began"]
    with pytest.raises(ConfigurationErrors, match=r"backup\.fault_began: expected fault_began of the unit"):
        play(tmp_path, SWAP, data)
    with pytest.raises(ConfigurationErrors, match=r"--device: expected a device of .* that the plan tests"):
        play(tmp_path, SWAP, devices=("so2",))
    data = bench(backup=None)
    del data["device"]["nox_spare"]["backup"]
    with pytest.raises(ConfigurationErrors, match="tests units that stand in for others"):
        play(tmp_path, SWAP, data, devices=())


def test_months_and_years_by_the_calendar():
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2026, 1, 5), -2) == date(2025, 11, 5)
    assert years_between(date(2018, 1, 12), date(2026, 1, 12)) == 8.0
    assert (
        years_between(date(2018, 1, 12), date(2026, 1, 11)) < 8.0 < years_between(date(2018, 1, 12), date(2026, 1, 13))
    )
    assert years_between(date(2020, 2, 29), date(2021, 2, 28)) == 1.0
    assert last_day_of_use(Plate(in_service=date(2018, 3, 31)), 1) == (date(2026, 3, 31), date(2026, 2, 28))
    assert last_day_of_use(Plate(), 1) is None
