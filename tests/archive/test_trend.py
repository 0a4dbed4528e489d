"""Trends over runs: the values are those of the records, a drift is named, pictures are drawn."""

import json

import pytest
from typer.testing import CliRunner

from calibration.record import load
from rig.cli.accept import AcceptOptions, accept
from rig.cli.app import app
from rig.errors import ConfigurationError

PLAN = 'title = "Readiness"\nstandard = "hj818"\nprocedures = ["prepare", "zero_span"]\n[gas]\n'
DRIFT = [0.1, 0.3, 0.0, 0.2, 0.4, 0.1, 0.6, 0.9, 1.3, 1.8, 2.2, 3.0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve runs of one unit whose span climbs: one that was made, and copies with other numbers and days."""
    place = tmp_path_factory.mktemp("trend")
    (place / "readiness.toml").write_text(PLAN)
    options = AcceptOptions(plan=str(place / "readiness.toml"), devices=("nox",), out=place / "run",
                            operator="simulated")  # fmt: skip
    assert accept(options) == 0
    told = json.loads(load(place / "run" / "result.json").to_json())
    for number, value in enumerate(DRIFT):
        run = place / "out" / f"run{number:02d}"
        run.mkdir(parents=True)
        told["run"]["epoch"] = f"2026-{number + 1:02d}-05T08:00:00+08:00"
        for test in told["tests"]:
            if test["id"] == "nox/zero_span/no/span":
                test["value"], test["as_found"] = 0.0, value  # adjusted: what was found counts
        (run / "result.json").write_text(json.dumps(told))
    return place / "out"


def trend(*arguments):
    return CliRunner().invoke(app, ["trend", *map(str, arguments)])


def test_a_drift_is_named_where_it_shows(folder, tmp_path):
    result = trend("SIM-0042", "no/span", "--folder", folder, "--baseline", 6, "--plot", tmp_path / "x.svg")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if " run" in line and line[:4].strip().isdigit()]
    assert [float(line.split()[3]) for line in lines] == DRIFT
    assert lines[0].split()[1] == "2026-01-05T08:00"
    assert "<-" not in "".join(lines[:6])
    assert "beyond 3 sigma" in lines[-1]
    assert "6 rising or falling" in lines[-1]
    assert "limits of the criterion: -5 to 5" in result.output
    assert "provisional" in result.output
    assert result.output.splitlines()[-2] == "out of control"
    picture = (tmp_path / "x.svg").read_text()
    assert picture.count("beyond 3 sigma") >= 1
    assert trend("nox", "no/span", "--folder", folder, "--plot", tmp_path / "x.png").exit_code == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_meant_must_be_clear(folder):
    for arguments, words in (
        (("nox", "span"), "one of no/zero_span.span, nox/zero_span.span"),
        (("nox", "k0"), "one of no/zero_span.span"),
        (("so2", "zero"), "nox (SIM-0042)"),
        (("nox", "no/span", "--since", "2999-01-01"), "one of none"),
        (("nox", "no/span", "--plot", "x.pdf"), ".png or .svg"),
        (("nox", "no/span", "--baseline", "2"), "3 runs or more"),
    ):
        found = trend(*arguments, "--folder", folder).exception
        assert isinstance(found, ConfigurationError), arguments
        assert words in str(found)
