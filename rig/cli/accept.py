"""``rig accept``: a plan on a bench, a report in a folder."""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calibration.record import Verdict, Wall
from rig.cli.people import ProgressLine, SimulatedOperator, TerminalOperator
from rig.errors import (
    EXIT_FAIL,
    EXIT_FAULT,
    EXIT_PASS,
    EXIT_UNDECIDED,
    ConfigurationError,
    RigFault,
)
from rig.files import write_atomically
from rig.host.kinds import is_analyzer
from rig.journal import Journal
from rig.run import Run
from rig.session import Session, open_session
from scenarios.engine import Engine, RunFacts
from scenarios.opening import load_bench, load_plan
from scenarios.preflight import check_plan

_CODES: dict[Verdict, int] = {
    "pass": EXIT_PASS, "fail": EXIT_FAIL, "undecided": EXIT_UNDECIDED, "not tested": EXIT_UNDECIDED,
    "void": EXIT_UNDECIDED, "error": EXIT_FAULT,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """What the command line asked for."""

    bench: str = "demo"
    plan: str = "gas-check"
    devices: tuple[str, ...] = ()
    seed: int | None = None
    clock: str = "virtual"
    speed: float = 1.0
    out: Path | None = None
    languages: tuple[str, ...] = ("en",)
    decision_rule: str | None = None
    operator: str = "terminal"


def accept(options: AcceptOptions) -> int:
    """Run, report, and return the exit code.

    Raises:
        ConfigurationError: a mistake in a file or argument; nothing has been touched.
        RigFault: a port cannot be opened, or the results cannot be written.
    """
    file, bench_path = load_bench(options.bench)
    plan, plan_path = load_plan(options.plan)
    rule = options.decision_rule or plan.decision_rule
    known = [name for name, section in file.device.items() if section.model != "manual"]
    for name in options.devices:
        if name not in known:
            raise ConfigurationError("--device", "", f"one of {', '.join(known)}", repr(name))
    check_plan(plan, plan_path, file, bench_path, options.devices)
    started = time.time()
    identifier = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%S") + f"-{plan_path.stem}"
    out = _make_folder(options.out or Path("out") / identifier)
    with ExitStack() as stack:
        if options.clock == "paced" and all(section.resource is None for section in file.device.values()):
            # On the wall clock the bench lives in a thread of its own, and is reached through real ptys like any other.
            from rig.bench_file import parse_bench
            from rig.serve import ServedBench

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-")))
            served = stack.enter_context(ServedBench(file, bench_path, folder, options.speed, options.seed))
            file = parse_bench(served.endpoints_data(), str(bench_path))
        session = open_session(file, bench_path, seed=options.seed, devices=options.devices)
        stack.callback(session.close)
        facts = RunFacts(
            id=identifier, bench=options.bench, bench_sha256=_sha256(bench_path), plan=options.plan,
            plan_sha256=_sha256(plan_path), decision_rule=rule,
        )  # fmt: skip
        verdict = _play(session, facts, plan, options, out, started)
    return _CODES[verdict]


def _play(session: Session, facts: RunFacts, plan, options: AcceptOptions, out: Path, started: float) -> Verdict:  # type: ignore[no-untyped-def]
    virtual = session.bench is not None
    journal = Journal(out / "journal.sqlite", each_row=not virtual, wall=time.time)
    journal.about(id=facts.id, plan=facts.plan, bench=facts.bench, seed=str(session.seed))
    operator = SimulatedOperator() if options.operator == "simulated" else TerminalOperator(options.languages[0])
    devices = [
        n for n, h in session.handles.items() if is_analyzer(h.kind) and (not options.devices or n in options.devices)
    ]
    with ProgressLine(session.time, steps=len(devices)) as progress:
        run = Run(session.handles, session.supply, session.time, journal, operator, progress)
        engine = Engine(session, run, plan, devices, facts)
        verdict = engine.play()
    ended = time.time()
    wall = Wall(started=_iso(started), ended=_iso(ended), duration_s=round(ended - started, 3), out=str(out),
                host=platform.node(), user=_user())  # fmt: skip
    record = engine.record(verdict, wall)
    _write_readings(journal, out / "readings.csv", run.start_us)
    journal.close()
    if session.bench is not None:
        write_atomically(out / "truth.json", json.dumps(session.bench.truth(), indent=1) + "\n")
    from reports import write_reports

    write_reports(record, out, options.languages)
    progress.close_with(verdict, record, out)
    return verdict


def _write_readings(journal: Journal, path: Path, start_us: int) -> None:
    lines = ["t_s,device,quantity,value,unit"]
    for row in journal.rows("read"):
        if isinstance(row.answer, list):
            device, quantity = row.request
            lines.append(f"{(row.t_us - start_us) / 1e6:.3f},{device},{quantity},{row.answer[0]!r},{row.answer[1]}")
    write_atomically(path, "\n".join(lines) + "\n")


def _make_folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".rig-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigurationError("--out", "", "a folder that can be written", f"{out}: {error.strerror}") from None
    if (out / "journal.sqlite").exists():
        raise RigFault(f"{out}: holds a run already; give another --out")
    return out


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"
