"""The generic ASCII protocol's table: requests and replies of a maker without documents, as templates in TOML.

It stands under ``[protocol.ascii]`` of a model's catalogue file. Placeholders are those of C-Link's templates
(:mod:`instruments.protocols.clink_formats`), without gases. docs/protocols/ascii.md shows how to write one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from instruments.catalogue import Mark
from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors, RefusalReason
from instruments.protocols.clink_template import Template, Vocabulary
from instruments.protocols.rows import Row, Setting, weakest
from instruments.reading import validate

Check = Literal["none", "xor", "sum8", "sum16", "crc16"]


class AsciiCommand(Row):
    """One request.

    Attributes:
        request: its text; with one placeholder it sets that quantity.
        reply: what comes back; None: nothing does.
        words, codes: texts and their values for the formats ``words`` and ``code``.
        low, high: limits of the value set, as it stands on the wire.
        apply: settings or actions that the request carries out.
        only_if: what must hold for ``reply`` (a balance's stable weight).
        otherwise: the reply where it does not hold.
        refused: the reply where the instrument does not do this; empty: by the table's ``refusals``.
        mark, source: where it is known from.
    """

    request: str = Field(min_length=1)
    reply: str | None = None
    words: dict[str, Setting] = Field(default_factory=dict)
    codes: dict[str, Setting] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    apply: dict[str, Setting] = Field(default_factory=dict)
    only_if: dict[str, Setting] = Field(default_factory=dict)
    otherwise: str = ""
    refused: str = ""
    mark: Mark
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.only_if) != bool(self.otherwise):
            raise ValueError("only_if and otherwise stand together")
        if not self.request.isascii() or not self.request.isprintable():
            raise ValueError("a request is printable ASCII")
        return self


class AsciiRows(Row):
    """``[protocol.ascii]`` as it is written.

    Attributes:
        terminator: what ends a reply. A request may end with CR, LF or both, as a host that hits Enter sends it.
        address: what stands before each request, ``{n}`` being the box's number (``#{n:02d}``); empty: no address.
        reply_address: what stands before each reply.
        numbers: smallest and largest number, of boxes with an address; default_number: the one at delivery.
        baud: rate at delivery.
        case_sensitive: whether ``si`` is another request than ``SI``.
        check: what follows the text, after ``check_lead``, in upper-case hexadecimal digits: exclusive or, sum of the
            bytes (low 8 or 16 bits), CRC-16/ARC; over everything before ``check_lead``.
        check_needed: whether a request without a check is ignored.
        unknown: the reply to a text that is no request; empty: silence.
        refusals: the reply to a request that the instrument does not take, by its reason; ``unknown`` for the others.
        no_value: what stands for a number that is not there.
        unit: unit inside of each quantity that has one.
        scale: factor of a quantity from its unit inside to the wire's.
        command: the requests.
    """

    terminator: str = "\r\n"
    address: str = ""
    reply_address: str = ""
    numbers: tuple[int, int] = (1, 99)
    default_number: int = 1
    baud: int = Field(default=9600, ge=50)
    case_sensitive: bool = False
    check: Check = "none"
    check_lead: str = "*"
    check_needed: bool = True
    unknown: str = ""
    refusals: dict[RefusalReason, str] = Field(default_factory=dict)
    no_value: str = ""
    unit: dict[str, str] = Field(default_factory=dict)
    scale: dict[str, float] = Field(default_factory=dict)
    command: list[AsciiCommand] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.terminator not in ("\r", "\n", "\r\n"):
            raise ValueError(r'terminator: "\r", "\n" or "\r\n"')
        if self.check != "none" and not self.check_lead:
            raise ValueError("check_lead: a text that stands before the check")
        for name in ("address", "reply_address"):
            try:
                written = getattr(self, name).format(n=self.default_number)
            except (IndexError, KeyError, ValueError) as error:
                raise ValueError(f"{name}: a text with {{n}}, such as #{{n:02d}} ({error!r})") from None
            if getattr(self, name) and written == getattr(self, name):
                raise ValueError(f"{name}: a text with {{n}}, such as #{{n:02d}}")
        for name, factor in self.scale.items():
            if factor == 0.0:
                raise ValueError(f"scale.{name}: a factor that is not 0")
        return self


@dataclass(frozen=True, slots=True)
class AsciiRequest:
    """One request made ready: the row, its request's template, its reply's (None: silence)."""

    row: AsciiCommand
    request: Template
    reply: Template | None


class AsciiTable:
    """A checked table.

    Attributes:
        rows: as written.
        exact: requests without a value, by their text (folded where case does not count).
        setters: requests with a value.
    """

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.rows = rows = validate(AsciiRows, data, where, "protocol.ascii")
        self.exact: dict[str, AsciiRequest] = {}
        self.setters: list[AsciiRequest] = []
        errors = []
        for index, row in enumerate(rows.command):
            try:
                self._add(row)
            except ValueError as error:
                key = f"protocol.ascii.command[{index}] ({row.request})"
                errors.append(ConfigurationError(where, key, "a usable command", error))
        if errors:
            raise ConfigurationErrors(errors)

    def _add(self, row: AsciiCommand) -> None:
        vocabulary = Vocabulary({}, "E+00", row.words, row.codes, {}, self.rows.no_value)
        reply = None if row.reply is None else Template(row.reply, vocabulary)
        made = AsciiRequest(row, Template(row.request, vocabulary), reply)
        if len(made.request.placeholders) > 1:
            raise ValueError("a request has one placeholder at most")
        if made.request.placeholders:
            self.setters.append(made)
            return
        key = self.folded(row.request)
        if key in self.exact:
            raise ValueError("it stands twice")
        self.exact[key] = made

    def folded(self, text: str) -> str:
        """``text`` as requests are compared."""
        return text if self.rows.case_sensitive else text.upper()

    def find(self, text: str) -> tuple[AsciiRequest, str] | None:
        """The request that ``text`` is, and the value that it sets as written; None if it is none."""
        found = self.exact.get(self.folded(text))
        if found is not None:
            return found, ""
        for setter in self.setters:
            texts = setter.request.read(text)
            if texts is not None:
                ((_, value),) = texts.values()
                return setter, value
        # A value of the wrong form is a request all the same: its words are right.
        for setter in self.setters:
            words = setter.request.parts[0]
            if isinstance(words, str) and self.folded(text).startswith(self.folded(words)):
                return setter, text[len(words) :]
        return None

    def row(self, text: str) -> AsciiCommand:
        """The row that answers ``text``. Raises KeyError if none does."""
        found = self.find(text)
        if found is None:
            raise KeyError(text)
        return found[0].row

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        return weakest(self.row(text).mark for text in requests)

    def quantities(self) -> frozenset[str]:
        """Observables, settings and actions of the instrument that the table needs."""
        made = [*self.exact.values(), *self.setters]
        names = {place.quantity for one in made for place in one.request.placeholders}
        names |= {place.quantity for one in made if one.reply is not None for place in one.reply.placeholders}
        names |= {name for row in self.rows.command for name in (*row.apply, *row.only_if)}
        return frozenset(names)

    def scaled(self, name: str, value: Value, *, inwards: bool = False) -> Value:
        """A value of a quantity in the wire's unit, or from it."""
        factor = self.rows.scale.get(name)
        if factor is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        return value / factor if inwards else value * factor
