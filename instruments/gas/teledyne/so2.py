"""SO2 by ultraviolet fluorescence with a continuous zinc lamp and a shutter (Teledyne T100)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from instruments.air import GRID_US, UNIT_OF, FloatArray, Species
from instruments.device import Value
from instruments.gas.detector import raw
from instruments.gas.so2 import AROMATIC_RESPONSE, NO_RESPONSE, WATER_QUENCH, fluorescence
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.adaptive import BoolArray, carried
from instruments.gas.teledyne.base import STANDARD_INHG, density
from instruments.gas.teledyne.hidden import T100Hidden
from instruments.gas.teledyne.photomultiplier import MV_PER_PPB, PhotomultiplierAnalyzer
from instruments.steps import Moment

_CALIBRATE_LAMP = "calibrate_lamp"
_DARK_EVERY, _DARK_LASTS = 180, 3
"""Steps from one dark measurement to the next: 30 min (page of the maker's, reported); its length: assumed."""
_LAMP_DARK_PER_C = 0.02
"""Drift of the lamp detector's dark signal with the box (assumed)."""
_LEAST_RATIO = 0.01
"""The firmware does not divide by less light than this."""


class TeledyneSo2(PhotomultiplierAnalyzer):
    """Every 30 min a shutter closes, and what photomultiplier and lamp detector show in the dark is stored.

    NORM PMT = (PMT - DRK PMT) / LAMP RATIO, corrected for temperature and pressure. Test functions: ``pmt`` PMT,
    ``norm_pmt`` NORM PMT, ``uv_lamp`` UV LAMP, ``lamp_ratio`` LAMP RATIO, ``stray_light`` STR. LGT, ``dark_pmt``
    DRK PMT, ``dark_lamp`` DRK LMP, ``hvps`` HVPS, ``rcell_temp`` RCELL TEMP, ``box_temp`` BOX TEMP, ``pmt_temp``
    PMT TEMP, ``pressure`` PRES, ``vacuum`` VAC, ``sample_flow`` SAMP FL; settings ``so2_slope`` SLOPE, ``so2_offset``
    OFFSET.
    """

    channels = ("so2",)
    gas = Species.SO2
    answers_to = (Species.SO2, Species.NO, Species.H2O)
    hidden_model = T100Hidden
    hidden: T100Hidden
    fresh_s, sample_s, longest_hold = 10.0, 1.0, _DARK_LASTS
    diagnostics = (
        "pmt", "norm_pmt", "uv_lamp", "lamp_ratio", "dark_pmt", "dark_lamp", "hvps", "rcell_temp", "box_temp",
        "pmt_temp", "pressure", "vacuum", "sample_flow", "holding",
    )  # fmt: skip
    memory = ("pmt_in_the_dark", "lamp_in_the_dark")

    def _equip(self) -> None:
        super()._equip()
        self.actions = (*self.actions, _CALIBRATE_LAMP)

    def _closed(self, first: int, last: int) -> BoolArray:
        return np.asarray(np.arange(first, last) % _DARK_EVERY >= _DARK_EVERY - _DARK_LASTS)

    def _dark_ends(self, first: int, last: int) -> BoolArray:
        return np.asarray(np.arange(first, last) % _DARK_EVERY == _DARK_EVERY - 1)

    def measured(self, channel: str, first: int, last: int) -> BoolArray:
        """While the shutter is open."""
        return ~self._closed(first, last)

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Fluorescence over lamp light, both less what was last seen in the dark."""
        hidden = self.hidden
        rcell_set, drop = self.entry.parameter("rcell_temp"), self.entry.parameter("pressure_drop")
        rcell = self.heated(around, "rcell_temp", first, last)
        pressure = self.sample_pressure(around, first, last)
        shown_rcell = self.measured_temperature("rcell_temp", rcell)
        shown_pressure = self.measured_inhg(pressure)
        response = fluorescence(density(pressure, rcell, STANDARD_INHG - drop, rcell_set))
        expected = fluorescence(density(shown_pressure, shown_rcell, STANDARD_INHG - drop, rcell_set))
        wet = 1.0 - WATER_QUENCH * around.mean(Species.H2O)
        no = around.mean(Species.NO)
        so2 = self.bent(around.mean(Species.SO2)) + NO_RESPONSE * self.hidden.no_light * no
        if self.open_port == "sample":
            # Aromatics come with the traffic's NO in outside air; there are none in a cylinder.
            so2 = so2 + AROMATIC_RESPONSE * hidden.aromatics(no)
        seen = self.gain(around, first, last) * so2 * response * wet + self.entry.parameter("stray_light")
        seen = seen + self.offset(around)
        closed = self._closed(first, last)
        begins = first == self.oldest()
        closed[0] &= not begins  # at power on the shutter opens at once
        shutter = np.where(closed, hidden.shutter_leak, 1.0)
        lamp = self.light(first, last) * self.warmth(first, last) if self.powered else np.zeros(last - first)
        lamp = lamp * (1.0 + 0.002 * self.wobble("uv_lamp", first, last))
        pmt_c = self.pmt_temperature(around, first, last)
        dark = self.dark_mv(pmt_c)
        light = lamp * self.hv_gain() * shutter * MV_PER_PPB
        detector = self.entry.parameter("uv_lamp") * (1.0 + hidden.reference_error_pct / 100.0)
        lamp_dark = self.entry.parameter("lamp_dark") * (1.0 + _LAMP_DARK_PER_C * around.box_off_c)
        uv = detector * lamp * shutter + lamp_dark
        ends = self._dark_ends(first, last)
        # At power on the shutter has just opened: what is stored is the dark itself.
        dark_pmt = self.carry("pmt_in_the_dark", np.where(ends, light * seen, 0.0) + dark, ends, first)
        dark_lamp = self.carry("lamp_in_the_dark", np.where(ends, uv, lamp_dark), ends, first)
        pmt = light * (seen + self.channel_noise("so2", so2, first, last)) + dark
        ratio = np.maximum((uv - dark_lamp) / self.number("lamp_cal"), _LEAST_RATIO)
        signal = (pmt - dark_pmt) / ratio / self.compensation(expected) / MV_PER_PPB
        opened = ~closed
        norm = MV_PER_PPB * carried(signal, opened, self.before(raw("so2"), first, 0.0))
        observed = {
            "pmt": carried(pmt, opened, self.before("pmt", first, 0.0)),
            "norm_pmt": norm,
            "uv_lamp": carried(uv, opened, self.before("uv_lamp", first, 0.0)),
            "lamp_ratio": carried(100.0 * ratio, opened, self.before("lamp_ratio", first, 0.0)),
            "dark_pmt": dark_pmt,
            "dark_lamp": dark_lamp,
            "hvps": self.high_voltage(first, last),
            "rcell_temp": shown_rcell,
            "box_temp": around.box_shown_c,
            "pmt_temp": pmt_c,
            "pressure": shown_pressure,
            "vacuum": np.full(last - first, self.vacuum_inhg(first * self.step_s) if self.powered else STANDARD_INHG),
            "sample_flow": self.shown_flow(pressure, first, last),
            "holding": closed.astype(float),
            "pmt_in_the_dark": dark_pmt,
            "lamp_in_the_dark": dark_lamp,
        }
        return [signal], observed

    def reported(self) -> Mapping[str, str]:
        """Also the stray light, as the last zero calibration found it."""
        return {**super().reported(), "stray_light": UNIT_OF[Species.SO2]}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """STR. LGT is the offset in the unit of the gas."""
        if quantity == "stray_light":
            return np.full(last - first, self._line("so2", moment)[1] * self.per_offset)
        return super().report(quantity, first, last, moment)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Also a lamp calibration: the present light is 100 % from now on."""
        if name != _CALIBRATE_LAMP:
            return super().act(t_us, step, name, value)
        last = max(t_us // (self.step_s * GRID_US) - 1, 0)
        rows = self.steps.values(last, last + 1)
        present = float(rows[self.rows["uv_lamp"], 0] - rows[self.rows["dark_lamp"], 0])
        return {"lamp_cal": self.checked("lamp_cal", round(present, 1))}
