"""The truth log read back: what each device showed, second by second, and when it could not be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rig.errors import ConfigurationError

STEP_S = 10
"""The truth log has a line for each device every ten seconds."""

_MUTE = ("silence", "hang", "power_cut")
"""Faults under which nothing can be read from a device."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One quantity of one device, at instants :data:`STEP_S` apart from bench time 0 on.

    Attributes:
        values: what it showed; NaN without power.
        sampling: whether it was on outside air.
        alarmed: whether it had an alarm.
        mute: whether a fault let nobody read it.
    """

    values: NDArray[np.float64]
    sampling: NDArray[np.bool_]
    alarmed: NDArray[np.bool_]
    mute: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth log.

    Attributes:
        epoch: calendar time of bench time 0, with its zone.
        series: quantities by (device, quantity).
    """

    epoch: datetime
    series: Mapping[tuple[str, str], Shown]


def read_truth(path: Path) -> Truth:
    """Read a truth log; a last line that was cut off by the server's end is left out.

    Raises:
        ConfigurationError: it cannot be read, or is no truth log.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("--truth", "", "a truth log of rig serve --truth", f"{path}: {error}") from None
    head, readings, faults = _sorted(path, lines)
    count = 1 + max((line["t_us"] for line in readings), default=-STEP_S * 1_000_000) // (STEP_S * 1_000_000)
    series: dict[tuple[str, str], Shown] = {}
    mute = {name: _mute(name, faults, count) for name in {line["device"] for line in readings}}
    for line in readings:
        row, device = line["t_us"] // (STEP_S * 1_000_000), line["device"]
        for quantity, value in line["shown"].items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            one = series.get((device, quantity))
            if one is None:
                one = Shown(np.full(count, np.nan), np.zeros(count, bool), np.zeros(count, bool), mute[device])
                series[device, quantity] = one
            one.values[row] = value
            one.sampling[row] = line.get("mode", "sample") == "sample"
            one.alarmed[row] = bool(line.get("alarms"))
    return Truth(datetime.fromisoformat(head["epoch"]), series)


def _sorted(path: Path, lines: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    head: dict[str, Any] | None = None
    readings: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
            kind = line["kind"]
        except (ValueError, KeyError, TypeError):
            if number == len(lines) and head is not None:
                break
            raise ConfigurationError(f"{path}", f"line {number}", "a line of a truth log", repr(text[:60])) from None
        if kind == "bench":
            head = line
        elif kind == "reading":
            readings.append(line)
        elif kind == "fault":
            faults.append(line)
    if head is None:
        raise ConfigurationError("--truth", "", "a truth log of rig serve --truth", f"{path}: it has no bench line")
    return head, readings, faults


def _mute(device: str, faults: list[dict[str, Any]], count: int) -> NDArray[np.bool_]:
    """When a fault of its line or of its mains stood."""
    mute = np.zeros(count, bool)
    since: dict[str, int] = {}
    for fault in faults:
        if fault["device"] != device or fault["fault"] not in _MUTE:
            continue
        if fault["begins"]:
            since[fault["name"]] = fault["t_us"]
        elif fault["name"] in since:
            _mark(mute, since.pop(fault["name"]), fault["t_us"])
    for begin in since.values():
        _mark(mute, begin, count * STEP_S * 1_000_000)
    return mute


def _mark(mute: NDArray[np.bool_], begin_us: int, end_us: int) -> None:
    step = STEP_S * 1_000_000
    mute[-(-begin_us // step) : end_us // step] = True
