"""What `rig verify` says of journals that were altered, cut or damaged."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app
from rig.errors import RigFault
from rig.journal import Journal, JournalTaken, read_journal
from rig.journal_check import check_journal

COLUMNS = {"t_us": 1, "wall": 1.5, "kind": "seen", "request": '["co"]', "answer": "1.0"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    plan = folder / "plan.toml"
    plan.write_text('title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n')
    assert accept(AcceptOptions(plan=str(plan), devices=("co",), out=folder / "out", operator="simulated")) == 0
    return folder / "out"


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


def verified(folder):
    result = CliRunner().invoke(app, ["verify", str(folder)])
    return result.exit_code, result.stdout


def altered(folder, statement):
    """Change the journal as somebody would who knows how it is kept from being changed."""
    with sqlite3.connect(folder / "journal.sqlite", isolation_level=None) as database:
        database.execute("DROP TRIGGER journal_keeps_words")
        database.execute("DROP TRIGGER journal_keeps_rows")
        database.execute(statement)
    database.close()


def test_what_was_left_alone_is_intact(run):
    code, words = verified(run)
    assert (code, words.splitlines()[-1]) == (0, "INTACT")
    assert f"{len(read_journal(run / 'journal.sqlite'))} rows hold" in words


@pytest.mark.parametrize("column", COLUMNS)
def test_the_first_altered_row_is_named(copy, column):
    altered(copy, f"UPDATE journal SET {column} = '{COLUMNS[column]}' WHERE seq IN (17, 30)")
    code, words = verified(copy)
    assert code == 1
    assert "16 rows hold" in words
    assert "row 17: its words do not give its hash" in words
    assert words.splitlines()[-1] == "ALTERED"


def test_a_row_that_was_taken_out_is_named(copy):
    altered(copy, "DELETE FROM journal WHERE seq = 17")
    code, words = verified(copy)
    assert (code, "row 17 is missing" in words) == (1, True)


def test_rows_cut_off_at_the_end_are_told_by_the_result(copy):
    altered(copy, "DELETE FROM journal WHERE seq > 40")
    code, words = verified(copy)
    assert (code, "the last ones have been cut off" in words) == (1, True)


def test_an_altered_result_is_told_by_the_journal(copy):
    record = json.loads((copy / "result.json").read_text())
    record["tests"][0]["value"] += 0.001
    (copy / "result.json").write_text(json.dumps(record))
    code, words = verified(copy)
    assert (code, "has been altered" in words) == (1, True)


def test_a_run_without_a_result_holds_and_is_unfinished(copy):
    (copy / "result.json").unlink()
    code, words = verified(copy)
    assert (code, words.splitlines()[-1]) == (3, "UNFINISHED")


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.95])
def test_one_flipped_byte_never_passes(copy, place):
    path = copy / "journal.sqlite"
    data = bytearray(path.read_bytes())
    # A byte of a row's words, not of a page that nobody uses.
    places = [found.start() for found in re.finditer(rb"[nu]mol/mol", data)]
    at = places[int(place * len(places))]
    data[at] ^= 1
    path.write_bytes(data)
    code, words = verified(copy)
    assert (code, words.splitlines()[-1]) == (1, "ALTERED")


def test_a_truncated_file_never_passes(copy):
    path = copy / "journal.sqlite"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = CliRunner().invoke(app, ["verify", str(copy)])
    assert result.exit_code in (1, 4)


def test_another_file_is_no_journal(tmp_path):
    (tmp_path / "journal.sqlite").write_text("readings")
    with pytest.raises(RigFault, match="not a journal that can be read"):
        check_journal(tmp_path / "journal.sqlite")


def test_rows_can_be_neither_changed_nor_deleted(run):
    with sqlite3.connect(f"file:{run}/journal.sqlite", uri=True) as database:
        for statement in ("UPDATE journal SET answer = '1'", "DELETE FROM journal"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    database.close()


def test_a_clock_of_the_computer_that_is_set_back_is_no_fault_but_told(tmp_path):
    walls = iter([100.0, 160.0, 40.0, 50.0])
    journal = Journal(tmp_path / "j.sqlite", each_row=True, wall=lambda: next(walls))
    for number in range(4):
        journal.append(number, "wait", [1.0], None)
    journal.close()
    checked = check_journal(tmp_path / "j.sqlite")
    assert checked.holds
    assert checked.remarks == ["the computer's clock went back by 120 s before row 3"]


def test_a_second_writer_is_told_who_writes(tmp_path):
    path = tmp_path / "j.sqlite"
    code = (
        "import sys, time; from pathlib import Path; from rig.journal import Journal\n"
        "j = Journal(Path(sys.argv[1]), each_row=True, wall=time.time); j.append(1, 'wait', [1.0], None)\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "ready\n"
        with pytest.raises(JournalTaken, match=rf"another process \(run {writer.pid}\)"):
            Journal(path, each_row=True, wall=time.time, again=True)
        assert [row.kind for row in read_journal(path)] == ["wait"]  # reading is nobody's business
        writer.kill()
    journal = Journal(path, each_row=True, wall=time.time, again=True)  # the lock has ended with its process
    journal.append(2, "wait", [1.0], None)
    journal.close()
    assert check_journal(path).rows == 2
