"""SO2 by pulsed ultraviolet fluorescence (Thermo 43i)."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.hidden import So2Hidden
from instruments.gas.stages import Surroundings
from instruments.gas.thermo import ThermoAnalyzer

_QUENCH = 7.0
"""Ratio of quenching to emission at reference conditions: signal rises by 1/(1 + 7) of a rise in density (assumed)."""
WATER_QUENCH = 6.0e-4
"""Loss of signal per mmol/mol of water: 2 % at 20 g/kg (recalled)."""
NO_RESPONSE = 0.006
"""Response to NO: 3 ppb for 500 ppb (recalled)."""
AROMATIC_RESPONSE = 0.1
"""Response to aromatics that the kicker does not take out (recalled: 1 ppb per 200 ppb of m-xylene behind a kicker)."""
_PRESSURE, _TEMPERATURE_K = 730.0, 318.15
_ZERO_C = 273.15


def fluorescence(density: FloatArray) -> FloatArray:
    """Return light per mole fraction over that at reference conditions: more molecules, more quenching.

    Args:
        density: gas density in the cell over that at reference conditions.
    """
    return np.asarray(density * (1.0 + _QUENCH) / (1.0 + _QUENCH * density))


def _response(pressure_mmhg: FloatArray, chamber_c: FloatArray) -> FloatArray:
    return fluorescence(pressure_mmhg / _PRESSURE * _TEMPERATURE_K / (chamber_c + _ZERO_C))


class So2Analyzer(ThermoAnalyzer):
    """Fluorescence over lamp light: both the photomultiplier and the reference see the same lamp."""

    channels = ("so2",)
    gas = Species.SO2
    answers_to = (Species.SO2, Species.NO, Species.H2O)
    hidden_model = So2Hidden
    hidden: So2Hidden
    diagnostics = (
        "internal_temp", "chamber_temp", "pressure", "pressure_actual", "sample_flow", "pmt_voltage", "lamp_voltage",
        "lamp_intensity",
    )  # fmt: skip

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Fluorescence, quenched by air and water, over the lamp reference, corrected by measured T and P."""
        chamber = self.heated(around, "chamber_temp", first, last)
        drop = 25.0 * self.pump(first * self.step_s)
        pressure = around.pressure_mmhg - drop + 0.3 * self.wobble("pressure", first, last)
        response = _response(pressure, chamber)
        no = around.mean(Species.NO)
        so2 = self.bent(around.mean(Species.SO2)) + NO_RESPONSE * self.hidden.no_light * no
        if self.open_port == "sample":
            # Aromatics come with the traffic's NO in outside air; there are none in a cylinder.
            so2 = so2 + AROMATIC_RESPONSE * self.hidden.aromatics(no)
        wet = 1.0 - WATER_QUENCH * around.mean(Species.H2O)
        stray = self.entry.parameter("stray_light")
        lamp = self.light(first, last)
        light = lamp * (1.0 + 0.002 * self.wobble("lamp_intensity", first, last))
        emitted = light * (self.gain(around, first, last) * so2 * response * wet + stray + self.offset(around))
        shown_pressure = self.measured_pressure("pressure", pressure)
        shown_chamber = self.measured_temperature("chamber_temp", chamber)
        used_chamber, used_pressure = self.compensating(
            shown_chamber, shown_pressure, _TEMPERATURE_K - _ZERO_C, _PRESSURE
        )
        raw = stray + (emitted / light - stray) / _response(used_pressure, used_chamber)
        nominal = self.entry.parameter("lamp_intensity") * light
        observed = {
            "internal_temp": around.box_shown_c,
            "chamber_temp": shown_chamber,
            "pressure": used_pressure,
            "pressure_actual": shown_pressure,
            "sample_flow": self.flow_lpm(first * self.step_s) + 0.003 * self.wobble("sample_flow", first, last),
            "pmt_voltage": self.entry.parameter("pmt_voltage") + 0.3 * self.wobble("pmt_voltage", first, last),
            # The lamp's supply makes up for lost light as far as it reaches.
            "lamp_voltage": self.entry.parameter("lamp_voltage")
            + 800.0 * (1.0 - lamp)
            + self.wobble("lamp_voltage", first, last),
            "lamp_intensity": nominal,
        }
        return [raw], observed
