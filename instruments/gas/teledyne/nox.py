"""NO and NOx by chemiluminescence with an auto-zero and a stored converter factor (Teledyne T200)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from instruments.air import UNIT_OF, FloatArray, Species
from instruments.gas.detector import raw
from instruments.gas.nox import FILM, OZONE_LOST, PAN_SHARE, WATER_QUENCH, Chemiluminescence, converting
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.adaptive import BoolArray, carried
from instruments.gas.teledyne.base import STANDARD_INHG, density
from instruments.gas.teledyne.hidden import T200Hidden
from instruments.gas.teledyne.photomultiplier import MV_PER_PPB, PhotomultiplierAnalyzer
from instruments.steps import Moment

_FLUSH_S = 2
"""Of the four seconds of a turn the first ones are not counted (assumed); four: manual of the 9110T, 13.9.1 (read)."""
_MINUTE = 15
"""Turns in a minute. The last one is the auto-zero (every minute or so, some seconds: recalled)."""
_REACTION = 5.0
"""ln of what the cell leaves of the NO at nominal ozone, so that 99.3 % of it reacts (assumed)."""
_WEATHER = 0.1
"""Change of the cell's pressure with the ambient one: 0.3 inHg with the weather (200AH manual, reported)."""
_QUENCHING = -0.4
"""Exponent of the signal's fall with pressure: 0.3 to 0.5 % per 1 % (recalled)."""


class TeledyneNox(Chemiluminescence, PhotomultiplierAnalyzer):
    """Four seconds of NO, four of NOx, and once a minute neither: what is seen then is subtracted until the next time.

    The stored converter factor scales NO2 and NOx: NO2 = (NOx channel - NO) / CE, NOx = NO + NO2 (manuals 9110T p. 293
    and M201E p. 49, read). Test functions: ``sample_flow`` SAMP FLW, ``ozone_flow`` OZONE FL, ``pmt`` PMT,
    ``norm_pmt`` NORM PMT, ``azero`` AZERO, ``hvps`` HVPS, ``rcell_temp`` RCELL TEMP, ``box_temp`` BOX TEMP,
    ``pmt_temp`` PMT TEMP, ``moly_temp`` MOLY TEMP, ``rcell_pressure`` RCEL, ``pressure`` SAMP; settings ``nox_slope``,
    ``nox_offset``, ``no_slope``, ``no_offset`` NOX SLOPE, NOX OFFS, NO SLOPE, NO OFFS, ``ce_factor`` CE FACTOR.
    """

    step_s = 4
    channels = ("no", "nox")
    gas = Species.NO
    answers_to = (Species.NO, Species.NO2, Species.PAN, Species.H2O)
    hidden_model = T200Hidden
    hidden: T200Hidden
    fresh_s, sample_s, longest_hold = 8.0, 8.0, 3
    diagnostics = (
        "pmt", "norm_pmt", "azero", "hvps", "rcell_temp", "box_temp", "pmt_temp", "moly_temp", "rcell_pressure",
        "pressure", "sample_flow", "ozone_flow", "holding",
    )  # fmt: skip
    memory = ("zero_light", "retained")

    def measured(self, channel: str, first: int, last: int) -> BoolArray:
        """NO in even turns of a minute, NOx in odd ones, neither in the last."""
        turn = np.arange(first, last) % _MINUTE
        return np.asarray((turn % 2 == (channel == "nox")) & (turn != _MINUTE - 1))

    def vacuum_inhg(self, second: int) -> float:
        """The reaction cell is behind the critical orifice."""
        return min(self.entry.parameter("rcell_pressure") / self.pump(second), STANDARD_INHG)

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light of NO with ozone in a thin gas; on the NOx way the converter turns NO2 into NO as far as it is hot."""
        hidden = self.hidden
        count = last - first
        rcell = self.heated(around, "rcell_temp", first, last)
        moly = self.heated(around, "moly_temp", first, last, 0.3, self.hidden.moly_heater_fraction)
        ambient = around.pressure_mmhg / 25.4
        if self.powered:
            second = first * self.step_s
            cell = self.vacuum_inhg(second) + _WEATHER * (ambient - STANDARD_INHG) * self.pump(second)
        else:
            cell = ambient
        cell = cell + 0.02 * self.wobble("rcell_pressure", first, last)
        shown_rcell = self.measured_temperature("rcell_temp", rcell)
        shown_cell = self.measured_inhg(cell)
        damp = self.ozone_damp(around, first, last)
        ozone = self._ozone() * hidden.ozone_flow_fraction * (1.0 - OZONE_LOST * damp)
        yielded = np.expm1(-_REACTION * ozone) / math.expm1(-_REACTION)
        wet = 1.0 - WATER_QUENCH * around.mean(Species.H2O, _FLUSH_S)
        sensitivity = yielded * self.gain(around, first, last) * wet * self._response(cell, rcell)
        power = converting(moly) / converting(np.full(count, self.entry.parameter("moly_temp")))
        efficiency = hidden.converter_efficiency * self.share("converter", first, last) * power
        no = around.mean(Species.NO, _FLUSH_S)
        no2 = around.mean(Species.NO2, _FLUSH_S) + PAN_SHARE * around.mean(Species.PAN, _FLUSH_S)
        converted, retained = self.after_converter(efficiency * no2, first)
        glow = self.entry.parameter("background") / MV_PER_PPB * ozone + self.offset(around)
        turn = np.arange(first, last) % _MINUTE
        zeroing = np.asarray(turn == _MINUTE - 1)
        pmt_c = self.pmt_temperature(around, first, last)
        dark = self.dark_mv(pmt_c)
        light = MV_PER_PPB * self.hv_gain()
        nothing = dark + light * hidden.autozero_leak * sensitivity * no
        begins = first == self.oldest()
        azero = self.carry("zero_light", np.where(zeroing, nothing, dark), zeroing, first)
        expected = self.compensation(self._response(shown_cell, shown_rcell))
        signals = []
        for channel, gas in (("no", no), ("nox", no + converted)):
            seen = sensitivity * self.bent(gas)
            seen = seen + glow + self.channel_noise(channel, seen, first, last)
            signals.append((light * seen + dark - azero) / MV_PER_PPB / expected)
        odd = self.measured("nox", first, last)
        pmt = np.where(zeroing, nothing, np.where(odd, signals[1], signals[0]) * expected * MV_PER_PPB + azero)
        odd[0] |= begins
        norm = MV_PER_PPB * carried(signals[1], odd, self.before(raw("nox"), first, 0.0))
        pressure = self.sample_pressure(around, first, last)
        observed = {
            "pmt": pmt,
            "norm_pmt": norm,
            "azero": azero,
            "hvps": self.high_voltage(first, last),
            "rcell_temp": shown_rcell,
            "box_temp": around.box_shown_c,
            "pmt_temp": pmt_c,
            "moly_temp": moly,
            "rcell_pressure": shown_cell,
            "pressure": self.measured_inhg(pressure),
            "sample_flow": self.shown_flow(pressure, first, last),
            "ozone_flow": self.entry.parameter("ozone_flow")
            * self._ozone_drawn(first * self.step_s)
            * (1.0 - FILM * damp)
            + 0.0005 * self.wobble("ozone_flow", first, last),
            "holding": zeroing.astype(float),
            "zero_light": azero,
            "retained": retained,
        }
        return signals, observed

    def _ozone(self) -> float:
        """Ozone in the cell over nominal."""
        return self.hidden.ozone_fraction if self.settings["ozonator"] and self.powered else 0.0

    def _ozone_drawn(self, second: int) -> float:
        """Flow of ozone air over nominal: through an orifice of its own, whether it holds ozone or not."""
        return self.hidden.ozone_flow_fraction * self.sonic_share(second) * float(self.powered)

    def _response(self, cell_inhg: FloatArray, cell_c: FloatArray) -> FloatArray:
        """Light per mole fraction over that at reference conditions: quenched by pressure, thinned by heat."""
        reference = self.entry.parameter("rcell_pressure")
        thin = density(np.full_like(cell_c, reference), cell_c, reference, self.entry.parameter("rcell_temp"))
        return np.asarray((cell_inhg / reference) ** _QUENCHING * thin)

    def reported(self) -> Mapping[str, str]:
        """NO, NOx, and NO2, which is what NOx shows above NO."""
        return {**super().reported(), "no2": UNIT_OF[Species.NO2]}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """The converter factor divides what the NOx channel shows above the NO channel, in NO2 and in NOx."""
        if quantity not in ("nox", "no2"):
            return super().report(quantity, first, last, moment)
        no = self.corrected("no", first, last, moment)
        converted = (self.corrected("nox", first, last, moment) - no) / float(moment.settings["ce_factor"])  # type: ignore[arg-type]
        return np.asarray(converted if quantity == "no2" else no + converted)

    def stability_of(self, moment: Moment) -> str:
        """The reading that the setting chooses."""
        return str(moment.settings["stabil_gas"])
