"""The examples on the page for station-software developers run as they stand there."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "station-software.md").read_text(encoding="utf-8")


def test_the_fixtures_examples_are_tests_that_pass(tmp_path):
    examples = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    assert len(examples) == 2
    for number, text in enumerate(examples):
        (tmp_path / f"test_example_{number}.py").write_text(text, encoding="utf-8")
    (tmp_path / "my-bench.toml").write_text((ROOT / "scenarios" / "benches" / "demo.toml").read_text())
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
                          cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_bench_file_examples_are_toml():
    for text in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.S):
        assert tomllib.loads(text)
