"""What can be wrong with a log: one quantity's records held against what its device showed.

First the shift in time and the factor are found under which most records agree with what was shown
(:mod:`rig.score.alignment`); then each record is judged under these. So a log that is an hour late is told to be late,
not to be wrong 8760 times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rig.score.alignment import aligned, best_alignment
from rig.score.expected import Expected, Window, expected
from rig.score.log_file import Key, Logged
from rig.score.truth_file import Shown

Defect = Literal["lost", "repeated", "shifted", "rescaled", "wrongly valid", "invented", "wrong", "not judged"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect of one quantity.

    Attributes:
        defect: what it is.
        count: records that have it.
        first_s: bench second of the first one; None where it is a matter of the whole log.
        line: line of the log, where it has one.
        detail: how much, or which.
    """

    defect: Defect
    count: int
    first_s: float | None
    line: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found for one quantity; sound if nothing was. ``port`` is empty where the log does not say it."""

    device: str
    quantity: str
    port: str
    records: int
    expected: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found, in a log of which something at least could be judged."""
        return all(one.defect == "not judged" and one.count < self.records for one in self.findings)


def judge(key: Key, log: Logged, shown: Shown, window: Window, zone_s: float) -> Verdict:
    """Hold ``log`` against ``shown``.

    Args:
        key: device, channel, and the port that the log says it was read by, if it does.
        log: the records.
        shown: what the device showed.
        window: what a record stands for.
        zone_s: offset of the station's calendar from UTC, s.
    """
    shift, scale = best_alignment(log, shown, window, zone_s, key[1])
    moved = aligned(log, shift, scale, window)
    told = expected(moved, shown, window)
    findings: list[Finding] = []
    if shift:
        findings.append(Finding("shifted", len(log.values), None, None, _shift_in_words(shift, window, zone_s)))
    if scale.factor != 1.0:
        findings.append(Finding("rescaled", len(log.values), None, None, scale.text))
    intervals = _intervals(moved, shown, window)
    findings += _lost(moved, intervals)
    twice = _repeated_times(intervals)
    findings += _told("repeated", twice, moved, "the same time again")
    findings += _judge_records(moved, told, ~twice)
    return Verdict(*key, len(log.values), int(intervals.due.sum()), tuple(findings))


def _judge_records(log: Logged, told: Expected, once: NDArray[np.bool_]) -> Iterator[Finding]:
    has_value = np.isfinite(log.values) & once
    yield from _told("not judged", ~told.covered & has_value, log, "outside the time that the truth log covers")
    covered = has_value & told.covered
    made_up = covered & (told.mute | (told.barred & ~told.agrees))
    yield from _told("invented", made_up, log, "nothing could be read from the device then")
    rest = covered & ~made_up & log.valid
    off_air = rest & ~told.sampling
    yield from _told("wrongly valid", off_air & told.elsewhere, log, "on zero or span gas, or not on outside air")
    unread = "too little of the time could be read: no power, or a line that had failed"
    yield from _told("wrongly valid", off_air & ~told.elsewhere, log, unread)
    yield from _told("wrongly valid", rest & told.sampling & told.alarmed, log, "the device had an alarm")
    rest &= told.known & told.plain & ~told.agrees
    stale = rest & _stale(log)
    yield from _told("repeated", stale, log, "the value of the record before, while the device showed another")
    yield from _told("wrong", rest & ~stale, log, "no value that the device showed at that time")


def _told(defect: Defect, which: NDArray[np.bool_], log: Logged, detail: str) -> Iterator[Finding]:
    if which.any():
        first = int(np.argmax(which))
        yield Finding(defect, int(which.sum()), float(log.times_s[first]), int(log.lines[first]), detail)


def _stale(log: Logged) -> NDArray[np.bool_]:
    """Records that repeat the value of the one before them."""
    same = np.zeros(len(log.values), bool)
    same[1:] = log.values[1:] == log.values[:-1]
    return same


@dataclass(frozen=True, slots=True)
class _Intervals:
    """The intervals of a log, from its first record to its last: one may start late and end early, that is no loss.

    Attributes:
        of_record: number of the interval that each record is of.
        numbers: all of them in order.
        times_s: bench second that a record of each would have.
        due: whether the device could be read throughout.
    """

    of_record: NDArray[np.int64]
    numbers: NDArray[np.int64]
    times_s: NDArray[np.float64]
    due: NDArray[np.bool_]


def _intervals(log: Logged, shown: Shown, window: Window) -> _Intervals:
    parts = log.times_s / window.every_s
    # Around the circle, so that records a little before and after a full interval are of one kind.
    phase = float(np.angle(np.exp(2j * np.pi * parts).mean()) / (2.0 * np.pi))
    of_record = np.round(parts - phase).astype(np.int64)
    numbers = np.arange(of_record.min(), of_record.max() + 1)
    times_s = (numbers + phase) * window.every_s
    nothing = np.full(len(times_s), np.nan)
    told = expected(Logged(times_s, nothing, nothing, np.ones(len(times_s), bool), numbers), shown, window)
    return _Intervals(of_record, numbers, times_s, told.known & told.covered & ~told.touched)


def _repeated_times(intervals: _Intervals) -> NDArray[np.bool_]:
    again = np.ones(len(intervals.of_record), bool)
    again[np.unique(intervals.of_record, return_index=True)[1]] = False
    return again


def _lost(log: Logged, intervals: _Intervals) -> Iterator[Finding]:
    lost = intervals.due & ~np.isin(intervals.numbers, intervals.of_record[np.isfinite(log.values)])
    if lost.any():
        first = float(intervals.times_s[np.argmax(lost)])
        yield Finding("lost", int(lost.sum()), first, None, "the device could be read then")


def _shift_in_words(shift: float, window: Window, zone_s: float) -> str:
    parts = []
    rest = shift
    for base in (zone_s, -zone_s):
        if zone_s and abs(shift - base) <= window.every_s:
            kept = "UTC" if base < 0.0 else "twice the zone's offset"
            parts.append(f"{base / 3600.0:+g} h: times are in {kept} instead of the station's calendar")
            rest = shift - base
    if rest:
        side = "" if window.average_s == 0.0 else ", as if labelled by the other end of the interval"
        parts.append(f"{rest:+g} s{side}")
    return "; ".join(parts)
