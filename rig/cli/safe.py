"""Making a bench safe without a run: ``rig safe``, and the guard of a run that was killed.

Calibrator in standby, ozone off, analyzers on sample, what the run had set back as it was found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from instruments.device import Value
from rig.errors import EXIT_FAULT, EXIT_PASS, ConfigurationError, RigError
from rig.host.handles import GasAnalyzer
from rig.journal import GUARD, Journal, Row, read_journal
from rig.logbook import Ledger, Logbook
from rig.operators import SimulatedOperator
from rig.past import error_of, taken_up
from rig.run import Run
from rig.run_folder import journal_in
from rig.session import Session, open_session
from scenarios.opening import load_bench

_SAMPLE = "sample"


class Unwritten:
    """Where rows go that no run keeps; a :class:`rig.logbook.Ledger`."""

    def append(self, t_us: int, kind: str, request: Any, answer: Any) -> None:
        """Forget the row."""

    def commit(self) -> None:
        """Nothing waits."""


class _Quiet:
    def step(self, text: str) -> None:
        """Nobody watches."""

    def tick(self, t_s: float) -> None:
        """Nobody watches."""


def safe(bench: str, folder: Path | None) -> int:
    """Make ``bench`` safe, and put back what the run in ``folder`` had set; return the exit code.

    Raises:
        ConfigurationError: a bench that lives only in a run, a folder without one. RigFault: a port cannot be opened.
    """
    file, path = load_bench(bench)
    if not any(section.resource is not None for section in file.device.values()):
        expected = "a bench whose devices are there without a run: real ones, or an endpoints file of rig serve"
        raise ConfigurationError("BENCH", "", expected, f"{bench}, which is simulated by each command for itself")
    rows: Sequence[Row] = ()
    ledger: Ledger = Unwritten()
    journal: Journal | None = None
    if folder is not None:
        path_of_run = journal_in(folder, "--run")
        journal = Journal(path_of_run, each_row=True, wall=time.time, again=True, role=GUARD)
        rows, ledger = taken_up(read_journal(path_of_run), None).rows, journal
    session = open_session(file, path)
    try:
        trouble = make_bench_safe(session, rows, ledger)
    finally:
        session.close()
        if journal is not None:
            journal.close()
    lines = [f"  not done: {line}" for line in trouble]
    lines.append(f"{path}: " + ("NOT SAFE" if trouble else "safe: no gas, every analyzer on sample"))
    sys.stdout.write("\n".join(lines) + "\n")
    return EXIT_FAULT if trouble else EXIT_PASS


def make_bench_safe(session: Session, rows: Sequence[Row], ledger: Ledger) -> list[str]:
    """Make the bench of ``session`` safe; what a run with these ``rows`` had set is put back.

    Returns what could not be done, a line each.
    """
    log = Logbook(ledger, session.time, session.time.now_us())
    run = Run(session.handles, session.supply, log, SimulatedOperator(), _Quiet())
    found = as_found(rows)
    trouble = []
    for name in run.analyzers:
        assert isinstance(session.handles[name], GasAnalyzer)
        if (name, "gas_mode") not in found:
            try:
                mode = run.look(name, "gas_mode")
            except RigError as error:
                trouble.append(f"{name}: {error}")
                continue
            if mode not in (None, _SAMPLE):
                found = {**found, (name, "gas_mode"): _SAMPLE}
    run.adopt({key: value for key, value in found.items() if key[0] in session.handles})
    return [*trouble, *run.make_safe()]


def as_found(rows: Sequence[Row]) -> Mapping[tuple[str, str], Value]:
    """What a run found where it has set something and not yet put it back, in the order in which it was set."""
    looked: dict[tuple[str, str], Value] = {}
    found: dict[tuple[str, str], Value] = {}
    for row in rows:
        if row.kind == "look":
            device, quantity = row.request
            looked[device, quantity] = tuple(row.answer) if isinstance(row.answer, list) else row.answer
        elif row.kind == "set" and error_of(row.answer) is None:
            key = (row.request[0], row.request[1])
            if key not in found and looked.get(key) is not None:
                found[key] = looked[key]
        elif row.kind in ("restore", "safe") and len(row.request) == 3:
            found.pop((row.request[0], row.request[1]), None)
    return found
