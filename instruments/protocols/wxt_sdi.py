"""SDI-12 as a WXT speaks it (``M=S``, ``M=R``): a measurement is started, then its data are fetched.

Of the standard, version 1.3: ``a!``, ``aI!``, ``aM!`` to ``aM5!``, ``aC!``, both with CRC, ``aD0!`` on, in the mode R
``aR0!`` on. After ``aM!`` the sensor says its address once the data are there (the service request); a command that
comes before stops the measurement. All of it is recalled, but for the CRC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from instruments.protocols.checks import crc16, printable
from instruments.steps import SECOND_US

MEASURING_S = 3
"""Time that it states for a measurement (recalled)."""
NO_VALUE = "-9999"
"""What stands for a value that is not there (choice of this project: the usual one of loggers)."""
_MOST_VALUES = {"M": 9, "C": 99}
_MOST_BYTES = {"M": 35, "C": 75, "R": 75}
_START = re.compile(r"([MC])(C?)([1235]?)")
_FETCH = re.compile(r"D(\d)")
_CONTINUOUS = re.compile(r"R(C?)([01235])")


@dataclass(frozen=True, slots=True)
class _Measurement:
    """One that has been started: when its data are there, of what group, how they are told."""

    ready_us: int
    group: str
    kind: str
    summed: bool


class SdiTalk:
    """The conversation with one recorder.

    Args:
        values: values of a group of messages now, each with its sign; ``0`` is the composite one.
        now_us: bench time.
    """

    def __init__(self, values: Callable[[str], list[str]], now_us: Callable[[], int]) -> None:
        self._values, self._now_us = values, now_us
        self._started: _Measurement | None = None
        self._data: list[str] = []
        self._told = True

    def clear(self) -> None:
        """Forget a measurement."""
        self._started, self._data, self._told = None, [], True

    def answer(self, address: str, command: str, identity: str, *, continuous: bool) -> str:
        """The reply to ``command``, which stood between the address and ``!``; empty: silence."""
        self._finish()
        if not self._told and not self._data:
            self.clear()  # a command before the data are there stops the measurement
        self._told = True
        start = _START.fullmatch(command)
        if start:
            return self._start(address, start[1], start[3] or "0", summed=bool(start[2]))
        fetch = _FETCH.fullmatch(command)
        if fetch:
            part = int(fetch[1])
            found = self._data[part] if part < len(self._data) else ""
            return self._closed(address + found)
        now = _CONTINUOUS.fullmatch(command)
        if now and continuous:
            text = address + _packed(self._values(now[2]), _MOST_BYTES["R"])[0]
            return text + printable(crc16(text.encode("ascii"))) if now[1] else text
        return {"": address, "I": f"{address}{identity}"}.get(command, "")

    def due_us(self) -> int | None:
        """When the service request is due."""
        return None if self._told or self._started is None else self._started.ready_us

    def service_request(self, address: str) -> str:
        """The address, once; empty if there is nothing to tell."""
        self._finish()
        if self._told or self._started is None or self._now_us() < self._started.ready_us:
            return ""
        self._told = True
        return address

    def _start(self, address: str, kind: str, group: str, *, summed: bool) -> str:
        count = min(len(self._values(group)), _MOST_VALUES[kind])
        self._started = _Measurement(self._now_us() + MEASURING_S * SECOND_US, group, kind, summed)
        self._data, self._told = [], kind == "C"
        return f"{address}{MEASURING_S:03d}{count:0{1 if kind == 'M' else 2}d}"

    def _finish(self) -> None:
        """Take the values, once they are there."""
        started = self._started
        if started is None or self._data or self._now_us() < started.ready_us:
            return
        values = self._values(started.group)[: _MOST_VALUES[started.kind]]
        self._data = _packed(values, _MOST_BYTES[started.kind])

    def _closed(self, text: str) -> str:
        summed = self._started is not None and self._started.summed
        return text + printable(crc16(text.encode("ascii"))) if summed else text


def _packed(values: list[str], most: int) -> list[str]:
    """Values one after the other, in parts of at most so many characters; one part at least."""
    parts = [""]
    for value in values:
        if len(parts[-1]) + len(value) > most:
            parts.append("")
        parts[-1] += value
    return parts
