"""What a WXT says: values in the units that it is set to, as ASCII messages, with CRC, as NMEA, as SDI-12's values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

from instruments.device import Face, Value
from instruments.protocols.checks import crc16, printable, xor_of
from instruments.protocols.written import Written
from instruments.protocols.wxt_sdi import NO_VALUE
from instruments.protocols.wxt_table import ADDRESSES, GROUPS, SETTINGS_OF, FieldRow, WxtTable

_HEATING = ((75.0, "W"), (25.0, "V"), (-math.inf, "N"))
"""Letter after the heating voltage by the power in %: W full, V half, N none."""
_BY_POWER = "heating_power"
"""What a field says of its unit whose letter goes by that quantity."""


class WxtMemory:
    """What the transmitter keeps beside the instrument's settings: address, mode, units, masks; one for all lines."""

    def __init__(self, table: WxtTable, address: str, given: Mapping[str, str]) -> None:
        self.table = table
        self.address = address
        self.kept = {key: row.default for key, row in table.parameters.items() if row.default}
        self.kept |= given

    @property
    def mode(self) -> str:
        """``XU.M``."""
        return self.kept["XU.M"]


class WxtMessages:
    """Makes the messages of one transmitter."""

    def __init__(self, table: WxtTable, face: Face, memory: WxtMemory) -> None:
        self._table, self._face, self._memory = table, face, memory
        self._written = Written[bytes]()
        self._chosen: dict[tuple[str, bool], tuple[str, list[FieldRow]]] = {}

    def parameter(self, key: str) -> str:
        """A letter's value as written."""
        row = self._table.parameters[key]
        if row.kind == "address":
            return self._memory.address
        if row.setting or row.quantity:
            return row.written(self._face.read(row.setting or row.quantity))
        return self._memory.kept[key]

    def chosen(self, group: str, *, composite: bool) -> list[FieldRow]:
        """Fields of a group by its ``R=``: those of its own message, or those of the composite one."""
        mask = self.parameter(f"{SETTINGS_OF[group]}.R")
        kept = self._chosen.get((group, composite))
        if kept is None or kept[0] != mask:
            bits = mask.partition("&")[2 if composite else 0]
            kept = mask, [row for row in self._table.fields[group] if bits[row.bit] == "1"]
            self._chosen[group, composite] = kept
        return kept[1]

    def _of(self, group: str) -> list[FieldRow]:
        """Fields of a message."""
        if group == "0":
            return [row for each in GROUPS for row in self.chosen(each, composite=True)]
        return self.chosen(group, composite=False)

    def message(self, group: str, *, summed: bool) -> bytes:
        """A data message in ASCII; ``0`` is the composite one."""
        fields = self._of(group)
        head = f"{self._memory.address}{'r' if summed else 'R'}{group}"
        read = self._face.read
        made_of: list[Value] = []
        for row in fields:
            made_of += (row.name, read(row.quantity))
            if row.unit_from:
                by_power = row.unit_from == _BY_POWER
                made_of.append(read(_BY_POWER) if by_power else self.parameter(row.unit_from))
        return self._written.text(head, made_of, lambda _: self._body(head, fields, summed=summed))

    def _body(self, head: str, fields: list[FieldRow], *, summed: bool) -> bytes:
        return self.plain(",".join([head, *(f"{row.name}={self._field(row)}" for row in fields)]), summed=summed)

    def _field(self, row: FieldRow) -> str:
        digits, letter = self._value(row)
        return f"{digits}{letter}" if digits else f"{self._void(row)}#"

    def _void(self, row: FieldRow) -> str:
        """What stands before the ``#`` of a value that is not there: the digits of zero."""
        return next(iter(self._table.rows.unit[row.unit].values())).written(0.0)

    def _value(self, row: FieldRow) -> tuple[str, str]:
        """Digits and unit's letter; no digits where the instrument has no value."""
        units = self._table.rows.unit[row.unit]
        if row.unit_from == _BY_POWER:
            power = float(cast(float, self._face.read(_BY_POWER)))
            letter = next(letter for limit, letter in _HEATING if power > limit)
        else:
            letter = self.parameter(row.unit_from) if row.unit_from else next(iter(units))
        value = float(cast(float, self._face.read(row.quantity)))
        return ("", letter) if math.isnan(value) else (units[letter].written(value), letter)

    def nmea(self, group: str) -> list[bytes]:
        """A group as XDR; wind as MWV, if it is set so."""
        if group == "1" and self.parameter("WU.N") == "W":
            return [self.wind()]
        fields = sorted(self.chosen(group, composite=False), key=lambda row: row.place)
        number = ADDRESSES.index(self._memory.address)
        parts = []
        for row in fields:
            digits, letter = self._value(row)
            kind, identity = row.xdr
            parts += [kind, digits or self._void(row), letter if digits else "#", str(identity + number)]
        return [self.sentence(",".join(["XDR", *parts]))]

    def wind(self) -> bytes:
        """Mean wind as MWV."""
        speed = self._value(next(row for row in self._table.fields["1"] if row.name == "Sm"))
        angle = self._value(next(row for row in self._table.fields["1"] if row.name == "Dm"))
        valid = "A" if speed[0] and angle[0] else "V"
        return self.sentence(f"MWV,{angle[0]},R,{speed[0].zfill(5) if speed[0] else ''},{speed[1]},{valid}")

    def sentence(self, body: str) -> bytes:
        """An NMEA sentence with its sum."""
        text = self._table.rows.prefix + body
        return f"${text}*{xor_of(text.encode('ascii')):02X}\r\n".encode("ascii")

    def sdi_values(self, group: str) -> list[str]:
        """Values of a group with their signs, as SDI-12 wants them; of the composite message for ``0``."""
        found = [self._value(row)[0] for row in self._of(group)]
        return [(text if text.startswith("-") else f"+{text}") if text else NO_VALUE for text in found]

    def identity(self) -> str:
        """Who it is, as SDI-12 wants it: version 1.3, maker in 8, model in 6, firmware in 3 columns, serial number."""
        model, firmware, serial = (str(self._face.read(name)) for name in ("model", "firmware", "serial"))
        return f"13VAISALA_{model[:6]:<6}{firmware.replace('.', '')[:3]:<3}{serial[:13]}"

    @staticmethod
    def plain(text: str, *, summed: bool = False) -> bytes:
        """A line, with its CRC if asked for."""
        data = text.encode("ascii", "replace")
        return data + (printable(crc16(data)).encode("ascii") if summed else b"") + b"\r\n"
