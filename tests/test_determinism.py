"""Models, statistics and procedures look at no clock and draw from no global generator: the source itself says so."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [
    path for folder in ("instruments", "calibration", "scenarios", "reports") for path in (ROOT / folder).rglob("*.py")
]
CLOCKS = {"time.time", "time.monotonic", "time.perf_counter", "time.sleep", "datetime.now", "datetime.today",
          "datetime.utcnow", "date.today"}  # fmt: skip


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def offences(tree):
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"import {name}" for name in names if name.split(".")[0] in ("random", "secrets", "uuid")]
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if any(name == clock or name.endswith(f".{clock}") for clock in CLOCKS):
                found.append(name)
            if name in ("hash", "id") or (name.endswith("random.default_rng") and not node.args):
                found.append(name)
            if ".random." in f".{name}" and name.rsplit(".", 1)[-1] in (
                "seed",
                "rand",
                "randn",
                "normal",
                "uniform",
                "choice",
            ):
                found.append(name)
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Set):
            found.append("iteration over a set")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_clock_no_global_generator(path):
    assert offences(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    ["import time\ntime.time()", "import numpy as np\nnp.random.normal()", "import random", "for x in {1, 2}: pass",
     "np.random.default_rng()", "datetime.now(UTC)"],
)  # fmt: skip
def test_the_check_finds_what_it_looks_for(text):
    assert offences(ast.parse(text))
