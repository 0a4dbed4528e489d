"""Lack of fit: how far the means of some levels lie from the line through all readings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import Asked, Windows, asked_of, keep, measure_together, refusal, request
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters, Seconds
from calibration.procedures.common.procedure import Judged, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import nox_share, reference_ids
from calibration.procedures.common.series import collect
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.en_gas import residual_lack_of_fit
from calibration.statistics.summary import summarize
from calibration.uncertainty import Budget, Component
from rig.host.kinds import Channel

NAME = "lack_of_fit"


class LackOfFitPlan(Parameters):
    """What a plan may set of it."""

    levels_pct: Levels = Field(default=[80.0, 40.0, 0.0, 60.0, 20.0, 95.0], min_length=4)
    readings: int = Field(default=5, ge=3, description="at each level, the first of which is dropped")
    interval: Seconds = Field(default=120.0, gt=0, description="each reading is a mean over one interval")
    poll: Seconds = Field(default=20.0, gt=0)


class LackOfFit(Procedure[LackOfFitPlan]):
    """Y = A + B X by least squares on all readings; what counts is each level's mean less the line (EN 14211).

    ``largest`` is the largest of them in % of its level, ``zero`` that at zero. Errors of the gas that all levels share
    go into the line and not into what is left; that of single flow settings stays.
    """

    name = NAME
    parameters = LackOfFitPlan
    criteria: ClassVar[Mapping[str, str]] = {"largest": "%", "zero": "quantity"}
    any_gas = True
    takes: ClassVar[Takes] = "same gas"

    def judged(self, unit: Unit, parameters: LackOfFitPlan) -> list[Judged]:
        """Both residuals of each channel."""
        return [
            Judged(channel.quantity, its, (short,))
            for channel in unit.channels
            for short, its in (("largest", "%"), ("zero", channel.unit))
        ]

    def stages(self, units: Sequence[Unit], parameters: LackOfFitPlan, gas: GasPlan) -> list[Stage]:
        """Level by level."""
        name, more = units[0].gas, parameters.readings * parameters.interval
        return [Stage(label_of(percent), name, gas.wait(name) + more) for percent in parameters.levels_pct]

    def wanted(self, unit: Unit, parameters: LackOfFitPlan, gas: GasPlan) -> list[Wanted]:
        """The levels."""
        minutes = (gas.wait(unit.gas) + parameters.readings * parameters.interval) / 60.0
        return [Wanted.level(unit, "levels_pct", percent, gas, minutes) for percent in parameters.levels_pct if percent]

    def perform(self, context: Context, units: Sequence[Unit], parameters: LackOfFitPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        levels: Windows = {}
        readings: dict[tuple[str, str], list[list[float]]] = {}
        for percent in parameters.levels_pct:
            task = request(context, gas, percent * asked[0].scale / 100.0)
            keep(levels, measure_together(context, asked, label_of(percent), task, []))
            for its in collect(context.run, asked, parameters.readings, parameters.interval, parameters.poll):
                readings.setdefault((its.device, its.quantity), []).append(its.means[1:])
        return [
            _outcome(context, channel, its, levels[unit.name, channel.quantity], readings[unit.name, channel.quantity])
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]


def _outcome(
    context: Context, channel: Channel, asked: Asked, levels: list[Level], readings: list[list[float]]
) -> Outcome:
    share = nox_share(context) if channel.quantity == "nox" else 1.0
    references = reference_ids(context, channel.gas)
    x = [share * level.nominal for level, some in zip(levels, readings, strict=True) for _ in some]
    found = residual_lack_of_fit(x, [value for some in readings for value in some])
    rows: list[list[float | str | Message | None]] = [
        [c, found.line.intercept + found.line.slope * c + r, r, None if math.isnan(p) else p]
        for c, r, p in zip(found.levels.tolist(), found.residuals.tolist(), found.relative_percent.tolist(),
                           strict=True)
    ]  # fmt: skip
    columns = [*(Column(key=key, unit=channel.unit, decimals=2) for key in ("nominal", "mean", "residual")),
               Column(key="relative_residual", unit="%", decimals=2)]  # fmt: skip
    chart = Chart(key="residuals", kind="bars", x_unit=channel.unit, y_unit=channel.unit, names=[channel.quantity],
                  x=[found.levels.tolist()], y=[found.residuals.tolist()])  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, levels=levels,
                        tables=[Table(key="lack_of_fit", columns=columns, rows=rows)], charts=[chart])  # fmt: skip
    refused = refusal(levels)
    tests: list[Test] = []
    at = max(range(len(found.levels)), key=lambda i: abs(rows[i][3] or 0.0))  # type: ignore[arg-type]
    concentration = float(found.levels[at])
    results = {
        "largest": (found.largest_relative_percent, concentration, 100.0 / concentration, "%",
                    f"{found.residuals[at]:.3g} / {concentration:.4g} × 100 %"),
        "zero": (found.at_zero, 0.0, 1.0, channel.unit, f"{found.at_zero or 0.0:.3g}"),
    }  # fmt: skip
    for short, (value, level_at, factor, unit, numbers) in results.items():
        name = f"{NAME}.{short}"
        if name not in context.judge or value is None:
            continue
        subject = context.subject(asked.device, channel.quantity, unit, asked.scale)
        if refused is not None:
            tests.append(context.judge.no_result(name, subject, "void", refused))
            continue
        own = next(some for level, some in zip(levels, readings, strict=True)
                   if math.isclose(share * level.nominal, level_at))  # fmt: skip
        budget = _budget(context, channel, own, level_at, factor)
        tests.append(context.judge.judge(name, subject, value=value, budget=budget, n=len(x), formula_numbers=numbers))
    notes = [] if refused is None else [refused]
    return Outcome(asked.device, channel.quantity, data, tests, notes, references)


def _budget(context: Context, channel: Channel, readings: Sequence[float], level: float, factor: float) -> Budget:
    """Of one level's residual: scatter of its readings, and what its own flow setting may be off."""
    summary = summarize(readings)
    parts = [
        Component("repeatability", "A", summary.standard_error, channel.unit, factor, summary.n - 1.0,
                  basis_key="basis.repeatability",
                  basis_values={"n": summary.n, "s": summary.sd, "unit": channel.unit})
    ]  # fmt: skip
    flows = context.run.supply.flows
    if flows is not None and channel.gas != "o3" and level > 0.0:
        parts.append(Component("flow_repeatability", "B", math.sqrt(2.0) * flows.repeatability_pct * level / 100.0,
                               channel.unit, factor, basis_key="basis.flow_repeatability"))  # fmt: skip
    return Budget(tuple(parts))


PROCEDURE = LackOfFit()
