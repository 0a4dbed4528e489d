"""Lower detectable limit: does a little gas give a signal of at least twice the noise?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, asked_of, measure_together, request
from calibration.procedures.common.noise import NoisePlan, noise_data, scatter_of
from calibration.procedures.common.parameters import GasPlan, LitresPerMinute, WaitKey
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit, Wanted, by_gas
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.series import Series, collect
from calibration.record import Level, Message
from calibration.statistics.epa_part_53 import lower_detectable_limit
from calibration.uncertainty import Budget, Component
from rig.host.kinds import Channel

NAME = "lower_detection"


def _least() -> dict[WaitKey, float]:
    return {"so2": 10.0, "no": 10.0, "o3": 10.0, "co": 0.6}


class LowerDetectionPlan(NoisePlan):
    """What a plan may set of it."""

    values: dict[WaitKey, float] = Field(default_factory=_least, description="of each gas, nmol/mol (CO umol/mol)")
    total_flow: LitresPerMinute = Field(default=10.0, description="of the little gas: a large one dilutes most")


class LowerDetection(Procedure[LowerDetectionPlan]):
    """S0 of readings on zero gas, BZ their mean, BL the reading at the test concentration: (BL - BZ) / (2 S0).

    It has to be one at the least (40 CFR 53.23 (c)). Zero gas is breathed together, the little gas gas by gas.
    """

    name = NAME
    parameters = LowerDetectionPlan
    criteria: ClassVar[Mapping[str, str]] = {"ratio": "1"}
    takes: ClassVar[Takes] = "all"

    def judged(self, unit: Unit, parameters: LowerDetectionPlan) -> list[Judged]:
        """A ratio of each channel."""
        return [Judged(channel.quantity, "1", tuple(self.criteria)) for channel in unit.channels]

    def serves(self, unit: Unit) -> bool:
        """Every gas that a plan can give a value for."""
        return super().serves(unit) and unit.gas in _least()

    def stages(self, units: Sequence[Unit], parameters: LowerDetectionPlan, gas: GasPlan) -> list[Stage]:
        """Zero gas, readings on it, and a little of each gas."""
        zero = max(gas.wait(unit.gas) for unit in units)
        some = [Stage("little_gas", name, gas.wait(name)) for name, _ in by_gas(units)]
        return [Stage("zero", "", zero), Stage("noise", "", parameters.length_s), *some]

    def wanted(self, unit: Unit, parameters: LowerDetectionPlan, gas: GasPlan) -> list[Wanted]:
        """The little gas."""
        value = parameters.values[unit.gas]  # type: ignore[index]
        return [Wanted(f"values.{unit.gas}", 100.0 * value / unit.full_scale, unit.gas, value, None,
                       parameters.total_flow, gas.wait(unit.gas) / 60.0)]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: LowerDetectionPlan) -> list[Outcome]:
        """Zero together, then gas by gas."""
        asked = {unit.name: asked_of(context, unit) for unit in units}
        measure_together(context, list(asked.values()), "zero", request(context, "", 0.0), [])
        context.run.step(f"{', '.join(asked)}: noise")
        found = collect(context.run, list(asked.values()), parameters.count, parameters.interval, parameters.poll)
        little: dict[str, dict[str, Level]] = {}
        for gas, group in by_gas(units):
            task = request(context, gas, parameters.values[gas], flow=parameters.total_flow)  # type: ignore[index]
            some = [asked[unit.name] for unit in group]
            little |= {
                name: its.levels for name, its in measure_together(context, some, "little_gas", task, []).items()
            }
        channels = {(unit.name, channel.quantity): channel for unit in units for channel in unit.channels}
        return [
            _outcome(context, channels[its.device, its.quantity], asked[its.device], its,
                     little[its.device][its.quantity])
            for its in found
        ]  # fmt: skip


def _outcome(context: Context, channel: Channel, asked: Asked, series: Series, level: Level) -> Outcome:
    name = f"{NAME}.ratio"
    subject = context.subject(asked.device, channel.quantity, "1", asked.scale)
    summary, dof = scatter_of(series)
    data = noise_data(series, asked.scale, level, summary)
    references = reference_ids(context, channel.gas)
    why = level.refused
    if why is None and summary.sd == 0.0:
        why = Message(key="lower_detection.no_noise", values={"device": asked.device})
    if why is not None or level.mean is None:
        test = context.judge.no_result(
            name, subject, "void", why or Message(key="lower_detection.no_noise", values={"device": asked.device})
        )
        return Outcome(asked.device, channel.quantity, data, [test], [] if why is None else [why], references)
    found = lower_detectable_limit(level.mean, summary.mean, summary.sd)
    value = found.value / found.least
    u_signal = math.hypot(level.u_mean or 0.0, summary.effective_standard_error)
    budget = Budget((
        Component("repeatability", "A", u_signal, channel.unit, 1.0 / found.least, dof,
                  basis_key="basis.repeatability",
                  basis_values={"n": summary.n, "s": summary.sd, "unit": channel.unit}),
        Component("zero_noise", "A", summary.sd / math.sqrt(2.0 * dof), channel.unit, -value / summary.sd, dof,
                  basis_key="basis.repeatability",
                  basis_values={"n": summary.n, "s": summary.sd, "unit": channel.unit}),
    ))  # fmt: skip
    numbers = f"({level.mean:.4g} − {summary.mean:.4g}) / (2 × {summary.sd:.3g})"
    test = context.judge.judge(name, subject, value=value, budget=budget, n=summary.n, formula_numbers=numbers)
    return Outcome(asked.device, channel.quantity, data, [test], [], references)


PROCEDURE = LowerDetection()
