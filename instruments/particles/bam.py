"""Met One BAM-1020: the hour's cycle of two counts and a sample, with the membrane check inside it.

Count time c (minutes): 0 to c count of the clean spot, one minute to move, 58 - 2 c minutes of air, one minute to
move, c minutes of count of the loaded spot; the record is there at the end of the hour (read: BAM-1020-9800 Rev W,
p. 28). While air is drawn the detector counts a clean piece of tape without and with the reference membrane.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.device import Value
from instruments.particles.bam_cycle import DEFAULTS, FIELDS, MINUTES, SHOWN, SLIP_MINUTE, Cycle, Phase, Run, edges, row
from instruments.particles.beta import BetaMonitor
from instruments.particles.counting import density_mg_cm2
from instruments.particles.flags import BIT, FULL_SCALE, letters
from instruments.particles.flow import FlowWatch
from instruments.particles.hidden import BamHidden
from instruments.particles.sampling import Around
from instruments.particles.spot import Spot
from instruments.signal import WhiteNoise
from instruments.steps import Moment

_MEMBRANE_TOLERANCE = 0.05
"""Part by which the membrane may be off before the hour is marked D (recalled: 5 %)."""
_EARLY = 5
"""Minutes by which the cycle of EARLY mode runs ahead of the hour (read: Rev W)."""


def _continued(values: FloatArray, length: int, rest: float) -> FloatArray:
    return np.concatenate((values, np.full(length - len(values), rest)))


class Bam1020(BetaMonitor):
    """The BAM-1020 for PM10 or PM2.5."""

    hidden_model: ClassVar[type[BamHidden]] = BamHidden
    hidden: BamHidden
    firmware = "3236-07 5.6.0"
    diagnostics = (*SHOWN, *BetaMonitor.surroundings)
    memory = tuple(name for name in FIELDS if name not in SHOWN)
    actions = (*BetaMonitor.actions, "external_reset")

    def _equip(self) -> None:
        super()._equip()
        self._spot_noise = WhiteNoise(self.seed, f"{self.name}/spot")
        self._places = np.array([self.rows[name] for name in FIELDS])

    # -- the cycle ------------------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of the minutes ``first`` to ``last``: run after run of minutes of the same phase."""
        around = self.around(first, last)
        cycle = Cycle(**{name: self.before(name, first, default) for name, default in DEFAULTS.items()})
        cycle.ahead = self.before("ahead", first, self.minutes_ahead(0))
        if first == 0 and self.warm_at_start:
            self._recorded_before(cycle, around)
        early = _EARLY if self.settings["cycle"] == "early" else 0
        out = np.empty((len(self.rows), last - first))
        for name, values in around.rows.items():
            out[self.rows[name]] = values
        begin = 0
        while begin < last - first:
            minute = (first + begin + int(cycle.ahead) + early) % MINUTES
            if minute == SLIP_MINUTE:
                cycle.ahead = self.minutes_ahead(first + begin)
                minute = (first + begin + int(cycle.ahead) + early) % MINUTES
            if minute == 0:
                cycle.piece = float((first + begin) // MINUTES)
                if self.powered:
                    self._begin(cycle, around, begin)
            until = next(edge for edge in edges(int(cycle.count_time)) if edge > minute)
            end = min(begin + until - minute, last - first)
            run = Run(begin, end, minute, int(cycle.piece))
            cycle.flow = cycle.inlet_flow = cycle.pressure_drop = cycle.count_rate = 0.0
            cycle.phase = float(Phase.WAITING)
            varying = self._powered(cycle, around, run) if self.powered else {}
            out[self._places, begin:end] = np.array(row(cycle))[:, None]
            for name, values in varying.items():
                out[self.rows[name], begin:end] = values
                setattr(cycle, name, float(values[-1]))
            if self.powered and end - begin == until - minute:
                self._ended(cycle, out, first, end, until)
                out[self._places, end - 1] = row(cycle)
            begin = end
        return out

    def _ended(self, cycle: Cycle, out: FloatArray, first: int, end: int, minute: int) -> None:
        """A phase has ended with ``minute`` minutes of the cycle gone: what is worked out then."""
        if minute == MINUTES:
            self._record(cycle, out, first, end)
        elif minute == 3 * int(cycle.count_time) + 1 and cycle.running:
            self._check_membrane(cycle)

    def _begin(self, cycle: Cycle, around: Around, index: int) -> None:
        """The full hour: a clean spot, if there is tape and nothing makes the unit wait."""
        if self.hidden.tape_broken or around.tape[index] <= 0.0:
            self._raise(cycle, "T")
        elif not self.settings["maintenance"] and not int(cycle.flags_now) & (BIT["L"] | BIT["E"] | BIT["T"]):
            cycle.begin(self.number("count_time"))
            if self.path().drawn(around, index, 0.0)[0] < self._p["self_test_flow"]:
                self._raise(cycle, "F")

    def _powered(self, cycle: Cycle, around: Around, run: Run) -> dict[str, FloatArray]:
        """Minutes of one phase of a unit that has power: rows that differ from minute to minute."""
        hidden = self.hidden
        if hidden.tape_broken:
            self._raise(cycle, "T")
            cycle.running = 0.0
        if hidden.internal_fault:
            self._raise(cycle, "I")
        if hidden.telemetry_fault:
            self._raise(cycle, "U")
        if self.settings["maintenance"]:
            self._raise(cycle, "M")
            cycle.running, cycle.phase = 0.0, float(Phase.MAINTENANCE)
            return self._maintenance(cycle, around, run)
        if not cycle.running:
            return self._not_sampling(cycle, around, run)
        if hidden.nozzle_stuck:
            self._raise(cycle, "N")
        count = int(cycle.count_time)
        cycle.phase = float(run.phase(count))
        varying: dict[str, FloatArray] = {}
        if run.minute < count:
            varying = self._counting(around, run, "clean_counts", cycle.clean_counts, 0.0)
        elif run.minute >= MINUTES - count:
            load = self._weighed(cycle, around, run)
            varying = self._counting(around, run, "loaded_counts", cycle.loaded_counts, load)
        elif count < run.minute <= 2 * count:
            varying = self._counting(around, run, "out_counts", cycle.out_counts, 0.0)
        elif 2 * count < run.minute <= 3 * count:
            membrane = 0.0 if hidden.membrane_stuck else 1000.0 * self._p["area"] * self._membrane()
            varying = self._counting(around, run, "in_counts", cycle.in_counts, membrane)
        if count < run.minute < MINUTES - 1 - count and not cycle.stopped:
            return varying | self._sampling(cycle, around, run)
        return varying | self._not_sampling(cycle, around, run)

    def _sampling(self, cycle: Cycle, around: Around, run: Run) -> dict[str, FloatArray]:
        """Air through the spot."""
        watch = FlowWatch(self.number("flow_setpoint"), self.number("ap_limit"), cycle.off_5, cycle.off_10)
        spot = Spot(cycle.solid, cycle.volatile, cycle.hygroscopic, cycle.load)
        drawn = self.path().sample(around, run.begin, run.end, spot, watch)
        part = slice(run.begin, run.begin + len(drawn.shown))
        told = np.fromiter(accumulate((drawn.shown * around.told[part]).tolist(), initial=cycle.told_l), np.float64)
        ended = np.maximum(drawn.failed, drawn.blocked)
        flags = np.where(drawn.warned + drawn.failed > 0.0, BIT["F"], 0) | np.where(drawn.blocked > 0.0, BIT["P"], 0)
        loads = drawn.loads
        going = {"flow": drawn.shown, "inlet_flow": drawn.inlet, "pressure_drop": drawn.drop}
        standing = {
            "told_l": told[1:], "solid": loads.solid, "volatile": loads.volatile, "hygroscopic": loads.hygroscopic,
            "load": loads.load, "off_5": drawn.off_5, "off_10": drawn.off_10, "stopped": ended,
            "flags_now": (flags | int(cycle.flags_now)).astype(np.float64),
        }  # fmt: skip
        length = run.end - run.begin
        if len(drawn.shown) == length:
            return going | standing
        return {name: _continued(values, length, 0.0) for name, values in going.items()} | {
            name: _continued(values, length, float(values[-1])) for name, values in standing.items()
        }

    def _not_sampling(self, cycle: Cycle, around: Around, run: Run) -> dict[str, FloatArray]:
        """The pump is off, or should be."""
        if not self.hidden.pump_stuck_on:
            return {}
        flows = self.path().through(around, run.part)
        found = np.maximum.accumulate(np.where(flows["flow"] > self._p["pump_off_flow"], BIT["F"], 0))
        return {**flows, "flags_now": (found | int(cycle.flags_now)).astype(np.float64)}

    def _weighed(self, cycle: Cycle, around: Around, run: Run) -> float:
        """What the loaded spot looks like to the counter, ug: its load, its place, charge and debris."""
        p, spot = self._p, run.spot
        dirt = float(around.dirt[run.begin])
        noise = (
            p["spot_noise"] * (1.0 + p["spot_noise_dirt"] * dirt) * float(self._spot_noise.values(spot, spot + 1)[0])
        )
        debris = p["debris_mass"] * dirt * (1.0 if spot % 2 else -1.0)
        return cycle.load + noise + debris + self.hidden.static_ug

    def _counting(self, around: Around, run: Run, name: str, before: float, load_ug: float) -> dict[str, FloatArray]:
        """The same, added up in row ``name``; whole numbers, so that their sums are exact."""
        found = self.counted(around, run.part, load_ug, self.tape_rate(run.spot))
        return {name: before + np.cumsum(found), "count_rate": found / 60.0}

    # -- membrane, foil, tests ------------------------------------------------------------------------------------

    def _membrane(self) -> float:
        return self._p["membrane"] * (1.0 + self.hidden.membrane_error_pct / 100.0)

    def _check_membrane(self, cycle: Cycle) -> None:
        """The reference membrane's mass, from the counts without it and with it."""
        if cycle.in_counts <= 0.0 or cycle.out_counts <= 0.0:
            return
        stored = self.number("abs")
        cycle.membrane_abs = density_mg_cm2(cycle.out_counts, cycle.in_counts, self.number("mu"))
        if cycle.membrane_abs < self._p["membrane_out"] * stored:
            self._raise(cycle, "R")
        elif abs(cycle.membrane_abs / stored - 1.0) > _MEMBRANE_TOLERANCE:
            self._raise(cycle, "D")

    def _maintenance(self, cycle: Cycle, around: Around, run: Run) -> dict[str, FloatArray]:
        """Hands at the unit: pump by its test menu, foil between source and detector."""
        on = self.settings["test_pump"] or self.hidden.pump_stuck_on
        varying = self.path().through(around, run.part) if on else {}
        if self._foil is None:
            return varying
        return varying | self.foil_rows(
            around, run.part, run.spot, self.number("count_time"), cycle.foil_minutes, cycle.foil_before,
            cycle.foil_after, cycle.foil_reading,
        )  # fmt: skip

    def _recorded_before(self, cycle: Cycle, around: Around) -> None:
        """The record of the hour before the epoch, as if it had been like the first minute."""
        minutes = MINUTES - 2 * int(self.number("count_time")) - 2
        cycle.concentration = self.found_in(around, minutes)
        cycle.qtot = round(float(around.shown[0] * around.told[0]) * minutes) / 1000.0
        cycle.record_s = 0.0 - 60.0 * (int(cycle.ahead) % MINUTES)
        cycle.membrane_abs = self._membrane()
        temp, pressure, humidity, tape = (
            float(around.rows[name][0]) for name in ("ambient_temp", "ambient_pressure", "filter_rh", "filter_temp")
        )
        cycle.hour_temp, cycle.hour_pressure, cycle.hour_rh, cycle.hour_delta = temp, pressure, humidity, tape - temp

    # -- the record -----------------------------------------------------------------------------------------------

    def _record(self, cycle: Cycle, out: FloatArray, first: int, end: int) -> None:
        """Store the hour that ends with the minute before ``first + end``."""
        if not cycle.running and not cycle.flags_now:
            return  # the unit was started within the hour: it waits for the next one
        if cycle.running and cycle.clean_counts < 60.0 * cycle.count_time * self._p["least_count_rate"]:
            self._raise(cycle, "C")
        if self.hidden.temperature_sensor_off:
            self._raise(cycle, "F")
        word = int(cycle.flags_now)
        critical = self.hidden.temperature_sensor_off or self.hidden.pump_stuck_on or not cycle.running
        full = self.number("offset") + self.number("range")
        little = cycle.told_l < 1000.0 * self._p["least_volume"] or cycle.loaded_counts <= 0.0
        if word & FULL_SCALE or critical or little:
            value = full
        else:
            density = density_mg_cm2(cycle.clean_counts, cycle.loaded_counts, self.number("mu"))
            value = 1.0e6 * self._p["area"] * density / cycle.told_l * self.number("k_factor") + self.number("bkgd")
        if not self.hidden.frozen:
            cycle.concentration = float(self.resolved(np.array(value)))
        cycle.qtot = round(cycle.told_l if cycle.running else 0.0) / 1000.0
        cycle.flags, cycle.record_s, cycle.flags_now = float(word), float(first + end) * self.step_s, 0.0
        temp, pressure, humidity, tape = (
            self._mean(out, first, end, name)
            for name in ("ambient_temp", "ambient_pressure", "filter_rh", "filter_temp")
        )
        cycle.hour_temp, cycle.hour_pressure, cycle.hour_rh, cycle.hour_delta = temp, pressure, humidity, tape - temp
        cycle.running = 0.0

    def _mean(self, out: FloatArray, first: int, end: int, name: str) -> float:
        """Mean of a row over the hour that ends at ``first + end``, as far as the unit had power."""
        begin, row = max(first + end - MINUTES, self.power_step, 0), self.rows[name]
        values = out[row, max(begin - first, 0) : end]
        if begin < first:
            values = np.concatenate((self.steps.history.view(begin, first)[row], values))
        return float(np.mean(np.ascontiguousarray(values)))

    @staticmethod
    def _raise(cycle: Cycle, letter: str) -> None:
        cycle.flags_now = float(int(cycle.flags_now) | BIT[letter])

    # -- hands and mains ------------------------------------------------------------------------------------------

    def opened(self, step: int, why: str) -> None:
        """The compartment is open: the cycle is lost, the hour is marked M."""
        self._interrupt(step, "M")

    def _interrupt(self, step: int, letter: str) -> None:
        word = int(self.before("flags_now", step, 0.0)) | BIT[letter]
        self.restart("flags_now", step, float(word))
        self.restart("running", step, 0.0)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """A cycle does not survive a cut: its hour is marked L and the next one begins at the full hour."""
        if self.powered:
            self._interrupt(step, "L")
        return super().power_changed(t_us, step)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Resets and tests beside what hands put on."""
        changed = super().act(t_us, step, name, value)
        if name == "external_reset":
            self._interrupt(step, "E")
        elif name == "self_test":
            self.restart("self_test_result", step, float(self._tested(step)))
        return changed

    def _tested(self, step: int) -> int:
        """Flags that a self-test of tape, nozzle, membrane, counter and pump finds."""
        around, hidden = self.around(step, step + 1), self.hidden
        slow = self.path().drawn(around, 0, 0.0)[0] < self._p["self_test_flow"]
        found = {
            "T": hidden.tape_broken or around.tape[0] <= 0.0, "N": hidden.nozzle_stuck, "R": hidden.membrane_stuck,
            "I": hidden.internal_fault, "C": around.rate[0] < 60.0 * self._p["least_count_rate"], "F": slow,
        }  # fmt: skip
        return sum(BIT[letter] for letter, stands in found.items() if stands)

    def alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        """Letters of the last record and of the hour under way, in the order of the columns."""
        if not moment.powered:
            return ()
        last, now = (int(float(self.observe(t_us, moment, name))) for name in ("flags", "flags_now"))  # type: ignore[arg-type]
        return letters(last | now)

    def alarm_texts(self, table: Mapping[str, FloatArray]) -> NDArray[np.str_]:
        """The same at each step of a recording."""
        words = (np.nan_to_num(table[name]).astype(np.int64) for name in ("flags", "flags_now"))
        return np.array([" ".join(letters(one | other)) for one, other in zip(*words, strict=True)])
