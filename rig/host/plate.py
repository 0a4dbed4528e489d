"""What the plate on a unit and its papers say: approval, age, service, and which unit it stands in for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """A thing of known mass that belongs to one unit and is checked in it: a foil, a weighed filter.

    Attributes:
        name: what people call it (``foil``, ``3``).
        value, u: mass and its standard uncertainty by the certificate: g of a filter, mg/cm2 of a foil.
        certificate: number of the certificate.
        expires: its last day.
        serial: serial number of the unit that it belongs to, as the certificate says.
    """

    name: str
    value: float
    u: float
    certificate: str
    expires: date
    serial: str


@dataclass(frozen=True, slots=True)
class Plate:
    """A unit's plate and papers, as far as the bench file tells them.

    Attributes:
        approval: number of its type approval; the model's, if the catalogue knows one; empty: not known.
        manufactured, in_service: day on which it was made, and on which it was put into service.
        hours: hours in service at the bench's epoch; None: not told.
        shelf_days: days on a shelf since; None: not told.
        constants: by name of the setting, what its plate or the record of its last calibration says (K0, mu).
        pieces: the foil, or the weighed filters, that belong to it.
    """

    approval: str = ""
    manufactured: date | None = None
    in_service: date | None = None
    hours: float | None = None
    shelf_days: float | None = None
    constants: Mapping[str, float] = field(default_factory=dict)
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Replaced:
    """The unit that another one stands in for.

    Attributes:
        name: on this bench; empty for one that stands elsewhere.
        model, method: what it is, and how it measures in the words of standards.
        quantities: what it measures.
        fault_began: when it failed; None: not told.
    """

    name: str
    model: str
    method: str
    quantities: tuple[str, ...]
    fault_began: datetime | None = None

    @property
    def shown(self) -> str:
        """How people call it."""
        return f"{self.name} ({self.model})" if self.name else self.model
