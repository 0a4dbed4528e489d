"""The generic ASCII protocol: device side, host side and dialect, all from one table (:mod:`.ascii_table`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.errors import RefusalReason, Refused
from instruments.protocols.ascii_table import AsciiCommand, AsciiRequest, AsciiTable
from instruments.protocols.checks import crc16, xor_of
from instruments.protocols.clink_formats import Format, same
from instruments.protocols.ends import (
    Box,
    DeviceEnd,
    Dialect,
    HostEnd,
    Told,
    Transport,
    address,
    check_unit,
    limits_in_words,
)
from instruments.protocols.line_buffer import LineBuffer

_DIGITS = {"none": 0, "xor": 2, "sum8": 2, "sum16": 4, "crc16": 4}


class _Framing:
    """How texts become lines for one box: address before, check behind."""

    def __init__(self, table: AsciiTable, number: int | None) -> None:
        rows = table.rows
        self._check, self._lead = rows.check, rows.check_lead
        self.request_head = rows.address.format(n=number)
        self.reply_head = rows.reply_address.format(n=number)

    def written(self, text: str) -> str:
        """The line with its check."""
        return text if self._check == "none" else f"{text}{self._lead}{self._of(text)}"

    def taken(self, line: str) -> tuple[str, bool]:
        """The text of a line, and whether it had a check. Raises ValueError if the check is wrong."""
        digits = _DIGITS[self._check]
        at = len(line) - digits - len(self._lead)
        if not digits or at < 0 or line[at : at + len(self._lead)] != self._lead:
            return line, False
        text, stated = line[:at], line[at + len(self._lead) :]
        if stated.upper() != self._of(text):
            raise ValueError(f"check {stated}, its text gives {self._of(text)}")
        return text, True

    def _of(self, text: str) -> str:
        data = text.encode("ascii")
        if self._check == "xor":
            return f"{xor_of(data):02X}"
        if self._check == "crc16":
            return f"{crc16(data):04X}"
        digits = _DIGITS[self._check]
        return f"{sum(data) % 16**digits:0{digits}X}"


class AsciiDevice(DeviceEnd):
    """The box's end of one line."""

    def __init__(self, table: AsciiTable, face: Face, number: int | None) -> None:
        self._table, self._face = table, face
        self._framing = _Framing(table, number)
        self._buffer = LineBuffer(b"\r\n")

    def power_cycled(self) -> None:
        """Half a request is forgotten."""
        self._buffer.clear()

    def receive(self, data: bytes) -> list[bytes]:
        """Answer each request that these bytes complete. Never raises."""
        replies = [self._answer(line.strip(" ")) for line in self._buffer.feed(data)]
        return [reply for reply in replies if reply is not None]

    def _answer(self, line: str) -> bytes | None:
        rows, framing = self._table.rows, self._framing
        try:
            text, checked = framing.taken(line)
        except ValueError:
            return None
        if rows.check != "none" and rows.check_needed and not checked:
            return None
        if not text.startswith(framing.request_head):
            return None
        text = text[len(framing.request_head) :]
        found = self._table.find(text)
        try:
            reply = rows.unknown or None if found is None else self._carried_out(*found)
        except Refused as refusal:
            refused = "" if found is None else found[0].row.refused
            reply = refused or rows.refusals.get(refusal.reason, rows.unknown) or None
        if reply is None:
            return None
        return (framing.written(framing.reply_head + reply) + rows.terminator).encode("ascii", "replace")

    def _carried_out(self, request: AsciiRequest, value: str) -> str | None:
        row = request.row
        if not all(same(self._read(name), wanted) for name, wanted in row.only_if.items()):
            return row.otherwise
        if request.request.placeholders:
            self._set(request, value)
        for name, wanted in row.apply.items():
            self._face.apply(name, wanted)
        return None if request.reply is None else request.reply.render(self._on_the_wire)

    def _set(self, request: AsciiRequest, text: str) -> None:
        place = request.request.placeholders[0]
        value = place.format.parse(text.strip(), self._on_the_wire)
        _check_limits(request.row, value)
        default = self._read(place.quantity)
        inner = self._table.scaled(place.quantity, value, inwards=True)
        if isinstance(inner, float) and isinstance(default, int) and not isinstance(default, bool):
            inner = round(inner) if inner == round(inner) else inner  # a setting in whole numbers
        self._face.apply(place.quantity, inner)

    def _read(self, name: str) -> Value:
        try:
            return self._face.read(name)
        except KeyError as error:
            raise Refused("no option", f"this box has no {name}") from error

    def _on_the_wire(self, name: str) -> Value:
        return self._table.scaled(name, self._read(name))


@dataclass(frozen=True, slots=True)
class AsciiReply:
    """A reply taken apart: what stands for each quantity, with the format to read it by."""

    texts: Mapping[str, tuple[Format, str]]


class AsciiHost(HostEnd):
    """The host's end of one line."""

    def __init__(self, table: AsciiTable, number: int | None) -> None:
        self._table = table
        self._framing = _Framing(table, number)
        self.terminator = table.rows.terminator[-1].encode("ascii")
        self._reads: dict[str, str] = {}
        self._actions: dict[tuple[str, Value], str] = {}
        for one in table.exact.values():
            if len(one.row.apply) == 1:
                self._actions.setdefault(next(iter(one.row.apply.items())), one.row.request)
            elif one.reply is not None and not one.row.apply:
                for place in one.reply.placeholders:
                    self._reads.setdefault(place.quantity, one.row.request)
        self._setters = {one.request.placeholders[0].quantity: one for one in reversed(table.setters)}
        self._refusals: dict[str, RefusalReason] = {table.rows.unknown: "unknown"}
        self._refusals |= {text: reason for reason, text in table.rows.refusals.items()}
        self._refusals.pop("", None)

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        line = self._framing.written(self._framing.request_head + text)
        return (line + self._table.rows.terminator).encode("ascii")

    def answers(self, text: str) -> bool:
        """Whether the device says anything to it."""
        return self._table.row(text).reply is not None

    def parse(self, text: str, raw: bytes) -> AsciiReply:
        """Understand the reply. Raises Refused, or ValueError for what is none."""
        row = self._table.find(text)
        if row is None or row[0].reply is None:
            return AsciiReply({})
        line = raw.decode("ascii").strip("\r\n\x00")
        body, checked = self._framing.taken(line)
        if self._table.rows.check != "none" and not checked:
            raise ValueError(f"the reply {line!r} has no check")
        if not body.startswith(self._framing.reply_head):
            raise ValueError(f"the reply {line!r} does not begin with {self._framing.reply_head!r}")
        body = body[len(self._framing.reply_head) :]
        if body in self._refusals:
            raise Refused(self._refusals[body], f"{text}: {body}")
        if body and body in (row[0].row.otherwise, row[0].row.refused):
            raise Refused("wrong settings", f"{text}: {body}")
        texts = row[0].reply.read(body)
        if texts is None:
            raise ValueError(f"{text!r} was answered {body!r}")
        return AsciiReply(texts)

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if none does."""
        return self._reads[quantity]

    def value(self, quantity: str, reply: AsciiReply, unit: str = "") -> tuple[Value, str]:
        """Value of ``quantity`` and its unit inside."""
        if quantity not in reply.texts:
            raise ValueError(f"the reply does not tell {quantity}")
        inside = self._table.rows.unit.get(quantity, "")
        check_unit(quantity, inside, unit)
        form, text = reply.texts[quantity]
        try:
            value = form.parse(text, _cannot_know)
        except Refused as refusal:
            raise ValueError(f"{quantity}: {refusal.detail}") from refusal
        return self._table.scaled(quantity, value, inwards=True), inside

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting``, or carries out the action of that name."""
        if (setting, value) in self._actions:
            return self._actions[setting, value]
        setter = self._setters.get(setting)
        if setter is None:
            if any(name == setting for name, _ in self._actions):
                raise Refused("invalid", f"{setting} cannot be {value!r}")
            raise KeyError(setting)
        wire = self._table.scaled(setting, value)
        _check_limits(setter.row, wire)
        return setter.request.render(lambda name: wire)


class AsciiBox(Box):
    """One box; its lines share nothing."""

    def __init__(self, dialect: AsciiDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> AsciiDevice:
        """An end for one line."""
        return AsciiDevice(self._dialect.table, self._face, address(self._dialect, number))


class AsciiDialect(Dialect):
    """The ``[protocol.ascii]`` table of a model."""

    def __init__(self, entry: CatalogueEntry) -> None:
        self.table = AsciiTable(entry.protocols["ascii"], entry.name)
        rows = self.table.rows
        if rows.address:
            self.numbers, self.default_number = rows.numbers, rows.default_number
        self.baud = rows.baud

    def box(self, face: Face) -> AsciiBox:
        """The device side of one instrument."""
        return AsciiBox(self, face)

    def host(self, number: int | None) -> AsciiHost:
        """The host side."""
        return AsciiHost(self.table, address(self, number))

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``."""
        return self.table.weakest_mark(requests)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        return self.table.quantities()

    def told(self) -> Iterator[Told]:
        """The requests."""
        rows = self.table.rows
        where = f", address {rows.address} (at delivery {rows.default_number})" if rows.address else ""
        section = f"requests ({len(rows.command)}{where}; check: {rows.check})"
        for row in rows.command:
            yield Told(section, row.request, _use(row), row.mark, row.source)


def _use(row: AsciiCommand) -> str:
    """What a request does, in a few words."""
    words = [f"does {', '.join(row.apply)}"] if row.apply else []
    if row.low is not None or row.high is not None:
        words.append(f"value {limits_in_words(row.low, row.high)}")
    words.append("no reply" if row.reply is None else f"reply {row.reply!r}")
    return ", ".join(words)


def _check_limits(row: AsciiCommand, value: Value) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if row.high is not None and value > row.high:
        raise Refused("too high", f"{row.request}: up to {row.high:g}, not {value:g}")
    if row.low is not None and value < row.low:
        raise Refused("too low", f"{row.request}: from {row.low:g}, not {value:g}")


def _cannot_know(name: str) -> Value:
    raise Refused("invalid", f"only the box knows {name}")
