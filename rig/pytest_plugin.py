"""Pytest fixtures for station software: ``bench`` (virtual time) and ``served_bench`` (ptys and TCP, wall clock).

``@pytest.mark.rig(bench="demo", seed=7, speed=10, overrides={"device": {"so2": {"hidden": {...}}}})`` chooses. Nothing
heavy is imported until a fixture is used, and each test has a bench of its own, so ``-n auto`` is safe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from rig.bench import Bench
    from rig.bench_file import BenchFile
    from rig.serve import ServedBench

_KNOWN = {"bench", "seed", "speed", "overrides"}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "rig(bench, seed, speed, overrides): which bench the rig's fixtures open")


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A bench on virtual time; ``time.sleep``, ``time.monotonic`` and ``time.time`` of this thread are the bench's."""
    options = _options(request)
    file, path = _file(options)
    from rig.bench import Bench
    from rig.clock import VirtualClock

    opened = Bench(file, str(path), VirtualClock(), options.get("seed"))
    try:
        with opened.own_time():
            yield opened
    finally:
        opened.close()


@pytest.fixture
def served_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServedBench]:
    """A bench on the wall clock; its ports are symlinks below ``tmp_path / "ports"`` and TCP ports."""
    options = _options(request)
    file, path = _file(options)
    from rig.serve import ServedBench

    with ServedBench(file, path, tmp_path / "ports", options.get("speed", 1.0), options.get("seed")) as served:
        yield served


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    from rig.cli.neighbours import foreign_packages

    foreign = foreign_packages()
    if foreign:
        pytest.fail(foreign, pytrace=False)
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("rig"))):  # the test's own mark comes last and counts
        if marker.args:
            pytest.fail(f"mark rig: options have names, such as bench={marker.args[0]!r}", pytrace=False)
        unknown = sorted(set(marker.kwargs) - _KNOWN)
        if unknown:
            known = ", ".join(sorted(_KNOWN))
            pytest.fail(f"mark rig: no such option {unknown[0]!r}; there are {known}", pytrace=False)
        options |= marker.kwargs
    return options


def _file(options: dict[str, Any]) -> tuple[BenchFile, Path]:
    """The bench that the marker asks for, overrides merged in; its mistakes fail the test, a line each."""
    from rig.bench_check import check_bench_data
    from rig.bench_file import read_bench_data
    from rig.errors import ConfigurationError
    from scenarios.opening import bench_path

    try:
        path = bench_path(str(options.get("bench", "demo")))
        data = read_bench_data(path)
        _merge(data, options.get("overrides", {}))
        return check_bench_data(data, str(path)), path
    except ConfigurationError as error:
        pytest.fail(str(error), pytrace=False)


def _merge(data: dict[str, Any], overrides: dict[str, Any]) -> None:
    for key, value in overrides.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _merge(data[key], value)
        else:
            data[key] = value
