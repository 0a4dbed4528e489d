"""Slow things on the minute grid, and how they look by the second.

Row r is the end of minute r (bench second 60 (r + 1)). What happened in a minute is shown by the second one minute
later, between its two ends: so nothing that is shown depends on anything to come, and a command that acts from the
minute under way changes no second before the next one.
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.history import Series

MINUTE_S = 60
KEEP_MINUTES = 26 * 60
_SHARE = np.arange(MINUTE_S) / MINUTE_S


class MinuteSeries(Series):
    """A lazily computed series of minute ends.

    Args:
        rows: number of rows.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(rows, keep=KEEP_MINUTES, block=10)

    def forget(self, minute: int) -> None:
        """Forget minutes from ``minute`` on."""
        self.history.truncate(max(minute, self.history.start))

    def first_row(self) -> FloatArray | None:
        """The newest minute, shape (rows,); None before the first."""
        return None if self.history.stop == 0 else self.history.last()

    def shown(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Begin and end of the minutes that seconds ``first`` to ``last`` show, each of shape (rows, minutes).

        The first column belongs to the minute of second ``first``. Before the first end the state is the first end.
        """
        begin, end = first // MINUTE_S - 2, (last - 1) // MINUTE_S
        knots = self.values(max(begin, 0), max(end, 1))
        if begin < 0:
            knots = knots[:, np.maximum(np.arange(begin, end), 0)]
        return knots[:, :-1], knots[:, 1:]

    def by_second(self, row: int, first: int, last: int) -> FloatArray:
        """A row by the second, linear between the minute's ends."""
        begin, end = self.shown(first, last)
        return spread(begin[row], end[row], first, last)


def spread(begin: FloatArray, end: FloatArray, first: int, last: int) -> FloatArray:
    """Return seconds ``first`` to ``last`` of minutes that go from ``begin`` to ``end`` in a straight line each."""
    grid = (end - begin)[..., None] * _SHARE
    grid += begin[..., None]
    start = first // MINUTE_S * MINUTE_S
    return np.asarray(grid.reshape((*begin.shape[:-1], -1))[..., first - start : last - start])
