"""The map of a model whose maker's is not known: everything that the model has, in a fixed order.

The order is this project's own (recalled, no maker's): docs/protocols/modbus.md says it in words. What a unit reports
and its diagnostics stand in registers from 0, its numeric settings from 1000, its settings that are words from 2000,
who it is from 3000; its alarms are discrete inputs from 0, its actions coils from 0, its switches coils from 1000.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from instruments.build import build_unit
from instruments.catalogue import CatalogueEntry, SettingRange
from instruments.protocols.modbus_map import ModbusMap
from instruments.protocols.modbus_rows import MapRows
from instruments.unit import Unit

NUMBERS, SETTINGS, WORDS, IDENTITY, ALARMS, ACTIONS, SWITCHES = 0, 1000, 2000, 3000, 0, 0, 1000
_TEXT_REGISTERS = 16
_SOURCE = "generic map of this project, docs/protocols/modbus.md"


def generic_map(entry: CatalogueEntry) -> ModbusMap:
    """The map that a model has without a maker's."""
    unit = build_unit(entry, entry.name, 0)
    settings = entry.settings
    registers = [
        _block([3, 4], "float32", [{"at": NUMBERS + 2 * index, "quantity": name, "unit": of}
                                   for index, (name, of) in enumerate(_told_units(unit).items())]),
        _block([3], "float32", [{"at": SETTINGS + 2 * index, "quantity": name, "unit": settings[name].unit,
                                 "writable": True}
                                for index, name in enumerate(_of(settings, numeric))]),
        _block([3], "uint16", [{"at": WORDS + index, "quantity": name, "writable": True,
                                "codes": {str(word): code for code, word in enumerate(settings[name].choices)}}
                               for index, name in enumerate(_of(settings, _is_word))]),
        _block([3, 4], "string", [{"at": IDENTITY + _TEXT_REGISTERS * index, "quantity": name,
                                   "registers": _TEXT_REGISTERS}
                                  for index, name in enumerate(("model", "serial", "firmware"))]),
    ]  # fmt: skip
    sides = [f"{name}:{side}" for name, limits in entry.alarms.items() for side in ("low", "high")
             if getattr(limits, side) is not None]  # fmt: skip
    alarms = [{"at": ALARMS + index, "name": f"{text} alarm", "alarm": [text]} for index, text in enumerate(sides)]
    coils = [{"at": ACTIONS + index, "name": name, "on": {name: True}} for index, name in enumerate(unit.actions)]
    coils += [{"at": SWITCHES + index, "name": name, "when": {name: [True]}, "on": {name: True}, "off": {name: False}}
              for index, name in enumerate(_of(settings, _is_switch))]  # fmt: skip
    bits = [_block([2], "", alarms), _block([1], "", coils)]
    rows = MapRows.model_validate({
        "order_mark": "recalled", "order_source": _SOURCE,
        "registers": [block for block in registers if block["rows"]],
        "bits": [block for block in bits if block["rows"]],
    })  # fmt: skip
    return ModbusMap(rows, entry.name)


def numeric(setting: SettingRange) -> bool:
    """Whether a setting is a number."""
    return isinstance(setting.default, int | float) and not isinstance(setting.default, bool)


def units_inside(entry: CatalogueEntry) -> dict[str, str]:
    """Units of everything numeric that the model tells or is set to."""
    settings = {name: setting.unit for name, setting in entry.settings.items()}
    return {**settings, **build_unit(entry, entry.name, 0).units()}


def choices_of(entry: CatalogueEntry) -> dict[str, tuple[Any, ...]]:
    """Values of each setting that is a word or a switch."""
    found: dict[str, tuple[Any, ...]] = {}
    for name, setting in entry.settings.items():
        if setting.choices:
            found[name] = tuple(setting.choices)
        elif isinstance(setting.default, bool):
            found[name] = (False, True)
    return found


def _told_units(unit: Unit) -> dict[str, str]:
    units = unit.units()
    return {name: units.get(name, "") for name in dict.fromkeys(unit.quantities())}


def _is_word(setting: SettingRange) -> bool:
    return isinstance(setting.default, str) and bool(setting.choices)


def _is_switch(setting: SettingRange) -> bool:
    return isinstance(setting.default, bool)


def _of(settings: Mapping[str, SettingRange], kind: Any) -> Iterable[str]:
    return [name for name, setting in settings.items() if kind(setting)]


def _block(functions: list[int], form: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    block = {"functions": functions, "rows": rows, "mark": "recalled", "source": _SOURCE}
    return {**block, "form": form} if form else block
