"""Thermo 5014i: the counter stands over the spot while air is drawn, so mass is known every minute.

A concentration is the slope of the mass over time, divided by the flow: over the averaging time for the running value,
over the clock hour for the hourly one (straight lines with an offset of their own for each spot). A fresh spot comes on
schedule, when the spot is full or when it throttles the flow (read, of the FH62C14 of the same maker: every 24 h, above
1500 ug, at 5 % less flow). Radon's daughters on the spot give beta counts; alpha counts tell how many (read: 5030i
manual p. 1-7). That the slope is a least-squares one is this project's choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.device import Value
from instruments.particles.beta import BetaMonitor
from instruments.particles.continuous_state import DEFAULTS, FIELDS, SHOWN, Running, row
from instruments.particles.counting import counts
from instruments.particles.flow import FlowWatch
from instruments.particles.hidden import ContinuousHidden
from instruments.particles.sampling import Around
from instruments.particles.slopes import pooled_slope, running_slope
from instruments.particles.spot import Spot
from instruments.signal import OrnsteinUhlenbeck, WhiteNoise
from instruments.steps import SECOND_US, Moment

_HOUR, _DAY = 60, 1440
_SLIP_MINUTE, _SLIP = 40, 5
"""Minute of the hour at which a clock that drifts makes it a minute shorter or longer, and minutes by which hours may
lie off their places before they are no longer those of one day (this project's choices)."""
_QUIET = ("flow", "count_rate", "pressure_drop")
"""Alarms that mean nothing while the filter changes."""


class Continuous(BetaMonitor):
    """The 5014i for PM10 or PM2.5."""

    hidden_model: ClassVar[type[ContinuousHidden]] = ContinuousHidden
    hidden: ContinuousHidden
    firmware = "02.00.00"
    diagnostics = (*SHOWN, *BetaMonitor.surroundings)
    memory = tuple(name for name in FIELDS if name not in SHOWN)
    actions = (*BetaMonitor.actions, "change_filter")
    report_only = frozenset({"mode", "instrument_id", "gas_unit"})

    def _equip(self) -> None:
        super()._equip()
        self._radon = OrnsteinUhlenbeck(self.seed, f"{self.name}/radon", 6.0 * 3600.0)
        self._alpha_noise = WhiteNoise(self.seed, f"{self.name}/alpha")
        self._places = np.array([self.rows[name] for name in FIELDS])

    # -- minutes --------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the minutes ``first`` to ``last``: run after run of minutes of the same phase."""
        around = self.around(first, last)
        state = Running(**{name: self.before(name, first, default) for name, default in DEFAULTS.items()})
        state.ahead = self.before("ahead", first, self.minutes_ahead(0))
        if first == 0 and self.warm_at_start:  # as if the day before had been like the first minute
            found = self.found_in(around, int(self.number("change_interval")) * _HOUR)
            state.concentration = state.concentration_1h = state.concentration_24h = found
            state.hour_valid, state.record_s = 1.0, 0.0 - 60.0 * (int(state.ahead) % _HOUR)
        out = np.empty((len(self.rows), last - first))
        for name, values in around.rows.items():
            out[self.rows[name]] = values
        begin = 0
        while begin < last - first:
            end = last - first
            minute = first + begin + int(state.ahead)
            if minute % _HOUR == _SLIP_MINUTE and self.powered:
                state.ahead = self.minutes_ahead(first + begin)
                minute = first + begin + int(state.ahead)
            state.idle()
            varying: dict[str, FloatArray] = {}
            if self.powered:
                end = min(end, begin + next(m for m in (_SLIP_MINUTE, _HOUR) if m > minute % _HOUR) - minute % _HOUR)
                varying = self._powered(state, around, begin, end, minute)
                end = begin + len(next(iter(varying.values())))
            out[self._places, begin:end] = np.array(row(state))[:, None]
            for name, values in varying.items():
                out[self.rows[name], begin:end] = values
                setattr(state, name, float(values[-1]))
            if self.powered:
                self._running(state, out, first, begin, end)
                if (minute + end - begin) % _HOUR == 0:
                    self._hour(state, out, first, end)
                    out[self._places, end - 1] = row(state)
            begin = end
        return out

    def _powered(self, state: Running, around: Around, begin: int, end: int, minute: int) -> dict[str, FloatArray]:
        """Minutes of one phase, at most ``begin`` to ``end``: rows that differ from minute to minute."""
        part = slice(begin, end)
        if self.settings["maintenance"]:
            state.left, state.age = -1.0, 0.0  # a fresh spot when it is over
            return self._maintenance(state, around, part)
        due, every = int(self.number("change_hour")) * _HOUR, int(self.number("change_interval")) * _HOUR
        moves = state.left < 0.0 or (state.age > 0.0 and (minute - due) % every == 0)
        state.tape_fault = float(self.hidden.tape_broken or (moves and around.tape[begin] <= 0.0))
        if state.tape_fault:
            state.left, state.age = -1.0, 0.0
            return {"changing": np.ones(end - begin)}
        if moves:
            state.fresh(self._p["move_minutes"] + self._p["clean_minutes"])
        if state.left > 0.0:
            return self._change(state, around, slice(begin, min(end, begin + int(state.left))))
        ahead = (due - minute) % every or every
        return self._measure(state, around, slice(begin, min(end, begin + ahead)))

    def _change(self, state: Running, around: Around, part: slice) -> dict[str, FloatArray]:
        """The tape moves; then the clean spot is counted."""
        left = state.left - np.arange(1.0, part.stop - part.start + 1.0)
        counting = left < self._p["clean_minutes"]
        found = np.where(counting, self.counted(around, part, 0.0, self.tape_rate(int(state.spot))), 0.0)
        return {
            "left": left, "changing": np.ones(len(left)), "clean_counts": state.clean_counts + np.cumsum(found),
            "count_rate": found / 60.0,
        }  # fmt: skip

    def _measure(self, state: Running, around: Around, part: slice) -> dict[str, FloatArray]:
        """Air through the spot, and counts of it."""
        p, hidden = self._p, self.hidden
        watch = FlowWatch(
            self.number("flow_setpoint"), math.inf, state.off_5, state.off_10, failure_ends=False,
            warning_ends_ug=p["throttled_load"],
        )  # fmt: skip
        spot = Spot(state.solid, state.volatile, state.hygroscopic, state.load)
        drawn = self.path().sample(around, part.start, part.stop, spot, watch)
        count = len(drawn.shown)
        part = slice(part.start, part.start + count)
        daughters, alpha, alpha_mean = self._alpha(state, around, part, drawn.inlet)
        age = state.age + np.arange(1.0, count + 1.0)
        load = drawn.loads.load + hidden.static_ug * (age / _HOUR)
        extra = 60.0 * p["beta_per_radon"] * daughters
        found = self.counted(around, part, load, self.tape_rate(int(state.spot)), extra)
        corrected = np.maximum(found - self.number("alpha_factor") * alpha_mean, 1.0)
        clean = max(state.clean_counts / p["clean_minutes"], 1.0)
        mass = (1000.0 * p["area"] / self.number("mu")) * np.log(clean / corrected)
        full = np.nonzero(mass >= self.number("mass_limit"))[0]
        taken = int(full[0]) + 1 if len(full) else count
        ended = len(full) > 0 or self._throttled(drawn.warned, drawn.loads.load)
        left = np.zeros(taken)
        left[-1] = -1.0 if ended else 0.0
        rows = {
            "flow": drawn.shown, "inlet_flow": drawn.inlet, "told": drawn.shown * around.told[part],
            "pressure_drop": drawn.drop, "solid": drawn.loads.solid, "volatile": drawn.loads.volatile,
            "hygroscopic": drawn.loads.hygroscopic, "load": drawn.loads.load, "off_5": drawn.off_5,
            "off_10": drawn.off_10, "daughters": daughters, "alpha_rate": alpha / 60.0, "alpha_mean": alpha_mean,
            "radon": alpha_mean / 60.0 / p["alpha_per_radon"], "age": age, "mass": mass, "count_rate": found / 60.0,
            "changing": np.zeros(count),
        }  # fmt: skip
        return {name: values[:taken] for name, values in rows.items()} | {"left": left}

    def _throttled(self, warned: FloatArray, load: FloatArray) -> bool:
        """Whether the last minute's load throttles the flow: the sample has ended with it."""
        return bool(warned[-1] > 0.0 and load[-1] >= self._p["throttled_load"])

    def _alpha(
        self, state: Running, around: Around, part: slice, inlet: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Radon's daughters on the spot, Bq/m3 that they stand for; alpha counts of each minute, and their mean."""
        p = self._p
        stay, smooth = math.exp(-1.0 / p["daughter_minutes"]), math.exp(-1.0 / p["alpha_minutes"])
        first = int(around.steps[part.start])
        logs = p["radon_log_sd"] * self._radon.values(first, first + len(inlet))
        fresh = self.hidden.radon_factor * p["radon_median"] * np.exp(logs) * (inlet / p["design_flow"])
        if self._zero_filter:
            fresh = np.zeros_like(fresh)  # the daughters sit on particles
        held, daughters = state.daughters, []
        for value in fresh.tolist():
            held = held * stay + value * (1.0 - stay)
            daughters.append(held)
        expected = 60.0 * p["alpha_per_radon"] * self.hidden.alpha_fraction * np.array(daughters)
        alpha = counts(expected, self._alpha_noise.values(first, first + len(inlet)))
        mean, means = state.alpha_mean, []
        for value in alpha.tolist():
            mean = mean * smooth + value * (1.0 - smooth)
            means.append(mean)
        return np.array(daughters), alpha, np.array(means)

    def _maintenance(self, state: Running, around: Around, part: slice) -> dict[str, FloatArray]:
        """Hands at the unit."""
        varying = {"changing": np.ones(part.stop - part.start)}
        if self.settings["test_pump"]:
            varying |= self.path().through(around, part)
        if self._foil is not None:
            varying |= self.foil_rows(
                around, part, int(state.spot), self._p["foil_minutes"], state.foil_minutes, state.foil_before,
                state.foil_after, state.foil_reading,
            )  # fmt: skip
        return varying

    # -- concentrations -------------------------------------------------------------------------------------------

    def _until(self, out: FloatArray, first: int, begin: int, end: int, label: str) -> FloatArray:
        """Minutes ``begin`` to ``end`` of a row, from this stretch and from history."""
        row = self.rows[label]
        here = out[row, max(begin - first, 0) : end - first]
        if begin >= first:
            return here
        return np.concatenate((self.steps.history.view(begin, first)[row], here))

    def _running(self, state: Running, out: FloatArray, first: int, begin: int, end: int) -> None:
        """The running value of the minutes ``begin`` to ``end`` of the stretch; held while there is too little."""
        window = int(self.number("averaging_time")) // 60
        start = max(first + begin - window + 1, 0)
        mass, told, age = (self._until(out, first, start, first + end, name) for name in ("mass", "told", "age"))
        count = end - begin
        slope, flow = running_slope(mass, told, age, window, count)
        good = (np.minimum(age[-count:], window) >= self._p["least_minutes"]) & (flow > 0.0)
        found = self.resolved(1000.0 * slope / np.maximum(flow, 1e-9) * self.number("k_factor") + self.number("bkgd"))
        last = np.maximum.accumulate(np.where(good & (not self.hidden.frozen), np.arange(count), -1))
        values = np.where(last >= 0, found[last], state.concentration)
        out[self.rows["concentration"], begin:end] = values
        state.concentration = float(values[-1])

    def _hour(self, state: Running, out: FloatArray, first: int, end: int) -> None:
        """The clock hour is over."""
        now = first + end
        begin = max(now - _HOUR, 0)
        mass, told, age, spot = (self._until(out, first, begin, now, name) for name in ("mass", "told", "age", "spot"))
        measured = (age > 0.0) & (told > 0.0)
        enough = measured.sum() >= self._p["least_hour"]
        state.hour_valid = float(enough)
        state.record_s = float(now * self.step_s)
        if enough and not self.hidden.frozen:
            slope = pooled_slope(mass[measured], spot[measured])
            value = 1000.0 * slope / float(np.mean(told[measured])) * self.number("k_factor") + self.number("bkgd")
            state.concentration_1h = float(self.resolved(np.array(value)))
        begin = max(now - _DAY, 0)
        ends = np.arange(now - 1 - _HOUR, begin - 1, -_HOUR) - begin
        kept = ends + _SLIP  # a record stands until the next one
        hours = self._until(out, first, begin, now, "concentration_1h")[kept]
        off_s = self._until(out, first, begin, now, "record_s")[kept] - (ends + begin + 1) * self.step_s
        valid = self._until(out, first, begin, now, "hour_valid")[kept] * (np.abs(off_s) <= _SLIP * self.step_s)
        total = float(np.sum(hours * valid)) + state.concentration_1h * state.hour_valid
        if valid.sum() + state.hour_valid > 0.0:
            state.concentration_24h = total / (float(valid.sum()) + state.hour_valid)

    # -- hands, mains, alarms -------------------------------------------------------------------------------------

    def opened(self, step: int, why: str) -> None:
        """The chamber is open: the spot is lost."""
        self.restart("left", step, -1.0)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """The spot is not trusted after a cut: a fresh one comes, and the hour has fewer minutes."""
        if self.powered:
            self.restart("left", step, -1.0)
        return super().power_changed(t_us, step)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """A filter change by hand and the self-test, beside what hands put on."""
        changed = super().act(t_us, step, name, value)
        if name == "change_filter":
            self.restart("left", step, -1.0)
        elif name == "self_test":
            around = self.around(step, step + 1)
            slow = self.path().drawn(around, 0, 0.0)[0] < self._p["least_flow"]
            dim = around.rate[0] < 60.0 * self._p["least_count_rate"]
            broken = self.hidden.tape_broken or around.tape[0] <= 0.0
            self.restart("self_test_result", step, float(broken + 2 * self.hidden.nozzle_stuck + 4 * dim + 8 * slow))
        return changed

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Return what an observer finds; whether the unit is still warming up beside the rest."""
        if quantity == "warming_up":
            up_s = float(self.observe(t_us, moment, "uptime_s"))  # type: ignore[arg-type]
            return moment.powered and up_s < self._p["warm_up_time"]
        return super().observe(t_us, moment, quantity)

    def alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        """Alarms that stand; while the filter changes there is no flow and no count to be alarmed at."""
        found = super().alarms(t_us, moment)
        step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
        if self.steps.values(step, step + 1)[self.rows["changing"], 0] > 0.0:
            return tuple(alarm for alarm in found if alarm.split(":")[0] not in _QUIET)
        return found

    def alarm_texts(self, table: Mapping[str, FloatArray]) -> NDArray[np.str_]:
        """The same at each step of a recording."""
        changing = np.nan_to_num(table["changing"]) > 0.0
        quiet = {
            name: np.where(changing, np.nan, values) if name in _QUIET else values for name, values in table.items()
        }
        return super().alarm_texts(quiet)
