"""Bayern-Hessen (Gesytec II) as a dialect: both ends from a model's table and its maker's habits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, cast

from instruments.catalogue import CatalogueEntry, Mark
from instruments.device import Face, Value
from instruments.protocols.ends import Box, Dialect, Told, Transport
from instruments.protocols.hessen_device import HessenDevice
from instruments.protocols.hessen_host import HessenHost
from instruments.protocols.hessen_table import VARIANTS, BitRow, Habits, Numbers, rows_of, variants
from instruments.protocols.modbus_generic import units_inside
from instruments.protocols.rows import weakest

_WORDS: Mapping[str, tuple[str, ...]] = {
    "variant": ("", *VARIANTS), "numbers": ("", "decimal", "integer"), "ending": ("", "bcc", "cr"),
}  # fmt: skip


class HessenDialect(Dialect):
    """Bayern-Hessen as a model speaks it, by ``[protocol.hessen]`` of its catalogue file.

    Options:
        variant: the maker's; "" is the model's own.
        numbers: ``decimal``: a point after the first digit; ``integer``; "" is the variant's.
        ending: of replies, ``bcc`` or ``cr``; "" is that of the request.
        serial: three-digit number in each record; -1 is the variant's.
    """

    options: ClassVar[Mapping[str, Value]] = {"variant": "", "numbers": "", "ending": "", "serial": -1}

    def __init__(self, entry: CatalogueEntry) -> None:
        self._entry = entry
        self.rows = rows_of(entry)
        self.shared_number = self.rows.shared_id
        self.default_number = self.rows.address
        self.numbers = (0, 127) if self.rows.shared_id else (0, 999)
        self.clients = 3 if self.rows.variant == "thermo" else None  # 42i manual: up to three sessions at once

    def habits(self, options: Mapping[str, Value]) -> Habits:
        """How a line with these options speaks."""
        name = str(options.get("variant") or self.rows.variant)
        variant = variants()[name]
        numbers = cast(Numbers, options.get("numbers") or variant.numbers)
        serial = options.get("serial", -1)
        number = serial if isinstance(serial, int) and serial >= 0 else variant.serial
        return Habits(name, variant, numbers, number, str(options.get("ending", "")))

    def wrong_options(self, options: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
        """Options with a value that they cannot have, each with what was expected."""
        for name, value in options.items():
            if name in _WORDS and value not in _WORDS[name]:
                yield name, f"one of {', '.join(map(repr, _WORDS[name]))}"
            elif name == "serial" and isinstance(value, int) and not -1 <= value <= 999:
                yield name, "-1 to 999"

    def box(self, face: Face) -> Box:
        """The device side of one instrument."""
        return HessenBox(self, face)

    def host(self, number: int | None) -> HessenHost:
        """The host side of a box with its maker's habits."""
        return self.host_with(number, {})

    def host_with(self, number: int | None, options: Mapping[str, Value]) -> HessenHost:
        """The host side of a line whose box has these habits. It asks with a block check whatever ``ending`` says."""
        units: dict[str, str] = {}

        def inside() -> Mapping[str, str]:
            if not units:
                units.update(units_inside(self._entry))
            return units

        address = self.default_number if number is None else number
        return HessenHost(self.rows, self.habits(options), address, inside)

    def weakest_mark(self, requests: Iterable[str]) -> Mark:
        """The weakest mark behind the replies to ``requests``: of the record, or of the letters."""
        marks: list[Mark] = []
        for request in requests:
            if request.partition(" ")[0] not in ("DA", "ST"):
                raise KeyError(request)
            habits = self.habits({})
            marks.append(habits.variant.mark)
            if request == "DA":
                marks += [row.mark or self.rows.mark for row in self.rows.measurement]
                marks += [row.mark for row in (*habits.variant.operating, *habits.error_rows(self.rows))]
        return weakest(marks)

    def quantities(self) -> frozenset[str]:
        """What the table needs of an instrument."""
        names = {row.quantity for row in self.rows.measurement} | {"alarms"}
        for row in (*self.rows.error, *self.habits({}).variant.operating):
            names |= {*row.alarm, *row.when, *([row.word] if row.word else [])}
        return frozenset(names - {"*"})

    def told(self) -> Iterator[Told]:
        """Variant, measurements, bits."""
        rows, habits = self.rows, self.habits({})
        variant = habits.variant
        yield Told("habits", "variant", rows.variant, variant.mark, variant.source)
        yield Told("habits", "record", variant.record, variant.mark, variant.source)
        yield Told("habits", "numbers", variant.numbers, variant.mark, variant.source)
        for letter, port in variant.letters.items():
            yield Told("habits", f"ST {letter}", f"gas_mode = {port}", variant.mark, variant.source)
        for index, row in enumerate(rows.measurement):
            number = habits.record_id(rows, index, rows.address)
            scale = "" if row.scale == 1.0 else f", {row.scale:g} to one inside"
            yield Told("measurements", f"{number:03d}", f"{row.quantity} {row.unit}{scale}", row.mark or rows.mark,
                       rows.source)  # fmt: skip
        for unit, bits in variant.unit_bits.items():
            yield Told("operating status", f"{bits:02X}", f"unit {unit}", variant.mark, variant.source)
        for bit in variant.operating:
            yield Told("operating status", f"bit {bit.bit}", _told(bit), bit.mark, variant.source)
        for bit in habits.error_rows(rows):
            source = variant.source if variant.error else rows.source
            yield Told("error status", f"bit {bit.bit}", _told(bit), bit.mark, source)


class HessenBox(Box):
    """One box; its lines share nothing but the instrument."""

    def __init__(self, dialect: HessenDialect, face: Face) -> None:
        self._dialect, self._face = dialect, face

    def line(self, transport: Transport, options: Mapping[str, Value], number: int | None) -> HessenDevice:
        """An end for one line; where the box has one instrument id, that is its address whatever ``number`` says."""
        dialect = self._dialect
        address = None if dialect.shared_number else dialect.rows.address if number is None else number
        return HessenDevice(dialect.rows, self._face, dialect.habits(options), address)


def _told(bit: BitRow) -> str:
    if bit.word:
        return f"{bit.name} in {bit.word}"
    if bit.alarm:
        return "any alarm" if "*" in bit.alarm else f"alarm of {', '.join(bit.alarm)}"
    return " and ".join(f"{name} is {' or '.join(map(str, values))}" for name, values in bit.when.items())
