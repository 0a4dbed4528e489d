"""The table of a C-Link box: its commands, records, flags and lists as data, checked and made ready for both sides.

A model's table is the ``[protocol.clink]`` part of its catalogue file; what all iSeries share stands in ``clink.toml``
beside this module, and a model's row replaces the common one of the same request. The rows stay as plain objects
(:attr:`ClinkTable.rows`) for people to look at; each carries its mark and its source.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from instruments.catalogue import Mark
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors
from instruments.protocols.clink_rows import (
    ClinkRows,
    CommandRow,
    Condition,
    ListRow,
    RecordRow,
)
from instruments.protocols.clink_template import Template, Vocabulary
from instruments.protocols.clink_units import Concentration
from instruments.protocols.rows import weakest

STATE = "clink."
"""Names with this prefix are not the instrument's but the protocol's own memory (host name, record period)."""


@dataclass(frozen=True, slots=True)
class Exact:
    """A request that is complete as it stands: a report, an action, or one with a fixed value.

    Attributes:
        row: where it comes from.
        reply: what follows the echo; None where the row's ``does`` makes it.
        number: the index of an indexed request (``custom 2``), as written.
    """

    row: CommandRow
    reply: Template | None
    number: str


@dataclass(frozen=True, slots=True)
class Setter:
    """A request that ends in a value.

    Attributes:
        row: where it comes from.
        prefix: everything before the value, without the last blank.
        quantity: what it sets.
        template: the whole request, for the host.
    """

    row: CommandRow
    prefix: str
    quantity: str
    template: Template


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: name as printed, its place in the list of variables, and how it is written."""

    name: str
    index: int
    template: Template


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """A kind of record."""

    row: RecordRow
    fields: tuple[Field, ...]


class ClinkTable:
    """A checked table.

    Attributes:
        rows: all commands as written, common ones first.
        exact: complete requests by their text.
        setters: requests with a value by their prefix.
        records: kinds of record: lrec, srec, erec, stream.
        flags: bits of the flags word with their conditions.
        lists: tables that the box prints (``list dout``).
        state: the protocol's own memory at delivery, without the prefix.
        units: unit of each quantity that has one.
        gases: quantities that are concentrations.
        default_id: instrument id at delivery.
        gap_s: a request that comes sooner after a reply is lost. tcp: the box has an Ethernet port.
    """

    def __init__(self, rows: ClinkRows, where: str) -> None:
        self._where = where
        self._errors: list[ConfigurationError] = []
        there = (row for row in rows.command if row.request not in rows.without)
        self.rows = tuple(row for row in there if row.only in ("", rows.kind))
        self.gap_s, self.tcp = rows.gap_s, rows.tcp
        self.kind = rows.kind
        self.default_id = rows.default_id
        self.units: Mapping[str, str] = rows.unit
        self.state: Mapping[str, Value] = rows.state
        self.flags: tuple[Condition, ...] = tuple(bit for bit in rows.flag if bit.only in ("", rows.kind))
        self.lists: Mapping[str, ListRow] = rows.listing
        self.gases = {
            name: Concentration(gas.unit, gas.molar_mass, gas.unit_from) for name, gas in rows.concentration.items()
        }
        self._number_form = rows.number_form
        self.exact: dict[str, Exact] = {}
        self.setters: dict[str, Setter] = {}
        for index, row in enumerate(self.rows):
            self._add(row, f"protocol.clink.command[{index}] ({row.request})")
        self.records = {name: self._record(name, row) for name, row in rows.record.items()}
        if self._errors:
            raise ConfigurationErrors(self._errors)

    @classmethod
    def from_data(cls, data: Mapping[str, Any], where: str = "[protocol.clink]") -> ClinkTable:
        """Check and merge a model's ``[protocol.clink]`` table with what is common to all.

        Args:
            data: the table as read from TOML.
            where: name of the file, for messages.

        Raises:
            ConfigurationErrors: all mistakes in it.
        """
        merged = dict(data)
        for key, common in _common().items():
            own = merged.get(key)
            if isinstance(common, list):
                requests = {row.get("request") for row in own or [] if isinstance(row, dict)} - {None}
                merged[key] = [row for row in common if row.get("request") not in requests] + (own or [])
            elif isinstance(common, dict):
                merged[key] = {**common, **(own or {})}
            else:
                merged.setdefault(key, common)
        try:
            rows = ClinkRows.model_validate(merged)
        except ValidationError as error:
            raise ConfigurationErrors(
                [
                    ConfigurationError(
                        where, ".".join(["protocol.clink", *map(str, one["loc"])]), one["msg"], _shortly(one["input"])
                    )
                    for one in error.errors(include_url=False)
                ]
            ) from None
        return cls(rows, where)

    def quantities(self) -> frozenset[str]:
        """Observables and settings that a face must know for this table to work."""
        templates = [exact.reply for exact in self.exact.values() if exact.reply]
        templates += [field.template for record in self.records.values() for field in record.fields]
        names = {place.quantity for template in templates for place in template.placeholders}
        names |= {name for bit in self.flags for name in bit.when}
        names |= {setter.quantity for setter in self.setters.values()}
        names |= {"alarms", "powered", "mode", "gas_unit", "instrument_id"}
        names |= {gas.unit_from for gas in self.gases.values() if gas.unit_from}
        return frozenset(name for name in names if not name.startswith((STATE, "clock_")))

    def row(self, request: str) -> CommandRow:
        """Return the row that answers ``request``, as sent, arguments and all. Raises KeyError if none does."""
        words = " ".join(request.lower().split())
        exact = self.exact.get(words)
        if exact is not None:
            return exact.row
        for before, _ in words_before(words):
            setter = self.setters.get(before)
            if setter is not None:
                return setter.row
            exact = self.exact.get(before)
            if exact is not None and exact.row.does == "record":
                return exact.row
        raise KeyError(request)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """Return the weakest mark of all that stands behind the replies to ``requests``.

        For the flags word that is also the meaning of its alarm bits, for records also their layout.

        Raises:
            KeyError: one of them is no request of this box.
            ValueError: there are none.
        """
        marks: list[Mark] = []
        for request in requests:
            row = self.row(request)
            marks.append(row.mark)
            if row.does == "flags":
                marks += [bit.mark for bit in self.flags if bit.alarm]
            elif row.does in ("record", "coded record"):
                marks.append(self.records[row.of].row.mark)
        return weakest(marks)

    def _add(self, row: CommandRow, where: str) -> None:
        vocabulary = Vocabulary(self.gases, self._number_form, row.words, row.codes, row.customs)
        for n in row.n or [""]:
            try:
                reply = None if row.reply is None else Template(_numbered(row.reply, n), vocabulary)
                if row.is_exact:
                    for request in (row.request, *row.aliases):
                        self._add_exact(_numbered(request, n), Exact(row, reply, n), where)
                for text in row.set:
                    setter = self._setter(row, _numbered(text, n), vocabulary)
                    self.setters.setdefault(setter.prefix, setter)
            except ValueError as error:
                self._errors.append(ConfigurationError(self._where, where, "a usable command", error))
                return

    def _add_exact(self, request: str, exact: Exact, where: str) -> None:
        if request in self.exact:
            raise ValueError(f"request {request!r} stands twice")
        self.exact[request] = exact

    def _setter(self, row: CommandRow, text: str, vocabulary: Vocabulary) -> Setter:
        template = Template(text, vocabulary)
        if len(template.parts) != 2 or not isinstance(template.parts[0], str) or not template.placeholders:
            raise ValueError(f"{text!r} must be words followed by one placeholder")
        return Setter(row, template.parts[0].rstrip(), template.placeholders[0].quantity, template)

    def _record(self, name: str, row: RecordRow) -> RecordLayout:
        vocabulary = Vocabulary(self.gases, self._number_form, {}, {}, {})
        fields: list[Field] = []
        for field in row.field:
            try:
                fields.append(Field(field.name, field.index, Template(field.value, vocabulary)))
            except ValueError as error:
                where = f"protocol.clink.record.{name}.{field.name}"
                self._errors.append(ConfigurationError(self._where, where, "a usable field", error))
        return RecordLayout(row, tuple(fields))


def load(path: Path) -> ClinkTable:
    """Read the ``[protocol.clink]`` table of a catalogue file.

    Raises:
        ConfigurationError: it cannot be read, has no such table, or the table has mistakes.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(path, "", "a readable TOML file", error) from error
    found = data.get("protocol", {}).get("clink")
    if not isinstance(found, dict):
        raise ConfigurationError(path, "protocol.clink", "a table", found)
    return ClinkTable.from_data(found, str(path))


@cache
def _common() -> dict[str, Any]:
    common: dict[str, Any] = tomllib.loads(Path(__file__).with_name("clink.toml").read_text(encoding="utf-8"))["clink"]
    return common


def _shortly(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _numbered(text: str, n: str) -> str:
    return re.sub(r"\{n\}", n, text)


def words_before(text: str) -> Iterator[tuple[str, str]]:
    """Split ``text`` in two at each of its blanks, the last one first: (before, after)."""
    at = text.rfind(" ")
    while at > 0:
        yield text[:at], text[at + 1 :]
        at = text.rfind(" ", 0, at)
