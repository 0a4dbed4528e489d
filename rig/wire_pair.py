"""One pair of wires for all: what anybody sends everybody hears, and two who send at once garble each other.

The pair has one level at a time: low where anybody who sends pulls it low. Each receiver is a UART that waits for a
falling edge and samples the middle of each bit by its own settings, so what becomes of two messages that overlap
follows from their bits and their instants, as on copper. What two drivers that fight do to each other's levels depends
on their strength; that the low one wins is this project's choice, as on a line of four wires.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rig.clock import Clock
from rig.uart import LineSettings, character, levels_of

_KEPT_US = 300_000.0
"""How long a sending is remembered after its end: longer than a character at 50 baud, the slowest rate there is."""

_HARDLY = 0.01
"""Part of a bit on either side of an edge at which it is looked at."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What one driver puts on the pair in one go.

    Attributes:
        talker: who sends.
        start_us: its first edge.
        bit_us: a bit of the sender.
        levels: one to a bit, 1 is idle.
    """

    talker: object
    start_us: float
    bit_us: float
    levels: list[int]

    @property
    def end_us(self) -> float:
        """When the last stop bit is over."""
        return self.start_us + len(self.levels) * self.bit_us

    def level(self, t_us: float) -> int:
        """What it makes of the pair at ``t_us``."""
        place = math.floor((t_us - self.start_us) / self.bit_us)
        return self.levels[place] if 0 <= place < len(self.levels) else 1


class WirePair:
    """The pair, and who is on it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._sendings: list[Sending] = []
        self._ears: list[Ear] = []

    def listen(self, settings: Callable[[], LineSettings], hear: Callable[[int, float, float], None]) -> None:
        """Add a receiver, set to ``settings()`` at each character. ``hear`` gets bytes with their begin and end, us."""
        self._ears.append(Ear(self, settings, hear))

    def send(self, talker: object, data: bytes, settings: LineSettings, start_us: float) -> float:
        """Have ``talker`` send ``data`` from ``start_us`` on, now or later; return when it has done, us."""
        sending = Sending(talker, start_us, 1e6 / settings.baud, levels_of(data, settings))
        self.clock.after(max(0, math.ceil(start_us) - self.clock.now_us), lambda: self._begin(sending))
        return sending.end_us

    def sends(self, talker: object, begin_us: float, end_us: float) -> bool:
        """Whether ``talker`` sends, or has sent, at any instant between the two."""
        return any(
            one.talker is talker and one.start_us < end_us and one.end_us > begin_us for one in self._sendings
        )  # fmt: skip

    def level(self, t_us: float) -> int:
        """Level at an instant up to now."""
        return min((one.level(t_us) for one in self._sendings), default=1)

    def falling_edge(self, after_us: float) -> float | None:
        """The next one at or after that instant, as far as it is known now; None: the pair stays idle."""
        edges = (self._edge(one, after_us) for one in self._sendings)
        return min((edge for edge in edges if edge is not None), default=None)

    def _edge(self, one: Sending, after_us: float) -> float | None:
        first = max(0, math.ceil((after_us - one.start_us) / one.bit_us - _HARDLY))
        for place in range(first, len(one.levels)):
            if one.levels[place] == 0 and (place == 0 or one.levels[place - 1] == 1):
                edge = one.start_us + place * one.bit_us
                if self.level(edge - _HARDLY * one.bit_us) == 1:
                    return edge
        return None

    def _begin(self, sending: Sending) -> None:
        now = self.clock.now_us
        self._sendings = [one for one in self._sendings if one.end_us > now - _KEPT_US] + [sending]
        for ear in self._ears:
            ear.look()


class Ear:
    """One receiver of a pair."""

    def __init__(
        self, pair: WirePair, settings: Callable[[], LineSettings], hear: Callable[[int, float, float], None]
    ) -> None:
        self._pair, self._settings, self._hear = pair, settings, hear
        self._free_us = 0.0
        self._edge_us: float | None = None

    def look(self) -> None:
        """Find the next character, unless one is coming in."""
        if self._edge_us is not None and self._edge_us <= self._pair.clock.now_us:
            return
        edge = self._edge_us = self._pair.falling_edge(self._free_us)
        if edge is None:
            return
        settings = self._settings()
        # The frame is over in the middle of its stop bit: from there on the next edge may come.
        end = edge + (settings.frame_bits + 0.5) * 1e6 / settings.baud
        clock = self._pair.clock
        clock.after(max(0, math.ceil(end) - clock.now_us), lambda: self._take(edge, end, settings))

    def _take(self, edge: float, end: float, settings: LineSettings) -> None:
        if edge != self._edge_us:
            return  # somebody has begun to send meanwhile, before that edge
        bit = 1e6 / settings.baud
        sampled = [self._pair.level(edge + (place + 0.5) * bit) for place in range(settings.frame_bits)]
        self._edge_us = None
        if sampled[0] == 1:
            self._free_us = edge + 2 * _HARDLY * bit  # too short for a start bit: a glitch
        else:
            # Where the stop bit is missing, the UART takes what it finds for the next start bit (16550, recalled).
            self._free_us = end if self._pair.level(end) else end - bit
            self._hear(character(sampled, settings), edge, end)
        self.look()
