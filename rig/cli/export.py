"""``rig export``: a run's raw readings, from its journal."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from rig.errors import EXIT_PASS, ConfigurationError, RigFault
from rig.journal import read_journal
from rig.journal_check import check_journal
from rig.past import ABOUT
from rig.readings import readings_of, write_csv, write_parquet
from rig.run_folder import journal_in

_SUFFIXES = (".parquet", ".csv")


def export(folder: Path, out: Path | None) -> int:
    """Write the readings and say where they are.

    Raises:
        ConfigurationError: no run in the folder, or a file of another kind. RigFault: the journal has been altered, or
            a file cannot be written.
    """
    journal = journal_in(folder, "RUN")
    if out is not None and out.suffix not in _SUFFIXES:
        raise ConfigurationError("--out", "", " or ".join(_SUFFIXES), out.suffix or out.name)
    checked = check_journal(journal)
    if not checked.holds:
        raise RigFault(f"{journal}: row {checked.broken_at}: {checked.reason}; see rig verify")
    rows = read_journal(journal)
    about = rows[0].request if rows and rows[0].kind == ABOUT else {}
    if "epoch" not in about:
        raise RigFault(
            f"{journal}: its first row does not tell the bench's epoch: not a run of this version of the rig"
        )
    readings = list(readings_of(rows, datetime.fromisoformat(about["epoch"])))
    told = {name: about[name] for name in ("id", "bench", "plan", "epoch", "simulated", "clock")}
    told |= {"journal_rows": checked.rows, "journal_root": checked.root.hex()}
    for path in [folder / f"readings{suffix}" for suffix in _SUFFIXES] if out is None else [out]:
        if path.suffix == ".csv":
            write_csv(readings, path)
        else:
            write_parquet(readings, path, told)
        sys.stdout.write(f"{path}\n")
    aside = sum(not reading.counts for reading in readings)
    unfinished = "" if checked.ended is not None else "; the run has not come to its end"
    sys.stdout.write(f"{len(readings)} readings, {aside} of them do not count{unfinished}\n")
    return EXIT_PASS
