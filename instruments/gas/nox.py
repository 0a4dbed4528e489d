"""NO and NOx by chemiluminescence with a molybdenum converter (Thermo 42i)."""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.base import PointAnalyzer, Surroundings
from instruments.gas.hidden import NoxHidden

_FLUSH_S = 3
"""Seconds after a turn of the solenoid that are not counted (manual of the 42i Low Source, p. 8-5, read)."""
_WATER_QUENCH = 3.5e-3
"""Loss of signal per mmol/mol of water in an undried instrument (Boylan et al. 2014: 4.15e-3; reported)."""
_PRESSURE, _TEMPERATURE_K, _ZERO_C = 200.0, 322.65, 273.15
_LIGHT_OFF_C, _LIGHT_WIDTH_C = 260.0, 12.0
"""Temperature at which the molybdenum has lost half of its power, and how sharply (assumed)."""


class NoxAnalyzer(PointAnalyzer):
    """One cell, one photomultiplier, two ways to it: NO in even steps of ten seconds, NOx in odd ones.

    Each channel holds its last value while the other is measured, so NO2 spikes in a fast plume as on a real unit.
    """

    channels = ("no", "nox")
    gas = Species.NO
    hidden_model = NoxHidden
    fresh_steps_per_minute = 3
    diagnostics = (
        "internal_temp", "chamber_temp", "cooler_temp", "converter_temp", "pressure", "pressure_actual", "sample_flow",
        "ozonator_flow", "pmt_voltage",
    )  # fmt: skip

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light of NO with ozone; on the NOx way the converter turns NO2 into NO as far as it is good and hot."""
        chamber = self.heated(around, "chamber_temp", first, last)
        converter = self.heated(around, "converter_temp", first, last, 0.3)
        pump = self.hidden.pump_fraction
        pressure = _PRESSURE / pump + 0.01 * (around.pressure_mmhg - 760.0) + 0.1 * self.wobble("pressure", first, last)
        # The hidden efficiency is that of the hot converter: a cold one turns nothing.
        hot = 1.0 + math.exp((_LIGHT_OFF_C - self.entry.parameter("converter_temp")) / _LIGHT_WIDTH_C)
        power = hot / (1.0 + np.exp((_LIGHT_OFF_C - converter) / _LIGHT_WIDTH_C))
        efficiency = self.hidden.converter_efficiency * power  # type: ignore[attr-defined]
        lit = 1.0 if self._settings["ozonator"] and self._powered else 0.0
        density = (pressure / _PRESSURE) ** -0.4 * _TEMPERATURE_K / (chamber + _ZERO_C)
        wet = 1.0 - _WATER_QUENCH * around.mean(Species.H2O, _FLUSH_S)
        sensitivity = lit * self.gain(around, first, last) * wet
        if not (self._settings["pres_comp"] and self._settings["temp_comp"]):
            sensitivity = sensitivity * density
        dark = self.entry.parameter("dark_signal") + self.offset(around)
        no = around.mean(Species.NO, _FLUSH_S)
        no2 = around.mean(Species.NO2, _FLUSH_S)
        signals = (
            sensitivity * self.bent(no) + dark,
            sensitivity * self.bent(no + efficiency * no2) + dark,
        )
        raw = list(signals)
        observed = {
            "internal_temp": around.box_c,
            "chamber_temp": chamber,
            "cooler_temp": around.room_c
            + (self.entry.parameter("cooler_temp") - around.room_c) * self.warmth(first, last)
            + 0.02 * self.wobble("cooler_temp", first, last),
            "converter_temp": converter,
            "pressure": pressure if self._settings["pres_comp"] else np.full_like(pressure, 300.0),
            "pressure_actual": pressure,
            "sample_flow": self.flow_lpm() + 0.003 * self.wobble("sample_flow", first, last),
            "ozonator_flow": self.entry.parameter("ozonator_flow") * lit
            + 0.0005 * self.wobble("ozonator_flow", first, last),
            "pmt_voltage": self.entry.parameter("pmt_voltage") + 0.3 * self.wobble("pmt_voltage", first, last),
        }
        return raw, observed

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps; each channel shows its last own step while the other one is measured."""
        rows = super().detect(first, last)
        for parity in (0, 1):
            stale = np.flatnonzero(np.arange(first, last) % 2 != parity)
            if len(stale) and stale[0] == 0:
                if first > 0:
                    rows[parity, 0] = self.steps.history.last()[parity]
                stale = stale[1:]
            rows[parity, stale] = rows[parity, stale - 1]
        return rows

    def reported(self) -> tuple[str, ...]:
        """NO, NOx, and NO2 as their difference times the stored factor."""
        return ("no", "nox", "no2")

    def _reported(self, step: int, quantity: str) -> float:
        if quantity != "no2":
            return super()._reported(step, quantity)
        difference = super()._reported(step, "nox") - super()._reported(step, "no")
        return difference * float(self._settings["no2_coef"])  # type: ignore[arg-type]
