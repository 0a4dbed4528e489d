"""O3 by ultraviolet photometry with one cell and a measure/reference valve (Teledyne T400)."""

from __future__ import annotations

import math

import numpy as np

from instruments.air import FloatArray, Species
from instruments.gas.detector import WHITE
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.adaptive import BoolArray
from instruments.gas.teledyne.base import STANDARD_INHG, RatioAnalyzer, density
from instruments.gas.teledyne.hidden import T400Hidden
from instruments.signal import WhiteNoise

_LENGTH_CM = 42.0
"""Cell of the maker's photometers (recalled)."""
_FLUSH_S = 2
"""Of three seconds on one gas the first two are not counted (photometer of the maker's calibrators, p. 273, read)."""
_FIXED_CELL_C = 41.0
"""Temperature that the firmware takes while TPC is off (assumed)."""
_LAMP_SLOW = 3.0e-4
"""Wandering of the lamp within an hour (assumed; 1.1e-4 in a recorded 49i): values see it, averages do not."""
_LAMP_SHARE = 0.5
"""Part of the white noise's variance that comes from a good lamp's flicker; the rest is the detector's (assumed)."""
_LAMP_PER_C = 0.01
"""Light gained per degree of the lamp (assumed)."""
_STABILITY_PCT = 0.05
"""LAMP STABILITY of a good lamp, % (assumed)."""


class TeledyneO3(RatioAnalyzer):
    """Three seconds of sample, three of scrubbed sample, in one cell; a value from each turn and the one before it.

    The lamp may change between two turns: its flicker is noise of the reading, which two cells side by side do not see.
    Slope and offset: O3 = slope x measured + offset, the offset in nmol/mol. Test functions: ``o3_meas`` O3 MEAS,
    ``o3_ref`` O3 REF, ``pressure`` PRES, ``vacuum`` VAC, ``sample_flow`` SAMP FL, ``sample_temp`` SAMPLE TEMP,
    ``photo_lamp_temp`` PHOTO LAMP, ``box_temp`` BOX TEMP.
    """

    step_s = 3
    channels = ("o3",)
    gas = Species.O3
    answers_to = (Species.O3,)
    hidden_model = T400Hidden
    hidden: T400Hidden
    fresh_s, sample_s = 3.0, 3.0
    diagnostics = (
        "o3_meas", "o3_ref", "lamp_stability", "photo_lamp_temp", "sample_temp", "box_temp", "pressure", "vacuum",
        "sample_flow",
    )  # fmt: skip
    memory = ("light_meas", "light_ref")

    def _equip(self) -> None:
        super()._equip()
        self._grain = WhiteNoise(self.seed, f"{self.name}/light")

    def measured(self, channel: str, first: int, last: int) -> BoolArray:
        """Every turn gives a value."""
        return np.ones(last - first, dtype=bool)

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Logarithm of the last reference light over the last sample light, by Beer and Lambert."""
        hidden, drop = self.hidden, self.entry.parameter("pressure_drop")
        cell = around.box_c + self.entry.parameter("cell_above_box") + 0.05 * self.wobble("sample_temp", first, last)
        pressure = self.sample_pressure(around, first, last)
        shown_cell = self.measured_temperature("sample_temp", cell)
        shown_pressure = self.measured_inhg(pressure)
        per_ppb = self.entry.parameter("absorption_coefficient") * _LENGTH_CM * 1e-9
        actual = density(pressure, cell, STANDARD_INHG, 0.0)
        fixed = density(np.full_like(cell, STANDARD_INHG - drop), np.full_like(cell, _FIXED_CELL_C), STANDARD_INHG, 0.0)
        used = density(shown_pressure, shown_cell, STANDARD_INHG, 0.0) if self.settings["tpc"] else fixed
        ozone = self.gain(around, first, last) * self.bent(around.mean(Species.O3, _FLUSH_S))
        ozone = ozone * (1.0 - 0.1 * hidden.cell_dirt)
        scrubbed = ozone * (1.0 - hidden.scrubber_efficiency * self.share("scrubber", first, last))
        measuring = np.asarray(np.arange(first, last) % 2 == 0)
        own, other = np.where(measuring, ozone, scrubbed), np.where(measuring, scrubbed, ozone)
        inside = own + hidden.valve_leak * (other - own)
        lamp_c = self.heated(around, "photo_lamp_temp", first, last, 0.02, self.hidden.lamp_heater_fraction)
        brightness = self._brightness(lamp_c, first, last)
        light = np.log(brightness) + math.log(1.0 - hidden.cell_dirt) - per_ppb * actual * inside
        light = light + self._grain_size(ozone, first, last) * per_ppb * actual * self._grain.values(first, last)
        meas = self.carry("light_meas", light, measuring, first)
        reference = light.copy()
        if first == 0 and self.warm_at_start:  # the turn before the epoch was on scrubbed gas
            reference[0] += float(per_ppb * actual[0] * (inside[0] - scrubbed[0]))
        ref = self.carry("light_ref", reference, ~measuring, first)
        signal = (ref - meas) / (per_ppb * used) + self.offset(around) + self.flicker_noise("o3", ozone, first, last)
        full = self.entry.parameter("o3_ref")
        observed = {
            "o3_meas": full * np.exp(meas),
            "o3_ref": full * np.exp(ref),
            "lamp_stability": _STABILITY_PCT * hidden.lamp_flicker * np.exp(0.1 * self.wobble("o3_ref", first, last)),
            "photo_lamp_temp": lamp_c,
            "sample_temp": shown_cell,
            "box_temp": around.box_shown_c,
            "pressure": shown_pressure,
            "vacuum": np.full(last - first, self.vacuum_inhg(first * self.step_s) if self.powered else STANDARD_INHG),
            "sample_flow": self.shown_flow(pressure, first, last),
            "light_meas": meas,
            "light_ref": ref,
        }
        return [signal], observed

    def _brightness(self, lamp_c: FloatArray, first: int, last: int) -> FloatArray:
        """Light over a new lamp's at its temperature; a trickle without power, so that there is a logarithm."""
        if not self.powered:
            return np.full(last - first, 1e-3)
        warmed = np.exp(_LAMP_PER_C * (lamp_c - self.entry.parameter("photo_lamp_temp")))
        wandering = 1.0 + _LAMP_SLOW * self.wobble("o3_meas", first, last)
        return np.asarray(self.light(first, last) * warmed * wandering)

    def _grain_size(self, ozone: FloatArray, first: int, last: int) -> FloatArray:
        """Noise of one turn's light, nmol/mol.

        The difference to the turn before, in alternating sign, summed over N values: the lights in the middle count
        twice, the two at the ends once.
        """
        count = self.fresh_values()
        fresh = math.sqrt(4.0 * (count - 1) + 2.0) / count
        flicker = math.sqrt(1.0 - _LAMP_SHARE + _LAMP_SHARE * self.hidden.lamp_flicker**2)
        return self.noise_size(ozone, first, last) * (WHITE / fresh * flicker)
