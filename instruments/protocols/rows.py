"""What the rows of every protocol's table have in common, as they are written in TOML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field

from instruments.catalogue import Mark

Setting = bool | int | float | str
"""A value that TOML can hold; bool stands first so that true stays true."""


def weakness(mark: Mark) -> int:
    """0 for what is known best, more for what is known less well."""
    return get_args(Mark).index(mark)


def weakest(marks: Iterable[Mark]) -> Mark:
    """Return the weakest of some marks. Raises ValueError if there are none."""
    return max(marks, key=weakness)


class Row(BaseModel):
    """A table or a row of one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Known(Row):
    """Something with its mark and its source."""

    mark: Mark
    source: str = Field(min_length=1)
