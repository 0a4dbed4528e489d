"""The classic TEOM 1400a: 50 deg C, no drier, exponential smoothing of mass and rate; what is volatile gets lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Mode
from instruments.particles import teom_element as element
from instruments.particles import teom_firmware as firmware
from instruments.particles import teom_hours as hours
from instruments.particles.teom import Teom
from instruments.particles.teom_air import Prepared, Stretch
from instruments.steps import Moment

_READY = 60
"""Steps after settling before concentrations are shown: two smoothing times (choice of this project)."""
_FULL = 360
"""Steps after a start before the unit is fully at work: 1 h (recalled: the first hour after a filter is void)."""
_LONG_MEANS = {"mc_8": 8, "mc_24": 24}
"""Hours of the long means."""

STATUS_BITS = {"mass_transducer": 0, "temperature": 1, "flow": 2, "exchange_filter": 3, "power_failure": 4}
"""Bits of the status condition: M 1, T 2, F 4, X 8, voltage 16 (recalled)."""

_SHOWN = {
    "concentration": "mc", "concentration_30min": "mc_half", "concentration_1h": "mc_hour", "concentration_8h": "mc_8",
    "concentration_24h": "mc_24",
}  # fmt: skip


class Teom1400(Teom):
    """TEOM 1400a, for PM10 or, with a cyclone, PM2.5."""

    firmware = "3.20"
    fully_at_work = 4.0
    bits = tuple(sorted(STATUS_BITS.items()))
    memory = (*Teom.keeps, *_SHOWN.values(), "half_end", "hour_end")
    filed: ClassVar[Mapping[str, str]] = {**Teom.filed, "half_hour_s": "half_end"}

    def reported(self) -> Mapping[str, str]:
        """Concentrations and the status word."""
        return {**dict.fromkeys(_SHOWN, "ug/m3"), "status": "1"}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """What the firmware shows: constant A plus constant B times what it found; 0 where there is nothing yet."""
        if quantity == "status":
            return firmware.word(dict(self.bits), self.conditions(first, last, moment))
        seen = self.steps.values(first, last)
        offset, factor = moment.settings["constant_a"], moment.settings["constant_b"]
        value = float(offset) + float(factor) * seen[self.rows[_SHOWN[quantity]]]  # type: ignore[arg-type]
        return firmware.shown(np.asarray(value))

    def prepare(self, steps: Stretch) -> Prepared:
        """Outside air as it is: the heaters alone keep the filter dry."""
        around = steps.around
        vapour = around.humidity_pct / 100.0 * element.saturation_hpa(around.outside_c)
        return Prepared(np.asarray(vapour), np.ones(len(steps)), np.zeros(len(steps)))

    def steady_rate(self) -> float:
        """Mass rate before the epoch, ug/s."""
        return 0.0 if np.isnan(self._pad) else self._pad * self.number("main_flow_set") / firmware.UG_M3_PER_RATE

    def _before_epoch(self) -> float:
        """Concentration before the epoch: in balance with the air of its first step; what is volatile is lost."""
        mass = self.epoch_mass()
        return float(mass.sum() - mass[Mode.VOLATILE]) if self.warm_at_start else float("nan")

    def compute(self, steps: Stretch) -> None:
        """Concentration from the smoothed rate; means of half hours, hours, 8 h and 24 h."""
        if steps.first == 0:
            self._pad = self._before_epoch()
        firmware.weigh(self, steps)
        rows = steps.rows
        age = rows["age"]
        rate = rows["smooth_rate"] * firmware.UG_M3_PER_RATE / rows["sample_flow"]
        rows["mc"] = np.where(age >= firmware.SETTLING + _READY, rate, np.nan)
        hours.file_halves(self, steps, self._pad)
        hours.file_hours(
            self, steps, lambda end: hours.mean_until(self, "mc", steps, end, hours.HOUR), _LONG_MEANS, self._pad
        )  # fmt: skip
        mode = np.where(age >= _FULL, 4.0, np.where(age >= firmware.SETTLING, 2.0, 1.0))
        rows["operating_mode"] = mode * float(self.sampling)

    def conditions(self, first: int, last: int, moment: Moment) -> Mapping[str, FloatArray]:
        """Status conditions by name, 0 or 1 per step."""
        found = firmware.conditions(self, first, last, moment)
        return {
            "mass_transducer": found["mass_transducer"],
            "temperature": np.maximum(found["air_tube_heater"], found["cap_or_case_heater"]),
            "flow": np.maximum(found["main_flow"], found["bypass_flow"]),
            "exchange_filter": found["exchange_filter"],
            "power_failure": found["power_failure"],
        }
