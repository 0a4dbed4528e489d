"""One play of a plan on an open bench, from its journal to its reports."""

from __future__ import annotations

import getpass
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibration.record import Gap, Record, Wall, record_hash
from rig.cli.people import TerminalOperator
from rig.cli.progress import Progress
from rig.cli.resume import CutOff, Remembered, gap_of
from rig.cli.signals import StopRequests
from rig.files import write_atomically
from rig.followed import Followed
from rig.hands_wire import FarHands
from rig.journal import Journal
from rig.logbook import Ledger, Logbook
from rig.operators import Habits, Hands, SimulatedOperator
from rig.past import ABOUT, END, GAP, Taken
from rig.prompts import Operator
from rig.readings import readings_of, write_csv
from rig.run import Run
from rig.run_folder import JOURNAL, wall_text
from rig.session import Session
from rig.truth import fault_line
from scenarios.engine import Engine, RunFacts
from scenarios.gas_use import CylinderUse, short_note
from scenarios.itinerary import TimeLeft, itinerary
from scenarios.plan_file import PlanFile
from scenarios.return_to_bench import Return
from scenarios.units import chosen_units

if TYPE_CHECKING:
    from rig.cli.accept import AcceptOptions
    from rig.serve import ServedBench


@dataclass
class Play:
    """A plan on a session.

    Args:
        session: the open bench.
        served: the bench behind it, where this process serves it to itself.
        facts: what the record says of the run beside its results.
        plan: what to do.
        options: of the command.
        out: folder of the results.
        started: wall time at which the run began, s.
        stop: who asks it to stop.
        last: record of an earlier run, for procedures that compare.
        cut: this run as it was when it was cut off; None if it begins.
        short: cylinders that will not last, and are used all the same.
    """

    session: Session
    served: ServedBench | None
    facts: RunFacts
    plan: PlanFile
    options: AcceptOptions
    out: Path
    started: float
    stop: StopRequests
    last: Record | None
    cut: CutOff | None
    short: Sequence[CylinderUse]
    _events: list[dict[str, Any]] = field(default_factory=list)
    _gaps: list[Gap] = field(default_factory=list)

    def record(self) -> Record:
        """Play, and leave journal, readings, truth and reports in the folder."""
        session, language = self.session, self.options.languages[0]
        self._listen()
        taken = None if self.cut is None else self.cut.taken(self.plan)
        journal, start_us = self._journal(taken)
        units = chosen_units(self.plan, session.file, self.options.devices)
        progress = Progress(session.time, TimeLeft(itinerary(self.plan, units)), language, session.speed)
        hands = self._hands()
        operator, person = self._operator(progress, hands, taken)
        with progress:
            log = self._log(journal, start_us, taken)
            run = Run(session.handles, session.supply, log, operator, progress)
            engine = Engine(session, run, self.plan, units, self.facts, self.last)
            if taken is not None:
                log.on_return = Return(engine, log, self._gaps, taken).come_back
            for use in self.short:
                log.note("accepted", ["gas may run out", use.id], use.model_dump())
                engine.notes.append(short_note(use))
            verdict = engine.play()
        self.stop.held = True  # what was measured is written before anything else is listened to
        record = engine.record(verdict, self._wall())
        told = {"verdict": verdict, "tests": len(record.tests), "readings": run.readings, "record": record_hash(record)}
        journal.append(record.run.ended_us, END, None, told)
        write_csv(readings_of(list(journal.rows()), session.file.bench.epoch), self.out / "readings.csv")
        journal.close()
        wall = record.run.wall.model_copy(
            update={"journal_rows": journal.rows_written, "journal_root": journal.root.hex()}
        )
        record = record.model_copy(update={"run": record.run.model_copy(update={"wall": wall})})
        if hands is not None:
            hands.close()
        self._write_truth(person)
        from reports import Format, write_reports

        formats: tuple[Format, ...] = ("html", "junit", "pdf") if self.options.pdf else ("html", "junit")
        write_reports(record, self.out, self.options.languages, formats)
        return record

    # -- before the first step ------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Take note of what happens to the bench, for the truth."""
        bench, events = self.session.bench, self._events
        if bench is not None:
            bench.fault_listeners.append(lambda t_us, fault, begins: events.append(fault_line(t_us, fault, begins)))
            bench.line_listeners.append(lambda event: events.append(event.as_dict()))

    def _journal(self, taken: Taken | None) -> tuple[Journal, int]:
        """The journal, with the row of what this run is, or of the gap that ends now; bench time of the run's start."""
        each_row = self.session.bench is None
        journal = Journal(self.out / JOURNAL, each_row=each_row, wall=time.time, again=taken is not None)
        if taken is None:
            start_us = self.session.time.now_us()
            about = {**asdict(self.facts), "started": self.started, "start_us": start_us,
                     "epoch": self.session.file.bench.epoch.isoformat(), "simulated": self.session.simulated,
                     "options": self.options.as_begun(), "clock": "paced" if each_row else "virtual"}  # fmt: skip
            journal.append(start_us, ABOUT, about, None)
        else:
            start_us = taken.about["start_us"]
            self._gaps += [*map(Gap.model_validate, taken.before), gap_of(taken, time.time(), start_us)]
            journal.append(taken.last_t_us, GAP, {"after": taken.after}, self._gaps[-1].model_dump(mode="json"))
        journal.commit()
        return journal, start_us

    def _log(self, journal: Journal, start_us: int, taken: Taken | None) -> Logbook:
        """A bench on virtual time does again what it did; any other is answered for by the journal."""
        ledger: Ledger = journal
        past = () if taken is None else taken.rows
        if self.session.bench is not None and past:
            ledger, past = Followed(journal, past), ()
        return Logbook(ledger, self.session.time, start_us, past)

    def _hands(self) -> Hands | None:
        """What a person can do at an emulated bench; None at a real one."""
        session, served = self.session, self.served
        if session.bench is not None:
            bench = session.bench
            return Hands(lambda action: action(bench))
        hands: Hands | None = None
        if served is not None:
            hands = Hands(served.call)
        elif session.file.bench.hands:
            hands = FarHands(session.file.bench.hands)
        if hands is not None:  # somebody stands before the units, on the wall clock too
            for name, handle in session.handles.items():
                handle.display = partial(hands.look, name)
        return hands

    def _operator(
        self, progress: Progress, hands: Hands | None, taken: Taken | None
    ) -> tuple[Operator, SimulatedOperator | None]:
        """Who answers prompts, and the simulated one if it is one."""
        session = self.session
        if self.options.operator == "simulated":
            habits = Habits(session.file.operator.delay, session.file.operator.mistakes)
            simulated = SimulatedOperator(session.time, habits, hands, session.seed or 0)
            if taken is not None and session.bench is None:
                simulated.answered = sum(row.kind == "prompt" for row in taken.rows)
            return simulated, simulated
        person: Operator = TerminalOperator(self.options.languages[0], progress.paused, hands)
        if taken is not None and session.bench is not None:
            person = Remembered(person, taken.rows, hands)
        return person, None

    # -- after the last one ---------------------------------------------------------------------------------------

    def _wall(self) -> Wall:
        ended = time.time()
        return Wall(started=wall_text(self.started), ended=wall_text(ended), duration_s=round(ended - self.started, 3),
                    out=str(self.out), host=platform.node(), user=_user(), gaps=self._gaps)  # fmt: skip

    def _write_truth(self, person: SimulatedOperator | None) -> None:
        """What only the simulation knows."""
        truth: dict[str, Any]
        if self.session.bench is not None:
            truth = {**self.session.bench.truth(), "events": self._events}
        elif self.served is not None:
            truth = {**self.served.call(lambda bench: bench.truth()), "events": self.served.events}
        else:
            return
        if person is not None:
            truth["slips"] = [{"prompt": key, "done": what} for key, what in person.slips]
        write_atomically(self.out / "truth.json", json.dumps(truth, indent=1) + "\n")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "?"
