"""What a unit takes from its plug: much while it comes up to temperature, less once it is there, nothing when off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instruments.catalogue import CatalogueEntry

PowerListener = Callable[[int, bool], None]
"""Told of an instant (bench time, microseconds) at which a unit's power came (True) or went."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Power that a unit takes.

    Attributes:
        running_w: once it is warm, W.
        starting_w: until then, W.
        starting_s: how long that is, s.
    """

    running_w: float
    starting_w: float
    starting_s: float

    @classmethod
    def of(cls, entry: CatalogueEntry) -> Draw:
        """That of a model. Raises ConfigurationError if its file lacks a figure."""
        return cls(
            entry.parameter("power_draw"), entry.parameter("power_draw_starting"), entry.parameter("warm_up_time")
        )  # fmt: skip

    @classmethod
    def steady(cls, watts: float) -> Draw:
        """The same at all times."""
        return cls(watts, watts, 0.0)
