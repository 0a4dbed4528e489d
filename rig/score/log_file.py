"""A station software's log as CSV, long or wide.

Long: columns ``time``, ``device``, ``quantity``, ``value`` and perhaps ``valid`` and ``port``. Wide: ``time``, and for
each quantity a column ``device.quantity``, perhaps with ``device.quantity.valid`` beside it. Times are ISO 8601; one
without a zone is taken for the station's local calendar. An empty value is a record without a value.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rig.errors import ConfigurationError

_TRUE = {"1", "true", "yes", "valid", "ok", "v", "y", ""}
_FALSE = {"0", "false", "no", "invalid", "n"}


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log says of one quantity, in the order of its lines.

    Attributes:
        times_s: bench seconds.
        values: NaN where the record has no value.
        halves: half of the last digit that is written.
        valid: False where the log says so.
        lines: line numbers in the file.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    halves: NDArray[np.float64]
    valid: NDArray[np.bool_]
    lines: NDArray[np.int64]


@dataclass(slots=True)
class _Growing:
    rows: list[tuple[float, float, float, bool, int]] = field(default_factory=list)


Key = tuple[str, str, str]
"""Device, quantity, and the port that it was read by; empty if the log does not say."""


def read_log(path: Path, epoch: datetime) -> Mapping[Key, Logged]:
    """Read a log.

    Args:
        path: the CSV file.
        epoch: calendar time of bench time 0, with the zone of the station.

    Raises:
        ConfigurationError: it cannot be read; a column is missing; a time or value is none (names the line).
    """
    found: dict[Key, _Growing] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [name.strip() for name in reader.fieldnames or []]
            if "time" not in columns:
                raise ConfigurationError(str(path), "line 1", "a column time", ", ".join(columns) or "nothing")
            long = {"device", "quantity", "value"} <= set(columns)
            wide = [name for name in columns if "." in name and not name.endswith(".valid")]
            if not long and not wide:
                expected = "columns device, quantity, value, or columns such as so2.so2"
                raise ConfigurationError(str(path), "line 1", expected, ", ".join(columns))
            for row in reader:
                cells = {str(k).strip(): (v or "").strip() for k, v in row.items() if not isinstance(v, list)}
                time_s = _time(path, reader.line_num, cells["time"], epoch)
                for key, text, flag in _cells(cells, wide) if not long else _one(cells):
                    value, half = _value(path, reader.line_num, text)
                    valid = _valid(path, reader.line_num, flag)
                    found.setdefault(key, _Growing()).rows.append((time_s, value, half, valid, reader.line_num))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError("--log", "", "a CSV file in UTF-8", f"{path}: {error}") from None
    return {key: _arrays(one.rows) for key, one in found.items()}


def _one(cells: Mapping[str, str]) -> Iterator[tuple[Key, str, str]]:
    yield (cells["device"], cells["quantity"], cells.get("port", "")), cells["value"], cells.get("valid", "")


def _cells(cells: Mapping[str, str], wide: Iterable[str]) -> Iterator[tuple[Key, str, str]]:
    for name in wide:
        device, _, quantity = name.partition(".")
        yield (device, quantity, ""), cells.get(name, ""), cells.get(f"{name}.valid", "")


def _time(path: Path, line: int, text: str, epoch: datetime) -> float:
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        expected = "a time such as 2026-01-05T00:01:00+08:00"
        raise ConfigurationError(str(path), f"line {line}, time", expected, repr(text)) from None
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=epoch.tzinfo)
    return (stamp - epoch).total_seconds()


def _value(path: Path, line: int, text: str) -> tuple[float, float]:
    if not text or text.lower() == "nan":
        return float("nan"), 0.0
    try:
        value = float(text)
    except ValueError:
        raise ConfigurationError(str(path), f"line {line}, value", "a number, or nothing", repr(text)) from None
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return value, 0.5 * 10.0 ** (int(exponent or 0) - decimals)


def _valid(path: Path, line: int, text: str) -> bool:
    lower = text.lower()
    if lower in _TRUE or lower in _FALSE:
        return lower in _TRUE
    raise ConfigurationError(str(path), f"line {line}, valid", "true, false, or nothing", repr(text))


def _arrays(rows: list[tuple[float, float, float, bool, int]]) -> Logged:
    times, values, halves, valid, lines = zip(*rows, strict=True)
    return Logged(
        np.array(times, float), np.array(values, float), np.array(halves, float), np.array(valid, bool),
        np.array(lines, np.int64),
    )  # fmt: skip
