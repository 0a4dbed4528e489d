"""Records of earlier runs, as options name them."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from calibration.record import Record, load
from rig.errors import ConfigurationError
from rig.run_folder import RESULT


def read_record(path: Path, option: str, expected: str) -> Record:
    """The record at ``path``: its file, or the folder that holds it.

    Args:
        path: as given.
        option: by which it was given, for messages.
        expected: what it must be, for messages.

    Raises:
        ConfigurationError: there is none, or it is none of this version.
    """
    file = path / RESULT if path.is_dir() else path
    try:
        return load(file)
    except OSError as error:
        found = f"{file}: {error.strerror}"
    except ValidationError as error:
        found = f"{file}: {error.error_count()} mistakes, the first at {'.'.join(map(str, error.errors()[0]['loc']))}"
    raise ConfigurationError(option, "", expected, found)
