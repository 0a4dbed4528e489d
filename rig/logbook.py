"""Asking the bench with every request and its answer journaled, and answering from the journal what was asked before.

What a procedure sees of time is the time of the last row: it stands still between two requests, so that a procedure
that is run again from its journal decides as it did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rig.errors import Refused, RigError, RigFault
from rig.journal import Row
from rig.past import ENDING, UNASKED, as_answer, error_of


class RunTime(Protocol):
    """Where a run's time comes from."""

    def now_us(self) -> int:
        """Bench time, microseconds since the bench's epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of bench time pass."""
        ...


class Ledger(Protocol):
    """Where rows go: a journal."""

    def append(self, t_us: int, kind: str, request: Any, answer: Any) -> None:
        """Write one row."""
        ...

    def commit(self) -> None:
        """Make sure that everything appended so far is kept."""
        ...


class Logbook:
    """What stands between a run and its bench.

    Args:
        journal: where everything is written first.
        time: bench time.
        start_us: bench time at which the run began.
        past: rows of the run so far, which answer until they are used up.
    """

    def __init__(self, journal: Ledger, time: RunTime, start_us: int, past: Sequence[Row] = ()) -> None:
        self.time = time
        self.now_us = start_us
        self.on_return: Callable[[], None] | None = None
        """Called once, when the past is used up, before the bench is asked again."""
        self._journal = journal
        self.lost: list[str] = []
        """What could not be journaled while the bench was made safe."""
        self._past = deque(past)
        self._returned = not past
        self._ends = False

    @property
    def recalls(self) -> bool:
        """Whether answers come from the journal still."""
        return bool(self._past)

    def asked(self, kind: str, request: Any, ask: Callable[[], Any]) -> Any:
        """The answer to a request, journaled before it is returned. Raises what asking raises."""
        if self._past:
            return self._recalled(kind, request)
        self._come_back()
        try:
            answer = ask()
        except (RigError, Refused, KeyError) as error:
            self._write(kind, request, as_answer(error))
            raise
        if isinstance(answer, tuple):
            answer = list(answer)
        self._write(kind, request, answer)
        return answer

    def note(self, kind: str, request: Any, answer: Any) -> None:
        """Journal what nobody was asked for: a window found, a result, the beginning of a test."""
        if self._past:
            self._next(kind, request)
            return
        self._come_back()
        self._write(kind, request, answer)

    def commit(self) -> None:
        """Make sure that everything so far is on the disk. Raises RigFault when it does not take it."""
        self._journal.commit()

    def end(self) -> None:
        """The bench is made safe from now on: that goes on whatever becomes of the journal, and no past answers it."""
        self._past.clear()
        self._returned = self._ends = True
        self._write(ENDING, None, None)

    def _come_back(self) -> None:
        if not self._returned:
            self._returned = True
            self.now_us = max(self.now_us, self.time.now_us())
            if self.on_return is not None:
                self.on_return()

    def _write(self, kind: str, request: Any, answer: Any) -> None:
        self.now_us = self.time.now_us()
        try:
            self._journal.append(self.now_us, kind, request, answer)
        except RigFault as fault:
            if not self._ends:
                raise
            if str(fault) not in self.lost:
                self.lost.append(str(fault))

    def _recalled(self, kind: str, request: Any) -> Any:
        row = self._next(kind, request)
        error = error_of(row.answer)
        if error is not None:
            raise error
        return row.answer

    def _next(self, kind: str, request: Any) -> Row:
        row = self._past.popleft()
        same = row.kind == kind and (kind in UNASKED or _plain(request) == row.request)
        if not same:
            raise RigFault(
                f"row {row.seq} of the journal is {row.kind} {row.request}, and the plan now goes on with {kind} "
                f"{request}: a run is taken up again by the version, the plan and the bench that began it"
            )
        self.now_us = row.t_us
        return row


def _plain(request: Any) -> Any:
    """A request as it comes back from JSON."""
    if isinstance(request, tuple | list):
        return [_plain(one) for one in request]
    if isinstance(request, dict):
        return {name: _plain(one) for name, one in request.items()}
    return request
