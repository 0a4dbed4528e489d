"""The page on plans is true: its own text makes a procedure, its limits, its words and a plan that runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "plans.md").read_text(encoding="utf-8")
PLAN, LIMITS, WORDS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S)
[MODULE] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
PACKAGES = ("calibration", "instruments", "pyvisa_rig", "reports", "rig", "scenarios")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the rig with what the page adds: one module, one limits file, words."""
    tree = tmp_path_factory.mktemp("tree")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name)
    (tree / "calibration" / "procedures" / "memory.py").write_text(MODULE, encoding="utf-8")
    (tree / "calibration" / "limits" / "memory.toml").write_text(LIMITS, encoding="utf-8")
    with (tree / "reports" / "messages.toml").open("a", encoding="utf-8") as words:
        words.write(WORDS)
    (tree / "my-plan.toml").write_text(PLAN, encoding="utf-8")
    return tree


def rig(tree, *arguments):
    command = [sys.executable, "-c", "from rig.cli import main; main()", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=100)


def test_the_page_s_procedure_is_checked_planned_and_run(tree):
    assert rig(tree, "check", "my-plan.toml").stdout == "my-plan.toml: a plan without mistakes\n"
    planned = rig(tree, "plan", "my-plan.toml")
    assert planned.returncode == 0, planned.stderr
    assert "3 of so2" in planned.stdout
    units = ("--device", "so2", "--device", "co")
    done = rig(tree, "accept", "--plan", "my-plan.toml", *units, "--out", "out", "--lang", "both")
    assert done.returncode == 0, done.stderr
    record = json.loads((tree / "out" / "result.json").read_text())
    tests = {test["id"]: test for test in record["tests"]}
    assert [name for name in tests if "/change" in name] == [
        "so2/memory/so2/change", "co/memory/co/change", "so2/second_look/so2/change",
    ]  # fmt: skip
    assert {test["verdict"] for test in tests.values()} == {"pass"}
    assert all(0.0 < tests[name]["p_conform"] <= 1.0 for name in tests if "/change" in name)
    assert "zero_span.zero" not in {test["criterion"] for test in tests.values()}  # criteria = ["span"]
    page, zh = (tree / "out" / "report.html").read_text(), (tree / "out" / "report.zh.html").read_text()
    for words, text in ((page, "Memory after span gas"), (page, "Readings in order"), (zh, "跨度气后的零点残留")):
        assert text in words


def test_every_name_that_the_page_gives_is_real():
    from calibration.record import Chart
    from scenarios.air_time import LEAST_VALID_PCT, MOST_HOURS, VALID_MINUTES

    kinds = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.M)
    assert set(kinds) == set(Chart.model_fields["kind"].annotation.__args__)
    said = " ".join(PAGE.split())
    assert f"fewer than {VALID_MINUTES:g} min of data is lost" in said
    assert f"more than {MOST_HOURS:g} h" in said
    assert f"{LEAST_VALID_PCT:g} % of the city's stations" in said
