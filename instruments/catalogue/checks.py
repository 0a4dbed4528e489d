"""The figures of a model's file held against each other, and against the models of its kind that are known already.

Form (types, keys, marks) is the sections' own business; here it is sense: a flow that is negative, limits upside down,
a default that the setting itself does not take, a unit that no model reads its figure in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from instruments.bounds import bounds_of
from instruments.errors import ConfigurationError, Refused

if TYPE_CHECKING:
    from instruments.catalogue import Alarm, KeyParameter, ModelFile, Parameter, SettingRange

Table = Literal["parameters", "settings", "alarms", "key_parameters"]
_TABLES: tuple[Table, ...] = ("parameters", "settings", "alarms", "key_parameters")
_UNIT = "a unit that the catalogue has, such as L/min, s, deg C, nmol/mol, mmHg, %, 1"


def mistakes(file: ModelFile, where: str) -> Iterator[ConfigurationError]:
    """Everything in a model's file, of right form, that makes no sense; ``where`` is its name."""
    yield from _sizes(file, where)
    for name, setting in file.settings.items():
        key = f"settings.{name}"
        if _upside_down(setting.low, setting.high):
            yield _ordered(where, key, setting.low, setting.high, "settings")
            continue
        if not setting.choices and _is_number(setting.default) and (setting.low is None or setting.high is None):
            yield ConfigurationError(where, key, "choices, or low and high: what a number may be set to", "neither")
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


def _sizes(file: ModelFile, where: str) -> Iterator[ConfigurationError]:
    """Figures in no unit that is known, and those beyond what can be."""
    for table in _TABLES:
        for name, row in getattr(file, table).items():
            numbers = list(_numbers(row))  # none where it is a text or a switch
            bounds = bounds_of(file.model.kind, name, row.unit)
            if bounds is None and numbers:
                yield ConfigurationError(where, f"{table}.{name}.unit", _UNIT, repr(row.unit))
            for place, value in numbers:
                if bounds is not None and not bounds.hold(value, parameter=table == "parameters"):
                    expected = bounds.in_words(parameter=table == "parameters")
                    yield ConfigurationError(where, f"{table}.{name}.{place}", expected, f"{value:g}")


def _numbers(row: Parameter | SettingRange | Alarm | KeyParameter) -> Iterator[tuple[str, float]]:
    """The numbers of a figure's row, and where in it they stand."""
    places: Mapping[str, object] = {key: getattr(row, key, None) for key in ("value", "default", "low", "high")}
    choices = {f"choices.{number}": choice for number, choice in enumerate(getattr(row, "choices", ()))}
    for place, value in {**places, **choices}.items():
        if _is_number(value):
            yield place, value


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _upside_down(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low > high


def _ordered(where: str, key: str, low: float | None, high: float | None, table: Table) -> ConfigurationError:
    beside = "below high" if table == "alarms" else "not above high"
    return ConfigurationError(where, f"{key}.low", f"a limit {beside} ({high:g})", f"{low:g}")
