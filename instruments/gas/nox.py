"""NO and NOx by chemiluminescence with a molybdenum converter (Thermo 42i)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import UNIT_OF, FloatArray, Species
from instruments.device import Value
from instruments.filters import lag
from instruments.gas.base import span_share
from instruments.gas.detector import Detector, raw
from instruments.gas.hidden import ConverterHidden, NoxHidden
from instruments.gas.stages import STEP_US, Surroundings
from instruments.gas.thermo import ThermoAnalyzer
from instruments.steps import Moment

_CALIBRATE_NO2 = "calibrate_no2_coef"
_FLUSH_S = 3
"""Seconds after a turn of the solenoid that are not counted (manual of the 42i Low Source, p. 8-5, read)."""
WATER_QUENCH = 3.5e-3
"""Loss of signal per mmol/mol of water in an undried instrument (Boylan et al. 2014: 4.15e-3; reported)."""
PAN_SHARE = 0.95
"""Part of peroxyacetyl nitrate that molybdenum turns into NO, over that of NO2 (physics notes, 1.4; recalled)."""
_PRESSURE, _TEMPERATURE_K, _ZERO_C = 200.0, 322.65, 273.15
_FROZEN_PRESSURE = 300.0
"""mmHg shown as used while pressure compensation is off (42i Trace Level manual, p. B-20, read)."""
DARK_DOUBLES_C = 6.0
"""Warming that doubles the photomultiplier's dark current: 5 to 7 degrees (recalled)."""
_LIGHT_OFF_C, _LIGHT_WIDTH_C = 260.0, 12.0
"""Temperature at which the molybdenum has lost half of its power, and how sharply (assumed)."""


OZONE_LOST, FILM, _DAMP_NOISE = 0.008, 0.01, 0.15
"""Of moist air in the ozone generator, per mmol/mol of its water: ozone lost, flow lost on the film of nitric acid,
and noise added (assumed; a spent dryer: drift, noise, nitric acid on humid days, recalled)."""
_RETAINED_S = 1500.0
"""Time in which a wet or dirty converter lets go what it holds: 20 to 30 min (reported: an hour to equilibrium)."""


class Chemiluminescence(Detector):
    """A converter that may be wet, a drier that may be spent: what NOx analyzers of all families have."""

    memory: ClassVar[tuple[str, ...]] = ("retained",)
    hidden: ConverterHidden  # type: ignore[assignment]  # an analyzer's hidden truth with a converter's beside it

    def after_converter(self, converted: FloatArray, first: int) -> tuple[FloatArray, FloatArray]:
        """Converted NO2 that leaves the converter at each step, and what its wet part lets go (to be remembered)."""
        begin = np.array([self.before("retained", first, float(converted[0]))])
        retained = lag(converted[None], begin, math.exp(-self.step_s / _RETAINED_S))[0]
        wet = self.hidden.converter_wet
        return np.asarray((1.0 - wet) * converted + wet * retained), retained

    def ozone_damp(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Water that the drier leaves in the air of the ozone generator, mmol/mol."""
        return np.asarray(self._spent(first, last) * around.room_water)

    def _spent(self, first: int, last: int) -> FloatArray:
        return np.asarray(1.0 - self.hidden.ozone_dryer * self.share("dryer", first, last))

    def noise_size(self, level: FloatArray, first: int, last: int) -> FloatArray:
        """More of it when the ozone is made in damp air."""
        water = self.room(first * self.step_s, last * self.step_s).fractions[Species.H2O][
            self.step_s - 1 :: self.step_s
        ]
        return np.asarray(
            super().noise_size(level, first, last) * (1.0 + _DAMP_NOISE * self._spent(first, last) * water)
        )


def converting(temperature_c: FloatArray) -> FloatArray:
    """Share of its power that the molybdenum has at ``temperature_c``."""
    return np.asarray(1.0 / (1.0 + np.exp((_LIGHT_OFF_C - temperature_c) / _LIGHT_WIDTH_C)))


def _response(pressure_mmhg: FloatArray, chamber_c: FloatArray) -> FloatArray:
    """Light per mole fraction over that at reference conditions: quenched by pressure, thinned by heat."""
    return np.asarray((pressure_mmhg / _PRESSURE) ** -0.4 * _TEMPERATURE_K / (chamber_c + _ZERO_C))


class NoxAnalyzer(Chemiluminescence, ThermoAnalyzer):
    """One cell, one photomultiplier, two ways to it: NO in even steps of ten seconds, NOx in odd ones.

    Each channel holds its last value while the other is measured, so NO2 spikes in a fast plume as on a real unit.
    """

    channels = ("no", "nox")
    fresh_steps_per_minute = 3
    gas = Species.NO
    answers_to = (Species.NO, Species.NO2, Species.PAN, Species.H2O)
    hidden_model = NoxHidden
    hidden: NoxHidden
    diagnostics = (
        "internal_temp", "chamber_temp", "cooler_temp", "converter_temp", "pressure", "pressure_actual", "sample_flow",
        "ozonator_flow", "pmt_voltage",
    )  # fmt: skip

    def _equip(self) -> None:
        super()._equip()
        self.actions = (*self.actions, _CALIBRATE_NO2)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Also the factor of NO2 can be made to show the span target."""
        if name != _CALIBRATE_NO2:
            return super().act(t_us, step, name, value)
        last = max(t_us // STEP_US - 1, 0)
        shown = float(self.report("no2", last, last + 1, self.moment(t_us))[0])
        factor = self.number("no2_coef") * span_share(shown, self.number("span_concentration"))
        return {"no2_coef": self.checked("no2_coef", round(factor, 4))}

    def sense(self, around: Surroundings, first: int, last: int) -> tuple[list[FloatArray], dict[str, FloatArray]]:
        """Light of NO with ozone; on the NOx way the converter turns NO2 into NO as far as it is good and hot."""
        chamber = self.heated(around, "chamber_temp", first, last)
        converter = self.heated(around, "converter_temp", first, last, 0.3)
        converter = around.room_c + (converter - around.room_c) * self.hidden.converter_heater
        pump = self.pump(first * self.step_s)
        pressure = (
            np.minimum(_PRESSURE / pump, around.pressure_mmhg)
            + 0.01 * (around.pressure_mmhg - 760.0)
            + 0.1 * self.wobble("pressure", first, last)
        )
        power = converting(converter) / converting(np.full_like(converter, self.entry.parameter("converter_temp")))
        efficiency = self.hidden.converter_efficiency * self.share("converter", first, last) * power
        lit = 1.0 if self.settings["ozonator"] and self.powered else 0.0
        shown_chamber = self.measured_temperature("chamber_temp", chamber)
        shown_pressure = self.measured_pressure("pressure", pressure)
        used_chamber, used_pressure = self.compensating(
            shown_chamber, shown_pressure, _TEMPERATURE_K - _ZERO_C, _PRESSURE
        )
        wet = 1.0 - WATER_QUENCH * around.mean(Species.H2O, _FLUSH_S)
        response = _response(pressure, chamber) / _response(used_pressure, used_chamber)
        damp = self.ozone_damp(around, first, last)
        sensitivity = (
            lit
            * self.hidden.ozone_fraction
            * (1.0 - OZONE_LOST * damp)
            * self.gain(around, first, last)
            * wet
            * response
        )
        cooling = self.warmth(first, last) * self.hidden.cooler_fraction
        cooler_set = self.entry.parameter("cooler_temp")
        cooler = around.box_c + (cooler_set - around.box_c) * cooling + 0.02 * self.wobble("cooler_temp", first, last)
        current = np.exp2((cooler - cooler_set) / DARK_DOUBLES_C)
        dark = self.entry.parameter("dark_signal") * current + self.offset(around)
        no = around.mean(Species.NO, _FLUSH_S)
        no2 = around.mean(Species.NO2, _FLUSH_S) + PAN_SHARE * around.mean(Species.PAN, _FLUSH_S)
        converted, retained = self.after_converter(efficiency * no2, first)
        seen = [
            sensitivity * self.bent(no) + dark,
            sensitivity * self.bent(no + converted) + dark,
        ]
        observed = {
            "internal_temp": around.box_shown_c,
            "chamber_temp": shown_chamber,
            "cooler_temp": cooler,
            "converter_temp": converter,
            "pressure": used_pressure if self.settings["pres_comp"] else np.full_like(pressure, _FROZEN_PRESSURE),
            "pressure_actual": shown_pressure,
            "sample_flow": self.flow_lpm(first * self.step_s) + 0.003 * self.wobble("sample_flow", first, last),
            "ozonator_flow": self.entry.parameter("ozonator_flow") * lit * (1.0 - FILM * damp)
            + 0.0005 * self.wobble("ozonator_flow", first, last),
            "pmt_voltage": self.entry.parameter("pmt_voltage") + 0.3 * self.wobble("pmt_voltage", first, last),
            "retained": retained,
        }
        return seen, observed

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps; each channel shows its last own step while the other one is measured."""
        rows = super().detect(first, last)
        for parity in (0, 1):
            stale = np.flatnonzero(np.arange(first, last) % 2 != parity)
            if len(stale) and stale[0] == 0:
                if first > 0:
                    rows[parity, 0] = self.before(raw(self.channels[parity]), first, 0.0)
                stale = stale[1:]
            rows[parity, stale] = rows[parity, stale - 1]
        return rows

    def reported(self) -> Mapping[str, str]:
        """NO, NOx, and NO2 as their difference times the stored factor."""
        return {**super().reported(), "no2": UNIT_OF[Species.NO2]}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """NO2 is what NOx shows above NO."""
        if quantity != "no2":
            return super().report(quantity, first, last, moment)
        difference = super().report("nox", first, last, moment) - super().report("no", first, last, moment)
        return np.asarray(difference * float(moment.settings["no2_coef"]))  # type: ignore[arg-type]
