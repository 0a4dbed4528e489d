"""An instrument as a :class:`~instruments.device.Device`: settings with their past, power, parts that age, steps.

A kind of instrument subclasses :class:`Unit` and adds its physics: :meth:`Unit.detect` gives the rows of the measuring
steps, ahead and vectorised; :meth:`Unit.reported` what the firmware makes of them and the settings. State that goes on
from step to step (a mass, a tape spot, a phase) is a row named in ``memory``: so a command recomputes from its instant
on, and nothing depends on who reads when.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import ValidationError

from instruments.air import FloatArray
from instruments.atmosphere import Site
from instruments.audit import AuditLog, Change
from instruments.catalogue import CatalogueEntry
from instruments.device import Command, Value
from instruments.errors import Refused
from instruments.steps import SECOND_US, Hidden, Moment, Steps
from instruments.wear import Service, Wear

_KEPT_US = 26 * 3600 * SECOND_US


class Unit(ABC):
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
    actions: ClassVar[tuple[str, ...]] = ()
    """Actions that :meth:`act` carries out, beside replacing parts."""
    firmware: ClassVar[str] = ""

    def __init__(
        self, entry: CatalogueEntry, name: str, seed: int, *, serial: str = "",
        settings: Mapping[str, Value] | None = None, hidden: Hidden | None = None, warm: bool = True,
        service: Service | None = None,
    ) -> None:  # fmt: skip
        self.entry, self.seed = entry, seed
        self.hidden = self.hidden_model() if hidden is None else hidden
        self.settings: dict[str, Value] = {key: limits.default for key, limits in entry.settings.items()}
        self.settings.setdefault("instrument_id", 0)
        self._name = name
        self._texts: dict[str, Value] = {"serial": serial, "firmware": self.firmware, "model": entry.name}
        for key, value in (settings or {}).items():
            self.settings[key] = self.checked(key, value)
        keep = _KEPT_US // SECOND_US // self.step_s
        self.powered = True
        self.power_step = -10 * keep if warm else 0
        self._coldness = 0.0 if warm else 1.0
        self.wear = Wear(entry.wear, service or Service(), running=True)
        self.audit = AuditLog()
        self._past: list[Moment] = []
        self._since_us = 0
        self._starts: dict[str, tuple[int, float]] = {}
        self.rows = {label: row for row, label in enumerate((*self.diagnostics, *self.memory))}
        self.steps = Steps(self, len(self.rows), keep)

    # -- for a kind of instrument ---------------------------------------------------------------------------------

    @abstractmethod
    def place(self, site: Site) -> None:
        """Stand the unit in its surroundings; keep what it needs, and listen with :meth:`forget_from` for changes."""

    @abstractmethod
    def detect(self, first: int, last: int) -> FloatArray:
        """Return the rows of steps ``first`` to ``last`` (exclusive), in the order of :attr:`rows`."""

    def reported(self) -> Mapping[str, str]:
        """What the firmware shows beside the diagnostics, each with its unit."""
        return {}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Return a quantity of :meth:`reported` for steps ``first`` to ``last``, with the settings of ``moment``."""
        raise KeyError(quantity)

    def act(self, t_us: int, step: int, name: str, value: Value) -> Mapping[str, Value]:
        """Carry out an action of :attr:`actions` at ``step``; return the settings that it changes. Raises Refused."""
        raise Refused("unknown", name)

    def alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        """Alarms that stand: the catalogue's limits against what is observed, in alphabetical order."""
        if not moment.powered:
            return ()
        found = []
        for label, limits in self.entry.alarms.items():
            value = float(self._observe(t_us, moment, label))  # type: ignore[arg-type]
            if limits.low is not None and value < limits.low:
                found.append(f"{label}:low")
            elif limits.high is not None and value > limits.high:
                found.append(f"{label}:high")
        return tuple(sorted(found))

    # -- tools for a kind of instrument ---------------------------------------------------------------------------

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
        """Share of a new part's performance at steps ``first`` to ``last``."""
        return self.wear.share(part, self.seconds(first, last))

    def warmth(self, first: int, last: int) -> FloatArray:
        """How far heaters have come, 0 cold to 1 at temperature, at the end of each step."""
        since = np.maximum(np.arange(first, last) + 1 - self.power_step, 0) * self.step_s
        fading = np.exp(-since / self.entry.parameter("warm_up_time"))
        return 1.0 - self._coldness * fading if self.powered else (1.0 - self._coldness) * fading

    def forget_from(self, second: int) -> None:
        """Surroundings from bench ``second`` on are no longer what they were."""
        self.steps.forget(max(second, 0) // self.step_s)

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

    def next_event_us(self) -> int | None:
        """Units of this family make no events of their own."""
        return None

    def read(self, t_us: int, quantity: str) -> Value:
        """Value of an observable or a setting at ``t_us``, up to 25 h back. Raises KeyError for an unknown quantity."""
        if t_us < self._since_us:
            moment = self._past[bisect_right(self._past, t_us, key=lambda past: past.until_us)]
        else:
            moment = self.moment(t_us)
        return self._observe(t_us, moment, quantity)

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on. Raises Refused, and then nothing has changed."""
        name, value = command.name, command.value
        step = t_us // (self.step_s * SECOND_US)  # the step under way: its value is not to be seen before its end
        if name.startswith("hidden."):
            hidden = self._hidden_with(name.removeprefix("hidden."), value)
            if hidden != self.hidden:
                self._cut(t_us, step)
                self.hidden = hidden
                self.steps.forget(step)
        elif name == "power":
            if not isinstance(value, bool):
                raise Refused("invalid", "power is true or false")
            if value != self.powered:
                self._cut(t_us, step)
                self._switch(t_us, step, powered=value)
                self.steps.forget(step)
        elif (part := self.wear.action(name)) is not None:
            self._cut(t_us, step)
            self.wear.replace(t_us / SECOND_US, part)
            self.steps.forget(step)
        elif name in self.actions:
            self._settings_changed(t_us, step, self.act(t_us, step, name, value), command, physical=True)
        elif name in self.settings:
            changed = {name: self.checked(name, value)}
            self._settings_changed(t_us, step, changed, command, physical=name not in self.report_only)
        else:
            raise Refused("unknown", name)

    def _settings_changed(
        self, t_us: int, step: int, changed: Mapping[str, Value], command: Command, *, physical: bool
    ) -> None:
        changed = {key: value for key, value in changed.items() if value != self.settings[key]}
        if not changed and command.name not in self.actions:
            return
        self._cut(t_us, step if physical else None)
        by = "calibration" if command.name in self.actions and command.by == "remote" else command.by
        for key, value in changed.items():
            self.audit.note(Change(t_us + self.clock_offset_us, by, key, self.settings[key], value))
        self.settings = {**self.settings, **changed}
        if physical:
            self.steps.forget(step)

    clock_offset_us = 0
    """The instrument's own clock less bench time; the bench sets it when it winds the clock."""

    def _cut(self, t_us: int, step: int | None) -> None:
        """What was until ``t_us`` is past; the steps until ``step`` are computed with the unit as it was."""
        if step is not None:
            self.steps.ensure(step)
        self._past.append(self.moment(t_us))
        self._past = self._past[bisect_right(self._past, t_us - _KEPT_US, key=lambda past: past.until_us) :]
        self._since_us = t_us

    def _switch(self, t_us: int, step: int, *, powered: bool) -> None:
        warm = float(self.warmth(step - 1, step)[0]) if step > 0 else 1.0 - self._coldness
        self.powered, self.power_step, self._coldness = powered, step, 1.0 - warm
        self.wear.switch(t_us / SECOND_US, running=powered)
        self.settings = {**self.settings, **self.power_changed(t_us, step)}

    def power_changed(self, t_us: int, step: int) -> Mapping[str, Value]:
        """Power has come or gone: restart what does not survive it; return the settings that are lost, as they are."""
        return {}

    def _hidden_with(self, key: str, value: Value) -> Hidden:
        if key not in type(self.hidden).model_fields:
            raise Refused("unknown", f"hidden.{key}")
        try:
            return type(self.hidden).model_validate({**self.hidden.model_dump(), key: value})
        except ValidationError as error:
            raise Refused("invalid", f"hidden.{key}: {error.errors()[0]['msg']}") from None

    def checked(self, key: str, value: Value) -> Value:
        """Return ``value`` if the catalogue lets the setting ``key`` have it. Raises Refused."""
        if key == "instrument_id":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 127:
                raise Refused("invalid", "instrument_id is a whole number from 0 to 127")
            return value
        limits = self.entry.settings.get(key)
        if limits is None:
            raise Refused("unknown", key)
        return limits.checked(key, value)

    # -- what is seen ---------------------------------------------------------------------------------------------

    def moment(self, until_us: int) -> Moment:
        """The unit as it stands."""
        return Moment(until_us, self.settings, self.powered, self.power_step)

    def quantities(self) -> tuple[str, ...]:
        """Everything numeric that a recording of the unit holds: what it reports, and its diagnostics."""
        return (*self.reported(), *self.diagnostics)

    def _observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        if quantity in moment.settings:
            return moment.settings[quantity]
        if quantity in self._texts:
            return self._texts[quantity]
        step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
        if quantity in self.rows:
            return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])
        if quantity in self.reported():
            return float(self.report(quantity, step, step + 1, moment)[0])
        if quantity in ("powered", "power"):
            return moment.powered
        if quantity == "uptime_s":
            since = t_us / SECOND_US - moment.power_step * self.step_s
            return max(0.0, since) if moment.powered else 0.0
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        if quantity == "alarms":
            return self.alarms(t_us, moment)
        if quantity == "audit_log":
            return self.audit.lines()
        if quantity == "parameter_writes":
            return self.audit.writes
        if quantity == "service_hours":
            return self.wear.hours(t_us / SECOND_US)
        if quantity.endswith("_hours") and quantity.removesuffix("_hours") in self.entry.wear:
            return self.wear.hours(t_us / SECOND_US, quantity.removesuffix("_hours"))
        raise KeyError(quantity)
