"""The folder of a run: what lies in it under which name, and how its wall times are written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rig.errors import ConfigurationError

RESULT, JOURNAL = "result.json", "journal.sqlite"
"""Names of the record and of the journal."""


def journal_in(folder: Path, option: str, expected: str = "the folder of a run") -> Path:
    """The journal of the run in ``folder``.

    Args:
        folder: as given.
        option: by which it was given, for the message.
        expected: what it must be, for the message.

    Raises:
        ConfigurationError: there is none.
    """
    journal = folder / JOURNAL
    if not journal.is_file():
        raise ConfigurationError(option, "", expected, f"{folder}, without a {JOURNAL}")
    return journal


def wall_text(seconds: float) -> str:
    """A wall time, seconds since 1970, as records and indexes write it: UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
