"""The contract between a device and the bench: three verbs and a way to look.

A device computes its response ahead on its own measuring grid, vectorised, and computes it anew from the instant of a
command. A read never changes anything: it returns the last value on the grid at or before the instant asked for.
Guaranteed and tested: the same timed commands give the same readings, bit for bit, whoever reads in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Value = float | int | str | bool | tuple[str, ...]

Origin = Literal["remote", "panel", "calibration", "service", "unlogged"]
"""Through what a setting is changed: the wire, the front panel, the unit's own calibration, service software that the
unit's log knows of, or something that the log does not see."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that happens to a device at one instant: a setting, a valve, a fault, the mains.

    Attributes:
        name: the setting (``averaging_time``), action (``calibrate_background``) or cause (``fault.lamp``).
        value: its new value; True for actions.
        by: through what it comes; the unit's own log of its settings says so.
    """

    name: str
    value: Value
    by: Origin = "remote"


class Device(Protocol):
    """A model of one instrument. Time is microseconds since the bench's epoch and never goes back."""

    @property
    def name(self) -> str:
        """The device's name on the bench; random paths are keyed by it."""
        ...

    def advance(self, until_us: int) -> None:
        """Compute at least up to ``until_us`` and let old history go. Changes no reading."""
        ...

    def apply(self, t_us: int, command: Command) -> None:
        """Let ``command`` act from ``t_us`` on.

        Raises:
            Refused: the device as it stands does not take this command; nothing has changed.
        """
        ...

    def next_event_us(self) -> int | None:
        """Instant of the next discrete event of the device's own making (a cycle's end), or None."""
        ...

    def read(self, t_us: int, quantity: str) -> Value:
        """Value of an observable or a setting as it stands at ``t_us``.

        Raises:
            KeyError: the device has no such quantity.
        """
        ...


class Face(Protocol):
    """What a wire protocol sees of an instrument: the device bound to the bench's clock."""

    def read(self, quantity: str) -> Value:
        """Value of an observable or setting now. Raises KeyError for an unknown quantity."""
        ...

    def read_at(self, quantity: str, t_us: int) -> Value:
        """Value of an observable as it was at ``t_us`` (for stored records); goes back at least 24 h."""
        ...

    def apply(self, name: str, value: Value) -> None:
        """Set a parameter or start an action. Raises Refused."""
        ...

    def now_us(self) -> int:
        """Bench time, microseconds since the epoch."""
        ...

    def clock_us(self) -> int:
        """The instrument's own clock as microseconds since 1970-01-01 of its local calendar (no zone)."""
        ...
