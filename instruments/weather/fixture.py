"""What hands put on a wind sensor to test it: a wind tunnel over its head, the vane held at an angle.

A tunnel makes a wind of one speed that comes from one direction, whatever the air outside does, and without turbulence:
what scatters is the sensor. Directions are true, by the compass of whoever turns the head. A vane that is held points
where it is held, without any friction.
"""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Atmosphere
from instruments.device import Value
from instruments.errors import Refused

ACTIONS = ("tunnel_speed", "tunnel_from", "vane_held")
_OFF = {"tunnel_speed": -1.0, "tunnel_from": 270.0, "vane_held": -1.0}
_MOST = {"tunnel_speed": 75.0, "tunnel_from": 360.0, "vane_held": 360.0}


class WindFixture:
    """A tunnel and a hand; neither is there at first.

    ``tunnel_speed`` is in m/s, -1 without a tunnel; ``tunnel_from`` and ``vane_held`` are in degrees from true north
    by east, ``vane_held`` -1 where nobody holds the vane.
    """

    def __init__(self) -> None:
        self._at = dict(_OFF)

    def change(self, name: str, value: Value) -> None:
        """Put on, turn, hold or take off. Raises Refused for what is no number of its range."""
        low = 0.0 if name == "tunnel_from" else -1.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= _MOST[name]:
            raise Refused("invalid", f"{name} is a number from {low:g} to {_MOST[name]:g}")
        self._at[name] = float(value)

    @property
    def holds_vane(self) -> bool:
        """Whether somebody holds the vane."""
        return self._at["vane_held"] >= 0.0

    @property
    def vane_deg(self) -> float:
        """Where it is held."""
        return self._at["vane_held"]

    def wind(self, outside: Atmosphere, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Components of the wind at the head, m/s to the east and to the north, second by second."""
        speed = self._at["tunnel_speed"]
        if speed < 0.0:
            return outside.wind(first, last)
        angle = math.radians(self._at["tunnel_from"])
        still = np.full(last - first, 1.0)
        return -speed * math.sin(angle) * still, -speed * math.cos(angle) * still

    def standing(self) -> dict[str, Value]:
        """What hands have put on."""
        return dict(self._at)
