"""Parts that age: hours in service, months on a shelf, and what maintenance makes new.

A part's law is data of the catalogue. Its share of the new part's performance (light, efficiency, flow) multiplies the
hidden fraction that a unit or a fault sets, so an old lamp and a bad lamp are the same cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from instruments.air import FloatArray

_TOLD_KEPT = 64
"""Shares at single seconds that are kept."""

LONGEST_H = 1e6
"""More hours (114 years) than any instrument, part or shelf has seen."""

WearLaw = Literal["exponential", "linear", "knee"]


class Part(BaseModel):
    """How one part ages, as the catalogue states it.

    Attributes:
        affects: what it is the share of, for people (``light``, ``conversion``, ``flow``).
        law: ``exponential`` (loss in proportion to what is left), ``linear``, or ``knee`` (``linear`` up to ``life_h``,
            then falling ten times as fast: a converter or scrubber that is used up).
        loss_per_1000h: share lost in the first 1000 h of service.
        loss_per_shelf_year: share lost in a year without power.
        life_h: hours after which the maker wants it replaced; the knee.
        least: share that is left at the end of all things.
        replaced_by: maintenance action that makes it new.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    affects: str
    law: WearLaw
    loss_per_1000h: float = Field(ge=0.0, lt=1.0)
    loss_per_shelf_year: float = Field(default=0.0, ge=0.0, lt=1.0)
    life_h: float = Field(gt=0.0, le=LONGEST_H)
    least: float = Field(default=0.0, ge=0.0, le=1.0)
    replaced_by: str
    mark: Literal["read", "reported", "recalled"]
    source: str

    @model_validator(mode="after")
    def _has_a_verb(self) -> Part:
        if not self.replaced_by.isidentifier():
            raise ValueError("replaced_by is the name of an action, such as replace_lamp")
        return self

    def share(self, hours: FloatArray, shelf_years: float) -> FloatArray:
        """Return what is left of a new part's performance after ``hours`` of service, shape of ``hours``."""
        thousands = hours / 1000.0
        if self.law == "exponential":
            left = np.exp(math.log1p(-self.loss_per_1000h) * thousands)
        else:
            left = 1.0 - self.loss_per_1000h * thousands
            if self.law == "knee":
                left = left - 9.0 * self.loss_per_1000h * np.maximum(hours - self.life_h, 0.0) / 1000.0
        left = left * (1.0 - self.loss_per_shelf_year) ** shelf_years
        return np.asarray(np.maximum(left, self.least))


class Service(BaseModel):
    """``[device.X.service]``: what a unit has behind it at the epoch.

    Attributes:
        hours: hours in service.
        shelf_days: days on a shelf since.
        parts: hours of single parts, where they are not the unit's own (a lamp replaced since).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: float = Field(default=0.0, ge=0.0, le=LONGEST_H)
    shelf_days: float = Field(default=0.0, ge=0.0, le=LONGEST_H / 24.0)
    parts: dict[str, Annotated[float, Field(ge=0.0, le=LONGEST_H)]] = Field(default_factory=dict)


@dataclass(slots=True)
class _Life:
    hours: float  # at since_s
    since_s: float
    running: bool
    shelf_years: float


class Wear:
    """Ages of a unit's parts along bench time.

    Args:
        parts: the catalogue's laws.
        service: what the unit has behind it.
        running: has power at the epoch.

    Raises:
        ValueError: ``service`` names a part that the model does not have.
    """

    def __init__(self, parts: Mapping[str, Part], service: Service, *, running: bool) -> None:
        for name in service.parts:
            if name not in parts:
                raise ValueError(f"service.parts.{name}: one of {', '.join(parts) or 'no parts at all'}")
        years = service.shelf_days / 365.25
        self.parts = parts
        self._unit = _Life(service.hours, 0.0, running, years)
        self._lives = {
            name: _Life(service.parts.get(name, service.hours), 0.0, running, years) for name in parts
        }  # fmt: skip
        self.changes = 0
        """How often power has come or gone, or a part been replaced."""
        self._told: dict[tuple[str, float], float] = {}

    def hours(self, t_s: float, part: str | None = None) -> float:
        """Hours in service of a part, or of the unit, at bench second ``t_s`` (not before the last change)."""
        life = self._unit if part is None else self._lives[part]
        return life.hours + (t_s - life.since_s) / 3600.0 * life.running

    def share(self, part: str, t_s: FloatArray) -> FloatArray:
        """Share of a new part's performance at bench seconds ``t_s``; 1 for a part that this model does not have."""
        life = self._lives.get(part)
        if life is None:
            return np.ones_like(t_s)
        hours = life.hours + (t_s - life.since_s) / 3600.0 * life.running
        return self.parts[part].share(hours, life.shelf_years)

    def share_at(self, part: str, t_s: float) -> float:
        """The same at one bench second; kept, since what goes by the day asks for the same second again and again."""
        share = self._told.get((part, t_s))
        if share is None:
            if len(self._told) >= _TOLD_KEPT:
                self._told.clear()
            share = self._told[part, t_s] = float(self.share(part, np.array([t_s]))[0])
        return share

    def since_s(self, part: str) -> float:
        """Bench second at which a part was replaced, or power came or went, last; 0: neither yet."""
        life = self._lives.get(part)
        return 0.0 if life is None else life.since_s

    def switch(self, t_s: float, *, running: bool) -> None:
        """Power comes or goes at ``t_s``."""
        for life in (self._unit, *self._lives.values()):
            life.hours += (t_s - life.since_s) / 3600.0 * life.running
            life.since_s, life.running = t_s, running
        self.changes += 1
        self._told.clear()

    def replace(self, t_s: float, part: str) -> None:
        """A new part is fitted at ``t_s``."""
        life = self._lives[part]
        life.hours, life.since_s, life.shelf_years = 0.0, t_s, 0.0
        self.changes += 1
        self._told.clear()

    def action(self, name: str) -> str | None:
        """The part that the maintenance action ``name`` replaces, or None."""
        return next((part for part, law in self.parts.items() if law.replaced_by == name), None)
