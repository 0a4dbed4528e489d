"""O3 by ultraviolet photometry in two cells (Thermo 49i)."""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.detector import WHITE
from instruments.gas.hidden import O3Hidden
from instruments.gas.stages import Surroundings
from instruments.gas.thermo import ThermoAnalyzer
from instruments.ozone_scale import SCALE
from instruments.signal import WhiteNoise

_LENGTH_CM, _ZERO_C, _ATMOSPHERE = 38.0, 273.15, 760.0
_FLUSH_S = 3
"""Seconds after a turn of the solenoids that are not counted ("several", data page of the maker's 49i, reported)."""
_FIXED_BENCH_C = 30.0
_LAMP_SLOW, _LAMP_FAST = 1.1e-4, 1.0e-5
"""Relative noise of the lamp: within an hour (from the light of a recorded unit), from step to step (assumed)."""
_FRESH = math.sqrt(11.0 / 36.0)
"""Six steps of half the difference to the step before, in alternating sign, over the noise of one cell's light."""


class O3Analyzer(ThermoAnalyzer):
    """Cell A holds sample in even steps of ten seconds and scrubbed reference gas in odd ones, cell B the other way.

    A cell's ozone is the logarithm of its last reference light over its last sample light, by Beer and Lambert:
    ln(I0 / I) = sigma L c (P / 760) (273.15 / T), sigma in atm-1 cm-1; the unit reckons with the one that it is set
    to. What the lamp does between two steps comes with opposite signs in both cells, and leaves their mean, the
    reading, alone.
    """

    channels = ("o3",)
    gas = Species.O3
    hidden_model = O3Hidden
    hidden: O3Hidden
    diagnostics = (
        "cell_a_o3", "cell_b_o3", "bench_temp", "lamp_temp", "o3_lamp_temp", "pressure", "pressure_actual", "flow_a",
        "flow_b", "cell_a_intensity", "cell_b_intensity", "noise_a", "noise_b",
    )  # fmt: skip
    memory = ("light_a", "light_b")

    def _equip(self) -> None:
        super()._equip()
        self._light = {part: WhiteNoise(self.seed, f"{self.name}/{part}-light") for part in ("lamp", "a", "b")}

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light through sample over light through what the scrubber left, in each cell."""
        hidden = self.hidden
        bench = around.box_c + 1.0 + 0.05 * self.wobble("bench_temp", first, last)
        drop = 12.0 * self.pump(first * self.step_s)
        pressure = around.pressure_mmhg - drop + 0.15 * self.wobble("pressure", first, last)
        per_ppb = SCALE * _LENGTH_CM * 1e-9
        reckoned = self.number("absorption_coefficient") * _LENGTH_CM * 1e-9
        shown_bench = self.measured_temperature("bench_temp", bench)
        shown_pressure = self.measured_pressure("pressure", pressure)
        used_bench, used_pressure = self.compensating(shown_bench, shown_pressure, _FIXED_BENCH_C, _ATMOSPHERE)
        ozone = self.gain(around, first, last) * self.bent(around.mean(Species.O3, _FLUSH_S))
        absorbance = per_ppb * _density(pressure, bench) * ozone
        sampling_a = np.arange(first, last) % 2 == 0
        warm = np.maximum(self.warmth(first, last), 1e-3)
        brightness = self.light(first, last) * warm
        lamp = np.log(brightness)
        lamp = lamp + _LAMP_SLOW * self.wobble("lamp_temp", first, last)
        lamp = lamp + _LAMP_FAST * hidden.noise_factor * self._light["lamp"].values(first, last)
        grain = self.noise_size(ozone, first, last) * WHITE / _FRESH * per_ppb * _density(pressure, bench)
        unscrubbed = 1.0 - hidden.scrubber_efficiency * self.share("scrubber", first, last)
        light, shown = {}, {}
        for cell, sampling, dirt in (
            ("a", sampling_a, hidden.cell_a_dirt), ("b", ~sampling_a, hidden.cell_b_dirt),
        ):  # fmt: skip
            taken = absorbance * (1.0 - 0.1 * dirt)
            now = lamp - np.where(sampling, taken, unscrubbed * taken)
            now = now + math.log(1.0 - dirt) + grain * self._light[cell].values(first, last)
            start = self.before(f"light_{cell}", first, float(now[0]))
            previous = np.concatenate(([start], now[:-1]))
            light[cell] = now
            reference_over_sample = np.where(sampling, previous - now, now - previous)
            shown[cell] = reference_over_sample / (reckoned * _density(used_pressure, used_bench)) + self.offset(around)
        raw = (shown["a"] + shown["b"]) / 2.0
        flow = self.flow_lpm(first * self.step_s) / 2.0
        intensity = {cell: self.entry.parameter(f"cell_{cell}_intensity") * np.exp(light[cell]) for cell in light}
        observed = {
            "cell_a_o3": shown["a"],
            "cell_b_o3": shown["b"],
            "bench_temp": shown_bench,
            "lamp_temp": self.heated(around, "lamp_temp", first, last, 0.02),
            "o3_lamp_temp": self.heated(around, "o3_lamp_temp", first, last, 0.02),
            "pressure": used_pressure,
            "pressure_actual": shown_pressure,
            "flow_a": flow + 0.003 * self.wobble("flow_a", first, last),
            "flow_b": flow + 0.003 * self.wobble("flow_b", first, last),
            "cell_a_intensity": intensity["a"],
            "cell_b_intensity": intensity["b"],
            "noise_a": hidden.noise_factor / brightness * np.exp(0.05 * self.wobble("noise_a", first, last)),
            "noise_b": 0.9 * hidden.noise_factor / brightness * np.exp(0.05 * self.wobble("noise_b", first, last)),
            "light_a": light["a"],
            "light_b": light["b"],
        }
        return [raw], observed

    def channel_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """Only the flicker: the white part is in the light of the cells."""
        return self.flicker_noise(channel, level, first, last)


def _density(pressure_mmhg: FloatArray, bench_c: FloatArray) -> FloatArray:
    """Gas density over that at 760 mmHg and 0 C."""
    return np.asarray(pressure_mmhg / _ATMOSPHERE * _ZERO_C / (bench_c + _ZERO_C))
