"""Faces of instruments that are a bag of values."""

from __future__ import annotations

from instruments.device import Value
from instruments.errors import RefusalReason, Refused

START_US = 1_767_571_200_000_000  # 2026-01-05 00:00
DAY_US = 86_400_000_000


class BagFace:
    """An instrument that has the values put into it, and keeps what it is told; time goes on by setting ``at_us``."""

    def __init__(self, values: dict[str, Value], at_us: int = 2 * DAY_US) -> None:
        self.values = values
        self.past: dict[int, dict[str, Value]] = {}
        self.applied: list[tuple[str, Value]] = []
        self.refuses: dict[str, RefusalReason] = {}
        self.at_us = at_us
        self.set_clock(START_US + at_us)

    def set_clock(self, clock_us: int) -> None:
        self._offset_us = clock_us - self.at_us

    def remember(self, clock_us: int, values: dict[str, Value]) -> None:
        """Give the instrument a past, at a reading of its clock."""
        self.past[clock_us - self._offset_us] = values

    def read(self, quantity: str) -> Value:
        return self.values[quantity]

    def read_at(self, quantity: str, t_us: int) -> Value:
        past = self.past.get(t_us, {})
        return past[quantity] if quantity in past else self.values[quantity]

    def apply(self, name: str, value: Value) -> None:
        if name in self.refuses:
            raise Refused(self.refuses[name])
        self.applied.append((name, value))
        if name == "clock_us":
            assert isinstance(value, int)
            self.set_clock(value)
        elif name in self.values:
            self.values[name] = value

    def now_us(self) -> int:
        return self.at_us

    def clock_us(self) -> int:
        return self.at_us + self._offset_us


def face_of(**values: Value) -> BagFace:
    """The face of an instrument that has just these values, mains power, and no alarm unless they tell of one."""
    return BagFace({"alarms": (), "powered": True, **values})
