"""Data of the air that a plan costs: while a unit breathes the calibrator's gas it does not measure the air.

A step with gas turns the units under test to the calibrator's line; they go back to the air as soon as others are
tested, and when the bench rests: before a step without gas, in the pauses of a test over days, at the end of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from calibration.procedures.common.procedure import Unit

VALID_MINUTES = 45.0
"""A mean of one hour needs this many minutes of data (GB 3095-2012, table 4; recalled)."""
MOST_HOURS = 4.0
"""Work that costs more valid data than this is restricted (rules for the operation of national city stations, trial,
article 18(2): read)."""
LEAST_VALID_PCT = 75.0
"""... to times when at least this share of all stations of the city has valid data; otherwise a backup goes in first
(same article: read)."""

Ruling = Literal["free", "allowed", "depends", "forbidden"]


class Loss(BaseModel):
    """What a pollutant loses.

    ``hours`` are the clock hours in which every analyzer of it is off the air too long for a valid mean; ``ruling`` is
    what article 18(2) says: free (no more than 4 h), allowed or forbidden by the stated share of valid stations,
    depends where no share was stated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pollutant: str
    devices: list[str]
    minutes: float = Field(description="in which no analyzer of it measures the air, at least")
    hours: int
    ruling: Ruling


Spans = list[tuple[float, float]]
"""Stretches of time, s from the beginning, in order and apart."""


def losses(
    analyzers: Sequence[Unit], off_air: dict[str, Spans], begin: datetime, valid_pct: float | None
) -> list[Loss]:
    """Return the loss of each pollutant that the plan takes off the air.

    Args:
        analyzers: all of the bench; another one of the same pollutant that goes on measuring saves the data.
        off_air: when each unit is off the air.
        begin: of the plan, on the bench's clock.
        valid_pct: share of the city's stations that have valid data, %; None if it is not known.
    """
    found = []
    pollutants = list(dict.fromkeys(q for unit in analyzers for q in pollutants_of(unit)))
    for pollutant in pollutants:
        units = [unit for unit in analyzers if pollutant in pollutants_of(unit)]
        spans = off_air.get(units[0].name, [])
        for unit in units[1:]:
            spans = both(spans, off_air.get(unit.name, []))
        if not spans:
            continue
        hours = lost_hours(spans, begin)
        found.append(
            Loss(pollutant=pollutant, devices=[unit.name for unit in units],
                 minutes=sum(end - start for start, end in spans) / 60.0, hours=hours, ruling=_ruling(hours, valid_pct))
        )  # fmt: skip
    return found


def pollutants_of(unit: Unit) -> list[str]:
    """Pollutants whose data a unit gives: its channels; NO2 too where it is the difference of two of them."""
    quantities = [channel.quantity for channel in unit.channels]
    return [*quantities, "no2"] if {"no", "nox"} <= set(quantities) and "no2" not in quantities else quantities


def both(one: Spans, other: Spans) -> Spans:
    """Return the stretches that lie in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return sorted((start, end) for start, end in pairs if start < end)


def lost_hours(spans: Spans, begin: datetime) -> int:
    """Return how many clock hours have fewer than 45 minutes of data left."""
    hour = begin.replace(minute=0, second=0, microsecond=0)
    offset = (begin - hour) / timedelta(seconds=1)
    lost: dict[int, float] = {}
    for start, end in spans:
        first, last = int((start + offset) // 3600), int((end + offset) // 3600)
        for number in range(first, last + 1):
            low, high = max(start + offset, number * 3600.0), min(end + offset, (number + 1) * 3600.0)
            lost[number] = lost.get(number, 0.0) + max(0.0, high - low)
    return sum(seconds > (60.0 - VALID_MINUTES) * 60.0 for seconds in lost.values())


def _ruling(hours: int, valid_pct: float | None) -> Ruling:
    if hours <= MOST_HOURS:
        return "free"
    if valid_pct is None:
        return "depends"
    return "allowed" if valid_pct >= LEAST_VALID_PCT else "forbidden"
