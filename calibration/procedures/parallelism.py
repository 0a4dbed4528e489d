"""Parallelism: how far three units of one model lie from each other on the same gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.levels import asked_of, measure_together, refusal, request
from calibration.procedures.common.parameters import GasPlan, Levels, Parameters
from calibration.procedures.common.procedure import Equipment, Missing, Procedure, Stage, Takes, Unit, Wanted, label_of
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table
from calibration.statistics.hj_gas import relative_standard_deviation
from rig.host.kinds import Channel

NAME = "parallelism"


class ParallelismPlan(Parameters):
    """What a plan may set of it."""

    levels_pct: Levels = Field(default=[20.0, 50.0, 80.0], min_length=1)
    units: int = Field(default=3, ge=2, description="how many there must be")


class Parallelism(Procedure[ParallelismPlan]):
    """All units of a gas read the same levels together: 100 s / mean over the units, at the level where it is largest.

    The gas is one and the same for all of them: what is wrong with it cancels. The result is that of the group; it
    stands with its first unit.
    """

    name = NAME
    parameters = ParallelismPlan
    criteria: ClassVar[Mapping[str, str]] = {"deviation": "%"}
    takes: ClassVar[Takes] = "same gas"

    def missing(self, units: Sequence[Unit], parameters: ParallelismPlan, bench: Equipment) -> list[Missing]:
        """Enough units."""
        if len(units) >= parameters.units:
            return []
        names = ", ".join(unit.name for unit in units)
        return [Missing("device", f"{parameters.units} analyzers of {units[0].gas} with one full scale",
                        f"{len(units)}: {names}")]  # fmt: skip

    def stages(self, units: Sequence[Unit], parameters: ParallelismPlan, gas: GasPlan) -> list[Stage]:
        """Level by level."""
        name = units[0].gas
        return [Stage(label_of(percent), name, gas.wait(name)) for percent in parameters.levels_pct]

    def wanted(self, unit: Unit, parameters: ParallelismPlan, gas: GasPlan) -> list[Wanted]:
        """The levels."""
        return [
            Wanted.level(unit, "levels_pct", percent, gas, gas.wait(unit.gas) / 60.0)
            for percent in parameters.levels_pct
            if percent
        ]  # fmt: skip

    def perform(self, context: Context, units: Sequence[Unit], parameters: ParallelismPlan) -> list[Outcome]:
        """Measure all units of the gas together."""
        gas = units[0].gas
        asked = [asked_of(context, unit) for unit in units]
        windows: dict[str, dict[str, list[Level]]] = {}
        for percent in parameters.levels_pct:
            task = request(context, gas, percent * asked[0].scale / 100.0)
            for device, its in measure_together(context, asked, label_of(percent), task, []).items():
                for quantity, level in its.levels.items():
                    windows.setdefault(quantity, {}).setdefault(device, []).append(level)
        return [
            _outcome(context, channel, [unit.name for unit in units], asked[0].scale, windows[channel.quantity])
            for channel in units[0].channels
        ]


def _outcome(
    context: Context, channel: Channel, names: Sequence[str], scale: float, windows: Mapping[str, list[Level]]
) -> Outcome:
    device, name = names[0], f"{NAME}.deviation"
    subject = context.of_channel(device, channel, scale)
    by_level = list(zip(*(windows[unit] for unit in names), strict=True))
    together = [[level.mean or 0.0 for level in group] for group in by_level]
    deviations = [
        relative_standard_deviation(means) if group[0].nominal > 0.0 else None
        for group, means in zip(by_level, together, strict=True)
    ]
    rows: list[list[float | str | Message | None]] = [
        [group[0].label, *means, found] for group, means, found in zip(by_level, together, deviations, strict=True)
    ]
    columns = [Column(key="level"), *(Column(key=f"unit_{i + 1}", unit=channel.unit, decimals=2)
                                      for i in range(len(names))),
               Column(key="relative_deviation", unit="%", decimals=2)]  # fmt: skip
    data = MeasuredData(
        quantity=channel.quantity, unit=channel.unit, full_scale=scale, levels=list(windows[device]),
        tables=[Table(key="parallelism", columns=columns, rows=rows)],
    )  # fmt: skip
    references = reference_ids(context, channel.gas)
    note = Message(key="parallelism.units", values={"units": ", ".join(names), "n": len(names)})
    refused = refusal(level for group in by_level for level in group)
    if refused is not None:
        test = context.judge.no_result(name, subject, "void", refused)
        return Outcome(device, channel.quantity, data, [test], [note, refused], references)
    value, at = max((found, i) for i, found in enumerate(deviations) if found is not None)
    told = ", ".join(f"{mean:.4g}" for mean in together[at])
    test = context.judge.judge_deviation(name, subject, s=value, dof=len(names) - 1.0, n=len(names), message=note,
                                         formula_numbers=f"100 × s({told}) / mean")  # fmt: skip
    return Outcome(device, channel.quantity, data, [test], [note], references)


PROCEDURE = Parallelism()
