"""What an export says of a run's readings: which count, when they were, in what unit."""

import csv
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rig.cli.app import app
from rig.errors import RigFault
from rig.journal import Journal
from rig.readings import readings_of

EPOCH = "2026-01-05T08:00:00+08:00"
ABOUT = {"id": "20260105T000000-p", "bench": "b", "plan": "p", "epoch": EPOCH, "simulated": True, "clock": "paced",
         "start_us": 1_000_000}  # fmt: skip
ROWS = [
    ("run", ABOUT, None),
    ("begin", ["test", "zero_span"], None),
    ("look", ["co", "alarms"], []),
    ("read", ["co", "co"], [1.0, "umol/mol"]),
    ("begin", ["level", "zero"], None),
    ("read", ["co", "co"], [2.0, "umol/mol"]),
    ("gap", {"after": 4}, {"repeats": "level"}),
    ("return", None, None),
    ("read", ["co", "co"], [3.0, "umol/mol"]),
    ("back", None, []),
    ("begin", ["level", "zero"], None),
    ("look", ["co", "alarms"], ["lamp"]),
    ("read", ["co", "co"], [4.0, "umol/mol"]),
    ("read", ["co", "co"], {"error": "DeviceTimeout", "text": "co: no answer", "device": "co"}),
    ("look", ["co", "alarms"], []),
    ("read", ["co", "flow"], [1.1, "l/min"]),
]


@pytest.fixture
def run(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite", each_row=False, wall=lambda: 1_800_000_000.0)
    for number, (kind, request, answer) in enumerate(ROWS):
        journal.append(1_000_000 * (number + 1), kind, request, answer)
    journal.close()
    return tmp_path


def exported(folder, *options):
    return CliRunner().invoke(app, ["export", str(folder), *map(str, options)])


def test_the_table_says_what_counts_and_why_not(run):
    result = exported(run)
    assert result.exit_code == 0, result.output
    assert "6 readings, 3 of them do not count; the run has not come to its end" in result.output
    table = pq.read_table(run / "readings.parquet").to_pylist()
    assert [(row["row"], row["value"], row["counts"], row["flags"]) for row in table] == [
        (4, 1.0, True, ""),
        (6, 2.0, False, "superseded"),
        (9, 3.0, False, "gap check"),
        (13, 4.0, True, "alarm lamp"),
        (14, None, False, "no answer; alarm lamp"),
        (16, 1.1, True, ""),
    ]
    assert {row["step"] for row in table} == {"zero_span"}
    assert table[0]["time"] == datetime(2026, 1, 5, 0, 0, 4, tzinfo=UTC)
    assert table[0]["t_s"] == 3.0
    assert table[0]["wall_time"] == datetime.fromtimestamp(1_800_000_000, UTC)


def test_units_and_meanings_travel_with_the_table(run):
    exported(run, "--out", run / "x.parquet")
    schema = pq.read_schema(run / "x.parquet")
    assert json.loads(schema.metadata[b"units"]) == {"co.co": "umol/mol", "co.flow": "l/min"}
    about = json.loads(schema.metadata[b"run"])
    assert (about["id"], about["journal_rows"]) == ("20260105T000000-p", len(ROWS))
    assert schema.field("t_s").metadata == {b"meaning": b"bench time since the run began", b"unit": b"s"}
    assert not (run / "readings.csv").exists()


def test_the_same_readings_as_csv(run):
    exported(run)
    with (run / "readings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["t_s"], row["value"], row["unit"], row["counts"]) for row in rows[:2]] == [
        ("3.000", "1.0", "umol/mol", "true"),
        ("5.000", "2.0", "umol/mol", "false"),
    ]
    assert rows[0]["time"] == "2026-01-05T08:00:04.000+08:00"


def test_nothing_is_exported_of_what_is_no_run(run, tmp_path):
    assert "expected the folder of a run" in str(exported(tmp_path / "none").exception)
    assert "expected .parquet or .csv" in str(exported(run, "--out", "x.xlsx").exception)
    with pytest.raises(RigFault, match="holds no run"):
        list(readings_of([], datetime.fromisoformat(EPOCH)))
