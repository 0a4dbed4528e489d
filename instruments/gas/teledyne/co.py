"""CO by gas-filter correlation (Teledyne T300)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from instruments.air import FloatArray, Species
from instruments.device import Value
from instruments.gas.co import CURVE, DEPTH, WATER_RESPONSE
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.adaptive import BoolArray
from instruments.gas.teledyne.base import STANDARD_INHG, RatioAnalyzer, density
from instruments.gas.teledyne.hidden import T300Hidden

_CALIBRATE_DARK = "calibrate_dark"
_ZEROING, _FLUSHING = 30, 6
"""Steps of an auto-zero, and steps after it that are not counted: 5 min and 1 min (assumed)."""
_AVERAGED = 12
"""Steps of the auto-zero whose mean is stored (assumed)."""
_WHEEL_PER_C = 3.0e-4
"""Relative change of the ratio per degree of the wheel (assumed)."""
_DRIVE_MV_PER_C = 45.0
"""Rise of the photodetector cooler's drive per degree of the box (assumed)."""


class TeledyneCo(RatioAnalyzer):
    """Ratio of the wheel's measure half to its reference half, inverted by the stored curve.

    With the option ``auto_zero`` the sample goes through a hot catalyst every few hours, and the ratio that is found
    then is the new zero. Slope and offset: CO = slope x measured + offset, the offset in umol/mol. Test functions:
    ``co_meas`` CO MEAS, ``co_ref`` CO REF, ``mr_ratio`` MR RATIO, ``azero_ratio`` AZERO OFFS (as a ratio),
    ``pressure`` PRES, ``vacuum`` VAC, ``sample_flow`` SAMP FL, ``sample_temp`` SAMPLE TEMP, ``bench_temp`` BENCH TEMP,
    ``wheel_temp`` WHEEL TEMP, ``box_temp`` BOX TEMP, ``photo_drive`` PHT DRIVE.
    """

    channels = ("co",)
    gas = Species.CO
    answers_to = (Species.CO, Species.H2O)
    hidden_model = T300Hidden
    hidden: T300Hidden
    fresh_s, sample_s, longest_hold = 10.0, 0.2, _ZEROING + _FLUSHING
    diagnostics = (
        "co_meas", "co_ref", "mr_ratio", "azero_ratio", "bench_temp", "wheel_temp", "sample_temp", "box_temp",
        "photo_drive", "pressure", "vacuum", "sample_flow", "holding",
    )  # fmt: skip
    memory = ("zero_ratio",)

    def _equip(self) -> None:
        super()._equip()
        self.actions = (*self.actions, _CALIBRATE_DARK)

    def _turn(self, first: int, last: int) -> FloatArray:
        """Steps since the last auto-zero was due; those of the time before the next one beyond the option."""
        every = round(self.number("auto_zero_interval") * 3600.0 / self.step_s)
        return np.asarray(np.arange(first, last) % every - (every - _ZEROING - _FLUSHING))

    def _zeroing(self, first: int, last: int) -> BoolArray:
        turn = self._turn(first, last)
        return np.asarray((turn >= 0) & (turn < _ZEROING) & bool(self.settings["auto_zero"]))

    def measured(self, channel: str, first: int, last: int) -> BoolArray:
        """Not during an auto-zero, and not while the cell is flushed after it."""
        return np.asarray((self._turn(first, last) < 0) | (not self.settings["auto_zero"]))

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """CO takes from the measure beam only; what has leaked from the wheel's CO cell makes the halves alike."""
        hidden, drop = self.hidden, self.entry.parameter("pressure_drop")
        bench = self.heated(around, "bench_temp", first, last)
        wheel = self.heated(around, "wheel_temp", first, last, 0.02, self.hidden.wheel_heater_fraction)
        pressure = self.sample_pressure(around, first, last)
        shown_pressure = self.measured_inhg(pressure)
        shown_bench = self.measured_temperature("bench_temp", bench)
        bench_set = self.entry.parameter("bench_temp")
        actual = density(pressure, bench, STANDARD_INHG - drop, bench_set)
        expected = self.compensation(density(shown_pressure, shown_bench, STANDARD_INHG - drop, bench_set))
        co = self.bent(around.mean(Species.CO))
        zeroing = self._zeroing(first, last)
        left = np.where(zeroing, 1.0 - hidden.catalyst_efficiency, 1.0)
        noise = self.channel_noise("co", co, first, last)
        present = self.gain(around, first, last) * co * left + WATER_RESPONSE * around.mean(Species.H2O)
        present = present * actual + self.offset(around)
        stored = self.entry.parameter("mr_ratio")
        at_zero: FloatArray = np.full(last - first, 1.0 + (stored - 1.0) * (1.0 - hidden.wheel_leak))
        at_zero = at_zero * (1.0 + _WHEEL_PER_C * (wheel - self.entry.parameter("wheel_temp")))
        depth = DEPTH * (1.0 - hidden.wheel_leak)

        def ratio_of(seen: FloatArray) -> FloatArray:
            true = at_zero * (1.0 - depth * -np.expm1(-CURVE * seen))
            dark = hidden.detector_dark + self.entry.parameter("detector_dark") - self.number("dark_offset")
            return np.asarray((reference * true + dark) / (reference + dark))

        light = self.light(first, last) * (1.0 if self.powered else 1e-3)
        reference = self.entry.parameter("co_ref") * light
        reference = reference * (1.0 + 0.003 * self.wobble("co_ref", first, last))
        ratio = ratio_of(present + noise)
        ends = zeroing & (self._turn(first, last) == _ZEROING - 1)
        quiet = ratio_of(present + noise / math.sqrt(_AVERAGED))
        zero = self.carry("zero_ratio", np.where(ends, quiet, stored), ends, first)
        attenuation = np.clip((1.0 - ratio / zero) / DEPTH, None, 0.99)
        signal = -np.log1p(-attenuation) / CURVE / expected
        dark_mv = hidden.detector_dark + self.entry.parameter("detector_dark")
        observed = {
            "co_meas": reference * ratio + dark_mv,
            "co_ref": reference + dark_mv,
            "mr_ratio": ratio,
            "azero_ratio": zero,
            "bench_temp": shown_bench,
            "wheel_temp": wheel,
            "sample_temp": around.box_c
            + self.entry.parameter("sample_above_box")
            + 0.05 * self.wobble("sample_temp", first, last),
            "box_temp": around.box_shown_c,
            "photo_drive": self._drive(around, first, last),
            "pressure": shown_pressure,
            "vacuum": np.full(last - first, self.vacuum_inhg(first * self.step_s) if self.powered else STANDARD_INHG),
            "sample_flow": self.shown_flow(pressure, first, last),
            "holding": (~self.measured("co", first, last)).astype(float),
            "zero_ratio": zero,
        }
        return [signal], observed

    def _drive(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Drive of the photodetector's cooler, mV."""
        drive = self.entry.parameter("photo_drive") + _DRIVE_MV_PER_C * around.box_off_c
        return np.asarray((drive if self.powered else np.zeros(last - first)) + self.wobble("photo_drive", first, last))

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Also a dark calibration: with the source blocked, what the detector shows is stored."""
        if name != _CALIBRATE_DARK:
            return super().act(t_us, step, name, value)
        dark = self.hidden.detector_dark + self.entry.parameter("detector_dark")
        return {"dark_offset": self.checked("dark_offset", round(dark, 1))}
