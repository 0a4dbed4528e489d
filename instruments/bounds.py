"""What a figure of a model's file can be at all, by its name and unit: the ranges of ``bounds.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from instruments.reading import validate

_FILE = Path(__file__).parent / "bounds.toml"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    low: float
    high: float
    open: bool = False


class _Figure(_Row):
    unit: str
    name: list[str] = Field(min_length=1)
    kind: list[str] = Field(default_factory=list)


class _Bounds(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: dict[str, _Row]
    figure: list[_Figure]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Range of a figure.

    Attributes:
        low, high: its ends, in the unit of the figure.
        open: a parameter lies above ``low``; what only limits it, or is set, may lie at it.
        unit: the unit.
    """

    low: float
    high: float
    open: bool
    unit: str

    def hold(self, value: float, *, parameter: bool) -> bool:
        """Whether the figure can have that value."""
        above = value > self.low if self.open and parameter else value >= self.low
        return above and value <= self.high

    def in_words(self, *, parameter: bool) -> str:
        """What is expected of the figure."""
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        lowest = "above" if self.open and parameter else "from"
        return f"{lowest} {self.low:g} {'and at most' if lowest == 'above' else 'to'} {self.high:g}{unit}"


@cache
def bounds_of(kind: str, name: str, unit: str) -> Bounds | None:
    """Range of the figure ``name`` of a device of that kind; None for a unit that no figure is known in."""
    data = _data()
    row: _Row | None = data.unit.get(unit)
    for figure in data.figure:
        named = figure.unit == unit and any(fnmatchcase(name, pattern) for pattern in figure.name)
        if named and (not figure.kind or kind in figure.kind):
            row = figure
            break
    return None if row is None else Bounds(row.low, row.high, row.open, unit)


@cache
def _data() -> _Bounds:
    return validate(_Bounds, tomllib.loads(_FILE.read_text(encoding="utf-8")), _FILE.name)
