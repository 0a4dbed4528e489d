"""The spot on the tape: what lies on it, and what a minute of air adds and takes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np

from instruments.air import FloatArray


class Falling(Protocol):
    """What minutes of air bring; see :class:`instruments.particles.beta.Around`."""

    @property
    def solid(self) -> FloatArray: ...  # noqa: D102
    @property
    def volatile(self) -> FloatArray: ...  # noqa: D102
    @property
    def hygroscopic(self) -> FloatArray: ...  # noqa: D102
    @property
    def kappa(self) -> FloatArray: ...  # noqa: D102
    @property
    def wet(self) -> FloatArray: ...  # noqa: D102
    @property
    def left(self) -> FloatArray: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Spot:
    """A spot at one instant.

    Attributes:
        solid: dry mass that stays, ug. volatile: mass that may evaporate, ug.
        hygroscopic: sum of kappa times dry mass over the fine part of ``solid``, ug.
        load: all of it with its water at the humidity of the tape, ug.
    """

    solid: float = 0.0
    volatile: float = 0.0
    hygroscopic: float = 0.0
    load: float = 0.0

    def take(self, air: Falling, part: slice) -> Loads:
        """The spot after each minute of ``part``."""
        solid = np.fromiter(accumulate(air.solid[part].tolist(), initial=self.solid), np.float64)[1:]
        hygroscopic = np.fromiter(accumulate(air.hygroscopic[part].tolist(), initial=self.hygroscopic), np.float64)[1:]
        pairs = zip(air.volatile[part].tolist(), air.left[part].tolist(), strict=True)
        held, volatiles = self.volatile, []
        for fallen, left in pairs:
            held = (held + fallen) * left
            volatiles.append(held)
        volatile = np.array(volatiles)
        load = solid + volatile + air.wet[part] * (hygroscopic + air.kappa[part] * volatile)
        return Loads(solid, volatile, hygroscopic, load)

    def after(
        self, solid: float, volatile: float, hygroscopic: float, *, kappa: float, wet: float, left: float
    ) -> Spot:
        """The spot after one minute of air that brings so much."""
        solid, hygroscopic = self.solid + solid, self.hygroscopic + hygroscopic
        volatile = (self.volatile + volatile) * left
        return Spot(solid, volatile, hygroscopic, solid + volatile + wet * (hygroscopic + kappa * volatile))


@dataclass(frozen=True, slots=True)
class Loads:
    """A spot minute by minute; each of shape (n,). See :class:`Spot`."""

    solid: FloatArray
    volatile: FloatArray
    hygroscopic: FloatArray
    load: FloatArray

    @classmethod
    def of(cls, spots: list[Spot]) -> Loads:
        """Spots in a row."""
        return cls(*np.array([(one.solid, one.volatile, one.hygroscopic, one.load) for one in spots]).T)

    def at(self, index: int) -> Spot:
        """The spot after minute ``index``."""
        return Spot(
            float(self.solid[index]), float(self.volatile[index]), float(self.hygroscopic[index]),
            float(self.load[index]),
        )  # fmt: skip

    def last(self) -> Spot:
        """The spot after the last minute."""
        return self.at(-1)
