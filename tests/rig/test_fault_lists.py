"""The library against the lists that it was made from, and against the twin runs: nothing is left out."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from instruments.catalogue import load, models
from rig.fault_library import library

ROOT = Path(__file__).parents[2]
ROWS = [
    (f"{section}: {row}", faults)
    for section, rows in tomllib.loads((ROOT / "tests/data/fault_rows.toml").read_text("utf-8")).items()
    for row, faults in rows.items()
]


@pytest.mark.parametrize(("row", "faults"), ROWS)
def test_a_row_of_the_lists_has_a_fault_for_every_design_that_can_have_it(row, faults):
    for name, designs in faults.items():
        assert name in library(), row
        assert [design for design in designs if not library()[name].befalls(design)] == [], row


def test_every_design_of_the_catalogue_has_faults_and_every_fault_a_design():
    designs = {load(model).design for model in models()}
    befallen = {kind for fault in library().values() for kind in fault.kinds}
    assert befallen == designs


@cache
def collected():
    """Parameters of all twin runs, as pytest finds them."""
    files = sorted(str(path) for path in ROOT.glob("tests/**/test*faults.py"))
    ran = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
                         cwd=ROOT, capture_output=True, text=True, check=True)  # fmt: skip
    return set(re.findall(r"::test_\w+\[(.+)\]$", ran.stdout, re.MULTILINE))


def test_every_fault_is_run_on_every_design_that_it_befalls():
    alone = {name for name, fault in library().items() if len(fault.kinds) == 1}
    missing = [
        (name, design)
        for name, fault in library().items()
        for design in fault.kinds
        if f"{name}-{design}" not in collected() and not (name in alone and name in collected())
    ]
    assert missing == []


def test_the_page_of_faults_has_each_fault_of_the_library_and_no_other():
    page = (ROOT / "docs" / "faults.md").read_text("utf-8")
    assert set(re.findall(r"^\| (\w+): ", page, re.MULTILINE)) == set(library()), "python benchmarks/fault_table.py"


def test_nothing_on_the_page_of_faults_moved_after_the_end_of_its_run_or_by_rounding():
    head, *parts = (ROOT / "docs" / "faults.md").read_text("utf-8").split("\n## ")
    longest = {}
    for names, words in re.findall(r"^- (.+?): they (.+)$", head, re.MULTILINE):
        hours = max(float(found) for found in re.findall(r"([\d.]+) h\b", words) or re.findall(r"(\d+) hours", words))
        longest |= {name: max(hours, longest.get(name, 0.0)) for name in names.split(", ")}
    late = []
    for part in parts:
        model, _, rows = part.partition("\n")
        late += [(model, found) for found in re.findall(r"\((\d+) min\)", rows) if float(found) > 60.0 * longest[model]]
        assert not re.search(r"\de-1[3-9] ", rows)
    assert late == []
