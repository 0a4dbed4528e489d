"""A cylinder straight at an analyzer: regulator, needle valve with its rotameter, and a tee that is open to the room.

Gas flows while the analyzer's valve stands at that port, as somebody who opens the cylinder for a check would have it.
"""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray, Gas, GasListener
from instruments.plumbing import Consumer
from instruments.supply.bottle import GasBottle


class NeedleDraw:
    """What a needle valve asks of a cylinder: ``flow_lpm`` while ``consumer`` draws at ``port``."""

    def __init__(self, consumer: Consumer, port: str, flow_lpm: float) -> None:
        self._consumer, self._port, self._flow_lpm = consumer, port, flow_lpm

    def gas_lpm(self, first: int, last: int) -> FloatArray:
        """Flow asked for, L/min, by the second."""
        drawn = self._consumer.demand_at(self._port, first, last)
        return np.where(drawn > 0.0, self._flow_lpm, 0.0)

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when it changes."""
        self._consumer.on_demand_change(listener)


class NeedleValve:
    """What one consumer's needle valve lets out of a cylinder: a supply for a vented tee.

    Args:
        bottle: the cylinder.
        consumer: who draws at the tee.
        port: at which of its ports.
        flow_lpm: what the valve lets through at the regulator's set pressure, L/min.
    """

    def __init__(self, bottle: GasBottle, consumer: Consumer, port: str, flow_lpm: float) -> None:
        self._bottle, self._draw = bottle, NeedleDraw(consumer, port, flow_lpm)
        bottle.serve(self._draw)

    def offered_lpm(self, first: int, last: int) -> FloatArray:
        """Flow that comes, L/min: an empty cylinder gives less."""
        return self._draw.gas_lpm(first, last) * self._bottle.gas.share(first, last)

    def gas(self, first: int, last: int) -> Gas:
        """What is in the regulator, by the second."""
        return self._bottle.gas.gas(first, last)

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` when the demand or the cylinder is no longer what it was."""
        self._draw.on_change(listener)
        self._bottle.gas.on_change(listener)
