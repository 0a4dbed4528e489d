"""Plan files: which procedures, in which order, with which parameters, under which rule."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from calibration.criteria import load_criteria
from calibration.procedures.parameters import ConverterPlan, GasPlan, MultipointPlan, ZeroSpanPlan
from calibration.record import DecisionRule, PlanParameter
from instruments.reading import read_data, validate
from rig.errors import ConfigurationError


def _known_standard(name: str) -> str:
    try:
        load_criteria(name)
    except ConfigurationError as error:
        raise ValueError(error.expected) from None
    return name


def _each_once(names: list[ProcedureName]) -> list[ProcedureName]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each procedure once ({', '.join(twice)} stands twice)")
    return names


ProcedureName = Literal["prepare", "zero_span", "multipoint", "converter_efficiency"]


class PlanFile(BaseModel):
    """A whole plan."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    title: str
    standard: Annotated[str, AfterValidator(_known_standard)]
    decision_rule: DecisionRule = "simple"
    procedures: Annotated[list[ProcedureName], AfterValidator(_each_once)] = Field(min_length=1)
    gas: GasPlan = GasPlan()
    zero_span: ZeroSpanPlan = ZeroSpanPlan()
    multipoint: MultipointPlan = MultipointPlan()
    converter_efficiency: ConverterPlan = ConverterPlan()
    parameter: list[PlanParameter] = Field(default_factory=list)


def read_plan_file(path: Path) -> PlanFile:
    """Read and check a plan. Raises ConfigurationErrors with every mistake."""
    return validate(PlanFile, read_data(path, "plan file", "toml"), str(path))
