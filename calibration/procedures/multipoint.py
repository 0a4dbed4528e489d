"""Multipoint calibration: levels of gas, a straight line, its slope, intercept and correlation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from calibration.criteria import Judge, Subject
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.fits import stored_fit
from calibration.procedures.common.levels import full_scale, measure_level, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters
from calibration.procedures.common.procedure import Gap, Procedure, Stage, Unit, Wanted, label_of
from calibration.procedures.common.references import (
    as_read_by,
    point_errors,
    reference_errors,
    reference_ids,
)
from calibration.record import Level, LineFit, Message, MultipointData, Test
from calibration.statistics import ChiSquareFit
from calibration.uncertainty import LineBudgets, calibration_line_budgets
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "multipoint"
_LEAST_LEVELS = 3
_SURPRISE = 0.01
"""Probability below which points are said to lie too far from a line: one straight unit in a hundred is accused."""


class MultipointPlan(Parameters):
    """What a plan may set of a multipoint calibration."""

    levels_pct: Levels = Field(default=[0.0, 10.0, 20.0, 40.0, 60.0, 80.0], min_length=_LEAST_LEVELS)
    order: Literal["ascending", "descending"] = "ascending"

    def in_order(self) -> list[float]:
        """Levels as they are offered."""
        return sorted(self.levels_pct, reverse=self.order == "descending")


class Multipoint(Procedure[MultipointPlan]):
    """Multipoint calibration: all channels of a unit that take the same gas, on the same levels."""

    name = NAME
    parameters = MultipointPlan
    criteria: ClassVar[Mapping[str, str]] = {"slope": "1", "intercept": "quantity", "correlation": "1"}
    any_gas = True
    after_a_gap: ClassVar[Gap] = "level"

    def stages(self, units: Sequence[Unit], parameters: MultipointPlan, gas: GasPlan) -> list[Stage]:
        """The levels."""
        return [
            Stage(label_of(percent), unit.gas, gas.wait(unit.gas))
            for unit in units
            for percent in parameters.in_order()
        ]

    def wanted(self, unit: Unit, parameters: MultipointPlan, gas: GasPlan) -> list[Wanted]:
        """The levels above zero."""
        return [
            Wanted.level(unit, "levels_pct", percent, gas, gas.wait(unit.gas) / 60.0)
            for percent in parameters.levels_pct
            if percent > 0.0
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: MultipointPlan) -> list[Outcome]:
        """Offer the levels, and fit a line for each channel."""
        [unit] = units
        device, channels, gas = unit.name, unit.channels, unit.gas
        scale = full_scale(context.run, device)
        quantities = [channel.quantity for channel in channels]
        trace: list[Reading] = []
        measured: dict[str, list[Level]] = {quantity: [] for quantity in quantities}
        for percent in parameters.in_order():
            task = request(context, gas, percent * scale / 100.0)
            made = measure_level(context, device, quantities, label_of(percent), task, scale, trace, gas)
            for quantity in quantities:
                measured[quantity].append(as_read_by(context, quantity, made.levels[quantity]))
        return [
            _evaluate(context, device, channel, scale, parameters, measured[channel.quantity], trace)
            for channel in channels
        ]


def _evaluate(
    context: Context, device: str, channel: Channel, scale: float, plan: MultipointPlan, levels: list[Level],
    trace: list[Reading],
) -> Outcome:  # fmt: skip
    notes = [level.refused for level in levels if level.refused is not None]
    notes.append(Message(key="multipoint.order", values={"order": plan.order}))
    if channel.quantity == "nox":
        notes.append(Message(key="multipoint.converter_in_line"))
    usable = [level for level in levels if level.stable]
    subject = context.of_channel(device, channel, scale)
    names = [f"{NAME}.{short}" for short in ("slope", "intercept", "correlation")]
    fit: LineFit | None = None
    tests: list[Test]
    if len(usable) < max(_LEAST_LEVELS, len(levels)):
        reason = Message(key="multipoint.too_few_levels", values={"n": len(usable), "needed": len(levels)})
        tests = [context.judge.no_result(name, subject, "void", reason) for name in names]
    else:
        found, levels = _fit(context, channel, levels)
        fit = stored_fit(found, max(level.nominal for level in levels))
        tests = _tests(context.judge, found, subject)
        notes += _straight(found.straight)
    data = MultipointData(quantity=channel.quantity, unit=channel.unit, full_scale=scale, levels=levels, fit=fit,
                          trace=trace_of(channel.quantity, trace))  # fmt: skip
    return Outcome(device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


def _fit(context: Context, channel: Channel, levels: list[Level]) -> tuple[LineBudgets, list[Level]]:
    x = [level.nominal for level in levels]
    y = [float(level.mean) for level in levels if level.mean is not None]
    errors = reference_errors(context, channel.gas, x)
    found = calibration_line_budgets(x, y, errors, point_errors(context, channel.gas, levels))
    u_x = [math.hypot(level.u_nominal, *(error.u * error.dx[i] for error in errors)) for i, level in enumerate(levels)]
    return found, [lv.model_copy(update={"u_nominal": u}) for lv, u in zip(levels, u_x, strict=True)]


def _straight(straight: ChiSquareFit | None) -> list[Message]:
    """Whether the points lie on a line as closely as was to be expected; a remark, never a verdict."""
    if straight is None:
        return []
    key = "multipoint.lack_of_fit" if straight.p < _SURPRISE else "multipoint.no_lack_of_fit"
    return [Message(key=key, values={"f": float(f"{straight.f:.3g}"), "p": float(f"{straight.p:.2g}")})]


def _tests(judge: Judge, found: LineBudgets, subject: Subject) -> list[Test]:
    line, slope, intercept = found.line, found.slope, found.intercept
    n = line.n
    numbers = f"Y = {line.slope:.4f} X {'+' if line.intercept >= 0 else '−'} {abs(line.intercept):.3g}"
    tests = [
        judge.judge(f"{NAME}.slope", subject, value=line.slope, budget=slope, n=n, formula_numbers=numbers),
        judge.judge(f"{NAME}.intercept", subject, value=line.intercept, budget=intercept, n=n, formula_numbers=numbers),
    ]
    # r has no probability of conformance worth the name: the residuals tell a good line from a poor one.
    remark = Message(key="multipoint.correlation_is_no_test")
    name = f"{NAME}.correlation"
    if line.r is None:
        tests.append(judge.no_result(name, subject, "void", remark))
    else:
        shown = f"r = {line.r:.5f}"
        tests.append(judge.judge(name, subject, value=line.r, budget=None, n=n, formula_numbers=shown, message=remark))
    return tests


PROCEDURE = Multipoint()
