"""What a record should say, and within what it may differ: a reading at an instant, or the mean over an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rig.score.log_file import Logged
from rig.score.reachable import STEP_S
from rig.score.truth_file import Shown


@dataclass(frozen=True, slots=True)
class Window:
    """What a record stands for.

    Attributes:
        every_s: distance of records.
        average_s: interval that a record is the mean of; 0: it is a reading.
        label: end of the interval that its time names.
        step_s: distance of what the truth log knows.
    """

    every_s: float
    average_s: float = 0.0
    label: Literal["begin", "end"] = "begin"
    step_s: float = STEP_S

    @property
    def offset_s(self) -> float:
        """From the beginning of a record's interval to its time."""
        return self.average_s if self.label == "end" else 0.0


@dataclass(frozen=True, slots=True)
class Expected:
    """Record by record.

    Attributes:
        middle: the value expected.
        agrees: the record's value is one that the device showed, or near enough to its mean.
        known: the device showed something throughout.
        covered: the truth log covers the record's time.
        sampling, alarmed, mute: the device's state: on outside air; with an alarm throughout; unreadable throughout.
        elsewhere: on zero or span gas, or otherwise not on outside air, so much of the time that it alone spoils it.
        barred: it was unreadable throughout, or so that only some could still read it.
        touched: it could not be read for a part of the time, or by one of its ports, or a message was struck then.
        plain: on outside air and without a change of state near by.
    """

    middle: NDArray[np.float64]
    agrees: NDArray[np.bool_]
    known: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    sampling: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]
    alarmed: NDArray[np.bool_]
    mute: NDArray[np.bool_]
    barred: NDArray[np.bool_]
    touched: NDArray[np.bool_]
    plain: NDArray[np.bool_]


_LATE_S = 30.0
"""Between a poll and the time in its record: a logger may round to the minute (this project's choice)."""
_DIGITS = 6e-4
"""A protocol may tell four digits (C-Link does): half of the last one of 1.000, and a little."""
_SHARE = 0.01
"""Part of a mean by which two ways to average may differ, beside what follows from scatter."""
_POLL_S = 60.0
"""A logger is taken to poll at least once a minute, so this is what its mean is uncertain by."""


def expected(log: Logged, shown: Shown, window: Window) -> Expected:
    """What each record of ``log`` should say."""
    if window.average_s:
        begin = log.times_s - window.offset_s
        return _means(log, shown, begin, begin + window.average_s)
    reach = min(_LATE_S, max(window.every_s / 2.0, STEP_S))
    return _readings(log, shown, log.times_s - reach, log.times_s + reach)


def _edges(begin: NDArray[np.float64], end: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], ...]:
    first = np.clip(np.floor(begin / STEP_S), 0, count).astype(np.int64)
    last = np.clip(np.ceil(end / STEP_S), 0, count).astype(np.int64)
    return first, np.maximum(last, first)


def _counted(flags: NDArray[np.bool_], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.concatenate([[0], np.cumsum(flags)])
    return np.asarray(total[last] - total[first])


def _states(shown: Shown, first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...]:
    length = last - first
    known = (_counted(np.isfinite(shown.values), first, last) == length) & (length > 0)
    sampling = _counted(shown.sampling, first, last)
    alarmed = _counted(shown.alarmed, first, last)
    access, nothing = shown.access, ~np.isfinite(shown.values)
    mute = (_counted(access.mute | nothing, first, last) == length) & (length > 0)
    barred = (_counted(access.mute | access.barred | nothing, first, last) == length) & (length > 0)
    touched = _counted(access.partly | nothing, first, last) > 0
    return known, sampling > 0, (alarmed == length) & (length > 0), mute, barred, touched


def _elsewhere(shown: Shown, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Steps at which the device showed something, and not outside air."""
    return _counted(np.isfinite(shown.values) & ~shown.sampling, first, last)


def _readings(log: Logged, shown: Shown, begin: NDArray[np.float64], end: NDArray[np.float64]) -> Expected:
    count = len(shown.values)
    first, last = _edges(begin, end, count)
    known, sampling, alarmed, mute, barred, touched = _states(shown, first, last)
    touched |= _counted(shown.access.struck, first, last) > 0
    agrees = np.zeros(len(log.values), bool)
    width = int((last - first).max(initial=0))
    rounding = log.halves * 1.0001 + _DIGITS * np.abs(log.values) + 1e-9
    for step in range(width):
        at = np.minimum(first + step, count - 1)
        with np.errstate(invalid="ignore"):
            agrees |= (first + step < last) & (np.abs(shown.values[at] - log.values) <= rounding)
    here = np.clip(np.floor(log.times_s / STEP_S).astype(np.int64), 0, max(count - 1, 0))
    covered = (log.times_s >= 0.0) & (log.times_s < count * STEP_S)
    middle = shown.values[here] if count else np.full(len(log.values), np.nan)
    plain = _counted(shown.sampling & ~shown.access.mute, first, last) == last - first
    elsewhere = _elsewhere(shown, first, last) > 0
    return Expected(middle, agrees, known, covered, sampling, elsewhere, alarmed, mute, barred, touched, plain)


def _means(log: Logged, shown: Shown, begin: NDArray[np.float64], end: NDArray[np.float64]) -> Expected:
    count = len(shown.values)
    first, last = _edges(begin, end, count)
    length = np.maximum(last - first, 1)
    known, _, alarmed, mute, barred, touched = _states(shown, first, last)
    # Of one poll a minute a message that was struck costs that minute; a mean may miss a quarter of them.
    width = round(_POLL_S / STEP_S)
    minutes = np.convolve(shown.access.struck, np.ones(width))[width // 2 :][:count] > 0.0
    touched |= _counted(minutes, first, last) * 4 > length
    values = np.nan_to_num(shown.values)
    total = np.concatenate([[0.0], np.cumsum(values)])
    square = np.concatenate([[0.0], np.cumsum(values**2)])
    mean = (total[last] - total[first]) / length
    variance = np.maximum((square[last] - square[first]) / length - mean**2, 0.0)
    polls = np.maximum((end - begin) / _POLL_S, 1.0)
    room = log.halves + _SHARE * np.abs(mean) + 3.0 * np.sqrt(variance / polls)
    with np.errstate(invalid="ignore"):
        agrees = np.abs(log.values - mean) <= room
    covered = (begin >= 0.0) & (end <= count * STEP_S)
    on_air = _counted(shown.sampling & ~shown.access.mute, first, last)
    # A mean may be valid with a few minutes missing (GB 3095: 45 min of the hour); without any outside air it is not.
    enough = on_air * 4 >= length * 3
    elsewhere = _elsewhere(shown, first, last) * 4 > length
    plain = on_air == last - first
    return Expected(mean, agrees, known, covered, enough, elsewhere, alarmed, mute, barred, touched, plain)
