"""Verification of the dilution: the same concentration at two total flows, in turn, three times each.

After Method 205 (recalled): each of three is within 2 % of their mean, and the means within 2 % of the prediction. The
prediction is that both dilutions read alike; the analyzer's slope and zero, and the cylinder, cancel. A mid-level
cylinder that bypasses the calibrator, which the method also asks for, is left to the cross-check of cylinders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import full_scale, measure_level, request, trace_of
from calibration.procedures.common.parameters import GasPlan, LitresPerMinute, Parameters, Percent
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.ratios import difference_pct, responses, scatter_components
from calibration.procedures.common.references import reference_errors, reference_ids
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table
from calibration.uncertainty import Budget, Component
from rig.run import Reading

NAME = "dilution_check"


class DilutionCheckPlan(Parameters):
    """What a plan may set of a verification of the dilution."""

    level_pct: Percent = Field(default=80.0, gt=0)
    flows: Annotated[tuple[LitresPerMinute, LitresPerMinute], Field(description="two total flows")] = (3.0, 8.0)
    repeats: int = Field(default=3, ge=2)


class DilutionCheck(Procedure[DilutionCheckPlan]):
    """One level at two dilutions."""

    name = NAME
    parameters = DilutionCheckPlan
    criteria: ClassVar[Mapping[str, str]] = {"prediction": "%", "repeatability": "%"}

    def serves(self, unit: Unit) -> bool:
        """What is calibrated with a cylinder's gas: ozone is made, not diluted."""
        return bool(unit.channels) and unit.gas != "o3"

    def judged(self, unit: Unit, parameters: DilutionCheckPlan) -> list[Judged]:
        """The gas that the analyzer is calibrated with."""
        return [Judged(unit.channels[0].quantity, unit.channels[0].unit, tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: DilutionCheckPlan, gas: GasPlan) -> list[Stage]:
        """Both flows in turn."""
        return [
            Stage(label_of(parameters.level_pct), unit.gas, gas.wait(unit.gas))
            for unit in units for _ in range(2 * parameters.repeats)
        ]  # fmt: skip

    def wanted(self, unit: Unit, parameters: DilutionCheckPlan, gas: GasPlan) -> list[Wanted]:
        """The level at both flows."""
        value, minutes = parameters.level_pct * unit.full_scale / 100.0, parameters.repeats * gas.wait(unit.gas) / 60.0
        return [Wanted("flows", parameters.level_pct, unit.gas, value, None, flow, minutes)
                for flow in parameters.flows]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: DilutionCheckPlan) -> list[Outcome]:
        """Change between the flows, and judge."""
        [unit] = units
        channel = unit.channels[0]
        scale = full_scale(context.run, unit.name)
        # Whoever else still draws from the line would starve it at the smaller of the flows.
        context.run.rest()
        context.run.enter_gas(unit.name)
        value = parameters.level_pct * scale / 100.0
        trace: list[Reading] = []
        levels: tuple[list[Level], list[Level]] = ([], [])
        for _ in range(parameters.repeats):
            for flow, own in zip(parameters.flows, levels, strict=True):
                task = request(context, channel.gas, value, flow=flow)
                measured = measure_level(context, unit.name, [channel.quantity], label_of(parameters.level_pct), task,
                                         scale, trace, channel.gas)  # fmt: skip
                own.append(measured.levels[channel.quantity])
        first, second = levels
        subject = context.of_channel(unit.name, channel, scale)
        worst = max((_farthest(own) for own in levels), key=abs)
        tests = [
            context.judge.judge(
                f"{NAME}.prediction", subject, value=difference_pct(first, second),
                budget=_budget(context, channel.gas, first, second, parameters.flows), n=2 * parameters.repeats,
                formula_numbers=f"{responses(first).mean():.5f} / {responses(second).mean():.5f} × 100 % − 100 %",
            ),
            context.judge.judge(f"{NAME}.repeatability", subject, value=worst, budget=None, n=parameters.repeats),
        ]  # fmt: skip
        unstable = [level.refused for own in levels for level in own if level.refused is not None]
        if unstable:
            tests = [test.model_copy(update={"verdict": "void", "p_conform": None, "assurance": "not applicable",
                                             "message": unstable[0]}) for test in tests]  # fmt: skip
        data = MeasuredData(
            quantity=channel.quantity, unit=channel.unit, full_scale=scale, levels=[*first, *second],
            tables=[_table(levels, parameters.flows, channel.unit)], charts=[_chart(levels, parameters.flows)],
            traces=[trace_of(channel.quantity, trace)],
        )  # fmt: skip
        return [Outcome(unit.name, channel.quantity, data, tests, unstable, reference_ids(context, channel.gas))]


def _farthest(levels: Sequence[Level]) -> float:
    """The response farthest from the mean of its dilution, % of it."""
    found = responses(levels)
    return max((float(100.0 * (value / found.mean() - 1.0)) for value in found), key=abs)


def _budget(
    context: Context, gas: str, first: Sequence[Level], second: Sequence[Level], flows: tuple[float, float]
) -> Budget:
    """Scatter; and what an error of cylinder or flows does to one dilution and not to the other."""
    parts = scatter_components(context, gas, first, second)
    of_first, of_second = (
        reference_errors(context, gas, [levels[0].nominal], flow)
        for levels, flow in zip((first, second), flows, strict=True)
    )
    for one, other in zip(of_first, of_second, strict=True):
        effect = 100.0 * (one.dx[0] / first[0].nominal - other.dx[0] / second[0].nominal)
        cancels = abs(effect) < 1e-3  # % per unit: the same at both dilutions
        parts.append(
            Component(one.source, "B", one.u, one.unit, -effect, cancels=cancels,
                      basis_key="basis.cancels_same_gas" if cancels else one.basis_key,
                      basis_values={} if cancels else one.basis_values)
        )  # fmt: skip
    return Budget(tuple(parts))


def _table(levels: tuple[list[Level], list[Level]], flows: tuple[float, float], unit: str) -> Table:
    columns = [Column(key="total_flow", unit="L/min", decimals=2), Column(key="made", unit=unit, decimals=2),
               Column(key="reading", unit=unit, decimals=2), Column(key="response", decimals=4)]  # fmt: skip
    rows: list[list[float | str | Message | None]] = [
        [flow, level.nominal, level.mean, (level.mean or 0.0) / level.nominal]
        for flow, own in zip(flows, levels, strict=True) for level in own
    ]  # fmt: skip
    return Table(key="dilution_check", columns=columns, rows=rows)


def _chart(levels: tuple[list[Level], list[Level]], flows: tuple[float, float]) -> Chart:
    return Chart(
        key="dilution_check", kind="series", x_unit="1", y_unit="1", names=[f"{flow:g} L/min" for flow in flows],
        x=[[float(number) for number in range(1, len(own) + 1)] for own in levels],
        y=[[float(value) for value in responses(own)] for own in levels],
    )  # fmt: skip


PROCEDURE = DilutionCheck()
