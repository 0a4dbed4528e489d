"""``rig verify``: is a run's record what was written while it ran?"""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.record import Record, load, record_hash
from rig.cli.resume import JOURNAL
from rig.errors import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED, ConfigurationError
from rig.journal_check import Checked, check_journal


def verify(folder: Path) -> int:
    """Follow the journal's chain, hold the result's own words of it beside it, and say what was found.

    Returns:
        0: all of it holds. 1: something has been altered, cut off or put in. 3: it holds as far as it goes, and the run
        has not come to its end.

    Raises:
        ConfigurationError: there is no run in the folder. RigFault: its journal is no journal.
    """
    journal = folder / JOURNAL
    if not journal.is_file():
        raise ConfigurationError("RUN", "", "the folder of a run", f"{folder}, without a {JOURNAL}")
    checked = check_journal(journal)
    lines = [f"{journal}: {checked.rows} rows hold" + (f", root {checked.root.hex()}" if checked.holds else "")]
    code = EXIT_PASS
    if not checked.holds:
        lines.append(f"row {checked.broken_at}: {checked.reason}")
        code = EXIT_FAIL
    else:
        code, words = _against_result(checked, folder / "result.json")
        lines += words
    lines += checked.remarks
    lines.append("ALTERED" if code == EXIT_FAIL else "UNFINISHED" if code == EXIT_UNDECIDED else "INTACT")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


def _against_result(checked: Checked, result: Path) -> tuple[int, list[str]]:
    """Whether the record was made of this journal."""
    try:
        record: Record = load(result)
    except OSError:
        return EXIT_UNDECIDED, ["the run has no result: it has not come to its end (rig accept --resume)"]
    except ValueError:
        return EXIT_FAIL, [f"{result} is no result of this version of the rig, or has been altered"]
    wall = record.run.wall
    if checked.rows < wall.journal_rows:
        return EXIT_FAIL, [f"the result was made of {wall.journal_rows} rows: the last ones have been cut off"]
    if checked.rows > wall.journal_rows:
        return EXIT_UNDECIDED, [f"the result was made of {wall.journal_rows} rows: the run has gone on since"]
    if checked.root.hex() != wall.journal_root:
        return EXIT_FAIL, ["the result was made of another journal: its root is " + wall.journal_root]
    if checked.ended is None:
        return EXIT_UNDECIDED, ["the run has not come to its end"]
    if record.verdict != checked.ended["verdict"]:
        return EXIT_FAIL, [f"the journal ends with {checked.ended['verdict']}, the result says {record.verdict}"]
    if record_hash(record) != checked.ended["record"]:
        return EXIT_FAIL, [f"{result} is not the result that the journal was closed with: it has been altered"]
    results, readings = checked.ended["tests"], checked.ended["readings"]
    return EXIT_PASS, [f"the run ended: {record.verdict}, {results} results, {readings} readings"]
