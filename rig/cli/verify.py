"""``rig verify``: is a run's record what was written while it ran?"""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.record import Record, load, text_hash
from rig.errors import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED, ConfigurationError, RigFault
from rig.journal_check import Checked, check_journal
from rig.run_folder import RESULT, journal_in
from rig.seal import Sealed, public_key, read_seal, seal_run
from rig.seal import make_key as make_key_file


def verify(folder: Path, public: Path | None = None) -> int:
    """Follow the journal's chain, hold the result's own words of it and the seal beside it, and say what was found.

    Args:
        folder: of the run.
        public: whose seal it must bear; a seal of anybody will do, or none, if not given.

    Returns:
        0: all of it holds. 1: something has been altered, cut off or put in. 3: it holds as far as it goes, and the run
        has not come to its end.

    Raises:
        ConfigurationError: there is no run in the folder, or no key. RigFault: its journal is no journal.
    """
    expected_key = None if public is None else public_key(public)
    code, lines, checked = _verified(folder)
    if checked.holds:
        sealed_code, words = _against_seal(folder, checked, expected_key)
        lines += words
        code = sealed_code if sealed_code == EXIT_FAIL else code
    lines += checked.remarks
    lines.append("ALTERED" if code == EXIT_FAIL else "UNFINISHED" if code == EXIT_UNDECIDED else "INTACT")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


def seal(folder: Path, key: Path) -> int:
    """Seal a run that has come to its end, and say what the seal vouches for.

    Raises:
        ConfigurationError: no run, no key, or a run that is altered, unfinished or sealed already.
    """
    code, lines, checked = _verified(folder)
    if code != EXIT_PASS:
        state = "altered" if code == EXIT_FAIL else "not at its end"
        raise ConfigurationError("RUN", "", "a run that rig verify calls INTACT", f"{folder}, {state}: {lines[-1]}")
    result = folder / RESULT
    hashed = text_hash(result.read_text(encoding="utf-8"))
    made = seal_run(folder, Sealed(load(result).run.id, checked.rows, checked.root.hex(), hashed), key)
    sys.stdout.write(f"{folder}: sealed: {made.sealed.rows} rows, root {made.sealed.root}, by {made.public_key}\n")
    return EXIT_PASS


def make_key(path: Path) -> int:
    """Make a pair of keys and say where they are. Raises ConfigurationError if that cannot be."""
    made = make_key_file(path)
    sys.stdout.write(f"{path}: private, for rig seal --key; keep it where no run can be written\n")
    sys.stdout.write(f"{made}: public, for rig verify --public; give it to whoever checks\n")
    return EXIT_PASS


def _verified(folder: Path) -> tuple[int, list[str], Checked]:
    """What journal and result say of each other: exit code, lines, and what the chain gave."""
    journal = journal_in(folder, "RUN")
    checked = check_journal(journal)
    lines = [f"{journal}: {checked.rows} rows hold" + (f", root {checked.root.hex()}" if checked.holds else "")]
    code = EXIT_PASS
    if not checked.holds:
        lines.append(f"row {checked.broken_at}: {checked.reason}")
        code = EXIT_FAIL
    else:
        code, words = _against_result(checked, folder / RESULT)
        lines += words
    return code, lines, checked


def _against_seal(folder: Path, checked: Checked, expected_key: str | None) -> tuple[int, list[str]]:
    """Whether journal and result are those that were sealed, by whom it should have been."""
    try:
        found = read_seal(folder)
    except RigFault as fault:
        return EXIT_FAIL, [str(fault)]
    if found is None:
        return (EXIT_PASS, []) if expected_key is None else (EXIT_FAIL, ["the run bears no seal"])
    if not found.holds:
        return EXIT_FAIL, ["the seal is broken: its signature is not of what it says, or of another key"]
    if expected_key is not None and found.public_key != expected_key:
        return EXIT_FAIL, [f"the seal is of another key: {found.public_key}, expected {expected_key}"]
    sealed = found.sealed
    if (checked.rows, checked.root.hex()) != (sealed.rows, sealed.root):
        return EXIT_FAIL, [f"the journal is not the one that was sealed: {sealed.rows} rows, root {sealed.root}"]
    try:
        record = text_hash((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = "none"
    if record != sealed.record:
        return EXIT_FAIL, [f"the result is not the one that was sealed: its hash is {record}, not {sealed.record}"]
    whose = "as expected" if expected_key is not None else "whose that is, only rig verify --public can tell"
    return EXIT_PASS, [f"sealed by {found.public_key}, {whose}"]


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
    if text_hash(result.read_text(encoding="utf-8")) != checked.ended["record"]:
        return EXIT_FAIL, [f"{result} is not the result that the journal was closed with: it has been altered"]
    results, readings = checked.ended["tests"], checked.ended["readings"]
    return EXIT_PASS, [f"the run ended: {record.verdict}, {results} results, {readings} readings"]
