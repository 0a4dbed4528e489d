"""Precision audit: the relative standard deviation of stable readings on one gas that comes and goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import (
    Asked,
    Windows,
    asked_of,
    keep,
    measure_together,
    refusal,
    request,
    trace_of,
)
from calibration.procedures.common.parameters import GasPlan, Parameters
from calibration.procedures.common.procedure import Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, Level, MeasuredData, Table
from calibration.statistics.hj_gas import relative_standard_deviation
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "precision_audit"


class PrecisionAuditPlan(Parameters):
    """What a plan may set of a precision audit."""

    level_pct: float = Field(default=20.0, gt=0, le=100)
    repeats: int = Field(default=6, ge=3)


class PrecisionAudit(Procedure[PrecisionAuditPlan]):
    """Zero gas and one level in turn; RSD = s / mean of the readings on that level.

    Nothing is adjusted before. What the calibrator repeats badly counts against the unit.
    """

    name = NAME
    parameters = PrecisionAuditPlan
    criteria: ClassVar[Mapping[str, str]] = {"deviation": "%"}
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: PrecisionAuditPlan, gas: GasPlan) -> list[Stage]:
        """Zero and level in turn."""
        name = units[0].gas
        both = [Stage(label, name, gas.wait(name)) for label in ("zero", label_of(parameters.level_pct))]
        return both * parameters.repeats

    def wanted(self, unit: Unit, parameters: PrecisionAuditPlan, gas: GasPlan) -> list[Wanted]:
        """The level."""
        minutes = parameters.repeats * gas.wait(unit.gas) / 60.0
        return [Wanted.level(unit, "level_pct", parameters.level_pct, gas, minutes)]

    def perform(self, context: Context, units: Sequence[Unit], parameters: PrecisionAuditPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        trace: list[Reading] = []
        found: Windows = {}
        task = request(context, gas, parameters.level_pct * asked[0].scale / 100.0)
        for _ in range(parameters.repeats):
            measure_together(context, asked, "zero", request(context, gas, 0.0), trace)
            keep(found, measure_together(context, asked, label_of(parameters.level_pct), task, trace))
        return [
            _outcome(context, its, channel, found[unit.name, channel.quantity], trace)
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]


def _outcome(context: Context, asked: Asked, channel: Channel, levels: list[Level], trace: list[Reading]) -> Outcome:
    device, name = asked.device, f"{NAME}.deviation"
    subject = context.of_channel(device, channel, asked.scale)
    refused = refusal(levels)
    means = [float(level.mean) for level in levels if level.mean is not None]
    if refused is not None or sum(means) <= 0.0:
        assert refused is not None  # gas was offered: an analyzer that reads none of it is not stable on it
        test = context.judge.no_result(name, subject, "void", refused)
    else:
        value = relative_standard_deviation(means)
        test = context.judge.judge_deviation(name, subject, s=value, dof=len(means) - 1.0, n=len(means),
                                             formula_numbers=f"s / {sum(means) / len(means):.4g} × 100 %")  # fmt: skip
    table = Table(
        key="repeats",
        columns=[Column(key="number", decimals=0),
                 *(Column(key=key, unit=channel.unit, decimals=2) for key in ("nominal", "mean"))],
        rows=[[float(number), level.nominal, level.mean] for number, level in enumerate(levels, start=1)],
    )  # fmt: skip
    data = MeasuredData(quantity=channel.quantity, unit=channel.unit, full_scale=asked.scale, levels=levels,
                        tables=[table], traces=[trace_of(channel.quantity, trace, device)])  # fmt: skip
    notes = [] if refused is None else [refused]
    return Outcome(device, channel.quantity, data, [test], notes, reference_ids(context, channel.gas))


PROCEDURE = PrecisionAudit()
