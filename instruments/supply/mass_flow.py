"""A thermal mass-flow controller: the flow it is told, and the flow it lets through."""

from __future__ import annotations

from dataclasses import dataclass

from instruments.errors import Refused


@dataclass(frozen=True, slots=True)
class MassFlowController:
    """Range and error of a controller; flows in L/min.

    Error law: true = set (1 + span) + offset FS + nonlinearity 4 r (1 - r) FS with r = set / FS.

    Attributes:
        name: what it meters, for messages.
        full_scale: full scale FS, L/min.
        lowest_pct: lowest usable flow, per cent of full scale.
        span_pct: error of slope, per cent.
        offset_pct_fs: error of offset, per cent of full scale.
        nonlinearity_pct_fs: largest bulge between the ends, per cent of full scale.
    """

    name: str
    full_scale: float
    lowest_pct: float
    span_pct: float = 0.0
    offset_pct_fs: float = 0.0
    nonlinearity_pct_fs: float = 0.0

    def check(self, flow: float) -> None:
        """Raise Refused if ``flow`` lies outside the usable range; rounding at its ends is forgiven."""
        lowest = self.full_scale * self.lowest_pct / 100.0
        if flow > self.full_scale * (1.0 + 1e-9):
            raise Refused("too high", f"{self.name}: {flow:.5g} L/min is above {self.full_scale:.5g} L/min")
        if flow < lowest * (1.0 - 1e-9):
            raise Refused("too low", f"{self.name}: {flow:.5g} L/min is below {lowest:.5g} L/min")

    def true_flow(self, flow: float) -> float:
        """Return what flows when ``flow`` is set; a closed controller (0) is tight."""
        if flow <= 0.0:
            return 0.0
        ratio = flow / self.full_scale
        bulge = self.nonlinearity_pct_fs / 100.0 * 4.0 * ratio * (1.0 - ratio) * self.full_scale
        return max(flow * (1.0 + self.span_pct / 100.0) + self.offset_pct_fs / 100.0 * self.full_scale + bulge, 0.0)
