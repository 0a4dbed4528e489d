"""Lazy series on a grid: computed when asked for, kept for a while, forgotten from the instant of a change.

Everything here is exact to the bit: a value at a grid point does not depend on how the computation was cut. Whoever
computes carries what the next point needs in a row of its own, and nothing depends on array lengths.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from instruments.air import FloatArray, Gas, GasListener, Species

BLOCK = 600
"""Grid points of the one-second grid to whose multiples a read computes ahead."""

STRETCH = 21600
"""Longest stretch computed in one go, grid points: the 6 h by which the bench advances all devices."""

KEEP_S = 8 * 3600
"""Seconds of gas kept behind the newest demand. The bench advances all devices at least every 6 h."""

ROWS = len(Species) + 2
_TEMPERATURE, _PRESSURE = len(Species), len(Species) + 1


class History:
    """Values of several rows on a grid, from index ``start`` to ``stop`` (exclusive), growing at the end.

    Args:
        rows: number of rows.
        start: grid index of the first point to come.
    """

    def __init__(self, rows: int, start: int = 0) -> None:
        self.start = start
        self.stop = start
        self._offset = 0
        self._buffer = np.empty((rows, 4 * BLOCK))

    def space(self, count: int) -> FloatArray:
        """Return where the next ``count`` points go, shape (rows, count); they count once :meth:`grow` is called."""
        used = self.stop - self.start
        if self._offset + used + count > self._buffer.shape[1]:
            kept = self._buffer[:, self._offset : self._offset + used]
            if used + count > 3 * self._buffer.shape[1] // 4:
                self._buffer = np.empty((self._buffer.shape[0], max(2 * (used + count), 4 * BLOCK)))
            # else what was let go in front makes room: new memory would cost more than the copy
            for row, values in zip(self._buffer, kept, strict=True):
                row[:used] = values
            self._offset = 0
        end = self._offset + used
        return self._buffer[:, end : end + count]

    def grow(self, count: int) -> None:
        """Take the next ``count`` points as written."""
        self.stop += count

    def view(self, first: int, last: int) -> FloatArray:
        """Return points ``first`` to ``last`` as a view, valid until the next truncation.

        Raises:
            RuntimeError: some of these points have been let go or are not computed yet.
        """
        if first < self.start or last > self.stop:
            raise RuntimeError(
                f"grid points {first}..{last} asked for, {self.start}..{self.stop} are kept: advance all devices "
                f"at least every 6 h"
            )
        shift = self._offset - self.start
        return self._buffer[:, first + shift : last + shift]

    def last(self) -> FloatArray:
        """Return a copy of the newest point, shape (rows,)."""
        return self._buffer[:, self._offset + self.stop - self.start - 1].copy()

    def value(self, row: int, index: int) -> float:
        """Return one value."""
        if not self.start <= index < self.stop:
            raise RuntimeError(f"grid point {index} asked for, {self.start}..{self.stop} are kept")
        return float(self._buffer[row, self._offset + index - self.start])

    def truncate(self, index: int) -> None:
        """Forget points from ``index`` on.

        Raises:
            RuntimeError: the point before ``index`` has been let go already.
        """
        if index >= self.stop:
            return
        if index < self.start:
            raise RuntimeError(f"change at grid point {index}, but history begins at {self.start}")
        self.stop = index

    def trim(self, index: int) -> None:
        """Let points before ``index`` go (never the newest)."""
        index = min(index, self.stop - 1)
        if index > self.start:
            self._offset += index - self.start
            self.start = index


class Series(ABC):
    """A lazily computed series of several rows.

    Args:
        rows: number of rows.
        keep: points kept behind the newest demand.
        start: index of the first point.
        block: a demand is computed ahead to a multiple of this.
        stretch: longest stretch computed in one go, points.
    """

    def __init__(self, rows: int, keep: int, start: int = 0, block: int = BLOCK, stretch: int = STRETCH) -> None:
        self.history = History(rows, start)
        self._keep = keep
        self._block_size = block
        self._stretch = stretch

    def ensure(self, last: int) -> None:
        """Compute up to ``last`` (exclusive) and no further, with the settings as they stand."""
        while self.history.stop < last:
            done = self.history.stop
            count = min(last - done, self._stretch - done % self._stretch)
            self._compute(done, done + count, self.history.space(count))
            self.history.grow(count)

    def values(self, first: int, last: int) -> FloatArray:
        """Return points ``first`` to ``last``, shape (rows, n), a view valid until the next change."""
        if last > self.history.stop:
            self.ensure(-(-last // self._block_size) * self._block_size)
            self.history.trim(first - self._keep)
        return self.history.view(first, last)

    @abstractmethod
    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        """Write the points ``first`` to ``last`` into ``rows``, shape (rows, n); all before ``first`` is in history."""


class ToldSeries(Series):
    """A series whose listeners are told from which index on it is no longer what it was."""

    def __init__(self, rows: int, keep: int) -> None:
        super().__init__(rows, keep)
        self._listeners: list[GasListener] = []

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` from which grid point on the values are no longer what they were."""
        if not any(listener is known for known in self._listeners):
            self._listeners.append(listener)

    def gas_changed(self, index: int) -> None:
        """Forget from grid point ``index`` on, and pass it on."""
        self.history.truncate(max(index, self.history.start))
        for listener in self._listeners:
            listener.gas_changed(index)


class GasSeries(ToldSeries):
    """A :class:`~instruments.air.GasSource` with history: gas at one place, on the one-second grid.

    Before the epoch the gas stood as at the epoch.
    """

    def __init__(self, extra_rows: int = 0) -> None:
        super().__init__(ROWS + extra_rows, KEEP_S)

    def gas(self, first: int, last: int) -> Gas:
        """Return grid points ``first`` to ``last`` (exclusive), computing what is missing; a view."""
        return as_gas(first, self.gas_rows(first, last))

    def gas_rows(self, first: int, last: int) -> FloatArray:
        """Return the same as rows: species, temperature, pressure; a view."""
        if first < 0:
            begin = self.values(0, max(last, 1))
            index = np.maximum(np.arange(first, last), 0)
            return np.ascontiguousarray(begin[:ROWS, index])
        return self.values(first, last)[:ROWS]


def as_gas(first: int, rows: FloatArray) -> Gas:
    """Return rows (species, temperature, pressure, maybe more) as a :class:`~instruments.air.Gas`."""
    return Gas(first, rows[: len(Species)], rows[_TEMPERATURE], rows[_PRESSURE])


def as_rows(gas: Gas) -> FloatArray:
    """Return ``gas`` as a new array of rows: species, temperature, pressure."""
    rows = np.empty((ROWS, len(gas)))
    put(rows, gas)
    return rows


def put(rows: FloatArray, gas: Gas) -> None:
    """Write ``gas`` into ``rows``: species, temperature, pressure; rows beyond these stay as they are."""
    rows[: len(Species)] = gas.fractions
    rows[_TEMPERATURE] = gas.temperature_c
    rows[_PRESSURE] = gas.pressure_hpa
