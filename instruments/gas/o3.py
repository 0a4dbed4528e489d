"""O3 by ultraviolet photometry in two cells (Thermo 49i)."""

from __future__ import annotations

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.base import PointAnalyzer, Surroundings
from instruments.gas.hidden import O3Hidden

_LENGTH_CM, _ZERO_C, _ATMOSPHERE = 38.0, 273.15, 760.0


class O3Analyzer(PointAnalyzer):
    """Cells A and B swap sample and scrubbed reference gas every ten seconds.

    Absorbance of a cell: sigma L c (P / 760) (273.15 / T), sigma in atm-1 cm-1 a property of the unit. The reading is
    the mean of both cells, so a fast plume is smeared over two steps.
    """

    channels = ("o3",)
    gas = Species.O3
    hidden_model = O3Hidden
    diagnostics = (
        "cell_a_o3", "cell_b_o3", "bench_temp", "lamp_temp", "o3_lamp_temp", "pressure", "pressure_actual", "flow_a",
        "flow_b", "cell_a_intensity", "cell_b_intensity", "noise_a", "noise_b",
    )  # fmt: skip

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light through sample over light through what the scrubber left, in each cell."""
        bench = around.box_c + 1.0 + 0.05 * self.wobble("bench_temp", first, last)
        pressure = around.pressure_mmhg - 12.0 * self.hidden.pump_fraction + 0.15 * self.wobble("pressure", first, last)
        per_ppb = self.entry.parameter("absorption_coefficient") * _LENGTH_CM * 1e-9
        density = pressure / _ATMOSPHERE * _ZERO_C / (bench + _ZERO_C)
        ozone = self.gain(around, first, last) * self.bent(around.mean(Species.O3))
        scrubbed = 1.0 - self.hidden.scrubber_efficiency  # type: ignore[attr-defined]
        absorbance = per_ppb * density * (ozone - scrubbed * ozone)
        if self._settings["pres_comp"] and self._settings["temp_comp"]:
            shown = absorbance / (per_ppb * density)
        else:
            shown = absorbance / (per_ppb * _ZERO_C / (_ZERO_C + 30.0))
        raw = shown + self.offset(around)
        warm = self.warmth(first, last)
        lamp = self.hidden.lamp_fraction * warm * (1.0 + 1e-4 * self.wobble("lamp_temp", first, last))
        intensity_a = self.entry.parameter("cell_a_intensity") * lamp * np.exp(-absorbance)
        intensity_b = self.entry.parameter("cell_b_intensity") * lamp * np.exp(-absorbance)
        flow = self.flow_lpm() / 2.0
        observed = {
            "cell_a_o3": raw,
            "cell_b_o3": raw,
            "bench_temp": bench,
            "lamp_temp": self.heated(around, "lamp_temp", first, last, 0.02),
            "o3_lamp_temp": self.heated(around, "o3_lamp_temp", first, last, 0.02),
            "pressure": pressure if self._settings["pres_comp"] else np.full_like(pressure, _ATMOSPHERE),
            "pressure_actual": pressure,
            "flow_a": flow + 0.003 * self.wobble("flow_a", first, last),
            "flow_b": flow + 0.003 * self.wobble("flow_b", first, last),
            "cell_a_intensity": intensity_a,
            "cell_b_intensity": intensity_b,
            "noise_a": 1.0 / lamp.clip(0.05) * self.hidden.noise_factor,
            "noise_b": 0.9 / lamp.clip(0.05) * self.hidden.noise_factor,
        }
        return [raw], observed
