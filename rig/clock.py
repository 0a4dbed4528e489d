"""Bench time: one integer of microseconds since the bench's epoch, moved by one of two drivers.

``VirtualClock`` goes as fast as the processor allows and moves only while somebody waits. ``PacedClock`` is locked to
the wall clock at a speed of 1 or more; it lives in an asyncio loop. Both step the same plain ``simpy.Environment``, so
the same devices, lines and faults run on either.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import simpy

from rig.errors import BenchBusy

FASTEST = 1e6
"""Largest speed of a paced clock: beyond it a wall microsecond is longer than the things that are to be told apart."""

SECOND = 1_000_000
"""Microseconds in a second of bench time."""


def to_us(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * SECOND)


class Clock(Protocol):
    """What devices, lines and faults need of time."""

    @property
    def now_us(self) -> int:
        """Bench time now."""
        ...

    def after(self, delay_us: int, action: Callable[[], None]) -> None:
        """Do ``action`` after ``delay_us`` of bench time. Actions due at one instant run in the order of asking."""
        ...


class _Environment(simpy.Environment):
    """A SimPy environment that can be told that time has passed in which nothing was due."""

    def stand_at(self, t_us: int) -> None:
        """Let time pass to ``t_us``, before which nothing is due; without the timeout that ``run(until)`` makes."""
        self._now = t_us


class _EventQueue:
    """The SimPy environment with the two calls that everything else needs."""

    def __init__(self) -> None:
        self.environment = _Environment(initial_time=0)

    def schedule(self, delay_us: int, action: Callable[[], None]) -> None:
        timeout = self.environment.timeout(delay_us)
        assert timeout.callbacks is not None  # a fresh timeout always has its list
        timeout.callbacks.append(lambda _event: action())

    def run_to(self, t_us: int) -> None:
        """Run everything due up to and including ``t_us``, then stand at ``t_us``."""
        environment = self.environment
        # peek first: run(until=t) stops before events at t itself, which belong to this instant.
        while environment.peek() <= t_us:
            environment.step()
        if environment.now < t_us:
            environment.stand_at(t_us)


class VirtualClock:
    """Time that moves only when somebody waits. One thread drives; a second one gets :class:`BenchBusy`."""

    def __init__(self) -> None:
        self._queue = _EventQueue()
        self._environment = self._queue.environment
        self._owner = threading.get_ident()

    @property
    def now_us(self) -> int:
        """Bench time now."""
        return int(self._environment.now)

    def after(self, delay_us: int, action: Callable[[], None]) -> None:
        """Do ``action`` after ``delay_us`` of bench time."""
        self._queue.schedule(delay_us, action)

    def is_driven_by_this_thread(self) -> bool:
        """Whether the calling thread may move this clock."""
        return threading.get_ident() == self._owner

    def wait(self, duration_us: int) -> None:
        """Let ``duration_us`` pass."""
        self.run_to(self.now_us + max(0, duration_us))

    def run_to(self, t_us: int) -> None:
        """Let time pass until ``t_us``."""
        self._check_thread()
        self._queue.run_to(t_us)

    def run_until(self, ready: Callable[[], bool], deadline_us: int) -> bool:
        """Let time pass until ``ready()`` holds, at most until ``deadline_us``. Return whether it held."""
        self._check_thread()
        environment = self._environment
        while not ready():
            if environment.peek() > deadline_us:
                self._queue.run_to(deadline_us)
                return ready()
            environment.step()
        return True

    def _check_thread(self) -> None:
        if not self.is_driven_by_this_thread():
            raise BenchBusy("a bench on virtual time is driven by the thread that opened it, and by no other")


class PacedClock:
    """Time locked to the wall clock, ``speed`` bench seconds to a second. Lives in an asyncio loop.

    Being late is recorded (:attr:`late_events`, :attr:`worst_lateness_us`) and never fatal.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not 1.0 <= speed <= FASTEST:
            raise ValueError(f"the speed of a paced clock is 1 or more ({FASTEST:g} at the most), not {speed:g}")
        self.speed = speed
        self._us_per_wall_second = speed * SECOND
        self.late_events = 0
        self.worst_lateness_us = 0
        self._queue = _EventQueue()
        self._environment = self._queue.environment
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due: float = float("inf")
        self._started_wall = 0.0
        self._held_us: int | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lock bench time 0 to the present instant of ``loop``."""
        self._loop = loop
        self._started_wall = time.monotonic()
        self.settle()

    def stop(self) -> None:
        """Let go of the loop: no further event runs."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = float("inf")
        self._loop = None

    @property
    def now_us(self) -> int:
        """Bench time now; while an event runs, the instant of that event."""
        if self._held_us is not None:
            return self._held_us
        event = int(self._environment.now)
        if self._loop is None:
            return event
        wall = int((time.monotonic() - self._started_wall) * self._us_per_wall_second)
        return wall if wall > event else event

    def after(self, delay_us: int, action: Callable[[], None]) -> None:
        """Do ``action`` after ``delay_us`` of bench time."""
        # The environment stands at its last event; the delay counts from now.
        self._queue.schedule(self.now_us - int(self._environment.now) + delay_us, action)
        if self._loop is not None and self._environment.peek() < self._timer_due:
            self.settle()

    def hand_over(self, data: bytes, take: Callable[[bytes], None]) -> None:
        """Run what is due, then give ``data``, which has just come in at a port, to ``take``.

        Bench time stands still meanwhile, so that all values of a reply are of one instant.
        """
        self._held_us = now = self.now_us
        try:
            if self._environment.peek() <= now:
                self.catch_up()
            take(data)
        finally:
            self._held_us = None

    def catch_up(self) -> None:
        """Run what is due."""
        now = self.now_us
        due = self._environment.peek()
        if due > now:
            return
        lateness = now - int(due)
        if lateness > self.worst_lateness_us:
            self.worst_lateness_us = lateness
        if lateness > 10_000 * self.speed:  # ten milliseconds of wall time
            self.late_events += 1
        held = self._held_us
        try:
            while (due := self._environment.peek()) <= now:
                # What happens late happens at its own instant all the same: a fault strikes when it was to strike.
                self._held_us = int(due)
                self._environment.step()
        finally:
            self._held_us = held
        self._queue.run_to(now)

    def settle(self) -> None:
        """Set the timer to the next event."""
        if self._loop is None:
            return
        due = self._environment.peek()
        if due == self._timer_due and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_due = due
        if due == float("inf"):
            return
        wall = self._started_wall + due / self._us_per_wall_second
        delay = max(0.0, wall - time.monotonic())
        self._timer = self._loop.call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._timer_due = float("inf")
        self.catch_up()
        self.settle()


def bench_datetime(epoch: datetime, t_us: int) -> datetime:
    """Calendar time of the bench at ``t_us``."""
    return epoch + timedelta(microseconds=t_us)
