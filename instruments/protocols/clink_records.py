"""Records of a C-Link box: the flags word, stored records, their layouts and lists. Device side and host side.

Stored records are not stored here: they are the instrument's own past, read back on the grid of the record period of
its clock. A moment without power left no record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from instruments.device import Face, Value
from instruments.errors import Refused
from instruments.protocols.clink_formats import DAY_US, Date, NotANumber, Time, calendar
from instruments.protocols.clink_frame import ClinkError
from instruments.protocols.clink_rows import Condition, ListRow
from instruments.protocols.clink_table import ClinkTable, RecordLayout
from instruments.protocols.clink_units import INNER_DIGITS, Read

MINUTE_US = 60_000_000


def holds(conditions: Mapping[str, Sequence[Value]], read: Read) -> bool:
    """Whether each quantity has one of the values named for it."""
    return all(read(name) in values for name, values in conditions.items())


def flags_word(bits: Sequence[Condition], read: Read) -> int:
    """Compose the flags word from its bits and the state of the box."""
    alarms = cast("tuple[str, ...]", read("alarms"))
    word = 0
    for bit in bits:
        if bit.alarm in alarms if bit.alarm else holds(bit.when, read):
            word |= 1 << bit.bit
    return word


def alarms_of(bits: Sequence[Condition], word: int) -> tuple[str, ...]:
    """Names of the alarms that a flags word reports, sorted."""
    return tuple(sorted(bit.alarm for bit in bits if bit.alarm and word >> bit.bit & 1))


def record_line(table: ClinkTable, layout: RecordLayout, clock_us: int, read: Read, *, names: bool) -> str:
    """Write one record: time, date, flags (iSeries: no leading zeros) and the fields, with or without their names."""
    row = layout.row
    stamp = calendar(clock_us).strftime("%H:%M %m-%d-%y" if row.year else "%H:%M %m-%d")
    word = f"{flags_word(table.flags, read):{'08X' if row.flags_after else 'X'}}"
    cells = [field.template.render(read) for field in layout.fields]
    if names:
        cells = [f"{field.name} {text}" for field, text in zip(layout.fields, cells, strict=True)]
        word = f"flags {word}"
    cells.insert(row.flags_after, word)
    return f"{stamp}{row.gap}{' '.join(cells)}"


def layout_text(layout: RecordLayout) -> str:
    """Write the three lines of ``lrec layout``: C formats, binary letters, names."""
    n = len(layout.fields)
    names = " ".join(["flags", *(field.name for field in layout.fields)])
    return f"%s %s %lx{' %f' * n}\nt D L{' f' * n}\n{names} "


def field_list(layout: RecordLayout, *, with_time: bool) -> str:
    """Write the table of a record's fields, as ``list lrec`` and ``list stream`` have it."""
    rows = ["field index variable", *([" x  x time"] if with_time else [])]
    rows += [f"{number:2d} {field.index:2d} {field.name}" for number, field in enumerate(layout.fields, 1)]
    return "\n".join(rows)


def output_list(listing: ListRow, read: Read) -> str:
    """Write the table of digital outputs, as ``list dout`` has it."""
    rows = [listing.header]
    for row in listing.row:
        state = "closed" if row.closed and holds(row.closed, read) else "open"
        rows.append(f"{row.index:2d} {row.variable:3d} {row.name} {state}")
    return "\n".join(rows)


class RecordStore:
    """The stored records of one kind, as the box would find them in its memory.

    Args:
        table: the box's table.
        layout: kind of record.
        face: the instrument.
        read: reads present values, the protocol's own memory included.
        period_us: time between two records.
        capacity: how many the box can hold; the instrument's past must reach 24 h, and no record is older.
    """

    def __init__(
        self, table: ClinkTable, layout: RecordLayout, face: Face, read: Read, period_us: int, capacity: int
    ) -> None:
        self._table = table
        self._layout = layout
        self._face = face
        self._read = read
        self._period_us = period_us
        self._capacity = min(capacity, DAY_US // period_us)
        clock_us = face.clock_us()
        self._newest_us = clock_us - clock_us % period_us
        self._offset_us = clock_us - face.now_us()

    def stamps(self, at_most: int) -> list[int]:
        """Clock readings of the newest ``at_most`` records, oldest first."""
        found: list[int] = []
        for number in range(self._capacity):
            stamp = self._newest_us - number * self._period_us
            if stamp < self._offset_us or len(found) >= at_most:
                break
            if self._was("powered", stamp):
                found.append(stamp)
        return found[::-1]

    def count(self) -> int:
        """How many records there are."""
        return len(self.stamps(self._capacity))

    def select(self, arguments: Sequence[str]) -> list[int]:
        """Stamps of the records that ``lrec``, ``lrec n k`` or ``lrec hh:mm mm-dd-yy k`` ask for.

        Without arguments that is the newest; ``n`` counts back from the newest, which is 1, and is cut to what there
        is; then ``k`` records follow, oldest first.

        Raises:
            Refused: the arguments are no such thing, or there is no such record.
        """
        if not arguments:
            return self._some(self.stamps(1))
        if not re.fullmatch(r"\d{1,6}", arguments[-1]) or len(arguments) not in (2, 3):
            raise Refused("unknown", "expected n k, or hh:mm mm-dd-yy k")
        wanted = int(arguments[-1])
        if wanted < 1:
            raise Refused("too low", "no records asked for")
        if len(arguments) == 2:
            if not re.fullmatch(r"\d{1,6}", arguments[0]):
                raise NotANumber(arguments[0])
            back = int(arguments[0])
            if back < 1:
                raise Refused("too low", "the newest record is number 1")
            return self._some(self.stamps(back))[:wanted]
        start = cast(int, Time().parse(arguments[0], self._read)) + cast(int, Date().parse(arguments[1], self._read))
        return self._some([stamp for stamp in self.stamps(self._capacity) if stamp >= start])[:wanted]

    def line(self, stamp: int, *, names: bool) -> str:
        """Write the record of that stamp."""
        return record_line(self._table, self._layout, stamp, lambda name: self._was(name, stamp), names=names)

    def _was(self, name: str, stamp: int) -> Value:
        try:
            return self._face.read_at(name, stamp - self._offset_us)
        except KeyError:  # a setting, or the protocol's own: no history is kept of those
            return self._read(name)

    @staticmethod
    def _some(stamps: list[int]) -> list[int]:
        if not stamps:
            raise Refused("invalid", "there is no such record")
        return stamps


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the host reads it.

    Attributes:
        clock_us: the box's clock when it was stored, to the minute; microseconds since 1970-01-01. Of a C-series box,
            which writes no year, that of the year 2000.
        flags: the flags word.
        alarms: names of the alarms in it.
        fields: texts by the names that the box prints, trailing precision digits left out.
    """

    clock_us: int
    flags: int
    alarms: tuple[str, ...]
    fields: Mapping[str, str]

    def number(self, name: str) -> float:
        """Return a field as a number. Raises KeyError if the record has no such field."""
        return float(self.fields[name])


def read_record(table: ClinkTable, layout: RecordLayout, line: str) -> StoredRecord:
    """Read one record, with or without names.

    Raises:
        ClinkError: it is not of this layout.
    """
    parts = []
    for field in layout.fields:
        name = r"\s+".join(re.escape(word) for word in field.name.split())
        after = r"\s+\d" if _has_precision(field.template.text) else ""
        unit = rf"\s+(?:{'|'.join(INNER_DIGITS)})" if field.template.text.endswith(":gas}") else ""
        parts.append(rf"\s+(?:{name}\s+)?(\S+){unit}{after}")
    parts.insert(layout.row.flags_after, r"\s+(?:flags\s+)?(?P<flags>[0-9A-Fa-f]{1,8})")
    date_form = r"\d\d-\d\d-\d\d" if layout.row.year else r"\d\d-\d\d"
    match = re.fullmatch(rf"(\d\d:\d\d) ({date_form}){''.join(parts)}\s*", line, re.IGNORECASE)
    if not match:
        raise ClinkError("form", f"not a record of this box: {line!r}")
    time, date, *texts = match.groups()
    word = texts.pop(layout.row.flags_after)
    if not layout.row.year:
        date += "-00"
    read: Read = _nothing
    clock_us = cast(int, Time().parse(time, read))
    try:
        clock_us += cast(int, Date().parse(date, read))
    except Refused as refusal:
        raise ClinkError("form", refusal.detail) from refusal
    fields = dict(zip((field.name for field in layout.fields), texts, strict=True))
    flags = int(word, 16)
    return StoredRecord(clock_us, flags, alarms_of(table.flags, flags), fields)


def _has_precision(template: str) -> bool:
    return re.search(r"\s\d$", template) is not None


def _nothing(name: str) -> Value:
    raise KeyError(name)
