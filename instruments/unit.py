"""An instrument as a :class:`~instruments.device.Device`: settings with their past, power, parts that age, steps.

A kind of instrument subclasses :class:`Unit` and adds its physics: :meth:`Unit.detect` gives the rows of the measuring
steps, ahead and vectorised; :meth:`Unit.reported` what the firmware makes of them and the settings. State that goes on
from step to step (a mass, a tape spot, a phase) is a row named in ``memory``: so a command recomputes from its instant
on, and nothing depends on who reads when.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
from pydantic import ValidationError

from instruments.air import FloatArray
from instruments.atmosphere import Site
from instruments.audit import AuditLog, Change
from instruments.catalogue import CatalogueEntry
from instruments.clock import OF_THE_CLOCK, ClockedHidden, InstrumentClock, with_quartz
from instruments.device import Command, Value
from instruments.draw import Draw, PowerListener
from instruments.errors import Refused
from instruments.history import ToldSeries
from instruments.observing import Observing
from instruments.steps import SECOND_US, Hidden, Moment, Steps, until
from instruments.wear import Service, Wear

_KEPT_S = 26 * 3600


class Unit(Observing, ABC):
    """What instruments of every kind share.

    Args:
        entry: its catalogue entry.
        name: name on the bench; keys the random paths.
        seed: root seed.
        serial: serial number.
        settings: settings that differ from the catalogue's defaults.
        hidden: the unit's hidden truth.
        warm: has been running before the epoch.
        service: hours and shelf time behind it.

    Raises:
        Refused: a setting that the model does not have or does not take.
        ValueError: ``service`` names a part that the model does not have.
    """

    step_s: ClassVar[int]
    """Length of a measuring step, seconds."""
    hidden_model: ClassVar[type[Hidden]]
    diagnostics: ClassVar[tuple[str, ...]]
    """Rows that can be read by their names."""
    memory: ClassVar[tuple[str, ...]] = ()
    """Rows that only the next step needs, to the last digit."""
    report_only: ClassVar[frozenset[str]] = frozenset({"mode", "instrument_id"})
    """Settings that change what is shown and leave the physics alone."""
    goes_by_its_clock: ClassVar[bool] = False
    """Whether more than stamps goes by the unit's own clock: its hours."""
    plugged: ClassVar[bool] = True
    """Whether it hangs on the mains; a cylinder and a meter with a battery do not."""
    fed: ClassVar[bool] = True
    """Whether it loads the supply that it hangs on; what passes power on to others does not count."""
    indoors: ClassVar[bool] = True
    """Whether the air of the room matters to it."""
    actions: tuple[str, ...] = ()
    """Actions that :meth:`act` carries out, beside replacing parts."""
    firmware: ClassVar[str] = ""

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str = "",
        settings: Mapping[str, Value] | None = None, hidden: Hidden | None = None, warm: bool = True,
        service: Service | None = None,
    ) -> None:  # fmt: skip
        self.entry, self.seed = entry, seed
        self.hidden = with_quartz(self.hidden_model() if hidden is None else hidden, name, seed)
        self.clock = InstrumentClock(self.hidden) if isinstance(self.hidden, ClockedHidden) else None
        self.settings: dict[str, Value] = {key: limits.default for key, limits in entry.settings.items()}
        self.settings.setdefault("instrument_id", 0)
        self._name = name
        self.texts: dict[str, Value] = {"serial": serial, "firmware": self.firmware, "model": entry.name}
        for key, value in (settings or {}).items():
            self.settings[key] = self.checked(key, value)
        keep = _KEPT_S // self.step_s
        self.powered = True
        self.power_step = -10 * keep if warm else 0
        self.warm_at_start = warm
        self._coldness = 0.0 if warm else 1.0
        self.wear = Wear(entry.wear, self.serviced(service or Service()), running=True)
        self.audit = AuditLog()
        self._shares: dict[str, tuple[tuple[int, int, int], FloatArray]] = {}
        self.draw = Draw.of(entry) if self.plugged and self.fed else None
        """What it takes from its plug."""
        self._power_listeners: list[PowerListener] = []
        self._past: list[Moment] = []
        self._since_us = 0
        self._starts: dict[str, tuple[int, float]] = {}
        self.rows = {label: row for row, label in enumerate(self.row_labels())}
        self.steps = Steps(self, len(self.rows), keep)
        self.cache: dict[str, Value] = {}
        self._cached_step = -2
        self._site: Site | None = None
        self.made: tuple[ToldSeries, ...] = ()
        """Gas by the second that it makes: computed, forgotten and let go together with the steps."""
        self._equip()

    # -- for a kind of instrument ---------------------------------------------------------------------------------

    def _equip(self) -> None:
        """Make what this kind of instrument has beside settings, parts and steps; the last act of building a unit."""
        return

    def serviced(self, service: Service) -> Service:
        """What lies behind the parts, given what the bench file says: parts of routine service may be younger."""
        return service

    def place(self, site: Site) -> None:
        """Stand in ``site``, and hear when its air is no longer what it was."""
        self._site = site
        site.outside.on_change(self)
        if self.indoors:
            site.room.on_change(self)
        self.gas_changed(0)

    @abstractmethod
    def detect(self, first: int, last: int) -> Iterable[FloatArray]:
        """Return the rows of steps ``first`` to ``last`` (exclusive), in the order of :meth:`row_labels`."""

    def row_labels(self) -> tuple[str, ...]:
        """Names of the rows of a step."""
        return (*self.diagnostics, *self.memory)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Carry out an action of :attr:`actions` at ``step``; return the settings that it changes. Raises Refused."""
        raise Refused("unknown", name)

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Power has come or gone: restart what does not survive it; return the settings that are lost, as they are."""
        return {}

    def settle(self, t_us: int) -> None:
        """Compute everything until ``t_us`` with the unit as it is, before something changes."""
        for series in self.made:
            series.ensure(t_us // SECOND_US + 1)
        self.steps.ensure(self.step_at(t_us))

    def recompute(self, t_us: int) -> None:
        """Something has changed at ``t_us``: what comes after it is to be computed anew."""
        self.steps.forget(self.step_at(t_us))
        for series in self.made:
            series.gas_changed(t_us // SECOND_US + 1)

    def hidden_changes(self, t_us: int) -> None:
        """The hidden truth is about to change: keep what has come of it so far (a drift)."""
        return

    def clock_changed(self, step: int) -> None:
        """The clock has been set or has jumped: what goes by it does so from ``step`` on."""
        return

    # -- tools for a kind of instrument ---------------------------------------------------------------------------

    @property
    def site(self) -> Site:
        """Where the unit stands. Raises RuntimeError before it has been placed."""
        if self._site is None:
            raise RuntimeError(f"{self.name}: place(site) comes before any reading")
        return self._site

    def step_at(self, t_us: int) -> int:
        """The first step that a command at ``t_us`` acts on: the one under way at the next full second."""
        return (t_us // SECOND_US + 1) // self.step_s

    def number(self, key: str) -> float:
        """A numeric setting as it stands."""
        value = self.settings[key]
        if not isinstance(value, int | float):
            raise TypeError(f"setting {key} is no number: {value!r}")
        return float(value)

    def before(self, label: str, first: int, otherwise: float) -> float:
        """Value of a row at the step before ``first``; ``otherwise`` before the epoch; what :meth:`restart` said."""
        start = self._starts.get(label)
        if start is not None and start[0] == first:
            return start[1]
        return self.steps.history.value(self.rows[label], first - 1) if first > 0 else otherwise

    def restart(self, label: str, step: int, value: float) -> None:
        """Let a row go on from ``value`` at ``step``, as if the step before had left it so."""
        self._starts[label] = (step, value)

    def seconds(self, first: int, last: int) -> FloatArray:
        """Bench seconds at the ends of steps ``first`` to ``last``."""
        return np.asarray((np.arange(first, last) + 1.0) * self.step_s)

    def share(self, part: str, first: int, last: int) -> FloatArray:
        """Share of a new part's performance at steps ``first`` to ``last``; not to be written.

        The last one of each part is kept: light and noise of one detection ask for the same lamp several times.
        """
        of = first, last, self.wear.changes
        kept = self._shares.get(part)
        if kept is None or kept[0] != of:
            share = self.wear.share(part, self.seconds(first, last))
            share.flags.writeable = False
            kept = self._shares[part] = of, share
        return kept[1]

    def warmth(self, first: int, last: int) -> FloatArray:
        """How far heaters have come, 0 cold to 1 at temperature, at the end of each step."""
        return self.risen(first, last, self.entry.parameter("warm_up_time"))

    def risen(self, first: int, last: int, time_s: float) -> FloatArray:
        """The same for what comes up with another time constant from as cold as the heaters were at power on."""
        if self.powered and self._coldness == 0.0:
            return np.ones(last - first)
        since = np.maximum(np.arange(first, last) + 1 - self.power_step, 0) * self.step_s
        fading = np.exp(-since / time_s)
        return 1.0 - self._coldness * fading if self.powered else (1.0 - self._coldness) * fading

    def gas_changed(self, index: int) -> None:
        """Surroundings from bench second ``index`` on are no longer what they were."""
        self.steps.forget(max(index, 0) // self.step_s)
        self.cache.clear()

    def on_power(self, listener: PowerListener) -> None:
        """Tell ``listener`` when its power goes or comes, by whatever hand."""
        self._power_listeners.append(listener)

    # -- device ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The device's name on the bench."""
        return self._name

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us`` and let old history go."""
        step = until_us // (self.step_s * SECOND_US) - 1
        if step >= 0:
            self.steps.values(step, step + 1)
        second = until_us // SECOND_US
        for series in self.made:
            series.values(second, second + 1)
        if self.clock is not None:
            self.clock.advance(until_us)

    def next_event_us(self) -> int | None:
        """Units of this family make no events of their own."""
        return None

    def read(self, t_us: int, quantity: str) -> Value:
        """Value of an observable or a setting at ``t_us``, up to 25 h back. Raises KeyError for an unknown quantity."""
        if t_us < self._since_us:
            return self.observe(t_us, self._past[bisect_right(self._past, t_us, key=until)], quantity)
        if quantity in self.settings:
            return self.settings[quantity]
        if quantity == "clock_us" and self.clock is not None:
            return self.clock.shown_us(t_us)  # it goes on between steps, and needs no look at the unit
        step = t_us // (self.step_s * SECOND_US)
        if step != self._cached_step:
            self.cache.clear()
            self._cached_step = step
        value = self.cache.get(quantity)
        if value is None:
            value = self.observe(t_us, self.moment(t_us), quantity)
            if self.keeps_for_a_step(quantity):
                self.cache[quantity] = value
        return value

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on. Raises Refused, and then nothing has changed."""
        name, value = command.name, command.value
        if name.startswith("hidden."):
            hidden = self._hidden_with(name.removeprefix("hidden."), value)
            if hidden != self.hidden and name.removeprefix("hidden.") in OF_THE_CLOCK:
                self._turn_clock(t_us, hidden)
            elif hidden != self.hidden:
                self._cut(t_us, physical=True)
                self.hidden_changes(t_us)
                self.hidden = hidden
                self.recompute(t_us)
        elif name == "power":
            if not self.plugged:
                raise Refused("unknown", f"a {self.entry.name} has no plug")
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
            if value != self.powered:
                self._cut(t_us, physical=True)
                self._switch(t_us, powered=value)
                self.recompute(t_us)
        elif name == "clock_us" and self.clock is not None:
            if isinstance(value, bool) or not isinstance(value, int):
                raise Refused("invalid", "clock_us is a whole number of microseconds since 1970-01-01")
            self._turn_clock(t_us, self.hidden, value)
        elif (part := self.wear.action(name)) is not None:
            self._cut(t_us, physical=True)
            self.wear.replace(t_us / SECOND_US, part)
            self.recompute(t_us)
        elif name in self.actions:
            self.settle(t_us)
            self._change_settings(t_us, self.act(t_us, self.step_at(t_us), name, value), command)
        elif name in self.settings:
            self._change_settings(t_us, {name: self.checked(name, value)}, command)
        else:
            raise Refused("unknown", name)

    def _turn_clock(self, t_us: int, hidden: Hidden, clock_us: int | None = None) -> None:
        """The clock is set, or what is wrong with it changes; all that does not go by it stays as it is."""
        assert self.clock is not None
        assert isinstance(hidden, ClockedHidden)
        if self.goes_by_its_clock:
            self._cut(t_us, physical=True)
        self.hidden = hidden
        self.cache.clear()
        if clock_us is None:
            self.clock.change(t_us, hidden)
        else:
            self.clock.set_to(t_us, clock_us)
        if self.goes_by_its_clock:
            self.clock_changed(self.step_at(t_us))
            self.recompute(t_us)

    def clock_us(self, t_us: int) -> int:
        """What its clock shows; bench time where it has none."""
        return t_us if self.clock is None else self.clock.shown_us(t_us)

    def changes_physics(self, setting: str) -> bool:
        """Whether a setting does more than change what is shown."""
        return setting not in self.report_only

    def _change_settings(self, t_us: int, wanted: Mapping[str, Value], command: Command) -> None:
        changed = {key: value for key, value in wanted.items() if value != self.settings[key]}
        acted = command.name in self.actions
        physical = acted or any(self.changes_physics(key) for key in changed)
        if not changed and not acted:
            return
        self._cut(t_us, physical=physical)
        by = "calibration" if acted and command.by == "remote" else command.by
        for key, value in changed.items():
            self.audit.note(Change(self.clock_us(t_us), by, key, self.settings[key], value))
        self.settings = {**self.settings, **changed}
        if physical:
            self.recompute(t_us)

    def _cut(self, t_us: int, *, physical: bool) -> None:
        """What was until ``t_us`` is past."""
        if physical:
            self.settle(t_us)
        self._past.append(self.moment(t_us))
        self._past = self._past[bisect_right(self._past, t_us - _KEPT_S * SECOND_US, key=until) :]
        self._since_us = t_us
        self.cache.clear()

    def _switch(self, t_us: int, *, powered: bool) -> None:
        step = self.step_at(t_us)
        warm = float(self.warmth(step - 1, step)[0]) if step > 0 else 1.0 - self._coldness
        self.powered, self.power_step, self._coldness = powered, step, 1.0 - warm
        self.wear.switch(t_us / SECOND_US, running=powered)
        if self.clock is not None:
            self.clock.switch(t_us, powered=powered)
            if self.goes_by_its_clock:
                self.clock_changed(step)
        self.settings = {**self.settings, **self.power_changed(t_us, step)}
        for listener in self._power_listeners:
            listener(t_us, powered)

    def _hidden_with(self, key: str, value: Value) -> Hidden:
        if key not in type(self.hidden).model_fields:
            raise Refused("unknown", f"hidden.{key}")
        try:
            return type(self.hidden).model_validate({**self.hidden.model_dump(), key: value})
        except ValidationError as error:
            raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None

    def checked(self, key: str, value: Value) -> Value:
        """Return ``value`` if the catalogue lets the setting ``key`` have it. Raises Refused."""
        limits = self.entry.settings.get(key)
        if key == "instrument_id":
            most = 127 if limits is None or limits.high is None else round(limits.high)
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
                raise Refused("invalid", f"instrument_id is a whole number from 0 to {most}")
            return value
        if limits is None:
            raise Refused("unknown", key)
        return limits.checked(key, value)
