"""Errors that a model, a protocol or the catalogue may raise.

The rig's own errors (time-outs, bad replies) stand in :mod:`rig.errors`, which also re-exports these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

RefusalReason = Literal["unknown", "too high", "too low", "invalid", "wrong settings", "service mode", "no option"]


class ConfigurationError(ValueError):
    """A file or an argument says something impossible: exit code 2.

    Args:
        where: the file (or command-line option) that holds the mistake.
        key: the dotted key inside it, empty if the file as a whole is meant.
        expected: what would have been right.
        found: what stood there.
    """

    def __init__(self, where: str | Path, key: str, expected: str, found: object) -> None:
        self.where = str(where)
        self.key = key
        self.expected = expected
        self.found = found
        place = f"{self.where}: {key}" if key else self.where
        super().__init__(f"{place}: expected {expected}, found {found}")


class ConfigurationErrors(ConfigurationError):
    """Several mistakes of one file, found in one reading."""

    def __init__(self, errors: list[ConfigurationError]) -> None:
        if not errors:
            raise ValueError("ConfigurationErrors needs at least one error")
        self.errors = errors
        first = errors[0]
        super().__init__(first.where, first.key, first.expected, first.found)
        self.args = ("\n".join(str(error) for error in errors),)


class Refused(Exception):
    """An instrument that works as it should says no to a command.

    Args:
        reason: why, in the few words that every protocol maps to its own error reply.
        detail: a sentence for people.
    """

    def __init__(self, reason: RefusalReason, detail: str = "") -> None:
        self.reason: RefusalReason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)
