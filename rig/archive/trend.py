"""What became of a quantity of one unit from run to run: the values that runs found, for a control chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rig.archive.store import Store
from rig.errors import ConfigurationError

ALIASES = {"converter": "efficiency", "k0": "k0"}
"""Short words for quantities beside the last part of a criterion's name (``zero``, ``span``, ``slope``)."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one run found."""

    run: str
    time: str
    value: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Values of one test of one unit, the oldest first; ``low`` and ``high`` are the last limits it was held to."""

    device: str
    serial: str
    quantity: str
    criterion: str
    unit: str
    low: float | None
    high: float | None
    points: tuple[Point, ...]


def trend(store: Store, device: str, quantity: str, since: str | None = None) -> Trend:
    """The values of ``quantity`` that runs found on ``device``: as found, where a run has adjusted.

    Args:
        store: index or database.
        device: serial number, or name on the bench where only one unit has had it.
        quantity: ``zero``, ``span``, ``converter``, ``k0``, or any criterion (``multipoint.slope``); with the channel
            before it (``no/zero``) where a unit has several.
        since: day or time from which on runs count, ISO 8601.

    Raises:
        ConfigurationError: no such unit or quantity, or more than one is meant.
    """
    serials = store.select(
        "SELECT DISTINCT serial FROM device WHERE tested = 1 AND (serial = :device OR name = :device)",
        {"device": device},
    )
    if len(serials) != 1:
        known = store.select("SELECT DISTINCT name, serial FROM device WHERE tested = 1 ORDER BY name, serial")
        names = ", ".join(f"{name} ({serial})" for name, serial in known) or "none"
        raise ConfigurationError("DEVICE", "", f"one unit that was tested, by serial number or name: {names}", device)
    [(serial,)] = serials
    rows = store.select(
        "SELECT test.quantity, test.criterion, test.unit, run.name, run.bench_time, test.value, test.as_found,"
        " test.verdict, test.limit_low, test.limit_high FROM test"
        " JOIN run ON run.name = test.run JOIN device ON device.run = test.run AND device.name = test.device"
        " WHERE device.serial = :serial AND test.value IS NOT NULL AND run.started >= :since"
        " ORDER BY run.bench_time, run.started, test.place",
        {"serial": serial, "since": since or ""},
    )
    channel, _, wanted = quantity.rpartition("/")
    short = ALIASES.get(wanted, wanted)
    meant = {
        (row[0], row[1])
        for row in rows
        if (row[1] == wanted or row[1].rpartition(".")[2] == short) and channel in ("", row[0])
    }
    if len(meant) != 1:
        choice = sorted(meant) or sorted({(row[0], row[1]) for row in rows})
        names = ", ".join(f"{one}/{criterion}" for one, criterion in choice) or "none"
        raise ConfigurationError("QUANTITY", "", f"one of {names}", quantity)
    [key] = meant
    own = [row for row in rows if (row[0], row[1]) == key]
    points = tuple(Point(row[3], row[4], row[5] if row[6] is None else row[6], row[7]) for row in own)
    return Trend(device, serial, key[0], key[1], own[-1][2], own[-1][8], own[-1][9], points)


def values_of(found: Trend) -> Sequence[float]:
    """The values, the oldest first."""
    return [point.value for point in found.points]
