"""Interval coverage through bench, wire and procedure: 200 random units, wide bounds; 1,000 in benchmarks/."""

import importlib.util
import sys
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def benchmark_module():
    specification = importlib.util.spec_from_file_location("coverage_benchmark", _PATH)
    module = importlib.util.module_from_spec(specification)
    sys.modules["coverage_benchmark"] = module  # results cross process boundaries by this name
    specification.loader.exec_module(module)
    yield module
    del sys.modules["coverage_benchmark"]


@pytest.mark.timeout(400)  # a minute of processor time, on a machine that may be shared
@pytest.mark.parametrize(
    ("device", "procedure", "names"),
    [
        ("co", "multipoint", {"co co multipoint.slope", "co co multipoint.intercept"}),
        ("nox", "converter_efficiency", {"nox no2 converter_efficiency.efficiency"}),
    ],
)
def test_intervals_cover_the_truth_of_two_hundred_units(benchmark_module, device, procedure, names):
    shares = benchmark_module.coverage(device, [procedure], 200)
    assert set(shares) == names
    for name, share in shares.items():
        assert 0.90 <= share <= 0.99, f"{name}: {share}"


def test_results_do_not_depend_on_the_number_of_workers(benchmark_module):
    one = benchmark_module.campaign("co", ["multipoint"], 3)
    two = benchmark_module.campaign("co", ["multipoint"], 3, workers=2)
    assert one == two
    assert len({result.value for result in one["co co multipoint.slope"]}) == 3


def test_two_devices_of_one_seed_have_references_of_their_own(benchmark_module):
    benches = [benchmark_module.bench_of_unit(device, 1) for device in ("co", "so2")]
    hidden = [bench["cylinder"][gas]["hidden"] for bench, gas in zip(benches, ("co", "so2"), strict=True)]
    assert hidden[0] != hidden[1]
    switched = benchmark_module.bench_of_unit("co", 1, without=("cylinder",))
    assert switched["cylinder"]["co"]["hidden"] == {"deviation_pct": 0.0}
    # the other sources stay as they were
    assert switched["device"]["calibrator"]["hidden"] == benches[0]["device"]["calibrator"]["hidden"]
