"""What a record form is: its head, its tables, and where each field comes from. Forms are data (``forms.toml``)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calibration.record import Mark

_FILE = Path(__file__).with_name("forms.toml")
ROOTS = {
    "run", "device", "model", "procedure", "data", "fit", "judged", "period", "day", "begin", "end", "level",
    "deviation", "row", "test", "reference", "check",
}  # fmt: skip
"""What a path may begin with; :mod:`reports.forms.rows` says what each is."""
SOURCES = ("procedures", "devices", "references", "checks", "failures", "tests", "levels", "table")
"""What rows may be of; ``tests``, ``levels`` and ``table`` may name procedures, or a table, after a colon."""


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def words(self, language: str) -> str:
        """Return its name in a language; ``both`` gives Chinese and English, one under the other."""
        return f"{self.zh}\n{self.en}" if language == "both" else self.zh if language == "zh" else self.en


class FieldOf(_Named):
    """One field: what is written into it, and in what words."""

    source: str = Field(default="", alias="from", description="path of the value; empty: the rig does not know it")
    term: str = Field(default="", description="group of words for a name; or unit, correlation")
    decimals: int | None = Field(default=None, ge=0, le=9, description="of a number; as many as it needs if left out")

    @model_validator(mode="after")
    def _known(self) -> Self:
        root = self.source.partition(".")[0]
        if root and root not in ROOTS:
            raise ValueError(f"from: expected a path that begins with one of {', '.join(sorted(ROOTS))}, found {root}")
        return self


class TableOf(_Named):
    """A table of a form: a row for each thing of a kind, and empty rows to write in."""

    rows: str = ""
    blank: int = Field(ge=0, le=40)
    column: list[FieldOf] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        kind = self.rows.partition(":")[0]
        if kind and kind not in SOURCES:
            raise ValueError(f"rows: expected one of {', '.join(SOURCES)}, found {kind}")
        return self


class Form(_Named):
    """One form."""

    number: int = Field(ge=1, description="its number in the list of the rules")
    name: str = Field(pattern=r"[a-z][a-z-]*")
    each: Literal["run", "device", "procedure"] = Field(description="what a sheet of it is about")
    kinds: list[str] = Field(default_factory=list, description="of devices that have a sheet; all if empty")
    procedures: list[str] = Field(default_factory=list, description="that have a sheet; all if empty")
    fields: str = Field(description="where its fields come from")
    fields_mark: Mark
    head: list[FieldOf]
    table: list[TableOf] = Field(min_length=1)


class _Forms(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: str
    rules_zh: str
    form: list[Form]


@lru_cache(maxsize=1)
def all_forms() -> tuple[Form, ...]:
    """Return every form, in the order of the rules."""
    return tuple(_content().form)


def rules(language: str) -> str:
    """Return the name of the document that asks for the forms."""
    return _content().rules_zh if language == "zh" else _content().rules


@lru_cache(maxsize=1)
def _content() -> _Forms:
    return _Forms.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
