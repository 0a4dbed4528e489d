"""NOx converter efficiency with NO2 from a cylinder: how much of what is offered is read (HJ 818 annex B, as reported).

The unit's own calibration with NO does not cancel here as it does in a titration: reading and standard come from two
cylinders. The reading on zero gas does, and so does a stored converter factor, which is set to 1.000 meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from calibration.procedures.common.budgets import budget_of_means, scaled
from calibration.procedures.common.context import Context, Outcome
from calibration.procedures.common.converter_factor import factor_back, factor_to_one
from calibration.procedures.common.levels import full_scale, measure_level, refusal, request, trace_of
from calibration.procedures.common.parameters import GasPlan, Parameters, Percent
from calibration.procedures.common.procedure import (
    Equipment,
    Judged,
    Missing,
    Procedure,
    Stage,
    Unit,
    Wanted,
    label_of,
)
from calibration.procedures.common.references import reference_ids
from calibration.record import Column, Level, MeasuredData, Message, Table
from calibration.uncertainty import Budget, Component
from rig.host.kinds import converter_factor
from rig.run import Reading

NAME = "converter_no2_gas"
GAS = "no2"
_CHANNELS = ("no", "no2")


class ConverterNo2GasPlan(Parameters):
    """What a plan may set of a converter test with NO2 from a cylinder."""

    level_pct: Percent = Field(default=80.0, gt=0)
    repeats: int = Field(default=3, ge=1)


class ConverterNo2Gas(Procedure[ConverterNo2GasPlan]):
    """Zero gas and NO2 in turn; the mean rise of the NO2 reading over the NO2 that was delivered.

    The stored converter factor is set to 1.000 for the test and put back.
    """

    name = NAME
    parameters = ConverterNo2GasPlan
    criteria: ClassVar[Mapping[str, str]] = {"efficiency": "%"}

    def serves(self, unit: Unit) -> bool:
        """Only what has a converter."""
        return converter_factor(unit.channels) is not None

    def judged(self, unit: Unit, parameters: ConverterNo2GasPlan) -> list[Judged]:
        """The converter belongs to NO2."""
        return [Judged(GAS, "%", tuple(self.criteria))]

    def stages(self, units: Sequence[Unit], parameters: ConverterNo2GasPlan, gas: GasPlan) -> list[Stage]:
        """Zero gas and the level in turn."""
        pair = [Stage(label_of(percent), GAS, gas.wait(GAS)) for percent in (0.0, parameters.level_pct)]
        return pair * parameters.repeats

    def wanted(self, unit: Unit, parameters: ConverterNo2GasPlan, gas: GasPlan) -> list[Wanted]:
        """NO2, each time as long as it takes to stop clinging."""
        value, minutes = parameters.level_pct * unit.full_scale / 100.0, parameters.repeats * gas.wait(GAS) / 60.0
        return [Wanted("level_pct", parameters.level_pct, GAS, value, None, gas.total_flow, minutes)]

    def missing(self, units: Sequence[Unit], parameters: ConverterNo2GasPlan, bench: Equipment) -> list[Missing]:
        """A cylinder of NO2."""
        return [] if GAS in bench.gases else [Missing(f"cylinder.{GAS}", "a cylinder of no2", "none")]

    def perform(self, context: Context, units: Sequence[Unit], parameters: ConverterNo2GasPlan) -> list[Outcome]:
        """Offer zero gas and NO2 in turn, and judge."""
        [unit] = units
        scale = full_scale(context.run, unit.name)
        notes: list[Message] = []
        factor = factor_to_one(context, unit.name, notes)
        trace: list[Reading] = []
        zero: list[dict[str, Level]] = []
        span: list[dict[str, Level]] = []
        for _ in range(parameters.repeats):
            for percent, levels in ((0.0, zero), (parameters.level_pct, span)):
                task = request(context, GAS, percent * scale / 100.0)
                levels.append(
                    measure_level(
                        context, unit.name, _CHANNELS, label_of(percent), task, scale, trace, GAS
                    ).levels  # zero gas waits for NO2 to leave as long as NO2 takes to come
                )
        meddled = factor_back(context, unit.name, factor)
        before, during = [its[GAS] for its in zero], [its[GAS] for its in span]
        subject = context.subject(unit.name, GAS, "%", 100.0)
        refused = meddled or refusal([*before, *during])
        if refused is not None:
            notes.append(refused)
            test = context.judge.no_result(f"{NAME}.efficiency", subject, "void", refused)
        else:
            rise, made = _mean(during) - _mean(before), sum(level.nominal for level in during) / len(during)
            test = context.judge.judge(
                f"{NAME}.efficiency", subject, value=100.0 * rise / made,
                budget=_budget(context, before, during, rise, made), n=len(during),
                formula_numbers=f"({_mean(during):.4g} − {_mean(before):.4g}) / {made:.4g} × 100 %",
            )  # fmt: skip
        data = MeasuredData(
            quantity=GAS, unit="nmol/mol", full_scale=scale, levels=[*before, *during], tables=[_table(zero, span)],
            settings=[] if factor is None else [factor], traces=[trace_of(name, trace) for name in _CHANNELS],
        )  # fmt: skip
        return [Outcome(unit.name, None, data, [test], notes, reference_ids(context, GAS))]


def _mean(levels: Sequence[Level]) -> float:
    return sum(level.mean or 0.0 for level in levels) / len(levels)


def _budget(context: Context, before: Sequence[Level], during: Sequence[Level], rise: float, made: float) -> Budget:
    """Readings, the NO2 cylinder and its dilution; and the NO cylinder that the unit was calibrated with."""
    n = len(during)
    readings = budget_of_means(
        context, GAS, [*before, *during], [-1.0 / n] * n + [1.0 / n] * n, "nmol/mol", same_gas=False
    )
    parts = list(scaled(readings, 100.0 / made).components)
    calibrated_with = context.run.supply.cylinders.get("no")
    if calibrated_with is not None:
        parts.append(
            Component("calibration", "B", calibrated_with.u_pct, "%", rise / made, basis_key="basis.certificate",
                      basis_values={"certificate": calibrated_with.certificate})
        )  # fmt: skip
    return Budget(tuple(parts))


def _table(zero: Sequence[Mapping[str, Level]], span: Sequence[Mapping[str, Level]]) -> Table:
    unit = "nmol/mol"
    columns = [Column(key="number", decimals=0), Column(key="made", unit=unit, decimals=2),
               *(Column(key=key, unit=unit, decimals=2) for key in ("no2_zero", "no2_reading", "no_reading")),
               Column(key="efficiency", unit="%", decimals=1)]  # fmt: skip
    rows: list[list[float | str | Message | None]] = []
    for number, (off, on) in enumerate(zip(zero, span, strict=True), start=1):
        low, high = off[GAS].mean or 0.0, on[GAS].mean or 0.0
        made = on[GAS].nominal
        rows.append([float(number), made, low, high, on["no"].mean, 100.0 * (high - low) / made])
    return Table(key=NAME, columns=columns, rows=rows)


PROCEDURE = ConverterNo2Gas()
