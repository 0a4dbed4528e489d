"""What bits tell and coils set: alarms, and settings that are words, such as an open valve."""

from __future__ import annotations

from collections.abc import Mapping

from instruments.device import Value
from instruments.errors import Refused
from instruments.protocols.modbus import Message
from instruments.protocols.modbus_map import ANY, ModbusMap
from instruments.protocols.modbus_text import read_text, write_text


class States:
    """A map's bits as a host uses them.

    Args:
        of: the map.
        choices: values that each setting of the model can have.

    A setting is told by bits if each of them stands for one of its values and at most one value has no bit: that one
    stands when none is on.
    """

    def __init__(self, of: ModbusMap, choices: Mapping[str, tuple[Value, ...]]) -> None:
        self._alarms = [bit for bit in of.bits if bit.row.alarm and ANY not in bit.row.alarm]
        self._coils = [bit for bit in of.bits if bit.row.on or bit.row.off]
        self._told: dict[str, tuple[list[tuple[int, Value]], Value, int]] = {}
        for setting, values in choices.items():
            self._find(of, setting, values)

    def _find(self, of: ModbusMap, setting: str, values: tuple[Value, ...]) -> None:
        for function in (2, 1):
            places: dict[Value, int] = {}
            for at, bit in of.flags[function].items():
                counted = bit.row.when.get(setting, [])
                if len(bit.row.when) == 1 and len(counted) == 1:
                    places.setdefault(counted[0], at)
            others = [value for value in values if value not in places]
            if places and len(others) <= 1:
                # With every value on a bit of its own, no bit on is no answer.
                rest: Value = others[0] if others else ""
                self._told[setting] = ([(at, value) for value, at in places.items()], rest, function)
                return

    def read_request(self, quantity: str) -> str:
        """Request that asks for alarms, or for a setting that bits tell. Raises KeyError."""
        if quantity == "alarms" and self._alarms:
            places = [bit.row.at for bit in self._alarms]
            return read_text(max(self._alarms[0].functions), min(places), max(places) - min(places) + 1)
        places = [at for at, _ in self._told[quantity][0]]
        return read_text(self._told[quantity][2], min(places), max(places) - min(places) + 1)

    def value(self, quantity: str, request: Message, bits: tuple[int, ...]) -> Value:
        """Value of ``quantity`` in bits that came. Raises ValueError if they do not tell it."""
        on = {request.address + index for index, bit in enumerate(bits) if bit}
        if quantity == "alarms" and request.function in (1, 2):
            return tuple(sorted({name for bit in self._alarms if bit.row.at in on for name in bit.row.alarm}))
        if quantity not in self._told or self._told[quantity][2] != request.function:
            raise ValueError(f"the reply does not tell {quantity}")
        places, rest, _ = self._told[quantity]
        found = [value for at, value in places if at in on]
        if len(found) > 1 or (not found and rest == ""):
            raise ValueError(f"the bits tell no one value of {quantity}: {', '.join(map(str, found)) or 'none is on'}")
        return found[0] if found else rest

    def set_request(self, setting: str, value: Value) -> str:
        """Request that sets it by a coil. Raises KeyError: none does. Refused: one does, but not to this value."""
        wanted = {setting: value}
        for coil in self._coils:
            if coil.row.on == wanted:
                return write_text(5, coil.row.at, (1,))
        # All coils that lead to it when they are switched off: which of them is on, the host cannot know.
        leading = sorted(coil.row.at for coil in self._coils if coil.row.off == wanted)
        if leading:
            run = [at for index, at in enumerate(leading) if at == leading[0] + index]
            return write_text(5, run[0], (0,)) if len(run) == 1 else write_text(15, run[0], (0,) * len(run))
        if any(setting in coil.row.on or setting in coil.row.off for coil in self._coils):
            raise Refused("invalid", f"{setting} cannot be {value!r}")
        raise KeyError(setting)
