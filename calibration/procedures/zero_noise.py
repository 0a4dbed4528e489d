"""Zero noise and detection limit: all units on zero gas, one mean after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.noise import NoisePlan, noise_of
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit
from calibration.statistics.hj_gas import DETECTION_FACTOR

NAME = "zero_noise"


class ZeroNoisePlan(NoisePlan):
    """What a plan may set of a zero noise test."""

    detection_factor: float = Field(default=DETECTION_FACTOR, gt=0, description="detection limit over the zero noise")


class ZeroNoise(Procedure[ZeroNoisePlan]):
    """The standard deviation of means over equal intervals on zero gas, and a multiple of that: the detection limit.

    All units of the bench breathe the same zero gas at the same time. No adjustment is made before or during it.
    """

    name = NAME
    parameters = ZeroNoisePlan
    criteria: ClassVar[Mapping[str, str]] = {"noise": "quantity", "detection_limit": "quantity"}
    any_gas = True
    takes: ClassVar[Takes] = "all"

    def stages(self, units: Sequence[Unit], parameters: ZeroNoisePlan, gas: GasPlan) -> list[Stage]:
        """Zero gas until all are stable, and the readings."""
        longest = max(gas.wait(unit.gas) for unit in units)
        return [Stage("zero", "", longest), Stage("noise", "", parameters.length_s)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ZeroNoisePlan) -> list[Outcome]:
        """Measure all units together."""
        factors = {f"{NAME}.noise": 1.0, f"{NAME}.detection_limit": parameters.detection_factor}
        return noise_of(context, units, parameters, 0.0, factors, ())


PROCEDURE = ZeroNoise()
