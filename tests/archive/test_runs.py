"""Many runs in a folder: the list, its filters, two side by side, and an index that keeps up."""

import shutil
import sqlite3

import pytest
from typer.testing import CliRunner

from rig.archive.index import INDEX, open_index
from rig.archive.query import Wanted, runs
from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app
from rig.errors import ConfigurationError

PLAN = 'title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs of CO that differ in their seed, made once."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "readiness.toml").write_text(PLAN)
    for name, seed in (("a", 1), ("b", 2)):
        options = AcceptOptions(plan=str(folder / "readiness.toml"), devices=("co",), seed=seed,
                                out=folder / "out" / name, operator="simulated")  # fmt: skip
        assert accept(options) == 0
    return folder / "out"


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "out")


def listed(folder, **wanted):
    store = open_index(folder)
    try:
        return [(one.name, one.verdict) for one in runs(store, Wanted(**wanted))]
    finally:
        store.close()


def test_runs_are_listed_and_filtered(folder):
    both = [("a", "pass"), ("b", "pass")]
    assert listed(folder) == both
    assert listed(folder, plan="readiness", device="co", serial="SIM-0048", verdict="pass", since="2026-01-01") == both
    for wanted in ({"plan": "type"}, {"device": "so2"}, {"serial": "x"}, {"verdict": "fail"}, {"since": "2999-01-01"}):
        assert listed(folder, **wanted) == [], wanted


def test_the_index_keeps_up_with_the_folders(folder):
    assert len(listed(folder)) == 2
    shutil.copytree(folder / "a", folder / "c")
    (folder / "b" / "result.json").unlink()
    shutil.rmtree(folder / "a")
    assert sorted(listed(folder)) == [("b", "unfinished"), ("c", "pass")]
    text = (folder / "c" / "result.json").read_text()
    (folder / "c" / "result.json").write_text(text.replace('"verdict": "pass"', '"verdict": "fail"'))
    assert sorted(listed(folder)) == [("b", "unfinished"), ("c", "fail")]
    (folder / "c" / "result.json").write_text("{}")
    assert ("c", "unreadable") in listed(folder)


def test_the_index_is_read_and_not_the_runs(folder, monkeypatch):
    listed(folder)
    monkeypatch.setattr("calibration.record.load", lambda path: pytest.fail(f"{path} was read"))
    assert len(listed(folder)) == 2


def test_a_damaged_index_is_nobody_s_trouble(folder):
    (folder / INDEX).write_bytes(b"no database at all, but long enough to be looked at" * 40)
    assert len(listed(folder)) == 2


def test_two_runs_side_by_side(folder):
    result = CliRunner().invoke(app, ["runs", str(folder), "--compare", "a", "b"])
    assert result.exit_code == 0, result.output
    assert "2 tests, 0 with another verdict" in result.output
    with sqlite3.connect(folder / INDEX) as index:
        values = dict(index.execute("SELECT run, value FROM test WHERE id = 'co/zero_span/co/zero'"))
    index.close()
    [line] = [line.split() for line in result.output.splitlines() if line.startswith("co/zero_span/co/zero")]
    assert float(line[3]) == pytest.approx(values["b"] - values["a"], rel=1e-2)
    assert values["a"] != values["b"]


def test_what_is_not_there_is_named(folder, tmp_path):
    for arguments, words in (
        ([str(tmp_path / "none")], "a folder with runs in it"),
        ([str(folder), "--since", "yesterday"], "a day or time"),
        ([str(folder), "--compare", "a", "x"], "the name of a run"),
        ([str(folder), "--database", "sqlite:///x"], "either a folder or --database"),
        (["--database", "runs"], "a URL, such as"),
        (["--database", "nodb://x"], "whose driver is installed"),
    ):
        found = CliRunner().invoke(app, ["runs", *arguments]).exception
        assert isinstance(found, ConfigurationError), arguments
        assert words in str(found)
