"""How fast plans run, and what the time goes into.

Usage: python benchmarks/plans.py [--plan hj193-debug] [--runs 3] [--lines 10000]

Prints plan runs per second of one core (whole `accept`, report included, and without it), the share of processor time
by what it is spent on, and how long the evaluation of ten thousand multipoint calibrations takes: six levels drawn with
noise, line, budgets, lack of fit and three verdicts each.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import pstats
import tempfile
import time
from pathlib import Path

import numpy as np

from calibration.criteria import Judge, Subject, load_criteria
from calibration.uncertainty import CommonError, PointError, calibration_line_budgets
from rig.cli.accept import AcceptOptions, accept

ROOT = Path(__file__).parents[1]
ROOMS = (
    ("protocol text and host handles", ("instruments/protocols", "rig/host", "rig/wiring")),
    ("physics", ("instruments/",)),
    (
        "lines, ports, clock",
        ("rig/lines", "rig/line_", "rig/uart", "rig/ports", "rig/clock", "simpy", "pyvisa", "rig/bench"),
    ),
    ("journal", ("rig/journal", "json/", "sqlite")),
    ("procedures and statistics", ("calibration/", "rig/run", "rig/stability", "scenarios/")),
    ("report", ("reports/", "matplotlib", "jinja2", "xml/")),
)  # fmt: skip


def play(plan: str) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        accept(AcceptOptions(plan=plan, out=Path(folder) / "out", operator="simulated"))


def shares(plan: str) -> dict[str, float]:
    """Share of processor time by room; what numpy and Python's own functions take counts for their callers."""
    profile = cProfile.Profile()
    profile.enable()
    play(plan)
    profile.disable()
    found = dict.fromkeys([name for name, _ in ROOMS] + ["other"], 0.0)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]

    def room(file: str) -> str | None:
        for name, places in ROOMS:
            if any(place in file for place in places):
                return name
        return None

    for (file, _, _), (_, _, own, _, callers) in stats.items():
        name = room(file.replace(str(ROOT) + "/", ""))
        if name is not None:
            found[name] += own
            continue
        total = sum(times[2] for times in callers.values()) or 1.0
        for (caller, _, _), times in callers.items():
            found[room(caller.replace(str(ROOT) + "/", "")) or "other"] += own * times[2] / total
    whole = sum(found.values())
    return {name: seconds / whole for name, seconds in found.items()}


def lines(count: int) -> float:
    """Seconds of processor time for ``count`` evaluations of a multipoint calibration."""
    draw = np.random.Generator(np.random.Philox(key=1))
    x = np.array([0.0, 50.0, 100.0, 200.0, 300.0, 400.0])
    judge = Judge((load_criteria("hj818"),), "simple")
    subject = Subject("so2", "so2/multipoint/so2", "so2", "nmol/mol", 500.0)
    common = [CommonError("cylinder", 0.5, "%", list(x / 100.0), "basis.certificate", {"certificate": "-"})]
    noise = draw.normal(0.0, 0.5, (count, x.size))
    known = [PointError("repeatability", np.diag(np.full(x.size, 0.25)), "basis.repeatability")]
    slopes = draw.uniform(0.97, 1.03, count)
    begun = time.process_time()
    for own, slope in zip(noise, slopes, strict=True):
        found = calibration_line_budgets(x, slope * x + own, common, known)
        judge.judge("multipoint.slope", subject, value=found.line.slope, budget=found.slope, n=6)
        judge.judge("multipoint.intercept", subject, value=found.line.intercept, budget=found.intercept, n=6)
        judge.judge("multipoint.correlation", subject, value=found.line.r or 0.0, budget=None, n=6)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", default="hj193-debug")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lines", type=int, default=10_000)
    options = parser.parse_args()
    play(options.plan)  # imports are not the plan's
    took = []
    for _ in range(options.runs):
        begun = time.process_time()
        play(options.plan)
        took.append(time.process_time() - begun)
    best = min(took)
    print(f"{options.plan}: {best:.2f} s of processor time, {1.0 / best:.2f} runs a second and core")
    for name, share in sorted(shares(options.plan).items(), key=lambda one: -one[1]):
        print(f"  {100.0 * share:5.1f} %  {name}")
    seconds = lines(options.lines)
    print(f"{options.lines} multipoint calibrations evaluated: {seconds:.2f} s, {options.lines / seconds:.0f} a second")


if __name__ == "__main__":
    main()
