"""Procedures through `rig accept` on a spoilt bench: what voids a test, what is adjusted, what is refused."""

import json
from pathlib import Path

import pytest

from instruments.catalogue import CatalogueEntry
from rig.cli.accept import AcceptOptions, accept

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "scenarios" / "benches" / "demo.toml").read_text()
PLAN = (ROOT / "scenarios" / "plans" / "gas-check.toml").read_text()
HOUR_US = 3_600_000_000


def play(tmp_path, device, procedures, *, hidden=None, plan=None, faults="", name="out"):
    """Carry out some procedures on one device; the exit code and the record."""
    bench = DEMO
    if hidden is not None:
        lines = "\n".join(f"{key} = {value}" for key, value in hidden.items())
        bench = bench.replace(
            f"[device.{device}.port.a]", f"[device.{device}.hidden]\n{lines}\n[device.{device}.port.a]"
        )
    text = PLAN.replace('"zero_span", "multipoint", "converter_efficiency"', ", ".join(f'"{p}"' for p in procedures))
    for old, new in (plan or {}).items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / f"{name}-bench.toml").write_text(bench + faults)
    (tmp_path / f"{name}-plan.toml").write_text(text)
    code = accept(AcceptOptions(bench=str(tmp_path / f"{name}-bench.toml"), plan=str(tmp_path / f"{name}-plan.toml"),
                                out=tmp_path / name, operator="simulated", devices=(device,)))  # fmt: skip
    return code, json.loads((tmp_path / name / "result.json").read_text())


def result(record, identifier):
    return next(test for test in record["tests"] if test["id"] == identifier)


def data(record, identifier):
    return next(p["data"] for p in record["procedures"] if p["id"] == identifier)


# -- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("device", "procedure", "setting", "value"),
    [
        ("co", "zero_span", "averaging_time", 30),
        ("co", "multipoint", "co_coef", 1.01),
        ("nox", "multipoint", "nox_bkg", 4.0),
        ("nox", "converter_efficiency", "range", 1000.0),
        ("nox", "converter_efficiency", "no2_coef", 0.97),
    ],
)
def test_a_setting_changed_in_mid_test_voids_it(tmp_path, at, device, procedure, setting, value):
    at(device, 0.2, setting, value)
    code, record = play(tmp_path, device, [procedure])
    assert code == 3
    first = next(p for p in record["procedures"] if p["procedure"] == procedure)
    own = [t for t in record["tests"] if t["procedure_id"].startswith(f"{device}/{procedure}")]
    if procedure == "zero_span":
        own = [t for t in own if t["procedure_id"] == first["id"]]
    assert own
    assert {t["verdict"] for t in own} == {"void"}
    assert {t["message"]["key"] for t in own} == {"device.setting_changed"}
    assert {t["message"]["values"]["setting"] for t in own} == {setting}
    assert any(note["key"] == "device.setting_changed" for note in first["notes"])


def test_a_permission_to_adjust_does_not_cover_somebody_elses_adjustment(tmp_path, at):
    at("co", 0.2, "co_coef", 1.004)
    code, record = play(tmp_path, "co", ["zero_span"], plan={'adjust = "never"': 'adjust = "if-needed"'})
    assert code == 3
    assert {t["verdict"] for t in record["tests"]} == {"void"}


def test_the_stored_factor_is_one_during_the_titrations_and_back_afterwards(tmp_path):
    bench_factor = {"converter_efficiency": 0.98}
    code, record = play(tmp_path, "nox", ["converter_efficiency"], hidden=bench_factor)
    assert code == 0
    run = next(p for p in record["procedures"] if p["procedure"] == "converter_efficiency")
    assert run["data"]["stored_factor"] == {"name": "no2_coef", "as_found": "1.000", "as_left": "1.000"}
    setting = next(s for s in run["settings"] if s["name"] == "no2_coef")
    assert setting["as_found"] == setting["as_left"]


# -- bands ----------------------------------------------------------------------------------------------------------

ALLOWED = {'adjust = "never"': 'adjust = "if-needed"'}


def test_a_zero_out_of_band_is_adjusted_where_the_plan_allows_it(tmp_path):
    code, record = play(tmp_path, "so2", ["zero_span"], hidden={"zero_offset": 15.0}, plan=ALLOWED)
    found = data(record, "so2/zero_span/so2")
    assert code == 0
    assert found["outcome"] == "pass after adjustment"
    assert [level["band"] for level in found["as_found"]] == ["adjust", "within"]
    assert [level["band"] for level in found["as_left"]] == ["within", "within"]
    zero = result(record, "so2/zero_span/so2/zero")
    assert zero["as_found"] == pytest.approx(15.0, abs=1.5)
    assert abs(zero["as_left"]) < 1.5
    background = next(s for s in found["coefficients"] if s["name"] == "so2_bkg")
    assert float(background["as_left"]) - float(background["as_found"]) == pytest.approx(15.0, abs=1.5)


def test_the_same_zero_fails_where_nothing_may_be_adjusted(tmp_path):
    code, record = play(tmp_path, "so2", ["zero_span"], hidden={"zero_offset": 15.0})
    assert code == 1
    assert data(record, "so2/zero_span/so2")["as_left"] == []
    assert result(record, "so2/zero_span/so2/zero")["verdict"] == "fail"


@pytest.mark.parametrize(
    ("hidden", "bands"),
    [
        ({"zero_offset": 40.0}, ["out of control", "out of control"]),
        ({"span_error_pct": 15.0}, ["within", "out of control"]),
        ({"zero_offset": 15.0, "span_error_pct": 12.0}, ["adjust", "out of control"]),
    ],
)
def test_out_of_control_fails_without_an_adjustment_whatever_the_plan_allows(tmp_path, hidden, bands):
    code, record = play(tmp_path, "so2", ["zero_span"], hidden=hidden, plan=ALLOWED)
    found = data(record, "so2/zero_span/so2")
    assert code == 1
    assert [level["band"] for level in found["as_found"]] == bands
    assert found["as_left"] == []
    assert found["coefficients"] == []
    assert found["outcome"] == "fail"
    run = next(p for p in record["procedures"] if p["id"] == "so2/zero_span/so2")
    assert all(s["as_found"] == s["as_left"] for s in run["settings"])
    assert "zero_span.out_of_control" in {note["key"] for note in run["notes"]}


# -- straightness ---------------------------------------------------------------------------------------------------


def test_a_bent_unit_is_found_and_a_straight_one_is_not(tmp_path):
    _, bent = play(tmp_path, "co", ["multipoint"], hidden={"linearity_pct_fs": 1.0}, name="bent")
    _, straight = play(tmp_path, "co", ["multipoint"], name="straight")
    found = {}
    for name, record in (("bent", bent), ("straight", straight)):
        run = next(p for p in record["procedures"] if p["procedure"] == "multipoint")
        fit = run["data"]["fit"]
        note = next(n for n in run["notes"] if n["key"].endswith("lack_of_fit"))
        assert note["values"]["f"] == pytest.approx(fit["lack_of_fit_f"], rel=0.01)
        found[name] = (fit["lack_of_fit_p"], note["key"])
    assert found["bent"][0] < 1e-4
    assert found["bent"][1] == "multipoint.lack_of_fit"
    assert found["straight"][0] > 0.01
    assert found["straight"][1] == "multipoint.no_lack_of_fit"


# -- titrations -----------------------------------------------------------------------------------------------------

OZONE = "ozone_pct = [16.0, 32.0, 48.0, 64.0]"


def points(record):
    return data(record, "nox/converter_efficiency")["points"]


def refusals(record):
    return [None if point["refused"] is None else point["refused"]["key"] for point in points(record)]


def figures(monkeypatch, **changed):
    """A calibrator of other dimensions."""
    parameter = CatalogueEntry.parameter
    monkeypatch.setattr(
        CatalogueEntry, "parameter", lambda self, name: changed[name] if name in changed else parameter(self, name)
    )


STRONG_LAMP = """
[[fault]]
kind = "cause"
device = "calibrator"
parameter = "ozone_table_error_pct"
severity = 6.0
at = "0 s"
"""
"""The lamp makes more ozone than its table says, so more NO goes than the plan meant."""


def test_points_with_too_little_no_left_are_refused_and_the_others_judged(tmp_path):
    code, record = play(tmp_path, "nox", ["converter_efficiency"], faults=STRONG_LAMP,
                        plan={OZONE: "ozone_pct = [16.0, 32.0, 48.0, 80.0]"})  # fmt: skip
    assert code == 0
    assert refusals(record) == [None, None, None, "converter.no_remainder_low"]
    assert points(record)[3]["no_remainder_pct"] < 10.0
    efficiency = result(record, "nox/converter_efficiency/no2/efficiency")
    assert efficiency["n"] == 3
    assert efficiency["interval"]["low"] <= 98.5 <= efficiency["interval"]["high"]
    assert data(record, "nox/converter_efficiency")["fit"]["dof"] == 1


def test_two_points_left_make_no_line(tmp_path):
    code, record = play(tmp_path, "nox", ["converter_efficiency"], faults=STRONG_LAMP,
                        plan={OZONE: "ozone_pct = [16.0, 32.0, 78.0, 80.0]"})  # fmt: skip
    assert code == 3
    assert refusals(record) == [None, None, "converter.no_remainder_low", "converter.no_remainder_low"]
    for test in record["tests"]:
        assert test["verdict"] == "void"
        assert test["message"] == {"key": "converter.too_few_points", "values": {"n": 2, "needed": 3}}
    assert data(record, "nox/converter_efficiency")["fit"] is None


def test_a_long_residence_time_refuses_all_points(tmp_path, monkeypatch):
    figures(monkeypatch, ozone_branch_flow=12.0)  # 100 cm3 over 48 cc/min
    code, record = play(tmp_path, "nox", ["converter_efficiency"])
    assert code == 3
    assert refusals(record) == ["converter.residence_time_long"] * 4
    assert all(point["residence_min"] > 2.0 for point in points(record))
    assert {t["message"]["values"]["n"] for t in record["tests"]} == {0}


def test_a_small_dynamic_parameter_refuses_all_points(tmp_path, monkeypatch):
    figures(monkeypatch, chamber_volume=40.0)
    code, record = play(tmp_path, "nox", ["converter_efficiency"])
    assert code == 3
    assert refusals(record) == ["converter.dynamic_parameter_low"] * 4
    assert all(point["dynamic_parameter"] < 2.75 for point in points(record))


def test_a_dead_ozone_lamp_makes_no_points(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "DEMO", DEMO.replace("photometer_error_pct = 0.3", "ozone_table_error_pct = -99.5"))
    code, record = play(tmp_path, "nox", ["converter_efficiency"])
    assert code == 3
    assert refusals(record) == ["converter.no2_made_small"] * 4


def test_an_analyzer_that_sees_no_no_makes_no_points(tmp_path, at):
    at("nox", 0.05, "ozonator", False)
    code, record = play(tmp_path, "nox", ["converter_efficiency"])
    assert code == 3
    assert None not in refusals(record)


STEP = '\n[[fault]]\nkind = "span_step"\ndevice = "nox"\nat = "{at} min"\nseverity = 3.0\n'


def test_a_titration_between_originals_that_differ_is_repeated(tmp_path):
    code, record = play(tmp_path, "nox", ["converter_efficiency"], faults=STEP.format(at=26))
    assert code == 0
    assert refusals(record) == [None] * 4
    assert [point["repeats"] for point in points(record)] == [1, 0, 0, 0]
    assert points(record)[0]["no_before"] == pytest.approx(points(record)[0]["no_after"], rel=0.01)
    run = next(p for p in record["procedures"] if p["procedure"] == "converter_efficiency")
    assert any(note["key"] == "converter.titration_repeated" for note in run["notes"])


def test_and_refused_if_they_still_differ(tmp_path):
    plan = {"[converter_efficiency]": "[converter_efficiency]\nrepeats = 0"}
    code, record = play(tmp_path, "nox", ["converter_efficiency"], plan=plan, faults=STEP.format(at=26))
    assert code == 0
    assert refusals(record) == ["converter.no_original_changed", None, None, None]
    assert result(record, "nox/converter_efficiency/no2/efficiency")["n"] == 3


@pytest.mark.parametrize(("efficiency", "verdict"), [(0.945, "fail"), (0.975, "pass")])
def test_limits_of_the_efficiency(tmp_path, efficiency, verdict):
    _, record = play(tmp_path, "nox", ["converter_efficiency"], hidden={"converter_efficiency": efficiency})
    test = result(record, "nox/converter_efficiency/no2/efficiency")
    assert (test["limit_low"], test["limit_high"]) == (96.0, 102.0)
    assert test["verdict"] == verdict
    assert test["interval"]["low"] <= 100.0 * efficiency <= test["interval"]["high"]
    lowest = result(record, "nox/converter_efficiency/no2/lowest")
    assert lowest["value"] == pytest.approx(min(point["efficiency_pct"] for point in points(record)))


def test_the_cylinders_own_no2_is_told_and_counted(tmp_path):
    _, record = play(tmp_path, "nox", ["multipoint", "converter_efficiency"])
    no, nox = (data(record, f"nox/multipoint/{q}")["levels"][-1]["nominal"] for q in ("no", "nox"))
    assert nox / no == pytest.approx(1.002)
    point = points(record)[0]
    fall = (point["no_before"] + point["no_after"]) / 2 - point["no_titrated"]
    assert point["no2_made"] - fall == pytest.approx(0.9)


def test_two_titrations_are_no_plan(tmp_path):
    with pytest.raises(Exception, match="three and more") as caught:
        play(tmp_path, "nox", ["converter_efficiency"], plan={OZONE: "ozone_pct = [16.0, 32.0]"})
    assert "ozone_pct" in str(caught.value)
