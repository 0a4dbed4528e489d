"""Rows of a C-Link table as they are written in TOML."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from instruments.catalogue import Mark
from instruments.errors import RefusalReason
from instruments.protocols.clink_units import NumberForm
from instruments.protocols.rows import Row, Setting

Kind = Literal["analyzer", "calibrator", "monitor"]
Only = Literal["", "analyzer", "calibrator", "monitor"]


def _lower(text: str) -> str:
    if text != " ".join(text.lower().split()) or not text.isascii():
        raise ValueError("a request is written in lower case, with single blanks, in ASCII")
    return text


Request = Annotated[str, Field(min_length=1), AfterValidator(_lower)]


class CommandRow(Row):
    """One command: a report, its set form, or an action.

    Attributes:
        request: text of the report or action; ``{n}`` is replaced by each of ``n``. Of a row that only sets: its name.
        aliases: other texts for the same.
        only: kind of box that has it, empty for all.
        reply: template of what follows the echo of a report.
        separator: between echo and reply.
        set: texts that set, each ending in one placeholder; the first is the one that the host sends.
        ok: what follows the echo of a set form or action that worked.
        words, codes: texts and their values for the formats ``words`` and ``code``.
        customs: codes whose value stands in another quantity.
        low, high: limits of the value set, in the unit inside.
        apply: settings or actions that the request carries out.
        does: what the request does that no template can say.
        of: the record or list that ``does`` is about.
        refuse: the box, as simulated, always refuses this, for that reason.
        mark, source: where it is known from.
    """

    request: str = ""
    aliases: list[Request] = Field(default_factory=list)
    only: Only = ""
    n: list[str] = Field(default_factory=list)
    reply: str | None = None
    separator: Literal[" ", "\n"] = " "
    set: list[str] = Field(default_factory=list)
    ok: str = " ok"
    words: dict[str, Setting] = Field(default_factory=dict)
    codes: dict[str, Setting] = Field(default_factory=dict)
    customs: dict[str, str] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    apply: dict[str, Setting] = Field(default_factory=dict)
    does: Literal["", "flags", "record", "coded record", "layout", "count", "list", "save", "acknowledge layout"] = ""
    of: str = ""
    refuse: RefusalReason | None = None
    mark: Mark
    source: str = Field(min_length=1)

    @property
    def is_exact(self) -> bool:
        """Whether the row has a request that is complete as it stands."""
        return bool(self.reply is not None or self.apply or self.does or self.refuse)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = sum((self.reply is not None, bool(self.apply), bool(self.does), self.refuse is not None))
        if kinds > 1 or (kinds == 0 and not self.set):
            raise ValueError("a row has one of reply, apply, does, refuse; without any of them it has set")
        if self.is_exact:
            _lower(self.request)
            if not self.request:
                raise ValueError("a report or action needs a request")
        if self.does in ("record", "coded record", "layout", "count", "list") and not self.of:
            raise ValueError(f"{self.does!r} needs 'of'")
        return self


class Condition(Row):
    """When a bit of the flags word or a digital output is on: an alarm stands, or all of ``when`` hold.

    Attributes:
        bit: its number in the flags word, 0 the lowest.
        alarm: name of the alarm (``pressure:low``).
        when: quantity to the values that count; an empty table is always true.
    """

    bit: int = Field(ge=0, le=31)
    only: Only = ""
    alarm: str = ""
    when: dict[str, list[Setting]] = Field(default_factory=dict)
    mark: Mark
    source: str = Field(min_length=1)


class FieldRow(Row):
    """One field of a record; ``index`` is its number in the box's list of variables."""

    name: str
    value: str
    index: int = 0


class RecordRow(Row):
    """A kind of record: its fields after time, date and flags.

    Attributes:
        gap: after the date.
        year: the date has its year.
        flags_after: how many fields stand before the flags, which then have all their zeros.
        field: the fields in order.
    """

    gap: str = "  "
    year: bool = True
    flags_after: int = Field(default=0, ge=0)
    field: list[FieldRow]
    mark: Mark
    source: str = Field(min_length=1)


class OutputRow(Row):
    """One row of a printed list; the output's relay is closed while all of ``closed`` hold, never if it is empty."""

    index: int
    variable: int = 0
    name: str
    closed: dict[str, list[Setting]] = Field(default_factory=dict)


class ListRow(Row):
    """A table that the box prints."""

    header: str
    row: list[OutputRow]
    mark: Mark
    source: str = Field(min_length=1)


class ConcentrationRow(Row):
    """A quantity that is a concentration."""

    unit: Literal["", "nmol/mol", "umol/mol", "ug/m3"] = ""
    unit_from: str = ""
    molar_mass: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _has_unit(self) -> Self:
        if bool(self.unit) == bool(self.unit_from):
            raise ValueError("needs unit or unit_from, not both")
        if (self.unit == "ug/m3") == bool(self.molar_mass):
            raise ValueError("a gas needs its molar mass, particles have none")
        return self


class ClinkRows(Row):
    """A whole table, the common part merged in.

    Attributes:
        gap_s: a request that comes sooner after a reply is lost.
        tcp: the box has an Ethernet port.
        without: requests of the common table that this model does not have.
    """

    kind: Kind
    default_id: int = Field(ge=0, le=127)
    number_form: NumberForm
    gap_s: float = Field(default=0.0, ge=0)
    tcp: bool = True
    without: list[str] = Field(default_factory=list)
    state: dict[str, Setting] = Field(default_factory=dict)
    unit: dict[str, str] = Field(default_factory=dict)
    concentration: dict[str, ConcentrationRow] = Field(default_factory=dict)
    command: list[CommandRow]
    flag: list[Condition] = Field(default_factory=list)
    record: dict[str, RecordRow]
    listing: dict[str, ListRow] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known: dict[str, Any] = {"list": {*self.listing, *self.record}}
        for row in self.command:
            if row.does and row.of and row.of not in known.get(row.does, self.record):
                raise ValueError(f"{row.request!r} is about {row.of!r}, which the table does not have")
        return self
