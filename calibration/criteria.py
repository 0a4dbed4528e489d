"""Criteria: limits as data with their provenance, and how a result is held against one.

The verdict applies the standard's own rule to the value as the standard computes it, unrounded (GB/T 8170 full-value
comparison, recalled: 0.99896 is not 0.999). The assurance stands beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from calibration.record import BudgetLine, DecisionRule, Distribution, Interval, Mark, Message, Test, Verdict
from calibration.statistics.conformity import (
    assurance,
    conformance_probability,
    conformance_probability_of_deviation,
    decide,
)
from calibration.statistics.distributions import chi_square_quantile
from calibration.uncertainty import Budget
from instruments.errors import ConfigurationError
from instruments.reading import validate_toml

COVERAGE = 0.95


Limit = float | dict[str, float]
"""One number, or one for each quantity (so2, no, no2, nox, o3, co)."""


class Criterion(BaseModel):
    """One limit. Bounds are absolute, or fractions of full scale (``*_per_full_scale``); CO in umol/mol.

    ``measurand`` says what is estimated, ``distribution`` how its estimate scatters (``chi-square``: a standard
    deviation, or a multiple of one; ``none``: no probability of conformance can be given), and ``cancels`` names the
    error sources that do not count because the result is a difference or a ratio of readings that share them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    clause: str
    unit: str = Field(description='"quantity" stands for the unit of what is measured, alone or in "quantity/K"')
    low: Limit | None = None
    high: Limit | None = None
    control: float | None = None
    low_per_full_scale: Limit | None = None
    high_per_full_scale: Limit | None = None
    control_per_full_scale: float | None = None
    decimals: int
    formula: str
    measurand: str = ""
    distribution: Distribution = "normal"
    cancels: list[str] = Field(default_factory=list)
    mark: Mark
    source: str

    @model_validator(mode="after")
    def _has_one_limit_a_side(self) -> Self:
        if self.low is not None and self.low_per_full_scale is not None:
            raise ValueError("low or low_per_full_scale, not both")
        if self.high is not None and self.high_per_full_scale is not None:
            raise ValueError("high or high_per_full_scale, not both")
        if all(limit is None for limit in (self.low, self.high, self.low_per_full_scale, self.high_per_full_scale)):
            raise ValueError("a limit: low, high, or one of them per full scale")
        return self

    def limits(self, full_scale: float, quantity: str) -> tuple[float | None, float | None]:
        """Lower and upper limit for this quantity on an instrument of this full scale.

        Raises:
            KeyError: the document has no limit for this quantity.
        """
        return (
            _limit(self.low, self.low_per_full_scale, full_scale, quantity),
            _limit(self.high, self.high_per_full_scale, full_scale, quantity),
        )

    def control_limit(self, full_scale: float) -> float:
        """Magnitude beyond which the instrument is out of control; infinite if the document names none."""
        if self.control_per_full_scale is not None:
            return self.control_per_full_scale * full_scale
        return math.inf if self.control is None else self.control


def _limit(absolute: Limit | None, per_full_scale: Limit | None, full_scale: float, quantity: str) -> float | None:
    stated = absolute if per_full_scale is None else per_full_scale
    if isinstance(stated, dict):
        stated = stated[quantity]
    return stated if stated is None or per_full_scale is None else stated * full_scale


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
    step: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds results against the criteria of some documents, under a decision rule chosen before gas flowed.

    Where two documents have a criterion of the same name, that of the first one counts.
    """

    documents: tuple[CriteriaFile, ...]
    decision_rule: DecisionRule

    def __contains__(self, criterion_name: str) -> bool:
        return any(criterion_name in document.criterion for document in self.documents)

    def criterion(self, name: str) -> Criterion:
        """The criterion of this name. Raises KeyError if no document has it."""
        return self._found(name)[1]

    def _found(self, name: str) -> tuple[CriteriaFile, Criterion]:
        for document in self.documents:
            if name in document.criterion:
                return document, document.criterion[name]
        raise KeyError(name)

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
        low, high = self.criterion(criterion_name).limits(subject.full_scale, subject.quantity)
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

    def judge_deviation(
        self,
        criterion_name: str,
        subject: Subject,
        *,
        s: float,
        dof: float,
        n: int,
        factor: float = 1.0,
        formula_numbers: str = "",
        message: Message | None = None,
    ) -> Test:
        """Return the test of a standard deviation, or of ``factor`` times one (a detection limit), against its limit.

        The square of s over that of the true deviation is chi-square over its degrees of freedom: no budget is needed,
        and s of few readings is a poor estimate. A guarded rule compares the bound of the 95 % interval.

        Args:
            criterion_name: as of :meth:`judge`.
            subject: as of :meth:`judge`.
            s: estimate, unit of the quantity.
            dof: degrees of freedom; of readings that remember each other fewer than n - 1.
            n: number of readings.
            factor: what the document multiplies it with.
            formula_numbers: as of :meth:`judge`.
            message: as of :meth:`judge`.
        """
        blank = self._blank(criterion_name, subject, "pass")
        value, high = factor * s, blank.limit_high
        assert high is not None  # deviations have an upper limit: the limit files are checked for it
        p = conformance_probability_of_deviation(value, dof, high)
        # The shortest wait for an interval is the equal-tailed one: dof s^2 / chi2.
        low_bound, high_bound = (
            value * math.sqrt(dof / chi_square_quantile(0.5 * (1.0 + side * COVERAGE), dof)) for side in (1.0, -1.0)
        )
        verdict = decide(value, None, high, self.decision_rule, high_bound - value)
        found = {
            "value": value,
            "u": value / math.sqrt(2.0 * dof),
            "dof": dof,
            "interval": Interval(low=low_bound, high=high_bound, coverage=COVERAGE),
            "n": n,
            "formula_numbers": formula_numbers,
            "message": message,
            "decision_rule": self.decision_rule,
            "verdict": verdict,
            "p_conform": p,
            "prior": "flat_log",  # the chi-square bound is that of a deviation whose logarithm is equally likely
            "assurance": assurance(p),
        }
        return blank.model_copy(update=found)

    def no_result(self, criterion_name: str, subject: Subject, verdict: Verdict, message: Message) -> Test:
        """Return the test of a criterion that has no value: void, not tested or error."""
        return self._blank(criterion_name, subject, verdict).model_copy(update={"message": message})

    def _blank(self, name: str, subject: Subject, verdict: Verdict) -> Test:
        document, criterion = self._found(name)
        low, high = criterion.limits(subject.full_scale, subject.quantity)
        procedure, short = name.split(".", 1)
        return Test(
            id=f"{subject.device}/{subject.step or procedure}/{subject.quantity}/{short}",
            procedure=procedure,
            procedure_id=subject.procedure_id,
            criterion=name,
            document=document.document,
            clause=criterion.clause,
            limit_mark=criterion.mark,
            device=subject.device,
            quantity=subject.quantity,
            unit=criterion.unit.replace("quantity", subject.unit),
            value=None,
            u=None,
            limit_low=low,
            limit_high=high,
            decimals=criterion.decimals,
            formula=criterion.formula,
            measurand=criterion.measurand,
            distribution=criterion.distribution,
            cancels=list(criterion.cancels),
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
