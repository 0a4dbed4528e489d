"""A cooled photomultiplier with its high voltage, as the T100 and the T200 have one."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray
from instruments.gas.nox import DARK_DOUBLES_C
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.base import TeledyneAnalyzer
from instruments.gas.teledyne.hidden import PhotomultiplierHidden

MV_PER_PPB = 2.0
"""NORM PMT per nmol/mol at slope 1: a hardware calibration sets it so (T100 manual, factory calibration; recalled)."""
_HV_POWER = 7.0
"""Gain of a photomultiplier goes with about this power of its voltage (recalled)."""


class PhotomultiplierAnalyzer(TeledyneAnalyzer):
    """Offsets are mV of NORM PMT, and stand before the slope."""

    hidden_model = PhotomultiplierHidden
    hidden: PhotomultiplierHidden

    @property
    def per_offset(self) -> float:
        """nmol/mol to a mV."""
        return 1.0 / MV_PER_PPB

    def high_voltage(self, first: int, last: int) -> FloatArray:
        """What the supply gives, V."""
        volts = self.entry.parameter("hvps") + self.hidden.hvps_shift
        return (volts if self.powered else 0.0) + 0.3 * self.wobble("hvps", first, last)

    def hv_gain(self) -> float:
        """Gain of the photomultiplier over that at the set high voltage."""
        nominal = self.entry.parameter("hvps")
        return float(((nominal + self.hidden.hvps_shift) / nominal) ** _HV_POWER) if self.powered else 0.0

    def pmt_temperature(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Temperature of the photomultiplier, deg C: from the box's to its set point as far as the cooler makes it."""
        cooling = self.warmth(first, last) * self.hidden.cooler_fraction
        target = self.entry.parameter("pmt_temp")
        cooled = around.box_c + (target - around.box_c) * cooling
        return np.asarray(cooled + 0.02 * self.wobble("pmt_temp", first, last))

    def dark_mv(self, pmt_c: FloatArray) -> FloatArray:
        """Signal of the photomultiplier in the dark, mV."""
        warmer = (pmt_c - self.entry.parameter("pmt_temp")) / DARK_DOUBLES_C
        return np.asarray(self.entry.parameter("dark_signal") * self.hv_gain() * np.exp2(warmer))
