"""Interval coverage through bench, wire and procedure: how often 95 % intervals cover the truth of a simulated unit.

``python benchmarks/coverage.py 1000`` prints, for each gas, slope and intercept, and the converter efficiency: share of
units whose interval covers the truth (with its standard error), and mean and spread of the standardised error
(estimate - truth) / u, which tell a bias from a wrong width. Each unit has a seed of its own, and cylinder, mass-flow
and photometer errors drawn from the uncertainties that the bench states. ``--without noise`` (or another source,
several times) switches a source off, ``--device co`` takes one device, ``--workers N`` changes nothing but the time.

What is true? A calibration finds the line that the unit has while it is calibrated: the model's own sensitivity (span
error, its wander, the temperature) and zero offset, without noise, averaged over the time of the test. Noise counts as
noise, however slow it is.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np

from calibration.record import MultipointData, Test
from instruments.gas.base import PointAnalyzer
from instruments.gas.stages import STEP_S, Surroundings
from rig.bench_file import parse_bench
from rig.journal import Journal
from rig.logbook import Logbook
from rig.run import Run
from rig.session import Session, open_session
from scenarios.engine import Engine, RunFacts
from scenarios.opening import bench_path, load_plan
from scenarios.units import units_of

QUIET = SimpleNamespace(step=lambda text: None, tick=lambda t_s: None, ask=lambda prompt: "")
FACTS = RunFacts("coverage", "demo", "", "gas-check", "", "simple")
SOURCES = ("cylinder", "gas_flow", "zero_flow", "flow_offset", "flow_repeatability", "photometer", "noise")
"""Causes of error that ``--without`` can switch off."""
CAMPAIGN = {
    "co": ("multipoint",),
    "o3": ("multipoint",),
    "so2": ("multipoint",),
    "nox": ("multipoint", "converter_efficiency"),
}
CRITERIA = ("multipoint.slope", "multipoint.intercept", "converter_efficiency.efficiency")


@dataclass(frozen=True)
class Result:
    """One interval and the truth that it should cover."""

    name: str
    value: float
    u: float
    low: float
    high: float
    truth: float

    @property
    def hit(self) -> bool:
        """Whether it does."""
        return self.low <= self.truth <= self.high

    @property
    def standardised(self) -> float:
        """Error over standard uncertainty."""
        return (self.value - self.truth) / self.u


def bench_of_unit(device: str, seed: int, without: Sequence[str] = ()) -> dict[str, Any]:
    """The embedded bench with one analyzer, whose unit and whose references are drawn at random."""
    # The name is in the key: the same seed must not give two devices the same cylinder error.
    draw = np.random.default_rng([crc32(device.encode()), seed])
    data = tomllib.loads(bench_path("demo").read_text(encoding="utf-8"))
    stated = data["certificate"]["calibrator"]

    def error(source: str, u: float) -> float:
        value = float(draw.normal(0.0, u))
        return 0.0 if source in without else value

    data["device"] = {name: data["device"][name] for name in (device, "calibrator")}
    data["tube"] = {device: data["tube"][device]}
    unit = {"span_error_pct": float(draw.uniform(-3, 3)), "noise_factor": 0.0 if "noise" in without else 1.0}
    if device == "nox":
        unit["converter_efficiency"] = float(draw.uniform(0.94, 1.0))
    data["device"][device]["hidden"] = unit
    gas = {"nox": "no"}.get(device, device)
    data["cylinder"] = {name: section for name, section in data["cylinder"].items() if name == gas}
    for section in data["cylinder"].values():
        section["hidden"] = {"deviation_pct": error("cylinder", section["u_pct"])}
    data["device"]["calibrator"]["hidden"] = {
        "gas_flow_span_pct": error("gas_flow", stated["gas_flow_u_pct"]),
        "zero_flow_span_pct": error("zero_flow", stated["zero_flow_u_pct"]),
        "gas_flow_offset_pct_fs": error("flow_offset", stated["flow_offset_u_pct_fs"]),
        "zero_flow_offset_pct_fs": error("flow_offset", stated["flow_offset_u_pct_fs"]),
        "flow_repeatability_pct": 0.0 if "flow_repeatability" in without else stated["flow_repeatability_pct"],
        "photometer_error_pct": error("photometer", stated["ozone_u_pct"]),
        "photometer_offset": error("photometer", float(stated["ozone_u_offset"].removesuffix(" ppb"))),
    }
    return data


def unit(device: str, procedures: Sequence[str], seed: int, without: Sequence[str] = ()) -> list[Result]:
    """Test one random unit."""
    path = bench_path("demo")
    session = open_session(parse_bench(bench_of_unit(device, seed, without), str(path)), path, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.sqlite", each_row=False, wall=lambda: 0.0)
        plan = load_plan("gas-check")[0].only("prepare", *procedures)
        try:
            run = Run(
                session.handles, session.supply, Logbook(journal, session.time, session.time.now_us()), QUIET, QUIET
            )
            engine = Engine(session, run, plan, units_of(session.file, [device]), FACTS)
            engine.play()
            return [
                Result(f"{device} {test.quantity} {test.criterion}", float(test.value), float(test.u),
                       test.interval.low, test.interval.high, truth(session, device, test, engine.procedures))
                for test in engine.tests
                if test.criterion in CRITERIA and test.interval is not None
            ]  # fmt: skip
        finally:
            journal.close()
            session.close()


def truth(session: Session, device: str, test: Test, procedures: Iterable[Any]) -> float:
    """What the estimate of ``test`` should have been: the unit's own, averaged from the first window to the last."""
    bench = session.bench
    assert bench is not None  # the benchmark runs in virtual time
    analyzer = bench.instruments[device].device
    assert isinstance(analyzer, PointAnalyzer)
    if test.criterion == "converter_efficiency.efficiency":
        return 100.0 * float(analyzer.hidden.converter_efficiency)  # type: ignore[attr-defined]
    data = next(p.data for p in procedures if p.id == test.procedure_id)
    assert isinstance(data, MultipointData)
    first = int(data.levels[0].window_start_s or 0.0) // STEP_S
    last = int(data.levels[-1].window_end_s or 0.0) // STEP_S
    around = Surroundings(analyzer, first, last)
    if test.criterion == "multipoint.slope":
        return float(analyzer.gain(around, first, last).mean())
    return float(analyzer.offset(around).mean())


def campaign(
    device: str, procedures: Sequence[str], units: int, *, first_seed: int = 1, workers: int = 1,
    without: Sequence[str] = (), tell: Callable[[int], None] = lambda done: None,
) -> dict[str, list[Result]]:  # fmt: skip
    """Results of many units by name; the same whatever the number of workers."""
    found: dict[str, list[Result]] = {}
    work = partial(unit, device, tuple(procedures), without=tuple(without))
    seeds = range(first_seed, first_seed + units)
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        results = map(work, seeds) if pool is None else pool.map(work, seeds, chunksize=4)
        for done, several in enumerate(results, 1):
            for result in several:
                found.setdefault(result.name, []).append(result)
            tell(done)
    return found


def coverage(device: str, procedures: Sequence[str], units: int, workers: int = 1) -> dict[str, float]:
    """Share of units whose interval covers the truth, by name."""
    found = campaign(device, procedures, units, workers=workers)
    return {name: sum(r.hit for r in results) / len(results) for name, results in found.items()}


def line(name: str, results: Sequence[Result], units: int) -> str:
    """One line of the table."""
    share = sum(r.hit for r in results) / len(results)
    z = np.array([r.standardised for r in results])
    spread = float(z.std(ddof=1)) if len(z) > 1 else math.nan
    lost = "" if len(results) == units else f", {units - len(results)} units without a result"
    error = 100 * math.sqrt(share * (1 - share) / len(results))
    return (
        f"{name:44s} {100 * share:5.1f} % ± {error:.1f} % of {len(results)}"
        f"   (estimate - truth) / u: mean {z.mean():+.2f}, spread {spread:.2f}{lost}"
    )


def main(arguments: Sequence[str]) -> None:
    """Run the campaign and print the table."""
    parser = argparse.ArgumentParser(description="coverage of 95 % intervals, through bench, wire and procedure")
    parser.add_argument("units", type=int, nargs="?", default=1000)
    parser.add_argument("--device", action="append", choices=list(CAMPAIGN))
    parser.add_argument("--without", action="append", choices=SOURCES, default=[])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args(arguments)
    for device in options.device or CAMPAIGN:

        def tell(done: int, device: str = device) -> None:
            if done % 50 == 0 or done == options.units:
                print(f"\r{device}: {done} of {options.units} units", end="", file=sys.stderr, flush=True)

        found = campaign(device, CAMPAIGN[device], options.units, first_seed=options.first_seed,
                         workers=options.workers, without=options.without, tell=tell)  # fmt: skip
        print(file=sys.stderr)
        for name, results in found.items():
            print(line(name, results, options.units), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
