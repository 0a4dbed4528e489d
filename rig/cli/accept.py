"""``rig accept``: a plan on a bench, a report in a folder."""

from __future__ import annotations

import getpass
import hashlib
import json
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from calibration.record import Gap, Record, Verdict, Wall, record_hash
from rig.bench_file import BenchFile, direct_ports
from rig.cli.guard import guarded
from rig.cli.people import TerminalOperator, last_words
from rig.cli.progress import Progress
from rig.cli.records import read_record
from rig.cli.resume import JOURNAL, CutOff, Remembered, cut_off, gap_of
from rig.cli.signals import StopRequests, stop_requests
from rig.clock import FASTEST
from rig.errors import EXIT_FAIL, EXIT_FAULT, EXIT_PASS, EXIT_UNDECIDED, ConfigurationError, ConfigurationErrors
from rig.files import write_atomically
from rig.followed import Followed
from rig.hands_wire import FarHands
from rig.journal import Journal
from rig.logbook import Logbook
from rig.operators import Habits, Hands, SimulatedOperator
from rig.past import ABOUT, END, GAP
from rig.prompts import Operator
from rig.run import Run
from rig.session import Session, open_session
from rig.truth import fault_line
from scenarios.engine import Engine, RunFacts
from scenarios.gas_use import CylinderUse, gas_use, short_note, too_short
from scenarios.itinerary import TimeLeft, itinerary
from scenarios.opening import begins_at, load_bench, load_plan
from scenarios.plan_file import PlanFile
from scenarios.preflight import check_plan
from scenarios.return_to_bench import Return
from scenarios.units import chosen_units, to_open

if TYPE_CHECKING:
    from rig.serve import ServedBench

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
    check_plan(plan, plan_path, file, bench_path, options.devices, begins_at(file, time.time()).date())
    short = [use for use in gas_use(plan, chosen_units(plan, file, options.devices), file) if use.lasts is False]
    if short and not options.gas_may_run_out:
        raise ConfigurationErrors(too_short(short, plan_path, bench_path))
    started = time.time() if cut is None else float(cut.about["started"])
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
        record = _play(session, served, facts, plan, options, out, started, stop, last, cut, short)
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


def _play(
    session: Session, served: ServedBench | None, facts: RunFacts, plan: PlanFile, options: AcceptOptions, out: Path,
    started: float, stop: StopRequests, last: Record | None, cut: CutOff | None,
    short: Sequence[CylinderUse],
) -> Record:  # fmt: skip
    language = options.languages[0]
    events: list[dict[str, Any]] = []
    if session.bench is not None:
        session.bench.fault_listeners.append(lambda t_us, fault, begins: events.append(fault_line(t_us, fault, begins)))
        session.bench.line_listeners.append(lambda event: events.append(event.as_dict()))
    journal = Journal(out / JOURNAL, each_row=session.bench is None, wall=time.time, again=cut is not None)
    taken = None if cut is None else cut.taken(plan)
    gaps: list[Gap] = []
    if taken is None:
        start_us = session.time.now_us()
        about = {**asdict(facts), "started": started, "start_us": start_us, "options": options.as_begun(),
                 "clock": "paced" if session.bench is None else "virtual"}  # fmt: skip
        journal.append(start_us, ABOUT, about, None)
    else:
        start_us = taken.about["start_us"]
        gaps = [*map(Gap.model_validate, taken.before), gap_of(taken, time.time(), start_us)]
        journal.append(taken.last_t_us, GAP, {"after": taken.after}, gaps[-1].model_dump(mode="json"))
    journal.commit()
    units = chosen_units(plan, session.file, options.devices)
    left = TimeLeft(itinerary(plan, units))
    progress = Progress(session.time, left, language, session.speed)
    bench = session.bench
    hands = None if bench is None else Hands(lambda action: action(bench))
    if served is not None:
        hands = Hands(served.call)
    elif session.file.bench.hands:
        hands = FarHands(session.file.bench.hands)
    if hands is not None and bench is None:  # somebody stands before the units, on the wall clock too
        for name, handle in session.handles.items():
            handle.display = partial(hands.look, name)
    operator: Operator
    if options.operator == "simulated":
        habits = Habits(session.file.operator.delay, session.file.operator.mistakes)
        operator = person = SimulatedOperator(session.time, habits, hands, session.seed or 0)
    else:
        operator, person = TerminalOperator(language, progress.paused, hands), None
    followed = taken is not None and session.bench is not None
    if taken is not None and person is None and followed:
        operator = Remembered(operator, taken.rows, hands)
    with progress:
        log = Logbook(journal if taken is None or not followed else Followed(journal, taken.rows), session.time,
                      start_us, () if taken is None or followed else taken.rows)  # fmt: skip
        run = Run(session.handles, session.supply, log, operator, progress)
        engine = Engine(session, run, plan, units, facts, last)
        if taken is not None and not followed:
            log.on_return = Return(engine, log, gaps, taken).come_back
        for use in short:
            log.note("accepted", ["gas may run out", use.id], use.model_dump())
            engine.notes.append(short_note(use))
        verdict = engine.play()
    stop.held = True  # what was measured is written before anything else is listened to
    ended = time.time()
    wall = Wall(started=_iso(started), ended=_iso(ended), duration_s=round(ended - started, 3), out=str(out),
                host=platform.node(), user=_user(), gaps=gaps)  # fmt: skip
    record = engine.record(verdict, wall)
    told = {"verdict": verdict, "tests": len(record.tests), "readings": run.readings, "record": record_hash(record)}
    journal.append(record.run.ended_us, END, None, told)
    _write_readings(journal, out / "readings.csv", run.start_us)
    journal.close()
    if hands is not None:
        hands.close()
    wall = wall.model_copy(update={"journal_rows": journal.rows_written, "journal_root": journal.root.hex()})
    record = record.model_copy(update={"run": record.run.model_copy(update={"wall": wall})})
    truth: dict[str, Any] | None = None
    if session.bench is not None:
        truth = {**session.bench.truth(), "events": events}
    elif served is not None:
        truth = {**served.call(lambda bench: bench.truth()), "events": served.events}
    if truth is not None and person is not None:
        truth["slips"] = [{"prompt": key, "done": what} for key, what in person.slips]
    if truth is not None:
        write_atomically(out / "truth.json", json.dumps(truth, indent=1) + "\n")
    from reports import write_reports

    write_reports(record, out, options.languages)
    return record


def _write_readings(journal: Journal, path: Path, start_us: int) -> None:
    lines = ["t_s,device,quantity,value,unit"]
    for row in journal.rows("read"):
        if isinstance(row.answer, list):
            device, quantity = row.request
            lines.append(f"{(row.t_us - start_us) / 1e6:.3f},{device},{quantity},{row.answer[0]!r},{row.answer[1]}")
    write_atomically(path, "\n".join(lines) + "\n")


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
    for name in ("journal.sqlite", "result.json", "report.html", "junit.xml", "readings.csv", "truth.json"):
        if not again and (out / name).exists():
            raise ConfigurationError("--out", "", "a folder without a run in it", f"{out}: holds {name} already")
    try:
        yield out
    finally:
        if not (out / "journal.sqlite").exists():
            _remove(made)


def _remove(folders: list[Path]) -> None:
    for folder in folders:  # the innermost first; one that somebody has put something into stays
        with suppress(OSError):
            folder.rmdir()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"
