"""The truth log read back: what each device showed, second by second, and when it could not be asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rig.errors import ConfigurationError
from rig.score.reachable import STEP_S, Access, Ports

_Lines = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One quantity of one device, at instants :data:`~rig.score.reachable.STEP_S` apart from bench time 0 on.

    Attributes:
        values: what it showed; NaN without power.
        sampling: whether it was on outside air.
        alarmed: whether it had an alarm.
        access: when it could be read.
    """

    values: NDArray[np.float64]
    sampling: NDArray[np.bool_]
    alarmed: NDArray[np.bool_]
    access: Access


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth log.

    Attributes:
        epoch: calendar time of bench time 0, with its zone.
        series: quantities by (device, quantity).
        ports: the devices' ports.
    """

    epoch: datetime
    series: Mapping[tuple[str, str], Shown]
    ports: Ports

    def by_port(self, device: str, quantity: str, port: str) -> Shown:
        """What ``device`` showed to one who reads it by ``port`` only. Raises KeyError if it has no such port."""
        if port not in self.ports.names(device):
            raise KeyError(port)
        return replace(self.series[device, quantity], access=self.ports.access(device, port))


def read_truth(path: Path) -> Truth:
    """Read a truth log; a last line that was cut off by the server's end is left out.

    Raises:
        ConfigurationError: it cannot be read, or is no truth log.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError("--truth", "", "a truth log of rig serve --truth", f"{path}: {error}") from None
    head, readings, faults, struck = _sorted(path, lines)
    count = 1 + max((line["t_us"] for line in readings), default=-STEP_S * 1_000_000) // (STEP_S * 1_000_000)
    series: dict[tuple[str, str], Shown] = {}
    ports = Ports(head.get("ports", {}), faults, struck, count)
    access = {name: ports.access(name) for name in {line["device"] for line in readings}}
    for line in readings:
        row, device = line["t_us"] // (STEP_S * 1_000_000), line["device"]
        for quantity, value in line["shown"].items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            one = series.get((device, quantity))
            if one is None:
                one = Shown(np.full(count, np.nan), np.zeros(count, bool), np.zeros(count, bool), access[device])
                series[device, quantity] = one
            one.values[row] = value
            one.sampling[row] = line.get("mode", "sample") == "sample"
            one.alarmed[row] = bool(line.get("alarms"))
    return Truth(datetime.fromisoformat(head["epoch"]), series, ports)


def _sorted(path: Path, lines: list[str]) -> tuple[dict[str, Any], _Lines, _Lines, _Lines]:
    """The first line; the lines of readings, of faults, and of messages that were struck."""
    head: dict[str, Any] | None = None
    found: dict[str, _Lines] = {"reading": [], "fault": [], "line": []}
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
        elif kind in found:
            found[kind].append(line)
    if head is None:
        raise ConfigurationError("--truth", "", "a truth log of rig serve --truth", f"{path}: it has no bench line")
    return head, found["reading"], found["fault"], found["line"]
