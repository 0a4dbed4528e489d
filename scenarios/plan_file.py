"""Plan files: which procedures, in which order, with which parameters, under which rule.

``procedures`` lists the plan's steps. A step has the name of its procedure, or a name of its own with a table that says
``procedure = "..."``; the table of a step (``[multipoint]``) sets its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from calibration.criteria import CriteriaFile, load_criteria
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Procedure, Unit, names_of_procedures, procedure_of
from calibration.record import DecisionRule, PlanParameter
from instruments.reading import read_data, validate
from rig.errors import ConfigurationError, ConfigurationErrors

Units = Literal["all", "backups"]
"""Which units of a bench a plan tests: all, or those that its file calls backups of others."""


def _as_list(names: object) -> object:
    return [names] if isinstance(names, str) else names


def _known_standards(names: list[str]) -> list[str]:
    for name in names:
        try:
            load_criteria(name)
        except ConfigurationError as error:
            raise ValueError(error.expected) from None
    return names


def _each_once(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each procedure once ({', '.join(twice)} stands twice)")
    return names


class _Header(BaseModel):
    """What a plan says beside its steps."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    title: str
    standard: Annotated[list[str], BeforeValidator(_as_list), AfterValidator(_known_standards)] = Field(min_length=1)
    decision_rule: DecisionRule = "simple"
    units: Units = "all"
    procedures: Annotated[list[str], AfterValidator(_each_once)] = Field(min_length=1)
    kinds: list[str] = Field(default_factory=list, description="only analyzers of these kinds; all if empty")
    gas: GasPlan = GasPlan()
    parameter: list[PlanParameter] = Field(default_factory=list)


class _StepHeader(BaseModel):
    """What every step may say, whatever its procedure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    procedure: str
    devices: list[str] = Field(default_factory=list, description="only these units; all that it serves if empty")
    gas: Literal["no2"] | None = Field(default=None, description="a further gas of the units, in place of their own")
    criteria: list[str] = Field(default_factory=list, description="only these verdicts; all that there are if empty")


@dataclass(frozen=True)
class Step:
    """One step of a plan.

    Attributes:
        name: of the step; the procedure's own unless it says otherwise.
        procedure: what is done.
        parameters: with which parameters.
        criteria: full names of what is judged, in the procedure's order.
        devices: only these units; all that the procedure serves if empty.
        gas: a further gas of the units, in place of the one that they are calibrated with; None: their own.
    """

    name: str
    procedure: Procedure[Any]
    parameters: Parameters
    criteria: tuple[str, ...]
    devices: tuple[str, ...] = ()
    gas: str | None = None

    def serves(self, unit: Unit) -> bool:
        """Whether the step tests this unit: its procedure can, and the plan does not name others or another gas."""
        named = not self.devices or unit.name in self.devices
        return named and (self.gas is None or unit.has_converter) and self.procedure.serves(unit)

    def seen(self, unit: Unit) -> Unit:
        """The unit as the step tests it: by the gas that it names."""
        return unit if self.gas is None else unit.on_no2()


@dataclass(frozen=True)
class PlanFile:
    """A whole plan."""

    title: str
    documents: tuple[CriteriaFile, ...]
    decision_rule: DecisionRule
    steps: tuple[Step, ...]
    gas: GasPlan
    parameter: tuple[PlanParameter, ...]
    units: Units = "all"
    kinds: tuple[str, ...] = ()

    def is_for(self, kind: str) -> bool:
        """Whether the plan is for analyzers of this kind."""
        return not self.kinds or kind in self.kinds

    def only(self, *names: str) -> PlanFile:
        """The same plan with these of its steps only. Raises KeyError for a step that it does not have."""
        steps = {step.name: step for step in self.steps}
        return PlanFile(self.title, self.documents, self.decision_rule, tuple(steps[name] for name in names), self.gas,
                        self.parameter, self.units, self.kinds)  # fmt: skip


def read_plan_file(path: Path) -> PlanFile:
    """Read and check a plan. Raises ConfigurationErrors with every mistake."""
    data, where = read_data(path, "plan file", "toml"), str(path)
    errors: list[ConfigurationError] = []
    header: _Header | None = None
    try:
        known = {key: value for key, value in data.items() if key in _Header.model_fields}
        header = validate(_Header, known, where)
    except ConfigurationErrors as several:
        errors += several.errors
    names = data.get("procedures")
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    documents = () if header is None else tuple(load_criteria(name) for name in header.standard)
    steps = []
    tables = [key for key in data if key not in _Header.model_fields]
    for name in dict.fromkeys([*names, *tables]):
        try:
            step = _step(name, data.get(name, {}), documents, where, listed=name in names)
        except ConfigurationErrors as several:
            errors += several.errors
        else:
            steps += [step] * (name in names)  # a table of a step that is not taken must be right all the same
    if errors or header is None:
        raise ConfigurationErrors(errors)
    return PlanFile(header.title, documents, header.decision_rule, tuple(steps), header.gas, tuple(header.parameter),
                    header.units, tuple(header.kinds))  # fmt: skip


def _step(name: str, table: object, documents: tuple[CriteriaFile, ...], where: str, *, listed: bool) -> Step:
    known = names_of_procedures()
    if not listed and name not in known and not (isinstance(table, Mapping) and "procedure" in table):
        raise ConfigurationErrors([ConfigurationError(where, name, "no such key here", _shown(table))])
    if not isinstance(table, Mapping):
        raise ConfigurationErrors([ConfigurationError(where, name, "a table", _shown(table))])
    own = {key: value for key, value in table.items() if key in _StepHeader.model_fields}
    if "procedure" not in own and name not in known:
        expected = f"one of {', '.join(known)} (or a table [{name}] that says which procedure it is)"
        raise ConfigurationErrors([ConfigurationError(where, "procedures", expected, repr(name))])
    header = validate(_StepHeader, {"procedure": name, **own}, where, name)
    if header.procedure not in known:
        expected = f"one of {', '.join(known)}"
        raise ConfigurationErrors([ConfigurationError(where, f"{name}.procedure", expected, repr(header.procedure))])
    procedure = procedure_of(header.procedure)
    rest = {key: value for key, value in table.items() if key not in _StepHeader.model_fields}
    parameters = validate(procedure.parameters, rest, where, name)
    if header.gas is not None and not procedure.any_gas:
        expected = f"nothing: {procedure.name} knows one gas of each unit, the one that it is calibrated with"
        raise ConfigurationErrors([ConfigurationError(where, f"{name}.gas", expected, repr(header.gas))])
    criteria = _criteria(name, header, procedure, documents, where) if documents and listed else ()
    return Step(name, procedure, parameters, criteria, tuple(header.devices), header.gas)


def _criteria(
    name: str, header: _StepHeader, procedure: Procedure[Any], documents: tuple[CriteriaFile, ...], where: str
) -> tuple[str, ...]:
    """Full names of what a step judges: what it names, or what the plan's documents have of its procedure."""
    limits = {full: its for document in reversed(documents) for full, its in document.criterion.items()}
    asked = header.criteria or [short for short in procedure.criteria if f"{procedure.name}.{short}" in limits]
    told = ", ".join(document.document for document in documents)
    errors = []
    for short in asked:
        full, place = f"{procedure.name}.{short}", f"{name}.criteria"
        if short not in procedure.criteria:
            expected = f"criteria of {procedure.name} ({', '.join(procedure.criteria) or 'it has none'})"
            errors.append(ConfigurationError(where, place, expected, repr(short)))
        elif full not in limits:
            errors.append(ConfigurationError(where, place, f"a criterion that {told} has", repr(full)))
        elif limits[full].unit != procedure.criteria[short]:
            expected = f'unit = "{procedure.criteria[short]}" for {full} in {told}'
            errors.append(ConfigurationError(where, place, expected, repr(limits[full].unit)))
    if procedure.criteria and not asked:
        errors.append(ConfigurationError(where, name, f"limits for {procedure.name} in {told}", "none"))
    if errors:
        raise ConfigurationErrors(errors)
    return tuple(f"{procedure.name}.{short}" for short in asked)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
