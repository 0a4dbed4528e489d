"""CO by gas-filter correlation (Thermo 48i)."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.stages import Surroundings
from instruments.gas.thermo import ThermoAnalyzer

DEPTH, CURVE = 0.30, 0.0040
"""Modulation lost at saturation, and its curvature per umol/mol: R = R0 (1 - depth (1 - exp(-curve c))) (assumed)."""
_PRESSURE, _TEMPERATURE_K, _ZERO_C = 750.0, 321.15, 273.15
WATER_RESPONSE = 0.004
"""umol/mol CO per mmol/mol of water: 50 ppb at 12 mmol/mol (recalled)."""


def _density(pressure_mmhg: FloatArray, bench_c: FloatArray) -> FloatArray:
    """Gas density over that at reference conditions."""
    return np.asarray(pressure_mmhg / _PRESSURE * _TEMPERATURE_K / (bench_c + _ZERO_C))


class CoAnalyzer(ThermoAnalyzer):
    """Ratio of sample to reference beam of the rotating wheel, inverted by the stored curve."""

    channels = ("co",)
    gas = Species.CO
    answers_to = (Species.CO, Species.H2O)
    diagnostics = (
        "internal_temp", "chamber_temp", "pressure", "sample_flow", "ratio", "agc_intensity", "bias_voltage",
        "motor_speed",
    )  # fmt: skip

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """CO takes from the sample beam only; the firmware inverts the curve and corrects by measured T and P."""
        chamber = self.heated(around, "chamber_temp", first, last)
        drop = 8.0 * self.pump(first * self.step_s)
        pressure = around.pressure_mmhg - drop + 0.3 * self.wobble("pressure", first, last)
        density = _density(pressure, chamber)
        seen = self.gain(around, first, last) * self.bent(around.mean(Species.CO)) * density
        seen = seen + WATER_RESPONSE * around.mean(Species.H2O) * density
        ratio_at_zero = self.entry.parameter("ratio")
        ratio = ratio_at_zero * (1.0 - DEPTH * -np.expm1(-CURVE * seen))
        raw = -np.log1p(-(1.0 - ratio / ratio_at_zero) / DEPTH) / CURVE
        shown_chamber = self.measured_temperature("chamber_temp", chamber)
        shown_pressure = self.measured_pressure("pressure", pressure)
        used_chamber, used_pressure = self.compensating(
            shown_chamber, shown_pressure, _TEMPERATURE_K - _ZERO_C, _PRESSURE
        )
        raw = raw / _density(used_pressure, used_chamber) + self.entry.parameter("zero_signal") + self.offset(around)
        light = self.light(first, last)
        observed = {
            "internal_temp": around.box_shown_c,
            "chamber_temp": shown_chamber,
            "pressure": shown_pressure,
            "sample_flow": self.flow_lpm(first * self.step_s) + 0.005 * self.wobble("sample_flow", first, last),
            "ratio": ratio,
            "agc_intensity": self.entry.parameter("agc_intensity") * light
            + 200.0 * self.wobble("agc_intensity", first, last),
            "bias_voltage": self.entry.parameter("bias_voltage") + 0.2 * self.wobble("bias_voltage", first, last),
            "motor_speed": np.full_like(chamber, 100.0 if self.powered else 0.0),
        }
        return [raw], observed
