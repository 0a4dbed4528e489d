"""The fault library: what can go wrong with instruments, lines, site and people, as data.

Each ``*.toml`` file beside this module holds faults by name. A fault acts on causes (hidden parameters, settings,
the mains); what it does to readings follows from the model. ``reveals`` names, by model design, every observable
that may move; the twin-run tests hold all others to exactly no difference.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, TypeGuard

from pydantic import BaseModel, ConfigDict, Field, model_validator

from instruments.catalogue import CatalogueEntry
from instruments.device import Origin, Value
from instruments.errors import ConfigurationError
from instruments.reading import validate

Form = Literal["value", "plus", "times", "remainder"]
Onset = Literal["step", "ramp", "intermittent"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Severity(_Row):
    """How bad a fault can be: a number with its meaning, and what it usually is."""

    meaning: str
    unit: str
    low: float
    high: float
    typical: float

    @model_validator(mode="after")
    def _ordered(self) -> Severity:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low <= typical <= high is wanted")
        return self

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.low:g} to {self.high:g}{unit} ({self.meaning})"


class Act(_Row):
    """One thing that a fault does to its device.

    Attributes:
        hidden: hidden parameter that changes.
        setting: setting that changes, or action that is carried out.
        channel: the same by the part that it plays for the first channel of a gas analyzer (its ``coefficient``, its
            ``background``, the action ``calibrate_span``), whatever the model calls it.
        power: the mains of the device.
        form: how the new value comes from severity s and the value as it was: ``value`` s, ``plus`` was + s, ``times``
            was x s, ``remainder`` was x (1 - s).
        to: a fixed new value, in place of ``form`` and severity.
        by: through what a setting is changed.
    """

    hidden: str = ""
    setting: str = ""
    channel: Literal["", "background", "coefficient", "calibrate_zero", "calibrate_span"] = ""
    power: bool = False
    form: Form | None = None
    to: bool | int | float | str | None = None
    by: Origin = "panel"

    @model_validator(mode="after")
    def _one_target(self) -> Act:
        if sum(map(bool, (self.hidden, self.setting, self.channel, self.power))) != 1:
            raise ValueError("exactly one of hidden, setting, channel, power is wanted")
        if (self.form is None) == (self.to is None):
            raise ValueError("either form or to is wanted")
        return self

    def on(self, entry: CatalogueEntry) -> Act:
        """This act as it is on a model: the part of a channel by its name there."""
        if not self.channel:
            return self
        first = next(iter(entry.channels.values()))
        return self.model_copy(update={"channel": "", "setting": getattr(first, self.channel)})

    @property
    def command(self) -> str:
        """Name of the command that carries this act out, once it is :meth:`on` a model."""
        if self.hidden:
            return f"hidden.{self.hidden}"
        return self.setting or ("power" if self.power else "")

    def value(self, was: Value, severity: Value) -> Value:
        """New value of the target. Raises TypeError where a number is wanted and ``was`` is none."""
        if self.to is not None:
            return self.to
        if self.form == "value":
            return severity
        if not _is_number(was) or not _is_number(severity):
            raise TypeError(f"{self.command}: {was!r} and {severity!r} should be numbers")
        return was + severity if self.form == "plus" else was * (severity if self.form == "times" else 1.0 - severity)


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


class LibraryFault(_Row):
    """One fault of the library.

    Attributes:
        kinds: designs of devices that it can befall, as the catalogue names them.
        text_en, text_zh: what it is, in a clause.
        severity: its scale; None for a fault that is or is not.
        onset: how it may begin.
        acts: what it does.
        reveals: observables that may move, by design; also those of neighbours that show it (the analyzers that draw
            from a manifold).
    """

    kinds: list[str] = Field(min_length=1)
    text_en: str
    text_zh: str
    severity: Severity | None = None
    onset: list[Onset] = Field(min_length=1)
    acts: list[Act] = Field(min_length=1)
    reveals: dict[str, list[str]]
    mark: Literal["read", "reported", "recalled"]
    source: str

    @model_validator(mode="after")
    def _whole(self) -> LibraryFault:
        if self.severity is None and any(act.form is not None for act in self.acts):
            raise ValueError("an act with a form needs a severity")
        if not set(self.kinds) <= set(self.reveals):
            raise ValueError("reveals has a list for each of kinds, beside those of its neighbours")
        return self

    def befalls(self, design: str) -> bool:
        """Whether it can befall a device of this design."""
        return design in self.kinds


@cache
def library() -> Mapping[str, LibraryFault]:
    """All faults by name.

    Raises:
        ConfigurationErrors: mistakes in the files. ConfigurationError: a name that stands twice.
    """
    found: dict[str, LibraryFault] = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".toml"):
            continue
        for name, data in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if name in found:
                raise ConfigurationError(entry.name, name, "a name of its own", "one that stands twice")
            found[name] = validate(LibraryFault, data, entry.name, name)
    return found
