"""What stands for an interval that is longer than an instrument's step: a mean of a quantity, never one of a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from instruments.air import FloatArray

Rule = Literal["mean", "bits", "highest", "lowest", "worst", "last"]
Texts = NDArray[np.str_]
Borders = NDArray[np.intp]

_WORDS: dict[Rule, str] = {
    "mean": "mean of the interval", "bits": "every bit that was set in the interval",
    "highest": "highest value of the interval", "lowest": "lowest value of the interval",
    "worst": "worst code of the interval", "last": "value at the end of the interval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fold:
    """How the values of an interval become one; what has no value (NaN) is left out.

    Attributes:
        rule: the kind.
        order: for ``worst``, the codes from the best to the worst.
    """

    rule: Rule = "mean"
    order: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """The rule as a person reads it, with the order of its codes."""
        codes = ", ".join(f"{code:g}" for code in self.order)
        return f"{_WORDS[self.rule]} (from best to worst: {codes})" if codes else _WORDS[self.rule]

    def whole(self) -> bool:
        """Whether the values are words or counters, of which no digit may be lost."""
        return self.rule != "mean"

    def apply(self, values: FloatArray, borders: Borders) -> FloatArray:
        """Return one value for each interval.

        Args:
            values: one per step.
            borders: index of the first step of each interval, and the one after the last interval, shape (n + 1,);
                every interval has a step.
        """
        values, starts = values[: borders[-1]], borders[:-1]
        there = ~np.isnan(values)
        count = np.add.reduceat(there.astype(np.int64), starts)
        if self.rule == "mean":
            made = np.add.reduceat(np.where(there, values, 0.0), starts) / np.maximum(count, 1)
        elif self.rule == "bits":
            words = np.where(there, values, 0.0).astype(np.int64)
            made = np.bitwise_or.reduceat(words, starts).astype(np.float64)
        elif self.rule == "last":
            latest = np.maximum.reduceat(np.where(there, np.arange(len(values)), -1), starts)
            made = values[latest]
        elif self.rule == "worst":
            order = np.array(self.order)
            rank = (values[:, None] == order).argmax(axis=1)
            made = order[np.maximum.reduceat(np.where(there, rank, 0), starts)]
        else:
            least = self.rule == "lowest"
            reduced: Callable[..., FloatArray] = np.minimum.reduceat if least else np.maximum.reduceat
            made = reduced(np.where(there, values, np.inf if least else -np.inf), starts)
        return np.where(count > 0, made, np.nan)


MEAN = Fold()
BITS = Fold("bits")
HIGHEST = Fold("highest")
LOWEST = Fold("lowest")
LAST = Fold("last")

ALL_WORDS = "every word that stood in the interval"
VALUES_THAT_STOOD = "the values that stood in the interval, joined by +, the longest first"


def all_words(values: Texts, borders: Borders) -> Texts:
    """Return every word (an alarm) of each interval's texts, in alphabetical order with blanks between."""
    return _joined(values, borders, lambda texts: " ".join(sorted({word for text in texts for word in text.split()})))


def values_that_stood(values: Texts, borders: Borders) -> Texts:
    """Return the texts (a mode) that stood in each interval, joined by ``+``: the longest first, then the earliest."""

    def told(texts: list[str]) -> str:
        count = {text: texts.count(text) for text in dict.fromkeys(texts)}
        return "+".join(sorted(count, key=lambda text: -count[text]))

    return _joined(values, borders, told)


def _joined(values: Texts, borders: Borders, told: Callable[[list[str]], str]) -> Texts:
    values, starts = values[: borders[-1]], borders[:-1]
    made = values[starts].astype(object)
    changes = np.concatenate(([False], values[1:] != values[:-1]))
    changes[starts] = False  # a change between two intervals is within neither
    for row in np.flatnonzero(np.logical_or.reduceat(changes, starts)):
        made[row] = told(values[borders[row] : borders[row + 1]].tolist())
    return made.astype(str)
