"""The flow table of a mass-flow controller: 20 pairs of drive and flow, as the calibrator stores them.

The firmware looks up the drive for a flow, so a table that was measured makes up for the controller's bent curve.
Text form: ``250:5 500:10 ... 5000:100``, drive in mV, flow in the controller's unit, both rising.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from instruments.errors import Refused

POINTS = 20
FULL_DRIVE_MV = 5000.0


@dataclass(frozen=True)
class FlowTable:
    """Drives (mV) and flows, each of 20 rising values."""

    drives: tuple[float, ...]
    flows: tuple[float, ...]

    def drive(self, flow: float) -> float:
        """Drive that the firmware gives for ``flow``, mV; the last piece goes on above the table."""
        return self._looked_up(flow, self.flows, self.drives)

    def flow(self, drive: float) -> float:
        """Flow that the firmware shows for ``drive``."""
        return self._looked_up(drive, self.drives, self.flows)

    @staticmethod
    def _looked_up(at: float, along: tuple[float, ...], values: tuple[float, ...]) -> float:
        if at > along[-1]:
            return values[-1] + (at - along[-1]) * (values[-1] - values[-2]) / (along[-1] - along[-2])
        return float(np.interp(at, (0.0, *along), (0.0, *values)))


def linear(full_scale: float) -> str:
    """Return the text of the table that a controller leaves its maker with."""
    share = [(number + 1) / POINTS for number in range(POINTS)]
    return " ".join(f"{FULL_DRIVE_MV * part:g}:{full_scale * part:.6g}" for part in share)


@lru_cache(maxsize=64)
def parse(text: str) -> FlowTable:
    """Read a table. Raises Refused, which says what is wrong."""
    pairs = [pair.split(":") for pair in text.split()]
    try:
        drives = tuple(float(drive) for drive, _ in pairs)
        flows = tuple(float(flow) for _, flow in pairs)
    except ValueError:
        raise Refused("invalid", "a flow table is 20 pairs drive:flow with blanks between") from None
    if len(pairs) != POINTS:
        raise Refused("invalid", f"a flow table has {POINTS} pairs, not {len(pairs)}")
    for what, values in (("drives", drives), ("flows", flows)):
        if not all(math.isfinite(value) for value in values) or values[0] <= 0.0:
            raise Refused("invalid", f"a flow table has {what} above 0")
        if any(later <= earlier for earlier, later in pairwise(values)):
            raise Refused("invalid", f"a flow table has rising {what}")
    if drives[-1] > FULL_DRIVE_MV:
        raise Refused("too high", f"a drive of {drives[-1]:g} mV; {FULL_DRIVE_MV:g} is all there is")
    return FlowTable(drives, flows)
