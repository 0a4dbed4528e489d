"""A TEOM with a filter dynamics measurement system (1405-F): what evaporates from the filter is measured and put back.

Six minutes of sample air (base) and six minutes of the same air behind a filter at 4 deg C (reference) take turns.
In both the filter loses the same; base less reference is what arrived. The firmware takes the slope of the mass within
a phase, never across a switch of the valve: the path alone moves the frequency by a millihertz.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from instruments.air import FloatArray
from instruments.atmosphere import Mode
from instruments.filters import lag
from instruments.particles import teom_element as element
from instruments.particles import teom_firmware as firmware
from instruments.particles import teom_hours as hours
from instruments.particles.teom import Teom
from instruments.particles.teom_air import Prepared, Stretch
from instruments.particles.teom_hidden import FdmsHidden
from instruments.steps import Moment

PHASE = 36
"""Steps of a phase: 6 min (read)."""
_UNSETTLED = 6
"""Steps after a switch that the slope leaves out (choice of this project: the path settles in 8 s)."""
_READY = 6
"""Whole phases after settling before values are shown: 66 to 72 min after a start (read: 60 to 80 min of zeros)."""
_RUNNING = np.array([0.5, *[1.0] * 9, 0.5])
"""Weights of the running hour: every 6 min the latest base and reference value enter, with half weight at both ends
of the hour. Found here in the real 1405-F data: second differences of its base column come in equal pairs."""
_VALVE_SLIP = 0.1
"""Part of the stroke by which the valve may miss its place before bit 5 is set (choice of this project)."""

STATUS_BITS = {
    "sample_humidity": 30, "dryer": 29, "cooler": 28, "exchange_filter": 27, "main_flow": 26, "air_tube_heater": 25,
    "mass_transducer": 24, "vacuum": 7, "cap_or_case_heater": 6, "fdms_valve": 5, "bypass_flow": 4,
    "ambient_sensor": 3, "enclosure_temperature": 1, "power_failure": 0,
}  # fmt: skip
"""Bits of the status word (read: manual's table A-1). User I/O, MFC, head and bus bits have no cause in this model."""

_SHOWN = {
    "concentration": "mc", "concentration_1h": "mc_hour", "concentration_xxh": "mc_xx", "concentration_12h": "mc_12",
    "concentration_24h": "mc_24",
}  # fmt: skip


_UNITS_OF = {
    "base_concentration": "ug/m3", "reference_concentration": "ug/m3", "raw_base": "ug/m3", "raw_reference": "ug/m3",
    "dryer_temp": "deg C", "dryer_dew_point": "deg C", "dryer_humidity": "%", "cooler_temp": "deg C",
    "valve_position": "1",
}  # fmt: skip


class TeomFdms(Teom):
    """TEOM 1405-F."""

    hidden_model = FdmsHidden
    duty = 0.5
    fully_at_work = 3.0
    firmware = "1.74"
    diagnostics = (
        *Teom.sensors, "base_concentration", "reference_concentration", "raw_base", "raw_reference", "dryer_temp",
        "dryer_dew_point", "dryer_humidity", "cooler_temp", "valve_position",
    )  # fmt: skip
    memory = (*Teom.keeps, "cooler_true", "valve_slip", "phase_rate", *_SHOWN.values(), "hour_end")
    bits = tuple(sorted(STATUS_BITS.items()))
    hidden: FdmsHidden

    def reported(self) -> Mapping[str, str]:
        """Concentrations and the status word."""
        return {**dict.fromkeys(_SHOWN, "ug/m3"), "status": "1"}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """What the firmware shows; a value that does not exist yet is 0."""
        if quantity == "status":
            return firmware.word(STATUS_BITS, self.conditions(first, last, moment))
        seen = self.steps.values(first, last)
        offset, factor = moment.settings["constant_a"], moment.settings["constant_b"]
        value = float(offset) + float(factor) * seen[self.rows[_SHOWN[quantity]]]  # type: ignore[arg-type]
        return firmware.shown(np.asarray(value))

    def units(self) -> Mapping[str, str]:
        """Unit of each of the quantities."""
        return {**super().units(), **_UNITS_OF}

    # -- valve, drier, cooler, purge filter -----------------------------------------------------------------------

    def path(self, first: int, last: int) -> FloatArray:
        """Where the valve really stands: it follows its command as far as it moves."""
        stroke = self.share("valve", first, last)
        there = self.hidden.valve_travel * stroke
        back = 1.0 - self.hidden.valve_return * stroke
        return np.asarray(np.where(self._to_reference(first, last), there, back))

    def _to_reference(self, first: int, last: int) -> FloatArray:
        valve = self.settings["valve"]
        if valve == "auto":
            return np.asarray(np.arange(first, last) // PHASE % 2 == 1)
        return np.full(last - first, valve == "reference")

    def leak_on_path(self, path: FloatArray) -> FloatArray:
        """The reference path may leak behind its filter."""
        return np.asarray(self.hidden.leak_reference * path)

    def path_drag(self, first: int, last: int) -> FloatArray:
        """A loaded purge filter drops more pressure."""
        return np.asarray(1.0 / self.share("purge_filter", first, last))

    def prepare(self, steps: Stretch) -> Prepared:
        """Dried air, behind the purge filter without particles and without what condenses at 4 deg C."""
        figures, hidden, around, rows = self.figures, self.hidden, steps.around, steps.rows
        first, last, path = steps.first, steps.last, steps.path
        rows["dryer_temp"] = rows["enclosure_temp"] + 0.0
        self._cool(steps)
        dry = self._dry(steps)
        cold = np.minimum(dry, element.saturation_hpa(rows["cooler_true"]))
        passing = 1.0 - path * figures["purge_efficiency"] * hidden.purge * self.share("purge_filter", first, last)
        # What the purge filter holds at 4 deg C leaves it again when it gets warm, and lands on the filter.
        warm = np.clip((rows["cooler_true"] - figures["cooler_temp"]) / figures["cooler_release_span"], 0.0, 1.0)
        # The valve's place against its command, as its own switch finds it.
        missed = np.abs(path - self._to_reference(first, last))
        rows["valve_slip"] = missed * float(self.powered)
        rows["valve_position"] = (path > 0.5).astype(np.float64)
        added = path * warm * around.mass[Mode.VOLATILE]
        return Prepared(dry + path * (cold - dry), np.asarray(passing), np.asarray(added))

    def _cool(self, steps: Stretch) -> None:
        figures, enclosure = self.figures, steps.rows["enclosure_temp"]
        reach = enclosure - figures["cooler_reach"] * self.hidden.cooler * self.powered
        target = np.maximum(figures["cooler_temp"], reach)
        start = self.before("cooler_true", steps.first, float(target[0] if self.warm_at_start else enclosure[0]))
        keep = element.decay(self.step_s, figures["cooler_time"])
        true = lag(target[None, :], np.array([start]), keep)[0]
        noise = figures["cooler_noise"] * self.white("cooler", steps.first, steps.last)
        steps.rows["cooler_true"], steps.rows["cooler_temp"] = true, np.round(true + noise, 3)

    def _dry(self, steps: Stretch) -> FloatArray:
        """Water vapour behind the drier, hPa; its outside is swept with sample air at the pump's pressure."""
        figures, around, rows = self.figures, steps.around, steps.rows
        first, last = steps.first, steps.last
        wet = around.humidity_pct / 100.0 * element.saturation_hpa(around.outside_c)
        taken = figures["dryer_efficiency"] * self.hidden.dryer * self.share("dryer", first, last)
        sweep = self.hidden.pump_fraction * self.share("pump", first, last) * float(self.settings["pump"] is True)
        left = (1.0 - np.minimum(taken, 1.0)) * wet + figures["dryer_floor"] / np.maximum(sweep, 0.05)
        vapour = np.minimum(left, wet) if self.powered else wet
        noise = figures["dew_point_noise"] * self.white("dryer", first, last)
        rows["dryer_dew_point"] = np.round(element.dew_point_c(vapour) + noise, 3)
        rows["dryer_humidity"] = np.minimum(100.0 * vapour / element.saturation_hpa(rows["dryer_temp"]), 100.0)
        return np.asarray(vapour)

    # -- firmware -------------------------------------------------------------------------------------------------

    def steady_rate(self) -> float:
        """Mass rate before the epoch: none is assumed, base and reference take turns."""
        return 0.0

    def compute(self, steps: Stretch) -> None:
        """Phases, the running hour, and the means of the hours."""
        firmware.weigh(self, steps)
        first, last, rows = steps.first, steps.last, steps.rows
        if first == 0:
            self._pads = self._before_epoch()
        pads, (low, high) = self._pads, firmware.periods(first, last, PHASE)
        count = high - low
        age = rows["age"][(np.arange(low, high) + 1) * PHASE - 1 - first]
        rates = self._phase_rates(steps, age)
        past = firmware.earlier(self, "phase_rate", low, len(_RUNNING), PHASE, lambda k: pads[k % 2])
        every = np.concatenate([past, rates])
        number = np.arange(low - len(_RUNNING), high)
        previous = np.concatenate([[np.nan], every[:-1]])
        ready = age >= firmware.SETTLING + _READY * PHASE
        rows["phase_rate"] = firmware.held(self, "phase_rate", steps, PHASE, rates, pads[1])
        shown = {}
        for odd, label in enumerate(("base", "reference")):
            latest = np.where(number % 2 == odd, every, previous)
            shown[label] = np.where(ready, firmware.mean_of_last(latest, _RUNNING, count), np.nan)
            pad = float(firmware.shown(np.array(pads[odd])))
            for name, values in (
                (f"{label}_concentration", shown[label]),
                (f"raw_{label}", latest[len(latest) - count :]),
            ):
                rows[name] = firmware.held(self, name, steps, PHASE, firmware.shown(values), pad)
        mc = shown["base"] - shown["reference"]
        rows["mc"] = firmware.held(self, "mc", steps, PHASE, mc, pads[0] - pads[1])
        spans = {"mc_12": 12, "mc_24": 24, "mc_xx": int(self.number("xx_hours"))}
        hours.file_hours(self, steps, lambda end: float(rows["mc"][end - first]), spans, pads[0] - pads[1])
        settled = rows["age"] >= firmware.SETTLING
        full = (rows["age"] >= firmware.SETTLING + _READY * PHASE) & np.isfinite(rows["mc"])
        rows["operating_mode"] = np.where(full, 3.0, np.where(settled, 2.0, 1.0)) * float(self.sampling)

    def _phase_rates(self, steps: Stretch, age: FloatArray) -> FloatArray:
        """Slope of the mass within each phase that ends here, as a concentration."""
        inverse, flow = firmware.whole(self, "inverse", steps, PHASE), firmware.whole(self, "sample_flow", steps, PHASE)
        points = PHASE - _UNSETTLED
        lever = np.arange(points) - 0.5 * (points - 1)
        lever = lever / (float(np.square(lever).sum()) * self.step_s)
        slope, litres = np.zeros(len(inverse)), np.zeros(len(inverse))
        for point in range(points):
            slope += lever[point] * (inverse[:, _UNSETTLED + point] - inverse[:, _UNSETTLED])
            litres += flow[:, _UNSETTLED + point] / points
        rate = self.number("k0") * element.UG_PER_G * slope * firmware.UG_M3_PER_RATE / np.maximum(litres, 0.1)
        return np.where(age >= firmware.SETTLING + PHASE, rate, np.nan)

    def _before_epoch(self) -> tuple[float, float]:
        """Base and reference concentration before the epoch: in balance with the air of its first minute."""
        if not self.warm_at_start:
            return np.nan, np.nan
        mass = self.epoch_mass()
        lost = self.duty * float(mass[Mode.VOLATILE])
        return float(mass.sum()) - lost, -lost

    def conditions(self, first: int, last: int, moment: Moment) -> Mapping[str, FloatArray]:
        """Status conditions by name, 0 or 1 per step."""
        found = firmware.conditions(self, first, last, moment)
        seen, figures = self.steps.values(first, last), self.figures
        cooler = np.abs(seen[self.rows["cooler_temp"]] - figures["cooler_temp"]) > figures["cooler_tolerance"]
        found["cooler"] = cooler.astype(np.float64)
        found["dryer"] = (seen[self.rows["dryer_dew_point"]] > figures["dew_point_limit"]).astype(np.float64)
        found["sample_humidity"] = (seen[self.rows["dryer_humidity"]] >= figures["humidity_limit"]).astype(np.float64)
        found["fdms_valve"] = (seen[self.rows["valve_slip"]] > _VALVE_SLIP).astype(np.float64)
        return found
