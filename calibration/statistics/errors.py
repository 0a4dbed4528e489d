"""The one error of the statistics."""

from __future__ import annotations


class BadArgument(ValueError):
    """An argument holds what no statistic can be made of.

    Args:
        argument: name of the argument.
        expected: what would have been right.
        found: what came.
    """

    def __init__(self, argument: str, expected: str, found: object) -> None:
        self.argument = argument
        self.expected = expected
        self.found = found
        super().__init__(f"{argument}: expected {expected}, found {found}")

    def __reduce__(self) -> tuple[type[BadArgument], tuple[str, str, object]]:
        # Exceptions are rebuilt from args, which hold the finished sentence; a worker process sends the three parts.
        return type(self), (self.argument, self.expected, self.found)
