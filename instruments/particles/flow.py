"""The flow of a monitor: what its sensors make it hold, what the pump can, and at which state a volume is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from instruments.air import FloatArray
from instruments.particles.heating import ZERO_K

STANDARD_HPA = 1013.25

Amount = TypeVar("Amount", float, FloatArray)


@dataclass(frozen=True, slots=True)
class Pump:
    """A vacuum pump with a straight curve, and the filter before it.

    Attributes:
        free_lpm: flow without resistance. vacuum_mmhg: vacuum without flow.
        clean_mmhg: drop across clean tape at ``design_lpm``. mmhg_per_ug: what a ug on the spot adds to it.
        design_lpm: the flow that these drops belong to.
    """

    free_lpm: float
    vacuum_mmhg: float
    clean_mmhg: float
    mmhg_per_ug: float
    design_lpm: float

    def resistance(self, load_ug: Amount) -> Amount:
        """Drop per flow, mmHg min/L."""
        return (self.clean_mmhg + self.mmhg_per_ug * load_ug) / self.design_lpm

    def most_lpm(self, resistance: Amount, share: Amount) -> Amount:
        """Largest flow through that resistance of a pump that has ``share`` of its flow and vacuum left."""
        return share * self.free_lpm / (1.0 + self.free_lpm * resistance / self.vacuum_mmhg)


@dataclass(frozen=True, slots=True)
class FlowState:
    """What a litre on the display is, by the minute, each of shape (n,).

    Attributes:
        true: true litres at outside conditions per litre shown.
        told: litres of the state in which concentrations are told, per litre shown.
    """

    true: FloatArray
    told: FloatArray


def flow_state(
    outside_c: FloatArray, pressure_hpa: FloatArray, shown_c: FloatArray, shown_hpa: FloatArray, *, control: str,
    told_as: str, standard_c: float, sensor_error_pct: float, slope: float,
) -> FlowState:  # fmt: skip
    """Return what a litre shown is.

    The sensor measures mass; the display is volume at the outside temperature and pressure as the unit's own sensors
    know them (``control`` actual), or at the standard state.

    Args:
        outside_c: true outside temperature.
        pressure_hpa: true outside pressure.
        shown_c: outside temperature as the unit's sensor says it.
        shown_hpa: pressure as the unit's sensor says it.
        control: ``actual`` or ``standard``: the state in which the flow is held and shown.
        told_as: ``actual`` or ``standard``: the state of reported concentrations.
        standard_c: temperature of the standard state; its pressure is 1013.25 hPa.
        sensor_error_pct: error of the flow sensor: shows so much too high.
        slope: the unit's own calibration of its flow.
    """
    true_kelvin, shown_kelvin, standard_kelvin = outside_c + ZERO_K, shown_c + ZERO_K, standard_c + ZERO_K
    gain = (1.0 + sensor_error_pct / 100.0) * slope
    to_standard = (standard_kelvin / shown_kelvin) * (shown_hpa / STANDARD_HPA)
    if control == "standard":
        true = (true_kelvin / standard_kelvin) * (STANDARD_HPA / pressure_hpa) / gain
        told = np.ones_like(true) if told_as == "standard" else 1.0 / to_standard
    else:
        true = (true_kelvin / shown_kelvin) * (shown_hpa / pressure_hpa) / gain
        told = to_standard if told_as == "standard" else np.ones_like(true)
    return FlowState(np.asarray(true), np.asarray(told))


FLOW_WARNING, FLOW_FAILURE = 0.05, 0.10
"""Parts by which a flow may be out of regulation: for 5 min, and for 1 min (read: BAM-1020-9800 Rev W p. 57)."""


@dataclass(slots=True)
class FlowWatch:
    """The firmware's watch over a sample.

    Attributes:
        setpoint_lpm: flow that is to be held. limit_mmhg: drop across the tape at which the sample ends.
        failure_ends: a failed flow ends the sample. warning_ends_ug: load from which on a warning does.
        off_5, off_10: minutes in a row out of regulation by 5 and by 10 %.
        warned: out by 5 % for more than 5 min. failed: out by 10 % for more than 1 min. blocked: drop over its limit.
    """

    setpoint_lpm: float
    limit_mmhg: float
    off_5: float = 0.0
    off_10: float = 0.0
    warned: bool = False
    failed: bool = False
    blocked: bool = False
    failure_ends: bool = True
    warning_ends_ug: float = math.inf

    def fine(self, shown: FloatArray, drop: FloatArray) -> bool:
        """Whether none of these minutes is out of anything."""
        off = np.abs(shown / self.setpoint_lpm - 1.0)
        return bool((off <= FLOW_WARNING).all() and (drop <= self.limit_mmhg).all())

    def minute(self, shown: float, drop: float, load_ug: float) -> bool:
        """Take note of a minute; return whether the sample ends with it."""
        off = abs(shown / self.setpoint_lpm - 1.0)
        self.off_5 = self.off_5 + 1.0 if off > FLOW_WARNING else 0.0
        self.off_10 = self.off_10 + 1.0 if off > FLOW_FAILURE else 0.0
        self.warned = self.warned or self.off_5 > 5.0
        self.failed = self.failed or self.off_10 > 1.0
        self.blocked = self.blocked or drop > self.limit_mmhg
        return (self.failed and self.failure_ends) or self.blocked or (self.warned and load_ug >= self.warning_ends_ug)

    def state(self) -> tuple[float, float, bool, bool, bool]:
        """Counters and findings as they stand."""
        return self.off_5, self.off_10, self.warned, self.failed, self.blocked
