"""Precision: how far readings on the same gas lie from each other when the gas comes and goes."""

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
from calibration.record import Chart, Column, Level, MeasuredData, Message, Table, Test
from calibration.statistics.hj_gas import precision
from rig.host.kinds import Channel
from rig.run import Reading

NAME = "precision"


class PrecisionPlan(Parameters):
    """What a plan may set of a precision test: two levels, alternating."""

    low_pct: float = Field(default=20.0, gt=0, le=100)
    high_pct: float = Field(default=80.0, gt=0, le=100)
    repeats: int = Field(default=6, ge=3)

    def levels(self) -> dict[str, float]:
        """Level of each criterion, % of full scale."""
        return {"low": self.low_pct, "high": self.high_pct}


class Precision(Procedure[PrecisionPlan]):
    """The standard deviation of stable readings on two levels that alternate.

    What the calibrator repeats badly counts against the unit: the standard does not take it out.
    """

    name = NAME
    parameters = PrecisionPlan
    criteria: ClassVar[Mapping[str, str]] = {"low": "quantity", "high": "quantity"}
    any_gas = True
    takes: ClassVar[Takes] = "same gas"

    def stages(self, units: Sequence[Unit], parameters: PrecisionPlan, gas: GasPlan) -> list[Stage]:
        """The two levels in turn."""
        name = units[0].gas
        return [Stage(label_of(percent), name, gas.wait(name)) for percent in parameters.levels().values()] * (
            parameters.repeats
        )

    def wanted(self, unit: Unit, parameters: PrecisionPlan, gas: GasPlan) -> list[Wanted]:
        """Both levels."""
        minutes = parameters.repeats * gas.wait(unit.gas) / 60.0
        return [
            Wanted.level(unit, f"{short}_pct", percent, gas, minutes) for short, percent in parameters.levels().items()
        ]

    def perform(self, context: Context, units: Sequence[Unit], parameters: PrecisionPlan) -> list[Outcome]:
        """Measure units of one gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        trace: list[Reading] = []
        windows: Windows = {}
        for _ in range(parameters.repeats):
            for short, percent in parameters.levels().items():
                task = request(context, gas, percent * asked[0].scale / 100.0)
                keep(windows, measure_together(context, asked, label_of(percent), task, trace), short)
        return [
            _outcome(context, channel, its, {s: windows[unit.name, channel.quantity, s] for s in self.criteria}, trace)
            for unit, its in zip(units, asked, strict=True)
            for channel in unit.channels
        ]


def _outcome(
    context: Context, channel: Channel, asked: Asked, levels: Mapping[str, list[Level]], trace: list[Reading]
) -> Outcome:
    device = asked.device
    subject = context.of_channel(device, channel, asked.scale)
    tests: list[Test] = []
    notes: list[Message] = []
    for short, some in levels.items():
        name = f"{NAME}.{short}"
        if name not in context.judge:
            continue
        refused = refusal(some)
        if refused is not None:
            notes.append(refused)
            tests.append(context.judge.no_result(name, subject, "void", refused))
            continue
        means = [float(level.mean) for level in some if level.mean is not None]
        s = precision(means)
        tests.append(
            context.judge.judge_deviation(name, subject, s=s, dof=len(means) - 1.0, n=len(means),
                                          formula_numbers=f"s({len(means)}) = {s:.3g}")
        )  # fmt: skip
    rows: list[list[float | str | Message | None]] = []
    for number in range(len(levels["low"])):
        cells = [levels[short][number] for short in ("low", "high")]
        rows.append([float(number + 1), *(cell for lv in cells for cell in (lv.nominal, lv.mean))])
    unit = channel.unit
    table = Table(
        key="precision",
        columns=[Column(key="number", decimals=0),
                 *(Column(key=key, unit=unit, decimals=2) for key in ("low_nominal", "low", "high_nominal", "high"))],
        rows=rows,
    )  # fmt: skip
    chart = Chart(
        key="precision", kind="series", x_unit="", y_unit=unit, names=["low", "high"],
        x=[[float(i + 1) for i in range(len(some))] for some in levels.values()],
        y=[[(level.mean or 0.0) - level.nominal for level in some] for some in levels.values()],
    )  # fmt: skip
    data = MeasuredData(
        quantity=channel.quantity, unit=unit, full_scale=asked.scale, levels=[*levels["low"], *levels["high"]],
        tables=[table], charts=[chart], traces=[trace_of(channel.quantity, trace, device)],
    )  # fmt: skip
    return Outcome(device, channel.quantity, data, tests, notes, reference_ids(context, channel.gas))


PROCEDURE = Precision()
