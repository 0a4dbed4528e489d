"""Writes the published schema: ``python -m calibration.record docs/record.schema.json``; without a file, to stdout."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from calibration.record import json_schema


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
    else:
        sys.stdout.write(schema_text())
