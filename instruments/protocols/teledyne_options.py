"""What differs between the ports of a Teledyne box, and what they share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TeledyneOptions:
    """Habits of a port, as the setup menu of a box has them.

    Attributes:
        quiet: no reports but answers to requests (recalled: so at delivery).
        terminal: begins in terminal mode: echo and editing.
        security: a host must log on first.
        multidrop: a request without machine id is for somebody else.
    """

    quiet: bool = True
    terminal: bool = False
    security: bool = False
    multidrop: bool = False


class TeledyneMemory:
    """What all lines of one box share: whether it is in diagnostic mode."""

    def __init__(self) -> None:
        self.diagnostic = False

    def power_cycled(self) -> None:
        """The box starts anew."""
        self.diagnostic = False
