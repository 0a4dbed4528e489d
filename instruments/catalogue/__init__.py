"""The catalogue: one TOML file per model, every number with unit, mark and source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instruments.errors import ConfigurationError, ConfigurationErrors

_FOLDER = Path(__file__).parent

Mark = Literal["read", "reported", "recalled"]
"""How well a number is known; the source says where it is this project's own choice."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


class _Model(_Section):
    name: str
    kind: Literal["so2", "nox", "o3", "co", "calibrator"]
    maker: str
    title: str
    principle: str
    approval: str = ""


class _File(_Section):
    model: _Model
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    alarms: dict[str, Alarm] = Field(default_factory=dict)
    settings: dict[str, SettingRange] = Field(default_factory=dict)
    protocol: dict[str, dict[str, Any]] = Field(default_factory=dict)


class CatalogueEntry:
    """A model as the catalogue knows it.

    Attributes:
        name, kind, maker, title, principle, approval: who it is.
        parameters, alarms, settings: its figures.
        protocols: the raw command table of each protocol that it offers.
    """

    def __init__(self, file: _File) -> None:
        self.name = file.model.name
        self.kind = file.model.kind
        self.maker = file.model.maker
        self.title = file.model.title
        self.principle = file.model.principle
        self.approval = file.model.approval
        self.parameters = file.parameters
        self.alarms = file.alarms
        self.settings = file.settings
        self.protocols: Mapping[str, Mapping[str, Any]] = file.protocol

    def parameter(self, name: str) -> float:
        """Value of a parameter. Raises ConfigurationError if the model's file lacks it."""
        try:
            return self.parameters[name].value
        except KeyError:
            raise ConfigurationError(f"{self.name}.toml", f"parameters.{name}", "a value", "nothing") from None

    def numbers(self) -> dict[str, float]:
        """All parameters by name."""
        return {name: parameter.value for name, parameter in self.parameters.items()}


def models() -> list[str]:
    """Names of all models, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml") if "." not in path.stem)


@cache
def load(model: str) -> CatalogueEntry:
    """Read a model's file.

    Raises:
        ConfigurationError: no such model. ConfigurationErrors: mistakes in its file.
    """
    path = _FOLDER / f"{model}.toml"
    if model not in models():
        raise ConfigurationError("catalogue", "model", f"one of {', '.join(models())}", repr(model))
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise ConfigurationErrors(
            [
                ConfigurationError(path, ".".join(map(str, one["loc"])), one["msg"], repr(one["input"]))
                for one in error.errors(include_url=False)
            ]
        ) from None
    return CatalogueEntry(file)
