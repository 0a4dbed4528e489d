"""A mixture serves every analyzer of a gas that is certified in it: with that gas's value, uncertainty and drift."""

import json
import tomllib

import pytest

from calibration.record import load
from rig.bench_check import check_bench_data
from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from rig.host.references import cylinders_of
from scenarios.gas_use import gas_use
from scenarios.opening import bench_path, load_plan
from scenarios.units import units_of

PLAN = """
title = "Span of three analyzers from one mixture"
standard = ["hj818"]
procedures = ["certificates", "zero_span"]
[gas]
total_flow = "5 L/min"
[gas.stability]
window = "3 min"
poll = "20 s"
most = "60 min"
drift_pct_full_scale = 0.5
scatter_pct_full_scale = 1.0
[gas.stability.least]
default = "10 min"
[zero_span]
span_pct = 80.0
"""
MIXTURE = {
    "components": {"no": "50 ppm", "so2": "48 ppm", "co": "4800 ppm"}, "species": "no", "u_pct": 0.5,
    "component_u_pct": {"co": 1.25}, "certificate": "GBW-MIX", "expires": "2026-12-31", "port": "b",
    "impurities": {"no2": "100 ppb"},
}  # fmt: skip


def bench(**mixture):
    data = tomllib.loads(bench_path("demo").read_text(encoding="utf-8"))
    data["cylinder"] = {"mixture": {**MIXTURE, **mixture}}
    return data


def play(tmp_path, data, devices=("so2", "nox", "co")):
    (tmp_path / "bench.json").write_text(json.dumps(data, default=lambda value: value.isoformat()))
    (tmp_path / "plan.toml").write_text(PLAN)
    code = accept(AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), devices=devices,
                                out=tmp_path / "out", operator="simulated"))  # fmt: skip
    return code, load(tmp_path / "out" / "result.json")


def spans(record):
    """Span reading of each quantity over what was made, less 1, %."""
    return {test.quantity: test.value for test in record.tests if test.criterion == "zero_span.span"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return play(tmp_path_factory.mktemp("sound"), bench())


def test_three_analyzers_are_checked_with_one_mixture(sound):
    code, record = sound
    assert code == 0
    assert set(spans(record)) == {"so2", "no", "nox", "co"}
    assert all(abs(value) < 3.0 for value in spans(record).values())


def test_each_component_is_a_reference_with_its_own_value_and_uncertainty(sound):
    _, record = sound
    found = {one.id: (one.species, one.value, one.unit, one.u) for one in record.references if one.kind == "cylinder"}
    assert found == {
        "cylinder.mixture": ("no", 50_000.0, "nmol/mol", pytest.approx(250.0)),
        "cylinder.mixture.so2": ("so2", 48_000.0, "nmol/mol", pytest.approx(240.0)),
        "cylinder.mixture.co": ("co", 4800.0, "umol/mol", pytest.approx(60.0)),
    }
    shares = {
        test.quantity: [line.u for line in test.budget if line.source == "cylinder"]
        for test in record.tests if test.criterion == "zero_span.span"
    }  # fmt: skip
    assert shares["so2"] == pytest.approx([0.5])
    assert shares["co"] == pytest.approx([1.25])


def test_what_has_drifted_in_the_mixture_reads_low_and_carbon_monoxide_lasts(tmp_path, sound):
    drifted = bench(model="cylinder-8l", service={"hours": 3.0 * 8766.0}, hidden={"drift_pct_per_year": 4.0})
    _, record = play(tmp_path, drifted)
    before, after = spans(sound[1]), spans(record)
    for gas in ("so2", "no"):
        assert after[gas] - before[gas] == pytest.approx(-12.0, abs=1.0)
    assert after["co"] - before["co"] == pytest.approx(0.0, abs=0.5)


def test_a_value_mistyped_for_the_main_gas_shifts_every_component(tmp_path):
    code, record = play(tmp_path, bench(stored="55 ppm"))
    assert code == 3
    found = {entry.device: note for entry in record.procedures for note in entry.notes if "differs" in note.key}
    assert set(found) == {"so2", "nox", "co"}
    assert {(note.values["found"], note.values["expected"], note.values["unit"]) for note in found.values()} == {
        (55_000.0, 50_000.0, "nmol/mol")
    }


def test_a_cylinder_of_the_gas_itself_comes_before_a_mixture_whatever_stands_first():
    data = bench()
    data["cylinder"]["co"] = {
        "value": "3000 ppm", "u_pct": 0.5, "certificate": "C", "expires": "2026-12-31", "port": "c",
    }  # fmt: skip
    found = cylinders_of(check_bench_data(data, "bench.toml"))
    assert {species: one.id for species, one in found.items()} == {
        "no": "cylinder.mixture", "co": "cylinder.co", "so2": "cylinder.mixture.so2",
    }  # fmt: skip


def test_litres_of_all_components_leave_one_cylinder(tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN)
    plan, _ = load_plan(str(tmp_path / "plan.toml"))
    file = check_bench_data(bench(model="cylinder-8l"), "bench.toml")
    units = [unit for unit in units_of(file) if unit.name in ("so2", "nox", "co")]
    each = [gas_use(plan, [unit], file)[0].litres for unit in units]
    [use] = gas_use(plan, units, file)
    assert use.id == "cylinder.mixture"
    assert use.litres == pytest.approx(sum(each))
    assert min(each) > 0.0


def test_a_gas_that_is_not_in_the_mixture_has_no_uncertainty_there():
    with pytest.raises(ConfigurationErrors, match="component_u_pct of components of the mixture, not of no2"):
        check_bench_data(bench(component_u_pct={"no2": 1.0}), "bench.toml")
