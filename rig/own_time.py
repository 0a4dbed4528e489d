"""This process's own ``time`` functions on the bench's clock, so that polling loops of user code move it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, SupportsIndex

if TYPE_CHECKING:
    from rig.bench import Bench

_READ_COSTS_US = 1
"""A look at the clock costs a microsecond, so that a loop that only watches the time ends."""


@contextmanager
def own_time(bench: Bench) -> Iterator[None]:
    """Route ``time.sleep``, ``time.monotonic`` and ``time.time`` to ``bench``, for the thread that drives it.

    Other threads keep the wall clock. The functions are put back at the end, whatever happened.
    """
    clock = bench.virtual_clock
    real_sleep, real_monotonic, real_time = time.sleep, time.monotonic, time.time

    def sleep(seconds: float | SupportsIndex) -> None:
        if clock.is_driven_by_this_thread():
            duration = float(seconds)
            if duration < 0:
                raise ValueError("sleep length must be non-negative")
            clock.wait(round(duration * 1e6))
        else:
            real_sleep(seconds)

    def look() -> int:
        clock.wait(_READ_COSTS_US)
        return clock.now_us

    def monotonic() -> float:
        return look() / 1e6 if clock.is_driven_by_this_thread() else real_monotonic()

    def wall() -> float:
        return bench.calendar_seconds(look()) if clock.is_driven_by_this_thread() else real_time()

    time.sleep, time.monotonic, time.time = sleep, monotonic, wall
    try:
        yield
    finally:
        time.sleep, time.monotonic, time.time = real_sleep, real_monotonic, real_time
