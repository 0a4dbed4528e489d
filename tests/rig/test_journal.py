import json
import sqlite3

import pytest

from rig.errors import RigFault
from rig.journal import Journal


def test_rows_come_back_in_order_with_request_and_answer(tmp_path):
    journal = Journal(tmp_path / "j.sqlite", each_row=False, wall=lambda: 0.0)
    journal.append(1, "read", ["so2", "so2"], [12.5, "nmol/mol"])
    journal.append(2, "wait", [10.0], None)
    journal.commit()
    assert [(row.seq, row.t_us, row.kind, row.request, row.answer) for row in journal.rows()] == [
        (1, 1, "read", ["so2", "so2"], [12.5, "nmol/mol"]),
        (2, 2, "wait", [10.0], None),
    ]
    assert [row.seq for row in journal.rows("wait")] == [2]
    journal.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["j.sqlite"]


def test_each_row_is_on_disk_at_once_when_asked_for(tmp_path):
    journal = Journal(tmp_path / "j.sqlite", each_row=True, wall=lambda: 0.0)
    journal.append(1, "read", ["so2", "so2"], [12.5, "nmol/mol"])
    with sqlite3.connect(tmp_path / "j.sqlite") as other:
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (1,)
    other.close()
    journal.close()


def test_rows_of_virtual_time_reach_the_disk_together_at_the_commit(tmp_path):
    journal = Journal(tmp_path / "j.sqlite", each_row=False, wall=lambda: 0.0)
    other = sqlite3.connect(tmp_path / "j.sqlite")
    for number in range(3):
        journal.append(number, "wait", [10.0], None)
        assert other.execute("SELECT count(*) FROM journal").fetchone() == (0,)
    journal.commit()
    assert other.execute("SELECT count(*) FROM journal").fetchone() == (3,)
    other.close()
    journal.close()


def test_rows_that_the_disk_did_not_take_are_offered_again(tmp_path):
    journal = Journal(tmp_path / "j.sqlite", each_row=False, wall=lambda: 0.0)
    other = sqlite3.connect(tmp_path / "j.sqlite", isolation_level=None, timeout=0)
    journal.append(1, "wait", [10.0], None)
    other.execute("ALTER TABLE journal RENAME TO gone")
    with pytest.raises(RigFault, match="cannot be written"):
        journal.commit()
    other.execute("ALTER TABLE gone RENAME TO journal")
    other.close()
    assert [row.t_us for row in journal.rows()] == [1]
    journal.close()


def test_a_journal_is_never_overwritten(tmp_path):
    Journal(tmp_path / "j.sqlite", each_row=True, wall=lambda: 0.0).close()
    with pytest.raises(RigFault, match="journal already"):
        Journal(tmp_path / "j.sqlite", each_row=True, wall=lambda: 0.0)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RigFault, match="cannot be written"):
        Journal(tmp_path / "none" / "j.sqlite", each_row=True, wall=lambda: 0.0)


ODD = [
    ["so2", 'say "ä"\n'], [0.1, "nmol/mol"], [-0.0, ""], [1e-30, "°C"], [float("nan"), "ppb"], [float("inf"), "ppb"],
    [True, "x"], [3, "x"], ["a", 1.0], ["a", "b", "c"], None, [None, "x"], {"a": ["b", "c"]}, [[1.5, "x"], "y"],
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_what_is_in_the_file_is_what_a_json_encoder_writes(tmp_path, value):
    journal = Journal(tmp_path / "j.sqlite", each_row=True, wall=lambda: 0.0)
    journal.append(1, "read", value, value)
    with sqlite3.connect(tmp_path / "j.sqlite") as other:
        assert other.execute("SELECT request, answer FROM journal").fetchone() == (json.dumps(value),) * 2
    other.close()
    journal.close()
