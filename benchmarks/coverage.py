"""Interval coverage through bench, wire and procedure: how often 95 % intervals cover the truth of a simulated unit.

``python benchmarks/coverage.py 1000`` prints slope, intercept and converter efficiency. Each unit has its own cylinder,
mass-flow and photometer errors, drawn from the uncertainties that the bench states, and its own seed.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from rig.bench_file import parse_bench
from rig.journal import Journal
from rig.run import Run
from rig.session import open_session
from scenarios.engine import Engine, RunFacts
from scenarios.opening import bench_path, load_plan

QUIET = SimpleNamespace(step=lambda text: None, tick=lambda t_s: None, ask=lambda prompt: "")
FACTS = RunFacts("coverage", "demo", "", "gas-check", "", "simple")


def unit(device: str, procedures: list[str], seed: int, folder: Path) -> dict[str, Any]:
    """Test one random unit; return hits by criterion."""
    draw = np.random.default_rng(seed)
    path = bench_path("demo")
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    species = {"nox": "no"}.get(device, device)
    stated = data["certificate"]["calibrator"]
    keep = (device, "calibrator")
    data["device"] = {name: data["device"][name] for name in keep}
    data["tube"] = {device: data["tube"][device]}
    truth = {
        "span_error_pct": float(draw.uniform(-3, 3)),
        "zero_offset": 0.0,
        "span_wander_pct": 0.0,
        "span_pct_per_c": 0.0,
    }
    if device == "nox":
        truth["converter_efficiency"] = float(draw.uniform(0.94, 1.0))
    data["device"][device]["hidden"] = truth
    data["cylinder"][species]["hidden"] = {"deviation_pct": float(draw.normal(0, data["cylinder"][species]["u_pct"]))}
    data["device"]["calibrator"]["hidden"] = {
        "gas_flow_span_pct": float(draw.normal(0, stated["gas_flow_u_pct"])),
        "zero_flow_span_pct": float(draw.normal(0, stated["zero_flow_u_pct"])),
        "gas_flow_offset_pct_fs": float(draw.normal(0, stated["flow_offset_u_pct_fs"])),
        "zero_flow_offset_pct_fs": float(draw.normal(0, stated["flow_offset_u_pct_fs"])),
        "flow_repeatability_pct": stated["flow_repeatability_pct"],
    }
    session = open_session(parse_bench(data, str(path)), path, seed=seed)
    journal = Journal(folder / f"{device}-{seed}.sqlite", each_row=False, wall=lambda: 0.0)
    plan = load_plan("gas-check")[0].model_copy(update={"procedures": ["prepare", *procedures]})
    try:
        run = Run(session.handles, session.supply, session.time, journal, QUIET, QUIET)
        engine = Engine(session, run, plan, [device], FACTS)
        engine.play()
    finally:
        journal.close()
        session.close()
    gain = 1.0 + truth["span_error_pct"] / 100.0
    true = {"multipoint.slope": gain, "multipoint.intercept": 0.0}
    if device == "nox":
        true["converter_efficiency.efficiency"] = 100.0 * truth["converter_efficiency"]
    hits = {}
    for test in engine.tests:
        if test.criterion in true and test.interval is not None and test.quantity in (device, "no", "no2"):
            hits[test.criterion] = test.interval.low <= true[test.criterion] <= test.interval.high
    return hits


def coverage(device: str, procedures: list[str], units: int, first_seed: int = 1) -> dict[str, float]:
    """Share of units whose interval covers the truth, by criterion."""
    found: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first_seed, first_seed + units):
            for name, hit in unit(device, procedures, seed, Path(folder)).items():
                found.setdefault(name, []).append(hit)
    return {name: sum(hits) / len(hits) for name, hits in found.items()}


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for device, procedures in (("co", ["multipoint"]), ("nox", ["converter_efficiency"])):
        for name, share in coverage(device, procedures, count).items():
            print(f"{device}  {name}: {100 * share:.1f} % of {count} units")
