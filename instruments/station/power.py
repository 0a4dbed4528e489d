"""The station's power: mains, an uninterruptible supply with its battery, and the outlets that feed the devices.

Nothing here happens by itself: :meth:`PowerSupply.switchings` says at which instants the power of each device goes and
comes, as far as the mains, the battery and the order of restarting let it; the bench carries these out. What a dip does
to a device is the device's own affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from instruments.air import FloatArray, GasListener
from instruments.atmosphere import Site
from instruments.device import Command
from instruments.draw import Draw
from instruments.folding import HIGHEST, LAST, LOWEST, Fold
from instruments.signal import OrnsteinUhlenbeck, interpolated
from instruments.station.mains import Grid
from instruments.station.minutes import MINUTE_S
from instruments.station.turns import EVER, NEVER, Turns
from instruments.steps import SECOND_US, Hidden
from instruments.unit import Unit

_DAY_US = 86_400 * SECOND_US
_SEARCH_DAYS = 60


class PowerHidden(Hidden):
    """What is wrong with mains and supply.

    Attributes:
        mains: they are there; False: somebody has cut the line.
        voltage_factor: voltage over nominal; below 0.85 the supply takes it for a cut.
        disturbances: sags and cuts over what is usual in a city; 0: none.
        battery_health: capacity of the battery over that of one of its age.
        bypass: the supply passes the mains through and does not help.
    """

    mains: bool = True
    voltage_factor: float = Field(default=1.0, ge=0.0, le=1.3)
    disturbances: float = Field(default=1.0, ge=0.0, le=1000.0)
    battery_health: float = Field(default=1.0, ge=0.0, le=1.2)
    bypass: bool = False


@dataclass(frozen=True, slots=True)
class Outlet:
    """One device's plug.

    Attributes:
        device: its name on the bench.
        ups: it hangs on the supply, not on the mains.
        draw: what it takes.
        order: its place in the order of restarting, from 0.
        heats: what it draws becomes heat in the room.
    """

    device: str
    ups: bool
    draw: Draw
    order: int
    heats: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Switching:
    """The power of a device goes or comes."""

    t_us: int
    order: int
    device: str
    on: bool


class PowerSupply(Unit):
    """The supply with its meter of the mains; see the module."""

    fed = False
    step_s = 10
    hidden_model = PowerHidden
    hidden: PowerHidden
    diagnostics = (
        "mains_voltage", "mains_voltage_min", "battery_charge", "on_battery", "output", "load", "transfers",
    )  # fmt: skip
    diagnostic_units: ClassVar[Mapping[str, str]] = {
        "mains_voltage_min": "V", "on_battery": "1", "output": "1", "transfers": "1",
    }  # fmt: skip
    folds: ClassVar[Mapping[str, Fold]] = {
        "mains_voltage_min": LOWEST, "on_battery": HIGHEST, "output": LOWEST, "transfers": LAST,
    }  # fmt: skip
    firmware = "1.0"

    def _equip(self) -> None:
        super()._equip()
        self.outlets: list[Outlet] = []
        self._listeners: list[GasListener] = []
        self._off: set[str] = set()
        self._since: dict[str, int] = {}
        self._wander = OrnsteinUhlenbeck(self.seed, f"{self.name}/voltage", 1800.0)
        self._turns = Turns(self, Grid(self.seed, f"{self.name}/mains", self.entry.parameter("cut_mean")))
        self._done_us = -1

    def place(self, site: Site) -> None:
        """Nothing of the surroundings matters to it."""

    def feed(
        self, device: str, *, ups: bool, draw: Draw, order: int = 0, heats: bool = True, warm: bool = True
    ) -> None:  # fmt: skip
        """Plug a device in. What has been computed is void.

        Args:
            device: its name.
            ups: whether the battery carries it.
            draw: what it takes.
            order: its place among those that are switched on again.
            heats: whether what it draws becomes heat in the room (that of an air conditioner leaves it).
            warm: has been running before the epoch.

        Raises:
            ValueError: the device has a plug already, or draws less than nothing.
        """
        if (
            min(draw.running_w, draw.starting_w) < 0.0
            or order < 0
            or any(outlet.device == device for outlet in self.outlets)
        ):
            raise ValueError(f"{device}: one plug for each device, with a load and an order that are not negative")
        self.outlets.append(Outlet(device, ups, draw, order, heats))
        self._since[device] = EVER if warm else 0
        self._turns.begin_anew()
        self.gas_changed(0)
        self._tell(0)

    def switched(self, device: str, t_us: int, on: bool) -> None:
        """A device's power has gone or come: if by another hand than this supply's, the load is another from then on.

        The device that comes back starts anew.
        """
        self.settle(t_us)
        outlet = next(outlet for outlet in self.outlets if outlet.device == device)
        if on and device in self._off:
            self._off.remove(device)
            self._since[device] = t_us
        elif not on and self._feeds(outlet, t_us):
            self._off.add(device)
        else:
            return  # as the schedule says
        if outlet.ups:
            self.recompute(t_us)

    def _feeds(self, outlet: Outlet, t_us: int) -> bool:
        """Whether the outlet has power at ``t_us`` by the schedule."""
        return next((on for at_us, on in reversed(self._history_of(outlet)) if at_us <= t_us), True)

    def load_w(self, t_us: int, alive_us: int) -> float:
        """What the supply's outlets take at ``t_us`` if there has been power at its output since ``alive_us``, W."""
        return float(self.loads_w(np.array([t_us]), np.array([alive_us]))[0])

    def loads_w(self, times_us: NDArray[np.int64], alive_us: NDArray[np.int64]) -> FloatArray:
        """The same at several instants."""
        total = np.zeros(len(times_us))
        for outlet, on_us in self._switched_on(alive_us):
            warm_us = on_us + round(outlet.draw.starting_s * SECOND_US)
            draw = np.where(times_us < warm_us, outlet.draw.starting_w, outlet.draw.running_w)
            total += np.where(times_us < on_us, 0.0, draw)
        return total

    def load_changes_us(self, t_us: int, alive_us: int) -> int:
        """The next instant after ``t_us`` at which a device is switched on or has become warm; far away if none."""
        found = NEVER
        for outlet, on_us in self._switched_on(np.array([alive_us])):
            for at_us in (int(on_us[0]), int(on_us[0]) + round(outlet.draw.starting_s * SECOND_US)):
                if at_us > t_us:
                    found = min(found, at_us)
        return found

    def _switched_on(self, alive_us: NDArray[np.int64]) -> Iterator[tuple[Outlet, NDArray[np.int64]]]:
        """Outlets of the supply whose devices nobody has switched off, and since when each has power."""
        for outlet in self.outlets:
            if outlet.ups and outlet.device not in self._off:
                closed = np.where(alive_us > EVER, alive_us + self._wait_us(outlet), EVER)
                yield outlet, np.maximum(closed, self._since[outlet.device])

    def _wait_us(self, outlet: Outlet) -> int:
        """Time from the return of the power until the outlet closes."""
        seconds = self.entry.parameter("restart_delay") + outlet.order * self.number("restart_stagger")
        return round(seconds * SECOND_US)

    def capacity_wh(self, t_us: int) -> float:
        """Energy of the full battery."""
        share = self.wear.share("battery", np.array([t_us / SECOND_US]))[0]
        return self.entry.parameter("battery_energy") * self.hidden.battery_health * float(share)

    # -- device ---------------------------------------------------------------------------------------------------

    def settle(self, t_us: int) -> None:
        """Compute everything until ``t_us``."""
        self._turns.extend(t_us)
        super().settle(t_us)

    def recompute(self, t_us: int) -> None:
        """From ``t_us`` on all goes otherwise."""
        super().recompute(t_us)
        self._turns.turn_at(t_us)
        self._changed(t_us)

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on; a new battery comes charged."""
        super().apply(t_us, command)
        if command.name == "replace_battery":
            self._turns.turn_at(t_us, charge=1.0)
            self._changed(t_us)

    def _changed(self, t_us: int) -> None:
        self._done_us = max(self._done_us, t_us - 1)
        self._tell(t_us // SECOND_US + 1)

    def advance(self, until_us: int) -> None:
        """Compute up to ``until_us``; what was to be switched until then has been."""
        super().advance(until_us)
        self._done_us = max(self._done_us, until_us)

    def next_event_us(self) -> int | None:
        """The next instant at which a device is to be switched; looks two months ahead."""
        begin = self._done_us + 1
        for day in range(0, _SEARCH_DAYS, 5):
            found = self.switchings(begin + day * _DAY_US, begin + (day + 5) * _DAY_US)
            if found:
                return found[0].t_us
        return None

    # -- schedule -------------------------------------------------------------------------------------------------

    def switchings(self, first_us: int, last_us: int) -> tuple[Switching, ...]:
        """All switchings from ``first_us`` (inclusive) to ``last_us`` (exclusive), as things stand now."""
        self._turns.extend(last_us)
        found = []
        for outlet in self.outlets:
            for t_us, on in self._history_of(outlet):
                if first_us <= t_us < last_us:
                    found.append(Switching(t_us, outlet.order if on else 0, outlet.device, on))
        return tuple(sorted(found))

    def fed_share(self, first: int, last: int) -> FloatArray:
        """Share of the load that heats the room that is fed at the beginnings of minutes ``first`` to ``last``."""
        heating = [outlet for outlet in self.outlets if outlet.heats]
        total = sum(outlet.draw.running_w for outlet in heating)
        if total == 0.0:
            return np.ones(last - first)
        minutes = np.arange(first, last) * MINUTE_S * SECOND_US
        self._turns.extend(int(minutes[-1]) + 1)
        fed = np.zeros(last - first)
        for outlet in heating:
            history = self._history_of(outlet)
            if not history:  # as long as nothing has gone dark
                fed += outlet.draw.running_w
                continue
            states = np.array([True] + [on for _, on in history])
            fed += outlet.draw.running_w * states[np.searchsorted([t for t, _ in history], minutes, side="right")]
        return fed / total

    def on_change(self, listener: GasListener) -> None:
        """Tell ``listener`` from which second on the schedule is no longer what it was."""
        self._listeners.append(listener)

    def _tell(self, second: int) -> None:
        for listener in self._listeners:
            listener.gas_changed(second)

    def _history_of(self, outlet: Outlet) -> list[tuple[int, bool]]:
        """When the outlet's power went (False) and came back (True); it was there at the epoch."""
        wait = self._wait_us(outlet)
        history: list[tuple[int, bool]] = []
        feeding = True
        due: int | None = None
        for turn in self._turns.all:
            alive = turn.output if outlet.ups else turn.good
            if due is not None and due <= turn.t_us:
                history.append((due, True))
                feeding, due = True, None
            if not alive:
                due = None
                if feeding:
                    history.append((turn.t_us, False))
                    feeding = False
            elif not feeding and due is None:
                due = turn.t_us + wait
        if due is not None:
            history.append((due, True))
        return history

    # -- what its meter sees --------------------------------------------------------------------------------------

    def detect(self, first: int, last: int) -> FloatArray:
        """Rows of the ten-second steps."""
        step_us = self.step_s * SECOND_US
        ends = (np.arange(first, last) + 1) * step_us
        self._turns.extend(int(ends[-1]))
        turns = self._turns.all
        times = np.array([turn.t_us for turn in turns])
        at = np.searchsorted(times, ends, side="right") - 1
        left = np.array([turn.left for turn in turns])
        lowest = np.minimum(left[at], left[np.searchsorted(times, ends - step_us, side="right") - 1])
        for turn in turns[int(at[0]) :]:  # sags are shorter than a step
            index = turn.t_us // step_us - first
            if 0 <= index < last - first:
                lowest[index] = min(lowest[index], turn.left)
        wander = 1.0 + self.entry.parameter("voltage_sd") * interpolated(self._wander, first, last, 60 // self.step_s)
        volts = self.entry.parameter("mains_voltage") * wander
        charge, rate = (np.array([getattr(turn, name) for turn in turns]) for name in ("charge", "rate"))
        charged = np.clip(charge[at] + rate[at] * (ends - times[at]) / SECOND_US, 0.0, 1.0)
        on_battery = np.array([float(turn.output and not turn.good) for turn in turns])
        output = np.array([float(turn.output) for turn in turns])
        alive = np.array([turn.alive_us for turn in turns])
        load = 100.0 * self.loads_w(ends, alive[at]) / self.entry.parameter("rated_power")
        return np.array([
            np.round(volts * left[at], 1), np.round(volts * lowest, 1), np.round(100.0 * charged, 1),
            on_battery[at], output[at], load * output[at], self._turns.transfers(ends),
        ])  # fmt: skip
