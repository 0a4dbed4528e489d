"""C-Link, the host side: requests out, replies understood, values in the units inside.

Everything follows from the same table that the device side answers by: a reply's template read backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from instruments.catalogue import Mark
from instruments.device import Value
from instruments.errors import RefusalReason, Refused
from instruments.protocols.clink_formats import Base, Choice, Format, Gas
from instruments.protocols.clink_frame import (
    ERROR_TEXTS,
    LOCAL_MODE,
    NOT_A_NUMBER,
    TERMINATOR,
    ClinkError,
    split_reply,
)
from instruments.protocols.clink_records import StoredRecord, alarms_of, read_record
from instruments.protocols.clink_table import ClinkTable, Exact, Setter, words_before
from instruments.protocols.clink_units import Concentration
from instruments.protocols.ends import HostEnd

_REFUSALS: Mapping[str, RefusalReason] = {
    **{text: reason for reason, text in ERROR_TEXTS.items()},
    NOT_A_NUMBER: "invalid",
    LOCAL_MODE: "wrong settings",
}
_WIRE_TO_INNER: Mapping[str, str] = {"ppb": "nmol/mol", "ppm": "umol/mol"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is what was asked for.

    Attributes:
        request: the request's text.
        body: what follows the echo, without the separator.
        summed: whether it had a sum (which was right).
        layout_stale: whether the box says that its erec layout has changed.
        texts: what stands for each quantity, with the format to read it by.
        flags: the flags word, of a reply to ``flags``.
        records: of a reply with records.
    """

    request: str
    body: str
    summed: bool
    layout_stale: bool
    texts: Mapping[str, tuple[Format, str]] = field(default_factory=dict)
    flags: int | None = None
    records: tuple[StoredRecord, ...] = ()


class ClinkHost(HostEnd):
    """The host's end of one line.

    Args:
        table: commands of the model at the other end.
        instrument_id: its id, 0 to 127; the model's own if None. With 0 no address is sent.
    """

    terminator = TERMINATOR

    def __init__(self, table: ClinkTable, instrument_id: int | None = None) -> None:
        number = table.default_id if instrument_id is None else instrument_id
        if not 0 <= number <= 127:
            raise ValueError(f"an instrument id is 0 to 127, not {number}")
        self._table = table
        self.pause_s = 1.2 * table.gap_s  # a little more than the box needs
        self._address = bytes([0x80 + number]) if number else b""
        self._reads: dict[str, tuple[str, Mark]] = {}
        for request, exact in table.exact.items():
            if exact.reply is not None:
                for place in exact.reply.placeholders:
                    self._reads.setdefault(place.quantity, (request, exact.row.mark))
        if any(bit.alarm for bit in table.flags):
            self._reads.setdefault("alarms", ("flags", table.weakest_mark(["flags"])))
        self._setters: dict[str, Setter] = {}
        for setter in table.setters.values():
            self._setters.setdefault(setter.quantity, setter)
        self._actions: dict[tuple[str, Value], tuple[str, Mark]] = {}
        for request, exact in table.exact.items():
            if len(exact.row.apply) == 1:
                self._actions.setdefault(next(iter(exact.row.apply.items())), (request, exact.row.mark))

    def request(self, text: str) -> bytes:
        """Bytes of a request."""
        return self._address + text.encode("ascii") + TERMINATOR

    def parse(self, text: str, raw: bytes) -> Reply:
        """Understand the reply ``raw`` to the request ``text``.

        Raises:
            Refused: the box said no.
            ClinkError: it is no proper reply to that request: sum, echo or form wrong.
        """
        frame = split_reply(raw)
        if not frame.text.lower().startswith(text.lower()):
            raise ClinkError("echo", f"asked {text!r}, the reply begins {frame.text[: len(text) + 8]!r}")
        body = frame.text[len(text) :]
        if body.rstrip() in _REFUSALS:
            raise Refused(_REFUSALS[body.rstrip()], f"{text}:{body.rstrip()}")
        if body[:1] not in (" ", "\n"):
            raise ClinkError("echo", f"asked {text!r}, the reply goes on {body[:16]!r}")
        words = " ".join(text.lower().split())
        exact = self._table.exact.get(words)
        if exact is None:
            return self._parse_with_arguments(Reply(text, body[1:], frame.summed, frame.stale), words)
        return self._parse_exact(Reply(text, body[1:], frame.summed, frame.stale), exact, body)

    def read_request(self, quantity: str) -> str:
        """Request whose reply tells ``quantity``. Raises KeyError if the model has none."""
        return self._reads[quantity][0]

    def read_mark(self, quantity: str) -> Mark:
        """How well that request is known. Raises KeyError if the model has none."""
        return self._reads[quantity][1]

    def value(self, quantity: str, reply: Reply, unit: str = "") -> tuple[Value, str]:
        """Value of ``quantity`` in ``reply``, and its unit inside (empty for words and pure numbers).

        Args:
            quantity: one that the reply tells.
            reply: from :meth:`parse`.
            unit: ``nmol/mol`` or ``umol/mol``, for a calibrator's concentrations, whose unit inside depends on the
                cylinder; without it the unit follows from the one on the wire.

        Raises:
            ClinkError: the reply does not tell it, or tells it in a unit that cannot be converted exactly.
        """
        if quantity == "alarms" and reply.flags is not None:
            return alarms_of(self._table.flags, reply.flags), ""
        if quantity not in reply.texts:
            raise ClinkError("value", f"the reply to {reply.request!r} does not tell {quantity}")
        form, text = reply.texts[quantity]
        try:
            if isinstance(form, Gas):
                return self._concentration(form.gas, *form.split(text), unit)
            if isinstance(form, Base):
                return self._concentration(form.gas, float(text), "ppb", unit)
            return form.parse(text, _cannot_know), self._table.units.get(quantity, "")
        except Refused as refusal:
            raise ClinkError("value", f"{quantity}: {refusal.detail}") from refusal

    def set_request(self, setting: str, value: Value, unit: str = "") -> str:
        """Request that sets ``setting`` to ``value`` (unit inside), or starts the action of that name.

        Args:
            setting: its canonical name; ``clock_date`` and ``clock_time`` each set one half of the clock.
            value: its new value, True for actions.
            unit: ``nmol/mol`` or ``umol/mol``, for a calibrator's concentration; ``nmol/mol`` if empty.

        Raises:
            KeyError: the model cannot set this.
            Refused: it can, but not to this value.
        """
        if (setting, value) in self._actions:
            return self._actions[setting, value][0]
        setter = self._setters.get(setting)
        if setter is None:
            if any(name == setting for name, _ in self._actions):
                raise Refused("invalid", f"{setting} cannot be {value!r}")
            raise KeyError(setting)
        _check_limits(setter, value)
        kinds: Mapping[str, Value] = {
            "gas_unit": "ppb",
            **{gas.unit_from: unit or "nmol/mol" for gas in self._table.gases.values() if gas.unit_from},
        }
        place = setter.template.placeholders[0]
        if isinstance(place.format, Choice) and place.format.customs:
            # What a custom range holds is the box's business; a host chooses among the fixed ones.
            fixed = Choice(place.format.choices, {}, are_codes=True)
            return f"{setter.prefix} {fixed.render(value, kinds.__getitem__)}"
        return setter.template.render({**kinds, place.quantity: value}.__getitem__)

    def set_mark(self, setting: str, value: Value) -> Mark:
        """How well the request that sets it is known. Raises KeyError if the model has none."""
        if (setting, value) in self._actions:
            return self._actions[setting, value][1]
        return self._setters[setting].row.mark

    # -- parts of parse -----------------------------------------------------------------------------------------------

    def _parse_exact(self, reply: Reply, exact: Exact, body: str) -> Reply:
        row = exact.row
        if exact.reply is not None:
            texts = exact.reply.read(reply.body)
            if texts is None:
                raise ClinkError("form", f"{reply.request!r} was answered {reply.body!r}")
            return _with(reply, texts=texts)
        if row.does == "flags":
            try:
                return _with(reply, flags=int(reply.body, 16))
            except ValueError as error:
                raise ClinkError("form", f"flags were answered {reply.body!r}") from error
        if row.does in ("record", "coded record"):
            return self._with_records(reply, row.of)
        if row.does in ("layout", "count", "list"):
            return reply
        self._must_be(body, row.ok, reply)
        return reply

    def _parse_with_arguments(self, reply: Reply, words: str) -> Reply:
        for before, _ in words_before(words):
            setter = self._table.setters.get(before)
            if setter is not None:
                self._must_be(" " + reply.body, setter.row.ok, reply)
                return reply
            exact = self._table.exact.get(before)
            if exact is not None and exact.row.does == "record":
                return self._with_records(reply, exact.row.of)
        return reply

    def _with_records(self, reply: Reply, of: str) -> Reply:
        layout = self._table.records[of]
        lines = reply.body.strip().split("\n")
        return _with(reply, records=tuple(read_record(self._table, layout, line) for line in lines))

    @staticmethod
    def _must_be(body: str, ok: str, reply: Reply) -> None:
        if body.strip() != ok.strip():
            raise ClinkError("form", f"{reply.request!r} was answered {body!r}, not {ok!r}")

    @staticmethod
    def _concentration(gas: Concentration, number: float, wire: str, unit: str) -> tuple[Value, str]:
        wire = wire.lower()
        if gas.unit == "ug/m3":
            try:
                return gas.from_wire(number, gas.unit, wire), gas.unit
            except Refused as refusal:
                raise ClinkError("unit", refusal.detail) from refusal
        if wire not in _WIRE_TO_INNER:
            raise ClinkError("unit", f"{wire} has no exact mole fraction: set the box's gas unit to ppb or ppm")
        inner = gas.unit or unit or _WIRE_TO_INNER[wire]
        return gas.from_wire(number, inner, wire), inner


def _with(
    reply: Reply,
    texts: Mapping[str, tuple[Format, str]] | None = None,
    flags: int | None = None,
    records: tuple[StoredRecord, ...] = (),
) -> Reply:
    return Reply(reply.request, reply.body, reply.summed, reply.layout_stale, texts or {}, flags, records)


def _check_limits(setter: Setter, value: Value) -> None:
    if isinstance(value, (int, float)):
        number = cast(float, value)
        if setter.row.high is not None and number > setter.row.high:
            raise Refused("too high", f"{setter.quantity} goes up to {setter.row.high:g}, not {number:g}")
        if setter.row.low is not None and number < setter.row.low:
            raise Refused("too low", f"{setter.quantity} goes down to {setter.row.low:g}, not {number:g}")


def _cannot_know(name: str) -> Value:
    raise Refused("invalid", f"only the box knows {name}")
