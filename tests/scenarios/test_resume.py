"""Runs that are killed and taken up again, on virtual time: the same readings, the same results."""

import json
import os
import random
import signal
import sqlite3

import pytest

from rig.cli.accept import AcceptOptions, accept
from rig.errors import ConfigurationError, RigFault
from rig.journal import Journal, read_journal

PLAN = """
title = "Zero and span of CO"
standard = "hj818"
procedures = ["prepare", "zero_span"]
[gas.stability]
window = "3 min"
poll = "20 s"
most = "40 min"
drift_pct_full_scale = 0.6
scatter_pct_full_scale = 1.0
[gas.stability.least]
default = "2 min"
[zero_span]
span_pct = 80.0
"""
KILLS, PARTS = 50, 5


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(PLAN)
    return str(path)


@pytest.fixture(scope="module")
def whole(plan, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    assert accept(options(plan, out)) == 0
    return out


def options(plan, out):
    return AcceptOptions(plan=plan, devices=("co",), out=out, operator="simulated")


def of_equal_runs(out):
    """All that must not differ between two runs: results without wall time, and the raw readings."""
    record = json.loads((out / "result.json").read_text())
    record["run"].pop("wall")
    record["run"].pop("id")
    return record, (out / "readings.csv").read_text()


def killed(plan, out, at_row, resume=None):
    """Run in a child that SIGKILLs itself when the journal takes its ``at_row``-th row, on the disk or not."""
    child = os.fork()
    if child == 0:
        written = Journal.append
        count = 0

        def append(self, *row):
            nonlocal count
            written(self, *row)
            count += 1
            if count == at_row:
                os.kill(os.getpid(), signal.SIGKILL)

        Journal.append = append
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        accept(options(plan, out) if resume is None else AcceptOptions(resume=resume))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it ended before it could be killed"


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_instant_a_run_ends_as_the_unbroken_one(plan, whole, tmp_path, part):
    rows = len(read_journal(whole / "journal.sqlite"))
    chance = random.Random(part)
    for number in range(KILLS // PARTS):
        out, at_row = tmp_path / str(number), chance.randrange(2, rows + 1)
        killed(plan, out, at_row)
        assert accept(AcceptOptions(resume=out)) == 0, at_row
        assert of_equal_runs(out) == of_equal_runs(whole), at_row
        [gap] = json.loads((out / "result.json").read_text())["run"]["wall"]["gaps"]
        assert gap["repeats"] == ""


def test_killed_twice_and_once_while_it_is_taken_up(plan, whole, tmp_path):
    out = tmp_path / "out"
    killed(plan, out, 100)
    killed(plan, out, 1, resume=out)  # before the row that tells of the gap is on the disk: it leaves no trace
    killed(plan, out, 20, resume=out)
    assert accept(AcceptOptions(resume=out)) == 0
    assert of_equal_runs(out) == of_equal_runs(whole)
    assert len(json.loads((out / "result.json").read_text())["run"]["wall"]["gaps"]) == 2


def test_a_run_that_has_come_to_its_end_is_not_taken_up(whole):
    with pytest.raises(ConfigurationError, match="come to its end: pass"):
        accept(AcceptOptions(resume=whole))


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"without a journal\.sqlite"):
        accept(AcceptOptions(resume=tmp_path))


def test_another_plan_under_the_same_name_is_refused(plan, tmp_path):
    own = tmp_path / "plan.toml"
    own.write_text(PLAN)
    killed(str(own), tmp_path / "out", 150)
    own.write_text(PLAN.replace("80.0", "60.0"))
    with pytest.raises(ConfigurationError, match=r"the plan as it was when the run began"):
        accept(AcceptOptions(resume=tmp_path / "out"))


def test_nothing_is_built_on_an_altered_journal(plan, tmp_path):
    out = tmp_path / "out"
    killed(plan, out, 100)
    with sqlite3.connect(out / "journal.sqlite") as database:
        database.execute("DROP TRIGGER journal_keeps_words")
        database.execute("UPDATE journal SET answer = '[0.1, \"umol/mol\"]' WHERE seq = 40")
    database.close()
    with pytest.raises(RigFault, match=r"row 40: .* altered"):
        accept(AcceptOptions(resume=out))
