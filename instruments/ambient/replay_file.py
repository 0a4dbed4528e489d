"""A recorded atmosphere's file: CSV or Parquet, read whole, checked line by line, and put on an even grid of times.

Values come out in the units inside this project; masses of particles keep their reference state.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np

from instruments.air import FloatArray
from instruments.ambient.units import KINDS, Quantity, Reference, factor
from instruments.errors import ConfigurationError

_YEAR_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """Where a quantity stands in the file.

    Attributes:
        name: the column's name.
        unit: its unit.
        reference: state that a mass is referred to.
    """

    name: str
    unit: str
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Means over even intervals.

    Attributes:
        file: where they come from.
        begin_s: Unix time at which the first interval begins.
        step_s: length of an interval, seconds: a multiple of two minutes, or one minute.
        series: every quantity in the unit inside, each of shape (n,).
        references: reference state of particle masses.
        gaps: what happened to missing values, and what happens beyond the ends.
    """

    file: str
    begin_s: int
    step_s: int
    series: Mapping[Quantity, FloatArray]
    references: Mapping[Quantity, Reference]
    gaps: Literal["refuse", "hold"]

    @property
    def count(self) -> int:
        """Number of intervals."""
        return len(next(iter(self.series.values())))


def parse_zone(text: str) -> timezone:
    """Return the zone of a text such as ``+08:00`` or ``UTC``. Raises ValueError."""
    if text in ("UTC", "Z"):
        return UTC
    try:
        return timezone(datetime.strptime(text, "%z").utcoffset() or timedelta(0))
    except ValueError:
        raise ValueError('a zone such as "+08:00" or "UTC"') from None


def read_recording(
    path: Path, columns: Mapping[Quantity, Column], *, time: str = "time", zone: timezone | None = None,
    stamp: Literal["begin", "end"] = "begin", gaps: Literal["refuse", "hold"] = "refuse",
    missing: frozenset[str] = frozenset({""}),
) -> Recording:  # fmt: skip
    """Read a recorded atmosphere.

    Args:
        path: a ``.csv`` or ``.parquet`` file.
        columns: which column holds what.
        time: name of the column of times (ISO 8601).
        zone: zone of times that do not tell theirs.
        stamp: whether a time names the begin or the end of its interval.
        gaps: ``refuse`` a file in which something is missing, or ``hold`` the last value over it.
        missing: texts that stand for no value.

    Raises:
        ConfigurationError: the first thing that is wrong, with its line.
    """
    lines, table = _rows(path, [time, *(column.name for column in columns.values())])
    times = _times(path, lines, table[time], zone, time)
    step = _step(path, lines, times, gaps)
    place = (times - times[0]) // step
    count = int(place[-1]) + 1
    series: dict[Quantity, FloatArray] = {}
    for quantity, column in columns.items():
        found = np.full(count, np.nan)
        found[place] = _numbers(path, lines, table[column.name], column.name, missing)
        found = found * factor(quantity, column.unit, column.reference) + KINDS[quantity].offset.get(column.unit, 0.0)
        _check_range(path, lines, found[place], quantity, column)
        series[quantity] = _without_gaps(path, lines, place, found, column.name, gaps)
    begin = int(times[0]) - (step if stamp == "end" else 0)
    references: dict[Quantity, Reference] = {
        quantity: column.reference
        for quantity, column in columns.items()
        if quantity in ("pm2_5", "pm10") and column.reference
    }
    return Recording(str(path), begin, step, series, references, gaps)


def _rows(path: Path, wanted: list[str]) -> tuple[list[str], dict[str, list[Any]]]:
    """Return how each row is called (a line of CSV, a row of Parquet) and the wanted columns."""
    if not path.is_file():
        raise ConfigurationError(path, "", "a recorded atmosphere", "no such file")
    if path.suffix == ".parquet":
        names, columns = _parquet(path)
        lines = [f"row {number + 1}" for number in range(len(next(iter(columns.values()), [])))]
    elif path.suffix == ".csv":
        names, columns, lines = _csv(path)
    else:
        raise ConfigurationError(path, "", "a .csv or .parquet file", repr(path.suffix))
    for name in wanted:
        if name not in columns:
            raise ConfigurationError(path, "", f"a column {name!r}", f"columns {', '.join(names)}")
    if not lines:
        raise ConfigurationError(path, "", "at least two rows", "none")
    return lines, {name: columns[name] for name in wanted}


def _csv(path: Path) -> tuple[list[str], dict[str, list[Any]], list[str]]:
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            names = [name.strip() for name in next(reader, [])]
            columns: dict[str, list[Any]] = {name: [] for name in names}
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(names):
                    raise ConfigurationError(
                        path, f"line {reader.line_num}", f"{len(names)} cells", f"{len(cells)}: {cells}"
                    )
                lines.append(f"line {reader.line_num}")
                for name, cell in zip(names, cells, strict=True):
                    columns[name].append(cell.strip())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(path, "", "readable CSV in UTF-8", error) from None
    if len(columns) != len(names):
        raise ConfigurationError(path, "line 1", "different names of columns", ", ".join(names))
    return names, columns, lines


def _parquet(path: Path) -> tuple[list[str], dict[str, list[Any]]]:
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ConfigurationError(path, "", "pyarrow, to read it: pip install pyarrow", "none") from None
    try:
        table = parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise ConfigurationError(path, "", "a readable Parquet file", error) from None
    return list(table.column_names), {name: table.column(name).to_pylist() for name in table.column_names}


def _times(path: Path, lines: list[str], cells: list[Any], zone: timezone | None, column: str) -> FloatArray:
    """Return Unix seconds, in rising order."""
    seconds = np.empty(len(cells), dtype=np.int64)
    for row, cell in enumerate(cells):
        try:
            when = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell))
        except ValueError:
            raise ConfigurationError(path, f"{lines[row]}: {column}", "a time (ISO 8601)", repr(cell)) from None
        if when.tzinfo is None:
            if zone is None:
                raise ConfigurationError(
                    path, f"{lines[row]}: {column}", 'a zone: in the time, or zone = "+08:00"', repr(cell)
                )
            when = when.replace(tzinfo=zone)
        seconds[row] = round((when - _YEAR_1970) / timedelta(seconds=1))
        if row and seconds[row] <= seconds[row - 1]:
            wrong = "the same time again" if seconds[row] == seconds[row - 1] else "an earlier one"
            raise ConfigurationError(
                path, f"{lines[row]}: {column}", f"a time after that of {lines[row - 1]}", f"{wrong}: {cell}"
            )
    return seconds  # type: ignore[return-value]  # whole seconds


def _step(path: Path, lines: list[str], times: FloatArray, gaps: str) -> int:
    if len(times) < 2:
        raise ConfigurationError(path, "", "at least two rows", len(times))
    steps = np.diff(times)
    lengths, counts = np.unique(steps, return_counts=True)
    step = int(lengths[np.argmax(counts)])
    if step % 60 or (step > 60 and step % 120):
        raise ConfigurationError(path, "", "rows one minute or a multiple of two minutes apart", f"{step} s")
    for row in np.flatnonzero(steps != step):
        line = lines[row + 1]
        if steps[row] % step:
            raise ConfigurationError(path, line, f"rows {step} s apart, as most are", f"{int(steps[row])} s")
        if gaps == "refuse":
            raise ConfigurationError(
                path, line, 'no gap, or gaps = "hold"', f"{int(steps[row]) // step - 1} rows missing before it"
            )
    return step


def _numbers(path: Path, lines: list[str], cells: list[Any], column: str, missing: frozenset[str]) -> FloatArray:
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        if cell is None or (isinstance(cell, str) and cell in missing):
            values[row] = math.nan
            continue
        try:
            values[row] = float(cell)
        except (TypeError, ValueError):
            raise ConfigurationError(path, f"{lines[row]}: {column}", "a number", repr(cell)) from None
        if math.isinf(values[row]):
            raise ConfigurationError(path, f"{lines[row]}: {column}", "a finite number", repr(cell))
    return values


def _check_range(path: Path, lines: list[str], values: FloatArray, quantity: Quantity, column: Column) -> None:
    kind = KINDS[quantity]
    wrong = np.flatnonzero((values < kind.low) | (values > kind.high))
    if len(wrong):
        row = wrong[0]
        raise ConfigurationError(
            path, f"{lines[row]}: {column.name}",
            f"{quantity} from {kind.low:g} to {kind.high:g} {kind.unit} (is the unit {column.unit} right?)",
            f"{values[row]:g} {kind.unit}",
        )  # fmt: skip


def _without_gaps(
    path: Path, lines: list[str], place: FloatArray, values: FloatArray, column: str, gaps: str
) -> FloatArray:
    empty = np.isnan(values)
    if not empty.any():
        return values
    rows = {int(at): lines[row] for row, at in enumerate(place)}
    first = int(np.flatnonzero(empty)[0])
    if gaps == "refuse" or empty[0]:
        expected = "a value" if empty[0] and gaps == "hold" else 'a value, or gaps = "hold"'
        raise ConfigurationError(path, f"{rows.get(first, lines[0])}: {column}", expected, "nothing")
    held = np.maximum.accumulate(np.where(empty, 0, np.arange(len(values))))
    return np.asarray(values[held])
