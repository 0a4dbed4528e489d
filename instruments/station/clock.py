"""The clock inside an instrument: it drifts with its quartz, is set wrong, and may lose its setting with the power.

A quartz runs off by so many parts per million, and slower in heat and cold alike: -0.034 ppm/K2 around 25 C (tuning
fork crystals, recalled). The clock shows the local calendar as its software keeps it, without a zone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field, ValidationError

from instruments.air import FloatArray, GasSource
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.history import Series
from instruments.steps import SECOND_US, Hidden

_STEP_S = 600
_PPM_PER_K2, _TURNING_C = -0.034, 25.0
_KEPT_STEPS = 26 * 6
FACTORY_US = 946_684_800 * SECOND_US
"""2000-01-01 00:00, where a clock without a battery begins (recalled)."""


class ClockHidden(Hidden):
    """What is wrong with a clock.

    Attributes:
        rate_ppm: how much too fast it runs at 25 C.
        zone_error_s: offset of its calendar from the station's: -28800 where it keeps UTC instead of Beijing time.
        battery: it goes on without mains; False: it begins at :data:`FACTORY_US` when power comes back.
        jump_s: total of the jumps that it has made.
    """

    rate_ppm: float = Field(default=0.0, ge=-1e5, le=1e5)
    zone_error_s: float = Field(default=0.0, ge=-86_400.0, le=86_400.0)
    battery: bool = True
    jump_s: float = 0.0


class InstrumentClock:
    """A clock as a :class:`~instruments.device.Device` of its own: faults act on it, its instrument shows it.

    Commands: ``clock_us`` (the calendar that somebody sets), ``power``, and ``hidden.<parameter>``.

    Args:
        name: its full name, ``<device>/clock``.
        start_us: the station's calendar at bench time 0, microseconds since 1970-01-01.
        hidden: what is wrong with it.
        room: the air around it; None: at 25 C for ever.
        above_room_c: how much warmer than the room it is inside its instrument.
    """

    def __init__(
        self, name: str, start_us: int, *, hidden: Mapping[str, Value] | None = None, room: GasSource | None = None,
        above_room_c: float = 8.0,
    ) -> None:  # fmt: skip
        self._name = name
        self.hidden = ClockHidden.model_validate(dict(hidden or {}))
        self._heat = None if room is None else _Heat(room, above_room_c)
        self._start_us = start_us
        self._powered = True
        # from these on it goes by itself: bench time, what it showed, how far it was off by heat
        self._set_us, self._shown_us, self._heat_s = 0, start_us, 0.0

    @property
    def name(self) -> str:
        """Its name on the bench."""
        return self._name

    def shown_us(self, t_us: int) -> int:
        """What it shows at bench time ``t_us`` (not before the last command), microseconds since 1970-01-01."""
        passed = t_us - self._set_us
        heat_s = 0.0 if self._heat is None else self._heat.lost_s(t_us) - self._heat_s
        error_us = passed * self.hidden.rate_ppm * 1e-6 + heat_s * SECOND_US
        offset_us = round((self.hidden.zone_error_s + self.hidden.jump_s) * SECOND_US)
        return self._shown_us + passed + round(error_us) + offset_us

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go. Changes nothing that is shown."""
        if self._heat is not None:
            self._heat.lost_s(until_us)

    def next_event_us(self) -> int | None:
        """A clock makes no events."""
        return None

    def quantities(self) -> tuple[str, ...]:
        """What a recording of the clock holds."""
        return ("clock_us", "clock_error_s")

    def read(self, t_us: int, quantity: str) -> Value:
        """``clock_us``, its ``clock_error_s`` against the station's calendar, or a hidden parameter."""
        if quantity == "clock_us":
            return self.shown_us(t_us)
        if quantity == "clock_error_s":
            return (self.shown_us(t_us) - self._start_us - t_us) / SECOND_US
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        raise KeyError(quantity)

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act at ``t_us``. Raises Refused, and then nothing has changed."""
        name, value = command.name, command.value
        if name == "clock_us":
            if isinstance(value, bool) or not isinstance(value, int):
                raise Refused("invalid", "clock_us is a whole number of microseconds since 1970-01-01")
            self._begin(t_us, value, offset_s=self.hidden.zone_error_s + self.hidden.jump_s)
        elif name == "power":
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
            if value and not self._powered and not self.hidden.battery:
                self._begin(t_us, FACTORY_US, offset_s=self.hidden.zone_error_s + self.hidden.jump_s)
            self._powered = value
        elif name.startswith("hidden."):
            key = name.removeprefix("hidden.")
            if key not in ClockHidden.model_fields:
                raise Refused("unknown", name)
            try:
                hidden = ClockHidden.model_validate({**self.hidden.model_dump(), key: value})
            except ValidationError as error:
                raise Refused("invalid", f"{name}: {error.errors()[0]['msg']}") from None
            self._begin(t_us, self.shown_us(t_us), offset_s=self.hidden.zone_error_s + self.hidden.jump_s)
            self.hidden = hidden
        else:
            raise Refused("unknown", name)

    def _begin(self, t_us: int, shown_us: int, *, offset_s: float) -> None:
        """Go on from ``shown_us``, of which ``offset_s`` are the zone's error and the jumps."""
        self._heat_s = 0.0 if self._heat is None else self._heat.lost_s(t_us)
        self._set_us, self._shown_us = t_us, shown_us - round(offset_s * SECOND_US)


class _Heat(Series):
    """What heat and cold have made the clock lose since the epoch, seconds, every ten minutes."""

    def __init__(self, room: GasSource, above_room_c: float) -> None:
        super().__init__(1, keep=_KEPT_STEPS, block=1)
        self._room, self._above_c = room, above_room_c
        room.on_change(self)

    def gas_changed(self, index: int) -> None:
        """The room is no longer what it was from second ``index`` on."""
        self.history.truncate(max(index // _STEP_S, self.history.start))

    def lost_s(self, t_us: int) -> float:
        """Seconds at ``t_us``, in straight lines between the tens of minutes that are over."""
        step = t_us // (_STEP_S * SECOND_US)
        if step == 0:
            return 0.0
        if step == 1:
            return float(self.values(0, 1)[0, 0]) * (t_us / (_STEP_S * SECOND_US) - 1.0)
        begin, end = self.values(step - 2, step)[0].tolist()
        return float(begin + (end - begin) * (t_us / (_STEP_S * SECOND_US) - step))

    def _compute(self, first: int, last: int, rows: FloatArray) -> None:
        room = self._room.gas(first * _STEP_S, last * _STEP_S).temperature_c[_STEP_S - 1 :: _STEP_S]
        off = _PPM_PER_K2 * 1e-6 * _STEP_S * (room + self._above_c - _TURNING_C) ** 2
        before = 0.0 if self.history.stop == 0 else float(self.history.last()[0])
        off[0] += before
        rows[0] = np.cumsum(off)
