"""The inside of a unit's cabinet: warmer than the room by what its electronics give off, and slower than the room.

box' = (room + heat - box) / tau, with the figures ``cabinet_heat`` and ``cabinet_time`` of the catalogue: what the box
temperature of physics notes 1.0 is, by which sensitivity and zero move. ``cabinet_sensor_sd`` tells how far the sensors
of a model's units lie from the truth; each unit has its own error, a function of seed and name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from instruments.air import FloatArray
from instruments.filters import lag
from instruments.signal import WhiteNoise

if TYPE_CHECKING:
    from instruments.unit import Unit

CABINET = "cabinet"
"""Row of memory that holds the true temperature inside."""
_MEANT_FOR_C = 25.0
"""Temperature of the room for which a unit is adjusted."""


class Cabinet:
    """The cabinet of ``unit``, which has a row of memory named :data:`CABINET`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        figure = unit.entry.parameter
        self._heat = figure("cabinet_heat")
        self._decay = math.exp(-unit.step_s / figure("cabinet_time"))
        self._error = figure("cabinet_sensor_sd") * float(
            WhiteNoise(unit.seed, f"{unit.name}/cabinet-sensor").values(0, 1)[0]
        )
        self.adjusted_at_c = _MEANT_FOR_C + self._heat
        """Temperature inside at which the unit has been adjusted."""

    def inside_c(self, room_c: FloatArray, first: int) -> FloatArray:
        """True temperature inside at the ends of the steps from ``first`` on, by the room's there, deg C."""
        target = room_c + (self._heat if self._unit.powered else 0.0)
        start = float(target[0] if self._unit.warm_at_start else room_c[0])
        before = np.array([self._unit.before(CABINET, first, start)])
        return np.asarray(lag(target[None], before, self._decay)[0])

    def measured_c(self, inside_c: FloatArray) -> FloatArray:
        """What the sensor in it makes of that, deg C."""
        return inside_c + self._error
