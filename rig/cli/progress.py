"""Progress of a run on standard error: procedure, step, bench time, time left.

At a terminal it is one live line that vanishes at the end. Elsewhere (a CI log) a line is written at each step, but
only on the paced clock: a virtual run is over before anybody looks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from calibration.record import Message
from rig.run import RunTime
from scenarios.itinerary import TimeLeft

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_PER_SECOND = 4


class Progress:
    """Shows how far a run is; a :class:`rig.run.Listener`, and a context.

    Args:
        time: bench time.
        left: the way that lies ahead.
        language: of procedures and steps.
        speed: bench seconds to a wall second; None on virtual time.
    """

    def __init__(self, time: RunTime, left: TimeLeft, language: str, speed: float | None) -> None:
        self._time = time
        self._left = left
        self._language = language
        self._speed = speed
        self._start_us = time.now_us()
        self._said = ""
        self._device = self._step = ""
        self._live: Live | None = None
        self._plain = speed is not None
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._plain = False
            self._live = self._make_live()

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question and its answer."""
        if self._live is None:
            yield
            return
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def step(self, text: str) -> None:
        """A procedure, or a step in it, begins: ``device: step``."""
        self._device, _, self._step = text.partition(": ")
        self._left.begin(self._device, self._step, self._now_s())
        announced = self._step == self._left.step and self._step != "prepare"
        if self._plain and not announced and text != self._said:
            sys.stderr.write(self._line() + "\n")
            sys.stderr.flush()
            self._said = text

    def tick(self, t_s: float) -> None:
        """Bench time has gone on; the live line looks at the clock by itself."""

    def _now_s(self) -> float:
        return (self._time.now_us() - self._start_us) / 1e6

    def _line(self) -> str:
        now_s = self._now_s()
        left_s = self._left.left_s(now_s)
        words = [clock_text(now_s)]
        if self._left.step:
            words.append(self._text(f"procedure.{self._left.step}"))
        if self._device:
            words.append(self._device)
        if self._step and self._step != self._left.step:
            words.append(self._text(f"level.{self._step}"))
        words.append(f"left {clock_text(left_s)}")
        if self._speed is not None and self._speed > 1.0:
            words.append(f"({clock_text(left_s / self._speed)} at speed {self._speed:g})")
        return "  ".join(words)

    def _text(self, key: str) -> str:
        from reports.messages import load, text

        return text(Message(key=key), self._language) if key in load() else key.partition(".")[2]

    def _make_live(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        return Live(
            get_renderable=self._render, console=Console(stderr=True), transient=True, refresh_per_second=_PER_SECOND,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def _render(self) -> Text:
        from rich.text import Text

        return Text(self._line(), no_wrap=True, overflow="ellipsis")


def clock_text(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: 02:31:10."""
    minutes, second = divmod(round(max(0.0, seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}"
