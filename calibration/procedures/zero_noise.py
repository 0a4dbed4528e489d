"""Zero noise and detection limit: all units on zero gas, one mean after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import MeasuredLevel, measure_together, request
from calibration.procedures.common.noise import (
    NoisePlan,
    asked_of,
    noise_data,
    scatter_of,
    standing_still,
    too_long_averaging,
)
from calibration.procedures.common.parameters import GasPlan
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit
from calibration.procedures.common.series import Series, collect
from calibration.record import Level, Test
from rig.run import Reading

NAME = "zero_noise"


class ZeroNoise(Procedure[NoisePlan]):
    """The standard deviation of means over equal intervals on zero gas, and a multiple of that: the detection limit.

    All units of the bench breathe the same zero gas at the same time. No adjustment is made before or during it.
    """

    name = NAME
    parameters = NoisePlan
    criteria: ClassVar[Mapping[str, str]] = {"noise": "quantity", "detection_limit": "quantity"}
    takes: ClassVar[Takes] = "all"

    def stages(self, units: Sequence[Unit], parameters: NoisePlan, gas: GasPlan) -> list[Stage]:
        """Zero gas until all are stable, and the readings."""
        longest = max(gas.wait(unit.gas) for unit in units)
        return [Stage("zero", "", longest), Stage("noise", "", parameters.length_s)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: NoisePlan) -> list[Outcome]:
        """Measure all units together; one whose averaging time is too long is left out and said."""
        refused = {unit.name: too_long_averaging(context, unit.name, parameters.interval) for unit in units}
        asked = [asked_of(context, unit) for unit in units if refused[unit.name] is None]
        scales = {unit.device: unit.scale for unit in asked}
        made: dict[str, MeasuredLevel] = {}
        found: list[Series] = []
        if asked:
            trace: list[Reading] = []
            made = measure_together(context, asked, "zero", request(context, "", 0.0), trace)
            context.run.step(f"{', '.join(unit.device for unit in asked)}: noise")
            found = collect(context.run, asked, parameters.count, parameters.interval, parameters.poll)
        series = {(its.device, its.quantity): its for its in found}
        outcomes = []
        for unit in units:
            why = refused[unit.name]
            for channel in unit.channels:
                if why is not None:
                    subject = context.of_channel(unit.name, channel, unit.full_scale)
                    tests = [context.judge.no_result(name, subject, "void", why) for name in self._names(context)]
                    outcomes.append(Outcome(unit.name, channel.quantity, tests=tests, notes=[why]))
                    continue
                own = series[unit.name, channel.quantity]
                level = made[unit.name].levels[channel.quantity]
                outcomes.append(
                    self._outcome(context, unit, own, scales[unit.name], level, parameters.detection_factor)
                )
        return outcomes

    def _names(self, context: Context) -> list[str]:
        return [name for short in self.criteria if (name := f"{NAME}.{short}") in context.judge]

    def _outcome(
        self, context: Context, unit: Unit, series: Series, scale: float, level: Level, detection_factor: float
    ) -> Outcome:
        summary, dof = scatter_of(series)
        channel = next(channel for channel in unit.channels if channel.quantity == series.quantity)
        subject = context.of_channel(unit.name, channel, scale)
        tests: list[Test] = []
        frozen = standing_still(series)
        if frozen is not None:
            tests = [context.judge.no_result(name, subject, "void", frozen) for name in self._names(context)]
            return Outcome(unit.name, series.quantity, noise_data(series, scale, level, summary), tests, [frozen])
        for name in self._names(context):
            factor = detection_factor if name.endswith("detection_limit") else 1.0
            numbers = f"{factor:g} × {summary.sd:.3g}" if factor != 1.0 else f"s({summary.n}) = {summary.sd:.3g}"
            tests.append(
                context.judge.judge_deviation(name, subject, s=summary.sd, dof=dof, n=summary.n, factor=factor,
                                              formula_numbers=numbers)
            )  # fmt: skip
        notes = [] if level.refused is None else [level.refused]
        return Outcome(unit.name, series.quantity, noise_data(series, scale, level, summary), tests, notes)


PROCEDURE = ZeroNoise()
