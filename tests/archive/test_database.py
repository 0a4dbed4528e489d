"""Whole runs in a database, SQLite's and PostgreSQL's: the same tables, and the same run comes out."""

import filecmp
import os
import shutil
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app
from rig.errors import ConfigurationError, RigFault
from rig.seal import make_key

PLAN = 'title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n'
KEPT = ("result.json", "seal.json")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "readiness.toml").write_text(PLAN)
    options = AcceptOptions(plan=str(folder / "readiness.toml"), devices=("co",), out=folder / "out",
                            operator="simulated")  # fmt: skip
    assert accept(options) == 0
    make_key(folder / "key")
    assert CliRunner().invoke(app, ["seal", str(folder / "out"), "--key", str(folder / "key")]).exit_code == 0
    return folder / "out"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """URL of a PostgreSQL of Debian's, started here by a user who may do nothing else."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    programs = programs[-1].parent
    # The server refuses to be root; its folder must be its own user's.
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    folder = Path(subprocess.run([*as_user, "mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, environment = folder / "data", {**os.environ, "LC_ALL": "C.UTF-8"}

    def program(*command):
        done = subprocess.run([*as_user, *map(str, command)], capture_output=True, text=True, env=environment, cwd="/",
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    try:
        program(programs / "initdb", "-D", data, "-U", "lab", "-A", "trust", "--no-sync", "-E", "UTF8")
        program(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://lab@127.0.0.1:{port}/postgres"
        finally:
            program(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path / 'db.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres")


def rig(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def archived(url, run):
    result = rig("archive", run, "--database", url)
    assert result.exit_code == 0, result.output
    listed = rig("runs", "--database", url, "--serial", "SIM-0048", "--verdict", "pass", "--device", "co")
    return listed.output.splitlines()[1].split()[0]


def test_a_run_comes_out_as_it_went_in(url, run, tmp_path):
    name = archived(url, run)
    assert "is there already" in rig("archive", run, "--database", url).output
    fetched = rig("archive", "--fetch", name, "--database", url, "--out", tmp_path / "back")
    assert fetched.exit_code == 0, fetched.output
    assert filecmp.cmpfiles(run, tmp_path / "back", KEPT, shallow=False) == (list(KEPT), [], [])
    rows = []
    for folder in (run, tmp_path / "back"):
        with sqlite3.connect(folder / "journal.sqlite") as database:
            rows.append(database.execute("SELECT * FROM journal ORDER BY seq").fetchall())
        database.close()
    assert rows[0] == rows[1]
    verified = rig("verify", tmp_path / "back", "--public", run.parent / "key.pub")
    assert (verified.exit_code, verified.output.splitlines()[-1]) == (0, "INTACT")


def test_the_same_report_is_made_of_it(url, run, tmp_path):
    from calibration.record import load
    from reports import write_reports

    name = archived(url, run)
    assert rig("archive", "--fetch", name, "--database", url, "--out", tmp_path / "back").exit_code == 0
    write_reports(load(tmp_path / "back" / "result.json"), tmp_path / "back", ("en",))
    assert (tmp_path / "back" / "report.html").read_bytes() == (run / "report.html").read_bytes()


def test_two_runs_are_compared_in_the_database(url, run):
    name = archived(url, run)
    assert "2 tests, 0 with another verdict" in rig("runs", "--database", url, "--compare", name, name).output


def test_a_database_cannot_alter_a_run_unseen(run, tmp_path):
    path = tmp_path / "db.sqlite"
    name = archived(f"sqlite:///{path}", run)
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE journal SET answer = '[3.0, \"umol/mol\"]' "
            "WHERE seq = (SELECT min(seq) FROM journal WHERE kind = 'read')"
        )
    database.close()
    found = rig("archive", "--fetch", name, "--database", f"sqlite:///{path}", "--out", tmp_path / "back").exception
    assert isinstance(found, RigFault)
    assert "not as the run left it" in str(found)


def test_only_what_verifies_goes_in(run, tmp_path):
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    copy = shutil.copytree(run, tmp_path / "copy")
    text = (copy / "result.json").read_text()
    (copy / "result.json").write_text(text.replace('"verdict": "pass"', '"verdict": "fail"', 1))
    assert "not as the run left it" in str(rig("archive", copy, "--database", url).exception)
    (copy / "result.json").unlink()
    assert isinstance(rig("archive", copy, "--database", url).exception, ConfigurationError)
    assert rig("runs", "--database", url).output == "no runs\n"


def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        found = rig("runs", "--database", f"postgresql+psycopg://lab:secret@127.0.0.1:{port}/x").exception
    assert isinstance(found, RigFault)
    assert str(found).startswith(f"postgresql+psycopg://lab@127.0.0.1:{port}/x: the database of runs: ")
    assert "secret" not in str(found)
