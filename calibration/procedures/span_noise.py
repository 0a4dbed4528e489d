"""Span noise: the scatter of means over equal intervals on span gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import measure_together, request
from calibration.procedures.common.noise import (
    NoisePlan,
    asked_of,
    noise_data,
    scatter_of,
    standing_still,
    too_long_averaging,
)
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.procedures.common.series import collect
from rig.run import Reading

NAME = "span_noise"


class SpanNoisePlan(NoisePlan):
    """What a plan may set of a span noise test."""

    level_pct: float = Field(default=80.0, gt=0, le=100)


class SpanNoise(Procedure[SpanNoisePlan]):
    """The standard deviation of means over equal intervals on gas near full scale.

    Units of the same gas read it at the same time. What the calibrator's flows wander in that time counts as noise of
    the unit: the standard does not take it out, and the note says how much it may be.
    """

    name = NAME
    parameters = SpanNoisePlan
    criteria: ClassVar[Mapping[str, str]] = {"noise": "quantity"}
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: SpanNoisePlan, gas: GasPlan) -> list[Stage]:
        """Span gas until stable, and the readings."""
        name = units[0].gas
        return [
            Stage(label_of(parameters.level_pct), name, gas.wait(name)), Stage("noise", "", parameters.length_s)
        ]  # fmt: skip

    def wanted(self, unit: Unit, parameters: SpanNoisePlan, gas: GasPlan) -> list[Wanted]:
        """The span gas."""
        value = parameters.level_pct * unit.full_scale / 100.0
        minutes = (gas.wait(unit.gas) + parameters.length_s) / 60.0
        return [Wanted("level_pct", parameters.level_pct, unit.gas, value, None, gas.total_flow, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: SpanNoisePlan) -> list[Outcome]:
        """Measure units of one gas together; one whose averaging time is too long is left out and said."""
        name, gas = f"{NAME}.noise", units[0].gas
        refused = {unit.name: too_long_averaging(context, unit.name, parameters.interval) for unit in units}
        outcomes = []
        for unit in units:
            why = refused[unit.name]
            if why is not None:
                for channel in unit.channels:
                    subject = context.of_channel(unit.name, channel, unit.full_scale)
                    test = context.judge.no_result(name, subject, "void", why)
                    outcomes.append(Outcome(unit.name, channel.quantity, tests=[test], notes=[why]))
        asked = [asked_of(context, unit) for unit in units if refused[unit.name] is None]
        if not asked:
            return outcomes
        scales = {unit.device: unit.scale for unit in asked}
        trace: list[Reading] = []
        task = request(context, gas, parameters.level_pct * max(scales.values()) / 100.0)
        made = measure_together(context, asked, label_of(parameters.level_pct), task, trace)
        context.run.step(f"{', '.join(unit.device for unit in asked)}: noise")
        channels = {(unit.name, channel.quantity): channel for unit in units for channel in unit.channels}
        for series in collect(context.run, asked, parameters.count, parameters.interval, parameters.poll):
            summary, dof = scatter_of(series)
            scale, level = scales[series.device], made[series.device].levels[series.quantity]
            subject = context.of_channel(series.device, channels[series.device, series.quantity], scale)
            frozen = standing_still(series)
            if frozen is not None:
                test = context.judge.no_result(name, subject, "void", frozen)
            else:
                test = context.judge.judge_deviation(
                    name,
                    subject,
                    s=summary.sd,
                    dof=dof,
                    n=summary.n,
                    formula_numbers=f"s({summary.n}) = {summary.sd:.3g}",
                )
            outcomes.append(
                Outcome(series.device, series.quantity, noise_data(series, scale, level, summary), [test],
                        [] if level.refused is None else [level.refused], reference_ids(context, gas))
            )  # fmt: skip
        return outcomes


PROCEDURE = SpanNoise()
