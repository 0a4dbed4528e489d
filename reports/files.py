"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file under another name, put it in its place, and return ``path``. Text is UTF-8. Raises OSError."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
