"""The ozone lamp of a calibrator and the photometer beside it: who holds the lamp, and what is read of its ozone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.ozone_scale import reading_factor
from instruments.supply.settings import Hidden
from instruments.supply.targets import Targets
from instruments.unit import Unit

_DIRT_LOSS = 0.1
"""Ozone lost in a photometer cell that is as dirty as can be: 1 to 10 % (recalled, physics.md section 1.5)."""
_KELVIN = 273.15


class OzoneMaker(Unit):
    """The part of a calibrator that makes and measures ozone."""

    hidden: Hidden
    figures: Mapping[str, float]
    targets: Targets

    @abstractmethod
    def room_c(self, first: int, last: int) -> FloatArray:
        """Temperature around the box, by the second."""

    def ozone_control(self) -> str:
        """How the lamp is controlled now: ``photometer``, ``reference`` or ``constant``.

        With NO in the gas the photometer sees no ozone to go by: the lamp is held by its detector then, at what the
        preset of the titration has found, if there was one for the same ozone and flow.
        """
        control = str(self.settings["ozone_control"])
        if self.targets.mode == "gpt" and control == "photometer":
            preset = self.settings["preset_ozone"], self.settings["preset_flow"]
            return "preset" if preset == (self.settings["ozone"], self.settings["total_flow"]) else "reference"
        return control

    def ozone_goal(self, control: str) -> float:
        """Ozone in the total flow that the control settles at, nmol/mol, with a new lamp at its temperature."""
        target, hidden = self.targets.ozone, self.hidden
        if target <= 0.0:
            return 0.0
        if control in ("photometer", "preset"):
            shown = target + self.number("photometer_zero")
            return max(shown / self._photometer_gain() + hidden.photometer_offset, 0.0)
        error = hidden.ozone_table_error_pct
        if control == "reference":
            error += hidden.reference_detector_error_pct
        return max(target * (1.0 + error / 100.0), 0.0)

    def _photometer_gain(self) -> float:
        hidden = self.hidden
        bench, pressure = self.figures["bench_temp"] + _KELVIN, self.figures["pressure"]
        gain = reading_factor(self.number("photometer_coefficient")) * self.number("photometer_slope")
        gain *= (1.0 - _DIRT_LOSS * hidden.photometer_dirt) / (1.0 + hidden.photometer_error_pct / 100.0)
        gain *= (bench + hidden.photometer_temperature_error_c) / bench
        return gain * pressure / (pressure + hidden.photometer_pressure_error_mmhg)

    def photometer_reading(self, ozone: FloatArray) -> FloatArray:
        """What the photometer makes of true ``ozone``, before its noise."""
        return (ozone - self.hidden.photometer_offset) * self._photometer_gain() - self.number("photometer_zero")

    def photometer_noise(self, seconds: NDArray[np.int64]) -> FloatArray:
        """Standard deviation of a reading at each of ``seconds``; a cold lamp is restless."""
        steps = np.maximum(seconds, 0) // self.step_s
        warm = self.warmth(int(steps[0]), int(steps[-1]) + 1)[steps - steps[0]]
        size = self.figures["photometer_noise"] * self.hidden.photometer_noise_factor
        return np.asarray(size * (1.0 + 10.0 * (1.0 - warm)) / np.sqrt(1.0 - 0.5 * self.hidden.photometer_dirt))

    def ozone_light(self, first: int, last: int) -> FloatArray:
        """Light of the ozone lamp over that of a new one, by the second."""
        return self.hidden.ozone_lamp_fraction * self.wear.share("o3_lamp", np.arange(first + 1.0, last + 1.0))

    def lamp_block(self, first: int, last: int) -> FloatArray:
        """True temperature of the ozone lamp's block, by the second."""
        low, high = first // self.step_s, (last - 1) // self.step_s + 1
        warm = np.repeat(self.warmth(low, high), self.step_s)[first - low * self.step_s :][: last - first]
        room = self.room_c(first, last)
        return room + (self.figures["o3_lamp_temp"] - room) * warm
