"""Span noise: the scatter of means over equal intervals on span gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.noise import NoisePlan, noise_of
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids

NAME = "span_noise"


class SpanNoisePlan(NoisePlan):
    """What a plan may set of a span noise test."""

    level_pct: float = Field(default=80.0, gt=0, le=100)


class SpanNoise(Procedure[SpanNoisePlan]):
    """The standard deviation of means over equal intervals on gas near full scale.

    Units of the same gas read it at the same time. What the calibrator's flows wander in that time counts as noise of
    the unit: the standard does not take it out.
    """

    name = NAME
    parameters = SpanNoisePlan
    criteria: ClassVar[Mapping[str, str]] = {"noise": "quantity"}
    any_gas = True
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: SpanNoisePlan, gas: GasPlan) -> list[Stage]:
        """Span gas until stable, and the readings."""
        name = units[0].gas
        return [
            Stage(label_of(parameters.level_pct), name, gas.wait(name)), Stage("noise", "", parameters.length_s)
        ]  # fmt: skip

    def wanted(self, unit: Unit, parameters: SpanNoisePlan, gas: GasPlan) -> list[Wanted]:
        """The span gas."""
        minutes = (gas.wait(unit.gas) + parameters.length_s) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: SpanNoisePlan) -> list[Outcome]:
        """Measure units of one gas together."""
        references = reference_ids(context, units[0].gas)
        return noise_of(context, units, parameters, parameters.level_pct, {f"{NAME}.noise": 1.0}, references)


PROCEDURE = SpanNoise()
