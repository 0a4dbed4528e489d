"""Interval coverage through bench, wire and procedure: 200 random units, wide bounds; 1,000 in benchmarks/."""

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.mark.timeout(300)  # forty seconds of processor time: a loaded machine needs more than the usual limit
@pytest.mark.parametrize(("device", "procedure"), [("co", "multipoint"), ("nox", "converter_efficiency")])
def test_intervals_cover_the_truth_of_two_hundred_units(device, procedure):
    specification = importlib.util.spec_from_file_location("coverage_benchmark", _PATH)
    benchmark = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(benchmark)
    shares = benchmark.coverage(device, [procedure], 200)
    assert len(shares) == (2 if device == "co" else 1)
    for name, share in shares.items():
        assert 0.89 <= share <= 0.99, f"{name}: {share}"
