"""O3 by ultraviolet photometry in two cells (Thermo 49i)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray, Species
from instruments.device import Value
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
_LAMP_FAST = 1.0e-5
"""Relative noise of the lamp from step to step (assumed)."""
_LAMP_WANDER_C = 0.02
"""How far the lamp's heater lets its temperature wander, deg C (assumed; steps of 0.035 in a recorded 49i)."""
_BENCH_ABOVE_BOX_C = 1.0
"""Warmth of the bench above the cabinet (assumed)."""
_DARK = 1.0e-3
"""Light without a lamp over that of a lit one: so that there is a logarithm."""
_FRESH = math.sqrt(11.0 / 36.0)
"""Six steps of half the difference to the step before, in alternating sign, over the noise of one cell's light."""


class O3Analyzer(ThermoAnalyzer):
    """Cell A holds sample in even steps of ten seconds and scrubbed reference gas in odd ones, cell B the other way.

    A cell's ozone is the logarithm of its last reference light over its last sample light, by Beer and Lambert:
    ln(I0 / I) = sigma L c (P / 760) (273.15 / T), sigma in atm-1 cm-1; the unit reckons with the one that it is set
    to. What the lamp does between two steps comes with opposite signs in both cells, and leaves their mean, the
    reading, alone. Both cells see one lamp: its light goes with its temperature, and each cell's with the bench's.

    After power on the lamp has to come up. Until its temperature is inside its alarm limits for the first time no ozone
    is worked out and 0 is shown, beside the alarms of lamp and light (assumed; other firmware of the maker shows zeros
    after a start: 1405-F, physics notes 4, read).
    """

    channels = ("o3",)
    gas = Species.O3
    answers_to = (Species.O3,)
    hidden_model = O3Hidden
    hidden: O3Hidden
    diagnostics = (
        "cell_a_o3", "cell_b_o3", "bench_temp", "lamp_temp", "o3_lamp_temp", "pressure", "pressure_actual", "flow_a",
        "flow_b", "cell_a_intensity", "cell_b_intensity", "noise_a", "noise_b",
    )  # fmt: skip
    memory = ("light_a", "light_b", "lit")

    def _equip(self) -> None:
        super()._equip()
        self._light = {part: WhiteNoise(self.seed, f"{self.name}/{part}-light") for part in ("lamp", "a", "b")}

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light through sample over light through what the scrubber left, in each cell."""
        hidden = self.hidden
        bench = around.box_c + _BENCH_ABOVE_BOX_C + 0.05 * self.wobble("bench_temp", first, last)
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
        lamp_c = self.heated(around, "lamp_temp", first, last, _LAMP_WANDER_C)
        lit = self._lit(lamp_c, first)
        brightness = self._brightness(lamp_c, first, last)
        lamp = np.log(brightness) + _LAMP_FAST * hidden.noise_factor * self._light["lamp"].values(first, last)
        grain = self.noise_size(ozone, first, last) * WHITE / _FRESH * per_ppb * _density(pressure, bench)
        unscrubbed = 1.0 - hidden.scrubber_efficiency * self.share("scrubber", first, last)
        light, shown = {}, {}
        for cell, sampling, dirt in (
            ("a", sampling_a, hidden.cell_a_dirt), ("b", ~sampling_a, hidden.cell_b_dirt),
        ):  # fmt: skip
            taken = absorbance * (1.0 - 0.1 * dirt)
            now = lamp - np.where(sampling, taken, unscrubbed * taken)
            now = now + math.log(1.0 - dirt) + grain * self._light[cell].values(first, last)
            now = now + self.entry.parameter(f"cell_{cell}_pct_per_c") / 100.0 * around.box_off_c
            # Before the epoch the light was the same, but for the other gas in the cell.
            other = float((1.0 - unscrubbed[0]) * taken[0]) * (1.0 if sampling[0] else -1.0)
            start = self.before(f"light_{cell}", first, float(now[0]) + other)
            previous = np.concatenate(([start], now[:-1]))
            light[cell] = now
            reference_over_sample = np.where(sampling, previous - now, now - previous)
            found = reference_over_sample / (reckoned * _density(used_pressure, used_bench)) + self.offset(around)
            shown[cell] = np.where(lit, found, 0.0)
        flicker = self.flicker_noise("o3", (shown["a"] + shown["b"]) / 2.0, first, last)
        raw = (shown["a"] + shown["b"]) / 2.0 + np.where(lit, flicker, 0.0)
        flow = self.flow_lpm(first * self.step_s) / 2.0
        intensity = {cell: self.entry.parameter(f"cell_{cell}_intensity") * np.exp(light[cell]) for cell in light}
        observed = {
            "cell_a_o3": shown["a"],
            "cell_b_o3": shown["b"],
            "bench_temp": shown_bench,
            "lamp_temp": lamp_c,
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
            "lit": lit.astype(np.float64),
        }
        return [raw], observed

    def channel_noise(self, channel: str, level: FloatArray, first: int, last: int) -> FloatArray:
        """None beside what :meth:`sense` has: the white part is in the light of the cells."""
        return np.zeros(last - first)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """As any analyzer; and the lamp is waited for."""
        self.restart("lit", step, 0.0)
        return super().power_changed(t_us, step)

    def _brightness(self, lamp_c: FloatArray, first: int, last: int) -> FloatArray:
        """Light of the lamp over that of a new one at its temperature: it comes up after power on."""
        if not self.powered:
            return np.full(last - first, _DARK)
        share = self.entry.parameter("lamp_pct_per_c") / 100.0
        warmed = np.exp(share * (lamp_c - self.entry.parameter("lamp_temp")))
        risen = self.risen(first, last, self.entry.parameter("lamp_rise_time"))
        return np.maximum(self.light(first, last) * warmed * risen, _DARK)

    def _lit(self, lamp_c: FloatArray, first: int) -> NDArray[np.bool_]:
        """Whether the lamp has been inside its limits since power came."""
        limits = self.entry.alarms.get("lamp_temp")
        least = -math.inf if limits is None or limits.low is None else limits.low
        begun = self.before("lit", first, float(self.warm_at_start)) > 0.0
        return np.asarray((np.logical_or.accumulate(lamp_c >= least) | begun) & self.powered)


def _density(pressure_mmhg: FloatArray, bench_c: FloatArray) -> FloatArray:
    """Gas density over that at 760 mmHg and 0 C."""
    return np.asarray(pressure_mmhg / _ATMOSPHERE * _ZERO_C / (bench_c + _ZERO_C))
