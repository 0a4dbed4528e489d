"""A calibrator that makes less than its line's units draw, and a tenth more, is refused before gas flows."""

import json
import tomllib

import pytest

from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationErrors
from scenarios.flow_demand import flow_mistakes
from scenarios.opening import bench_path, load_bench, load_plan, plan_path
from scenarios.units import chosen_units


def mistakes(tmp_path, flow, bench="demo", plan="hj193-debug"):
    text = plan_path(plan).read_text().replace('total_flow = "5 L/min"', f'total_flow = "{flow} L/min"')
    (tmp_path / "plan.toml").write_text(text)
    read, path = load_plan(str(tmp_path / "plan.toml"))
    file, _ = load_bench(bench)
    return [str(one) for one in flow_mistakes(read, path, file, chosen_units(read, file))]


def test_the_four_units_of_the_station_need_a_tenth_more_than_they_draw(tmp_path):
    assert mistakes(tmp_path, 3.96) == []  # 0.5 + 0.7 + 1.4 + 1.0 = 3.6 L/min
    [told] = mistakes(tmp_path, 3.95)
    assert "gas.total_flow: expected at least 3.96 L/min for step" in told
    assert "so2 0.5 + nox 0.7 + o3 1.4 + co 1, and a tenth more for the vent, found 3.95 L/min" in told


def test_units_whose_sample_port_hangs_on_the_line_draw_whatever_is_tested(tmp_path):
    told = mistakes(tmp_path, 5, "type-test")
    assert any("gas.total_flow: expected at least 9.9 L/min" in one for one in told)
    assert any("converter_efficiency.total_flow: expected at least 9.9 L/min" in one for one in told)
    assert mistakes(tmp_path, 10, "type-test", "hj654-type") == []


def test_a_run_that_would_starve_its_line_does_not_begin(tmp_path):
    bench = tomllib.loads(bench_path("demo").read_text())
    text = plan_path("gas-check").read_text().replace('total_flow = "4 L/min"', 'total_flow = "0.7 L/min"')
    (tmp_path / "plan.toml").write_text(text)
    (tmp_path / "bench.json").write_text(json.dumps(bench, default=lambda value: value.isoformat()))
    options = AcceptOptions(bench=str(tmp_path / "bench.json"), plan=str(tmp_path / "plan.toml"), out=tmp_path / "out")
    with pytest.raises(ConfigurationErrors, match=r"converter_efficiency\.total_flow: expected at least 0\.77 L/min"):
        accept(options)
    assert not (tmp_path / "out").exists()
