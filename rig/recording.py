"""What a bench does over a stretch of time, as columns: every channel, diagnostic and flag, and the true air.

Quantities are means over the interval that ends at the row's time (angles by their vectors); words of bits, codes and
counters follow the :class:`~instruments.folding.Fold` that their instrument says; alarms and modes are all those that
stood. Where an instrument is slower than the rows, it is the last value, as a logger would see it. Without power there
is nothing to see: no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from instruments.air import UNIT_OF, FloatArray, Species
from instruments.ambient.replay import ReplayAir
from instruments.folding import ALL_WORDS, MEAN, VALUES_THAT_STOOD, Borders, Fold, Texts, all_words, values_that_stood
from instruments.observing import Observing
from rig.bench import Bench
from rig.errors import ConfigurationError

CHUNK_S = 6 * 3600
"""Seconds of bench time that are held at once; the devices keep more than that."""

NATIVE_S = 10
"""Rows are this far apart unless asked otherwise: the step of the fastest analyzers."""

ANGLE = "mean of the interval, by vectors"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: bench seconds at which each interval ends, numbers with their units, texts.

    ``interval`` says of each column in words what stands for an interval; ``whole`` names the columns of words of bits,
    codes and counters, of which no digit may be lost.
    """

    t_s: FloatArray
    numbers: dict[str, FloatArray]
    texts: dict[str, Texts]
    units: dict[str, str] = field(default_factory=dict)
    interval: dict[str, str] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)

    def put(
        self, name: str, values: FloatArray, unit: str, first: int, step_s: int, every_s: int, fold: Fold = MEAN
    ) -> None:  # fmt: skip
        """Take the steps of a quantity, from step ``first`` on, as a column."""
        circular = unit == "deg" and fold is MEAN
        self.numbers[name] = spread(values, first, step_s, self.t_s, every_s, circular=circular, fold=fold)
        self.units[name] = unit
        self.interval[name] = ANGLE if circular else fold.words
        if fold.whole():
            self.whole.add(name)


def record(bench: Bench, duration_s: int, every_s: int = NATIVE_S) -> Iterator[Chunk]:
    """Let ``duration_s`` pass on a bench on virtual time, and yield what happened, chunk by chunk.

    Raises:
        ConfigurationError: an interval that is no whole part of the time, or none at all; a recorded atmosphere that
            ends before.
    """
    if not 1 <= every_s <= min(duration_s, CHUNK_S):
        raise ConfigurationError("--every", "", "1 s to 6 h, and no more than --for", f"{every_s} s of {duration_s} s")
    if duration_s % every_s:
        raise ConfigurationError("--every", "", "a whole part of --for", f"{every_s} s of {duration_s} s")
    clock = bench.virtual_clock
    start = clock.now_us // 1_000_000
    if isinstance(bench.ambient, ReplayAir):
        bench.ambient.reaches(start + duration_s)
    length = max(every_s, CHUNK_S // every_s * every_s)
    for begin in range(start, start + duration_s, length):
        end = min(begin + length, start + duration_s)
        clock.run_to(end * 1_000_000)
        yield _chunk(bench, begin, end, every_s)


def _chunk(bench: Bench, begin: int, end: int, every_s: int) -> Chunk:
    times = np.arange(begin + every_s, end + 1, every_s, dtype=np.float64)
    chunk = Chunk(times, {}, {})
    _outside(bench, chunk, begin, end, every_s)
    for name, instrument in bench.instruments.items():
        device = instrument.device
        if not isinstance(device, Observing):
            continue
        step = device.step_s
        first, last = begin // step, end // step
        if last <= first:
            first = max(0, last - 1)
        table = device.recording(first, max(last, first + 1))
        units = device.recorded_units()
        for quantity, values in table.items():
            unit, fold = units.get(quantity, ""), device.fold_of(quantity)
            chunk.put(f"{name}.{quantity}", values, unit, first, step, every_s, fold)
        alarms = device.alarm_texts(table)
        borders = _borders(first, step, times, every_s, len(alarms))
        index = _latest(first, step, times, len(alarms))
        chunk.texts[f"{name}.alarms"] = alarms[index] if borders is None else all_words(alarms, borders)
        chunk.interval[f"{name}.alarms"] = ALL_WORDS
        for setting, words in device.text_settings(first, max(last, first + 1)).items():
            chunk.texts[f"{name}.{setting}"] = words[index] if borders is None else values_that_stood(words, borders)
            chunk.interval[f"{name}.{setting}"] = VALUES_THAT_STOOD
    return chunk


def _outside(bench: Bench, chunk: Chunk, begin: int, end: int, every_s: int) -> None:
    for place, source in (("outside", bench.ambient), ("room", bench.room)):
        gas = source.gas(begin, end)
        rows = {species.name.lower(): (gas.fractions[species], UNIT_OF[species]) for species in Species}
        rows |= {"temperature": (gas.temperature_c, "deg C"), "pressure": (gas.pressure_hpa, "hPa")}
        for label, (values, unit) in rows.items():
            chunk.numbers[f"{place}.{label}"] = values.reshape(-1, every_s).mean(axis=1)
            chunk.units[f"{place}.{label}"] = unit
            chunk.interval[f"{place}.{label}"] = MEAN.words
    weather = getattr(bench.ambient, "minute_table", None)
    if weather is None:
        return
    first, last = begin // 60, -(-end // 60)
    for label, (values, unit) in weather(first, last).items():
        chunk.put(f"outside.{label}", values, unit, first, 60, every_s)


def spread(
    values: FloatArray, first: int, step_s: int, times: FloatArray, every_s: int, *, circular: bool = False,
    fold: Fold = MEAN,
) -> FloatArray:  # fmt: skip
    """Return step values on the rows' grid: one for each interval, or the last value where steps are longer.

    Args:
        values: one per step, from step ``first`` on; step k ends at (k + 1) ``step_s``.
        first: index of the first step.
        step_s: length of a step.
        times: ends of the intervals, seconds.
        every_s: length of an interval.
        circular: the values are angles in degrees, whose mean is that of their vectors.
        fold: what stands for an interval.
    """
    borders = _borders(first, step_s, times, every_s, len(values))
    if borders is None:
        return np.asarray(values[_latest(first, step_s, times, len(values))])
    if not circular:
        return fold.apply(values, borders)
    radians = np.deg2rad(values)
    mean = np.rad2deg(np.arctan2(fold.apply(np.sin(radians), borders), fold.apply(np.cos(radians), borders))) % 360.0
    return np.where(mean >= 360.0, 0.0, mean)  # a rounded nothing below 0 is taken to 360


def _borders(first: int, step_s: int, times: FloatArray, every_s: int, count: int) -> Borders | None:
    """Where each interval's steps (those that end in it) begin, and where the last ends; None if steps are longer."""
    if every_s <= step_s:
        return None
    ends = np.concatenate((times[:1] - every_s, times)).astype(np.intp) // step_s - first
    return None if ends[0] < 0 or ends[-1] > count else ends


def _latest(first: int, step_s: int, times: FloatArray, count: int) -> Borders:
    """The last step that is over at each time."""
    return np.clip(times.astype(np.intp) // step_s - 1 - first, 0, count - 1)
