"""What a bench does over a stretch of time, as columns: every channel, diagnostic and flag, and the true air.

Numbers are means over the interval that ends at the row's time (angles by their vectors), or, where an instrument is
slower than the rows, its last value, as a logger would see it. Without power there is nothing to see: no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from instruments.air import UNIT_OF, FloatArray, Species
from instruments.observing import Observing
from rig.bench import Bench
from rig.errors import ConfigurationError

CHUNK_S = 6 * 3600
"""Seconds of bench time that are held at once; the devices keep more than that."""

NATIVE_S = 10
"""Rows are this far apart unless asked otherwise: the step of the fastest analyzers."""

Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: bench seconds at which each interval ends, numbers with their units, texts."""

    t_s: FloatArray
    numbers: dict[str, FloatArray]
    texts: dict[str, Texts]
    units: dict[str, str] = field(default_factory=dict)


def record(bench: Bench, duration_s: int, every_s: int = NATIVE_S) -> Iterator[Chunk]:
    """Let ``duration_s`` pass on a bench on virtual time, and yield what happened, chunk by chunk.

    Raises:
        ConfigurationError: an interval that is no whole part of the time, or none at all.
    """
    if not 1 <= every_s <= min(duration_s, CHUNK_S):
        raise ConfigurationError("--every", "", "1 s to 6 h, and no more than --for", f"{every_s} s of {duration_s} s")
    if duration_s % every_s:
        raise ConfigurationError("--every", "", "a whole part of --for", f"{every_s} s of {duration_s} s")
    clock = bench.virtual_clock
    start = clock.now_us // 1_000_000
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
            unit = units.get(quantity, "")
            chunk.numbers[f"{name}.{quantity}"] = spread(values, first, step, times, every_s, circular=unit == "deg")
            chunk.units[f"{name}.{quantity}"] = unit
        chunk.texts[f"{name}.alarms"] = _last(device.alarm_texts(table), first, step, times)
        for setting, words in device.text_settings(first, max(last, first + 1)).items():
            chunk.texts[f"{name}.{setting}"] = _last(words, first, step, times)
    return chunk


def _outside(bench: Bench, chunk: Chunk, begin: int, end: int, every_s: int) -> None:
    for place, source in (("outside", bench.ambient), ("room", bench.room)):
        gas = source.gas(begin, end)
        rows = {species.name.lower(): (gas.fractions[species], UNIT_OF[species]) for species in Species}
        rows |= {"temperature": (gas.temperature_c, "deg C"), "pressure": (gas.pressure_hpa, "hPa")}
        for label, (values, unit) in rows.items():
            chunk.numbers[f"{place}.{label}"] = values.reshape(-1, every_s).mean(axis=1)
            chunk.units[f"{place}.{label}"] = unit
    weather = getattr(bench.ambient, "minute_table", None)
    if weather is None:
        return
    first, last = begin // 60, -(-end // 60)
    for label, (values, unit) in weather(first, last).items():
        chunk.numbers[f"outside.{label}"] = spread(values, first, 60, chunk.t_s, every_s, circular=unit == "deg")
        chunk.units[f"outside.{label}"] = unit


def spread(
    values: FloatArray, first: int, step_s: int, times: FloatArray, every_s: int, *, circular: bool = False
) -> FloatArray:
    """Return step values on the rows' grid: means over each interval, or the last value where steps are longer.

    Args:
        values: one per step, from step ``first`` on; step k ends at (k + 1) ``step_s``.
        first: index of the first step.
        step_s: length of a step.
        times: ends of the intervals, seconds.
        every_s: length of an interval.
        circular: the values are angles in degrees.
    """
    if every_s < step_s or every_s % step_s:
        index = np.clip(times.astype(np.int64) // step_s - 1 - first, 0, len(values) - 1)
        return np.asarray(values[index])
    folded = values[: len(times) * (every_s // step_s)].reshape(len(times), -1)
    if folded.shape[1] == 1:
        return np.asarray(folded[:, 0])
    if circular:
        radians = np.deg2rad(folded)
        mean = np.rad2deg(np.arctan2(_mean(np.sin(radians)), _mean(np.cos(radians)))) % 360.0
        return np.where(mean >= 360.0, 0.0, mean)  # a rounded nothing below 0 is taken to 360
    return _mean(folded)


def _mean(folded: FloatArray) -> FloatArray:
    there = ~np.isnan(folded)
    count = there.sum(axis=1)
    total = np.where(there, folded, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _last(values: Texts, first: int, step_s: int, times: FloatArray) -> Texts:
    index = np.clip(times.astype(np.int64) // step_s - 1 - first, 0, len(values) - 1)
    return np.asarray(values[index])
