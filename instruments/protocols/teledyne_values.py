"""Values on the Teledyne wire: decimals, switches, words, and concentrations in the box's gas unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from instruments.catalogue import CatalogueEntry
from instruments.device import Value
from instruments.errors import Refused
from instruments.protocols.teledyne_frame import UNKNOWN
from instruments.protocols.teledyne_rows import GAS, Shown, TestRow, VariableRow, Word

Read = Callable[[str], Value]
"""Gives the value of a quantity by its name."""

GAS_UNITS: Mapping[str, str] = {"ppb": "PPB", "ppm": "PPM", "ug/m3": "UGM", "mg/m3": "MGM"}
"""The setting ``gas_unit`` and its name on the wire (recalled: UNITS of the T series)."""
INNER = {"PPB": "nmol/mol", "PPM": "umol/mol"}
_PPB_PER = {"PPB": 1.0, "PPM": 1000.0, "nmol/mol": 1.0, "umol/mol": 1000.0}
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_ON_OFF = {True: "ON", False: "OFF"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Data entry limits and warning limits of a variable, on the wire; None: there are none."""

    low: float | None = None
    high: float | None = None
    warn_low: float | None = None
    warn_high: float | None = None


class Values:
    """Writes and reads the values of one model.

    Args:
        entry: the model: limits of its settings and alarms.
        gas_decimals: printed decimals of a concentration by its unit.
        ug_per_ppb: mass concentration of 1 ppb of each gas, ug/m3.
    """

    def __init__(self, entry: CatalogueEntry, gas_decimals: Mapping[str, int], ug_per_ppb: Mapping[str, float]) -> None:
        self._entry, self._decimals, self._ug_per_ppb = entry, gas_decimals, ug_per_ppb

    # -- to the wire --------------------------------------------------------------------------------------------------

    def measured(self, row: TestRow, inside: Value, unit: str, read: Read) -> str:
        """Text of a test function's value in ``unit``; XXXX for what cannot be told."""
        if isinstance(inside, bool | str | tuple):
            raise TypeError(f"{row.name} is no number: {inside!r}")
        value = self.to_wire(row, float(inside), unit, read)
        beyond = (row.low is not None and value < row.low) or (row.high is not None and value > row.high)
        if beyond or not math.isfinite(value):
            return UNKNOWN
        return f"{value:.{self.decimals(row, unit)}f}"

    def unit(self, row: Shown, read: Read) -> str:
        """The unit that is printed."""
        if row.unit != GAS:
            return row.unit
        if "gas_unit" in self._entry.settings:
            return GAS_UNITS[str(read("gas_unit"))]
        return "PPM" if self._inside(row, read) == "umol/mol" else "PPB"

    def decimals(self, row: Shown, unit: str) -> int:
        """Decimals that are printed."""
        return self._decimals[unit] if row.unit == GAS else row.decimals

    def to_wire(self, row: Shown, value: float, unit: str, read: Read) -> float:
        """A value as it stands on the wire."""
        if row.unit != GAS:
            return value * row.scale
        return value * _PPB_PER[self._inside(row, read)] / self._ppb_per(row, unit)

    def written(self, row: VariableRow, read: Read) -> str:
        """The value of a variable as the box prints it."""
        return f"{row.fixed:.{row.decimals}f}" if row.fixed is not None else self.spelled(row, read(row.of))

    def spelled(self, row: VariableRow, value: Value) -> str:
        """A value of a variable as it is written on the wire. Raises Refused for one that it cannot have."""
        if row.kind == "switch":
            if not isinstance(value, bool):
                raise Refused("invalid", f"{row.name} is on or off, not {value!r}")
            return _ON_OFF[value]
        if row.kind == "words":
            for word, inside in row.words.items():
                if inside == value:
                    return word
            raise Refused("invalid", f"{row.name}: one of {', '.join(map(str, row.words.values()))}, not {value!r}")
        if isinstance(value, bool | str | tuple):
            raise Refused("invalid", f"{row.name}: {value!r} is no number")
        number = value * row.scale
        return f"{round(number)}" if row.kind == "whole" else f"{number:.{row.decimals}f}"

    def limits(self, row: VariableRow) -> Limits:
        """Limits of a variable."""
        if row.kind in ("switch", "words"):
            return Limits()
        setting = self._entry.settings.get(row.of)
        low, high = row.low, row.high
        if setting is not None:
            low = setting.low * row.scale if low is None and setting.low is not None else low
            high = setting.high * row.scale if high is None and setting.high is not None else high
        alarm = self._entry.alarms.get(row.warn)
        if alarm is None:
            return Limits(low, high)
        return Limits(low, high, _scaled(alarm.low, row.scale), _scaled(alarm.high, row.scale))

    # -- from the wire ------------------------------------------------------------------------------------------------

    def understood(self, row: VariableRow, text: str) -> Word:
        """What a variable shall become by ``text``. Raises Refused for what it cannot be."""
        word = text.strip('"').upper()
        if row.kind == "switch":
            for value, name in _ON_OFF.items():
                if word == name:
                    return value
            raise Refused("invalid", f"{row.name} is ON or OFF, not {text}")
        if row.kind == "words":
            if word not in row.words:
                raise Refused("invalid", f"{row.name} is one of {', '.join(row.words)}, not {text}")
            return row.words[word]
        number = number_of(text)
        limits = self.limits(row)
        if limits.low is not None and number < limits.low:
            raise Refused("too low", f"{row.name}: from {limits.low:g}")
        if limits.high is not None and number > limits.high:
            raise Refused("too high", f"{row.name}: up to {limits.high:g}")
        if row.kind == "whole":
            if number != round(number):
                raise Refused("invalid", f"{row.name} is a whole number, not {text}")
            return round(number / row.scale)
        return number / row.scale

    def from_wire(self, row: Shown, number: float, unit: str, wanted: str) -> tuple[float, str]:
        """A measured value and its unit inside; ``wanted`` asks for nmol/mol or umol/mol.

        Raises:
            ValueError: a mass unit, which cannot be converted exactly, or a unit that the row does not have.
        """
        if row.unit != GAS:
            if unit != row.unit:
                raise ValueError(f"{row.of} came in {unit or 'no unit'}, not in {row.unit or 'none'}")
            return number / row.scale, ""
        if unit not in INNER:
            raise ValueError(f"{unit or 'a concentration without a unit'}: set the box's gas unit to ppb or ppm")
        inside = wanted or row.inside or INNER[unit]
        return number * _PPB_PER[unit] / _PPB_PER[inside], inside

    def _inside(self, row: Shown, read: Read) -> str:
        return row.inside or str(read("concentration_unit"))

    def _ppb_per(self, row: Shown, unit: str) -> float:
        if unit in _PPB_PER:
            return _PPB_PER[unit]
        micrograms = self._ug_per_ppb[row.gas]
        return 1.0 / micrograms if unit == "UGM" else 1000.0 / micrograms


def number_of(text: str) -> float:
    """A number as requests carry it: decimal without exponent, or hexadecimal with 0x. Raises Refused."""
    if _HEX.fullmatch(text):
        return float(int(text, 16))
    if _FLOAT.fullmatch(text):
        return float(text)
    raise Refused("invalid", f"{text!r} is no number")


def plain(value: float) -> str:
    """A number for a request: no exponent, which the box does not take; up to four decimals."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale
