"""Forms of the converter test: rounds at one level, NO2 from a cylinder; and NO2's own results from such a cylinder."""

import copy
import json
import tomllib

import pytest

from calibration.record import load
from calibration.uncertainty import Titration, converter_efficiency
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.opening import bench_path, plan_path

DEMO = tomllib.loads(bench_path("demo").read_text())
PLAN = plan_path("hj193-debug").read_text()
NO2 = {"value": "50 ppm", "u_pct": 1.0, "certificate": "GBW-NO2-25061", "expires": "2026-12-31", "port": "d"}


def bench_of(hidden=None, settings=None, no2=NO2):
    data = copy.deepcopy(DEMO)
    data["device"]["nox"] |= {"hidden": hidden or {}, "settings": settings or {}}
    if no2 is not None:
        data["cylinder"]["no2"] = no2
    return data


def play(tmp_path, steps, bench, extra="", text=()):
    begin, end = PLAN.index("procedures = ["), PLAN.index("]\n\n[gas]") + 1
    plan = PLAN[:begin] + f"procedures = {json.dumps(steps)}" + PLAN[end:]
    for old, new in text:
        assert old in plan
        plan = plan.replace(old, new)
    (tmp_path / "plan.toml").write_text(plan + extra)
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=("nox",),
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


@pytest.mark.parametrize(("efficiency", "code"), [(0.99, 0), (0.93, 1)])
def test_what_is_read_of_no2_from_a_cylinder_is_the_efficiency_whatever_factor_is_stored(tmp_path, efficiency, code):
    bench = bench_of({"converter_efficiency": efficiency}, {"no2_coef": 0.95})
    done, record = play(tmp_path, ["converter_no2_gas"], bench)
    [test] = record.tests
    assert (done, test.quantity, test.limit_low, test.limit_high) == (code, "no2", 96.0, 102.0)
    assert test.value == pytest.approx(100.0 * efficiency, abs=2.0 * test.u)
    assert test.u == pytest.approx(1.25, abs=0.2)  # 1 % cylinder, 0.5 % the one behind the calibration, 0.4 % each flow
    sources = {line.source for line in test.budget if line.contribution > 0.0}
    assert {"cylinder", "calibration", "gas_flow", "zero_flow", "repeatability"} <= sources
    [entry] = record.procedures
    [setting] = [its for its in entry.settings if its.name == "no2_coef"]
    assert (setting.as_found, setting.as_left) == ("0.95", "0.95")
    assert "converter.factor_set" in [note.key for note in entry.notes]
    assert "cylinder.no2" in entry.references


def test_no2_gas_without_a_cylinder_is_refused_before_gas_flows(tmp_path):
    with pytest.raises(ConfigurationErrors, match=r"cylinder\.no2: expected a cylinder of no2"):
        play(tmp_path, ["converter_no2_gas"], bench_of(no2=None))
    step = '[no2_noise]\nprocedure = "zero_noise"\ngas = "no2"\n'
    level = '[no2_precision]\nprocedure = "precision"\ngas = "no2"\n'
    with pytest.raises(ConfigurationErrors, match=r"no2_precision\.gas of .* asks for it\), found none"):
        play(tmp_path, ["no2_noise", "no2_precision"], bench_of(no2=None), step + level)
    expired = {**NO2, "expires": "2026-01-01"}
    with pytest.raises(ConfigurationErrors, match=r"cylinder\.no2\.expires"):
        play(tmp_path, ["converter_no2_gas"], bench_of(no2=expired))


def test_a_mistyped_no2_cylinder_keeps_the_unit_from_being_tested(tmp_path):
    code, record = play(tmp_path, ["certificates", "converter_no2_gas"], bench_of(no2={**NO2, "stored": "52 ppm"}))
    assert code == 3
    assert [(test.verdict, test.message.key) for test in record.tests] == [("not tested", "certificates.value_differs")]


def test_the_no2_channel_has_rows_of_its_own(tmp_path):
    steps = "".join(
        f'[{name}]\nprocedure = "{procedure}"\ngas = "no2"\n'
        for name, procedure in (("no2_noise", "zero_noise"), ("no2_error", "indication_error"))
    )
    code, record = play(tmp_path, ["no2_noise", "no2_error"], bench_of({"converter_efficiency": 0.85}), steps)
    assert code == 1
    found = {test.id: test.verdict for test in record.tests}
    assert found == {
        "nox/no2_noise/no2/noise": "pass", "nox/no2_noise/no2/detection_limit": "pass",
        "nox/no2_error/no2/error": "fail",
    }  # fmt: skip
    error = record.tests[-1]
    assert error.value == pytest.approx(50.0 * -0.15, abs=1.0)  # half scale, 15 % of it not converted


def test_a_step_that_adjusts_takes_no_further_gas(tmp_path):
    with pytest.raises(ConfigurationErrors, match=r"no2_span\.gas: expected nothing: zero_span knows one gas"):
        play(tmp_path, ["no2_span"], bench_of(), '[no2_span]\nprocedure = "zero_span"\ngas = "no2"\n')


# -- rounds at one level ----------------------------------------------------------------------------------------------


def test_the_ratio_of_rounds_is_that_of_their_means():
    rounds = [Titration(400.0, 100.0, 402.0, 396.0), Titration(398.0, 110.0, 400.0, 394.0)]
    assert converter_efficiency(rounds, form="ratio") == pytest.approx(100.0 * (1.0 - 12.0 / 588.0))
    assert converter_efficiency(rounds[:1], form="ratio") == converter_efficiency(rounds[:1])
    with pytest.raises(ValueError, match="nothing was titrated"):
        converter_efficiency([Titration(100.0, 100.0, 100.0, 100.0)], form="ratio")


def test_three_rounds_at_one_level_give_the_ratio_of_their_means_with_less_noise_than_one(tmp_path):
    text = [("ozone_pct = [60.0]", "ozone_pct = [64.0]")]
    code, record = play(tmp_path, ["converter_efficiency"], bench_of({"converter_efficiency": 0.97}), text=text)
    assert code == 0
    mean, lowest = record.tests
    points = record.procedures[0].data.points
    assert [point.label for point in points] == ["64 %"] * 3
    assert mean.n == 3
    assert mean.message.key == "converter.ratio_of_rounds"
    assert mean.value == pytest.approx(97.0, abs=0.3)
    assert lowest.value == pytest.approx(min(point.efficiency_pct for point in points))
    assert mean.u < lowest.u
    assert record.procedures[0].data.fit is None
