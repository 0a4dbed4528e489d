"""The catalogue: one TOML file per model, every number with unit, mark and source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from instruments.device import Value
from instruments.errors import ConfigurationError, ConfigurationErrors, Refused
from instruments.reading import toml_tables, validate
from instruments.wear import Part

_FOLDER = Path(__file__).parent

Mark = Literal["read", "reported", "recalled"]
"""How well a number is known; the source says where it is this project's own choice."""


class _Section(BaseModel):
    # Strict: a number is a number and no text, true is no 1. TOML has types of its own.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class Parameter(_Section):
    """A figure of the model."""

    value: float
    unit: str
    mark: Mark
    source: str


class Alarm(_Section):
    """Limits outside which an observable raises an alarm."""

    low: float | None = None
    high: float | None = None
    unit: str
    mark: Mark
    source: str


class SettingRange(_Section):
    """What a setting may be, and what it is at delivery."""

    default: bool | int | float | str
    choices: list[bool | int | float | str] = Field(default_factory=list)
    low: float | None = None
    high: float | None = None
    unit: str = ""
    mark: Mark
    source: str

    def checked(self, key: str, value: Value) -> Value:
        """Return ``value`` if the setting may have it. Raises Refused, which names ``key``."""
        numeric = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        if numeric:
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise Refused("invalid", f"{key}: {value!r} is no number")
        elif type(value) is not type(self.default):
            raise Refused("invalid", f"{key}: {value!r}")
        if self.choices and value not in self.choices:
            raise Refused("invalid", f"{key}: one of {', '.join(map(str, self.choices))}, not {value!r}")
        if isinstance(value, int | float):
            if self.low is not None and value < self.low:
                raise Refused("too low", self._outside(key, value))
            if self.high is not None and value > self.high:
                raise Refused("too high", self._outside(key, value))
        return value

    def _outside(self, key: str, value: float) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        limits = [f"{word} {limit:g}" for word, limit in (("from", self.low), ("to", self.high)) if limit is not None]
        return f"{key}: {value:g}{unit}, where {' '.join(limits)}{unit} is allowed"


class KeyParameter(_Section):
    """A key technical parameter: the range that a network files for it, and whether it may be adjusted.

    Its name is that of a setting or of a diagnostic of the model.
    """

    low: float | None = None
    high: float | None = None
    unit: str
    access: Literal["read only", "adjustable"]
    mark: Mark
    source: str


class Channel(_Section):
    """One measured component: the settings that calibrate it, by the model's own names.

    Attributes:
        unit: unit inside (nmol/mol, CO umol/mol).
        background: setting that is subtracted (or added, as the model does); empty if there is none.
        coefficient: setting that multiplies.
        calibrate_zero: action that adjusts the background on zero gas; empty if there is none.
        calibrate_span: action that adjusts the coefficient on span gas.
        gas: species that it is calibrated with.
        converter_factor: setting that makes up for a converter of less than full efficiency; empty if there is none.
    """

    unit: str
    background: str = ""
    coefficient: str
    calibrate_zero: str = ""
    calibrate_span: str
    gas: str
    converter_factor: str = ""


Kind = Literal[
    "so2", "nox", "o3", "co", "doas", "calibrator", "zero_air", "photometer", "meter", "pm", "sampler", "weather",
    "visibility", "shelter", "manifold", "ups", "cylinder", "chamber", "variac",
]  # fmt: skip
"""What a device is to a host."""


class _Model(_Section):
    name: str
    kind: Kind
    design: str = Field(default="", description="which model class; the kind's first one if empty")
    maker: str
    title: str
    principle: str
    method: str = Field(default="", description="measuring principle as standards name it; as principle if empty")
    approval: str = ""


class ModelFile(_Section):
    """A model's file as it is written, of right form."""

    model: _Model
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    alarms: dict[str, Alarm] = Field(default_factory=dict)
    settings: dict[str, SettingRange] = Field(default_factory=dict)
    wear: dict[str, Part] = Field(default_factory=dict)
    key_parameters: dict[str, KeyParameter] = Field(default_factory=dict)
    channel: dict[str, Channel] = Field(default_factory=dict)
    protocol: dict[str, dict[str, Any]] = Field(default_factory=dict)


_NOTED: ContextVar[dict[tuple[str, str], ConfigurationError] | None] = ContextVar("figures that lack", default=None)


@contextmanager
def missing_noted() -> Iterator[Mapping[tuple[str, str], ConfigurationError]]:
    """In this context a figure that a model's file lacks is noted, and the one of a model of its kind stands in for it.

    So that all that lack are found in one go. What is built meanwhile is no instrument of that model: let it go.
    """
    noted: dict[tuple[str, str], ConfigurationError] = {}
    token = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(token)


class CatalogueEntry:
    """A model as the catalogue knows it.

    Attributes:
        name, kind, maker, title, principle, approval: who it is.
        method: its measuring principle in the words of standards, by which two makes are of one principle or not.
        design: which model class it is built from.
        parameters, alarms, settings: its figures.
        wear: parts that age. key_parameters: what a network files. channels: what it measures.
        protocols: the raw command table of each protocol that it offers.
    """

    def __init__(self, file: ModelFile) -> None:
        self.name = file.model.name
        self.kind = file.model.kind
        self.maker = file.model.maker
        self.title = file.model.title
        self.principle = file.model.principle
        self.method = file.model.method or file.model.principle
        self.approval = file.model.approval
        self.parameters = file.parameters
        self.alarms = file.alarms
        self.settings = file.settings
        self.design = file.model.design or file.model.kind
        self.wear = file.wear
        self.key_parameters = file.key_parameters
        self.channels = file.channel
        self.protocols: Mapping[str, Mapping[str, Any]] = file.protocol

    def parameter(self, name: str) -> float:
        """Value of a parameter. Raises ConfigurationError if the model's file lacks it (:func:`missing_noted`)."""
        try:
            return self.parameters[name].value
        except KeyError:
            error = ConfigurationError(f"{self.name}.toml", f"parameters.{name}", "a value", "nothing")
        noted = _NOTED.get()
        if noted is None:
            raise error from None
        noted.setdefault((self.name, name), error)
        return _usual(self.kind, name)

    def channel(self, name: str) -> Channel:
        """Settings of a measured component. Raises ConfigurationError if the model's file lacks it."""
        try:
            return self.channels[name]
        except KeyError:
            raise ConfigurationError(f"{self.name}.toml", f"channel.{name}", "a section", "nothing") from None

    def numbers(self) -> Mapping[str, float]:
        """All parameters by name; one that the model's file lacks is met as by :meth:`parameter`."""
        return _Numbers(self)


class _Numbers(dict[str, float]):
    """Parameters of a model."""

    def __init__(self, entry: CatalogueEntry) -> None:
        super().__init__({name: parameter.value for name, parameter in entry.parameters.items()})
        self._entry = entry

    def __missing__(self, name: str) -> float:
        return self._entry.parameter(name)


def _usual(kind: str, name: str) -> float:
    """The parameter of that name of the first model of that kind that has it; 1 if none does."""
    same = (entry for entry in map(load, models()) if entry.kind == kind and name in entry.parameters)
    found = next(same, None)
    return 1.0 if found is None else found.parameters[name].value


def models() -> list[str]:
    """Names of all models, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml") if "." not in path.stem)


@cache
def load(model: str) -> CatalogueEntry:
    """Read a model's file, by its name in the catalogue, or by the path of a file of one's own (ending in .toml).

    Raises:
        ConfigurationError: no such model. ConfigurationErrors: mistakes in its file.
    """
    if model.endswith(".toml"):
        try:
            return parse(Path(model).read_text(encoding="utf-8"), model)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(model, "", "a model's file that can be read", error) from None
    path = _FOLDER / f"{model}.toml"
    if model not in models():
        raise ConfigurationError("catalogue", "model", f"one of {', '.join(models())}", repr(model))
    return parse(path.read_text(encoding="utf-8"), str(path))


def parse(text: str, where: str) -> CatalogueEntry:
    """Check a model's file; ``model.like`` names one that it is like but for what it says itself.

    Raises:
        ConfigurationErrors: all its mistakes.
    """
    data = toml_tables(text, where)
    model = data.get("model")
    if isinstance(model, dict) and "like" in model:
        like = model.pop("like")
        if like not in models():
            raise ConfigurationError(where, "model.like", f"one of {', '.join(models())}", repr(like))
        data = _over(toml_tables((_FOLDER / f"{like}.toml").read_text(encoding="utf-8"), where), data)
    from instruments.catalogue.checks import mistakes, unit_mistakes  # they know the sections of this module

    file = validate(ModelFile, data, where)
    errors = [*mistakes(file, where), *(() if where.startswith(str(_FOLDER)) else unit_mistakes(file, where))]
    if errors:
        raise ConfigurationErrors(errors)
    return CatalogueEntry(file)


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """``base`` with what ``own`` says put over it: table by table, and row by row where rows have a ``request``."""
    merged = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _over(before, value)
        elif isinstance(before, list) and all(isinstance(row, dict) and "request" in row for row in before + value):
            said = {row["request"] for row in value}
            merged[key] = [row for row in before if row["request"] not in said] + value
        else:
            merged[key] = value
    return merged
