"""What every part of a record is made of: closed models, messages, intervals, lines of a budget."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["pass", "fail", "undecided", "void", "not tested", "error"]
Assurance = Literal["firm", "marginal", "not applicable"]
Mark = Literal["read", "reported", "recalled"]
DecisionRule = Literal["simple", "guarded"]
Distribution = Literal["normal", "chi-square", "none"]


class Part(BaseModel):
    """A closed, immutable piece of a record."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(Part):
    """A sentence for people, as key and values; the catalogue in ``reports`` holds the words."""

    key: str
    values: dict[str, float | int | str | None] = Field(default_factory=dict)


class Interval(Part):
    """Interval of the measured value that covers its true value with probability ``coverage``."""

    low: float
    high: float
    coverage: float = 0.95


class BudgetLine(Part):
    """One source of uncertainty, in the GUM's sense.

    ``u`` is the standard uncertainty of the source in its own unit, ``sensitivity`` the change of the result per
    change of the source, ``contribution`` their product in the unit of the result.
    """

    source: str
    type: Literal["A", "B"]
    u: float
    unit: str
    sensitivity: float
    contribution: float
    dof: float | None = Field(default=None, description="degrees of freedom; null means infinite")
    cancels: bool = Field(default=False, description="named because a reader looks for it; it cancels and counts 0")
    basis: Message
