"""Being asked to stop: Ctrl-C, a terminal that goes away, a supervisor. All end a run in the same orderly way."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """What happens when somebody asks a run to stop.

    The first request raises KeyboardInterrupt in the main thread, so that the run ends as interrupted and the bench is
    made safe. Later ones, and those that come while :attr:`held`, are answered with a word and wait: a bench that is
    left half safe is what this is here to prevent.

    Args:
        ending: what is being done once the run has been asked to stop.
    """

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self.held = False
        self.asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.held or self.asked:
            sys.stderr.write(f"\nrig: stopping: {self._ending}\n")
            self.asked = True
            return
        self.asked = True
        raise KeyboardInterrupt


@contextmanager
def stop_requests(ending: str) -> Iterator[StopRequests]:
    """Take SIGINT, SIGTERM and SIGHUP as requests to stop; main thread only. ``ending``: what is done then."""
    requests = StopRequests(ending)
    previous = {number: signal.signal(number, requests) for number in _SIGNALS}
    try:
        yield requests
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
