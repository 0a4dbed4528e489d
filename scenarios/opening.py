"""Benches and plans by name or path."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

from rig.bench import Bench
from rig.bench_check import check_bench_data
from rig.bench_file import BenchFile, read_bench_data
from rig.clock import VirtualClock
from rig.errors import ConfigurationError
from scenarios.plan_file import PlanFile, read_plan_file

_FOLDER = Path(__file__).parent


def _find(name: str, folder: str, option: str) -> Path:
    path = Path(name)
    if path.suffix in (".toml", ".json") or "/" in name:
        return path
    embedded = _FOLDER / folder / f"{name}.toml"
    if embedded.is_file():
        return embedded
    if path.exists():
        return path
    known = sorted(file.stem for file in (_FOLDER / folder).glob("*.toml"))
    raise ConfigurationError(option, "", f"a path, or one of {', '.join(known)}", repr(name))


def bench_path(name: str, option: str = "--bench") -> Path:
    """Path of a bench file given as a path or as an embedded name, by ``option``. Raises ConfigurationError."""
    return _find(name, "benches", option)


def plan_path(name: str) -> Path:
    """Path of a plan file given as a path or as an embedded name. Raises ConfigurationError."""
    return _find(name, "plans", "--plan")


def load_bench(name: str, option: str = "--bench") -> tuple[BenchFile, Path]:
    """Read a bench file by name or path, checked against the models. Raises ConfigurationErrors with all mistakes.

    Args:
        name: path, or name of an embedded bench.
        option: by which the name was given, for messages.
    """
    path = bench_path(name, option)
    return check_bench_data(read_bench_data(path), str(path)), path


def load_plan(name: str) -> tuple[PlanFile, Path]:
    """Read a plan file by name or path. Raises ConfigurationErrors with all mistakes."""
    path = plan_path(name)
    return read_plan_file(path), path


def begins_at(file: BenchFile, now: float) -> datetime:
    """Instant on the bench's clock at which a run begins: an emulated bench's epoch; a real one stands in the present.

    Args:
        file: the bench.
        now: seconds of the wall clock since 1970.
    """
    epoch = file.bench.epoch
    if file.bench.started_wall is not None:
        return epoch + timedelta(seconds=(now - file.bench.started_wall) * (file.bench.speed or 1.0))
    if any(section.resource is not None for section in file.device.values()):
        return datetime.fromtimestamp(now, epoch.tzinfo)
    return epoch


def open_bench(specification: str) -> Bench:
    """Open a bench on virtual time: ``demo``, ``path/to/bench.toml``, with a query ``?seed=7`` if wanted.

    Raises:
        ConfigurationError: an unknown bench, query key or value.
    """
    name, _, query = specification.partition("?")
    seed: int | None = None
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key != "seed" or not (value.isascii() and value.isdigit()):
            raise ConfigurationError(specification, key, "seed=<whole number>", repr(value))
        seed = int(value)
    file, path = load_bench(name)
    return Bench(file, str(path), VirtualClock(), seed)
