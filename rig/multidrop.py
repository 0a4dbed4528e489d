"""Several boxes on one RS-485 line: all hear the host, each answers to its own address, and two at once collide.

With four wires the boxes hear the host and not each other; :mod:`rig.two_wires` has one pair for all.
"""

from __future__ import annotations

from instruments.protocols.ends import DeviceEnd


class Tap:
    """One box on a shared line.

    Args:
        end: its protocol.
    """

    def __init__(self, end: DeviceEnd) -> None:
        self.end = end
        self.powered = True

    def switch(self, *, powered: bool) -> None:
        """Power of this box comes or goes; the line stays."""
        self.powered = powered
        if not powered:
            self.end.power_cycled()


class Multidrop(DeviceEnd):
    """The boxes of a shared line as the one device end of it; boxes are added to :attr:`taps`."""

    def __init__(self) -> None:
        self.taps: list[Tap] = []

    def receive(self, data: bytes) -> list[bytes]:
        """Every box with power hears ``data``."""
        return _together([tap.end.receive(data) for tap in self.taps if tap.powered])

    def next_output_us(self) -> int | None:
        """When the first of them speaks of its own accord."""
        return min((due for due in map(_due, self.taps) if due is not None), default=None)

    def output(self) -> list[bytes]:
        """What those say whose time it is."""
        return _together([messages for _, messages in self.outputs()])

    def outputs(self) -> list[tuple[Tap, list[bytes]]]:
        """The same, by box."""
        now = self.next_output_us()
        return [(tap, tap.end.output()) for tap in self.taps if _due(tap) == now]


def _due(tap: Tap) -> int | None:
    return tap.end.next_output_us() if tap.powered else None


def _together(said: list[list[bytes]]) -> list[bytes]:
    """Messages of several boxes that begin to send at one instant: where bits differ, the one that pulls down wins."""
    talking = [messages for messages in said if messages]
    if not talking:
        return []
    if len(talking) == 1:
        return talking[0]
    joined = [b"".join(messages) for messages in talking]
    collided = bytearray(max(joined, key=len))
    for message in joined:
        for place, byte in enumerate(message):
            collided[place] &= byte
    return [bytes(collided)]
