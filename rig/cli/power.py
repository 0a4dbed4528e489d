"""``rig power``: what risk the tests of a plan leave, and how many repeats would bring it down."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from calibration.record import Record
from calibration.record import load as load_record
from rig.cli.accept import AcceptOptions, accept
from rig.cli.records import read_record
from rig.errors import EXIT_PASS, ConfigurationError
from scenarios.opening import load_bench, load_plan
from scenarios.power import Power, power, worst_by_criterion

_WHY = {
    "no distribution": "no probability can be given for it",
    "no uncertainty": "its uncertainty was not evaluated",
    "no value": "it had no value in the run that this rests on",
}


def run_power(
    plan: str, bench: str, devices: Sequence[str], record: Path | None, good: float, risk: float, *, as_json: bool
) -> int:
    """Print it.

    Raises:
        ConfigurationError: a mistake in a file or option.
    """
    if not 0.0 < good < 1.0:
        raise ConfigurationError("--good", "", "a part of the limit between 0 and 1", f"{good:g}")
    if not 0.0 < risk < 0.5:
        raise ConfigurationError("--risk", "", "a probability between 0 and 0.5", f"{risk:g}")
    load_plan(plan)
    run = _trial(plan, bench, tuple(devices)) if record is None else _read(record, plan)
    found = power(run, good, risk)
    if as_json:
        sys.stdout.write(json.dumps([one.model_dump() for one in found], indent=1) + "\n")
    else:
        source = "a trial run" if record is None else f"run {run.run.id}"
        lines = _page(plan, source, run, worst_by_criterion(found), good, risk)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return EXIT_PASS


def _read(path: Path, plan: str) -> Record:
    record = read_record(path, "--record", "a result.json of this version, or its folder")
    if Path(record.run.plan).stem != Path(plan).stem:
        raise ConfigurationError("--record", "", f"a run of {plan}", f"{path}, a run of {record.run.plan}")
    return record


def _trial(plan: str, bench: str, devices: tuple[str, ...]) -> Record:
    """Let the plan run on an emulated bench, on virtual time: what scatters and what is shared is in its budgets."""
    file, path = load_bench(bench)
    if any(section.resource is not None for section in file.device.values()):
        expected = (
            f"beside it --record, the result.json of a run: {path} has real devices, which are not tried for this"
        )
        raise ConfigurationError("--bench", "", expected, bench)
    with tempfile.TemporaryDirectory(prefix="rig-") as folder, redirect_stdout(StringIO()):
        out = Path(folder) / "out"
        accept(AcceptOptions(bench=bench, plan=plan, devices=devices, out=out, operator="simulated"))
        return load_record(out / "result.json")


def _page(
    plan: str, source: str, run: Record, found: Sequence[Power], good: float, risk: float
) -> Iterator[str]:  # fmt: skip
    yield f"{plan}: risks of simple acceptance, by what {source} on {run.run.bench} showed"
    yield "the worst of all units and components of each criterion; probability that"
    yield "  A  a unit exactly at the limit passes"
    yield f"  B  one at {good:g} of the limit fails"
    yield f"  C  one at {1.0 / good:g} of the limit passes"
    yield f"  n  repeats with which B and C are {100.0 * risk:g} % at the most"
    yield ""
    width = max(9, *(len(one.criterion) for one in found)) if found else 9
    yield f"{'criterion':<{width}}  {'planned':<12}  {'A':>7}  {'B':>7}  {'C':>7}  n"
    for one in found:
        repeats = f"{one.planned} {one.repeats if one.planned != 1 else one.repeats.removesuffix('s')}"
        head = f"{one.criterion:<{width}}  {repeats:<12}"
        if one.good_fails is None:
            yield f"{head}  {_WHY.get(one.why, one.why)}"
            continue
        risks = "  ".join(f"{_percent(p):>7}" for p in (one.at_limit_passes, one.good_fails, one.bad_passes))
        if one.needed is not None:
            needed = str(one.needed)
        elif one.repeats == "tests":
            needed = "no number: what the references leave is too much"
        else:
            needed = "more than 1000"
        yield f"{head}  {risks}  {needed}   ({one.device}, {one.quantity})"
    yield ""
    yield "readings: of a standard deviation; tests: the whole test as the plan does it, done again on other days"


def _percent(p: float | None) -> str:
    if p is None:
        return ""
    return "< 0.1 %" if p < 0.001 else f"{100.0 * p:.1f} %"
