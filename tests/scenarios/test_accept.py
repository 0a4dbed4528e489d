"""`rig accept` on the embedded station, judged from outside: exit codes and result.json."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from calibration.record import json_schema
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationError, ConfigurationErrors

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "scenarios" / "benches" / "demo.toml").read_text()


def run(tmp_path, name="out", bench="demo", **options):
    if "\n" in bench:
        path = tmp_path / f"{name}.toml"
        path.write_text(bench)
        bench = str(path)
    code = accept(AcceptOptions(bench=bench, out=tmp_path / name, operator="simulated", **options))
    return code, json.loads((tmp_path / name / "result.json").read_text())


def plan(tmp_path, **changes):
    text = (ROOT / "scenarios" / "plans" / "gas-check.toml").read_text()
    for old, new in changes.get("replace", {}).items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return str(path)


def verdicts(record):
    return {test["id"]: test["verdict"] for test in record["tests"]}


def failed(record):
    return {name for name, verdict in verdicts(record).items() if verdict == "fail"}


def test_the_embedded_station_passes_and_leaves_everything(tmp_path):
    plate = '[device.so2.plate]\napproval = "EP-7"\nmanufactured = 2024-03-01\n'
    code, record = run(tmp_path, bench=DEMO + plate)
    assert code == 0
    assert record["verdict"] == "pass"
    (so2,) = [device for device in record["devices"] if device["name"] == "so2"]
    assert (so2["plate"]["approval"], so2["plate"]["manufactured"]) == ("EP-7", "2024-03-01")
    assert "fluorescence" in so2["principle"]
    done = [p["procedure"] for p in record["procedures"] if p["status"] == "done"]
    assert done.count("zero_span") >= 4
    assert done.count("multipoint") >= 4
    assert done.count("converter_efficiency") == 1
    jsonschema.validate(record, json_schema())
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"result.json", "report.html", "junit.xml", "truth.json", "readings.csv", "journal.sqlite"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert "SIMULATED" in page
    assert "limit not confirmed" in page
    assert "EP-7" in page
    assert "photometer_error_pct" not in page  # the unit's hidden truth is for truth.json alone
    assert page.count("<svg") > 20


def test_one_seed_gives_one_result_and_another_seed_other_readings(tmp_path):
    records = [run(tmp_path, str(n), devices=("so2",), seed=seed)[1] for n, seed in enumerate((7, 7, 8))]
    for record in records:
        record["run"].pop("wall")
        record["run"].pop("id")
    assert records[0] == records[1]
    values = [[test["value"] for test in record["tests"]] for record in records]
    assert values[0] != values[2]


def test_another_device_on_the_bench_changes_no_reading(tmp_path):
    alone = tomllib.loads(DEMO)["device"].keys() - {"so2", "calibrator", "flow_meter"}
    text = DEMO
    for name in alone:
        start = text.index(f"[device.{name}]")
        end = text.index("[device.", text.index(f"[device.{name}.port.a]") + 5)
        text = text[:start] + text[end:]
        start = text.index(f"[tube.{name}]")
        after = text.find("[tube.", start + 5)
        text = text[:start] + text[after if after > 0 else text.index("[air.ambient]") :]
    _, with_all = run(tmp_path, "all", devices=("so2",))
    _, without = run(tmp_path, "alone", bench=text, devices=("so2",))
    assert [t["value"] for t in with_all["tests"]] == [t["value"] for t in without["tests"]]


def test_a_poor_converter_fails_that_criterion_and_no_other_device(tmp_path):
    bench = DEMO.replace("[device.nox.port.a]", "[device.nox.hidden]\nconverter_efficiency = 0.93\n[device.nox.port.a]")
    code, record = run(tmp_path, bench=bench)
    assert code == 1
    assert failed(record) == {"nox/converter_efficiency/no2/efficiency", "nox/converter_efficiency/no2/lowest"}
    slope = next(t for t in record["tests"] if t["id"].endswith("efficiency/no2/efficiency"))
    assert slope["interval"]["low"] <= 93.0 <= slope["interval"]["high"]


SEVEN_HIGH = DEMO.replace("[device.so2.port.a]", "[device.so2.hidden]\nspan_error_pct = 7.0\n[device.so2.port.a]")


def test_a_unit_that_reads_seven_percent_high_is_found_and_left_alone(tmp_path):
    code, record = run(tmp_path, bench=SEVEN_HIGH)
    assert code == 1
    assert failed(record) == {"so2/zero_span/so2/span", "so2/multipoint/so2/slope"}
    data = next(p["data"] for p in record["procedures"] if p["id"] == "so2/zero_span/so2")
    assert [level["band"] for level in data["as_found"]] == ["within", "adjust"]
    assert data["outcome"] == "fail"
    assert data["as_left"] == []


def test_and_is_adjusted_where_the_plan_allows_it(tmp_path):
    allowed = plan(tmp_path, replace={'adjust = "never"': 'adjust = "if-needed"'})
    code, record = run(tmp_path, bench=SEVEN_HIGH, plan=allowed, devices=("so2",))
    assert code == 0
    data = next(p["data"] for p in record["procedures"] if p["id"] == "so2/zero_span/so2")
    assert data["outcome"] == "pass after adjustment"
    coefficient = next(s for s in data["coefficients"] if s["name"] == "so2_coef")
    assert float(coefficient["as_found"]) == 1.0
    assert float(coefficient["as_left"]) == pytest.approx(1 / 1.07, abs=0.01)
    span = next(t for t in record["tests"] if t["id"] == "so2/zero_span/so2/span")
    assert span["as_found"] == pytest.approx(7.0, abs=1.0)
    assert abs(span["as_left"]) < 1.0
    assert verdicts(record)["so2/multipoint/so2/slope"] == "pass"


def test_a_unit_on_the_limit_is_marginal_and_undecided_under_the_guarded_rule(tmp_path):
    bench = DEMO.replace("[device.so2.port.a]", "[device.so2.hidden]\nspan_error_pct = 4.6\n[device.so2.port.a]")
    simple_code, simple = run(tmp_path, "simple", bench=bench, devices=("so2",))
    slope = next(t for t in simple["tests"] if t["id"] == "so2/multipoint/so2/slope")
    assert slope["assurance"] == "marginal"
    assert slope["verdict"] in ("pass", "fail")
    assert simple_code == (1 if failed(simple) else 0)
    code, guarded = run(tmp_path, "guarded", bench=bench, devices=("so2",), decision_rule="guarded")
    assert verdicts(guarded)["so2/multipoint/so2/slope"] == "undecided"
    assert code == 3


def test_a_unit_that_dies_in_mid_run_is_an_error_and_what_was_measured_is_kept(tmp_path):
    bench = DEMO + '\n[[fault]]\nkind = "silence"\ndevice = "so2"\nat = "70 min"\n'
    code, record = run(tmp_path, bench=bench, devices=("so2", "co"))
    assert code == 4
    found = verdicts(record)
    assert found["so2/zero_span/so2/span"] == "pass"
    assert found["so2/multipoint/so2/slope"] == "error"
    assert found["co/multipoint/co/slope"] == "pass"
    assert any(note["key"] == "safe.not_reached" for note in record["notes"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('model = "43i"', 'model = "43x"', "43i"),
        ('range = "500 ppb"', 'range = "500 mm"', "device.so2.range"),
        ('serial = "SIM-0043"', 'serial = "SIM-0043"\ncolour = "red"', "device.so2.colour"),
        ("[cylinder.so2]", '[cylinder.so2]\nspecies = "xenon"', "cylinder.so2.species"),
        (
            'certificate = "GBW-SO2-25081"\nexpires = 2026-12-31',
            'certificate = "X"\nexpires = 2025-12-31',
            "expired on",
        ),
        ('value = "50 ppm"', 'value = "0.5 ppm"', "L/min is above"),
        ("[device.so2.port.a]", "[device.so2.hidden]\nmood = 1\n[device.so2.port.a]", "device.so2.hidden.mood"),
    ],
)
def test_bad_input_is_named_before_gas_flows(tmp_path, old, new, words):
    assert old in DEMO
    with pytest.raises(ConfigurationError) as caught:
        run(tmp_path, bench=DEMO.replace(old, new, 1))
    assert words in str(caught.value)


def test_a_bench_without_the_cylinder_names_it(tmp_path):
    start, end = DEMO.index("[cylinder.so2]"), DEMO.index("[cylinder.no]")
    with pytest.raises(ConfigurationErrors, match=r"cylinder\.so2"):
        run(tmp_path, bench=DEMO[:start] + DEMO[end:])


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="--out"):
        accept(AcceptOptions(out=tmp_path / "file" / "out"))
