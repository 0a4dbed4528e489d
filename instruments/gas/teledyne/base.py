"""What the T series shares: critical orifices, adaptive filter, STABIL, slope and offset, readings that hold.

A channel's raw value is the concentration at slope 1 and offset 0 before any averaging, in the unit of the gas. Steps
in which it is not measured (dark, auto-zero, the other channel's turn) hold it, and leave the filter alone.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from instruments.air import UNIT_OF, FloatArray
from instruments.cabinet import CABINET
from instruments.catalogue import Channel
from instruments.device import Value
from instruments.gas.base import PointAnalyzer, span_share
from instruments.gas.detector import raw
from instruments.gas.stages import Surroundings
from instruments.gas.teledyne.adaptive import AdaptiveFilter, BoolArray, carried
from instruments.gas.teledyne.hidden import TeledyneHidden
from instruments.steps import Moment

STANDARD_INHG = 29.92
_SONIC = 0.53
"""Downstream over upstream pressure up to which an orifice is critical (physics of air; Teledyne T700 p. 273, read)."""
_STABIL_VALUES = 25
"""Readings of which STABIL is the standard deviation (recalled: the last 25, one every 10 s)."""
_ZERO_C = 273.15


class TeledyneAnalyzer(PointAnalyzer):
    """An analyzer of the T series; a kind adds :meth:`sense` and :meth:`measured`."""

    firmware = "1.1.0"
    hidden_model: ClassVar[type[TeledyneHidden]] = TeledyneHidden
    hidden: TeledyneHidden
    report_only: ClassVar[frozenset[str]] = PointAnalyzer.report_only | {"stabil_gas", "system_reset"}
    fresh_s: ClassVar[float]
    """Seconds from one measured value of a channel to the next."""
    sample_s: ClassVar[float]
    """Seconds of a sample, as the firmware counts the lengths of its filter."""
    longest_hold: ClassVar[int] = 0
    """Longest run of steps in which a channel is not measured."""

    @abstractmethod
    def measured(self, channel: str, first: int, last: int) -> BoolArray:
        """At which of the steps ``first`` to ``last`` the channel is measured."""

    def row_labels(self) -> tuple[str, ...]:
        """Beside raw values, diagnostics and memory: what the filter keeps of each channel."""
        return (*super().row_labels(), *(f"{part}_{c}" for c in self.channels for part in ("shown", "held", "fresh")))

    # -- flow -----------------------------------------------------------------------------------------------------

    def vacuum_inhg(self, second: int) -> float:
        """Pressure behind the critical orifice: it rises as the pump wears."""
        return min(self.entry.parameter("vacuum") / self.pump(second), STANDARD_INHG)

    def sonic_share(self, second: int) -> float:
        """Flow over that of a critical orifice: none of the pump's business at first, less and less beyond."""
        ratio = self.vacuum_inhg(second) / (STANDARD_INHG - self.entry.parameter("pressure_drop"))
        beyond = min(max(ratio - _SONIC, 0.0) / (1.0 - _SONIC), 1.0)
        return math.sqrt(1.0 - beyond**2)

    def flow_share(self, second: int) -> float:
        """Flow over nominal: as the orifice is open and critical."""
        return max(self.hidden.orifice_fraction * self.sonic_share(second) * self.through_filter(second), 1e-3)

    def sample_pressure(self, around: Surroundings, first: int, last: int) -> FloatArray:
        """Absolute pressure before the orifice, inHg: ambient less what filter and tubes take."""
        drop = self.entry.parameter("pressure_drop") * (self.flow_share(first * self.step_s) if self.powered else 0.0)
        ambient = around.pressure_mmhg / 25.4
        return np.asarray(ambient - drop + 0.01 * self.wobble("pressure", first, last))

    def shown_flow(self, pressure_inhg: FloatArray, first: int, last: int) -> FloatArray:
        """The sample flow that the unit shows, L/min: a critical flow goes with the pressure before the orifice."""
        before = STANDARD_INHG - self.entry.parameter("pressure_drop")
        second = first * self.step_s
        flow = self.flow_lpm(second)
        without_dust = pressure_inhg + self.filter_drop_mmhg(second) / 25.4  # the flow has lost already what dust takes
        # With the inlet capped the flow has fallen with the pressure already.
        critical = 1.0 if self.capped else without_dust / before
        return flow * critical + 0.002 * self.wobble("sample_flow", first, last)

    def measured_inhg(self, actual: FloatArray) -> FloatArray:
        """What the unit's own transducer makes of a pressure, inHg; only the display rounds it."""
        return np.asarray(actual + self.hidden.pressure_sensor_error_mmhg / 25.4)

    def measured_temperature(self, label: str, actual: FloatArray) -> FloatArray:
        """What the unit's own sensor makes of a temperature; only the display rounds it."""
        return np.asarray(actual + self.hidden.temperature_sensor_error_c)

    def compensation(self, expected: FloatArray) -> FloatArray:
        """What the firmware divides by: the response that it expects at measured T and P; 1 while TPC is off."""
        return expected if self.settings["tpc"] else np.ones_like(expected)

    # -- filter ---------------------------------------------------------------------------------------------------

    def _values_of(self, samples: float) -> int:
        return max(1, round(samples * self.sample_s / self.fresh_s))

    def fresh_values(self) -> int:
        """Values in the long average as delivered: the data sheet's noise is seen with it."""
        return self._values_of(float(self.entry.settings["filter_size"].default))

    def _filter(self) -> AdaptiveFilter:
        return AdaptiveFilter(
            long=self._values_of(self.number("filter_size")), short=self._values_of(self.number("filter_short_size")),
            delta=self.number("filter_delta"), percent=self.number("filter_percent"),
            hold=max(1, round(self.number("filter_delay") / self.step_s)),
            adaptive=bool(self.settings["adaptive_filter"]),
        )  # fmt: skip

    def oldest(self) -> int:
        """First step of which the firmware knows: the one at power on, or at the epoch."""
        return max(0, self.power_step)

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the steps ``first`` to ``last``."""
        around = Surroundings(self, first, last)
        signals, observed = self.sense(around, first, last)
        rows = np.empty((len(self.rows), last - first))
        self.put_observed(rows, observed)
        rows[self.rows[CABINET]] = around.box_c
        adaptive = self._filter()
        begins = first == self.oldest()
        for channel, values in zip(self.channels, signals, strict=True):
            fresh = self.measured(channel, first, last)
            fresh[0] |= begins
            earlier, shown, held = np.empty(0), 0.0, 0.0
            if not begins:
                earlier = self._earlier(channel, first, adaptive.long)
                shown, held = self.before(f"shown_{channel}", first, 0.0), self.before(f"held_{channel}", first, 0.0)
            out, left = adaptive.filtered(earlier, values, fresh, shown, held)
            rows[self.rows[raw(channel)]] = carried(values, fresh, self.before(raw(channel), first, 0.0))
            rows[self.rows[f"shown_{channel}"]], rows[self.rows[f"held_{channel}"]] = out, left
            rows[self.rows[f"fresh_{channel}"]] = fresh
        return rows

    def _earlier(self, channel: str, first: int, length: int) -> FloatArray:
        """Measured values before step ``first``, as many as a filter of ``length`` can want."""
        reach = math.ceil((length + 1) * self.fresh_s / self.step_s * 1.1) + self.longest_hold
        begin = max(self.oldest(), first - reach)
        past = self.steps.history.view(begin, first)
        return np.asarray(past[self.rows[raw(channel)]][past[self.rows[f"fresh_{channel}"]] > 0.0])

    def carry(self, label: str, values: FloatArray, fresh: BoolArray, first: int) -> FloatArray:
        """A row of memory that takes ``values`` at some steps and stands at the others."""
        if first == self.oldest():
            fresh = fresh.copy()
            fresh[0] = True  # the firmware begins with a measurement
        return carried(values, fresh, self.before(label, first, 0.0))

    # -- what is seen ---------------------------------------------------------------------------------------------

    @property
    def per_offset(self) -> float:
        """Unit of the gas to one unit of an offset setting."""
        return 1.0

    def corrected(self, channel: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Slope x (filtered signal - offset): the offset stands before the slope."""
        slope, offset = self._line(channel, moment)
        return np.asarray(slope * (self._shown(channel, first, last) - offset * self.per_offset))

    def zeroed(self, shown: float, channel: Channel) -> float:
        """The offset that is the present signal."""
        return self.number(channel.background) + shown / self.number(channel.coefficient) / self.per_offset

    def spanned(self, shown: float, target: float, channel: Channel) -> float:
        """The slope that brings the signal beyond the offset to the target."""
        return self.number(channel.coefficient) * span_share(shown, target)

    def _line(self, channel: str, moment: Moment) -> tuple[float, float]:
        settings = self.entry.channel(channel)
        slope, offset = moment.settings[settings.coefficient], moment.settings[settings.background]
        return float(slope), float(offset)  # type: ignore[arg-type]

    def _shown(self, channel: str, first: int, last: int) -> FloatArray:
        return np.asarray(self.steps.values(first, last)[self.rows[f"shown_{channel}"]])

    def reported(self) -> Mapping[str, str]:
        """The measured components, and STABIL."""
        return {**super().reported(), "stabil": UNIT_OF[self.gas]}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """STABIL is the standard deviation of the last readings."""
        if quantity != "stabil":
            return super().report(quantity, first, last, moment)
        every = -(-10 // self.step_s)
        reach = (_STABIL_VALUES - 1) * every
        begin = max(0, first - reach)
        readings = self.report(self.stability_of(moment), begin, last, moment)
        steps = np.arange(first, last)
        oldest = max(0, moment.power_step)
        there = [(steps - back * every >= oldest) | (back == 0) for back in range(_STABIL_VALUES - 1, -1, -1)]
        values = [
            readings[np.maximum(steps - back * every - begin, 0)] for back in range(_STABIL_VALUES - 1, -1, -1)
        ]  # fmt: skip
        count = np.zeros(last - first)
        total = np.zeros(last - first)
        for known, value in zip(there, values, strict=True):
            count += known
            total += np.where(known, value, 0.0)
        mean = total / count
        squares = np.zeros(last - first)
        for known, value in zip(there, values, strict=True):
            squares += np.where(known, (value - mean) ** 2, 0.0)
        return np.sqrt(squares / np.maximum(count - 1.0, 1.0))

    def stability_of(self, moment: Moment) -> str:
        """Of which reading STABIL tells."""
        return self.channels[0]

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Slope, offset and variables are kept; that the power was away is shown until somebody clears it."""
        lost = super().power_changed(t_us, step)
        return {**lost, "system_reset": True} if self.powered else lost


class RatioAnalyzer(TeledyneAnalyzer):
    """A kind that measures a ratio of lights (T300, T400): the offset, in the unit of the gas, is added last."""

    def corrected(self, channel: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Slope x filtered + offset."""
        slope, offset = self._line(channel, moment)
        return np.asarray(slope * self._shown(channel, first, last) + offset)

    def zeroed(self, shown: float, channel: Channel) -> float:
        """The offset that takes what is shown away."""
        return self.number(channel.background) - shown

    def spanned(self, shown: float, target: float, channel: Channel) -> float:
        """The slope that brings the signal to the target, less the offset."""
        offset = self.number(channel.background)
        return self.number(channel.coefficient) * span_share(shown - offset, target - offset)


def density(pressure_inhg: FloatArray, cell_c: FloatArray, reference_inhg: float, reference_c: float) -> FloatArray:
    """Return gas density over that at reference conditions."""
    return np.asarray(pressure_inhg / reference_inhg * (reference_c + _ZERO_C) / (cell_c + _ZERO_C))
