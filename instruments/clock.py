"""The clock inside an instrument: it drifts with its quartz, is set wrong, and may lose its setting with the power.

A quartz runs off by so many parts per million, and slower in heat and cold alike: -0.034 ppm/K2 around 25 C (tuning
fork crystals, recalled). The clock shows the local calendar as its software keeps it, without a zone. Nothing is
computed until somebody looks, but for the heat of the room, every ten minutes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from instruments.air import FloatArray, GasSource
from instruments.history import Series
from instruments.signal import WhiteNoise
from instruments.steps import SECOND_US, Hidden

QUARTZ_PPM = 20.0
"""A quartz is off by no more at 25 C: the usual tolerance of tuning-fork crystals (recalled). Half of it is taken as
one standard deviation (this project's choice)."""

ABOVE_ROOM_C = 8.0
"""How much warmer than the room it is inside an instrument (this project's choice)."""

FACTORY_US = 946_684_800 * SECOND_US
"""2000-01-01 00:00, where a clock without a battery begins (recalled)."""

_STEP_S = 600
_PPM_PER_K2, _TURNING_C = -0.034, 25.0
_KEPT_S = 26 * 3600
_MINUTE_US = 60 * SECOND_US


class ClockedHidden(Hidden):
    """What is wrong with the clock of an instrument that has one.

    Attributes:
        clock_rate_ppm: how much too fast it runs at 25 C; left out: drawn for this unit, within 20 ppm.
        clock_zone_error_s: offset of its calendar from the station's: -28800 where it keeps UTC instead of Beijing
            time.
        clock_jump_s: how far it has been set wrong.
        battery_flat: what the battery keeps without mains is lost: the clock begins at 2000-01-01 when power comes
            back, and beta monitors lose their settings.
    """

    clock_rate_ppm: float | None = Field(default=None, ge=-1e5, le=1e5)
    clock_zone_error_s: float = Field(default=0.0, ge=-86_400.0, le=86_400.0)
    clock_jump_s: float = Field(default=0.0, ge=-1e9, le=1e9)
    battery_flat: bool = False


OF_THE_CLOCK = frozenset(ClockedHidden.model_fields)
"""Hidden parameters that leave all but the clock, and what goes by it, alone."""

Truth = TypeVar("Truth", bound=Hidden)


def with_quartz(hidden: Truth, name: str, seed: int) -> Truth:
    """Return ``hidden`` with a rate for its clock: the given one, or that of the quartz in the unit of that name."""
    if not isinstance(hidden, ClockedHidden) or hidden.clock_rate_ppm is not None:
        return hidden
    drawn = QUARTZ_PPM / 2.0 * float(WhiteNoise(seed, f"{name}/quartz").values(0, 1)[0])
    return hidden.model_copy(update={"clock_rate_ppm": min(max(drawn, -QUARTZ_PPM), QUARTZ_PPM)})


@dataclass(frozen=True, slots=True)
class _Going:
    """From ``since_us`` on it goes by itself, until something is done.

    Attributes:
        since_us: bench time.
        error_s: what it showed then less the station's calendar.
        rate: how much too fast it runs at 25 C.
        lost_s: what heat and cold had made it lose until then.
    """

    since_us: int
    error_s: float
    rate: float
    lost_s: float


_since = attrgetter("since_us")


class InstrumentClock:
    """The clock of one instrument, against the station's calendar. Its instrument passes on what happens to it.

    Args:
        hidden: what is wrong with it.
    """

    def __init__(self, hidden: ClockedHidden) -> None:
        self._hidden = hidden
        self._heat: _Heat | None = None
        self._start_us = 0
        self._powered = True
        self._goings = [_Going(0, self._offset_s(hidden), (hidden.clock_rate_ppm or 0.0) * 1e-6, 0.0)]

    @staticmethod
    def _offset_s(hidden: ClockedHidden) -> float:
        return hidden.clock_zone_error_s + hidden.clock_jump_s

    def begin(self, start_us: int) -> None:
        """The station's calendar at bench time 0 is ``start_us``, microseconds since 1970-01-01."""
        self._start_us = start_us

    def stand_in(self, room: GasSource, above_room_c: float = ABOVE_ROOM_C) -> None:
        """Be so much warmer than ``room``; without one it is at 25 C for ever."""
        self._heat = _Heat(room, above_room_c)

    # -- what it shows --------------------------------------------------------------------------------------------

    @property
    def start_us(self) -> int:
        """The station's calendar at bench time 0, microseconds since 1970-01-01."""
        return self._start_us

    def errors_s(self, times_us: NDArray[np.int64]) -> FloatArray:
        """What it shows less the station's calendar at rising bench times of the last 26 h, s."""
        errors = np.empty(len(times_us))
        edges = np.searchsorted(times_us, [going.since_us for going in self._goings[1:]], side="left")
        begin = 0
        for going, end in zip(self._goings, (*edges.tolist(), len(times_us)), strict=True):
            part = times_us[begin:end]
            if len(part):
                errors[begin:end] = going.error_s + (part - going.since_us) / SECOND_US * going.rate
                if self._heat is not None:
                    errors[begin:end] += self._heat.lost_s(part) - going.lost_s
            begin = end
        return errors

    def error_s(self, t_us: int) -> float:
        """The same at one instant."""
        going = self._goings[max(bisect_right(self._goings, t_us, key=_since) - 1, 0)]
        error = going.error_s + (t_us - going.since_us) / SECOND_US * going.rate
        return error + self._lost_s(t_us) - going.lost_s

    def _lost_s(self, t_us: int) -> float:
        return 0.0 if self._heat is None else self._heat.lost_at_s(t_us)

    def shown_us(self, t_us: int) -> int:
        """What it shows at ``t_us``, microseconds since 1970-01-01."""
        return self._start_us + t_us + round(self.error_s(t_us) * SECOND_US)

    def minutes_ahead(self, t_us: int) -> int:
        """Whole minutes that it shows beyond bench time, to the nearest: for what works in steps of a minute."""
        return (self.shown_us(t_us) - t_us + _MINUTE_US // 2) // _MINUTE_US

    # -- what befalls it ------------------------------------------------------------------------------------------

    def set_to(self, t_us: int, clock_us: int) -> None:
        """Somebody sets it: it shows ``clock_us`` at ``t_us``, whatever made it wrong until now."""
        self._go_on(t_us, (clock_us - self._start_us - t_us) / SECOND_US)

    def change(self, t_us: int, hidden: ClockedHidden) -> None:
        """What is wrong with it is another from ``t_us`` on."""
        jump = self._offset_s(hidden) - self._offset_s(self._hidden)
        goes_on = jump == 0.0 and hidden.clock_rate_ppm == self._hidden.clock_rate_ppm
        self._hidden = hidden
        if not goes_on:  # a battery that is flat shows nothing yet, not by a rounding
            self._go_on(t_us, self.error_s(t_us) + jump)

    def switch(self, t_us: int, *, powered: bool) -> None:
        """Its instrument's power comes or goes."""
        if powered and not self._powered and self._hidden.battery_flat:
            self.set_to(t_us, FACTORY_US)
        self._powered = powered

    def advance(self, until_us: int) -> None:
        """Take in the heat until ``until_us`` and let old history go. Changes nothing that is shown."""
        self._lost_s(until_us)
        while len(self._goings) > 1 and self._goings[1].since_us < until_us - _KEPT_S * SECOND_US:
            del self._goings[0]

    def _go_on(self, t_us: int, error_s: float) -> None:
        going = _Going(t_us, error_s, (self._hidden.clock_rate_ppm or 0.0) * 1e-6, self._lost_s(t_us))
        self._goings = [earlier for earlier in self._goings if earlier.since_us < t_us] + [going]


class _Heat(Series):
    """What heat and cold have made the clock lose since the epoch, seconds, every ten minutes."""

    def __init__(self, room: GasSource, above_room_c: float) -> None:
        super().__init__(1, keep=2 * _KEPT_S // _STEP_S, block=1)
        self._room, self._above_c = room, above_room_c
        self._piece = (-1, 0.0, 0.0)
        room.on_change(self)

    def gas_changed(self, index: int) -> None:
        """The room is no longer what it was from second ``index`` on."""
        self.history.truncate(max(index // _STEP_S, self.history.start))
        self._piece = (-1, 0.0, 0.0)

    def lost_at_s(self, t_us: int) -> float:
        """What :meth:`lost_s` says of one instant; the straight line that was used last is kept."""
        back = t_us / (_STEP_S * SECOND_US) - 1.0
        if back <= 0.0:
            return 0.0
        index = int(back)
        if index != self._piece[0]:
            begins = float(self.values(index - 1, index)[0][0]) if index else 0.0
            self._piece = index, begins, float(self.values(index, index + 1)[0][0])
        _, begins, ends = self._piece
        return (ends - begins) * (back - index) + begins

    def lost_s(self, times_us: NDArray[np.int64]) -> FloatArray:
        """Seconds at rising times, in straight lines between the ten minutes that were over ten minutes before."""
        back = times_us / (_STEP_S * SECOND_US) - 1.0
        first, last = max(int(back.min()) - 1, 0), int(back.max()) + 1
        if last <= 0:
            return np.zeros(len(times_us))
        sums = self.values(first, last)[0]
        ends = np.arange(first, last) + 1.0
        if first == 0:
            sums, ends = np.concatenate(([0.0], sums)), np.concatenate(([0.0], ends))
        return np.asarray(np.interp(back, ends, sums))

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        room = self._room.gas(first * _STEP_S, last * _STEP_S).temperature_c[_STEP_S - 1 :: _STEP_S]
        off = _PPM_PER_K2 * 1e-6 * _STEP_S * (room + self._above_c - _TURNING_C) ** 2
        before = 0.0 if self.history.stop == 0 else float(self.history.last()[0])
        off[0] += before
        rows[0] = np.cumsum(off)
