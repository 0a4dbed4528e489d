"""Long-term drift: what zero and span change in weeks without hands; the drift test with limits of its own."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.parameters import Seconds
from calibration.procedures.common.procedure import Gap
from calibration.procedures.drift import Drift, DriftPlan


class LongTermDriftPlan(DriftPlan):
    """What a plan may set of it."""

    days: int = Field(default=1, ge=1, description="intervals, each as long as every says")
    every: Seconds = Field(default=14.0 * 86_400.0, gt=0, description="from one visit to the next")
    low_pct: float = Field(default=0.0, ge=0, le=100, description="0: no lower level")


class LongTermDrift(Drift):
    """As :class:`~calibration.procedures.drift.Drift`, over weeks; documents limit it apart from that of hours."""

    name = "long_term_drift"
    parameters = LongTermDriftPlan
    after_a_gap: ClassVar[Gap] = "sequence"


PROCEDURE = LongTermDrift()
