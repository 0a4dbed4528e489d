"""What is seen of a unit at a time: settings, diagnostics, what the firmware reports, alarms, its own log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray
from instruments.device import Value
from instruments.folding import MEAN, Fold
from instruments.steps import SECOND_US, Hidden, Moment, Steps

if TYPE_CHECKING:
    from instruments.audit import AuditLog
    from instruments.catalogue import CatalogueEntry
    from instruments.clock import InstrumentClock
    from instruments.wear import Wear


CLOCK_ERROR = "clock_error"
"""In a recording of a unit that has a clock: what it shows less the station's calendar, s."""


class Observing:
    """The looking half of :class:`~instruments.unit.Unit`; nothing here changes anything."""

    entry: CatalogueEntry
    hidden: Hidden
    settings: dict[str, Value]
    texts: dict[str, Value]
    powered: bool
    power_step: int
    wear: Wear
    audit: AuditLog
    clock: InstrumentClock | None
    rows: Mapping[str, int]
    steps: Steps
    step_s: ClassVar[int]
    diagnostics: ClassVar[tuple[str, ...]]
    diagnostic_units: ClassVar[Mapping[str, str]] = {}
    """Units of diagnostics that the catalogue does not tell."""
    folds: ClassVar[Mapping[str, Fold]] = {}
    """What stands for a longer interval, of quantities that have no mean: words of bits, codes, counters."""
    _past: list[Moment]

    # -- for a kind of instrument ---------------------------------------------------------------------------------

    def reported(self) -> Mapping[str, str]:
        """What the firmware shows beside the diagnostics, each with its unit."""
        return {}

    def report(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """Return a quantity of :meth:`reported` for steps ``first`` to ``last``, with the settings of ``moment``."""
        raise KeyError(quantity)

    def shown(self, quantity: str, first: int, last: int, moment: Moment) -> FloatArray:
        """What an observer gets to see of a :meth:`report`."""
        return self.report(quantity, first, last, moment)

    def standing(self) -> Mapping[str, Value]:
        """Further observables that stand until something changes, as they are now (a flow that is drawn)."""
        return {}

    def keeps_for_a_step(self, quantity: str) -> bool:
        """Whether a quantity has one value during a whole step."""
        return quantity not in ("uptime_s", "clock_us", CLOCK_ERROR) and not quantity.endswith("_hours")

    def alarms(self, t_us: int, moment: Moment) -> tuple[str, ...]:
        """Alarms that stand: the catalogue's limits against what is observed, in alphabetical order."""
        if not moment.powered:
            return ()
        found = []
        for label, limits in self.entry.alarms.items():
            value = float(self.observe(t_us, moment, label))  # type: ignore[arg-type]
            if limits.low is not None and value < limits.low:
                found.append(f"{label}:low")
            elif limits.high is not None and value > limits.high:
                found.append(f"{label}:high")
        return tuple(sorted(found))

    # -- what is seen ---------------------------------------------------------------------------------------------

    def moment(self, until_us: int) -> Moment:
        """The unit as it stands."""
        return Moment(until_us, self.settings, self.powered, self.power_step, self.standing())

    def quantities(self) -> tuple[str, ...]:
        """Everything numeric that a recording of the unit holds: what it reports, and its diagnostics."""
        return (*self.reported(), *self.diagnostics, *(() if self.clock is None else (CLOCK_ERROR,)))

    def recording(self, first: int, last: int) -> dict[str, FloatArray]:
        """All of :meth:`quantities` for steps ``first`` to ``last`` (exclusive), as they were seen at the steps' ends.

        Without power, and until the first step after it came back is over, nothing is seen: NaN.
        """
        rows = self.steps.values(first, last)
        table = {label: rows[self.rows[label]].copy() for label in self.diagnostics}
        for quantity in self.reported():
            table[quantity] = np.empty(last - first)
        if self.clock is not None:
            table[CLOCK_ERROR] = self.clock.errors_s((np.arange(first, last) + 1) * (self.step_s * SECOND_US))
        for begin, end, moment in self._moments(first, last):
            for quantity in self.reported():
                table[quantity][begin - first : end - first] = self.shown(quantity, begin, end, moment)
            dark = min(max(begin, moment.power_step), end) if moment.powered else end
            for values in table.values():
                values[begin - first : dark - first] = np.nan
        return table

    def units(self) -> Mapping[str, str]:
        """Unit of each of :meth:`quantities`, as far as the catalogue tells it for a diagnostic or for its step."""
        figures = self.entry.parameters
        known = {
            name: figures[label].unit
            for name in self.diagnostics
            for label in (f"{name}_step", name)
            if label in figures
        }
        known |= {} if self.clock is None else {CLOCK_ERROR: "s"}
        known |= {name: limits.unit for name, limits in self.entry.alarms.items() if name in self.diagnostics}
        return {**known, **self.diagnostic_units, **self.reported()}

    def fold_of(self, quantity: str) -> Fold:
        """What stands for an interval longer than a step: the mean, unless ``folds`` says otherwise."""
        return self.folds.get(quantity, MEAN)

    def recorded_units(self) -> Mapping[str, str]:
        """The same for a recording, whose rows may have been made in different states."""
        return self.units()

    def alarm_texts(self, table: Mapping[str, FloatArray]) -> NDArray[np.str_]:
        """Alarms at each step of a :meth:`recording`, in alphabetical order with blanks between."""
        count = len(next(iter(table.values())))
        standing: dict[str, NDArray[np.bool_]] = {}
        for label, limits in sorted(self.entry.alarms.items()):
            values = table[label]
            for limit, side in ((limits.high, "high"), (limits.low, "low")):
                if limit is not None:
                    stands = values > limit if side == "high" else values < limit
                    if stands.any():
                        standing[f"{label}:{side}"] = stands
        if not standing:
            return np.full(count, "", dtype="U1")
        together, which = np.unique(np.array(list(standing.values())), axis=1, return_inverse=True)
        texts = [" ".join(np.array(list(standing))[stand]) for stand in together.T]
        return np.asarray(np.array(texts)[which])

    def text_settings(self, first: int, last: int) -> Mapping[str, NDArray[np.str_]]:
        """Settings that are words (a valve, a mode) at each step ``first`` to ``last`` (exclusive)."""
        names = [name for name, value in self.settings.items() if isinstance(value, str)]
        moments = self._moments(first, last)
        runs = [end - begin for begin, end, _ in moments]
        return {name: np.repeat([str(moment.settings[name]) for *_, moment in moments], runs) for name in names}

    def _moments(self, first: int, last: int) -> list[tuple[int, int, Moment]]:
        """The steps ``first`` to ``last`` cut where settings or power changed: each run of steps with its moment."""
        found = []
        for moment in self._past:
            # A step shows at its end, so it belongs to the moment in which it ends.
            end = min(last, -(-moment.until_us // (self.step_s * SECOND_US)) - 1)
            if end > first:
                found.append((first, end, moment))
                first = end
        if first < last:
            found.append((first, last, self.moment(last * self.step_s * SECOND_US)))
        return found

    def observe(self, t_us: int, moment: Moment, quantity: str) -> Value:
        """Return what an observer finds at ``t_us``. Raises KeyError for an unknown quantity."""
        if quantity in moment.settings:
            return moment.settings[quantity]
        if quantity in self.texts:
            return self.texts[quantity]
        step = max(t_us // (self.step_s * SECOND_US) - 1, 0)
        if quantity in self.reported():
            return float(self.shown(quantity, step, step + 1, moment)[0])
        if quantity in self.diagnostics:
            return float(self.steps.values(step, step + 1)[self.rows[quantity], 0])
        if quantity in moment.standing:
            return moment.standing[quantity]
        if quantity.startswith("hidden."):
            return getattr(self.hidden, quantity[7:])  # type: ignore[no-any-return]
        return self._kept_by_the_unit(t_us, moment, quantity)

    def _kept_by_the_unit(self, t_us: int, moment: Moment, quantity: str) -> Value:
        if quantity == "power":
            return moment.powered
        if quantity == "powered":  # it is up once it has finished a step
            return moment.powered and t_us >= (moment.power_step + 1) * self.step_s * SECOND_US
        if quantity == "clock_us" and self.clock is not None:
            return self.clock.shown_us(t_us)
        if quantity == CLOCK_ERROR and self.clock is not None:
            return self.clock.error_s(t_us)
        if quantity == "alarms":
            return self.alarms(t_us, moment)
        if quantity == "uptime_s":
            since = t_us / SECOND_US - moment.power_step * self.step_s
            return max(0.0, since) if moment.powered else 0.0
        if quantity == "audit_log":
            return self.audit.lines()
        if quantity == "parameter_writes":
            return self.audit.writes
        if quantity == "service_hours":
            return self.wear.hours(t_us / SECOND_US)
        part = quantity.removesuffix("_hours")
        if part != quantity and part in self.entry.wear:
            return self.wear.hours(t_us / SECOND_US, part)
        raise KeyError(quantity)
