"""An instrument's dossier: every run of it, what was adjusted, what did not pass, and the records themselves."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app
from rig.errors import ConfigurationError

PLAN = 'title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One good run, then one whose CO analyzer reads 7 % high and is adjusted."""
    place = tmp_path_factory.mktemp("dossier")
    text = (Path(__file__).parents[2] / "scenarios" / "benches" / "demo.toml").read_text()
    (place / "bad.toml").write_text(text + "\n[device.co.hidden]\nspan_error_pct = 7.0\n")
    (place / "readiness.toml").write_text(PLAN)
    (place / "hj193-acceptance-short.toml").write_text(PLAN + '[zero_span]\nadjust = "if-needed"\n')
    for name, plan, bench in (
        ("good", "readiness", "demo"), ("bad", "hj193-acceptance-short", str(place / "bad.toml")),
    ):  # fmt: skip
        accept(AcceptOptions(bench=bench, plan=str(place / f"{plan}.toml"), devices=("co",), out=place / "out" / name,
                             operator="simulated"))  # fmt: skip
    return place / "out"


def dossier(*arguments):
    return CliRunner().invoke(app, ["dossier", *map(str, arguments)])


def test_the_whole_file_of_an_instrument(folder, tmp_path):
    result = dossier("SIM-0048", "--folder", folder, "--out", tmp_path / "file", "--lang", "both")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "file" / "index.html").read_text()
    for words in ("Thermo", "48i", "SIM-0048", "SIMULATED", "co_coef", "index.zh.html"):
        assert words in page, words
    links = set(re.findall(r'href="(runs/[^"]+)"', page))
    assert links == {"runs/good/report.html", "runs/bad/report.html"}
    assert all((tmp_path / "file" / link).is_file() for link in links)
    assert (tmp_path / "file" / "runs" / "bad" / "journal.sqlite").read_bytes() == (
        folder / "bad" / "journal.sqlite"
    ).read_bytes()
    assert re.search(r"Acceptance report</th><td><a href=\"runs/bad/report.html\"", page)
    assert "仪器设备档案" in (tmp_path / "file" / "index.zh.html").read_text()


def test_an_unknown_instrument_is_named_with_those_that_are_known(folder, tmp_path):
    found = dossier("X-1", "--folder", folder, "--out", tmp_path / "file").exception
    assert isinstance(found, ConfigurationError)
    assert "SIM-0048 (48i)" in str(found)
    assert not (tmp_path / "file").exists()
    found = dossier("SIM-0048", "--folder", folder, "--out", tmp_path).exception
    assert "not there yet" in str(found)
