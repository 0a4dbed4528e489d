"""The text that was last made of some values, kept until one of them is another."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Generic, TypeVar

from instruments.device import Value

Text = TypeVar("Text", str, bytes)


class Written(Generic[Text]):
    """Keeps texts by name. A poller asks far more often than values change, and writing them is most of the work.

    Values are compared as objects, not by their numbers: an instrument gives out the same object until its next step,
    and -0.0, which is written with a sign, is not 0.0.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[list[Value], Text]] = {}

    def text(self, name: str, values: list[Value], make: Callable[[list[Value]], Text]) -> Text:
        """What ``make`` makes, or made, of ``values``; the text called ``name`` depends on nothing else."""
        kept = self._kept.get(name)
        if kept is not None and len(kept[0]) == len(values) and all(map(is_, kept[0], values)):
            return kept[1]
        made = make(values)
        self._kept[name] = values, made
        return made
