"""Running again on virtual time what a journal holds already: nothing is repeated, everything is the same or told.

The bench is rebuilt from its seed and does again what it did; each row must be the one that the journal has. From the
row on where the run was cut off, rows are written.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from rig.errors import RigFault
from rig.journal import Journal, Row
from rig.past import ENDING


class Followed:
    """A journal whose rows of before are followed first; a :class:`rig.logbook.Ledger`.

    Args:
        journal: open for what comes behind.
        past: the rows that count so far.
    """

    def __init__(self, journal: Journal, past: Sequence[Row]) -> None:
        self._journal = journal
        self._past = deque(past)

    def append(self, t_us: int, kind: str, request: Any, answer: Any) -> None:
        """Compare with the row of before, or write. Raises RigFault where the bench does something else than it did."""
        if kind == ENDING:
            self._past.clear()  # stopped on the way: what is done to make the bench safe was not done before
        if not self._past:
            self._journal.append(t_us, kind, request, answer)
            return
        row = self._past.popleft()
        # As text, so that a value that is no number is like itself.
        now, was = (json.dumps(one) for one in ([t_us, kind, request, answer], row.words))
        if now != was:
            self._past.clear()
            raise RigFault(
                f"row {row.seq} of the journal cannot be followed: it holds {_shown(was)}, and the bench now gives "
                f"{_shown(now)}: a run is taken up again by the version, the plan and the bench that began it"
            )

    def commit(self) -> None:
        """Make sure that everything appended so far is on the disk."""
        self._journal.commit()


def _shown(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "..."
