"""Criteria: limits as data with their provenance, and how a result is held against one.

The verdict applies the standard's own rule to the value as the standard computes it, unrounded (GB/T 8170 full-value
comparison, recalled: 0.99896 is not 0.999). The assurance stands beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from calibration.record import BudgetLine, DecisionRule, Interval, Mark, Message, Test, Verdict
from calibration.statistics.conformity import assurance, conformance_probability, decide
from calibration.uncertainty import Budget
from instruments.errors import ConfigurationError
from instruments.reading import validate_toml

COVERAGE = 0.95


class Criterion(BaseModel):
    """One limit. Bounds are absolute, or fractions of full scale (``*_per_full_scale``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: str
    unit: str = Field(description='"quantity" stands for the unit of what is measured')
    low: float | None = None
    high: float | None = None
    control: float | None = None
    low_per_full_scale: float | None = None
    high_per_full_scale: float | None = None
    control_per_full_scale: float | None = None
    decimals: int
    formula: str
    mark: Mark
    source: str

    def limits(self, full_scale: float) -> tuple[float | None, float | None]:
        """Lower and upper limit for an instrument of this full scale."""
        low = self.low if self.low_per_full_scale is None else self.low_per_full_scale * full_scale
        high = self.high if self.high_per_full_scale is None else self.high_per_full_scale * full_scale
        return low, high

    def control_limit(self, full_scale: float) -> float:
        """Magnitude beyond which the instrument is out of control; infinite if the document names none."""
        if self.control_per_full_scale is not None:
            return self.control_per_full_scale * full_scale
        return math.inf if self.control is None else self.control


class CriteriaFile(BaseModel):
    """All criteria of one document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str
    title_en: str
    title_zh: str
    criterion: dict[str, Criterion]


@cache
def load_criteria(name: str) -> CriteriaFile:
    """Read ``calibration/limits/<name>.toml``.

    Raises:
        ConfigurationError: no such file, or a mistake in it.
    """
    folder = resources.files("calibration") / "limits"
    file = folder / f"{name}.toml"
    if not file.is_file():
        known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
        raise ConfigurationError("plan", "criteria", f"one of {', '.join(known)}", repr(name))
    return validate_toml(CriteriaFile, file.read_text(encoding="utf-8"), str(file))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a result belongs to: device, entry of the record that holds its data, quantity, unit, full scale."""

    device: str
    procedure_id: str
    quantity: str
    unit: str
    full_scale: float


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds results against the criteria of a document, under a decision rule chosen before gas flowed."""

    criteria: CriteriaFile
    decision_rule: DecisionRule

    def judge(
        self,
        criterion_name: str,
        subject: Subject,
        *,
        value: float,
        budget: Budget | None,
        n: int,
        formula_numbers: str = "",
        as_found: float | None = None,
        as_left: float | None = None,
        message: Message | None = None,
    ) -> Test:
        """Return the test of ``value`` against the criterion.

        Without a budget no probability is attached, and a guarded rule has nothing to guard with: simple acceptance.
        """
        low, high = self.criteria.criterion[criterion_name].limits(subject.full_scale)
        blank = self._blank(criterion_name, subject, "pass")
        found: dict[str, Any] = {
            "value": value,
            "n": n,
            "formula_numbers": formula_numbers,
            "as_found": as_found,
            "as_left": as_left,
            "message": message,
        }
        if budget is None:
            return blank.model_copy(update=found | {"verdict": decide(value, low, high)})
        u, dof, expanded = budget.combined, budget.dof, budget.expanded(COVERAGE)
        finite_dof = None if math.isinf(dof) else dof
        p = conformance_probability(value, u, low, high, finite_dof)
        found |= {
            "u": u,
            "dof": finite_dof,
            "interval": Interval(low=value - expanded, high=value + expanded, coverage=COVERAGE),
            "budget": budget_lines(budget),
            "decision_rule": self.decision_rule,
            "verdict": decide(value, low, high, self.decision_rule, expanded),
            "p_conform": p,
            "assurance": assurance(p),
        }
        return blank.model_copy(update=found)

    def no_result(self, criterion_name: str, subject: Subject, verdict: Verdict, message: Message) -> Test:
        """Return the test of a criterion that has no value: void, not tested or error."""
        return self._blank(criterion_name, subject, verdict).model_copy(update={"message": message})

    def _blank(self, name: str, subject: Subject, verdict: Verdict) -> Test:
        criterion = self.criteria.criterion[name]
        low, high = criterion.limits(subject.full_scale)
        procedure, short = name.split(".", 1)
        return Test(
            id=f"{subject.device}/{procedure}/{subject.quantity}/{short}",
            procedure=procedure,
            procedure_id=subject.procedure_id,
            criterion=name,
            document=self.criteria.document,
            clause=criterion.clause,
            limit_mark=criterion.mark,
            device=subject.device,
            quantity=subject.quantity,
            unit=subject.unit if criterion.unit == "quantity" else criterion.unit,
            value=None,
            u=None,
            limit_low=low,
            limit_high=high,
            decimals=criterion.decimals,
            formula=criterion.formula,
            verdict=verdict,
            readings_ref=subject.procedure_id,
        )


def budget_lines(budget: Budget) -> list[BudgetLine]:
    """The budget as the record stores it."""
    return [
        BudgetLine(
            source=c.source, type=c.type, u=c.u, unit=c.unit, sensitivity=c.sensitivity, contribution=c.contribution,
            dof=None if math.isinf(c.dof) else c.dof, cancels=c.cancels,
            basis=Message(key=c.basis_key, values=dict(c.basis_values)),
        )
        for c in budget.components
    ]  # fmt: skip
