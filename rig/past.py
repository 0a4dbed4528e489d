"""What a run has been so far, as its journal tells it: the rows that still count, and where to take it up again.

A journal is never cut. When a run is taken up again, a row ``gap`` says after which row it goes on; rows between that
one and the gap are still there for whoever reads the journal, and no longer part of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from instruments.errors import Refused
from rig.errors import BadReply, BenchBusy, DeviceTimeout, RigError, RigFault
from rig.journal import Row

Scope = Literal["test", "day", "level"]
"""What a run marks the beginning of, so that a gap can repeat it."""

ABOUT, GAP, RETURN, BACK, BEGIN, DONE, GIVEN_UP, ENDING, END = (
    "run", "gap", "return", "back", "begin", "done", "given up", "ending", "end",
)  # fmt: skip
"""Kinds of rows that are neither request nor result: what the run is; a gap; the bench being brought back to where it
was, and the end of that; a scope begun; a test done; a prompt given up; the bench being made safe; the end."""

UNASKED = frozenset({"result", "stable", "not stable", "accepted", DONE, GIVEN_UP})
"""Rows that no request stands behind, and whose words may be checked by whoever runs again: their kind is enough."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A run that is taken up again.

    Attributes:
        about: what the run is, as its first row says.
        rows: that count, without the first and without gaps.
        after: number of the last of them in the journal.
        repeats: what is measured again; empty if nothing is.
        step: the step in which the gap fell; empty between two steps.
        last_wall: wall time of the last row that was written before, s.
        last_t_us: bench time of that row.
        before: gaps that the run had already.
        results: entries of the record that the way back from those gaps has left.
    """

    about: Mapping[str, Any]
    rows: tuple[Row, ...]
    after: int
    repeats: str
    step: str
    last_wall: float
    last_t_us: int
    before: tuple[Mapping[str, Any], ...]
    results: tuple[Any, ...] = ()


def taken_up(rows: Sequence[Row], repeats_of: Mapping[str, str] | None) -> Taken:
    """Where a run goes on.

    Args:
        rows: of its whole journal.
        repeats_of: of each step, what a gap in it repeats (level, day, test, sequence); None on virtual time, where
            nothing is repeated.

    Raises:
        RigFault: the journal is empty, or begins with something else than a run.
    """
    if not rows or rows[0].kind != ABOUT:
        raise RigFault("the journal holds no run: nothing of it had reached the disk")
    counting: list[Row] = []
    repeated = superseded(rows)
    gaps: list[dict[str, Any]] = []
    results: list[Any] = []
    returning = False
    for row in rows[1:]:
        if row.kind == GAP:
            gaps.append(row.answer)
            returning = False
        elif row.kind in (RETURN, BACK):
            returning = row.kind == RETURN
            if row.answer is not None:
                gaps[-1]["power_lost"] = row.answer
        elif returning:
            if row.kind == "result":
                results.append(row.answer)
        elif row.seq not in repeated:
            counting.append(row)
    # What a run does to leave the bench safe is no part of what it was doing.
    ending = next((at for at, row in enumerate(counting) if row.kind == ENDING), len(counting))
    del counting[ending:]
    repeats = step = ""
    if repeats_of is not None:
        cut, repeats, step = _cut(counting, repeats_of)
        del counting[cut:]
    after = counting[-1].seq if counting else rows[0].seq
    last = rows[-1]
    return Taken(rows[0].request, tuple(counting), after, repeats, step, last.wall, last.t_us, tuple(gaps),
                 tuple(results))  # fmt: skip


def superseded(rows: Iterable[Row]) -> set[int]:
    """Numbers of the rows that a gap has made the run repeat."""
    behind: list[int] = []
    repeated: set[int] = set()
    for row in rows:
        if row.kind == GAP:
            after = int(row.request["after"])
            repeated.update(seq for seq in behind if seq > after)
        behind.append(row.seq)
    return repeated


def _cut(rows: Sequence[Row], repeats_of: Mapping[str, str]) -> tuple[int, str, str]:
    """From which of the rows on they are measured again, what that is called, and in which step it is."""
    begun = next((at for at in range(len(rows) - 1, -1, -1) if _begins(rows[at], "test")), None)
    if begun is None:
        return 0, "", ""
    step = str(rows[begun].request[1])
    if any(row.kind == DONE for row in rows[begun:]):
        return len(rows), "", ""
    repeats = repeats_of.get(step, "test")
    if repeats in ("level", "day"):
        for at in range(len(rows) - 1, begun, -1):
            if _begins(rows[at], repeats):
                return at, repeats, step
    return begun, "sequence" if repeats == "sequence" else "test", step


def _begins(row: Row, scope: str) -> bool:
    return row.kind == BEGIN and row.request[0] == scope


def as_answer(error: Exception) -> dict[str, Any]:
    """An error as a journal's answer, so that it can be raised again."""
    told: dict[str, Any] = {"error": type(error).__name__, "text": str(error)}
    if isinstance(error, Refused):
        told |= {"reason": error.reason, "detail": error.detail}
    elif getattr(error, "device", None) is not None:
        told["device"] = error.device  # type: ignore[attr-defined]
    return told


def error_of(answer: Any) -> Exception | None:
    """The error that an answer stands for; None if it stands for none."""
    if not isinstance(answer, dict) or "error" not in answer or "text" not in answer:
        return None
    name, text = answer["error"], str(answer["text"])
    if name == "Refused":
        return Refused(answer["reason"], answer["detail"])
    if name == "KeyError":
        return KeyError(text)
    kinds: dict[str, type[RigError]] = {kind.__name__: kind for kind in (DeviceTimeout, BadReply, BenchBusy)}
    # Their own arguments are not in the journal, their words are.
    error = kinds.get(name, RigFault).__new__(kinds.get(name, RigFault))
    error.args = (text,)
    error.device = answer.get("device")  # type: ignore[attr-defined]
    return error
