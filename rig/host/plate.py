"""What the plate on a unit and its papers say: approval, age, service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Plate:
    """A unit's plate and papers, as far as the bench file tells them.

    Attributes:
        approval: number of its type approval; the model's, if the catalogue knows one; empty: not known.
        manufactured, in_service: day on which it was made, and on which it was put into service.
        hours: hours in service at the bench's epoch; None: not told.
        shelf_days: days on a shelf since; None: not told.
    """

    approval: str = ""
    manufactured: date | None = None
    in_service: date | None = None
    hours: float | None = None
    shelf_days: float | None = None
