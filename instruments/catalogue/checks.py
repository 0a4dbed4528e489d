"""The figures of a model's file held against each other, and against the models of its kind that are known already.

Form (types, keys, marks) is the sections' own business; here it is sense: a flow that is negative, limits upside down,
a default that the setting itself does not take, a unit that no model reads its figure in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from instruments.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from instruments.catalogue import ModelFile

Table = Literal["parameters", "settings", "alarms", "key_parameters"]
_TABLES: tuple[Table, ...] = ("parameters", "settings", "alarms", "key_parameters")

_ATOMS = frozenset(
    "1 % RH K C deg V mV W Wh J s ms min h d m mm cm um pm km L cc cm3 m3 mol mmol umol nmol ppb ppm g mg ug kg Pa "  # noqa: SIM905 - as a list it is a page
    "hPa kPa MPa mmHg inHg atm psi Hz kHz Bq mrad samples uPa CO".split()
)
"""What units of the catalogue are made of."""
_TOKENS = re.compile(r"[A-Za-z%]+|1(?![0-9])")
_FLOWS = ("L/min", "cc/min")
_SIGNED = ("deg C", "V", "mV", "deg")
"""Units of scales that go below nothing: temperatures, voltages, angles."""
_ABSOLUTE_ZERO_C = -273.15


def mistakes(file: ModelFile, where: str) -> Iterator[ConfigurationError]:
    """Everything in a model's file, of right form, that makes no sense; ``where`` is its name."""
    for name, parameter in file.parameters.items():
        yield from _size(parameter.value, parameter.unit, name, where, f"parameters.{name}.value")
    for name, setting in file.settings.items():
        key = f"settings.{name}"
        if _upside_down(setting.low, setting.high):
            yield _ordered(where, key, setting.low, setting.high, "settings")
            continue
        for place, value in (
            ("default", setting.default),
            *((f"choices.{n}", c) for n, c in enumerate(setting.choices)),
        ):
            try:
                setting.checked(name, value)
            except Refused as refused:
                expected = f"a value that the setting itself takes ({refused})"
                yield ConfigurationError(where, f"{key}.{place}", expected, repr(value))
    for name, alarm in file.alarms.items():
        if alarm.low is None and alarm.high is None:
            yield ConfigurationError(where, f"alarms.{name}", "low, high or both", "neither")
        elif _upside_down(alarm.low, alarm.high) or alarm.low == alarm.high:
            yield _ordered(where, f"alarms.{name}", alarm.low, alarm.high, "alarms")
    for name, filed in file.key_parameters.items():
        if _upside_down(filed.low, filed.high):
            yield _ordered(where, f"key_parameters.{name}", filed.low, filed.high, "key_parameters")
    for table in _TABLES:
        for name, row in getattr(file, table).items():
            strange = [token for token in _TOKENS.findall(row.unit) if token not in _ATOMS]
            if strange:
                expected = "a unit made of those that the catalogue has, such as L/min, s, deg C, nmol/mol, mmHg, %, 1"
                yield ConfigurationError(where, f"{table}.{name}.unit", expected, repr(row.unit))


def unit_mistakes(file: ModelFile, where: str) -> Iterator[ConfigurationError]:
    """Figures in another unit than models of the same design read them in: 650 cc/min would be taken for 650 L/min."""
    known = _units_of(file.model.design or file.model.kind)
    for table in _TABLES:
        for name, row in getattr(file, table).items():
            unit = known.get((table, name), row.unit)
            if row.unit != unit:
                expected = f"{unit or 'no unit'}, which models of this kind read it in"
                yield ConfigurationError(where, f"{table}.{name}.unit", expected, repr(row.unit))


@cache
def _units_of(design: str) -> dict[tuple[Table, str], str]:
    """Unit of each figure of the catalogue's models of a design."""
    found: dict[tuple[Table, str], str] = {}
    for path, model in _headers():
        if _design(model) != design:
            continue
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        for table in _TABLES:
            found |= {(table, name): row.get("unit", "") for name, row in data.get(table, {}).items()}
    return found


def kind_of_design(design: str) -> str | None:
    """Kind of the catalogue's models of a design; None if there are none."""
    return next((str(model["kind"]) for _, model in _headers() if _design(model) == design), None)


def _design(model: Mapping[str, Any]) -> str | None:
    found: str | None = model.get("design") or model.get("kind")
    return found


@cache
def _headers() -> list[tuple[Path, dict[str, Any]]]:
    """Each file of the catalogue with its ``[model]``, which comes first: the tables behind it take long to read."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        _, _, text = path.read_text(encoding="utf-8").partition("[model]")
        found.append((path, tomllib.loads(text.partition("\n[")[0])))
    return found


def _size(value: float, unit: str, name: str, where: str, key: str) -> Iterator[ConfigurationError]:
    if unit == "deg C" and value < _ABSOLUTE_ZERO_C:
        yield ConfigurationError(where, key, f"at least {_ABSOLUTE_ZERO_C} deg C", f"{value:g}")
    elif unit in _FLOWS and value <= 0.0 and "noise" not in name:
        yield ConfigurationError(where, key, "a flow above 0", f"{value:g} {unit}")
    elif unit not in _SIGNED and "_per_" not in name and value < 0.0:  # a change with something goes either way
        yield ConfigurationError(where, key, f"nothing below 0 {unit}".rstrip(), f"{value:g}")


def _upside_down(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low > high


def _ordered(where: str, key: str, low: float | None, high: float | None, table: Table) -> ConfigurationError:
    beside = "below high" if table == "alarms" else "not above high"
    return ConfigurationError(where, f"{key}.low", f"a limit {beside} ({high:g})", f"{low:g}")
