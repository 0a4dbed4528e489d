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
    from rig.bench import Bench
    from rig.clock import VirtualClock

    options = _options(request)
    file, path = _file(options)
    opened = Bench(file, str(path), VirtualClock(), options.get("seed"))
    try:
        with opened.own_time():
            yield opened
    finally:
        opened.close()


@pytest.fixture
def served_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServedBench]:
    """A bench on the wall clock; its ports are symlinks below ``tmp_path / "ports"`` and TCP ports."""
    from rig.serve import ServedBench

    options = _options(request)
    file, path = _file(options)
    with ServedBench(file, path, tmp_path / "ports", options.get("speed", 1.0), options.get("seed")) as served:
        yield served


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("rig")
    options = dict(marker.kwargs) if marker is not None else {}
    unknown = sorted(set(options) - _KNOWN)
    if unknown:
        raise pytest.UsageError(f"mark rig: no such option {unknown[0]!r}; there are {', '.join(sorted(_KNOWN))}")
    return options


def _file(options: dict[str, Any]) -> tuple[BenchFile, Path]:
    import tomllib

    from rig.bench_file import parse_bench
    from scenarios.opening import bench_path

    path = bench_path(str(options.get("bench", "demo")))
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    _merge(data, options.get("overrides", {}))
    return parse_bench(data, str(path)), path


def _merge(data: dict[str, Any], overrides: dict[str, Any]) -> None:
    for key, value in overrides.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            _merge(data[key], value)
        else:
            data[key] = value
