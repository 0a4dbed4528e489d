"""A regulated supply for type tests: the voltage of what is plugged into it is what somebody sets.

A variable transformer, or an electronic source: between the mains and the instruments under test. It is also their
switch. What the voltage does to an instrument is the instrument's own affair
(:class:`~instruments.gas.hidden.AnalyzerHidden`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from instruments.air import FloatArray, GasListener
from instruments.atmosphere import Site
from instruments.folding import LOWEST, Fold
from instruments.signal import OrnsteinUhlenbeck, interpolated
from instruments.station.power import Switching
from instruments.steps import SECOND_US, Hidden
from instruments.unit import Unit


class VariacHidden(Hidden):
    """What is wrong with a supply.

    Attributes:
        brush_loss: part of the voltage that a worn brush (a bad contact) takes under load.
    """

    brush_loss: float = Field(default=0.0, ge=0.0, le=0.5)


class Variac(Unit):
    """The source with its own meter at the output."""

    fed = False
    step_s = 10
    hidden_model = VariacHidden
    hidden: VariacHidden
    indoors = False
    diagnostics = ("output_voltage", "output_state")
    diagnostic_units: ClassVar[Mapping[str, str]] = {"output_voltage": "V", "output_state": "1"}
    folds: ClassVar[Mapping[str, Fold]] = {"output_state": LOWEST}
    report_only: ClassVar[frozenset[str]] = frozenset({"instrument_id"})
    firmware = "1.0"

    def _equip(self) -> None:
        super()._equip()
        self._wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/meter", 600.0)
        self._fed: dict[str, GasListener] = {}
        self._volts: list[tuple[int, float]] = [(0, self._output_v())]
        self._turns: list[tuple[int, bool]] = []
        self._done_us = -1

    def place(self, site: Site) -> None:
        """Nothing of the surroundings matters to it."""

    def feed(self, device: str, unit: GasListener) -> None:
        """Plug ``unit`` in, by its name on the bench; it hears from which second on its voltage is another one."""
        self._fed[device] = unit

    def volts(self, first: int, last: int, step_s: int) -> FloatArray:
        """Voltage at the ends of steps ``first`` to ``last`` (exclusive) of ``step_s`` seconds, V."""
        ends = (np.arange(first, last) + 1) * step_s - 1
        at = np.searchsorted([second for second, _ in self._volts], ends, side="right") - 1
        return np.array([volts for _, volts in self._volts])[np.maximum(at, 0)]

    def _output_v(self) -> float:
        if not (self.powered and self.settings["output"]):
            return 0.0
        return self.number("voltage") * (1.0 - self.hidden.brush_loss)

    # -- device ---------------------------------------------------------------------------------------------------

    def recompute(self, t_us: int) -> None:
        """Another voltage from the next second on; what gets too little of it goes out."""
        super().recompute(t_us)
        before, now = self._volts[-1][1], self._output_v()
        if now == before:
            return
        second = t_us // SECOND_US + 1
        self._volts = [(s, v) for s, v in self._volts if s < second] or self._volts[:1]
        self._volts.append((second, now))
        enough = self.entry.parameter("drop_out")
        if (before >= enough) != (now >= enough):
            self._turns.append((t_us + 1, now >= enough))
        for unit in self._fed.values():
            unit.gas_changed(second)

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us``; what was to be switched until then has been."""
        super().advance(until_us)
        self._done_us = max(self._done_us, until_us)

    def next_event_us(self) -> int | None:
        """The next instant at which what is plugged in goes off or on."""
        return next((t_us for t_us, _ in self._turns if t_us > self._done_us), None)

    def switchings(self, first_us: int, last_us: int) -> tuple[Switching, ...]:
        """All switchings from ``first_us`` (inclusive) to ``last_us`` (exclusive)."""
        return tuple(
            Switching(t_us, order, device, on)
            for t_us, on in self._turns
            if first_us <= t_us < last_us
            for order, device in enumerate(self._fed)
        )

    # -- what its meter sees --------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the ten-second steps."""
        volts = self.volts(first, last, self.step_s)
        wander = self.entry.parameter("meter_sd") * interpolated(self._wander, first, last, 60 // self.step_s)
        return np.array([np.where(volts > 0.0, np.round(volts + wander, 1), 0.0), (volts > 0.0).astype(np.float64)])
