"""``rig accept``: a plan on a bench, a report in a folder."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from calibration.record import Verdict
from rig.bench_file import BenchFile, direct_ports
from rig.cli.guard import guarded
from rig.cli.people import last_words
from rig.cli.play import Play
from rig.cli.records import read_record
from rig.cli.report import require_paper
from rig.cli.resume import cut_off
from rig.cli.signals import StopRequests, stop_requests
from rig.clock import FASTEST
from rig.errors import EXIT_FAIL, EXIT_FAULT, EXIT_PASS, EXIT_UNDECIDED, ConfigurationError, ConfigurationErrors
from rig.run_folder import JOURNAL, RESULT
from rig.session import open_session
from scenarios.engine import RunFacts
from scenarios.gas_use import gas_use, too_short
from scenarios.opening import begins_at, load_bench, load_plan
from scenarios.plan_file import PlanFile
from scenarios.preflight import check_plan
from scenarios.units import chosen_units, to_open

if TYPE_CHECKING:
    pass

Loaded = TypeVar("Loaded")

_CODES: dict[Verdict, int] = {
    "pass": EXIT_PASS, "fail": EXIT_FAIL, "undecided": EXIT_UNDECIDED, "not tested": EXIT_UNDECIDED,
    "void": EXIT_UNDECIDED, "error": EXIT_FAULT,
}  # fmt: skip


_TURN_S = 0.0005
"""Wall seconds for which one thread may hold up the other on the paced clock."""


@dataclass(frozen=True, slots=True)
class AcceptOptions:
    """What the command line asked for; None where it did not say."""

    bench: str = "demo"
    plan: str = "gas-check"
    devices: tuple[str, ...] = ()
    seed: int | None = None
    clock: str | None = None
    speed: float | None = None
    out: Path | None = None
    languages: tuple[str, ...] = ("en",)
    decision_rule: str | None = None
    operator: str = "terminal"
    last_record: Path | None = None
    gas_may_run_out: bool = False
    resume: Path | None = None
    pdf: bool = False

    def as_begun(self) -> dict[str, Any]:
        """What decides the course of the run, for its journal; the rest may be another when it is taken up again."""
        return {
            "bench": self.bench, "plan": self.plan, "devices": list(self.devices), "seed": self.seed,
            "clock": self.clock, "speed": self.speed, "decision_rule": self.decision_rule, "operator": self.operator,
            "last_record": None if self.last_record is None else str(self.last_record.resolve()),
            "gas_may_run_out": self.gas_may_run_out,
        }  # fmt: skip


def accept(options: AcceptOptions) -> int:
    """Run, report, and return the exit code.

    Raises:
        ConfigurationError: a mistake in a file or argument; nothing has been touched.
        RigFault: a port cannot be opened, or the results cannot be written.
    """
    cut = None if options.resume is None else cut_off(options.resume)
    if cut is not None:
        options = cut.options(options)
    file, bench_path, plan, plan_path = _load(options)
    last = (
        None
        if options.last_record is None
        else read_record(options.last_record, "--last-record", "the result.json of an earlier run, or its folder")
    )
    if options.pdf:
        require_paper("--pdf", options.languages)
    check_plan(plan, plan_path, file, bench_path, options.devices, begins_at(file, time.time()).date())
    started = time.time() if cut is None else float(cut.about["started"])
    short = [use for use in gas_use(plan, chosen_units(plan, file, options.devices), file) if use.lasts is False]
    if short and not options.gas_may_run_out:
        raise ConfigurationErrors(too_short(short, plan_path, bench_path))
    identifier = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%S") + f"-{plan_path.stem}"
    facts = RunFacts(
        id=identifier, bench=options.bench, bench_sha256=_sha256(bench_path), plan=options.plan,
        plan_sha256=_sha256(plan_path), decision_rule=options.decision_rule or plan.decision_rule,
    )  # fmt: skip
    if cut is not None:
        cut.require_same(bench_sha256=facts.bench_sha256, plan_sha256=facts.plan_sha256)
    # In a thread other than the main one (a test, a page) signals are the caller's business.
    main = threading.current_thread() is threading.main_thread()
    ending = "making the bench safe and writing the record"
    with stop_requests(ending) if main else nullcontext(StopRequests(ending)) as stop, ExitStack() as stack:
        out = stack.enter_context(_folder(options.out or Path("out") / identifier, again=cut is not None))
        if options.clock == "paced":
            # On the wall clock the bench lives in a thread of its own, and is reached through real ptys like any other.
            from rig.bench_file import parse_bench
            from rig.serve import ServedBench

            # Two threads take turns; with the 5 ms that Python gives each, a bench at speed 3600 loses 18 s a turn.
            stack.callback(sys.setswitchinterval, sys.getswitchinterval())
            sys.setswitchinterval(_TURN_S)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-")))
            served = stack.enter_context(ServedBench(file, bench_path, folder, options.speed or 1.0, options.seed))
            file = parse_bench(served.endpoints_data(), str(bench_path))
        else:
            served = None
        session = open_session(file, bench_path, seed=options.seed, devices=to_open(plan, file, options.devices))
        stack.callback(session.close)
        if session.bench is None and served is None:
            stack.enter_context(guarded(bench_path, out))
        record = Play(session, served, facts, plan, options, out, started, stop, last, cut, short).record()
    sys.stdout.write(last_words(record, out, options.languages[0]))
    return _CODES[record.verdict]


def _load(options: AcceptOptions) -> tuple[BenchFile, Path, PlanFile, Path]:
    """Bench and plan, and whether the options go with them; mistakes of all three at once."""
    errors: list[ConfigurationError] = []

    def attempt(load: Callable[[str], tuple[Loaded, Path]], name: str) -> tuple[Loaded, Path] | None:
        try:
            return load(name)
        except ConfigurationErrors as several:
            errors.extend(several.errors)
        except ConfigurationError as error:
            errors.append(error)
        return None

    bench, plan = attempt(load_bench, options.bench), attempt(load_plan, options.plan)
    if options.seed is not None and options.seed < 0:
        errors.append(ConfigurationError("--seed", "", "a whole number of 0 or more", options.seed))
    if options.speed is not None and not 1.0 <= options.speed <= FASTEST:
        expected = f"a number of 1 or more ({FASTEST:g} at the most)"
        errors.append(ConfigurationError("--speed", "", expected, f"{options.speed:g}"))
    elif options.speed is not None and options.clock != "paced":
        errors.append(ConfigurationError("--speed", "", "--clock paced beside it", options.clock or "none"))
    real = [] if bench is None else [n for n, its in bench[0].device.items() if its.resource and not its.emulated]
    if real and options.operator == "simulated":
        expected = "terminal: at a real instrument a person answers"
        errors.append(ConfigurationError("--operator", "", expected, f"simulated, with {', '.join(real)}"))
    if bench is not None and options.clock == "paced" and direct_ports(bench[0]):
        expected = f"a bench on virtual time: {', '.join(direct_ports(bench[0]))} can be reached in one process only"
        errors.append(ConfigurationError("--clock", "", expected, "paced"))
    if bench is not None and any(section.resource is not None for section in bench[0].device.values()):
        for option, value in (("--seed", options.seed), ("--clock", options.clock)):
            if value is not None:
                expected = f"no {option} for a bench whose devices are not emulated by this command"
                errors.append(ConfigurationError(option, "", expected, value))
    if errors or bench is None or plan is None:
        raise ConfigurationErrors(errors)
    return *bench, *plan


@contextmanager
def _folder(out: Path, *, again: bool) -> Iterator[Path]:
    """The folder of the results. If the run does not come to its journal, nothing that was made here stays."""
    made = [path for path in (out, *out.parents) if not path.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".rig-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        _remove(made)
        raise ConfigurationError("--out", "", "a folder that can be written", f"{out}: {error.strerror}") from None
    for name in (JOURNAL, RESULT, "report.html", "junit.xml", "readings.csv", "truth.json"):
        if not again and (out / name).exists():
            raise ConfigurationError("--out", "", "a folder without a run in it", f"{out}: holds {name} already")
    try:
        yield out
    finally:
        if not (out / JOURNAL).exists():
            _remove(made)


def _remove(folders: list[Path]) -> None:
    for folder in folders:  # the innermost first; one that somebody has put something into stays
        with suppress(OSError):
            folder.rmdir()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
