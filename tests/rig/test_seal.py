"""Seals: whole new journals, cut journals and foreign keys do not pass."""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app, run_app
from rig.errors import ConfigurationError
from rig.journal import NO_HASH, chained
from rig.seal import make_key


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "lab")
    make_key(folder / "other")
    return folder


@pytest.fixture(scope="module")
def run(keys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    plan = folder / "plan.toml"
    plan.write_text('title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n')
    assert accept(AcceptOptions(plan=str(plan), devices=("co",), out=folder / "out", operator="simulated")) == 0
    result = CliRunner().invoke(app, ["seal", str(folder / "out"), "--key", str(keys / "lab")])
    assert result.exit_code == 0, result.output
    return folder / "out"


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


def verified(folder, *options):
    result = CliRunner().invoke(app, ["verify", str(folder), *map(str, options)])
    return result.exit_code, result.stdout


def rechained(folder, statement):
    """Alter the journal, make the chain anew, and let result and last row know of it: all that the folder allows."""
    from calibration.record import load, record_hash

    record = load(folder / "result.json")
    with sqlite3.connect(folder / "journal.sqlite", isolation_level=None) as database:
        database.execute("DROP TRIGGER journal_keeps_words")
        database.execute("DROP TRIGGER journal_keeps_rows")
        database.execute(statement)
        root, count = NO_HASH, 0
        for row in database.execute(
            "SELECT seq, t_us, wall, kind, request, answer FROM journal ORDER BY seq"
        ).fetchall():
            count += 1
            words = list(row)
            words[0] = count
            if row[3] == "end":
                words[5] = json.dumps({**json.loads(row[5]), "record": record_hash(record)})
            root = chained(root, tuple(words))
            database.execute(
                "UPDATE journal SET seq = ?, answer = ?, hash = ? WHERE seq = ?", (count, words[5], root, row[0])
            )
    database.close()
    told = json.loads((folder / "result.json").read_text())
    told["run"]["wall"] |= {"journal_rows": count, "journal_root": root.hex()}
    (folder / "result.json").write_text(json.dumps(told))


def test_a_sealed_run_is_intact_by_its_own_key_and_by_the_one_that_is_expected(run, keys):
    code, words = verified(run)
    assert (code, words.splitlines()[-1]) == (0, "INTACT")
    assert "sealed by" in words
    code, words = verified(run, "--public", keys / "lab.pub")
    assert (code, "as expected" in words) == (0, True)


def test_another_key_is_told(run, keys):
    code, words = verified(run, "--public", keys / "other.pub")
    assert (code, "the seal is of another key" in words) == (1, True)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal SET answer = '3.3' WHERE seq = 5", "DELETE FROM journal WHERE seq = 5"],
    ids=["altered", "shortened"],
)
def test_a_whole_new_chain_passes_without_the_seal_and_not_with_it(copy, statement):
    rechained(copy, statement)
    code, words = verified(copy)
    assert (code, "not the one that was sealed" in words) == (1, True)
    (copy / "seal.json").unlink()
    assert verified(copy)[0] == 0


def test_a_seal_that_was_taken_away_is_missed(copy, keys):
    (copy / "seal.json").unlink()
    code, words = verified(copy, "--public", keys / "lab.pub")
    assert (code, "bears no seal" in words) == (1, True)


@pytest.mark.parametrize("key", ["run", "rows", "root", "record", "public_key", "signature"])
def test_every_word_of_the_seal_is_signed(copy, key):
    seal = json.loads((copy / "seal.json").read_text())
    value = seal[key]
    seal[key] = value + 1 if isinstance(value, int) else ("0" if value[0] != "0" else "1") + value[1:]
    (copy / "seal.json").write_text(json.dumps(seal))
    code, words = verified(copy)
    assert (code, "the seal is broken" in words) == (1, True)


def test_a_seal_that_cannot_be_read_is_no_seal(copy):
    (copy / "seal.json").write_text("{}")
    code, words = verified(copy)
    assert (code, "not a seal that can be read" in words) == (1, True)


def test_a_truncated_journal_fails(copy):
    with sqlite3.connect(copy / "journal.sqlite", isolation_level=None) as database:
        database.execute("DROP TRIGGER journal_keeps_rows")
        database.execute("DELETE FROM journal WHERE seq > 10")
    database.close()
    assert verified(copy)[0] == 1


def said(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["rig", *map(str, arguments)])
    code = run_app()
    return code, capsys.readouterr().err


def test_what_cannot_be_sealed_is_told_why(copy, keys, tmp_path, capsys, monkeypatch):
    lab = keys / "lab"
    code, words = said(capsys, monkeypatch, "seal", copy, "--key", lab)
    assert (code, "has a seal.json" in words) == (2, True)
    (copy / "seal.json").unlink()
    code, words = said(capsys, monkeypatch, "seal", copy, "--key", keys / "lab.pub")
    assert (code, "expected a private Ed25519 key" in words) == (2, True)
    code, words = said(capsys, monkeypatch, "seal", copy, "--key", tmp_path / "none")
    assert (code, "No such file" in words) == (2, True)
    code, words = said(capsys, monkeypatch, "seal", copy)
    assert (code, "RUN --key KEY" in words) == (2, True)
    (copy / "result.json").unlink()
    code, words = said(capsys, monkeypatch, "seal", copy, "--key", lab)
    assert (code, "not at its end" in words) == (2, True)


def test_a_sealed_run_is_not_taken_up_again(run):
    with pytest.raises(ConfigurationError, match="sealed"):
        accept(AcceptOptions(resume=run))


def test_keys_are_kept_for_their_owner_and_never_overwritten(keys, capsys, monkeypatch):
    assert stat.S_IMODE((keys / "lab").stat().st_mode) == 0o600
    before = (keys / "lab").read_bytes()
    code, words = said(capsys, monkeypatch, "seal", "--make-key", keys / "lab")
    assert (code, "not there yet" in words) == (2, True)
    assert (keys / "lab").read_bytes() == before


def test_the_signature_is_plain_ed25519_over_five_lines(run, keys):
    """openssl, which knows nothing of the rig, says so too."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here")
    seal = json.loads((run / "seal.json").read_text())
    message = run.parent / "message"
    message.write_text("\n".join(str(seal[key]) for key in ("format", "run", "rows", "root", "record")))
    (run.parent / "signature").write_bytes(bytes.fromhex(seal["signature"]))
    done = subprocess.run(
        [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", keys / "lab.pub", "-rawin", "-in", message, "-sigfile",
         run.parent / "signature"], capture_output=True, text=True,
    )  # fmt: skip
    assert "Verified Successfully" in done.stdout, done.stderr
