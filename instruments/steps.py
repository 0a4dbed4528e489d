"""What a unit is made of beside its kind: hidden truth, a moment of its past, the rows of its measuring steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from instruments.air import FloatArray, GasListener
from instruments.device import Value
from instruments.history import BLOCK, Series

SECOND_US = 1_000_000


class Hidden(BaseModel):
    """A unit's hidden truth. Faults act by changing it; calibration and reports never see it."""

    # Strict: a number is a number and no text.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


@dataclass(frozen=True, slots=True)
class Moment:
    """The unit as an observer finds it until an instant.

    Attributes:
        until_us: the instant.
        settings: its settings.
        powered: whether it has power.
        power_step: step at which power came or went last.
        standing: further observables that stood until then.
        held: readings that do not move, since what shows them has hung; empty otherwise.
    """

    until_us: int
    settings: Mapping[str, Value]
    powered: bool
    power_step: int
    standing: Mapping[str, Value] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)


def until(moment: Moment) -> int:
    """The instant until which a moment lasts, for searching."""
    return moment.until_us


class Stepping(Protocol):
    """Something that measures in steps of ``step_s`` seconds."""

    step_s: ClassVar[int]

    def detect(self, first: int, last: int) -> Iterable[FloatArray]:
        """Return the rows of steps ``first`` to ``last`` (exclusive), one after the other."""
        ...


class Steps(Series):
    """Rows of a unit on the grid of its measuring steps; step k ends at (k + 1) x ``step_s``."""

    def __init__(self, unit: Stepping, rows: int, keep: int) -> None:
        # A stretch is no longer than the gas of 6 h, which is what the bench keeps for sure.
        super().__init__(rows, keep=keep, block=max(1, BLOCK // unit.step_s), stretch=max(1, 6 * 3600 // unit.step_s))
        self._unit = unit
        self._listeners: list[tuple[GasListener, int]] = []

    def on_forgotten(self, listener: GasListener, step_s: int) -> None:
        """Tell ``listener`` from which second on the rows are no longer what they were."""
        if not any(listener is known for known, _ in self._listeners):
            self._listeners.append((listener, step_s))

    def forget(self, index: int) -> None:
        """Forget steps from ``index`` on."""
        self.history.truncate(max(index, self.history.start))
        for listener, step_s in self._listeners:
            listener.gas_changed(index * step_s)

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        found = self._unit.detect(first, last)
        if isinstance(found, np.ndarray) and found.shape == rows.shape:
            rows[:] = found
            return
        for row, values in zip(rows, found, strict=True):
            row[:] = values
