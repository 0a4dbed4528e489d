"""Bayern-Hessen as data: what makers make of it (``hessen.toml``), what a model measures (``[protocol.hessen]``)."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from instruments.catalogue import CatalogueEntry, Mark
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.rows import Row, Setting

ANY = "*"
"""Stands for the alarms of all observables."""
Numbers = Literal["decimal", "integer"]
"""``+1264-01`` is 0.1264 (a point after the first digit) or 126.4 (a whole number times a power of ten)."""
VariantName = Literal["thermo", "teledyne", "horiba", "ecotech", "ecotech-new", "bam", "classic"]
VARIANTS: tuple[str, ...] = get_args(VariantName)


class BitRow(Row):
    """A bit of a status byte.

    Attributes:
        bit: its number, 0 the lowest.
        alarm: it is on while an alarm of one of these observables stands.
        when: it is on while all of these hold.
        word: it is on while this observable, a word of flags, has one of the bits of ``mask_of_word``.
        name: what it then says.
    """

    bit: int = Field(ge=0, le=7)
    alarm: list[str] = Field(default_factory=list)
    when: dict[str, list[Setting]] = Field(default_factory=dict)
    word: str = ""
    mask_of_word: int = Field(default=0, ge=0)
    name: str = ""
    mark: Mark

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if bool(self.alarm) + bool(self.when) + bool(self.word) != 1:
            raise ValueError(f"bit {self.bit} needs one of alarm, when, word")
        if bool(self.word) != bool(self.mask_of_word and self.name):
            raise ValueError(f"bit {self.bit}: a word needs mask_of_word and name, nothing else does")
        return self


class VariantRow(Row):
    """What one maker's firmware makes of the protocol.

    Attributes:
        record: form of one measurement.
        serial: number in it.
        numbers: how a value is to be read.
        ids: whether measurements count up from the box's address, or have numbers of their own.
        first_id: of those that count up, if that is not the address.
        wildcards: addresses that every box answers to.
        unit_bits: bits of the operating status that tell the unit of a measurement.
        operating: further bits of it.
        error: bits of the error status, where they are the same for all models.
        letters: ports that the letters of ``ST`` open.
    """

    record: str
    serial: int = Field(ge=0, le=999)
    numbers: Numbers
    ids: Literal["count", "fixed"]
    first_id: int | None = None
    wildcards: list[str] = Field(default_factory=list)
    unit_bits: dict[str, int] = Field(default_factory=dict)
    operating: list[BitRow]
    error: list[BitRow] = Field(default_factory=list)
    letters: dict[str, str] = Field(default_factory=dict)
    mark: Mark
    source: str = Field(min_length=1)


class MeasurementRow(Row):
    """One measurement of a model: quantity, unit on the wire, number on the wire to one unit inside, own numbers."""

    quantity: str
    unit: str
    scale: float = Field(default=1.0, gt=0)
    ids: dict[VariantName, int] = Field(default_factory=dict)
    mark: Mark | None = None


class HessenRows(Row):
    """``[protocol.hessen]`` of a catalogue file.

    Attributes:
        variant: the maker's.
        address: at delivery. shared_id: it is the box's one instrument id.
        measurement: in the order in which they are sent.
        error: bits of the error status.
    """

    variant: VariantName
    address: int = Field(ge=0, le=999)
    shared_id: bool = False
    measurement: list[MeasurementRow] = Field(min_length=1, max_length=99)
    error: list[BitRow] = Field(default_factory=list)
    mark: Mark
    source: str = Field(min_length=1)


class _Variants(Row):
    variant: dict[VariantName, VariantRow]


@cache
def variants() -> Mapping[str, VariantRow]:
    """What each maker makes of the protocol."""
    text = Path(__file__).with_name("hessen.toml").read_text(encoding="utf-8")
    return {str(name): row for name, row in _Variants.model_validate(tomllib.loads(text)).variant.items()}


def rows_of(entry: CatalogueEntry) -> HessenRows:
    """A model's ``[protocol.hessen]``. Raises ConfigurationErrors with all its mistakes."""
    data: Mapping[str, Any] = entry.protocols["hessen"]
    try:
        return HessenRows.model_validate(dict(data))
    except ValidationError as error:
        raise ConfigurationErrors(
            [
                ConfigurationError(
                    f"{entry.name}.toml", ".".join(["protocol.hessen", *map(str, one["loc"])]), one["msg"],
                    repr(one["input"])[:80],
                )
                for one in error.errors(include_url=False)
            ]
        ) from None  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habits:
    """How one line speaks.

    Attributes:
        name: of the maker's variant.
        variant: what the maker's firmware makes of the protocol.
        numbers: how values are to be read.
        serial: number in each record.
        ending: of replies, ``bcc`` or ``cr``; "" is the one of the request.
    """

    name: str
    variant: VariantRow
    numbers: Numbers
    serial: int
    ending: str = ""

    def record_id(self, rows: HessenRows, index: int, address: int) -> int:
        """Number of the measurement ``index`` in its record; where a maker's own is not known they count up."""
        if self.variant.ids == "fixed":
            for name, number in rows.measurement[index].ids.items():
                if name == self.name:
                    return number
        first = address if self.variant.first_id is None else self.variant.first_id
        return (first + index) % 1000

    def error_rows(self, rows: HessenRows) -> list[BitRow]:
        """Bits of the error status: the maker's where they are the same for all models, otherwise the model's."""
        return self.variant.error or rows.error


def number_text(value: float, numbers: Numbers) -> str:
    """``±mmmm±ee``; what is no number, or beyond two digits of exponent, is 0 as an invalid value is."""
    if not math.isfinite(value) or value == 0.0:
        return "+0000+00"
    mantissa, _, power = f"{value:+.3e}".partition("e")
    exponent = int(power) - (3 if numbers == "integer" else 0)
    if abs(exponent) > 99:
        return "+0000+00"
    return f"{mantissa.replace('.', '')}{exponent:+03d}"


def number_of(text: str, numbers: Numbers) -> float:
    """The value of ``±mmmm±ee``. Raises ValueError."""
    exponent = int(text[5:]) - (3 if numbers == "decimal" else 0)
    return float(f"{int(text[:5])}e{exponent}")
