"""Plan files: which procedures, in which order, with which parameters, under which rule."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from calibration.procedures.parameters import ConverterPlan, GasPlan, MultipointPlan, ZeroSpanPlan
from calibration.record import DecisionRule, PlanParameter
from rig.bench_file import validate
from rig.errors import ConfigurationError

ProcedureName = Literal["prepare", "zero_span", "multipoint", "converter_efficiency"]


class PlanFile(BaseModel):
    """A whole plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    standard: str
    decision_rule: DecisionRule = "simple"
    procedures: list[ProcedureName] = Field(min_length=1)
    gas: GasPlan = GasPlan()
    zero_span: ZeroSpanPlan = ZeroSpanPlan()
    multipoint: MultipointPlan = MultipointPlan()
    converter_efficiency: ConverterPlan = ConverterPlan()
    parameter: list[PlanParameter] = Field(default_factory=list)


def read_plan_file(path: Path) -> PlanFile:
    """Read and check a plan. Raises ConfigurationErrors with every mistake."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(path, "", "a plan file", "no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(path, "", "a readable plan file", str(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(path, "", "valid TOML", error) from None
    return validate(PlanFile, data, str(path))
