"""The published schema: file and code agree, and the command writes what the file holds."""

import subprocess
import sys
from pathlib import Path

from calibration.record.__main__ import schema_text

FILE = Path(__file__).parents[2] / "docs" / "record.schema.json"


def test_the_published_schema_is_the_codes():
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run python -m calibration.record docs/record.schema.json"


def test_the_command_writes_it(tmp_path):
    target = tmp_path / "schema.json"
    subprocess.run([sys.executable, "-m", "calibration.record", str(target)], check=True)
    assert target.read_bytes() == FILE.read_bytes()
