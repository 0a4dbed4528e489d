"""The procedures run unchanged on analyzers of the second family: same tests, same verdicts as on the first."""

import json
from pathlib import Path

import pytest

from rig.cli.accept import AcceptOptions, accept

ROOT = Path(__file__).parents[2]
TELEDYNE = (ROOT / "scenarios" / "benches" / "teledyne.toml").read_text()
PLAN = (ROOT / "scenarios" / "plans" / "gas-check.toml").read_text()


def run(tmp_path, bench, name="out", adjust=False, **options):
    if "\n" in bench:
        (tmp_path / f"{name}.toml").write_text(bench)
        bench = str(tmp_path / f"{name}.toml")
    if adjust:
        options["plan"] = str(tmp_path / "plan.toml")
        (tmp_path / "plan.toml").write_text(PLAN.replace('adjust = "never"', 'adjust = "if-needed"'))
    code = accept(AcceptOptions(bench=bench, out=tmp_path / name, operator="simulated", **options))
    return code, json.loads((tmp_path / name / "result.json").read_text())


def hidden(device, **causes):
    """The embedded bench with something wrong in one device."""
    lines = "".join(f"{name} = {value}\n" for name, value in causes.items())
    port = f"[device.{device}.port.a]"
    assert port in TELEDYNE
    return TELEDYNE.replace(port, f"[device.{device}.hidden]\n{lines}{port}")


def verdicts(record):
    return {test["id"]: test["verdict"] for test in record["tests"]}


def data_of(record, procedure, device, quantity=None):
    return next(
        p["data"] for p in record["procedures"]
        if p["procedure"] == procedure and p["device"] == device and quantity in (None, p["data"].get("quantity"))
    )  # fmt: skip


def test_the_second_family_passes_with_the_verdicts_of_the_first(tmp_path):
    code, second = run(tmp_path, "teledyne", "second")
    first_code, first = run(tmp_path, "demo", "first")
    assert code == first_code == 0
    assert verdicts(second) == verdicts(first)
    assert len(verdicts(second)) > 20
    assert {device["model"] for device in second["devices"]} == {
        "T100",
        "T200",
        "T300",
        "T400",
        "T700",
        "701",
        "defender-530",
    }
    names = {setting["name"] for p in second["procedures"] for setting in p["settings"]}
    assert {"so2_slope", "so2_offset", "nox_offset", "ce_factor", "filter_size", "tpc", "lamp_cal"} <= names
    assert not any(name.endswith(("_coef", "_bkg")) for name in names)
    checks = {c["name"]: c for p in second["procedures"] if p["procedure"] == "prepare" for c in p["data"]["checks"]}
    assert checks["sample_flow"]["ok"]


def test_slope_and_offset_are_adjusted_by_the_units_own_actions(tmp_path):
    code, record = run(tmp_path, hidden("so2", span_error_pct=-9.0, zero_offset=12.0), adjust=True, devices=("so2",))
    assert code == 0, verdicts(record)
    data = data_of(record, "zero_span", "so2")
    assert data["outcome"] == "pass after adjustment"
    found = {setting["name"]: setting for setting in data["coefficients"]}
    assert float(found["so2_offset"]["as_left"]) == pytest.approx(36.0 + 24.0, abs=1.5)  # 2 mV per ppb
    assert float(found["so2_slope"]["as_left"]) == pytest.approx(1 / 0.91, abs=0.01)


def test_the_converter_factor_is_1_during_the_test_and_put_back(tmp_path):
    bench = hidden("nox", converter_efficiency=0.90).replace(
        "[device.nox.hidden]", "[device.nox.settings]\nce_factor = 0.9\n[device.nox.hidden]"
    )
    code, record = run(tmp_path, bench, devices=("nox",))
    assert code == 1
    data = data_of(record, "converter_efficiency", "nox")
    assert data["stored_factor"] == {"name": "ce_factor", "as_found": "0.900", "as_left": "0.900"}
    failed = {name for name, verdict in verdicts(record).items() if verdict == "fail"}
    assert failed
    assert all("converter" in name for name in failed)
    efficiency = next(t for t in record["tests"] if t["id"].startswith("nox/") and "efficiency" in t["id"])
    assert efficiency["value"] == pytest.approx(90.0, abs=1.0)


def test_a_valve_that_leaks_fails_the_ozone_analyzer(tmp_path):
    code, record = run(tmp_path, hidden("o3", valve_leak=0.06), devices=("o3",))
    assert code == 1
    assert any(verdict == "fail" for verdict in verdicts(record).values())


def test_over_modbus_all_passes_and_a_factor_that_the_wire_cannot_set_is_noted(tmp_path):
    analyzers, calibrator, rest = TELEDYNE.partition("[device.calibrator]")
    wired = analyzers.replace('protocol = "teledyne"\nbaud = 115200', 'protocol = "modbus-rtu"') + calibrator + rest
    assert wired.count("modbus-rtu") == 4
    code, record = run(tmp_path, wired, devices=("nox",))
    assert code == 0, verdicts(record)
    assert "converter_efficiency" in {p["procedure"] for p in record["procedures"]}
    notes = [note for p in record["procedures"] for note in p["notes"]]
    assert {"key": "converter.factor_not_settable", "values": {"device": "nox", "value": "1.000"}} in notes
    assert next(d for d in record["devices"] if d["name"] == "nox")["protocol"] == "modbus-rtu"
