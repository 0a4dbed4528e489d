"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from rig.errors import RigFault


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` by way of a temporary neighbour. Raises RigFault if that is impossible."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RigFault(f"{path}: cannot be written: {error.strerror or error}") from error
