"""rig plan: what it says of a plan before it runs, held against what a run then did, and against the rules."""

import json
import sqlite3
import tomllib
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from calibration.procedures.common.procedure import Stage, Unit
from calibration.procedures.multipoint import Multipoint
from calibration.record import Message
from instruments.catalogue import load
from rig.bench_check import check_bench_data
from rig.bench_file import parse_bench, read_bench_file
from rig.cli.accept import AcceptOptions, accept
from rig.cli.plan import plan as rig_plan
from rig.errors import ConfigurationError, ConfigurationErrors
from rig.host.kinds import channels_of
from rig.serve import ServedBench
from scenarios.air_time import losses, lost_hours
from scenarios.gas_use import gas_use
from scenarios.opening import load_bench, load_plan
from scenarios.schedule import schedule
from scenarios.units import chosen_units

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "scenarios" / "benches" / "demo.toml").read_text()
BEGIN = datetime.fromisoformat("2026-01-05T08:00:00+08:00")
SO2 = Unit("so2", "so2", channels_of(load("43i")), 500.0)
SPARE = Unit("spare", "so2", channels_of(load("T100")), 500.0)
NOX = Unit("nox", "nox", channels_of(load("42i")), 500.0)


def schedule_of(plan="gas-check", bench=None, **options):
    file, _ = load_bench("demo") if bench is None else (parse_bench(tomllib.loads(bench), "bench.toml"), None)
    return schedule(load_plan(plan)[0], plan, file, "demo", file.bench.epoch, **options)


def with_bottle(pressure):
    """The demo bench with SO2 from a cylinder of 4 L that is used up."""
    more = f'[cylinder.so2]\nmodel = "cylinder-4l"\npressure = "{pressure}"'
    return DEMO.replace("[cylinder.so2]", more)


# -- against a run ----------------------------------------------------------------------------------------------------


def test_what_it_says_is_what_a_run_does(tmp_path):
    """One run of the embedded plan, looked at three ways: it is the slowest test here."""
    out = tmp_path / "out"
    assert accept(AcceptOptions(out=out, operator="simulated")) == 0
    with closing(sqlite3.connect(out / "journal.sqlite")) as journal:
        found = journal.execute("select t_us, kind, request from journal order by seq").fetchall()
    rows = [(t_us / 6e7, kind, json.loads(request)) for t_us, kind, request in found]
    the_sequence_is_the_run_s_and_no_step_was_quicker(json.loads((out / "result.json").read_text()))
    the_gas_is_what_the_calibrator_was_asked_for(rows)
    units_are_off_the_air_as_long_as_their_valves_said(rows)


def the_sequence_is_the_run_s_and_no_step_was_quicker(record):
    found = schedule_of()
    took, order = {}, []
    for entry in record["procedures"]:
        name = (entry["procedure"], entry["device"])
        order.append(name)
        took[name] = entry["ended_s"] - entry["started_s"]
    assert [(e.step, ", ".join(e.units)) for e in found.entries] == list(dict.fromkeys(order))
    for entry in found.entries:
        actual = took[entry.step, entry.units[0]]
        assert entry.takes_s - 1.0 <= actual <= entry.longest_s + 600.0
    total = record["run"]["ended_us"] / 1e6
    assert (
        0.75 * total < (found.end - found.begin).total_seconds() <= total < (found.latest - found.begin).total_seconds()
    )


def the_gas_is_what_the_calibrator_was_asked_for(rows):
    offers = [(t, request) for t, kind, request in rows if kind in ("offer", "rest", "safe")]
    content = {"so2": 50e3, "no": 50e3, "co": 3000.0}
    flowed = dict.fromkeys(content, 0.0)
    for (t, request), (until, _) in pairwise(offers):
        if isinstance(request, dict) and request["species"] in content:
            share = request["value"] / content[request["species"]]
            flowed[request["species"]] += request["total_flow"] * share * (until - t)
    for use in schedule_of().cylinders:
        assert 0.7 * flowed[use.species] < use.litres <= 1.001 * flowed[use.species]


def units_are_off_the_air_as_long_as_their_valves_said(rows):
    said = {unit: loss.minutes for loss in schedule_of().losses for unit in loss.devices}
    for device in ("so2", "nox", "o3", "co"):
        turned = [t for t, kind, request in rows if kind == "set" and request[:2] == [device, "gas_mode"]]
        back = [t for t, kind, request in rows if kind in ("safe", "restore") and request[:2] == [device, "gas_mode"]]
        assert len(turned) == len(back) >= 1
        away = sum(end - start for start, end in zip(turned, back, strict=True))
        assert 0.7 * away < said[device] <= away


# -- data of the air --------------------------------------------------------------------------------------------------


def test_an_hour_is_lost_when_fewer_than_45_minutes_are_left():
    assert lost_hours([(0.0, 900.0)], BEGIN) == 0  # 08:00 to 08:15
    assert lost_hours([(0.0, 901.0)], BEGIN) == 1
    assert lost_hours([(2800.0, 4400.0)], BEGIN) == 0  # 08:46:40 to 09:13:20: each hour keeps 45 min
    assert lost_hours([(0.0, 500.0), (3000.0, 3600.0)], BEGIN) == 1  # 18 min of one hour in two pieces
    half_past = BEGIN.replace(minute=30)
    assert lost_hours([(0.0, 4 * 3600.0)], half_past) == 5  # 08:30 to 12:30 touches five clock hours


def test_another_analyzer_of_the_pollutant_saves_its_data():
    spans = {"so2": [(0.0, 7200.0)]}
    assert losses([SO2, SPARE], spans, BEGIN, None) == []
    both_off = losses([SO2, SPARE], {**spans, "spare": [(3600.0, 9000.0)]}, BEGIN, None)
    assert [(loss.pollutant, loss.hours, loss.minutes) for loss in both_off] == [("so2", 1, 60.0)]


@pytest.mark.parametrize(
    ("hours", "share", "ruling"),
    [(4, None, "free"), (4, 10.0, "free"), (5, None, "depends"), (5, 75.0, "allowed"), (5, 74.9, "forbidden")],
)
def test_article_18_2(hours, share, ruling):
    found = losses([NOX], {"nox": [(0.0, 3600.0 * hours)]}, BEGIN, share)
    assert {loss.pollutant: loss.ruling for loss in found} == dict.fromkeys(("no", "nox", "no2"), ruling)


def test_in_the_pauses_of_a_drift_test_and_while_it_runs_undisturbed_a_unit_measures_the_air():
    found = schedule_of("hj193-debug")
    assert (found.end - found.begin).days > 7
    for loss in found.losses:
        assert 12 < loss.hours < 60  # of 273 h: neither the 168 h of running nor the three days between the visits


# -- gas, references, hands -------------------------------------------------------------------------------------------


def test_a_cylinder_that_will_not_last_is_told():
    full = {use.species: use for use in schedule_of(bench=with_bottle("2 MPa")).cylinders}
    assert full["so2"].lasts
    assert full["so2"].pressure_after_mpa == pytest.approx(2.0 - full["so2"].litres * 0.101325 / 4.0)
    assert full["no"].lasts is None  # the bench file does not say how much is left
    low = schedule_of(bench=with_bottle("1.05 MPa"))
    assert [use.lasts for use in low.cylinders] == [False, None, None]
    assert low.obstacles


def test_what_is_read_off_a_served_cylinder_tells_whether_it_will_last(tmp_path):
    """Gauge and label are in the endpoints file; what is hidden in the cylinder, and its model, are not."""
    path = tmp_path / "bench.toml"
    path.write_text(with_bottle("1.05 MPa"))
    with ServedBench(read_bench_file(path), path, tmp_path / "ports", 1.0) as served:
        data = served.endpoints_data()
    cylinders = data["cylinder"]
    assert (cylinders["so2"]["pressure"], cylinders["so2"]["volume"]) == ("1.1 MPa", "4 L")  # a gauge has steps
    assert not {"hidden", "model", "service"} & cylinders["so2"].keys()
    assert not {"pressure", "volume"} & cylinders["no"].keys()
    file = check_bench_data(data, "endpoints.json")
    plan, _ = load_plan("gas-check")
    [so2, *others] = gas_use(plan, chosen_units(plan, file), file)
    assert so2.pressure_after_mpa == pytest.approx(1.1 - so2.litres * 0.101325 / 4.0)
    assert so2.lasts is (so2.pressure_after_mpa >= 1.0)
    assert {use.lasts for use in others} == {None}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('volume = "8 L"\npressure = "9 MPa"', "cylinder.so2.volume: expected nothing where this process emulates"),
        ('volume = "8 L"', "a pressure beside volume"),
        ('pressure = "9 MPa"', "cylinder.so2.pressure: expected nothing for a cylinder without a model"),
    ],
)
def test_gauge_and_label_belong_to_cylinders_of_another_process(line, complaint):
    data = tomllib.loads(DEMO.replace("[cylinder.so2]\n", f"[cylinder.so2]\n{line}\n", 1))
    with pytest.raises(ConfigurationErrors) as caught:
        check_bench_data(data, "bench.toml")
    assert complaint in str(caught.value)


def test_units_that_share_a_level_use_its_gas_once():
    two = DEMO + DEMO[DEMO.index("[device.so2]") : DEMO.index("[device.nox]")].replace("so2", "twin").replace(
        "id = 43", "id = 44"
    ) + DEMO[DEMO.index("[tube.so2]") : DEMO.index("[tube.nox]")].replace("tube.so2", "tube.twin").replace(
        "so2.span", "twin.span"
    )  # fmt: skip
    one = {use.species: use.litres for use in schedule_of("hj193-debug", devices=["so2"]).cylinders}
    both = {use.species: use.litres for use in schedule_of("hj193-debug", two, devices=["so2", "twin"]).cylinders}
    check_alone = {use.species: use.litres for use in schedule_of(devices=["so2"]).cylinders}["so2"]
    assert one["so2"] < both["so2"] < 1.3 * one["so2"]  # only the calibration takes one unit at a time
    assert check_alone < one["so2"]


def test_a_certificate_that_runs_out_before_the_end_is_told():
    epoch = DEMO.replace('epoch = "2026-01-05T08:00:00+08:00"', 'epoch = "2026-11-25T08:00:00+08:00"')
    short, long = schedule_of(bench=epoch), schedule_of("hj193-debug", epoch)
    assert [r.id for r in short.references if not r.valid] == []
    assert {r.id for r in long.references if not r.valid} >= {"certificate.calibrator"}
    assert all(r.valid == (str(r.expires) >= "2026-12-06") for r in long.references)
    assert long.obstacles
    assert not short.obstacles


def test_hands_are_told_with_their_time(monkeypatch, capsys):
    def stages(self, units, parameters, gas):
        return [Stage("zero", "so2", 600.0), Stage("filter", "", 60.0, hands=Message(key="prompt.standby"))]

    monkeypatch.setattr(Multipoint, "stages", stages)
    entry = next(e for e in schedule_of(devices=["so2"]).entries if e.step == "multipoint")
    assert [(h.at - entry.start).total_seconds() for h in entry.hands] == [600.0]
    assert rig_plan("gas-check", "demo", ("so2",), None, None, as_json=False) == 0
    assert "hands  Put the calibrator in standby and close the cylinders." in capsys.readouterr().out


def test_the_references_plan_tells_hands_and_standards():
    file, _ = load_bench("station")
    found = schedule(load_plan("references")[0], "references", file, "station", file.bench.epoch)
    asked: dict[str, list[str]] = {}
    for entry in found.entries:
        asked.setdefault(entry.step, []).extend(hands.what.key for hands in entry.hands)
    assert asked["sample_flow"] == ["prompt.hold_meter"] * 4
    assert asked["zero_air"] == ["prompt.scrubber_in", "prompt.scrubber_out"] * 2  # two days
    assert asked["ozone_qualification"] == ["prompt.connect_standard"]  # once for six days
    assert {"cylinder.so2", "cylinder.so2_reference", "certificate.calibrator"} < {r.id for r in found.references}
    assert sum(r.id.startswith("ozone_standard") for r in found.references) == 1
    so2 = next(loss for loss in found.losses if loss.pollutant == "so2")
    assert (
        so2.minutes < 24 * 60
    )  # of six days: at night, and while the ozone standard is qualified, it measures the air


def test_what_is_not_confirmed_is_listed_with_its_mark():
    found = {choice.name: choice for choice in schedule_of().unconfirmed}
    assert found["stability_time"].mark == "recalled"
    assert found["multipoint.slope"].mark == "reported"
    assert "HJ 818-2018" in found["multipoint.slope"].value


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_it_all(capsys):
    assert rig_plan("gas-check", "demo", (), "2026-01-06T09:00", 80.0, as_json=False) == 0
    said = capsys.readouterr().out
    for words in (
        "begins 2026-01-06 09:00", "multipoint", "6 of so2", "cylinder.no", "GBW-CO-25112", "valid until 2026-12-31",
        "more than 4 h only while 75 % of", "as they have", "not confirmed in the documents",
    ):  # fmt: skip
        assert words in said, words
    assert max(map(len, said.splitlines())) < 130


def test_what_the_rules_forbid_ends_with_1(capsys):
    assert rig_plan("gas-check", "demo", (), None, 60.0, as_json=False) == 1
    assert "FORBIDDEN by article 18(2)" in capsys.readouterr().out


def test_json_is_the_same_as_data(capsys):
    assert rig_plan("gas-check", "demo", ("so2",), None, None, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(schedule_of(devices=["so2"]).model_dump_json())
    assert [entry["step"] for entry in found["entries"]] == ["prepare", "zero_span", "multipoint"]
    legs = found["entries"][2]["legs"]
    assert [leg["label"] for leg in legs] == ["zero", "10 %", "20 %", "40 %", "60 %", "80 %"]
    starts = [datetime.fromisoformat(leg["start"]) for leg in legs]
    assert [(b - a).total_seconds() for a, b in pairwise(starts)] == [leg["takes_s"] for leg in legs[:-1]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"begin": "tomorrow"}, "--begin: expected a date and time"),
        ({"valid_pct": 120.0}, "--city-valid: expected a share from 0 to 100"),
        ({"name": "nothing"}, "--plan: expected a path, or one of"),
        ({"devices": ("so3",)}, "--device: expected"),
        ({"begin": "2027-06-01T00:00"}, "expires: expected a certificate that is valid on 2027-06-01"),
    ],
)
def test_mistakes_are_named(options, said):
    asked = {"name": "gas-check", "bench": "demo", "devices": (), "begin": None, "valid_pct": None} | options
    with pytest.raises((ConfigurationError, ConfigurationErrors)) as error:
        rig_plan(**asked, as_json=False)
    assert said in str(error.value)
